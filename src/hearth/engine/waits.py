"""What steps need of the engine around them while they are performed; see `step.Waiting`."""

import dataclasses
import functools
from collections.abc import Callable

from hearth.engine import authority, context, definitions, nesting, signals, stack_users
from hearth.engine.step import Step
from hearth.model.states import Action, Status
from hearth.resources import contract
from hearth.store import resources, stacks, traversals

Watch = Callable[[Step, float | None], None]
Again = Callable[[Step, float], None]


class Waits:
    """Those of one engine. `watch` and `again` are what its steps go on with later; see `step.Waiting`."""

    def __init__(
        self,
        surroundings: context.Context,
        kept: definitions.Definitions,
        owners: authority.Authority,
        users: stack_users.StackUsers,
        nested: nesting.Nesting,
        watch: Watch,
        again: Again,
    ) -> None:
        self._context = surroundings
        self._definitions = kept
        self._authority = owners
        self._users = users
        self._nesting = nested
        self._signals = signals.Signals(surroundings, kept)
        self._watch = watch
        self._again = again

    def watch(self, step: Step, after: float | None) -> None:
        """See `step.Waiting`."""
        self._watch(step, after)

    def again(self, step: Step, after: float) -> None:
        """See `step.Waiting`."""
        self._again(step, after)

    async def nest(self, step: Step, move: traversals.Move, removing: bool) -> None:
        """See `step.Waiting`."""
        await self._nesting.begin(step, move, removing)

    async def connect(self, step: Step) -> None:
        """See `step.Waiting`."""
        if step.run.access is None or not step.run.access.is_usable:
            step.run.access = await self._authority.session_of(step.run.stack)
            step.run.users = self._users.of(step.run.stack)
        if self._context.settings.stack_scheduler_hints and step.run.view.lineage is None:
            stack = step.run.stack
            line = await self._context.store.read(functools.partial(stacks.line, stack_id=stack.id))
            path = tuple(one.name if one.owner_id is None else f"{one.owner_resource_name},{one.name}" for one in line)
            step.run.view = dataclasses.replace(step.run.view, lineage=contract.Lineage(stack.root_id, path))

    async def hooks(self, step: Step) -> frozenset[str]:
        """See `step.Waiting`."""
        working = step.run
        if working.blueprint is not None:
            return working.blueprint.environment.registry.hooks(step.row.name)
        if working.former_registry is None:
            working.former_registry = await self._definitions.registry(working.stack.definition_id)
        return working.former_registry.hooks(step.row.name)

    async def is_taken_over(self, step: Step) -> bool:
        """See `step.Waiting`."""
        row, kind, codec = step.row, step.kind, self._context.store.codec
        has_kin = row.replaced_by is not None or row.replaces is not None
        if kind is None or not kind.external or row.physical_id is None or not has_kin:
            return False
        found = await self._context.store.read(
            lambda connection: resources.by_names(connection, codec, row.stack_id, {row.name})
        )
        mine = kind.identity(row.physical_id, row.frozen or row.properties or {})
        return any(
            one.id != row.id
            and one.type == row.type
            and one.physical_id is not None
            and one.action is not Action.DELETE
            and kind.identity(one.physical_id, one.frozen or one.properties or {}) == mine
            for one in found
        )

    async def hear(self, step: Step) -> signals.Heard:
        """See `step.Waiting`."""
        return await self._signals.hear(step.run, step.row, step.call)

    async def child(self, step: Step) -> contract.ChildView | None:
        """See `step.Waiting`."""
        return await self._nesting.view(step)

    async def is_superseded(self, step: Step) -> bool:
        """See `step.Waiting`."""
        return await self._context.store.read(lambda connection: traversals.is_superseded(connection, step.node))

    async def child_state(self, step: Step) -> tuple[Status, str] | None:
        """See `step.Waiting`."""
        return await self._nesting.state(step)
