"""In which state an alarm is, by its datapoints alone."""

import pytest

from hearth.model.lite_alarms import Rule, State, asked_for, judge

NOW = 1000.0


def rule(**given):
    fields = {"namespace": "n", "metric": "m", "dimensions": {}, "statistic": "Average", "period": 60, "periods": 1}
    return Rule(**(fields | {"comparison": "GreaterThanThreshold", "threshold": 10.0} | given))


def state(points, since=0.0, **given):
    """`points`: seconds ago and value."""
    return judge(rule(**given), [(NOW - ago, value) for ago, value in points], since, NOW).state


@pytest.mark.parametrize(
    ("statistic", "threshold", "beyond"),
    [("Average", 10, 1), ("Sum", 30, 1), ("Minimum", 5, 1), ("Maximum", 15, 1), ("SampleCount", 3, 1)],
)
def test_each_statistic_is_compared_with_the_threshold(statistic, threshold, beyond):
    points = [(1, 5.0), (2, 10.0), (3, 15.0)]
    one = {"statistic": statistic, "comparison": "GreaterThanThreshold"}
    assert state(points, threshold=threshold, **one) is State.NORMAL
    assert state(points, threshold=threshold - beyond, **one) is State.ALARM


@pytest.mark.parametrize(
    ("comparison", "below", "at", "above"),
    [
        ("GreaterThanThreshold", False, False, True),
        ("GreaterThanOrEqualToThreshold", False, True, True),
        ("LessThanThreshold", True, False, False),
        ("LessThanOrEqualToThreshold", True, True, False),
    ],
)
def test_each_comparison(comparison, below, at, above):
    for value, alarmed in ((9.0, below), (10.0, at), (11.0, above)):
        assert state([(1, value)], comparison=comparison) is (State.ALARM if alarmed else State.NORMAL)


def test_every_period_must_be_beyond():
    assert state([(1, 20), (61, 20), (121, 20)], periods=3) is State.ALARM
    assert state([(1, 20), (61, 5), (121, 20)], periods=3) is State.NORMAL
    assert state([(1, 20), (121, 20)], periods=3) is State.NORMAL, "nothing is known of the period before"
    assert state([(1, 5), (61, 20), (121, 20)], periods=3) is State.NORMAL


def test_a_period_without_datapoints_has_no_value():
    assert state([]) is State.NODATA
    assert state([(60, 20)]) is State.NODATA, "older than a period"
    assert state([(59.9, 20)]) is State.ALARM


def test_a_datapoint_from_the_future_is_one_of_now():
    assert state([(-5, 20)]) is State.ALARM


def test_heartbeats_are_missed_after_a_whole_period_only():
    beat = {"statistic": "SampleCount", "comparison": "LessThanThreshold", "threshold": 1.0}
    assert state([], since=NOW - 59, **beat) is State.NODATA
    assert state([], since=NOW - 60, **beat) is State.ALARM
    assert state([(5, 1)], since=NOW - 60, **beat) is State.NORMAL


def test_the_reason_tells_the_numbers():
    found = judge(rule(periods=2), [(NOW - 1, 20.0), (NOW - 61, 30.5)], 0.0, NOW)
    assert found.reason == "Average 20, 30.5: GreaterThanThreshold 10."
    assert "not GreaterThanThreshold 10" in judge(rule(), [(NOW, 3.0)], 0.0, NOW).reason


def test_a_datapoint_counts_if_it_has_all_dimensions():
    one = rule(dimensions={"group": "web"})
    assert one.is_about("n", "m", {"group": "web", "host": "a"})
    assert not one.is_about("n", "m", {"host": "a"})
    assert not one.is_about("n", "m", {"group": "db"})
    assert not one.is_about("other", "m", {"group": "web"})
    assert not one.is_about("n", "other", {"group": "web"})


def test_alarm_actions_are_repeated_others_are_not():
    one = rule(actions={State.ALARM: ["grow"], State.NORMAL: ["shrink"]})
    assert asked_for(one, State.NODATA, State.ALARM) == ["grow"]
    assert asked_for(one, State.ALARM, State.ALARM) == ["grow"]
    assert asked_for(one, State.ALARM, State.NORMAL) == ["shrink"]
    assert asked_for(one, State.NORMAL, State.NORMAL) == ()
    assert asked_for(one, State.NORMAL, State.NODATA) == ()
