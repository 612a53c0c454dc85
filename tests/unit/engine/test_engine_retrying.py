"""The retry policy, row by row."""

import pytest

from hearth.engine import failing, retrying
from hearth.engine.settings import EngineSettings
from hearth.resources.contract import Busy, Conflict, InError, Permanent, Temporary
from hearth.store import Unavailable

CHOSEN = EngineSettings(action_retry_limit=7, temporary_retry_limit=3)


@pytest.mark.parametrize(
    ("failure", "limit"),
    [
        (Conflict("in use"), 7),
        (Temporary("away"), 3),
        (Temporary("too many", after=30.0), 3),
        (Permanent("no"), 0),
        (InError("broken"), 0),
        (RuntimeError("a defect"), 0),
    ],
)
@pytest.mark.parametrize("forced", [False, True])
def test_each_kind_of_failure_is_tried_again_so_often(failure: Exception, limit: int, forced: bool) -> None:
    limit = min(limit, 1) if forced else limit
    for tried in range(limit):
        retry = retrying.decide(failure, tried, CHOSEN, 0.5, forced=forced)
        assert retry is not None
        assert (retry.number, retry.limit) == (tried + 1, limit)
    assert retrying.decide(failure, limit, CHOSEN, 0.5, forced=forced) is None


@pytest.mark.parametrize("forced", [False, True])
def test_trouble_of_the_own_database_makes_no_forced_removal_give_up(forced: bool) -> None:
    failure = failing.as_failure(Unavailable("the database is away"))
    assert retrying.decide(failure, 2, CHOSEN, 0.5, forced=forced) == retrying.Retry(5.0, 3, 3)
    assert retrying.decide(failure, 3, CHOSEN, 0.5, forced=forced) is None


def test_what_is_only_busy_is_tried_again_every_few_seconds_without_a_limit() -> None:
    for tried in (0, 5, 500):
        retry = retrying.decide(Busy("it is being changed"), tried, CHOSEN, 1.0)
        assert retry is not None and 1.0 <= retry.pause <= 5.0
        assert "of" not in retry.words()
    assert retrying.decide(Busy("it is being changed"), 1, CHOSEN, 1.0, forced=True) is None


def test_conflicts_are_tried_again_as_often_as_other_failures_at_least() -> None:
    assert retrying.limit_of(Conflict("in use"), EngineSettings(action_retry_limit=1, temporary_retry_limit=5)) == 5


@pytest.mark.parametrize(
    ("tried", "jitter", "seconds"), [(0, 0.0, 1.0), (1, 0.0, 2.0), (3, 0.5, 9.0), (5, 0.0, 32.0), (9, 1.0, 62.0)]
)
def test_pauses_grow_to_a_minute(tried: int, jitter: float, seconds: float) -> None:
    chosen = EngineSettings(temporary_retry_limit=20)
    retry = retrying.decide(Temporary("away"), tried, chosen, jitter)
    assert retry is not None and retry.pause == seconds


def test_a_service_that_says_when_to_come_back_is_heeded() -> None:
    retry = retrying.decide(Temporary("too many", after=120.0), 0, CHOSEN, 1.0)
    assert retry is not None and retry.pause == 120.0
    assert retry.words() == "attempt 2 of 4 follows in 120 s"
