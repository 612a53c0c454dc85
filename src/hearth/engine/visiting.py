"""Suspends, resumes, checks or copies a resource as it is; the action of the traversal says which.

A check fails when the object is gone or not well. Properties that differ are noted with the resource, and no failure.
"""

from hearth.engine import judge, lookups, observing, snapshots
from hearth.engine.failing import Refused
from hearth.engine.recording import Recorder
from hearth.engine.settling import Settling
from hearth.engine.step import CHANGED, Step, Waiting
from hearth.model import drift
from hearth.model.states import Action, Status
from hearth.model.waivers import Waiver
from hearth.resources import contract
from hearth.store.rows import Phase, ResourceRow
from hearth.store.traversals import Move


class Visiting:
    """Performs nodes of the work `VISIT`."""

    def __init__(self, record: Recorder, waiting: Waiting, settling: Settling) -> None:
        self._record = record
        self._waiting = waiting
        self._settling = settling

    async def visit(self, step: Step) -> Move | None:
        row, action = step.row, step.run.action
        step.action = action
        step.kind = kind = step.run.type_of_row(row)
        if row.data.get(judge.EXTERNAL) and action is not Action.CHECK:
            return self._record.done(step)
        if step.run.waiver(row) is Waiver.SKIP or _is_done(step):
            return self._record.done(step)
        if row.action is Action.INIT and action in (Action.SUSPEND, Action.RESUME):
            return self._record.done(step)  # it was never made
        if kind is None:
            raise contract.Permanent(f"its type {row.type} is not known any more", "EntityNotFound")
        if action is Action.SNAPSHOT and not snapshots.has_copy(kind, row):
            return self._note_snapshot(step)
        if kind.external:
            await self._waiting.connect(step)
            step.pending |= await lookups.complete(row, kind, step.run)
        if step.node.phase is Phase.STARTED:
            return await self._settling.go_on(step)
        if step.node.phase is Phase.NONE and not _may_be_visited(row, action):
            if action is not Action.CHECK:
                raise Refused(f"State ('{row.action}', '{row.status}') invalid for {action.lower()}", "Error")
            if not kind.supports_check:
                return self._record.done(step)
            self._record.begin(step, action)
            raise contract.Permanent("there is nothing to check: it has not been made", "ResourceNotAvailable")
        if action is Action.CHECK and not kind.supports_check:
            reason = f"CHECK not supported for {row.type}"
            step.pending |= {"action": action, "status": Status.COMPLETE, "reason": reason}
            step.pending["drift"] = observing.nothing_to_see(self._record.now()).to_row()
            step.events.append(self._record.event(step, Status.COMPLETE, reason))
            return self._record.done(step)
        if action is Action.SNAPSHOT:
            step.call = self._record.call(step)
            await self._settling.expect_copy(step)
        self._record.begin(step, action)
        if kind.nests:
            await self._record.nest(step, self._waiting, removing=False)
            return None
        if kind.external:
            await self._record.commit(step, Phase.INTENDED)
        step.call = self._record.call(step)
        before = dict(step.call.data)
        observed = None
        match action:
            case Action.SUSPEND:
                await kind.suspend(step.call)
            case Action.RESUME:
                await kind.resume(step.call)
            case Action.SNAPSHOT:
                await self._settling.copy(step)
            case _:
                observed = await self._check(step)
        if step.call.data != before:
            step.pending["data"] = step.call.data
        if kind.external and action in kind.waits_on:
            await self._record.commit(step, Phase.STARTED)
        return await self._settling.first_look(step, observed)

    async def _check(self, step: Step) -> contract.Observed | None:
        """Make sure that the object is well; what is wrong with it is noted with the resource."""
        assert step.call is not None
        try:
            return await step.known_kind.check(step.call)
        except contract.Unwell as ill:
            step.pending["drift"] = drift.Sighting(step.call.now, ill.condition, str(ill)).to_row()
            raise

    def _note_snapshot(self, step: Step) -> Move:
        """What has nothing to copy is only told of. A failure stays in sight: the next update still has to heal it."""
        if snapshots.is_taken(step.row):
            self._record.begin(step, Action.SNAPSHOT)
            step.pending |= {"status": Status.COMPLETE}
            step.events.append(self._record.event(step, Status.COMPLETE, CHANGED))
        return self._record.done(step)


def _is_done(step: Step) -> bool:
    """Whether the action had come that far before it failed. A check and a copy are always made anew."""
    turned = step.run.action in (Action.SUSPEND, Action.RESUME)
    done = (step.row.action, step.row.status) == (step.run.action, Status.COMPLETE)
    return step.run.traversal.waivers.resumed and turned and done


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
