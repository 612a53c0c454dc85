"""One step: what an engine does for one claimed node, from its claim to the move that ends it.

`perform` returns the last move of a node (or one after which it pauses, `Then.STAY`), or None when the step goes on by
itself (it waits for the cloud or for a nested stack) or has been lost to somebody else. Moves in between are committed
here, each before what depends on it: the intent before the remote call, the physical id right after it. Where a process
dies in between, the next one finds the phase in the node and goes on from there: INTENDED asks the type to `find` what
the lost call may have made.

Types that make nothing outside the store (`external` is False) need neither: their step is one move.
"""

import asyncio
import dataclasses
import logging

from hearth.engine import committer, context, current, hooks, retrying
from hearth.engine.converging import Converging
from hearth.engine.failing import Failing, as_failure
from hearth.engine.recording import Recorder
from hearth.engine.removing import Removing
from hearth.engine.settling import Settling
from hearth.engine.step import Step, Waiting
from hearth.engine.visiting import Visiting
from hearth.model import interruption, plan
from hearth.model.states import Status
from hearth.resources import contract
from hearth.store import resources
from hearth.store.rows import Phase, ResourceRow
from hearth.store.traversals import Move, Then

log = logging.getLogger(__name__)


class Steps:
    """Performs steps for one engine."""

    def __init__(self, surroundings: context.Context, commits: committer.Committer, waiting: Waiting) -> None:
        self._context = surroundings
        self._waiting = waiting
        self._record = record = Recorder(surroundings, commits)
        self._settling = settling = Settling(surroundings, record, waiting)
        self._converging = Converging(surroundings, record, waiting, settling)
        self._removing = Removing(record, waiting, settling)
        self._visiting = Visiting(record, waiting, settling)
        self._failing = Failing(surroundings, record)
        record.refused = self._failing.no_room

    async def perform(self, step: Step) -> Move | None:
        """Do what the node is there for; see the module's text."""
        try:
            if step.node.phase is Phase.NONE and not step.past_hook:
                stopped = await self._stop_before(step)
                if stopped is not None:
                    return stopped
            if step.node.work is plan.Work.VISIT:
                return await self._visiting.visit(step)
            work = self._converging.converge if step.node.work is plan.Work.CONVERGE else self._removing.remove
            return await self._stop_after(step, await work(step))
        except committer.LeaseLost:
            return None
        except (Exception, asyncio.CancelledError) as error:  # the border of a step: all of it becomes its outcome
            return await self._outcome(step, error)

    async def settle(self, step: Step, observed: contract.Observed | None) -> Move | None:
        """Go on with a step whose remote object was looked at."""
        try:
            return await self._stop_after(step, await self._settling.settle(step, observed))
        except committer.LeaseLost:
            return None
        except (Exception, asyncio.CancelledError) as error:  # the border of a step, as above
            return await self._outcome(step, error)

    async def _outcome(self, step: Step, error: Exception | asyncio.CancelledError) -> Move | None:
        interruption.heed(error)
        if isinstance(error, asyncio.CancelledError):
            log.error("A call for resource %s was broken off by nobody here", step.row.name, exc_info=error)
        return await self._failing.outcome(step, error)

    def broken(self, step: Step, error: Exception) -> Move:
        """The last move of a step whose work, or the storing of it, ended in a defect of ours or of its type."""
        return self._failing.broken(step, error)

    def trouble(self, step: Step, error: BaseException) -> str:
        """How a reason tells of an error."""
        return self._failing.reason(step, as_failure(error))

    async def look_failed(self, step: Step, error: BaseException, now: float) -> Move | None:
        """What it means that the remote object could not be looked at; None: it is looked at again."""
        if isinstance(as_failure(error), contract.Temporary):
            step.refused_since = None
            return None
        if step.refused_since is None:
            step.refused_since = now
        return await self._failing.outcome(step, error) if now - step.refused_since >= retrying.LONGEST_PAUSE else None

    async def _stop_before(self, step: Step) -> Move | None:
        """The move that stops at a hook, or ends a step that had stopped after its work; None: go on."""
        row, traversal_id = step.row, step.run.traversal.id
        stop = hooks.stop_of(row, traversal_id)
        if stop is None:
            hook = hooks.before(step.run.action, step.node.work, row)
            if hook is None or hook not in await self._waiting.hooks(step):
                return None
            step.pending["data"] = hooks.marked(row, hook, traversal_id)
            told_of = await self._standing_for(row)
            step.events.append(hooks.paused(told_of, step.run.action, hook, self._context.now()))
            return self._record.move(step, Then.PARK, Phase.NONE)
        if not stop.cleared:
            return self._record.move(step, Then.PARK, Phase.NONE)
        row.data = step.pending["data"] = hooks.unmarked(row.data)
        step.past_hook = True
        return None if stop.is_before else self._record.done(step)

    async def _standing_for(self, row: ResourceRow) -> ResourceRow:
        """The row by which clients know the resource: while a replacement has not begun, what it replaces."""
        if row.replaces is None:
            return row
        store, replaced = self._context.store, row.replaces
        return current.standing_for(row, await store.read(lambda c: resources.by_ids(c, store.codec, [replaced])))

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
