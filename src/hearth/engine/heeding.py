"""Makes looks at waiting objects due at once when the cloud tells of these objects.

What was told is only a hint: the look says what is true, and comes in its turn if nobody tells anything. Hints of a
tenth of a second are taken together, so that any number of them costs no more looks than objects that come one by one.
"""

import asyncio
from collections.abc import Callable

from hearth.engine import watch
from hearth.engine.step import Step


class Heeding:
    """The hints of one engine. Used inside its event loop."""

    def __init__(self, watcher: watch.Watcher[Step]) -> None:
        self._watcher = watcher
        self._names: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None

    def heard(self, names: frozenset[str]) -> None:
        """Something was told of objects of these ids, among much else."""
        self._names |= names
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(watch.FIRST_LOOK, self._heed)

    def _heed(self) -> None:
        names, self._names, self._timer = self._names, set(), None
        self._watcher.hasten(_concerned(names))

    def close(self) -> None:
        """Heed nothing more."""
        if self._timer is not None:
            self._timer.cancel()


def _concerned(names: set[str]) -> Callable[[Step], bool]:
    def is_concerned(step: Step) -> bool:
        physical_id = step.row.physical_id if step.call is None else step.call.physical_id
        return physical_id in names

    return is_concerned
