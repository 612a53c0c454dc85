"""A limited number of places for which parties take turns: who comes with one wish does not wait for all of another's.

Used for the calls to a service, and by the engine for steps at work. Inside one event loop.
"""

import asyncio
import collections
from collections.abc import Hashable


class Places:
    """So many places. Who waits stands in the line of its party; when a place is free, the next party has its turn."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._lines: collections.OrderedDict[Hashable, collections.deque[asyncio.Future[None]]] = (
            collections.OrderedDict()
        )

    @property
    def waiting(self) -> int:
        """How many wait for a place."""
        return sum(len(line) for line in self._lines.values())

    async def acquire(self, party: Hashable) -> None:
        """Wait for a place; `release` gives it back."""
        if self._free > 0 and not self._lines:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._lines.setdefault(party, collections.deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._leave(party, turn)
            else:  # it had just been given one
                self.release()
            raise

    def release(self) -> None:
        """Give a place back."""
        self._free += 1
        while self._free > 0 and self._lines:
            party, line = self._lines.popitem(last=False)
            turn = line.popleft()
            if line:
                self._lines[party] = line
            if not turn.done():
                self._free -= 1
                turn.set_result(None)

    def _leave(self, party: Hashable, turn: asyncio.Future[None]) -> None:
        line = self._lines.get(party)
        if line is not None and turn in line:
            line.remove(turn)
            if not line:
                del self._lines[party]
