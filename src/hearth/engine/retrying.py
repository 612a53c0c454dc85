"""Which failures are tried again, how often, and after how long. Pure; the one place that decides it.

    a conflict (409), an object in use      action_retry_limit times, or temporary_retry_limit if that is more
    no connection, no answer, a lost one    temporary_retry_limit times
    429, 413 with Retry-After               temporary_retry_limit times, not before the time the service says
    500, 502, 503, 504                      temporary_retry_limit times
    a look at an object that fails so       until the time of the action is over
    a look that is refused for good         for a minute, as a trust or a role may come back
    everything else                         never
    a removal that may fail (force)         once, whatever the failure above

Pauses are 1, 2, 4, ... seconds, at most a minute, and up to 2 s more, not the same for all. They start anew with each
part of an action that was accomplished. An object that came out in error is another matter: see `failing`.

`hearth.resources.failures` says what a refusal of a service is; the table stands in docs/reliability.md too.
"""

import dataclasses

from hearth.engine import settings
from hearth.resources import contract

#: Seconds between two attempts, unless a service asks for more.
LONGEST_PAUSE = 60.0
#: How often a removal is tried again that may leave its object behind.
FORCED = 1
#: What is added to a pause at most, in seconds.
SPREAD = 2.0


@dataclasses.dataclass(frozen=True, slots=True)
class Retry:
    """Another attempt: the `number`th of `limit`, after `pause` seconds."""

    pause: float
    number: int
    limit: int

    def words(self) -> str:
        """How a reason tells of it."""
        return f"attempt {self.number + 1} of {self.limit + 1} follows in {self.pause:.0f} s"


def decide(
    failure: Exception, tried_again: int, chosen: settings.EngineSettings, jitter: float, *, forced: bool = False
) -> Retry | None:
    """Whether a step is tried again that has been so many times; None: it has failed.

    `jitter`: between 0 and 1. `forced`: a removal that goes on without success too.
    """
    limit = limit_of(failure, chosen)
    if forced:
        limit = min(limit, FORCED)
    if tried_again >= limit or not isinstance(failure, contract.Temporary):
        return None
    after = failure.after if failure.after is not None else pause(tried_again + 1, jitter)
    return Retry(after, tried_again + 1, limit)


def limit_of(failure: Exception, chosen: settings.EngineSettings) -> int:
    """How often a step is tried again after this failure."""
    if isinstance(failure, contract.Conflict):
        return max(chosen.action_retry_limit, chosen.temporary_retry_limit)
    return chosen.temporary_retry_limit if isinstance(failure, contract.Temporary) else 0


def pause(attempt: int, jitter: float) -> float:
    """Seconds before an attempt after the first."""
    return min(2.0 ** (attempt - 1), LONGEST_PAUSE) + SPREAD * jitter
