"""The arithmetic of batches, pauses and scaling."""

from collections.abc import Callable

import pytest

from hearth.resources.contract import Call, Permanent, Wait
from hearth.resources.heat import rolling

Policy = rolling.Policy


@pytest.mark.parametrize(
    ("current", "target", "policy", "expected"),
    [
        # created from nothing
        (0, 0, Policy(2), []),
        (0, 3, Policy(1), [(1, 1), (2, 1), (3, 1)]),
        (0, 5, Policy(2), [(2, 2), (4, 2), (5, 1)]),
        (0, 2, Policy(10), [(2, 2)]),
        # the same size
        (3, 3, Policy(1), [(3, 1), (3, 1), (3, 1)]),
        (5, 5, Policy(2), [(5, 2), (5, 2), (5, 1)]),
        (3, 3, Policy(5), [(3, 3)]),
        # some left alone, there is room
        (4, 4, Policy(2, 2), [(4, 2), (4, 2)]),
        # more left alone than there is room for: grows above the target for a while
        (3, 3, Policy(2, 3), [(5, 2), (5, 2), (4, 1), (3, 0)]),
        (3, 3, Policy(1, 9), [(4, 1), (4, 1), (4, 1), (4, 1), (3, 0)]),
        (2, 2, Policy(2, 2), [(4, 2), (4, 2), (2, 0)]),
        # growing and shrinking meanwhile
        (2, 4, Policy(2), [(4, 2), (4, 2)]),
        (2, 4, Policy(1, 2), [(3, 1), (4, 1), (4, 1), (4, 1)]),
        (5, 3, Policy(2), [(3, 2), (3, 1)]),
        (5, 3, Policy(2, 5), [(5, 2), (4, 1), (3, 0)]),
        (4, 0, Policy(1), [(0, 0)]),
    ],
)
def test_batches(current: int, target: int, policy: Policy, expected: list[tuple[int, int]]) -> None:
    assert [(one.size, one.changed) for one in rolling.batches(current, target, 0, policy)] == expected


def test_surplus_members_that_may_stay_count() -> None:
    batches = rolling.batches(3, 3, 0, Policy(2, 3), surplus_counts=True)
    assert [(one.size, one.changed) for one in batches] == [(5, 2), (4, 1), (3, 0)]


def test_batches_end_and_reach_the_target() -> None:
    for current in range(7):
        for target in range(7):
            for size in range(1, 5):
                for minimum in range(8):
                    for surplus in (False, True):
                        policy = Policy(size, minimum)
                        made = list(rolling.batches(current, target, 0, policy, surplus_counts=surplus))
                        assert len(made) <= 3 * (current + target + 1)
                        assert (made[-1].size if made else current) == target
                        assert all(one.changed <= size for one in made)
                        assert all(one.size - one.changed >= min(minimum, target, current) for one in made)


@pytest.mark.parametrize(
    ("count", "pause", "timeout", "fits"),
    [
        (1, 100, 60, True),
        (3, 29, 60, True),
        (3, 30, 60, False),
        (4, 40, 120, False),
        (9, 0, 1, True),
        (9, 9, None, True),
    ],
)
def test_pauses_have_to_fit_into_the_timeout(count: int, pause: float, timeout: float | None, fits: bool) -> None:
    policy = Policy(1, 0, pause)
    if fits:
        rolling.check_time(count, policy, timeout)
        return
    with pytest.raises(Permanent, match=f"{count} batches"):
        rolling.check_time(count, policy, timeout)


def test_a_pause_is_kept_with_the_resource(make_call: Callable[..., Call]) -> None:
    call = make_call(now=100.0)
    assert rolling.pause(call, 30) == Wait(30)
    later = make_call(now=110.0, data=dict(call.data))
    assert rolling.pause(later, 30) == Wait(20)
    after = make_call(now=130.0, data=dict(call.data))
    assert rolling.pause(after, 30) == Wait(0)
    assert after.data == {}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("PT0S", 0), ("PT30S", 30), ("PT1M30S", 90), ("PT1H", 3600), ("PT59M60S", 3600), ("PT1H0M0S", 3600)],
)
def test_iso_periods(text: str, seconds: int) -> None:
    assert rolling.seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "PT", "30", "P1D", "PT1.5S", "PT1H1S", "PT99999999M", "pt1s", "PT٣S"])
def test_wrong_iso_periods(text: str) -> None:
    with pytest.raises(ValueError, match=r"period|allowed"):
        rolling.seconds_of(text)


@pytest.mark.parametrize(
    ("current", "adjustment", "kind", "step", "expected"),
    [
        (3, 2, "change_in_capacity", None, 5),
        (3, -1, "change_in_capacity", None, 2),
        (3, 100, "change_in_capacity", None, 10),
        (3, -100, "change_in_capacity", None, 1),
        (3, 7, "exact_capacity", None, 7),
        (3, 0, "exact_capacity", None, 1),
        (10, 30, "percent_change_in_capacity", None, 10),
        (8, 25, "percent_change_in_capacity", None, 10),
        (3, 10, "percent_change_in_capacity", None, 4),  # 0.3: away from zero
        (3, -10, "percent_change_in_capacity", None, 2),
        (7, 40, "percent_change_in_capacity", None, 9),  # 2.8: towards zero
        (7, -40, "percent_change_in_capacity", None, 5),
        (4, 25, "percent_change_in_capacity", 2, 6),
        (4, -25, "percent_change_in_capacity", 2, 2),
        (4, 75, "percent_change_in_capacity", 2, 7),
        (4, 0, "percent_change_in_capacity", None, 4),
    ],
)
def test_new_sizes(current: int, adjustment: float, kind: str, step: int | None, expected: int) -> None:
    assert rolling.resized(current, adjustment, kind, minimum=1, maximum=10, step=step) == expected
