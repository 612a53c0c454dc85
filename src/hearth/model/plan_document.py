"""The form in which plans are shown: what the API answers, what a plan file holds, what `hearth stack plan` draws.

Records only; `hearth.engine.plan_view` fills them. Their JSON is the documented schema (docs/reference/plan.md), so a
change of a field here is a change for users: raise `FORMAT` where an older reader would misunderstand. No secrets are
in a document: what may hold one is masked.
"""

import dataclasses
import enum
from typing import Any, Final

from hearth.model.plan import Verdict

FORMAT: Final = 1


class Task(enum.StrEnum):
    """One piece of work of the engine."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    LOOK = "look"  # looked at when what it depends on has changed; kept, as far as is known now


@dataclasses.dataclass(frozen=True, slots=True)
class PropertyChange:
    """Old and new value of a property. `known`: whether the new one is known before the action; parts of it that are
    not stand as "(known after apply)". `secret`: both are masked.
    """

    before: Any = None
    after: Any = None
    known: bool = True
    secret: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class ResourceChange:
    """What becomes of one resource.

    `path`: names of the owning resources and its own, with slashes. `may_be`: what it may come to instead, when values
    are known that are not yet. `because`: the properties that led to it. `state`: as `CREATE_COMPLETE`, null before
    there is one. `leaves`: what stays of an object that goes: null, "object" (deletion policy Retain, or it is to be
    retained), "snapshot", or "forced" (the object, if it cannot be deleted).
    `nested`: what happens in its nested stack; `nested_removed`: in the one that is deleted with a replaced resource;
    `nested_unknown`: why that cannot be told.
    """

    name: str
    path: str
    type: str
    change: Verdict
    reason: str
    may_be: list[Verdict] = dataclasses.field(default_factory=list)
    because: list[str] = dataclasses.field(default_factory=list)
    physical_id: str | None = None
    state: str | None = None
    leaves: str | None = None
    properties: dict[str, PropertyChange] = dataclasses.field(default_factory=dict)
    nested: "StackChanges | None" = None
    nested_removed: "StackChanges | None" = None
    nested_unknown: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class WorkItem:
    """A piece of work in the order in which the engine may begin it. `needs`: numbers of items that must end before."""

    number: int
    task: Task
    resource: str
    needs: list[int]


@dataclasses.dataclass(frozen=True, slots=True)
class Batches:
    """How a group is changed in batches: how many there are, members that are there only meanwhile, and members that
    are changed in one batch and deleted by a later one.
    """

    count: int
    temporary: list[str] = dataclasses.field(default_factory=list)
    changed_first: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True, slots=True)
class StackChanges:
    """What happens in one stack. `id`: null while there is no such stack."""

    name: str
    id: str | None
    action: str
    resources: list[ResourceChange]
    order: list[WorkItem]
    batches: Batches | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Summary:
    """Numbers of resources by what becomes of them, the whole tree. A nested stack's owner counts as kept when nothing
    in the nested stack changes. `uncertain`: of those, the ones that may come to something else.
    """

    create: int = 0
    update: int = 0
    replace: int = 0
    delete: int = 0
    keep: int = 0
    refuse: int = 0
    uncertain: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class PlanDocument:
    """A whole plan. `critical_path`: the longest chain of work, each as "create group/0", what comes first first.

    `left_out`: resources that keep the definition they had though the template has another for them.
    """

    action: str
    summary: Summary
    stack: StackChanges
    critical_path: list[str]
    left_out: list[str] = dataclasses.field(default_factory=list)
    format: int = FORMAT
