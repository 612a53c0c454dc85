"""Removes a resource: what its deletion policy says, a copy first where it asks for one.

Deletes are repeatable; what is gone already is a success.
"""

import json

from hearth.engine import doubting, judge, lookups, parting
from hearth.engine.failing import REFUSED_TO_GO
from hearth.engine.recording import Recorder
from hearth.engine.settling import COPIED, Settling
from hearth.engine.step import CHANGED, Step, Waiting
from hearth.model import plan
from hearth.model.states import Action, Status
from hearth.model.waivers import Waiver
from hearth.resources import contract
from hearth.store.rows import Phase
from hearth.store.traversals import Move


class Removing:
    """Performs nodes of the works `REMOVE` and `TIDY`."""

    def __init__(self, record: Recorder, waiting: Waiting, settling: Settling) -> None:
        self._record = record
        self._waiting = waiting
        self._settling = settling
        settling.after_copy = self.delete

    async def remove(self, step: Step) -> Move | None:
        row = step.row
        if step.node.work is plan.Work.TIDY and row.replaced_by is None and step.node.phase is Phase.NONE:
            return self._record.done(step)  # one that has begun goes on to its end, whoever wants the object again
        step.action = Action.DELETE
        step.kind = step.run.type_of_row(row)
        if row.action is Action.DELETE and row.status is Status.COMPLETE:
            return self._record.done(step)
        if row.action is Action.INIT:
            step.pending = {"action": Action.DELETE, "status": Status.COMPLETE, "reason": CHANGED}
            return self._record.done(step)
        kept = self._keep(step)
        if kept is not None:
            return kept
        if step.kind is None:
            raise contract.Permanent(f"its type {row.type} is not known any more", "EntityNotFound")
        if await self._waiting.is_taken_over(step):
            # Another row stands for the same object, which must stay.
            step.pending |= {"action": Action.DELETE, "status": Status.COMPLETE, "reason": CHANGED}
            step.pending["data"] = doubting.of_gone(row.data)
            step.events.append(self._record.event(step, Status.COMPLETE, CHANGED))
            return self._record.done(step)
        if step.kind.external:
            await self._waiting.connect(step)
            step.pending |= await lookups.complete(row, step.kind, step.run)
        if step.node.phase is Phase.STARTED:
            return await self._settling.go_on(step)
        worth_copy = step.kind.worth_snapshot(row.action, row.status)
        if row.deletion_policy == "Snapshot" and step.node.phase is Phase.NONE and not worth_copy:
            step.pending["data"] = {**row.data, COPIED: "no"}
        if REFUSED_TO_GO in row.data:
            await self._heed_refusal(step)
        self._record.begin(step, Action.DELETE)
        if step.kind.nests:
            await self._record.nest(step, self._waiting, removing=True)
            return None
        copies = self._settling.copies_first(step)
        if copies:
            step.call = self._settling.copying_call(step)
            await self._settling.expect_copy(step)
        if step.kind.external:
            await self._record.commit(step, Phase.INTENDED)
        return await (self._copy(step) if copies else self.delete(step))

    async def _heed_refusal(self, step: Step) -> None:
        """What was refused to go is not asked to go again for an action that a newer one has superseded.

        The newer one may want it to stay. Of a call without an answer nobody knows: it is made again.
        """
        if step.node.tries and await self._waiting.is_superseded(step):
            kind, words = json.loads(step.row.data[REFUSED_TO_GO])
            raise contract.Permanent(words, kind)
        data = step.pending.get("data", step.row.data)
        step.row.data = step.pending["data"] = {key: text for key, text in data.items() if key != REFUSED_TO_GO}

    def _keep(self, step: Step) -> Move | None:
        """The move that leaves the object where it is; None when it is to be deleted."""
        waiver = step.run.waiver(step.row)
        if waiver is not None and waiver.lets_go:
            if step.kind is not None and step.kind.nests:
                return None  # the nested stack goes, and all in it is left
            if waiver is Waiver.ABANDON:
                return self._record.let_go(step, parting.CAUSES[waiver], parting.ABANDONED)
            leaves = parting.may_leave(step.row, step.kind)
            told = f"left where it is: {parting.CAUSES[waiver]} by request" if leaves else CHANGED
            return self._record.let_go(step, parting.CAUSES[waiver], told, told)
        if step.row.deletion_policy != "Retain":
            return None
        return self._record.let_go(step, parting.RETAINED, "its deletion_policy is Retain")

    async def _copy(self, step: Step) -> Move | None:
        """Make the copy that stays behind. Its end is recorded before the deletion begins."""
        step.call = self._settling.copying_call(step)
        try:
            await self._settling.copy(step)
        except contract.Gone:
            step.making = False
            return await self.delete(step)
        step.pending["data"] = step.call.data
        await self._record.commit(step, Phase.STARTED)
        return await self._settling.first_look(step)

    async def delete(self, step: Step) -> Move | None:
        row = step.row
        assert step.kind is not None
        step.call = self._record.call(step)
        if row.physical_id is None and step.kind.external and judge.AWAITS_PLACE not in row.data:
            # A create whose answer never came may have made it all the same.
            if step.kind.findable:
                step.call.physical_id = await step.kind.find(step.call)
                if step.call.physical_id is not None:
                    self._record.tell_of_doubt(step, step.call.physical_id)
                elif (doubt := self._record.doubt(step)) is not None:
                    raise doubt
            else:
                self._record.part(step, parting.LOST, "its creation had no answer, and it cannot be found again")
        if step.call.physical_id is not None or not step.kind.external:
            try:
                await step.kind.delete(step.call)
            except contract.Gone:
                return await self._settling.complete(step, None)
            if step.kind.external and step.action in step.kind.waits_on:
                if step.call.data != row.data:
                    step.pending["data"] = step.call.data  # by which it is seen how the removal goes
                await self._record.commit(step, Phase.STARTED)
            return await self._settling.first_look(step)
        return await self._settling.complete(step, None)
