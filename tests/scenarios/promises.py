"""Was what happened what the plan said? Every creation, update and deletion in a scenario is planned first.

When the action has ended well, and nothing came between, each resource of the whole tree is compared with the plan:
what was to be kept is untouched, the rest was created, updated, replaced or deleted as said, what was uncertain came to
something that the plan allowed, and nothing began before what it had to wait for.
"""

import dataclasses
from typing import Any

from hearth.engine.step import CHANGED
from hearth.model.plan import Verdict
from hearth.model.plan_document import PlanDocument, ResourceChange, StackChanges, Task

DEEP = 20
_MAKING = ("CREATE", "ADOPT")


@dataclasses.dataclass
class Place:
    """A resource of the tree, as it is shown."""

    physical_id: str
    status: str


@dataclasses.dataclass
class Promise:
    """A plan, what there was when it was made, and how many events had been written."""

    document: PlanDocument
    before: dict[str, Place]
    events: int


@dataclasses.dataclass
class Happened:
    """What was written of one stack since: by resource, and the order of everything."""

    by_name: dict[str, list[tuple[int, str]]] = dataclasses.field(default_factory=dict)


class Promises:
    """The promises of one world that have not been looked at yet, by stack id."""

    def __init__(self, world: Any) -> None:
        self._world = world
        self._made: dict[str, Promise] = {}

    def note(self, document: PlanDocument | None, identity: Any, before: dict[str, Place], events: int) -> None:
        """Remember what was planned for an action that has begun. None: there was no plan."""
        self._made.pop(identity.id, None)
        if document is not None:
            self._made[identity.id] = Promise(document, before, events)

    async def state(self, identity: Any) -> tuple[dict[str, Place], int]:
        """Every resource of a stack's tree by path, and the number of its events."""
        places, _ = await self._places(identity)
        return places, len(await self._events(identity))

    async def check(self, identity: Any, status: str) -> None:
        """Compare, if the action that was planned has ended well and nothing else was begun since."""
        promise = self._made.get(identity.id)
        if promise is None or status.endswith("IN_PROGRESS"):
            return
        del self._made[identity.id]
        action = promise.document.action
        told = (await self._events(identity))[promise.events :]
        own = [one["resource_status"] for one in told if _is_own(one) and one["identity"].id == identity.id]
        if own != [f"{action}_IN_PROGRESS", f"{action}_COMPLETE"]:
            return
        if not (_is_own(told[0]) and told[0]["identity"].id == identity.id):
            return  # what was under way went on between the plan and the action
        after, paths = await self._places(identity)
        happened: dict[str, Happened] = {}
        for number, one in enumerate(told):
            if _is_own(one):
                continue
            stack = happened.setdefault(one["identity"].id, Happened())
            stack.by_name.setdefault(one["resource_name"], []).append((number, one["resource_status"]))
        _Comparison(promise, after, happened, paths).stack(promise.document.stack, identity.id, "")

    async def _places(self, identity: Any) -> tuple[dict[str, Place], dict[str, str]]:
        """Resources by path; ids of nested stacks by the path of their owner."""
        world = self._world
        found = await world.service.list_resources(world.caller, identity, nested_depth=DEEP)
        prefix = {identity.id: ""}
        places: dict[str, Place] = {}
        nested: dict[str, str] = {}
        waiting = list(found)
        while waiting:
            left = []
            for one in waiting:
                if one["identity"].id not in prefix:
                    left.append(one)
                    continue
                path = prefix[one["identity"].id] + one["resource_name"]
                places[path] = Place(one["physical_resource_id"], one["resource_status"])
                if one["nested_identity"] is not None:
                    prefix[one["nested_identity"].id] = path + "/"
                    nested[path] = one["nested_identity"].id
            assert len(left) < len(waiting), left
            waiting = left
        return places, nested

    async def _events(self, identity: Any) -> list[dict[str, Any]]:
        world = self._world
        found = await world.service.list_events(world.caller, identity, sort_dir="asc", nested_depth=DEEP)
        return [one for one in found if _is_own(one) or one["resource_status_reason"] == CHANGED]


def _is_own(event: dict[str, Any]) -> bool:
    """Whether a stack tells of itself."""
    return event["physical_resource_id"] == event["identity"].id


class _Comparison:
    def __init__(
        self, promise: Promise, after: dict[str, Place], happened: dict[str, Happened], nested: dict[str, str]
    ) -> None:
        self._before = promise.before
        self._after = after
        self._happened = happened
        self._nested = nested

    def stack(self, planned: StackChanges, stack_id: str | None, prefix: str) -> None:
        """Compare one stack and all in it."""
        happened = self._happened.get(stack_id or "", Happened())
        by_name: dict[str, list[ResourceChange]] = {}
        for one in planned.resources:
            by_name.setdefault(one.name, []).append(one)
        for name, several in by_name.items():
            self._resource(several, prefix + name, [status for _, status in happened.by_name.get(name, ())])
        temporary = set(planned.batches.temporary) if planned.batches is not None else set()
        touched = set(happened.by_name)
        assert touched <= by_name.keys() | temporary, f"{prefix}: not in the plan: {touched - by_name.keys()}"
        there = {path.removeprefix(prefix) for path in self._after if path.startswith(prefix)}
        kept = {one.name for one in planned.resources if one.change is not Verdict.DELETE}
        assert {path for path in there if "/" not in path} <= kept, f"{prefix}: {there} is there, not {kept}"
        if planned.batches is None:
            self._order(planned, happened, prefix)

    def _resource(self, several: list[ResourceChange], path: str, statuses: list[str]) -> None:
        present = next((one for one in several if one.change is not Verdict.DELETE), None)
        if present is None:
            assert path not in self._after, f"{path} was to be deleted and is there"
            before = self._before.get(path)
            # What an action before this one had not finished may still come to its end.
            at_rest = before is not None and before.status != "INIT_COMPLETE" and not before.status.endswith("PROGRESS")
            made = [one for one in statuses if one.endswith("COMPLETE") and one.startswith(_MAKING)]
            assert not (at_rest and made), statuses
            return
        outcome = self._outcome(path, statuses)
        allowed = {present.change, *present.may_be}
        if outcome not in allowed:
            raise AssertionError(f"{path}: planned {sorted(allowed)} ({present.reason}), but was {outcome}: {statuses}")
        assert path in self._after, f"{path} was to be there"
        if outcome in (Verdict.KEEP, Verdict.UPDATE):
            assert self._after[path].physical_id == present.physical_id, path
        before = self._before.get(path)
        unsettled = before is not None and before.status.endswith(("FAILED", "IN_PROGRESS"))
        # With events, another action had not ended when this one began; a failure, of it too, may turn out to be none.
        if outcome is Verdict.KEEP and not statuses and not unsettled:
            assert self._after[path] == self._before[path], path
        if outcome is Verdict.REPLACE:  # its nested stack is another one, in which nothing was before
            self._before = {one: place for one, place in self._before.items() if not one.startswith(f"{path}/")}
        if present.nested is not None:
            self.stack(present.nested, self._nested.get(path), path + "/")

    def _outcome(self, path: str, statuses: list[str]) -> Verdict:
        if any(one.startswith(_MAKING) and one.endswith("COMPLETE") for one in statuses):
            before = self._before.get(path)
            return Verdict.CREATE if before is None or before.status == "INIT_COMPLETE" else Verdict.REPLACE
        if "UPDATE_COMPLETE" in statuses:
            return Verdict.UPDATE
        return Verdict.KEEP

    def _order(self, planned: StackChanges, happened: Happened, prefix: str) -> None:
        """Nothing may begin before what it needs has ended."""
        items = {one.number: one for one in planned.order}
        for item in planned.order:
            begun = _when(happened, item.resource, item.task, "IN_PROGRESS")
            for number in item.needs:
                if (items[number].resource, items[number].task) == (item.resource, item.task):
                    continue  # two objects of one name, which events do not tell apart
                ended = _when(happened, items[number].resource, items[number].task, "COMPLETE")
                if begun is not None and ended is not None:
                    assert ended < begun, f"{prefix}{item.resource} did not wait for {items[number].resource}"


def _when(happened: Happened, name: str, task: Task, status: str) -> int | None:
    wanted = f"{task.upper()}_{status}"
    return next((number for number, one in happened.by_name.get(name, ()) if one == wanted), None)
