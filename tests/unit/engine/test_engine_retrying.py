"""The retry policy, row by row."""

import pytest

from hearth.engine import retrying
from hearth.engine.settings import EngineSettings
from hearth.resources.contract import Conflict, InError, Permanent, Temporary

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
