"""When a service is left alone because nothing comes of calling it, and when it is tried again. Pure: time is given.

A breaker is *closed* while calls go well. So many failures one after the other, with no success between them, open it:
nobody calls for a while. Then one call is let through to see (*probing*): if that goes well all do, else the while is
twice as long. A budget beside it bounds how many of the calls are further attempts of what has failed before, so that a
service that comes back is not met by all of them at once.
"""

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Rules:
    """What an operator decides about every service; times in seconds.

    `failures`: how many open the breaker; 0: none do. `rest`: the first while, `longest_rest`: at most. `budget`:
    further attempts that may be made at once, of which a twentieth comes back each second; 0: any number.
    """

    failures: int = 10
    rest: float = 5.0
    longest_rest: float = 60.0
    budget: int = 100


#: Seconds in which a spent budget is whole again, and what each other call adds to it.
_REFILL = 20.0
_SHARE = 0.2
#: Seconds, at least, until it is asked again what came of the call that is let through.
_LOOK_AGAIN = 1.0


class Breaker:
    """The state of one service."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._failed = 0  # one after the other
        self._rest = 0.0  # the present while; 0: closed
        self._until = 0.0
        self._probed: float | None = None  # since when one call is out to see
        #: Since when all calls fail, and what the last one told; None: they do not.
        self.since: float | None = None
        self.reason = ""

    @property
    def is_open(self) -> bool:
        """Whether the service is left alone, or one call is out to see."""
        return self._rest > 0

    def wait(self, now: float) -> float:
        """Seconds for which no call is made; 0: one may be made now."""
        if not self.is_open:
            return 0.0
        if self._probed is not None:
            return max(_LOOK_AGAIN, now - self._probed)
        return max(0.0, self._until - now)

    def begun(self, now: float) -> bool:
        """A call is made; whether it is the one that is let through to see."""
        if self.is_open and self._probed is None:
            self._probed = now
            return True
        return False

    def succeeded(self) -> None:
        """The service has answered as one that works."""
        self._failed, self._rest, self._probed = 0, 0.0, None
        self.since, self.reason = None, ""

    def failed(self, now: float, reason: str, *, probe: bool) -> None:
        """The service has not answered, or as one that does not work."""
        self._failed += 1
        self.reason = reason
        if self.since is None:
            self.since = now
        opens = not self.is_open and 0 < self._rules.failures <= self._failed
        if opens or probe:
            self._rest = min(max(self._rules.rest, 2 * self._rest), self._rules.longest_rest)
            self._until, self._probed = now + self._rest, None

    def given_up(self, *, probe: bool) -> None:
        """The caller did not wait for what comes of its call."""
        if probe:
            self._probed = None


class Budget:
    """How many further attempts a service gets."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._left = float(most)
        self._at = 0.0

    def first(self) -> float:
        """A call that is no further attempt; 0, as it is always made."""
        self._left = min(self._most, self._left + _SHARE)
        return 0.0

    def further(self, now: float) -> float:
        """Take one; else the seconds until there is one. 0: it was taken."""
        if self._most == 0:
            return 0.0
        self._left = min(self._most, self._left + (now - self._at) * self._most / _REFILL)
        self._at = now
        if self._left < 1:
            return (1 - self._left) * _REFILL / self._most
        self._left -= 1
        return 0.0
