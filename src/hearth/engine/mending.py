"""Helps actions to an end: takes up what failed where it stopped, and lets single resources be left out of it.

The waivers of an action are named by resources: `net`, or `group/0/net` for one in a nested stack. They hold for the
action and for every attempt to go on with it. Used by the service.
"""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from hearth.cloud import tokens
from hearth.engine import acceptance, actions, context, definitions, plan_keeping
from hearth.model.diagnostics import nearest
from hearth.model.errors import BadRequest, NotSupported
from hearth.model.states import Action, Status, to_wire
from hearth.model.waivers import Waiver, Waivers
from hearth.store import resources, stacks, traversals
from hearth.store.codec import Codec
from hearth.store.rows import ResourceRow, StackRow, TraversalRow

#: Names of resources by what is waived for them.
Wanted = Mapping[Waiver, Sequence[str]]
#: What to do with a stack whose action has not failed.
_INSTEAD: Mapping[tuple[Action | None, Status], str] = {
    (None, Status.IN_PROGRESS): "It is still at work: wait, or end it with `hearth stack cancel`.",
    (None, Status.COMPLETE): "Change it with `hearth stack update`, or look with `hearth stack check`.",
    (Action.ROLLBACK, Status.COMPLETE): "What failed was undone: mend the cause (`hearth stack events` tells it), "
    "then update the stack again.",
    (Action.DELETE, Status.COMPLETE): "It is gone.",
}


class Mending:
    """Prepares actions that go on, and deletions that leave something behind."""

    def __init__(
        self, surroundings: context.Context, kept: definitions.Definitions, accepting: acceptance.Acceptance
    ) -> None:
        self._context = surroundings
        self._store = surroundings.store
        self._definitions = kept
        self._acceptance = accepting
        self._actions = actions.Actions(surroundings, kept)

    async def deletion(
        self, caller: tokens.Caller, stack: StackRow, wanted: Wanted, *, force: bool
    ) -> actions.Prepared:
        """The deletion of a stack, some of whose resources are left where they are.

        Raises:
            BadRequest: a name stands for no resource.
        """
        asked = await self.of_deletion(stack, wanted, force=force)
        prepared = await self._actions.prepare(stack, Action.DELETE, None, actions.NOTHING, waived=asked)
        self._acceptance.need_types(caller, (row.type for row in prepared.run.rows.values()))
        return prepared

    async def of_deletion(self, stack: StackRow, wanted: Wanted, *, force: bool) -> Waivers:
        """What a deletion leaves undone, with what the one that is running leaves."""
        asked = await self.waivers(stack, wanted, of_all=Waiver.FORCE if force else None)
        if (stack.action, stack.status) == (Action.DELETE, Status.IN_PROGRESS):
            asked = (await self._former(stack)).waivers.joined(asked)
        return asked

    async def continuation(self, caller: tokens.Caller, stack: StackRow, wanted: Wanted) -> actions.Prepared:
        """The failed action of a stack once more, from where it stopped.

        Raises:
            NotSupported: nothing failed.
            BadRequest: a name stands for no resource, or what is skipped is needed by others.
            PlanDeviation: it carries out a plan, from which it would deviate.
        """
        await self._need_failed(stack)
        former = await self._former(stack)
        asked = await self._asked(stack, former, wanted)
        target = former.definition_id
        built = await self._definitions.blueprint(target, stack) if target != actions.NOTHING else None
        if built is not None:
            self._acceptance.need_types(caller, (member.type.type_name for member in built.members.values()))
        if stack.action is not Action.DELETE:
            await self._check_skipped(stack, asked)
        prepared = await self._actions.prepare(
            stack, stack.action, built, target, waived=asked.resuming(), converge=former.converge
        )
        await plan_keeping.bind_again(self._store, prepared, former)
        return prepared

    async def snapshot(self, stack: StackRow, wanted: Wanted) -> Waivers:
        """What is left out of a failed snapshot that is taken again."""
        await self._need_failed(stack)
        return await self._asked(stack, await self._former(stack), wanted)

    async def _need_failed(self, stack: StackRow) -> None:
        if stack.owner_id is not None:
            root = await self._store.read(lambda connection: stacks.by_id(connection, stack.root_id))
            name = root.name if root is not None else stack.root_id
            raise NotSupported(f"Retrying {stack.name} by itself, which is nested in {name},", f"Retry {name}.")
        if stack.status is not Status.FAILED:
            state = to_wire(stack.action, stack.status)
            advice = _INSTEAD.get((stack.action, stack.status)) or _INSTEAD[None, stack.status]
            raise NotSupported(f"Retrying when stack is {state}, so that nothing failed,", advice)

    async def _former(self, stack: StackRow) -> TraversalRow:
        """The stack's last action."""
        present = stack.traversal_id

        def query(connection: sa.Connection) -> TraversalRow | None:
            return traversals.by_id(connection, present) if present is not None else None

        found = await self._store.read(query)
        return found or TraversalRow(0, stack.id, stack.action, stack.definition_id, None, None, stack.created_at)

    async def _asked(self, stack: StackRow, former: TraversalRow, wanted: Wanted) -> Waivers:
        return former.waivers.joined(await self.waivers(stack, wanted))

    async def waivers(self, stack: StackRow, wanted: Wanted, *, of_all: Waiver | None = None) -> Waivers:
        """The waivers that a request names.

        Raises:
            BadRequest: a name stands for no resource, or two things are asked for it.
        """
        codec = self._store.codec

        def query(connection: sa.Connection) -> dict[str, Waiver]:
            found: dict[str, Waiver] = {}
            for waiver, path in ((waiver, path) for waiver, paths in wanted.items() for path in paths):
                for row in _rows_at(connection, codec, stack, path, waiver):
                    if found.setdefault(row.id, waiver) is not waiver:
                        raise BadRequest(f"{path} stands in {found[row.id]} and in {waiver}: give one of them.")
            return found

        return Waivers(await self._store.read(query), of_all)

    async def _check_skipped(self, stack: StackRow, asked: Waivers) -> None:
        """Refuse to skip what is not there, while others need it."""
        codec = self._store.codec
        skipped = [row_id for row_id, waiver in asked.of_rows.items() if waiver is Waiver.SKIP]

        def query(connection: sa.Connection) -> list[tuple[ResourceRow, list[ResourceRow]]]:
            rows = resources.by_ids(connection, codec, skipped).values()
            missing = [row for row in rows if row.physical_id is None]
            return [(row, resources.by_stack(connection, codec, row.stack_id)) for row in missing]

        for row, others in await self._store.read(query):
            waiting = sorted(
                {one.name for one in others if _waits_for(one, row) and asked.of(one.id) is not Waiver.SKIP}
            )
            if waiting:
                raise BadRequest(
                    f"skip: {row.name} has never been made, and {', '.join(waiting)} cannot be made without it. "
                    "Skip these too, or mend what keeps it from being made."
                )


def _waits_for(row: ResourceRow, needed: ResourceRow) -> bool:
    """Whether a resource is still to be made or changed, and needs another."""
    at_rest = row.status is Status.COMPLETE and row.action is not Action.INIT
    return needed.name in row.requires and row.action is not Action.DELETE and not at_rest


def _rows_at(connection: sa.Connection, codec: Codec, root: StackRow, path: str, waiver: Waiver) -> list[ResourceRow]:
    """All rows of the resource at a path of names."""
    stack: StackRow | None = root
    *owners, last = path.split("/")
    for owner in owners:
        assert stack is not None
        children = [
            stacks.child_of(connection, row.id) for row in _named(connection, codec, stack, owner, path, waiver)
        ]
        stack = next((child for child in children if child is not None), None)
        if stack is None:
            raise BadRequest(f"{waiver}: {path}: {owner} owns no nested stack.")
    assert stack is not None
    return _named(connection, codec, stack, last, path, waiver)


def _named(
    connection: sa.Connection, codec: Codec, stack: StackRow, name: str, path: str, waiver: Waiver
) -> list[ResourceRow]:
    rows = [row for row in resources.by_stack(connection, codec, stack.id) if not _is_deleted(row)]
    found = [row for row in rows if row.name == name]
    if found:
        return found
    advice = nearest(name, sorted({row.name for row in rows}))
    raise BadRequest(f"{waiver}: {path}: stack {stack.name} has no resource {name!r}. {advice}".rstrip())


def _is_deleted(row: ResourceRow) -> bool:
    return row.action is Action.DELETE and row.status is Status.COMPLETE
