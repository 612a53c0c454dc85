"""A service that fails for all is left alone and tried by one call; further attempts are bounded."""

import pytest

from hearth.cloud.breaker import Breaker, Budget, Rules

RULES = Rules(failures=3, rest=5.0, longest_rest=12.0, budget=10)


def failing(at: float = 0.0, rules: Rules = RULES) -> Breaker:
    """One that has just been opened."""
    breaker = Breaker(rules)
    for _ in range(3):
        assert breaker.wait(at) == 0
        breaker.failed(at, "no answer", probe=breaker.begun(at))
    return breaker


def test_so_many_failures_in_a_row_open_it() -> None:
    breaker = failing(100.0)
    assert (breaker.is_open, breaker.wait(100.0), breaker.wait(103.0), breaker.reason) == (True, 5.0, 2.0, "no answer")


def test_a_success_between_them_keeps_it_closed() -> None:
    breaker = Breaker(RULES)
    for _ in range(10):
        breaker.failed(0.0, "", probe=False)
        breaker.failed(0.0, "", probe=False)
        breaker.succeeded()
    assert not breaker.is_open


def test_after_the_rest_one_call_is_let_through() -> None:
    breaker = failing()
    assert breaker.wait(5.0) == 0
    assert breaker.begun(5.0)
    assert breaker.wait(5.0) > 0
    breaker.succeeded()
    assert (breaker.is_open, breaker.wait(5.0), breaker.since) == (False, 0, None)


def test_rests_grow_while_that_call_fails() -> None:
    breaker, now, rests = failing(), 0.0, []
    for _ in range(3):
        now += breaker.wait(now)
        breaker.failed(now, "", probe=breaker.begun(now))
        rests.append(breaker.wait(now))
    assert rests == [10.0, 12.0, 12.0]
    assert breaker.since == 0.0


def test_what_was_under_way_when_it_opened_makes_no_rest_longer() -> None:
    breaker = failing()
    for _ in range(20):
        breaker.failed(1.0, "", probe=False)
    assert breaker.wait(1.0) == 4.0


def test_a_call_to_see_that_its_caller_gives_up_is_made_by_the_next_one() -> None:
    breaker = failing()
    probe = breaker.begun(6.0)
    breaker.given_up(probe=probe)
    assert breaker.wait(6.0) == 0
    assert breaker.begun(6.0)


def test_whoever_waits_for_a_long_call_to_see_asks_ever_more_rarely() -> None:
    breaker = failing()
    breaker.begun(10.0)
    assert [breaker.wait(now) for now in (10.0, 13.0, 40.0)] == [1.0, 3.0, 30.0]


def test_it_can_be_switched_off() -> None:
    breaker = Breaker(Rules(failures=0))
    for _ in range(100):
        breaker.failed(0.0, "", probe=breaker.begun(0.0))
    assert breaker.wait(0.0) == 0


def test_further_attempts_are_bounded_and_come_back_with_time_and_with_other_calls() -> None:
    budget = Budget(10)
    assert [budget.further(0.0) for _ in range(10)] == [0.0] * 10
    assert budget.further(0.0) == pytest.approx(2.0)
    assert budget.further(2.0) == 0.0
    assert budget.further(2.0) > 0
    for _ in range(5):
        budget.first()
    assert budget.further(2.0) == 0.0


def test_a_budget_of_nothing_is_none() -> None:
    budget = Budget(0)
    assert {budget.further(0.0) for _ in range(1000)} == {0.0}
