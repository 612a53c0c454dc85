"""For which part of a tree of stacks a definition is to hold, as a user names it. Pure values.

A resource of the stack itself is named by its name, one of a nested stack by its path, the names of the owners first:
`group/0/server`. Each stack takes its own share (`inside`) when its definition is made ready (`resources.partial`).
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

SEPARATOR = "/"


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """`targets`: only these, and what they need; none: everything. `excludes`: all but these.

    `above`: the path of the stack itself with the separator behind it, for messages.
    """

    targets: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    above: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out."""
        return not self.targets and not self.excludes

    @property
    def goes_inside(self) -> bool:
        """Whether it names anything in nested stacks."""
        return any(SEPARATOR in path for path in (*self.targets, *self.excludes))

    @property
    def own_targets(self) -> list[str]:
        """The resources of the stack itself that are targets, or have some inside."""
        return list(dict.fromkeys(_first(path) for path in self.targets))

    @property
    def own_excludes(self) -> frozenset[str]:
        """The resources of the stack itself that are left out as a whole."""
        return frozenset(path for path in self.excludes if SEPARATOR not in path)

    def inside(self, name: str) -> "Part":
        """The part of the stack nested in a resource; a target as a whole has no targets inside."""
        targets = () if name in self.targets else _below(name, self.targets)
        return Part(targets, _below(name, self.excludes), f"{self.above}{name}{SEPARATOR}")

    def to_wire(self) -> dict[str, Any] | None:
        """As stored; None for the whole."""
        return None if self.is_whole else dataclasses.asdict(self)

    @classmethod
    def from_wire(cls, stored: Mapping[str, Any] | None) -> "Part":
        """Of what `to_wire` gave."""
        if stored is None:
            return WHOLE
        return cls(tuple(stored["targets"]), tuple(stored["excludes"]), stored["above"])


#: Nothing is left out.
WHOLE = Part()


def _first(path: str) -> str:
    return path.partition(SEPARATOR)[0]


def _below(name: str, paths: Sequence[str]) -> tuple[str, ...]:
    start = name + SEPARATOR
    return tuple(path.removeprefix(start) for path in paths if path.startswith(start))
