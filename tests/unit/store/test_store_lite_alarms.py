"""Lite alarms in the store: each judged once, each signal taken once, and no project with more than it may have."""

import dataclasses

import pytest
from store_rows import CODEC, STACK

from hearth.model.lite_alarms import Rule, State, Verdict
from hearth.store import lite_alarms, quotas, stacks

ALARMED = Verdict(State.ALARM, "too high")


@pytest.fixture
def connection(book):
    return book.connection


def row(alarm_id="a", **given):
    rule = Rule("n", "m", {"host": "a"}, "Sum", "LessThanThreshold", 1.5, 60, 2, actions={State.ALARM: ["grow"]})
    times = dict.fromkeys(("watched_since", "configured_at", "changed_at"), 100.0)
    fields = {"id": alarm_id, "stack_id": STACK, "project_id": "p", "name": f"web-{alarm_id}", "reason": "new"}
    return lite_alarms.AlarmRow(**(fields | {"state": State.NODATA, "rule": rule, "due_at": 160.0} | times | given))


def keep(connection, one, most=-1):
    lite_alarms.keep(connection, CODEC, one, quotas.Limit("lite alarms", lite_alarms.count, most))


def stored(connection, alarm_id="a"):
    return lite_alarms.by_id(connection, CODEC, alarm_id)


def point(alarm_id="a", at=110.0, value=1.0):
    return lite_alarms.Datapoint(alarm_id, "p", at, value, "Percent", {"host": "a"})


def add(connection, *points, most=-1, now=110.0):
    limit = quotas.Limit("datapoints", lite_alarms.count_datapoints, most)
    lite_alarms.add_datapoints(connection, CODEC, points, limit, now)


def settle(connection, one, verdict=ALARMED, actions=("grow",), now=160.0):
    return lite_alarms.settle(connection, CODEC, one, verdict, actions, now, now + 60.0)


def take(connection, now=160.0, hold=30.0):
    return lite_alarms.take_actions(connection, CODEC, now, hold, 10)


def test_what_is_kept_is_read_again(connection):
    keep(connection, row())
    assert stored(connection) == row()
    assert stored(connection, "other") is None


def test_another_rule_leaves_the_state(connection):
    keep(connection, row())
    settle(connection, stored(connection))
    rule = dataclasses.replace(row().rule, threshold=9.0)
    keep(connection, row(rule=rule, configured_at=170.0, due_at=230.0))
    seen = stored(connection)
    assert (seen.rule, seen.configured_at, seen.due_at) == (rule, 170.0, 230.0)
    assert (seen.state, seen.changed_at, seen.watched_since) == (State.ALARM, 160.0, 100.0)


def test_a_project_has_no_more_alarms_than_it_may(connection):
    keep(connection, row("a"), most=1)
    keep(connection, row("a"), most=1)
    with pytest.raises(quotas.NoRoom, match="the project has 1 lite alarms, which is the most allowed"):
        keep(connection, row("b"), most=1)
    keep(connection, row("b", project_id="q"), most=1)


def test_a_project_has_no_more_datapoints_than_it_may(connection):
    keep(connection, row())
    add(connection, point(), point(), most=3)
    with pytest.raises(quotas.NoRoom):
        add(connection, point(), point(), most=3)
    assert lite_alarms.count_datapoints(connection, "p") == 2


def test_datapoints_are_read_as_they_came(connection):
    for one in ("a", "b"):
        keep(connection, row(one))
    add(connection, point(at=120.0), point("b", 110.0), point(at=100.0))
    found = lite_alarms.datapoints(connection, CODEC, ["a", "b"])
    assert found == [point(at=100.0), point("b", 110.0), point(at=120.0)]
    assert lite_alarms.values(connection, "a", after=100.0) == [(120.0, 1.0)]


def test_datapoints_are_read_page_by_page(connection):
    keep(connection, row())
    add(connection, point(at=120.0), point(at=100.1), point(at=120.0), point(at=120.0))
    told, after = [], None
    while page := lite_alarms.datapoints(connection, CODEC, ["a"], after=after, most=1):
        after = (page[0].at, page[0].seq)
        told.append(after)
    assert [at for at, _ in told] == [100.1, 120.0, 120.0, 120.0]
    assert told == sorted(set(told))


def test_one_of_two_judges_wins(connection):
    keep(connection, row())
    seen = stored(connection)
    assert settle(connection, seen)
    assert not settle(connection, seen)
    assert len(take(connection)) == 1
    assert stored(connection).due_at == 220.0


def test_a_rule_that_changed_meanwhile_is_judged_anew(connection):
    keep(connection, row())
    seen = stored(connection)
    keep(connection, row(due_at=230.0))
    assert not settle(connection, seen)
    assert stored(connection).state is State.NODATA


def test_a_judgement_drops_datapoints_that_are_too_old(connection):
    keep(connection, row())
    add(connection, point(at=40.0), point(at=41.0))
    settle(connection, stored(connection))
    assert [one.at for one in lite_alarms.datapoints(connection, CODEC, ["a"])] == [41.0]


def test_a_signal_is_held_by_who_took_it_until_it_is_sent(connection):
    keep(connection, row())
    settle(connection, stored(connection))
    (one,) = take(connection)
    assert (one.action, one.reason, one.tries) == ("grow", "too high", 0)
    assert take(connection, now=189.0) == []
    (again,) = take(connection, now=190.0)
    lite_alarms.postpone_action(connection, again, 200.0)
    assert take(connection, now=199.0) == []
    (last,) = take(connection, now=200.0)
    assert last.tries == 1
    lite_alarms.end_action(connection, last)
    assert not lite_alarms.has_actions(connection, 1e9)


def test_repeated_signals_do_not_pile_up(connection):
    keep(connection, row())
    settle(connection, stored(connection))
    settle(connection, stored(connection), now=220.0)
    assert len(take(connection, now=220.0)) == 1
    settle(connection, stored(connection), Verdict(State.NORMAL, "well"), ("shrink",), now=280.0)
    assert {one.action for one in take(connection, now=1000.0)} == {"grow", "shrink"}, "another state is another matter"


def test_a_signal_that_is_given_up_is_told_with_the_alarm(connection):
    keep(connection, row())
    settle(connection, stored(connection))
    (one,) = take(connection)
    lite_alarms.end_action(connection, one, "nobody there")
    assert stored(connection).reason == "too high An action failed: nobody there"


def test_a_suspended_alarm_begins_anew_when_it_is_resumed(connection):
    keep(connection, row())
    lite_alarms.resume(connection, CODEC, "a", 130.0)
    assert stored(connection).watched_since == 100.0, "it was not suspended"
    lite_alarms.suspend(connection, "a", 130.0)
    assert stored(connection).state is State.SUSPENDED
    lite_alarms.resume(connection, CODEC, "a", 200.0)
    seen = stored(connection)
    assert (seen.state, seen.watched_since, seen.due_at) == (State.NODATA, 200.0, 260.0)


def test_what_is_dropped_leaves_nothing(connection):
    keep(connection, row())
    add(connection, point())
    settle(connection, stored(connection))
    for _ in range(2):
        lite_alarms.drop(connection, "a")
    assert lite_alarms.count(connection, "p") == lite_alarms.count_datapoints(connection, "p") == 0
    assert not lite_alarms.has_actions(connection, 1e9)


def test_those_who_see_an_alarm(connection):
    stacks.update(connection, STACK, stack_user_project_id="users")
    keep(connection, row())
    for project in ("p", "users"):
        assert [one.name for one in lite_alarms.seen_by(connection, CODEC, project)] == ["web-a"]
    assert lite_alarms.seen_by(connection, CODEC, "q") == []
    assert lite_alarms.seen_by(connection, CODEC, "p", "web-b") == []
    stacks.update(connection, STACK, deleted_at=200.0)
    assert lite_alarms.seen_by(connection, CODEC, "p") == []


def test_an_alarm_without_its_resource_is_left_behind(book):
    book.begin({"alarm": []})
    mine = row(book.rows["alarm"].id)
    keep(book.connection, mine)
    assert not lite_alarms.is_left_behind(book.connection, mine)
    assert lite_alarms.is_left_behind(book.connection, row("gone"))
    stacks.update(book.connection, STACK, deleted_at=200.0)
    assert lite_alarms.is_left_behind(book.connection, mine)


def test_those_that_wait_longest_are_judged_first(connection):
    for at, one in enumerate("abc"):
        keep(connection, row(one, due_at=160.0 - at))
    assert [one.id for one in lite_alarms.due(connection, CODEC, 159.0, 10)] == ["c", "b"]
    assert [one.id for one in lite_alarms.due(connection, CODEC, 160.0, 1)] == ["c"]
