"""One step: what an engine does for one claimed node, from its claim to the move that ends it.

`perform` returns the last move of a node (or one after which it pauses, `Then.STAY`), or None when the step goes on by
itself (it waits for the cloud or for a nested stack) or has been lost to somebody else. Moves in between are committed
here, each before what depends on it: the intent before the remote call, the physical id right after it. Where a process
dies in between, the next one finds the phase in the node and goes on from there: INTENDED asks the type to `find` what
the lost call may have made.

Types that make nothing outside the store (`external` is False) need neither: their step is one move.
"""

import dataclasses
import logging
import random
from collections.abc import Callable
from typing import Any, Protocol

from hearth.cloud import errors as cloud_errors
from hearth.engine import (
    adoption,
    committer,
    context,
    hooks,
    judge,
    launch,
    lookups,
    run,
    scope,
    signals,
    snapshots,
)
from hearth.model import names, plan
from hearth.model.errors import HearthError
from hearth.model.names import new_id
from hearth.model.states import Action, Status
from hearth.resources import checking, contract, failures
from hearth.resources.blueprint import Member
from hearth.store.rows import EventRow, Node, Phase, ResourceRow
from hearth.store.traversals import Move, Then
from hearth.template import template

log = logging.getLogger(__name__)

CHANGED = "state changed"
#: Marks in a row's private data whether a copy of its object was made before the deletion.
COPIED = "copied"
#: Seconds after which a resource that listens is looked at again in any case.
LONGEST_PAUSE = 3600.0


@dataclasses.dataclass(slots=True)
class Step:
    """A node at work. `row` follows the committed state; `action` is the resource action under way."""

    node: Node
    run: run.Run
    row: ResourceRow
    kind: contract.Resource | None
    action: Action = Action.CREATE
    call: contract.Call | None = None
    values: contract.Values | None = None
    frozen: contract.Values | None = None
    metadata: Any = None
    pending: dict[str, Any] = dataclasses.field(default_factory=dict)  # changes not yet stored
    events: list[EventRow] = dataclasses.field(default_factory=list)  # events not yet stored
    new_row: ResourceRow | None = None  # not yet stored
    attempt: int = 0
    past_hook: bool = False  # whether the hook before its work was cleared
    pause: float = 0.0  # seconds until it is performed again, after a move that keeps the node


class Waiting(Protocol):
    """Where steps go that wait."""

    def watch(self, step: Step, after: float | None) -> None:
        """Look at the remote object until the step is settled."""

    def again(self, step: Step, after: float) -> None:
        """Perform the step again after a pause."""

    async def connect(self, step: Step) -> None:
        """Make sure that the step's stack has access to the cloud."""

    async def nest(self, step: Step, move: Move, removing: bool) -> None:
        """Store the move that parks the step, and begin the action of its nested stack, in one transaction."""

    async def child(self, step: Step) -> contract.ChildView | None:
        """The nested stack of a step's resource."""

    async def hooks(self, step: Step) -> frozenset[str]:
        """The hooks that the environment sets for the step's resource."""

    async def hear(self, step: Step) -> signals.Heard:
        """What was signalled to the resource that the step's resource listens to."""

    async def child_state(self, step: Step) -> tuple[Status, str] | None:
        """How the last action of the nested stack ended; None when there is no such stack (any more)."""


class Steps:
    """Performs steps for one engine."""

    def __init__(
        self, surroundings: context.Context, commits: committer.Committer, waiting: Waiting, jitter: Callable[[], float]
    ) -> None:
        self._context = surroundings
        self._commits = commits
        self._waiting = waiting
        self._jitter = jitter

    async def perform(self, step: Step) -> Move | None:
        """Do what the node is there for; see the module's text."""
        try:
            if step.node.phase is Phase.NONE and not step.past_hook:
                stopped = await self._stop_before(step)
                if stopped is not None:
                    return stopped
            if step.node.work is plan.Work.VISIT:
                return await self._visit(step)
            work = self._converge if step.node.work is plan.Work.CONVERGE else self._remove
            return await self._stop_after(step, await work(step))
        except committer.LeaseLost:
            return None
        except Exception as error:  # the border of a step: whatever happens becomes its outcome
            return self._outcome(step, error)

    async def settle(self, step: Step, observed: contract.Observed | None) -> Move | None:
        """Go on with a step whose remote object was looked at."""
        try:
            return await self._stop_after(step, await self._settle(step, observed))
        except committer.LeaseLost:
            return None
        except Exception as error:  # the border of a step, as above
            return self._outcome(step, error)

    # ---- hooks ----

    async def _stop_before(self, step: Step) -> Move | None:
        """The move that stops at a hook, or ends a step that had stopped after its work; None: go on."""
        row, traversal_id = step.row, step.run.traversal.id
        stop = hooks.stop_of(row, traversal_id)
        if stop is None:
            hook = hooks.before(step.run.action, step.node.work, row)
            if hook is None or hook not in await self._waiting.hooks(step):
                return None
            step.pending["data"] = hooks.marked(row, hook, traversal_id)
            step.events.append(hooks.paused(row, step.run.action, hook, self._context.now()))
            return self._move(step, Then.PARK, Phase.NONE)
        if not stop.cleared:
            return self._move(step, Then.PARK, Phase.NONE)
        row.data = step.pending["data"] = hooks.unmarked(row.data)
        step.past_hook = True
        return None if stop.is_before else self._done(step)

    async def _stop_after(self, step: Step, move: Move | None) -> Move | None:
        """The last move of a step, which a hook may keep from ending the node."""
        if move is None or move.then is not Then.DONE or not move.changes:
            return move
        done = move.changes.get("action") if move.changes.get("status") is Status.COMPLETE else None
        hook = hooks.after(step.run.action, done)
        if hook is None or hook not in await self._waiting.hooks(step):
            return move
        step.row.data = move.changes["data"] = hooks.marked(step.row, hook, step.run.traversal.id)
        told = hooks.paused(step.row, step.run.action, hook, self._context.now())
        return dataclasses.replace(move, then=Then.PARK, phase=Phase.NONE, events=[*move.events, told])

    # ---- bringing a resource to its definition ----

    async def _converge(self, step: Step) -> Move | None:
        member = step.run.member(step.row.name)
        if member is None:
            return self._done(step)
        step.kind = member.type
        if member.type.external:
            await self._waiting.connect(step)
        if step.node.phase is Phase.STARTED:
            return await self._go_on(step)
        if step.node.phase is Phase.DISCARDING:
            return await self._discard(step)
        if step.node.phase is Phase.INTENDED and step.row.action is Action.CREATE:
            step.values, step.frozen = step.row.properties or {}, step.row.frozen
            return await self._create_again(step)

        await self._wanted(step, member)
        assert step.values is not None
        row = step.row
        if adoption.is_due(row) or (row.action is Action.INIT and step.run.action is Action.ADOPT):
            return await self._create(step, member, Action.ADOPT)
        stored = row.frozen if row.frozen is not None else row.properties
        call = step.run.call(row, member.type, previous=stored, properties=step.values)
        ruling = judge.rule(
            member, row, step.run.type_of_row(row), step.values, step.metadata, call, step.run.restricted(row.name)
        )
        match ruling.verdict:
            case plan.Verdict.KEEP:
                return self._keep(step, member)
            case plan.Verdict.REFUSE:
                step.action = Action.UPDATE
                raise contract.Permanent(ruling.judgement.decision.reason, ruling.judgement.decision.error)
            case plan.Verdict.UPDATE:
                return await self._update(step, member, ruling.change)
            case plan.Verdict.REPLACE:
                self._replace(step, member)
        return await self._create(step, member)

    async def _wanted(self, step: Step, member: Member) -> None:
        """The properties as they are now that everything they need is there."""
        if member.constant:
            values, step.metadata = member.values, member.definition.metadata
        else:
            values, issues = checking.check(member.type, step.run.resolve(member.definition.properties))
            for issue in issues:
                where = ".".join(map(str, issue.path))
                raise contract.Permanent(f"Property error: {where}: {issue.message}", "StackValidationFailed")
            step.metadata = step.run.resolve(member.definition.metadata)
        step.values = values
        try:
            step.frozen = await lookups.translate(member.type, values, step.run)
        except contract.Permanent:
            # What an adopted object was once made of need not be there any more.
            if not adoption.is_due(step.row):
                raise

    def _keep(self, step: Step, member: Member) -> Move:
        changes: dict[str, Any] = {}
        if set(step.row.requires) != set(member.requires):
            changes["requires"] = list(member.requires)
        if step.row.definition_id != step.run.traversal.definition_id:
            changes["definition_id"] = step.run.traversal.definition_id
        step.pending |= changes
        return self._done(step)

    def _replace(self, step: Step, member: Member) -> None:
        """Go on with a new row; the old object is removed by its own node, after everything that used it."""
        row = launch.new_row(
            step.run.stack.id,
            step.row.name,
            member.definition.type,
            member.requires,
            step.run.traversal.definition_id,
            self._context.now(),
        )
        row.replaces = step.row.id
        step.pending.pop("data", None)  # was the former object's
        step.row.replaced_by = row.id
        step.row = step.new_row = row
        step.node.resource_id = row.id
        step.run.note([row])

    async def _create(self, step: Step, member: Member, action: Action = Action.CREATE) -> Move | None:
        """Make the resource, or take over the object that its row names (action ADOPT)."""
        kind = member.type
        self._begin(step, action)
        step.pending |= {
            "properties": step.values,
            "frozen": step.frozen,
            "metadata": step.metadata,
            "requires": list(member.requires),
            "definition_id": step.run.traversal.definition_id,
            "deletion_policy": member.definition.deletion_policy,
        }
        if member.definition.external_id is not None:
            return await self._refer(step, member.definition.external_id)
        if action is Action.ADOPT:
            if not adoption.is_due(step.row):
                raise contract.Permanent("the adopted document names no object for it", "NotFound")
            step.pending["metadata"] = step.row.metadata or step.metadata
        if kind.nests:
            await self._waiting.nest(step, self._move(step, Then.PARK, Phase.STARTED), removing=False)
            return None
        if action is Action.ADOPT:
            return await self._adopt(step)
        if kind.external:
            await self._commit(step, Phase.INTENDED)
        return await self._make(step)

    async def _adopt(self, step: Step) -> Move:
        """Take over the object that the row names; it must be there."""
        kind = self._kind(step)
        step.call = self._call(step)
        try:
            observed = await kind.observe(step.call) if kind.external else None
        except contract.Gone as gone:
            raise contract.Permanent(f"the object to adopt, {step.row.physical_id}, is not there", "NotFound") from gone
        return await self._complete(step, observed)

    async def _refer(self, step: Step, external_id: str) -> Move:
        """Take an object that somebody else made: it is looked at, never made, changed or deleted."""
        kind = self._kind(step)
        step.call = self._call(step, physical_id=external_id, data={judge.EXTERNAL: "1"})
        step.pending["physical_id"] = external_id
        observed = await kind.observe(step.call) if kind.external else None
        return await self._complete(step, observed)

    async def _create_again(self, step: Step) -> Move | None:
        """After a crash or a doubtful answer: take what the lost call made, or make it now."""
        kind = self._kind(step)
        step.action = Action.CREATE
        step.call = self._call(step)
        found = await kind.find(step.call) if kind.findable else None
        if found is None:
            return await self._make(step)
        log.info("Resource %s: found what an interrupted create had made (%s)", step.row.name, found)
        return await self._made(step, found)

    async def _make(self, step: Step) -> Move | None:
        kind = self._kind(step)
        step.call = self._call(step)
        physical_id = await kind.create(step.call)
        return await self._made(step, physical_id)

    async def _made(self, step: Step, physical_id: str | None) -> Move | None:
        kind, call = self._kind(step), step.call
        assert call is not None
        call.physical_id = physical_id
        step.pending |= {"physical_id": physical_id, "data": call.data}
        if kind.external:
            await self._commit(step, Phase.STARTED)
        return await self._first_look(step)

    async def _discard(self, step: Step) -> Move | None:
        """Remove an object that came out in error, so that another can be made in its place."""
        kind = self._kind(step)
        step.action = Action.CREATE
        step.call = self._call(step)
        step.call.action = Action.DELETE
        try:
            await kind.delete(step.call)
        except contract.Gone:
            return self._discarded(step)
        if Action.DELETE not in kind.waits_on:
            return self._discarded(step)
        self._waiting.watch(step, None)
        return None

    def _discarded(self, step: Step) -> Move:
        """The object is gone: after a pause its creation goes on as after a crash."""
        step.attempt = 0
        step.pending = {"physical_id": None, "data": {}}
        step.events.append(self._event(step, Status.IN_PROGRESS, step.row.reason))
        step.pause = self._backoff(step.node.attempt)
        return self._move(step, Then.STAY, Phase.INTENDED)

    async def _update(self, step: Step, member: Member, change: contract.Change) -> Move | None:
        kind = member.type
        self._begin(step, Action.UPDATE)
        if kind.nests:
            step.pending |= self._settled_definition(step, member)
            await self._waiting.nest(step, self._move(step, Then.PARK, Phase.STARTED), removing=False)
            return None
        if kind.external:
            await self._commit(step, Phase.INTENDED)
        previous = step.row.frozen if step.row.frozen is not None else step.row.properties
        frozen = step.frozen if step.frozen is not None else step.values
        assert frozen is not None
        changed = {key: frozen.get(key) for key in change.properties}
        step.call = self._call(step, previous=previous)
        try:
            new_id_of_it = await kind.update(step.call, dataclasses.replace(change, properties=changed))
        except contract.NeedsReplacement:
            self._replace(step, member)
            return await self._create(step, member)
        except contract.Gone:
            self._replace(step, member)
            return await self._create(step, member)
        step.pending |= self._settled_definition(step, member)
        step.pending["data"] = step.call.data
        if new_id_of_it is not None:
            step.pending["physical_id"] = step.call.physical_id = new_id_of_it
        if kind.external:
            await self._commit(step, Phase.STARTED)
        return await self._first_look(step)

    def _settled_definition(self, step: Step, member: Member) -> dict[str, Any]:
        metadata = step.metadata
        if judge.same_metadata(step.row, metadata):
            metadata = step.row.metadata  # with what signals brought
        return {
            "properties": step.values,
            "frozen": step.frozen,
            "metadata": metadata,
            "requires": list(member.requires),
            "definition_id": step.run.traversal.definition_id,
            "deletion_policy": member.definition.deletion_policy,
        }

    # ---- waiting until it is done ----

    async def _go_on(self, step: Step) -> Move | None:
        """Claimed in the middle: the remote side had accepted the work."""
        step.action = step.row.action
        if self._kind(step).nests:
            return await self._child_ended(step)
        step.call = self._copying_call(step) if self._copies_first(step) else self._call(step)
        return await self._first_look(step)

    async def _first_look(self, step: Step) -> Move | None:
        kind, call = self._kind(step), step.call
        assert call is not None
        if step.action not in kind.waits_on:
            return await self._complete(step, None)
        if kind.external:
            self._waiting.watch(step, None)
            return None
        return await self._settle(step, None)

    async def _settle(self, step: Step, observed: contract.Observed | None) -> Move | None:
        kind, call = self._kind(step), step.call
        assert call is not None
        call.now = self._context.now()
        before = dict(call.data)
        if step.node.phase is Phase.DISCARDING:
            wait = None if observed is None else await kind.settle(call, observed)
            if wait is None:
                return self._discarded(step)
            self._waiting.watch(step, wait.after)
            return None
        copying = step.action is Action.DELETE and call.action is Action.SNAPSHOT
        if observed is None and kind.external:
            if step.action is Action.DELETE:
                return await (self._delete(step) if copying else self._complete(step, None))
            raise contract.Permanent("it disappeared while it was being made ready", "NotFound")
        heard = await self._waiting.hear(step) if kind.hears is not None else None
        if heard is not None:
            call.heard = heard.metadata
        wait = await kind.settle(call, observed)
        if wait is None and copying:
            step.pending["data"] = {**call.data, COPIED: "yes"}
            await self._commit(step, Phase.INTENDED)
            return await self._delete(step)
        if wait is None:
            return await self._complete(step, observed)
        if heard is not None:
            return self._listen(step, heard, wait)
        if not kind.external:
            # Only time can settle it: one move stores how far it is, and it is performed again afterwards.
            step.pending["data"] = call.data
            step.pause = wait.after or 0.0
            return self._move(step, Then.STAY, Phase.STARTED)
        if call.data != before or step.pending:
            step.pending["data"] = call.data
            await self._commit(step, Phase.STARTED)
        self._waiting.watch(step, wait.after)
        return None

    def _listen(self, step: Step, heard: signals.Heard, wait: contract.Wait) -> Move:
        """Pause until a signal comes, or time has passed. Nobody holds the node meanwhile."""
        assert step.call is not None
        step.pending["data"] = step.call.data
        step.pause = min(one for one in (wait.after, heard.look_after, LONGEST_PAUSE) if one is not None)
        move = self._move(step, Then.PAUSE, Phase.STARTED)
        move.due_at = self._context.now() + step.pause
        move.waits_for, move.heard = heard.row_id, heard.metadata
        return move

    async def _child_ended(self, step: Step) -> Move | None:
        state = await self._waiting.child_state(step)
        step.call = self._call(step)
        if step.action is Action.DELETE:
            if state is None:
                return await self._complete(step, None)
            status, reason = state
            raise contract.Permanent(_nested_reason(reason), "ResourceFailure")
        if state is None:
            raise contract.Permanent("its nested stack disappeared", "NotFound")
        status, reason = state
        if status is not Status.COMPLETE:
            raise NestedFailure(reason)
        kind = self._kind(step)
        member = step.run.member(step.row.name)
        staged = step.node.work is plan.Work.CONVERGE and has_own(kind, "further")
        read = member is not None and member.reads
        if read and step.run.stack.credential_id is not None:
            await self._waiting.connect(step)
        if staged or read:
            step.call = self._call(step, child=await self._waiting.child(step))
        if staged:
            pause = kind.further(step.call)
            if pause is not None:
                return await self._further(step, pause)
        return await self._complete(step, None)

    async def _further(self, step: Step, pause: contract.Wait) -> Move | None:
        """The nested stack is to go on, maybe after a pause, which holds nothing: a newer action ends it at once."""
        assert step.call is not None
        step.pending["data"] = step.call.data
        if pause.after:
            step.pause = pause.after
            move = self._move(step, Then.PAUSE, Phase.STARTED)
            move.due_at = self._context.now() + pause.after
            return move
        step.values, step.frozen = step.row.properties or {}, step.row.frozen
        await self._waiting.nest(step, self._move(step, Then.PARK, Phase.STARTED), removing=False)
        return None

    async def _complete(self, step: Step, observed: contract.Observed | None) -> Move:
        call = step.call
        assert call is not None
        step.pending |= {"action": step.action, "status": Status.COMPLETE, "reason": CHANGED}
        if step.action is Action.DELETE:
            step.pending["data"] = {}
        else:
            call.data.pop(adoption.DOCUMENT, None)
            step.pending["data"] = call.data
            await self._keep_attributes(step, observed)
        step.events.append(self._event(step, Status.COMPLETE, CHANGED))
        move = self._done(step)
        if step.action is Action.DELETE and self._kind(step).hears is not None and step.run.action is not Action.DELETE:
            # What it had listened for counts no more.
            heard = await self._waiting.hear(step)
            move.also = {heard.row_id: {"metadata": None}} if heard.metadata and heard.row_id else {}
        return move

    async def _keep_attributes(self, step: Step, observed: contract.Observed | None) -> None:
        """Store what others read from this resource, so that they need not ask the cloud."""
        kind, call = self._kind(step), step.call
        member = step.run.member(step.row.name)
        assert call is not None
        reads = member.reads if member is not None else ()
        if observed is None and kind.external and not kind.nests and reads:
            observed = await kind.observe(call)
        kept: dict[str, Any] = {}
        for path in reads:
            if kind.nests:
                if path:
                    kept[scope.attribute_key(path, dynamic=True)] = await kind.attribute_path(call, path)
                continue
            for name in (path[0],) if path else tuple(kind.attributes):
                if name not in kept:
                    kept[name] = await kind.attribute(call, name, observed)
        step.pending["attributes"] = kept
        step.pending["observed"] = observed

    # ---- removing ----

    async def _remove(self, step: Step) -> Move | None:
        row = step.row
        if step.node.work is plan.Work.TIDY and row.replaced_by is None:
            return self._done(step)
        step.action = Action.DELETE
        step.kind = step.run.type_of_row(row)
        never_made = row.action is Action.INIT
        if never_made or row.deletion_policy == "Retain":
            step.pending = {"action": Action.DELETE, "status": Status.COMPLETE, "reason": CHANGED}
            if not never_made:
                step.events.append(self._event(step, Status.COMPLETE, CHANGED))
            return self._done(step)
        if row.action is Action.DELETE and row.status is Status.COMPLETE:
            return self._done(step)
        if step.kind is None:
            raise contract.Permanent(f"its type {row.type} is not known any more", "EntityNotFound")
        if step.kind.external:
            await self._waiting.connect(step)
        if step.node.phase is Phase.STARTED:
            return await self._go_on(step)
        worth_copy = step.kind.worth_snapshot(row.action, row.status)
        if row.deletion_policy == "Snapshot" and step.node.phase is Phase.NONE and not worth_copy:
            step.pending["data"] = {**row.data, COPIED: "no"}
        self._begin(step, Action.DELETE)
        if step.kind.nests:
            await self._waiting.nest(step, self._move(step, Then.PARK, Phase.STARTED), removing=True)
            return None
        if step.kind.external:
            await self._commit(step, Phase.INTENDED)
        return await (self._copy(step) if self._copies_first(step) else self._delete(step))

    def _copies_first(self, step: Step) -> bool:
        """Whether a copy is to be made before the object is deleted, and has not been made."""
        row, kind = step.row, self._kind(step)
        wanted = step.action is Action.DELETE and row.deletion_policy == "Snapshot" and kind.snapshot_deletion_policy
        return wanted and row.physical_id is not None and COPIED not in row.data

    def _copying_call(self, step: Step) -> contract.Call:
        call = self._call(step)
        call.action = Action.SNAPSHOT
        call.snapshot_name = snapshots.copy_name(call.physical_name, "kept")
        return call

    async def _copy(self, step: Step) -> Move | None:
        """Make the copy that stays behind. Its end is recorded before the deletion begins."""
        kind = self._kind(step)
        step.call = self._copying_call(step)
        try:
            await kind.snapshot(step.call)
        except contract.Gone:
            return await self._delete(step)
        step.pending["data"] = step.call.data
        await self._commit(step, Phase.STARTED)
        return await self._first_look(step)

    async def _delete(self, step: Step) -> Move | None:
        row = step.row
        assert step.kind is not None
        step.call = self._call(step)
        if row.physical_id is None and step.kind.external and step.kind.findable:
            # A create whose answer never came may have made it all the same.
            step.call.physical_id = await step.kind.find(step.call)
        if step.call.physical_id is not None or not step.kind.external:
            try:
                await step.kind.delete(step.call)
            except contract.Gone:
                return await self._complete(step, None)
            if step.kind.external and step.action in step.kind.waits_on:
                await self._commit(step, Phase.STARTED)
            return await self._first_look(step)
        return await self._complete(step, None)

    # ---- suspending, resuming, checking what is there ----

    async def _visit(self, step: Step) -> Move | None:
        row, action = step.row, step.run.action
        step.action = action
        step.kind = kind = step.run.type_of_row(row)
        if row.data.get(judge.EXTERNAL) and action is not Action.CHECK:
            return self._done(step)
        if kind is None:
            raise contract.Permanent(f"its type {row.type} is not known any more", "EntityNotFound")
        if action is Action.SNAPSHOT and not snapshots.has_copy(kind, row):
            return self._note_snapshot(step)
        if kind.external:
            await self._waiting.connect(step)
        if step.node.phase is Phase.STARTED:
            return await self._go_on(step)
        if step.node.phase is Phase.NONE and not _may_be_visited(row, action):
            if action is not Action.CHECK:
                raise contract.Permanent(f"State ({row.action}, {row.status}) invalid for {action.lower()}", "Error")
            if not kind.supports_check:
                return self._done(step)
            self._begin(step, action)
            raise contract.Permanent("there is nothing to check: it has not been made", "ResourceNotAvailable")
        self._begin(step, action)
        if kind.nests:
            await self._waiting.nest(step, self._move(step, Then.PARK, Phase.STARTED), removing=False)
            return None
        if action is Action.CHECK and not kind.supports_check:
            reason = f"CHECK not supported for {row.type}"
            step.pending |= {"action": action, "status": Status.COMPLETE, "reason": reason}
            step.events.append(self._event(step, Status.COMPLETE, reason))
            return self._done(step)
        if kind.external:
            await self._commit(step, Phase.INTENDED)
        step.call = self._call(step)
        match action:
            case Action.SUSPEND:
                await kind.suspend(step.call)
            case Action.RESUME:
                await kind.resume(step.call)
            case Action.SNAPSHOT:
                await kind.snapshot(step.call)
                step.pending["data"] = step.call.data
            case _:
                await kind.check(step.call)
        if kind.external and action in kind.waits_on:
            await self._commit(step, Phase.STARTED)
        return await self._first_look(step)

    def _note_snapshot(self, step: Step) -> Move:
        """What has nothing to copy is only told of. A failure stays in sight: the next update still has to heal it."""
        if snapshots.is_taken(step.row):
            self._begin(step, Action.SNAPSHOT)
            step.pending |= {"status": Status.COMPLETE}
            step.events.append(self._event(step, Status.COMPLETE, CHANGED))
        return self._done(step)

    # ---- outcomes ----

    def _outcome(self, step: Step, error: Exception) -> Move | None:
        """What an error means for the step: tried again, or failed."""
        failure = _as_failure(error)
        settings = self._context.settings
        if isinstance(failure, contract.Temporary) and step.attempt < settings.temporary_retry_limit:
            step.attempt += 1
            pause = failure.after if failure.after is not None else self._backoff(step.attempt)
            log.info("Resource %s: %s; trying again in %.1f s", step.row.name, failure, pause)
            step.pending, step.events = {}, []
            self._waiting.again(step, pause)
            return None
        kind = getattr(failure, "kind", "ResourceFailure")
        if isinstance(failure, NestedFailure):
            reason = failure.reason(step.row.name)
        else:
            reason = f"{kind}: resources.{step.row.name}: {failure}"
        creating = step.action is Action.CREATE and step.node.phase is Phase.STARTED
        if isinstance(failure, contract.InError) and creating and step.node.attempt < settings.action_retry_limit:
            return self._make_another(step, reason)
        if step.node.phase is Phase.DISCARDING:
            reason = f"{step.row.reason}; it could not be removed to make another: {failure}"
        if not isinstance(failure, (contract.ResourceFailure, NestedFailure)):
            log.error("Resource %s failed by a defect", step.row.name, exc_info=error)
        began = (
            step.node.work is plan.Work.VISIT
            or step.row.action is not Action.INIT
            or step.pending.get("action") is not None
        )
        action = step.action if began else Action.CREATE
        step.action = action
        if step.call is not None and action is not Action.DELETE:
            step.pending["data"] = step.call.data
            if step.call.physical_id is not None and step.row.physical_id is None:
                # The object was made before something else of its creation failed: it must be found again.
                step.pending["physical_id"] = step.call.physical_id
        step.pending |= {"action": action, "status": Status.FAILED, "reason": reason}
        if step.kind is not None and action is Action.UPDATE:
            step.pending.pop("properties", None)
            step.pending.pop("frozen", None)
        step.events.append(self._event(step, Status.FAILED, reason))
        if step.node.work is plan.Work.VISIT and action is Action.CHECK:
            # A check tells of everything that is wrong, so it goes on with whatever does not depend on this.
            move = self._move(step, Then.SKIP, step.node.phase)
            move.failure = f"{step.row.name}: {reason}"
            return move
        move = self._move(step, Then.FAIL, step.node.phase)
        move.failure = f"Resource {action} failed: {reason}"
        return move

    def _make_another(self, step: Step, reason: str) -> Move:
        """The object is in error: tell so, and go on with discarding it."""
        limit = self._context.settings.action_retry_limit
        step.node.attempt += 1
        log.warning("Resource %s: %s; making another, %d of %d", step.row.name, reason, step.node.attempt, limit)
        step.events.append(self._event(step, Status.FAILED, reason))
        step.pending |= {"reason": reason}
        step.pause = 0.0
        return self._move(step, Then.STAY, Phase.DISCARDING)

    def _backoff(self, attempt: int) -> float:
        """Seconds before an attempt after the first: 1 to 3, twice as long each time, not the same for all."""
        return 2.0 ** (attempt - 1) + 2 * self._jitter()

    def _begin(self, step: Step, action: Action) -> None:
        step.action = action
        already = step.row.action is action and step.row.status is Status.IN_PROGRESS
        step.pending |= {"action": action, "status": Status.IN_PROGRESS, "reason": CHANGED}
        if not already:
            step.events.append(self._event(step, Status.IN_PROGRESS, CHANGED))

    def _done(self, step: Step) -> Move:
        return self._move(step, Then.DONE, step.node.phase)

    async def _commit(self, step: Step, phase: Phase) -> None:
        """Make what has been gathered durable and go on."""
        move = self._move(step, Then.STAY, phase)
        await self._commits.commit(move)
        step.node.phase = phase

    def _move(self, step: Step, then: Then, phase: Phase) -> Move:
        """Everything gathered so far as one move; the row in memory follows it."""
        changes, row = step.pending, step.row
        if changes:
            changes["updated_at"] = self._context.now()
            for name, value in changes.items():
                setattr(row, name, value)
        move = Move(
            step.node,
            then,
            phase,
            changes or None,
            secret=bool(step.run.blueprint and step.run.blueprint.has_secrets),
            events=step.events,
            new_row=step.new_row,
        )
        step.pending, step.events, step.new_row = {}, [], None
        return move

    def _call(self, step: Step, **over: Any) -> contract.Call:
        kind = self._kind(step)
        values = step.frozen if step.frozen is not None else step.values
        if values is not None:
            over.setdefault("properties", values)
        if step.action is Action.SNAPSHOT:
            physical_name = names.physical_name(step.run.stack.name, step.row.name, step.row.id, kind.name_limit)
            over["snapshot_name"] = snapshots.copy_name(physical_name, step.run.traversal.id)
        return step.run.call(step.row, kind, action=step.action, metadata=step.metadata or step.row.metadata, **over)

    def _event(self, step: Step, status: Status, reason: str) -> EventRow:
        return EventRow(
            stack_id=step.row.stack_id,
            resource_name=step.row.name,
            resource_type=step.row.type,
            physical_id=step.pending.get("physical_id", step.row.physical_id),
            action=step.action,
            status=status,
            reason=reason,
            at=self._context.now(),
            id=new_id(),
        )

    @staticmethod
    def _kind(step: Step) -> contract.Resource:
        assert step.kind is not None
        return step.kind


def has_own(kind: contract.Resource, verb: str) -> bool:
    """Whether a type does something in a verb."""
    return getattr(type(kind), verb) is not getattr(contract.Resource, verb)


def _may_be_visited(row: ResourceRow, action: Action) -> bool:
    """Spec: lifecycle facts, section 1, states in which each action is valid."""
    match action:
        case Action.SUSPEND:
            return row.action is Action.SUSPEND or (
                row.status is Status.COMPLETE and row.action not in (Action.INIT, Action.DELETE)
            )
        case Action.RESUME:
            return (row.action, row.status) in (
                (Action.SUSPEND, Status.COMPLETE),
                (Action.RESUME, Status.FAILED),
                (Action.RESUME, Status.COMPLETE),
            )
        case _:
            return row.action is not Action.INIT and row.physical_id is not None


class NestedFailure(Exception):
    """A nested stack failed; the path to the cause grows by the owner's name."""

    def __init__(self, child_reason: str) -> None:
        super().__init__(child_reason)
        self.child_reason = child_reason

    def reason(self, name: str) -> str:
        """The reason as the owner's: `Kind: resources.owner.resources.inner: ...`."""
        text = _nested_reason(self.child_reason)
        kind, _, rest = text.partition(": ")
        if rest.startswith("resources."):
            return f"{kind}: resources.{name}.{rest}"
        return f"ResourceFailure: resources.{name}: {text}"


def _nested_reason(reason: str) -> str:
    """A stack's reason without the words before the cause."""
    _, found, rest = reason.partition(" failed: ")
    return rest if found else reason


def _as_failure(error: Exception) -> Exception:
    """An error of a library as one of the contract's, so that one policy decides."""
    if isinstance(error, cloud_errors.CloudError):
        try:
            with failures.sorted_out(creating=True):
                raise error
        except contract.ResourceFailure as failure:
            return failure
    if isinstance(error, (template.FunctionError, HearthError)):
        return contract.Permanent(str(error), getattr(error, "kind", "StackValidationFailed"))
    return error


def default_jitter() -> float:
    """Between 0 and 1, so that retries of many do not come together."""
    return random.random()
