"""How fast a project may ask: so many reads and so many writes a minute, for each project by itself.

A bucket holds a minute's worth and fills up evenly, so that bursts are fine and the average is kept. All that is
remembered of a project is when its bucket would be full again. Each process that answers requests has buckets of its
own: behind a balancer over n processes a project can ask up to n times as fast.
"""

import dataclasses
import math

from hearth.model.errors import HearthError

_MINUTE = 60.0
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
#: So many buckets are remembered before full ones are thrown away.
_MANY = 10_000


class TooFast(HearthError):
    """More requests than the operator allows in a minute. `headers`: when to come again."""

    kind = "HTTPTooManyRequests"
    status = 429

    def __init__(self, message: str, headers: dict[str, str]) -> None:
        super().__init__(message)
        self.headers = headers


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """What a bucket says to one request. `wait`: seconds until the next one is allowed, 0 when this one is."""

    limit: int
    remaining: int
    wait: float
    #: Seconds until the bucket is full.
    reset: float

    @property
    def headers(self) -> dict[str, str]:
        """What the client is told."""
        told = {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(math.ceil(self.reset)),
        }
        return told | ({"Retry-After": str(max(1, math.ceil(self.wait)))} if self.wait > 0 else {})


def ask(limit: int, full_at: float, now: float) -> tuple[Place, float]:
    """What a bucket of `limit` a minute says to a request, and when it is full after that."""
    each = _MINUTE / limit
    after = max(full_at, now) + each
    wait = after - _MINUTE - now
    if wait > 1e-9:
        return Place(limit, 0, wait, full_at - now), full_at
    return Place(limit, int((_MINUTE - (after - now)) / each + 1e-9), 0.0, after - now), after


class Pace:
    """The buckets of one process. `reads`, `writes`: requests a minute; 0: as many as one likes."""

    def __init__(self, reads: int = 0, writes: int = 0) -> None:
        self._limits = {True: reads, False: writes}
        self._full_at: dict[tuple[str, bool], float] = {}

    def keep(self, project_id: str, method: str, now: float) -> dict[str, str]:
        """Let a request of a project pass; headers for its answer. `now`: of a clock that never goes back.

        Raises:
            TooFast: it may not.
        """
        is_read = method in _READS
        limit = self._limits[is_read]
        if limit <= 0:
            return {}
        key = (project_id, is_read)
        place, self._full_at[key] = ask(limit, self._full_at.get(key, now), now)
        if len(self._full_at) > _MANY:
            self._full_at = {one: full_at for one, full_at in self._full_at.items() if full_at > now}
        if place.wait > 0:
            raise TooFast(
                f"The project has asked for more than the {limit} {'reads' if is_read else 'writes'} a minute allowed; "
                f"come again in {math.ceil(place.wait)} s.",
                place.headers,
            )
        return place.headers
