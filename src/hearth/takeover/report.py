"""What a take-over says of each stack. Values only."""

import dataclasses
import enum
from typing import Any


class Outcome(enum.StrEnum):
    """What became of a stack."""

    TAKEN = "taken"
    WOULD_BE = "would be taken"
    THERE = "there already"
    LEFT = "left out"


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """One root stack. `reasons`: why it is left out; `notes`: what is not as it was; `next`: what to do."""

    id: str
    name: str
    project_id: str
    state: str
    outcome: Outcome
    stacks: int = 0
    resources: int = 0
    events: int = 0
    snapshots: int = 0
    deployments: int = 0
    reasons: tuple[str, ...] = ()
    unknown_types: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    next: str = ""

    def to_wire(self) -> dict[str, Any]:
        """For machines."""
        return dataclasses.asdict(self)


class LeftOut(Exception):
    """A stack cannot be taken over."""

    def __init__(self, reasons: list[str], unknown_types: list[str] | None = None, advice: str = "") -> None:
        super().__init__("; ".join(reasons))
        self.reasons = tuple(reasons)
        self.unknown_types = tuple(unknown_types or ())
        self.advice = advice
