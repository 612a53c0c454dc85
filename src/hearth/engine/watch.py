"""Watches remote objects that are on their way, many with one look.

A waiting resource holds neither thread nor task: it is an entry here. Resources of one type and one credential form a
group; a group that is due is looked at once for all its members. The interval of a group starts short, grows while
nothing happens, and is short again after something did.
"""

import asyncio
import dataclasses
import logging
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from hearth.engine import complaints
from hearth.model import interruption

log = logging.getLogger(__name__)

T = TypeVar("T")

FIRST_LOOK = 0.1
GROWTH = 1.2
LONGEST = 2.0


@dataclasses.dataclass(slots=True)
class _Group(Generic[T]):
    members: dict[int, T]
    interval: float
    timer: asyncio.TimerHandle | None = None
    task: asyncio.Task[None] | None = None  # the look that is under way
    hastened: bool = False  # whether what that look sees may be of before something was told


class Watcher(Generic[T]):
    """Entries by key (a node id) in groups. `look(entries)` observes them and says which keys are settled."""

    def __init__(self, look: Callable[[list[T]], Awaitable[set[int]]]) -> None:
        self._look = look
        self._groups: dict[Hashable, _Group[T]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, group_key: Hashable, key: int, entry: T, after: float | None = None) -> None:
        """Watch an entry.

        Args:
            after: seconds until the next look, about; None: soon if the entry is new, and when it is the group's turn
                if it only goes on waiting.
        """
        group = self._groups.get(group_key)
        if group is None:
            group = self._groups[group_key] = _Group({}, LONGEST)
        if after is None:
            after = LONGEST if key in group.members else FIRST_LOOK
        group.members[key] = entry
        group.interval = min(group.interval, max(FIRST_LOOK, after))
        if group.task is None:
            self._arm(group_key, group, sooner=True)

    def hasten(self, is_concerned: Callable[[T], bool]) -> None:
        """Look at once at all groups with an entry that something was told of."""
        for group_key, group in self._groups.items():
            if any(map(is_concerned, group.members.values())):
                group.interval = FIRST_LOOK
                group.hastened = group.task is not None
                if group.task is None:
                    self._arm(group_key, group, after=0.0, sooner=True)

    def drop(self, key: int) -> T | None:
        """Forget an entry, for instance because its action ran out of time; a look only for its sake is given up."""
        for group_key, group in self._groups.items():
            if key in group.members:
                entry = group.members.pop(key)
                if not group.members:
                    self._discard(group_key, group)
                return entry
        return None

    def entries(self) -> list[T]:
        """Everything watched now."""
        return [entry for group in self._groups.values() for entry in group.members.values()]

    def close(self) -> None:
        """Stop looking."""
        for group_key, group in list(self._groups.items()):
            self._discard(group_key, group)
        for task in self._tasks:
            task.cancel()

    def _discard(self, group_key: Hashable, group: _Group[T]) -> None:
        del self._groups[group_key]
        if group.timer is not None:
            group.timer.cancel()
        if group.task is not None:
            group.task.cancel()

    def _arm(self, group_key: Hashable, group: _Group[T], *, after: float | None = None, sooner: bool = False) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + (group.interval if after is None else after)
        if group.timer is not None:
            if sooner and group.timer.when() <= due:
                return
            group.timer.cancel()
        group.timer = loop.call_at(due, self._due, group_key)

    def _due(self, group_key: Hashable) -> None:
        group = self._groups.get(group_key)
        if group is None:
            return
        group.timer = None
        group.task = asyncio.create_task(self._look_at(group_key, group))
        self._tasks.add(group.task)
        group.task.add_done_callback(self._tasks.discard)

    async def _look_at(self, group_key: Hashable, group: _Group[T]) -> None:
        settled: set[int] = set()
        looked_at = dict(group.members)
        try:
            settled = await self._look(list(looked_at.values()))
        except (Exception, asyncio.CancelledError) as error:  # the border of a look: all must be looked at again
            interruption.heed(error)
            complaints.tell(log, "A look failed; it is repeated", error)
        finally:
            group.task = None
        for key in settled:
            # Another entry under the key came meanwhile: nobody has looked at that.
            if group.members.get(key) is looked_at.get(key):
                group.members.pop(key, None)
        again = bool(settled) or group.hastened
        group.interval, group.hastened = FIRST_LOOK if again else min(group.interval * GROWTH, LONGEST), False
        if group.members:
            self._arm(group_key, group)
        elif self._groups.get(group_key) is group:
            del self._groups[group_key]
