"""What a seed decides: how long things take, what goes wrong, and where processes die.

Seed 0 is a calm run: nothing goes wrong and nothing is shuffled. Seeds from 1 on shuffle; the first of them kill one
process each, at the boundary of their number, so that together they cover every boundary there is; the others kill
up to three, anywhere. Some of those tell engines to stop as well, instead of killing them, or let
them stand still for a while, and then go on as if no time had passed.
"""

import dataclasses
import random

#: Boundaries that get a seed of their own at the most.
ONE_BY_ONE = 120
#: Seconds after which a call that was cut off may still be carried out.
LATEST = 20.0
#: Seconds a call, a commit or a message may take.
_SHORT = (0.001, 0.02)
_LONG = (0.1, 1.2)


@dataclasses.dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with one call to the cloud."""

    refused: int = 0  # the status of a refusal; nothing was done
    lost: bool = False  # it was done, but the answer never came
    after: float = 0.0  # seconds until the caller has given up
    late: float = 0.0  # the answer never came, and it is done so many seconds later


NO_FAULT = Fault()
#: What becomes of looks while nothing can be seen.
_BLIND = (Fault(refused=503), Fault(refused=504), Fault(lost=True, after=15.0))
_FAULTS = (Fault(refused=503), Fault(refused=500), Fault(refused=429), Fault(lost=True), Fault(lost=True))


class Chance:
    """The decisions of one run. `boundaries`: how many a calm run of the same story has."""

    def __init__(self, seed: int, boundaries: int) -> None:
        self.seed = seed
        self.calm = seed == 0
        self._random = random.Random(seed)
        self._passed = 0
        self._crashes = self._crash_points(boundaries)
        self._stops = self._more_points(boundaries)
        self._halts = self._more_points(boundaries)
        self._troubles: dict[str, int] = {}
        draw = self._random.random
        # Each seed has a temper of its own: some are slow, some are faulty, some only shuffle.
        self._slowness = 0.0 if self.calm else draw() ** 2 * 0.3
        self._faultiness = 0.0 if self.calm or draw() < 0.4 else draw() * 0.25
        self._deafness = 0.0 if self.calm or draw() < 0.5 else draw() * 0.6
        self._fullness = 0.0 if self.calm or draw() < 0.8 else 0.1

    def _crash_points(self, boundaries: int) -> set[int]:
        if self.calm or boundaries == 0:
            return set()
        if self.seed <= min(boundaries, ONE_BY_ONE):
            stride = max(1, boundaries // ONE_BY_ONE)
            return {1 + (self.seed - 1) * stride + self._random.randrange(stride)}
        return {self._random.randint(1, boundaries) for _ in range(self._random.choice((0, 1, 1, 2, 3)))}

    def _more_points(self, boundaries: int) -> set[int]:
        if self.calm or boundaries == 0 or self.seed <= min(boundaries, ONE_BY_ONE) or self._random.random() < 0.6:
            return set()
        return {self._random.randint(1, boundaries) for _ in range(self._random.choice((1, 2)))}

    @property
    def boundaries(self) -> int:
        """How many boundaries were passed so far."""
        return self._passed

    def crashes_here(self) -> bool:
        """Whether the process at this boundary dies now. Every call is one boundary."""
        self._passed += 1
        return self._passed in self._crashes

    def stops_here(self) -> bool:
        """Whether the engine at the boundary just passed is told to stop."""
        return self._passed in self._stops

    def halts_here(self) -> bool:
        """Whether the engine at the boundary just passed stands still now."""
        return self._passed in self._halts

    def latency(self) -> float:
        """How long one thing takes."""
        if self.calm:
            return 0.001
        low, high = _LONG if self._random.random() < self._slowness else _SHORT
        return low + (high - low) * self._random.random()

    def fault(self, what: str, *, may_be_late: bool) -> Fault:
        """What goes wrong with a call. One and the same call goes wrong twice at the most: faults pass."""
        if self._faultiness and self._random.random() < self._faultiness and self._troubles.get(what, 0) < 2:
            self._troubles[what] = self._troubles.get(what, 0) + 1
            fault = self._random.choice(_FAULTS)
            if fault.lost and may_be_late and self._random.random() < 0.5:
                return Fault(late=self._random.uniform(1.0, LATEST))
            return fault
        return NO_FAULT

    def blindness(self) -> Fault:
        """How a look fails while nothing can be seen."""
        return _BLIND[0] if self.calm else self._random.choice(_BLIND)

    def deliveries(self) -> list[float]:
        """After how long a message arrives, each time it does."""
        if self.calm:
            return [0.001]
        if self._random.random() < self._deafness:
            return []
        return [self.latency() for _ in range(2 if self._random.random() < self._deafness else 1)]

    def disk_is_full(self) -> bool:
        """Whether the database refuses this commit."""
        if not self._fullness or self._random.random() >= self._fullness or self._troubles.get("disk", 0) >= 6:
            return False
        self._troubles["disk"] = self._troubles.get("disk", 0) + 1
        return True

    def number(self, low: int, high: int) -> int:
        """A number, both ends included; the lower one in a calm run."""
        return low if self.calm else self._random.randint(low, high)

    def between(self, low: float, high: float) -> float:
        """A number of seconds; the lower one in a calm run."""
        return low if self.calm else self._random.uniform(low, high)

    def choice(self, *several: object) -> object:
        """One of several; the first one in a calm run."""
        return several[0] if self.calm else self._random.choice(several)

    def jitter(self) -> float:
        """Between 0 and 1."""
        return 0.5 if self.calm else self._random.random()
