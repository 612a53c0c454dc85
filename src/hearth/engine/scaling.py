"""Changes of a group's size that signals ask for: an update of its nested stack alone, begun in one transaction.

The stack that the group is in stays as it is. Nothing happens while either of them is at work, or the group cools down
after its last change; the change is over with the last member's, and the time is counted from there.
"""

import dataclasses
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from hearth.engine import actions, contents, context, definitions, nesting, notifying, preview, run
from hearth.model.holds import Kind
from hearth.model.states import Action, Status
from hearth.resources import contract, partial
from hearth.resources.blueprint import Surroundings
from hearth.store import holds, resources, stacks
from hearth.store.rows import ResourceRow, StackRow

#: Private data of a group: when its size was last changed, and for how many seconds after that it is left alone.
_CHANGED_AT = "scaled_at"
_COOLDOWN = "cooldown"


class Scaling:
    """Scales the groups of all stacks."""

    def __init__(self, surroundings: context.Context, kept: definitions.Definitions) -> None:
        self._context = surroundings
        self._definitions = kept
        self._actions = actions.Actions(surroundings, kept)

    def groups_of(self, stack: StackRow) -> contract.Groups:
        """The groups of a stack."""
        return StackGroups(self, stack)

    async def adjust(self, stack: StackRow, reference: str, adjustment: contract.Adjustment) -> None:
        """See `contract.Groups`."""

        async def attempt() -> None:
            await self._attempt(stack, reference, adjustment)

        await actions.until_stored(attempt)

    async def _attempt(self, stack: StackRow, reference: str, adjustment: contract.Adjustment) -> None:
        codec, now = self._context.store.codec, self._context.now()
        rows = await self._context.store.read(lambda c: resources.by_stack(c, codec, stack.id))
        working = await self._definitions.reading_run(stack, rows, self._context)
        row, kind = _group(working, reference)
        child = await self._context.store.read(lambda c: stacks.child_of(c, row.id))
        if child is None or Status.IN_PROGRESS in (row.status, child.status):
            raise contract.NothingToDo("the group is changing")
        if row.status is not Status.COMPLETE or child.status is not Status.COMPLETE:
            raise contract.NothingToDo("the group has failed")
        view = await contents.load(self._context, self._definitions, child, None)
        if now < _cools_until(row, view.rows):
            raise contract.NothingToDo("the group cools down")
        call = working.call(row, kind, child=view, action=Action.UPDATE, data=dict(row.data))
        wanted = kind.adjusted(call, adjustment)
        assert working.blueprint is not None
        facade = preview.facade_of(working.blueprint.members[row.name])
        where = Surroundings(child.id, child.name, child.project_id, None, child.depth, facade)
        blueprint, material = await nesting.built(
            self._context, self._definitions, working.blueprint, row.name, wanted, where
        )
        part = working.blueprint.part_inside(row.name)
        if not part.is_whole:
            former = await self._definitions.blueprint(child.definition_id, child)
            blueprint, out = partial.resized(blueprint, former, part)
            material = material.layered(child.definition_id, out, part, stack.definition_id)
        definition_id = self._context.new_id()
        prepared = await self._actions.prepare(child, Action.UPDATE, blueprint, definition_id)
        cooldown = adjustment.cooldown if adjustment.cooldown is not None else kind.cools_for(call)
        data = {**row.data, _CHANGED_AT: repr(now), _COOLDOWN: repr(cooldown or 0.0)}

        def store(connection: sa.Connection) -> None:
            stacks.locked(connection, stack.root_id)
            held = holds.of_root(connection, stack.root_id, now)
            if Kind.LOCK in held or Kind.PAUSE in held:
                raise contract.NothingToDo("the stack is locked or paused")
            definitions.put(
                connection,
                codec,
                definition_id,
                child.id,
                material,
                now,
                secret=prepared.traversal.secret,
                generated=True,
            )
            columns: dict[str, Any] = {"definition_id": definition_id, "updated_at": now}
            told = {
                "adjustment": adjustment.amount,
                "adjustment_type": adjustment.kind,
                "groupname": reference,
                "capacity": kind.capacity(view.template),
            }
            noted = notifying.begin_scaling(connection, self._context, stack, told, kind.capacity(wanted.template))
            self._actions.begin(connection, prepared, **columns)
            resources.update(connection, codec, [(row.id, {"data": {**data, **noted}}, False)])

        await self._context.store.write(store, [stack.id])
        self._definitions.keep(definition_id, blueprint)


@dataclasses.dataclass(frozen=True, slots=True)
class StackGroups:
    """The groups of one stack."""

    _scaling: Scaling
    _stack: StackRow

    async def adjust(self, reference: str, adjustment: contract.Adjustment) -> None:
        """See `contract.Groups`."""
        await self._scaling.adjust(self._stack, reference, adjustment)


def _group(working: run.Run, reference: str) -> tuple[ResourceRow, contract.Resource]:
    assert working.blueprint is not None
    for name, member in working.blueprint.members.items():
        row = working.row_of(name)
        if (
            row is not None
            and member.type.scales
            and member.type.reference(working.call(row, member.type)) == reference
        ):
            return row, member.type
    raise contract.Permanent(f"there is no group {reference!r} in the stack", "NotFound")


def _cools_until(row: ResourceRow, members: Iterable[ResourceRow]) -> float:
    if _CHANGED_AT not in row.data:
        return 0.0
    ended = max([float(row.data[_CHANGED_AT]), *(one.updated_at for one in members)])
    return ended + float(row.data[_COOLDOWN])
