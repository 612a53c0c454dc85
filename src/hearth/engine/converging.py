"""Brings a resource to its definition: keep, create, update, replace, adopt or refer to an object.

Each verb is intended in the store before the remote call, and its physical id is stored right after it; where a process
dies in between, the next one goes on from the node's phase.
"""

import dataclasses
import logging
from typing import Any

from hearth.engine import adoption, context, doubting, judge, launch, lookups, parting, rivals, scope
from hearth.engine.failing import Refused
from hearth.engine.recording import Recorder
from hearth.engine.settling import Settling
from hearth.engine.step import CHANGED, Step, Waiting
from hearth.model import plan
from hearth.model.states import Action, Status
from hearth.model.waivers import Waiver
from hearth.resources import checking, contract
from hearth.resources.blueprint import Member
from hearth.store.rows import Phase
from hearth.store.traversals import Move

log = logging.getLogger(__name__)

#: The error type of what an applied plan does not allow.
DEVIATION = "PlanDeviation"
#: The reason of a resource whose last action failed, and whose object turned out to be well.
WELL = "its object is well"


class Converging:
    """Performs nodes of the work `CONVERGE`."""

    def __init__(self, surroundings: context.Context, record: Recorder, waiting: Waiting, settling: Settling) -> None:
        self._context = surroundings
        self._record = record
        self._waiting = waiting
        self._settling = settling
        self._rivals = rivals.Rivals(surroundings, record)

    async def converge(self, step: Step) -> Move | None:
        member = step.run.member(step.row.name)
        if member is None:
            return self._record.done(step)
        step.kind = member.type
        if step.run.waiver(step.row) is Waiver.SKIP:
            return self._skip(step)
        if member.type.external:
            await self._waiting.connect(step)
            step.pending |= await lookups.complete(step.row, member.type, step.run)
        if step.node.phase is Phase.STARTED:
            return await self._settling.go_on(step)
        if step.node.phase is Phase.DISCARDING:
            return await self._discard(step)
        if step.node.phase is Phase.INTENDED and step.row.action is Action.CREATE:
            step.values, step.frozen = step.row.properties or {}, step.row.frozen
            return await self._create_again(step)

        await self._wanted(step, member)
        assert step.values is not None
        row = step.row
        resumed = step.run.traversal.waivers.resumed
        if adoption.is_due(row, resumed=resumed) or (row.action is Action.INIT and step.run.action is Action.ADOPT):
            return await self._create(step, member, Action.ADOPT)
        call = step.run.call(row, member.type, previous=judge.previous(row), properties=step.values)
        ruling = judge.rule(
            member,
            row,
            step.run.type_of_row(row),
            step.values,
            step.metadata,
            call,
            step.run.restricted(row.name),
            step.reality,
            resumed=resumed,
            refills=step.run.action is Action.RESTORE,
            well=await self._is_well(member.type, call) if judge.in_doubt(row, member.type) else None,
        )
        deviation = self._deviation(step, ruling.verdict, ruling.judgement.decision.reason)
        if deviation is not None:
            step.action = Action.CREATE if row.action is Action.INIT else Action.UPDATE
            raise Refused(deviation, DEVIATION, told=True)
        match ruling.verdict:
            case plan.Verdict.KEEP:
                return await self._keep(step, member)
            case plan.Verdict.REFUSE:
                step.action = Action.UPDATE
                decision = ruling.judgement.decision
                raise Refused(decision.reason, decision.error, told=True)
            case plan.Verdict.UPDATE:
                return await self._update(step, member, ruling.change)
            case plan.Verdict.REPLACE:
                self._replace(step, member)
        return await self._create(step, member)

    @staticmethod
    async def _is_well(kind: contract.Resource, call: contract.Call) -> bool:
        try:
            await kind.check(call)
        except contract.Unwell:
            return False
        return True

    @staticmethod
    def _deviation(step: Step, verdict: plan.Verdict, reason: str) -> str | None:
        """Why an applied plan does not allow this, if there is one and it does not."""
        if step.run.bounds is None:
            return None
        if verdict is plan.Verdict.CREATE and step.row.replaces is not None:
            verdict = plan.Verdict.REPLACE  # its row was made when the action began
        return step.run.bounds.deviation(step.row.name, verdict, reason)

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
        step.reality = step.run.reality(step.row).facing(values)
        step.values = values = step.reality.effective(values)
        try:
            step.frozen = await lookups.translate(member.type, values, step.run)
        except contract.Permanent:
            # What an adopted object was once made of need not be there any more.
            if not adoption.is_due(step.row, resumed=step.run.traversal.waivers.resumed):
                raise

    def _skip(self, step: Step) -> Move:
        """Leave everything as it is. What has an object counts as done; what has none waits for the next update."""
        row = step.row
        if row.status is not Status.COMPLETE and row.physical_id is not None:
            step.action = row.action
            reason = f"skipped by request; before: {row.reason}"
            step.pending |= {"status": Status.COMPLETE, "reason": reason}
            step.events.append(self._record.event(step, Status.COMPLETE, reason))
        return self._record.done(step)

    async def _keep(self, step: Step, member: Member) -> Move:
        outdated = scope.unread(step.row, member.type, member.reads) or scope.follows(member.type, member.reads)
        if outdated and step.run.action is not Action.DELETE:
            await self._settling.read(step)
        changes: dict[str, Any] = {}
        if set(step.row.requires) != set(member.requires):
            changes["requires"] = list(member.requires)
        if step.row.definition_id != step.run.traversal.definition_id:
            changes["definition_id"] = step.run.traversal.definition_id
        if step.row.replaced_by is not None:
            changes["replaced_by"] = None  # what was to take its place goes instead
        if step.row.status is Status.FAILED:
            leaving = step.row.action in (Action.DELETE, Action.ROLLBACK)
            step.action = Action.UPDATE if leaving else step.row.action
            changes |= {"action": step.action, "status": Status.COMPLETE, "reason": WELL}
            step.events.append(self._record.event(step, Status.COMPLETE, WELL))
        elif step.row.status is Status.IN_PROGRESS:
            # A process died when it had done all there was to do (it had taken back what was given up).
            step.action = step.row.action
            changes |= {"status": Status.COMPLETE, "reason": CHANGED}
            step.events.append(self._record.event(step, Status.COMPLETE, CHANGED))
        step.pending |= changes
        return self._record.done(step)

    def _replace(self, step: Step, member: Member) -> None:
        """Go on with a new row; the old object is removed by its own node, after everything that used it."""
        definition_id, now = step.run.traversal.definition_id, self._context.now()
        row = launch.new_row(self._context.new_id(), step.run.stack.id, member, definition_id, now)
        row.replaces = step.row.id
        for name in ("data", "frozen"):
            step.pending.pop(name, None)  # were the former object's
        step.row.replaced_by = row.id
        step.row = step.new_row = row
        step.node.resource_id = row.id
        step.run.note([row])

    async def _create(self, step: Step, member: Member, action: Action = Action.CREATE) -> Move | None:
        """Make the resource, or take over the object that its row names (action ADOPT)."""
        kind = member.type
        self._record.begin(step, action)
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
            if not adoption.is_due(step.row, resumed=step.run.traversal.waivers.resumed):
                raise contract.Permanent("the adopted document names no object for it", "NotFound")
            step.pending["metadata"] = step.row.metadata or step.metadata
        if kind.nests:
            await self._record.nest(step, self._waiting, removing=False)
            return None
        if action is Action.ADOPT:
            return await self._adopt(step)
        if kind.external:
            await self._intend(step)
            await self._rivals.announce(step)
            await self._note_sent(step)
            await self._record.commit(step, Phase.INTENDED)
        return await self._make(step)

    async def _intend(self, step: Step) -> None:
        """Have what is about to begin note what must not be lost with this process."""
        call = self._record.call(step, data=dict(step.pending.get("data", step.row.data)))
        before = dict(call.data)
        await step.known_kind.intend(call)
        if call.data != before:
            step.pending["data"] = call.data

    async def _adopt(self, step: Step) -> Move:
        """Take over the object that the row names; it must be there."""
        kind = step.known_kind
        step.call = self._record.call(step)
        try:
            observed = await kind.observe(step.call) if kind.external else None
        except contract.Gone as gone:
            raise contract.Permanent(f"the object to adopt, {step.row.physical_id}, is not there", "NotFound") from gone
        if observed is not None:
            kind.adopted(step.call, observed)
        return await self._settling.complete(step, observed)

    async def _refer(self, step: Step, external_id: str) -> Move:
        """Take an object that somebody else made: it is looked at, never made, changed or deleted."""
        kind = step.known_kind
        step.call = self._record.call(step, physical_id=external_id, data={judge.EXTERNAL: "1"})
        step.pending["physical_id"] = external_id
        observed = await kind.observe(step.call) if kind.external else None
        return await self._settling.complete(step, observed)

    async def _create_again(self, step: Step) -> Move | None:
        """After a crash or a doubtful answer: take what the lost call made, or make it now."""
        kind = step.known_kind
        step.action = Action.CREATE
        if judge.AWAITS_PLACE in step.row.data:
            return await self._make(step)
        step.call = self._record.call(step)
        found = await kind.find(step.call) if kind.findable else step.row.physical_id
        if found is None:
            if kind.findable:
                if (doubt := self._record.doubt(step)) is not None:
                    raise doubt
                step.row.data = doubting.settled(step.row.data)
            elif step.node.tries == 0:
                self._record.part(step, parting.LOST, "a process died while it was made, and it cannot be found again")
            return await self._make(step)
        log.info("Resource %s: found what an interrupted create had made (%s)", step.row.name, found)
        self._record.tell_of_doubt(step, found)
        return await self._made(step, found)

    async def _make(self, step: Step) -> Move | None:
        kind = step.known_kind
        paused = await self._rivals.clear(step)
        if paused is not None:
            return paused
        if kind.external and doubting.SENT not in step.row.data and await self._note_sent(step):
            await self._record.commit(step, Phase.INTENDED)
        step.call = self._record.call(step)
        step.making = True
        physical_id = await kind.create(step.call)
        step.making = False
        return await self._made(step, physical_id)

    async def _note_sent(self, step: Step) -> bool:
        """Have stored, before the call, when it is sent and what is there without it, if that matters."""
        data = step.pending.get("data", step.row.data)
        if not step.known_kind.findable or judge.AWAITS_PLACE in data:
            return False
        call = self._record.call(step, data=dict(data))
        await step.known_kind.survey(call)
        waits = self._context.settings.lost_call_wait > 0
        told = doubting.noted(call.data, self._context.now()) if waits else doubting.unrefused(call.data)
        if told == data:
            return False
        step.pending["data"] = told
        return True

    async def _made(self, step: Step, physical_id: str | None) -> Move | None:
        kind, call = step.known_kind, step.call
        assert call is not None
        call.physical_id, call.data = physical_id, doubting.found(call.data)
        step.pending |= {"physical_id": physical_id, "data": call.data}
        if kind.external:
            await self._record.commit(step, Phase.STARTED)
        return await self._settling.first_look(step)

    async def _discard(self, step: Step) -> Move | None:
        """Remove an object that came out in error, so that another can be made in its place."""
        kind = step.known_kind
        step.action = Action.CREATE
        step.call = self._record.call(step)
        step.call.action = Action.DELETE
        try:
            await kind.delete(step.call)
        except contract.Gone:
            return self._settling.discarded(step)
        if Action.DELETE not in kind.waits_on:
            return self._settling.discarded(step)
        self._waiting.watch(step, None)
        return None

    async def _update(self, step: Step, member: Member, change: contract.Change) -> Move | None:
        kind = member.type
        was = step.row.action, step.row.status, step.row.reason
        self._record.begin(step, Action.UPDATE)
        if kind.nests:
            step.pending |= self._settled_definition(step, member)
            await self._record.nest(step, self._waiting, removing=False)
            return None
        if kind.external:
            await self._intend(step)
            await self._record.commit(step, Phase.INTENDED)
        repairs = step.reality.repairs() if step.reality is not None else {}
        previous = judge.with_actual(judge.previous(step.row), repairs)
        frozen = step.frozen if step.frozen is not None else step.values
        assert frozen is not None
        changed = {key: frozen.get(key) for key in change.properties}
        try:
            paused = await self._rivals.take_back(step)
            if paused is not None:
                return paused
            step.call = self._record.call(step, previous=previous)
            new_id_of_it = await kind.update(step.call, dataclasses.replace(change, properties=changed))
        except (contract.NeedsReplacement, contract.Gone) as error:
            deviation = self._deviation(step, plan.Verdict.REPLACE, str(error) or "its object is gone")
            if deviation is not None:
                raise contract.Permanent(deviation, DEVIATION) from error
            self._let_be(step, *was)
            self._replace(step, member)
            return await self._create(step, member)
        step.pending |= self._settled_definition(step, member)
        if Action.UPDATE in kind.waits_on:
            judge.note_unfinished(step.call.data, previous or {}, changed)
        step.pending["data"] = step.call.data
        if new_id_of_it is not None:
            step.pending["physical_id"] = step.call.physical_id = new_id_of_it
        if kind.external:
            await self._record.commit(step, Phase.STARTED)
        return await self._settling.first_look(step)

    @staticmethod
    def _let_be(step: Step, action: Action, status: Status, reason: str) -> None:
        """Take back that an update has begun: if the replacement fails, an action may go on with the present object.

        It is stored with the row that takes its place: an engine that goes on before that tells of no second beginning.
        """
        if status is Status.IN_PROGRESS:  # of an engine that died there
            status, reason = Status.COMPLETE, CHANGED
        row = step.row
        row.action, row.status, row.reason = action, status, reason
        step.also[row.id] = {"action": action, "status": status, "reason": reason}

    def _settled_definition(self, step: Step, member: Member) -> dict[str, Any]:
        metadata = step.metadata
        if judge.same_metadata(step.row, metadata):
            metadata = step.row.metadata  # with what signals brought
        return {
            "type": member.definition.type,
            "made_as": launch.made_as(member),
            "properties": step.values,
            "frozen": step.frozen,
            "metadata": metadata,
            "requires": list(member.requires),
            "definition_id": step.run.traversal.definition_id,
            "deletion_policy": member.definition.deletion_policy,
            "replaced_by": None,  # what was to take its place, if an action went another way, goes instead
        }
