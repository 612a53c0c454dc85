"""Which failures are tried again, how often, and after how long. Pure; the one place that decides it.

    a conflict (409), an object in use      action_retry_limit times, or temporary_retry_limit if that is more
    what is in the midst of another change  until the time of the action is over
    no connection, no answer, a lost one    temporary_retry_limit times
    429, 413 with Retry-After               temporary_retry_limit times, not before the time the service says
    500, 502, 503, 504                      temporary_retry_limit times
    a call that was not made, as the         as long as the service has failed for less than outage_wait
    service is left alone for now
    a look at an object that fails so       until the time of the action is over
    a look that is refused for good         for a minute, as a trust or a role may come back
    everything else                         never
    trouble of our own database             temporary_retry_limit times
    a removal that may fail (force)         once, whatever the failure of a service above
    a look for an object that may still     until it does not come any more; see `doubting`
    come, though its call had no answer

Pauses are 1, 2, 4, ... seconds, at most a minute, and up to 2 s more, not the same for all. They start anew with each
part of an action that was accomplished. An object that came out in error is another matter: see `failing`.

`hearth.resources.failures` says what a refusal of a service is; the table stands in docs/reliability.md too.
"""

import dataclasses

from hearth.engine import doubting, settings
from hearth.resources import contract

#: Seconds between two attempts, unless a service asks for more.
LONGEST_PAUSE = 60.0
#: The same while a thing is only busy with another change.
LONGEST_BUSY = 5.0
#: How often a removal is tried again that may leave its object behind.
FORCED = 1
#: What is added to a pause at most, in seconds.
SPREAD = 2.0


class StoreTrouble(contract.Temporary):
    """Our own database was not there for a moment, which says nothing about the object."""


@dataclasses.dataclass(frozen=True, slots=True)
class Retry:
    """Another attempt: the `number`th of `limit` (0: as many as it takes), after `pause` seconds."""

    pause: float
    number: int
    limit: int
    looks: bool = False

    def words(self) -> str:
        """How a reason tells of it."""
        if self.looks:
            return f"the next look follows in {self.pause:.0f} s"
        if not self.limit:
            return f"the next attempt follows in {self.pause:.0f} s"
        return f"attempt {self.number + 1} of {self.limit + 1} follows in {self.pause:.0f} s"


def decide(
    failure: Exception, tried_again: int, chosen: settings.EngineSettings, jitter: float, *, forced: bool = False
) -> Retry | None:
    """Whether a step is tried again that has been so many times; None: it has failed.

    `jitter`: between 0 and 1. `forced`: a removal that goes on without success too.
    """
    if isinstance(failure, doubting.InDoubt):
        return None if forced else Retry(failure.after or 0.0, max(1, tried_again), tried_again, looks=True)
    if isinstance(failure, contract.Busy) and not forced:
        return Retry(min(pause(tried_again + 1, jitter), LONGEST_BUSY), tried_again + 1, limit=0)
    if isinstance(failure, contract.PutOff) and failure.failing_for < chosen.outage_wait and not forced:
        return Retry((failure.after or 0.0) + SPREAD * jitter, max(1, tried_again), limit=0)
    limit = limit_of(failure, chosen)
    if forced and not isinstance(failure, StoreTrouble):
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
