"""The end of a traversal: the stack's state, the wake-up of its parent, rollback, deletion, timeouts.

Every path ends in one transaction that first makes sure the traversal is still the stack's present one, so that it may
be run again by anybody after a crash.
"""

import asyncio
import functools
import logging
from collections.abc import Iterable
from typing import Any, Protocol

import sqlalchemy as sa

from hearth.cloud import errors as cloud_errors
from hearth.engine import (
    actions,
    adoption,
    authority,
    context,
    definitions,
    forcing,
    hooks,
    modes,
    notifying,
    parting,
    run,
    stack_users,
)
from hearth.engine.step import CHANGED
from hearth.model.holds import Kind
from hearth.model.names import new_id
from hearth.model.states import Action, Status
from hearth.model.waivers import NONE as NOTHING_WAIVED
from hearth.model.waivers import Waiver, Waivers
from hearth.store import (
    Unavailable,
    endings,
    events,
    holds,
    locks,
    orphans,
    resources,
    sinks,
    snapshots,
    software,
    stacks,
    traversals,
)
from hearth.store import drift as drift_rows
from hearth.store.rows import EventRow, OrphanRow, ResourceRow, StackRow, TraversalRow
from hearth.telemetry import spans

log = logging.getLogger(__name__)

NOTHING = actions.NOTHING
#: A failure of these is undone when the stack asks for it.
UNDONE = frozenset({Action.CREATE, Action.UPDATE, Action.ADOPT, Action.RESTORE})
#: Actions whose success makes the present definition the one to come back to.
DEFINING = UNDONE | {Action.ROLLBACK}
#: Why a resource has failed whose action was left to a newer one, which failed before it came to it.
SUPERSEDED = "a newer action has begun"
#: Failed resources that a reason names.
_NAMED = 5


#: Added to the reason of a failure that would have been undone by removing everything.
NOT_UNDONE = " (not rolled back: the stack is protected from deletion)"


def _way_back(stack: StackRow, traversal: TraversalRow) -> str:
    """The definition that a failed action is undone to."""
    if traversal.action in (Action.CREATE, Action.ADOPT):
        return NOTHING
    return stack.previous_definition_id or NOTHING


def _is_gone(stack: StackRow, traversal: TraversalRow) -> bool:
    """Whether nothing is left of a stack once this has been accomplished."""
    return modes.is_gone(stack, traversal.action, emptied=traversal.definition_id == NOTHING)


class Host(Protocol):
    """The engine that ends traversals."""

    id: str

    def hand_over(self, advanced: traversals.Advanced) -> None:
        """Go on with what a transaction claimed or ended."""

    def adopt(self, working: run.Run) -> None:
        """Keep the working memory of a traversal just begun."""

    def capacity(self) -> int:
        """How many more nodes it can hold."""


class Ending:
    """Ends traversals for one engine."""

    def __init__(
        self, surroundings: context.Context, kept: definitions.Definitions, owners: authority.Authority, host: Host
    ) -> None:
        self._context = surroundings
        self._definitions = kept
        self._authority = owners
        self._users = stack_users.StackUsers(surroundings)
        self._host = host
        self._actions = actions.Actions(surroundings, kept)

    async def end(self, traversal: TraversalRow) -> None:
        """Bring the stack of a traversal that has nothing left to do to its state."""

        def query(connection: sa.Connection) -> tuple[StackRow | None, TraversalRow | None]:
            return stacks.by_id(connection, traversal.stack_id), traversals.by_id(connection, traversal.id)

        stack, latest = await self._context.store.read(query)
        if stack is None or stack.traversal_id != traversal.id or stack.status is not Status.IN_PROGRESS:
            return
        failure = latest.failure if latest else None
        if failure is not None and self._is_undone(stack, traversal, failure):
            target = _way_back(stack, traversal)
            if target == NOTHING and await self._context.store.read(lambda c: self._is_protected(c, stack)):
                failure += NOT_UNDONE
            else:
                try:
                    await self._roll_back(stack, traversal, failure, target)
                    self._tell(stack, traversal, failed=True)
                    return
                except Unavailable:
                    raise  # it is tried again when the store can be written
                except Exception as error:  # the border of a definition that was good once: the stack must end even so
                    log.error("The rollback of stack %s cannot begin", stack.name, exc_info=error)
                    failure = f"{failure}; the rollback could not begin: {type(error).__name__}: {error}"
        deleted = failure is None and _is_gone(stack, traversal)
        if deleted and await self._context.store.read(lambda connection: snapshots.is_left(connection, stack.id)):
            return  # the removal of the last one ends it
        if deleted and stack.owner_id is None:
            failure = await self._forget_owner(stack, traversal)
            if failure is not None and forcing.is_forced(traversal):
                await self._leave_project(stack, failure)
                failure = None
        advanced = await self._context.store.write(
            lambda connection: self._close(connection, stack, traversal, failure), [stack.id]
        )
        self._tell(stack, traversal, failed=failure is not None)
        if failure is None:
            self._forget_blueprints(stack, traversal)
        self._host.hand_over(advanced)

    def _tell(self, stack: StackRow, traversal: TraversalRow, *, failed: bool) -> None:
        """For traces: the action has ended, whichever process it began in."""
        if traversal.trail is not None:
            spans.tell(
                traversal.trail.traceparent,
                traversal.trail.parent,
                f"stack {traversal.action}",
                traversal.created_at,
                self._context.now(),
                {"hearth.stack": stack.id, "hearth.project": stack.project_id, "hearth.action": traversal.action.value},
                failed=failed,
            )

    async def _forget_owner(self, stack: StackRow, traversal: TraversalRow) -> str | None:
        """Remove what a root stack had in Keystone, within the action's time; why that failed."""
        left = None if traversal.deadline is None else max(0.0, traversal.deadline - self._context.now())
        try:
            async with asyncio.timeout(left):
                # What an abandoned stack made stays, its users included.
                if traversal.waivers.of_all is not Waiver.ABANDON:
                    await self._users.forget(stack)
        except cloud_errors.CloudError as error:
            return f"Error deleting project: {error}"
        except TimeoutError:
            return modes.timed_out(stack, traversal.action)
        if await self._context.store.read(functools.partial(sinks.is_kept, stack_id=stack.id)):
            return None  # its last events are brought with it, and it is taken back after them
        try:
            async with asyncio.timeout(left):
                await self._authority.revoke(stack)
        except (cloud_errors.CloudError, TimeoutError) as error:
            log.warning("The trust of the deleted stack %s stays behind: %s", stack.id, error)
        return None

    async def _leave_project(self, stack: StackRow, failure: str) -> None:
        """Note the project of the stack's users, which could not be removed, as an orphan."""
        codec, project_id = self._context.store.codec, stack.stack_user_project_id or ""
        left = OrphanRow(
            id=self._context.new_id(),
            project_id=stack.project_id,
            stack_id=stack.id,
            stack_name=stack.name,
            path="(users of the stack)",
            type="OS::Keystone::Project",
            physical_id=project_id,
            physical_name=f"{stack.project_id}-{stack.id}",
            cause=parting.CAUSES[Waiver.FORCE],
            reason=failure,
            region=None,
            at=self._context.now(),
            secret={"row_id": stack.id, "data": {}, "properties": {}},
        )
        await self._context.store.write(lambda connection: orphans.insert(connection, codec, [left]))

    def _forget_blueprints(self, stack: StackRow, traversal: TraversalRow) -> None:
        """Let go of what is hardly asked for again; a large stack's blueprint is the largest thing in memory."""
        past = {stack.previous_definition_id, stack.definition_id}
        if traversal.action is not Action.DELETE:
            past.discard(traversal.definition_id)
        for definition_id in past - {None}:
            self._definitions.forget(definition_id or "")

    def _is_undone(self, stack: StackRow, traversal: TraversalRow, failure: str) -> bool:
        return (
            not stack.disable_rollback
            and stack.owner_id is None
            and traversal.action in UNDONE
            and failure != modes.cancelled(stack, traversal.action)
        )

    def _is_protected(self, connection: sa.Connection, stack: StackRow) -> bool:
        return Kind.PROTECTION in holds.of_root(connection, stack.id, self._context.now())

    def _close(
        self, connection: sa.Connection, stack: StackRow, traversal: TraversalRow, failure: str | None
    ) -> traversals.Advanced:
        advanced = traversals.Advanced()
        present = stacks.by_id(connection, stack.id)
        if present is None or present.traversal_id != traversal.id or present.status is not Status.IN_PROGRESS:
            return advanced  # somebody else has ended it, or a newer action has begun
        codec, now, action = self._context.store.codec, self._context.now(), traversal.action
        status = Status.COMPLETE if failure is None else Status.FAILED
        reason = self._reason(connection, stack, action, failure)
        if failure is None and traversal.definition_id == NOTHING and actions.has_no_way_back(stack, action):
            reason += (
                ": there was nothing to go back to, as the stack was never complete, so all its resources were removed"
            )
        columns: dict[str, Any] = {"status": status, "reason": reason}
        if failure is None and action in DEFINING:
            if action is Action.ROLLBACK and traversal.definition_id != NOTHING:
                columns["definition_id"] = traversal.definition_id
            columns["previous_definition_id"] = columns.get("definition_id", present.definition_id)
        stacks.update(connection, stack.id, **columns)
        events.insert(connection, codec, [actions.stack_event(stack, action, status, reason, now)])
        notifying.of_state(connection, self._context, present, action, status, reason)
        log.info("Stack %s (%s): %s %s", stack.name, stack.id, action, status)
        if action is Action.SNAPSHOT:
            document = adoption.document(connection, codec, stack.id)
            snapshots.finish(connection, codec, traversal.id, status, reason, document)
        if action is not Action.CREATE:  # which comes first, and has nothing to clear away
            self._clear(connection, stack, traversal, failure)
        if stack.owner_resource_id is not None:
            notifying.end_of_scaling(connection, self._context, present, status, reason)
            traversals.unpark(connection, stack.owner_resource_id, self._host.id, self._host.capacity(), advanced)
        holds.end_idle_pause(connection, stack.root_id)
        if not stack.convergence:
            locks.release(connection, stack.root_id)
        return advanced

    def _clear(self, connection: sa.Connection, stack: StackRow, traversal: TraversalRow, failure: str | None) -> None:
        if failure is None:
            resources.delete_removed(connection, stack.id)
            if traversal.action is Action.UPDATE:
                drift_rows.forget_done(connection, stack.id)
            if _is_gone(stack, traversal):
                self._bury(connection, stack, self._context.now())
        # What a newer action need not have waited for, and did not come to.
        left = resources.in_progress(connection, self._context.store.codec, stack.id)
        _give_up(connection, self._context, left, SUPERSEDED)
        endings.forget(connection, stack.id, but=traversal.id)

    def _reason(self, connection: sa.Connection, stack: StackRow, action: Action, failure: str | None) -> str:
        if failure is None:
            reason = f"Stack {action} completed successfully"
        elif action is Action.CHECK and failure not in (modes.timed_out(stack, action), modes.cancelled(stack, action)):
            reason = f"Resource CHECK failed: {failure}"
        else:
            reason = modes.failed(stack, action, failure)
        if failure is not None and action is Action.ROLLBACK and stack.owner_id is None:
            reason += self._way_on(connection, stack)
        if action is Action.CHECK and resources.any_reason(connection, stack.id, "CHECK not supported for "):
            reason += ". 'CHECK' not fully supported (see resources)"
        return reason

    def _way_on(self, connection: sa.Connection, stack: StackRow) -> str:
        """What stands in the way of a rollback that failed, and how it goes on."""
        rows = resources.by_stack(connection, self._context.store.codec, stack.id)
        failed = {
            row.name: "retain" if row.action is Action.DELETE else "skip" for row in rows if row.status is Status.FAILED
        }
        some = sorted(failed)[:_NAMED]
        more = "" if len(some) == len(failed) else ", ..."
        them = "it" if len(some) < 2 else "them"
        waived = " ".join(f"--{failed[name]} {name}" for name in some) or "--skip RESOURCE"
        return (
            f". Unfinished: {', '.join(some) or 'RESOURCE'}{more}. Go on by `hearth stack retry {stack.name}`, "
            f"or without {them} by `hearth stack continue {stack.name} {waived}`{more} (or --force)"
        )

    def _bury(self, connection: sa.Connection, stack: StackRow, now: float) -> None:
        stacks.mark_deleted(connection, stack.id, now)
        holds.forget(connection, stack.id)
        drift_rows.forget(connection, stack.id)
        resources.delete(connection, resources.ids_of_stack(connection, stack.id))

    async def _roll_back(self, stack: StackRow, traversal: TraversalRow, failure: str, target: str) -> None:
        """Begin the way back to the previous definition, or to nothing when a creation failed."""
        blueprint = await self._definitions.blueprint(target, stack) if target != NOTHING else None
        # What was there before it was adopted is not deleted.
        waived = Waivers(of_all=Waiver.ABANDON) if traversal.action is Action.ADOPT else NOTHING_WAIVED

        async def attempt() -> traversals.Advanced:
            present = await self._context.store.read(lambda connection: stacks.by_id(connection, stack.id))
            if present is None or present.traversal_id != traversal.id:
                return traversals.Advanced()  # a newer action has begun: it decides now
            prepared = await self._actions.prepare(present, Action.ROLLBACK, blueprint, target, waived=waived)
            advanced = await self._context.store.write(
                lambda connection: self._begin_rollback(connection, prepared, traversal, failure), [stack.id]
            )
            self._host.adopt(prepared.run)
            return advanced

        self._host.hand_over(await actions.until_stored(attempt))

    def _begin_rollback(
        self, connection: sa.Connection, prepared: actions.Prepared, failed: TraversalRow, failure: str
    ) -> traversals.Advanced:
        if prepared.traversal.definition_id == NOTHING and self._is_protected(connection, prepared.stack):
            return traversals.Advanced()  # meanwhile; the end of the failed action is taken up again
        codec, now = self._context.store.codec, self._context.now()
        lost = actions.stack_event(prepared.stack, failed.action, Status.FAILED, failure, now)
        events.insert(connection, codec, [lost])
        notifying.of_state(connection, self._context, prepared.stack, failed.action, Status.FAILED, failure)
        traversal_id = self._actions.begin(connection, prepared)
        advanced = traversals.Advanced()
        traversals.claim_of(connection, traversal_id, self._host.id, self._host.capacity(), advanced)
        advanced.ended = endings.ended(connection, [prepared.stack.id])
        return advanced

    async def time_out(self, traversal: TraversalRow) -> traversals.Advanced:
        """Stop an action that took too long: nothing more is done, what was in flight has failed. What to end then."""
        return await self._context.store.write(
            lambda connection: self._store_timeout(connection, traversal), [traversal.stack_id]
        )

    def _store_timeout(self, connection: sa.Connection, traversal: TraversalRow) -> traversals.Advanced:
        advanced = traversals.Advanced()
        stack = stacks.by_id(connection, traversal.stack_id)
        if stack is None or stack.traversal_id != traversal.id or stack.status is not Status.IN_PROGRESS:
            return advanced
        log.warning("Stack %s: %s took too long", stack.name, traversal.action)
        failure = modes.timed_out(stack, traversal.action)
        if forcing.is_forced(traversal) and stack.owner_id is None:
            forcing.let_all_go(connection, self._context, self._definitions, stack, traversal, failure)
        else:
            stop_tree(connection, self._context, stack, failure, modes.TIMED_OUT)
        advanced.ended = endings.ended(connection, [traversal.stack_id])
        return advanced


def stop_tree(
    connection: sa.Connection, surroundings: context.Context, stack: StackRow, failure: str, cause: str
) -> None:
    """Stop what a stack and all nested in it are doing: nothing more is begun, what is in flight has failed.

    `failure` becomes the reason of the stacks, `<ACTION> aborted (<cause>)` that of resources in flight. Whoever holds
    one of their nodes finds it lost; what a create may have made meanwhile is found by the removal that follows.
    """
    if stack.traversal_id is None:
        return
    codec, now = surroundings.store.codec, surroundings.now()
    in_flight = endings.abort(connection, stack.id, stack.traversal_id, failure)
    rows = resources.by_ids(connection, codec, in_flight).values()
    _give_up(connection, surroundings, rows, cause)
    software.give_up(connection, in_flight, f"Given up: {cause}", now)
    events.insert(connection, codec, hooks.abandoned(rows, stack.traversal_id, now))
    for child in stacks.children(connection, stack.id):
        if child.status is Status.IN_PROGRESS:
            stop_tree(connection, surroundings, child, failure, cause)
            stacks.update(connection, child.id, status=Status.FAILED, reason=failure)
            events.insert(connection, codec, [actions.stack_event(child, child.action, Status.FAILED, failure, now)])
            notifying.of_state(connection, surroundings, child, child.action, Status.FAILED, failure)
            notifying.end_of_scaling(connection, surroundings, child, Status.FAILED, failure)


def _give_up(connection: sa.Connection, surroundings: context.Context, rows: Iterable[ResourceRow], cause: str) -> None:
    """Let the actions of resources have failed that nobody works on any more."""
    codec, now = surroundings.store.codec, surroundings.now()
    running = [(row, _aborted(row, cause)) for row in rows if row.status is Status.IN_PROGRESS]
    changes = [(row.id, {"status": Status.FAILED, "reason": why, "updated_at": now}, False) for row, why in running]
    resources.update(connection, codec, changes)
    told = [
        EventRow(row.stack_id, row.name, row.type, row.physical_id, row.action, Status.FAILED, why, now, new_id())
        for row, why in running
    ]
    events.insert(connection, codec, told)


def _aborted(row: ResourceRow, cause: str) -> str:
    """Why a resource in flight has failed, with what it was waiting for if that was told."""
    waited = "" if row.reason in (CHANGED, "") else f"; before: {row.reason}"
    return f"{row.action} aborted ({cause}){waited}"
