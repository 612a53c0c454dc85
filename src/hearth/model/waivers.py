"""What a user lets an action leave undone for single resources, so that it can end.

    skip     an action does nothing for the resource and goes on as if it had; its object stays as it is
    retain   the object stays where it is when the resource is removed
    force    if the object cannot be deleted, it stays where it is and the removal goes on
    abandon  as retain, for a whole stack that is given up with everything in it

A waiver holds for one action, in nested stacks too. An object that stays becomes an orphan. Pure values; requests set
them (`engine.mending`), traversals carry them, steps and the plan obey them.
"""

import dataclasses
import enum
from collections.abc import Mapping
from typing import Any


class Waiver(enum.StrEnum):
    """What is waived for a resource."""

    SKIP = "skip"
    RETAIN = "retain"
    FORCE = "force"
    ABANDON = "abandon"

    @property
    def lets_go(self) -> bool:
        """Whether a removal leaves the object without trying."""
        return self is not Waiver.FORCE


@dataclasses.dataclass(frozen=True, slots=True)
class Waivers:
    """The waivers of one action.

    `of_rows`: by the ids of resource rows. `of_all`: of every other resource. `resumed`: the action goes on where it
    failed before, so what failed in an update is updated again, not replaced.
    """

    of_rows: Mapping[str, Waiver] = dataclasses.field(default_factory=dict)
    of_all: Waiver | None = None
    resumed: bool = False

    def of(self, row_id: str) -> Waiver | None:
        """What is waived for the resource with that row."""
        return self.of_rows.get(row_id, self.of_all)

    def inside(self, row_id: str) -> "Waivers":
        """The waivers for the nested stack that a row's resource owns: what holds for that holds for all of it."""
        own = self.of_rows.get(row_id)
        return self if own is None else dataclasses.replace(self, of_all=own)

    def joined(self, newer: "Waivers") -> "Waivers":
        """These, and newer ones over them."""
        return Waivers({**self.of_rows, **newer.of_rows}, newer.of_all or self.of_all, self.resumed or newer.resumed)

    def resuming(self) -> "Waivers":
        """The same for an action that goes on where it failed."""
        return dataclasses.replace(self, resumed=True)

    def to_wire(self) -> dict[str, Any] | None:
        """As stored; None when nothing is waived."""
        if self == Waivers():
            return None
        return {"rows": dict(self.of_rows), "all": self.of_all, "resumed": self.resumed}

    @classmethod
    def from_wire(cls, stored: Mapping[str, Any] | None) -> "Waivers":
        """Of what `to_wire` gave."""
        if stored is None:
            return NONE
        of_rows = {row_id: Waiver(waiver) for row_id, waiver in stored["rows"].items()}
        of_all = Waiver(stored["all"]) if stored["all"] is not None else None
        return cls(of_rows, of_all, stored["resumed"])


#: Nothing is waived.
NONE = Waivers()
