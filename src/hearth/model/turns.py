"""Whose turn it is at the work list of one engine. Pure; the engine keeps one, `hearth.store.work_list` asks it.

Projects take turns, and within a project its traversals do: who holds the least comes first, and among equals who was
served longest ago. So what a project has to wait for does not depend on how much another one has to do. Where there is
no more room, each project may still hold a few nodes (`reserve`): a full engine is not closed to who holds nothing.
"""

import dataclasses
from collections import Counter
from collections.abc import Iterable

#: So many projects and traversals are remembered; of those forgotten it is as if they had never been served.
_REMEMBERED = 20_000


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """The nodes of one traversal that wait to be claimed. `to_lock`: the tree to be locked first; None: none."""

    traversal_id: int
    project_id: str
    to_lock: str | None = None


class Turns:
    """The memory of one engine. `reserve`: nodes that a project may hold however many others hold."""

    def __init__(self, reserve: int = 0) -> None:
        self._reserve = reserve
        self._held: Counter[int] = Counter()  # by traversal
        self._held_by: Counter[str] = Counter()
        self._projects: dict[int, str] = {}  # of the traversals of which something is held
        self._served: dict[int | str, int] = {}
        self._clock = 0
        #: Up to which traversal the list was looked through; see `hearth.store.work_list`.
        self.seen = 0

    def hold(self, traversal_id: int, project_id: str | None, count: int = 1) -> None:
        """So many nodes more are held. `project_id` None: whoever it is by what is held of the traversal already."""
        project_id = self._projects.get(traversal_id, project_id)
        if project_id is None:
            return  # counted once it is known: turns need not be exact
        self._projects[traversal_id] = project_id
        self._held[traversal_id] += count
        self._held_by[project_id] += count

    def release(self, traversal_id: int, count: int = 1) -> None:
        """So many nodes are held no more."""
        project_id = self._projects.get(traversal_id)
        if project_id is None:
            return
        self._held[traversal_id] -= count
        self._held_by[project_id] -= count
        if self._held[traversal_id] <= 0:
            del self._held[traversal_id], self._projects[traversal_id]
        if self._held_by[project_id] <= 0:
            del self._held_by[project_id]

    def reserve_of(self, project_id: str) -> int:
        """How many nodes of a project may be taken where there is no more room."""
        return max(0, self._reserve - self._held_by[project_id])

    def arranged(self, lines: Iterable[Line]) -> list[list[Line]]:
        """The lines of each project, all in the order of their turns."""
        by_project: dict[str, list[Line]] = {}
        for line in lines:
            by_project.setdefault(line.project_id, []).append(line)
        served = self._served
        for several in by_project.values():
            several.sort(key=lambda one: (self._held[one.traversal_id], served.get(one.traversal_id, 0)))
        return sorted(
            by_project.values(),
            key=lambda several: (self._held_by[several[0].project_id], served.get(several[0].project_id, 0)),
        )

    def served(self, line: Line) -> None:
        """A line had its turn."""
        self._clock += 1
        for one in (line.traversal_id, line.project_id):
            self._served.pop(one, None)
            self._served[one] = self._clock
        while len(self._served) > _REMEMBERED:
            del self._served[next(iter(self._served))]
