"""The second half of a step: from the remote side's acceptance until the resource is as it should be.

Looks at what was made, listens to signals, goes on with nested stacks, and writes down the result. Called after every
verb, and again whenever a waiting step was looked at.
"""

import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from hearth.cloud import errors as cloud_errors
from hearth.engine import adoption, context, doubting, judge, observing, scope, signals, snapshots
from hearth.engine.failing import NestedFailure, nested_reason
from hearth.engine.recording import Recorder
from hearth.engine.step import CHANGED, Step, Waiting
from hearth.model import plan
from hearth.model.states import Action, Status
from hearth.resources import contract
from hearth.store import orphans
from hearth.store.rows import Phase
from hearth.store.traversals import Move, Then

#: Marks in a row's private data whether a copy of its object was made before the deletion.
COPIED = "copied"
#: Actions after which what was seen before says nothing any more.
CHANGING = frozenset({Action.CREATE, Action.UPDATE, Action.ADOPT, Action.ROLLBACK})
#: Seconds after which a resource that listens is looked at again in any case.
LONGEST_PAUSE = 3600.0


class Settling:
    """Brings steps to their end for one engine. `after_copy` goes on with a deletion whose copy is made."""

    after_copy: Callable[[Step], Awaitable[Move | None]]

    def __init__(self, surroundings: context.Context, record: Recorder, waiting: Waiting) -> None:
        self._context = surroundings
        self._record = record
        self._waiting = waiting

    async def go_on(self, step: Step) -> Move | None:
        """Claimed in the middle: the remote side had accepted the work."""
        step.action = step.row.action
        if step.known_kind.nests:
            return await self._child_ended(step)
        step.call = self.copying_call(step) if self.copies_first(step) else self._record.call(step)
        return await self.first_look(step)

    async def first_look(self, step: Step, observed: contract.Observed | None = None) -> Move | None:
        """Complete the step, or begin to wait. `observed`: the object, if the verb has looked at it."""
        kind, call = step.known_kind, step.call
        assert call is not None
        if step.action not in kind.waits_on:
            return await self.complete(step, observed)
        if kind.external and not kind.deploys:
            self._waiting.watch(step, None)
            return None
        return await self.settle(step, None)

    async def settle(self, step: Step, observed: contract.Observed | None) -> Move | None:
        kind, call = step.known_kind, step.call
        assert call is not None
        call.now = self._context.now()
        before = dict(call.data)
        if step.node.phase is Phase.DISCARDING:
            wait = None if observed is None else await kind.settle(call, observed)
            if wait is None:
                return self.discarded(step)
            self._waiting.watch(step, wait.after)
            return None
        copying = step.action is Action.DELETE and call.action is Action.SNAPSHOT
        if observed is None and kind.external and not kind.deploys:
            if step.action is Action.DELETE:
                return await (self.after_copy(step) if copying else self.complete(step, None))
            raise contract.Permanent("it disappeared while it was being made ready", "NotFound")
        heard = await self._waiting.hear(step) if kind.hears is not None or kind.deploys else None
        if heard is not None:
            call.heard, call.silent = heard.metadata, heard.silent
        try:
            wait = await kind.settle(call, observed)
        except contract.InError:
            raise
        except contract.Permanent:
            # What came before the failure can be read all the same: which signals, for instance.
            with contextlib.suppress(contract.ResourceFailure, cloud_errors.CloudError):
                await self._keep_attributes(step, observed)
            raise
        if wait is None and copying:
            step.pending["data"] = {**call.data, COPIED: "yes"}
            await self._record.commit(step, Phase.INTENDED)
            return await self.after_copy(step)
        if wait is None:
            return await self.complete(step, observed)
        if heard is not None:
            return self._listen(step, heard, wait)
        if not kind.external:
            # Only time can settle it: one move stores how far it is, and it is performed again afterwards.
            step.pending["data"] = call.data
            step.pause = wait.after or 0.0
            return self._record.move(step, Then.STAY, Phase.STARTED)
        after = wait.after
        if call.data != before or step.pending:
            step.pending["data"] = call.data
            await self._record.commit(step, Phase.STARTED)
            after = after or 0.0  # it went on: what comes next may be quick
        self._waiting.watch(step, after)
        return None

    def _listen(self, step: Step, heard: signals.Heard, wait: contract.Wait) -> Move:
        """Pause until a signal comes, or time has passed. Nobody holds the node meanwhile."""
        assert step.call is not None
        step.pending["data"] = step.call.data
        step.pause = min(one for one in (wait.after, heard.look_after, LONGEST_PAUSE) if one is not None)
        move = self._record.move(step, Then.PAUSE, Phase.STARTED)
        move.due_at = self._context.now() + step.pause
        move.waits_for, move.heard = heard.row_id, heard.metadata
        return move

    async def _child_ended(self, step: Step) -> Move | None:
        if step.row.status is not Status.IN_PROGRESS:
            return self._record.done(step)  # a newer action has let the resource be, or failed with it
        state = await self._waiting.child_state(step)
        step.call = self._record.call(step)
        if step.action is Action.DELETE:
            if state is None:
                return await self.complete(step, None)
            status, reason = state
            raise contract.Permanent(nested_reason(reason), "ResourceFailure")
        if state is None:
            raise contract.Permanent("its nested stack disappeared", "NotFound")
        status, reason = state
        if status is not Status.COMPLETE:
            raise NestedFailure(reason)
        kind = step.known_kind
        staged = step.node.work is plan.Work.CONVERGE and has_own(kind, "further")
        await self._look_inside(step, staged)
        if staged:
            pause = kind.further(step.call)
            if pause is not None and await self._waiting.is_superseded(step):
                raise contract.Permanent("a newer action began before all its batches were done")
            if pause is not None:
                return await self._further(step, pause)
        return await self.complete(step, None)

    async def _look_inside(self, step: Step, staged: bool) -> None:
        """Let the call see the nested stack, where somebody reads of it or its type goes on with it."""
        member = step.run.member(step.row.name)
        read = member is not None and member.reads
        if read and step.run.stack.credential_id is not None:
            await self._waiting.connect(step)
        if staged or read:
            step.call = self._record.call(step, child=await self._waiting.child(step))

    async def read(self, step: Step) -> None:
        """Store what is read of a resource that is kept, and was not read before."""
        step.call = self._record.call(step)
        if step.known_kind.nests:
            await self._look_inside(step, False)
        with contextlib.suppress(contract.Gone):  # whether it is there at all is no question of a kept resource
            await self._keep_attributes(step, None)

    async def _further(self, step: Step, pause: contract.Wait) -> Move | None:
        """The nested stack is to go on, maybe after a pause, which holds nothing: a newer action ends it at once."""
        assert step.call is not None
        step.pending["data"] = step.call.data
        if pause.after:
            step.pause = pause.after
            move = self._record.move(step, Then.PAUSE, Phase.STARTED)
            move.due_at = self._context.now() + pause.after
            return move
        step.values, step.frozen = step.row.properties or {}, step.row.frozen
        await self._record.nest(step, self._waiting, removing=False)
        return None

    async def complete(self, step: Step, observed: contract.Observed | None) -> Move:
        call = step.call
        assert call is not None
        step.pending |= {"action": step.action, "status": Status.COMPLETE, "reason": CHANGED}
        if step.action is Action.DELETE:
            step.pending["data"] = doubting.of_gone(step.row.data)
        else:
            call.data.pop(adoption.DOCUMENT, None)
            call.data.pop(judge.UNFINISHED, None)
            step.pending["data"] = call.data
            await self._keep_attributes(step, observed)
        if step.action is Action.CHECK:
            seen = await observing.sighting(step.known_kind, call, observed, ours=judge.EXTERNAL not in step.row.data)
            step.pending["drift"] = seen.to_row()
        elif step.row.drift is not None and step.action in CHANGING:
            step.pending["drift"] = None
        step.events.append(self._record.event(step, Status.COMPLETE, CHANGED))
        move = self._record.done(step)
        if step.action is Action.ADOPT and call.physical_id is not None:
            found = step.run.stack.project_id, call.physical_id, step.row.type
            move.writes = (*move.writes, lambda connection: orphans.taken_up(connection, *found))
        if step.action is Action.DELETE and step.known_kind.hears is not None and step.run.action is not Action.DELETE:
            # What it had listened for counts no more.
            heard = await self._waiting.hear(step)
            if heard.metadata and heard.row_id:
                move.also = {**move.also, heard.row_id: {"metadata": None}}
        return move

    async def _keep_attributes(self, step: Step, observed: contract.Observed | None) -> None:
        """Store what others read from this resource, so that they need not ask the cloud."""
        kind, call = step.known_kind, step.call
        member = step.run.member(step.row.name)
        assert call is not None
        reads = member.reads if member is not None else ()
        if observed is None and kind.external and not kind.nests and reads:
            observed = await kind.observe(call)
        kept: dict[str, Any] = {}
        for path in reads:
            if kind.nests:
                if path:
                    kept[scope.attribute_key(path, dynamic=True)] = await scope.nested_attribute(kind, call, path)
                continue
            for name in (path[0],) if path else tuple(kind.attributes):
                if name not in kept:
                    kept[name] = await kind.attribute(call, name, observed)
        step.pending["attributes"] = kept
        step.pending["observed"] = observed

    def discarded(self, step: Step) -> Move:
        """The object is gone: after a pause its creation goes on as after a crash."""
        step.node.tries = 0
        step.pending = {"physical_id": None, "data": {}}
        step.events.append(self._record.event(step, Status.IN_PROGRESS, step.row.reason))
        step.pause = self._record.backoff(step.node.attempt)
        return self._record.move(step, Then.STAY, Phase.INTENDED)

    def copies_first(self, step: Step) -> bool:
        """Whether a copy is to be made before the object is deleted, and has not been made."""
        row, kind = step.row, step.known_kind
        wanted = step.action is Action.DELETE and row.deletion_policy == "Snapshot" and kind.snapshot_deletion_policy
        return wanted and row.physical_id is not None and COPIED not in step.pending.get("data", row.data)

    async def expect_copy(self, step: Step) -> None:
        """Note the copy that the step's call is about to ask for, unless an earlier call made it.

        Raises doubting.InDoubt while an earlier call may still make it.
        """
        call, chosen, now = step.call, self._context.settings, self._context.now()
        assert call is not None
        name, data = call.snapshot_name, step.pending.get("data", step.row.data)
        if chosen.lost_call_wait <= 0:
            return
        if doubting.is_copy_sent(data, name):
            if await step.known_kind.is_copied(call):
                return
            if (doubt := doubting.copy_doubt(data, name, now, chosen)) is not None:
                raise doubt
        step.pending["data"] = doubting.copy_noted(data, name, now, chosen)

    async def copy(self, step: Step) -> None:
        """Have the copy made. Its end is waited for as for any other."""
        call = step.call
        assert call is not None
        step.making = True
        await step.known_kind.snapshot(call)
        step.making = False
        call.data = doubting.settled(call.data, call.snapshot_name)

    def copying_call(self, step: Step) -> contract.Call:
        call = self._record.call(step)
        call.action = Action.SNAPSHOT
        call.snapshot_name = snapshots.copy_name(call.physical_name, "kept")
        return call


def has_own(kind: contract.Resource, verb: str) -> bool:
    """Whether a type does something in a verb."""
    return getattr(type(kind), verb) is not getattr(contract.Resource, verb)
