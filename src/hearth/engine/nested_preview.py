"""What an action does inside nested stacks: the same plans that the engine will make when it gets there, for previews.

A nested stack whose contents depend on values that are not known yet is left out; its owner's entry says so.
"""

from typing import Any

from hearth.engine import actions, context, definitions, nesting, views
from hearth.model import names, plan
from hearth.model.states import Action
from hearth.resources import contract
from hearth.resources.blueprint import Blueprint, Surroundings
from hearth.store import resources, stacks
from hearth.store.rows import ResourceRow, StackRow

Lists = dict[str, list[dict[str, Any]]]


class NestedPreview:
    """Adds what happens in nested stacks to the lists of a preview."""

    def __init__(self, surroundings: context.Context, kept: definitions.Definitions) -> None:
        self._context = surroundings
        self._definitions = kept
        self._actions = actions.Actions(surroundings, kept)

    async def add(self, lists: Lists, prepared: actions.Prepared, built: Blueprint) -> None:
        """Go through the nested stacks of a planned action, all the way down."""
        for step in prepared.plan.steps:
            row = prepared.run.rows.get(step.row_id) if step.row_id else None
            member = built.members.get(step.name)
            existing = await self._child_of(row)
            if step.verdict is plan.Verdict.DELETE:
                if existing is not None:
                    await self._add_removed(lists, existing)
            elif member is not None and member.type.nests:
                await self._add_wanted(lists, prepared, built, step, row, existing)

    async def _child_of(self, row: ResourceRow | None) -> StackRow | None:
        if row is None:
            return None
        return await self._context.store.read(lambda connection: stacks.child_of(connection, row.id))

    async def _add_wanted(
        self,
        lists: Lists,
        prepared: actions.Prepared,
        owner: Blueprint,
        step: plan.Step,
        row: ResourceRow | None,
        existing: StackRow | None,
    ) -> None:
        member = owner.members[step.name]
        values = step.judgement.after or member.values
        call = contract.Call(
            name=step.name,
            resource_id=row.id if row else names.new_id(),
            physical_name=existing.name if existing else f"{prepared.stack.name}-{step.name}",
            physical_id=existing.id if existing else None,
            properties=dict(values),
            stack=prepared.run.view,
            cloud=None,  # type: ignore[arg-type]  # `child` is pure
            now=self._context.now(),
            data=dict(row.data) if row else {},
            files=owner.files,
        )
        if existing is not None:
            call.child = await nesting.load_view(self._context, self._definitions, existing, None)
        try:
            wanted = member.type.child(call)
        except (contract.NotKnownYet, contract.Unfetched):
            return
        environment = owner.child_environment(step.name, wanted)
        files = owner.files if wanted.files is None else wanted.files
        where = Surroundings(
            call.physical_id or call.resource_id,
            call.physical_name,
            prepared.stack.project_id,
            None,
            owner.surroundings.depth + 1,
        )
        built, _ = self._definitions.builder.build(wanted.template, environment, files, where, name=wanted.source)
        if built is None:
            return  # the validation of the whole tree has told of it already
        stack = existing or nesting.new_stack(
            self._context.new_id(), prepared.stack, call.resource_id, step.name, call.physical_name, 0.0
        )
        before = await self._definitions.blueprint(existing.definition_id, existing) if existing else built
        action = Action.UPDATE if existing else Action.CREATE
        inner = await self._actions.prepare(stack, action, built, self._context.new_id(), is_new=existing is None)
        _extend(lists, views.changes(inner.plan, stack, inner.run.rows, before, built))
        await self.add(lists, inner, built)

    async def _add_removed(self, lists: Lists, stack: StackRow) -> None:
        codec = self._context.store.codec
        rows = await self._context.store.read(lambda connection: resources.by_stack(connection, codec, stack.id))
        lists["deleted"] += [views.removed(row, stack) for row in rows]
        for row in rows:
            child = await self._child_of(row)
            if child is not None:
                await self._add_removed(lists, child)


def _extend(lists: Lists, more: Lists) -> None:
    for name, several in more.items():
        lists[name] += several
