"""How a group that changes in batches gets to its end: followed with numbers, before anything is done. Pure.

A group decides about each batch when the one before has ended, from the template of its nested stack and from which
members there are. Both can be foretold, so the plan shows the end, and what is there only on the way.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from hearth.model.states import Action, Status
from hearth.resources import contract
from hearth.resources.contract import Call, ChildResource, ChildStack, ChildView

#: More batches than this are not followed; a group has at most as many members.
MOST_BATCHES: Final = 100_000


@dataclasses.dataclass(frozen=True, slots=True)
class Course:
    """`end`: what the nested stack holds at last. `stages`: the resources of each batch's template, in order."""

    end: ChildStack
    stages: list[dict[str, Any]]

    @property
    def temporary(self) -> list[str]:
        """Names of members that are in some batch's template and not in the last one's, in the order they come."""
        last = self.stages[-1]
        return list(dict.fromkeys(name for stage in self.stages for name in stage if name not in last))

    def changed(self, before: Mapping[str, Any]) -> dict[str, Any]:
        """`{name: new definition}` of the members there were that are given another definition on the way."""
        found: dict[str, Any] = {}
        for stage in self.stages:
            found |= {name: one for name, one in stage.items() if name in before and before[name] != one}
        return found


def follow(kind: contract.Resource, call: Call) -> Course:
    """The course of a group from its present members.

    Raises:
        contract.ResourceFailure: what `child` may raise.
    """
    call = dataclasses.replace(call, data=dict(call.data))
    wanted = kind.child(call)
    stages = [resources_of(wanted)]
    view = call.child
    while len(stages) < MOST_BATCHES:
        view = _after(wanted, view, call.now)
        call = dataclasses.replace(call, child=view)
        pause = kind.further(call)
        if pause is None:
            break
        call.now += (pause.after or 0.0) + 1.0
        wanted = kind.child(call)
        stages.append(resources_of(wanted))
    return Course(wanted, stages)


def resources_of(wanted: ChildStack) -> dict[str, Any]:
    """The resources of a nested stack's template, where it is plain data."""
    template = wanted.template
    if not isinstance(template, Mapping):
        return {}
    return dict(template.get("resources") or template.get("Resources") or {})


@dataclasses.dataclass(frozen=True, slots=True)
class _Member:
    """A member as it will be."""

    name: str
    type: str
    created_at: float
    former: ChildResource | None
    action: Action = Action.CREATE
    status: Status = Status.COMPLETE

    def reference(self) -> Any:
        """That of the present object; what is new has none yet."""
        return self.former.reference() if self.former is not None else None

    async def attribute(self, path: Sequence[Any]) -> Any:
        """Nobody reads attributes on the way."""
        return None


@dataclasses.dataclass(frozen=True, slots=True)
class _View:
    """A nested stack as it will be after a batch."""

    template: Mapping[str, Any]
    resources: Mapping[str, ChildResource]
    stack_id: str = ""
    arn: str = ""

    @property
    def output_names(self) -> Iterable[str]:
        """Of its template."""
        return self.template.get("outputs") or ()

    def output(self, name: str) -> Any:
        """As its template says; groups' own outputs are plain values."""
        return self.template["outputs"][name]["value"]


def _after(wanted: ChildStack, before: ChildView | None, now: float) -> ChildView | None:
    if not isinstance(wanted.template, Mapping):
        return before
    present = before.resources if before is not None else {}
    was = resources_of(ChildStack(before.template)) if before is not None else {}
    several: dict[str, ChildResource] = {}
    for name, definition in resources_of(wanted).items():
        former = present.get(name)
        if former is not None and was.get(name) == definition:
            several[name] = former
        else:
            # A member that is made anew counts as old as before: no group asks for the age of one that is up to date.
            made = former.created_at if former is not None else now
            several[name] = _Member(name, str(definition.get("type") or definition.get("Type", "")), made, former)
    return _View(wanted.template, several)
