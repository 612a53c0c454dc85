"""Begins what changes stacks: create, update, delete, actions, restore, abandon; and previews that change nothing.

Input is checked whole before anything is stored; what is accepted is one transaction, after which the engine goes on by
itself. Every change of a stack that is there goes through `Holding.change`, which refuses what a hold forbids.
"""

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from hearth.bus import contract as bus
from hearth.cloud import tokens
from hearth.engine import (
    acceptance,
    actions,
    adoption,
    authority,
    context,
    definitions,
    drifting,
    ending,
    finding,
    forcing,
    holding,
    mending,
    modes,
    parting,
    plan_view,
    planning,
    preview,
    runner,
    snapshots,
    views,
    wishes,
)
from hearth.engine.requests import StackRequest
from hearth.model.errors import (
    ActionInProgress,
    BadRequest,
    HearthError,
    NotFound,
    NotSupported,
)
from hearth.model.holds import Change
from hearth.model.names import StackIdentity
from hearth.model.states import Action, Status, to_wire
from hearth.model.waivers import Waiver, Waivers
from hearth.store import orphans, stacks
from hearth.store import snapshots as snapshot_rows
from hearth.store.rows import StackRow


class Changing(finding.Finding):
    """The part of the service that changes stacks."""

    def __init__(
        self,
        surroundings: context.Context,
        kept: definitions.Definitions,
        owners: authority.Authority,
        accepting: acceptance.Acceptance,
    ) -> None:
        super().__init__(surroundings)
        self._definitions = kept
        self._authority = owners
        self._acceptance = accepting
        self._actions = actions.Actions(surroundings, kept)
        self._wishes = wishes.Wishes(surroundings, kept, accepting)
        self._snapshots = snapshots.Snapshots(surroundings, kept)
        self._holding = holding.Holding(surroundings)
        self._mending = mending.Mending(surroundings, kept, accepting)
        self._drifting = drifting.Drifting(surroundings, kept, owners, self._holding)
        self._planning = planning.Planning(surroundings, kept, self._wishes, self._drifting)

    async def create_stack(self, caller: tokens.Caller, tenant: str, request: StackRequest) -> StackIdentity:
        """Accept a new stack; the answer comes once it is stored and its creation has begun."""
        wish = await self._wishes.of_new(caller, tenant, request)
        stack = wish.stack
        await self._planning.require_part(wish)
        if self._acceptance.needs_cloud(wish.built):
            stack.credential_id = await self._authority.delegate(caller)
        prepared = await self._actions.prepare(stack, wish.action, wish.built, wish.definition_id, is_new=True)
        if wish.adopted is not None:
            adoption.fill(prepared.traversal.new_rows, wish.adopted, wish.built)
        self._definitions.keep(wish.definition_id, wish.built)
        try:
            protector = caller if request.deletion_protection else None
            await self._store.write(
                lambda connection: self._store_new(connection, caller, prepared, wish.material, protector)
            )
        except HearthError:
            # Another request took the name or the last place: what was delegated for this one is taken back.
            await self._authority.revoke(stack)
            raise
        await self._announce()
        return views.identity_of(stack)

    def _store_new(
        self,
        connection: sa.Connection,
        caller: tokens.Caller,
        prepared: actions.Prepared,
        material: definitions.Material,
        protector: tokens.Caller | None,
    ) -> None:
        stack, codec = prepared.stack, self._store.codec
        self._acceptance.require_room(connection, caller, stack.project_id)
        definitions.put(
            connection,
            codec,
            stack.definition_id,
            stack.id,
            material,
            stack.created_at,
            secret=prepared.traversal.secret,
        )
        stacks.insert(connection, stack)
        if protector is not None:
            holding.protect(connection, stack.id, protector, "", stack.created_at)
        self._actions.begin(connection, prepared)

    async def _changeable(
        self, caller: tokens.Caller, identity: StackIdentity, change: Change = Change.ALTER
    ) -> StackRow:
        """The stack of an identity, if nothing forbids this caller to change it."""
        stack = await self._stack(caller, identity)
        await self._holding.require(caller, stack, change)
        return stack

    async def preview_create(self, caller: tokens.Caller, tenant: str, request: StackRequest) -> dict[str, Any]:
        """What `create_stack` would do, with nothing stored."""
        wish = await self._wishes.of_new(caller, tenant, request)
        outputs = [one | {"output_value": None} for one in views.outputs_of(wish.built)]
        shown = views.shown_stack(wish.stack, wish.built.shown_parameters, outputs)
        for key in ("stack_status", "stack_status_reason"):
            del shown[key]
        shown["id"] = preview.NO_ID
        for name, value in shown["parameters"].items():
            if name in ("OS::stack_id", "AWS::StackId"):
                shown["parameters"][name] = value.replace(wish.stack.id, preview.NO_ID)
        shown["resources"] = preview.resources_of(self._definitions.builder, wish.built)
        return shown

    async def update_stack(
        self, caller: tokens.Caller, identity: StackIdentity, request: StackRequest, *, patch: bool
    ) -> None:
        """Accept a new definition; a running create or update is superseded by it."""
        stack = await self._changeable(caller, identity)
        if request.deletion_protection is not None and stack.owner_id is not None:
            raise BadRequest("deletion_protection: a nested stack goes with its root stack; protect that one.")

        async def attempt() -> None:
            present = await self._stack(caller, identity)
            wish = await self._wishes.of_update(caller, present, request, patch=patch)
            stack, columns = wish.stack, wish.columns
            await self._planning.require_part(wish)
            if stack.credential_id is None and self._acceptance.needs_cloud(wish.built):
                columns["credential_id"] = stack.credential_id = await self._authority.delegate(caller)
            await self._authority.take_over(caller, stack)
            columns["updated_at"] = self._context.now()
            decided = await self._drifting.for_update(stack, request)
            prepared = await self._actions.prepare(
                stack,
                Action.UPDATE,
                wish.built,
                wish.definition_id,
                converge=self._drifting.converges(request),
                decided=decided.get(stack.id),
            )
            self._definitions.keep(wish.definition_id, wish.built)

            def store(connection: sa.Connection) -> None:
                self._holding.set_protection(connection, caller, stack, request.deletion_protection)
                self._drifting.store(connection, decided, secret=prepared.traversal.secret)
                self._store_update(connection, caller, prepared, wish.material, columns)

            await self._holding.change(caller, stack, Change.ALTER, store)

        await actions.until_stored(attempt)
        await self._announce()

    def _store_update(
        self,
        connection: sa.Connection,
        caller: tokens.Caller,
        prepared: actions.Prepared,
        material: definitions.Material,
        columns: Mapping[str, Any],
    ) -> None:
        if holding.leaves_nothing(prepared.plan):
            self._holding.check(connection, caller, prepared.stack, Change.TAKE_AWAY)
        definitions.put(
            connection,
            self._store.codec,
            columns["definition_id"],
            prepared.stack.id,
            material,
            columns["updated_at"],
            secret=prepared.traversal.secret,
        )
        self._actions.begin(connection, prepared, **columns)

    async def preview_update(
        self,
        caller: tokens.Caller,
        identity: StackIdentity,
        request: StackRequest,
        *,
        patch: bool,
        show_nested: bool,
    ) -> dict[str, Any]:
        """The plan of an update in the form of Heat's preview."""
        drawn = await self._planning.update(caller, await self._stack(caller, identity), request, patch=patch)
        return plan_view.lists(drawn.tree, show_nested=show_nested)

    async def delete_stack(
        self, caller: tokens.Caller, identity: StackIdentity, *, retain: Sequence[str] = (), force: bool = False
    ) -> None:
        """Begin to delete a stack, whatever it is doing.

        Args:
            retain: resources whose objects are left where they are.
            force: leave every object that cannot be deleted.
        """
        stack = await self._stack(caller, identity)
        change = Change.DELETE if stack.owner_id is None else Change.TAKE_AWAY
        await self._holding.require(caller, stack, change)
        repeated = (stack.action, stack.status) == (Action.DELETE, Status.IN_PROGRESS)
        if repeated and not (retain or force):
            await self._holding.change(caller, stack, change, lambda connection: None)  # it may be paused
            await self._announce()
            return

        async def attempt() -> None:
            present = await self._stack(caller, identity)
            prepared = await self._mending.deletion(caller, present, {Waiver.RETAIN: retain}, force=force)
            await self._authority.take_over(caller, prepared.stack)
            at = self._context.now()
            await self._holding.change(
                caller, stack, change, lambda connection: self._actions.begin(connection, prepared, updated_at=at)
            )

        await actions.until_stored(attempt)
        await self._announce()

    async def continue_action(
        self, caller: tokens.Caller, identity: StackIdentity, wanted: mending.Wanted | None = None
    ) -> None:
        """Take up the failed action of a stack where it stopped. `wanted`: what to leave undone from now on."""

        async def attempt() -> None:
            stack = await self._stack(caller, identity)
            if stack.action is Action.SNAPSHOT:
                write = functools.partial(self._holding.change, caller, stack, Change.ALTER)
                waived = await self._mending.snapshot(stack, wanted or {})
                await self._snapshots.take_again(stack, write, waived)
                return
            prepared = await self._mending.continuation(caller, stack, wanted or {})
            await self._authority.take_over(caller, prepared.stack)
            removes = prepared.run.blueprint is None
            at = self._context.now()
            await self._holding.change(
                caller,
                stack,
                Change.DELETE if removes else Change.ALTER,
                lambda connection: self._actions.begin(connection, prepared, updated_at=at),
            )

        await actions.until_stored(attempt)
        await self._announce()

    async def action(self, caller: tokens.Caller, identity: StackIdentity, action: str) -> None:
        """Begin an action on the stack as it is: suspend, resume, check, cancel_update, cancel_without_rollback.

        Or, with migrate, take it out of the legacy mode.
        """
        cancels = action in ("cancel_update", "cancel_without_rollback")
        stack = await self._changeable(caller, identity, Change.CANCEL if cancels else Change.ALTER)
        match action:
            case "suspend" | "resume" | "check":
                await self._visit(caller, identity, Action(action.upper()))
            case "cancel_update":
                await self._roll_back(caller, identity)
            case "cancel_without_rollback":
                await self._cancel(caller, stack)
            case "migrate":
                await self._migrate(caller, stack)
            case _:
                raise NotSupported(f"Stack action {action}")

    async def _migrate(self, caller: tokens.Caller, stack: StackRow) -> None:
        """Take a tree of stacks out of the legacy mode. A repeat changes nothing."""
        if stack.owner_id is not None:
            raise BadRequest(f"Stack {stack.name} is nested: it is migrated with its root stack; name that one.")
        await self._holding.change(caller, stack, Change.ALTER, lambda connection: modes.migrate(connection, stack))

    async def _visit(self, caller: tokens.Caller, identity: StackIdentity, action: Action) -> None:
        async def attempt() -> None:
            stack = await self._stack(caller, identity)
            if action is not Action.CHECK and (stack.action, stack.status) == (action, Status.COMPLETE):
                return
            built = await self._definitions.blueprint(stack.definition_id, stack)
            self._acceptance.need_types(caller, (member.type.type_name for member in built.members.values()))
            await self._authority.take_over(caller, stack)
            prepared = await self._actions.prepare(stack, action, built, stack.definition_id)
            at = self._context.now()
            await self._holding.change(
                caller, stack, Change.ALTER, lambda connection: self._actions.begin(connection, prepared, updated_at=at)
            )

        await actions.until_stored(attempt)
        await self._announce()

    async def _roll_back(self, caller: tokens.Caller, identity: StackIdentity) -> None:
        """Supersede a running update by the way back."""

        async def attempt() -> None:
            stack = await self._stack(caller, identity)
            if (stack.action, stack.status) != (Action.UPDATE, Status.IN_PROGRESS):
                raise NotSupported(f"Cancelling update when stack is {to_wire(stack.action, stack.status)}")
            target = stack.previous_definition_id or actions.NOTHING
            built = await self._definitions.blueprint(target, stack) if target != actions.NOTHING else None
            prepared = await self._actions.prepare(stack, Action.ROLLBACK, built, target)
            change = Change.DELETE if target == actions.NOTHING else Change.CANCEL
            await self._holding.change(
                caller, stack, change, lambda connection: self._actions.begin(connection, prepared)
            )

        await actions.until_stored(attempt)
        await self._announce()

    async def _cancel(self, caller: tokens.Caller, stack: StackRow) -> None:
        def stop(connection: sa.Connection) -> None:
            present = stacks.by_id(connection, stack.id)
            if present is None:
                raise NotFound("Stack", stack.name)
            action, status = present.action, present.status
            if status is not Status.IN_PROGRESS or action not in (Action.CREATE, Action.UPDATE):
                raise NotSupported(f"Cancelling {action} when stack is {to_wire(action, status)}")
            failure = modes.cancelled(present, action)
            ending.stop_tree(connection, self._context, present, failure, "user triggered cancel")

        await self._holding.change(caller, stack, Change.CANCEL, stop)
        await self._context.wakeups.publish(runner.STOP_TOPIC, {})
        await self._announce()

    async def restore_snapshot(self, caller: tokens.Caller, identity: StackIdentity, snapshot_id: str) -> None:
        """Begin to bring a stack back to what it was when a snapshot was taken."""

        async def attempt() -> None:
            stack = await self._changeable(caller, identity)
            material = await self._snapshots.restoring(stack, snapshot_id)
            built = (await self._acceptance.checked(caller, material, definitions.surroundings(stack))).built
            material = dataclasses.replace(material, template=built.template.raw, files=built.files)
            definition_id, stack.description = self._context.new_id(), built.template.description
            columns = {"definition_id": definition_id, "description": stack.description}
            await self._authority.take_over(caller, stack)
            prepared = await self._actions.prepare(stack, Action.RESTORE, built, definition_id)
            self._definitions.keep(definition_id, built)
            more = {**columns, "updated_at": self._context.now()}
            await self._holding.change(
                caller,
                stack,
                Change.ALTER,
                lambda connection: self._store_update(connection, caller, prepared, material, more),
            )

        await actions.until_stored(attempt)
        await self._announce()

    async def abandon_stack(self, caller: tokens.Caller, identity: StackIdentity) -> dict[str, Any]:
        """Forget a stack and leave everything it made where it is; the document by which it can be adopted.

        Raises:
            ActionInProgress: it, or a stack in it, is busy, so nobody can say what there is.
        """
        self._need_abandon()

        async def attempt() -> dict[str, Any]:
            stack = await self._changeable(caller, identity, Change.TAKE_AWAY)
            waived = Waivers(of_all=Waiver.ABANDON)
            prepared = await self._actions.prepare(stack, Action.DELETE, None, actions.NOTHING, waived=waived)
            at = self._context.now()
            return await self._holding.change(
                caller,
                stack,
                Change.TAKE_AWAY,
                lambda connection: self._store_abandoned(connection, prepared, at),
            )

        document = await actions.until_stored(attempt)
        await self._announce()
        return document

    def _need_abandon(self) -> None:
        if not self._context.settings.enable_stack_abandon:
            raise NotSupported("Stack Abandon", "Whoever runs this service can allow it (enable_stack_abandon).")

    def _store_abandoned(self, connection: sa.Connection, prepared: actions.Prepared, at: float) -> dict[str, Any]:
        codec, stack = self._store.codec, prepared.stack
        busy = adoption.busy_in_tree(connection, stack)
        if busy is not None:
            raise ActionInProgress(busy.name, busy.action)
        document = adoption.document(connection, codec, stack.id)
        for row in snapshot_rows.of_stack(connection, codec, stack.id):
            why, waiver = parting.ABANDONED, Waiver.ABANDON
            left = forcing.copies(connection, self._context, self._definitions, stack, row, why, waiver)
            orphans.insert(connection, codec, left)
        snapshot_rows.forget(connection, stack.id)
        self._actions.begin(connection, prepared, updated_at=at)
        return document

    async def _announce(self) -> None:
        message: bus.Message = {}
        await self._context.wakeups.offer(runner.WAKE_TOPIC, message)
