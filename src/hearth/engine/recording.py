"""Gathers what a step does into moves, and makes moves durable in the middle of a step.

Used by everything that performs steps. Knows nothing of what the moves are about.
"""

import dataclasses
import functools
import logging
from collections.abc import Callable, Mapping
from typing import Any

from hearth.engine import committer, context, doubting, keeping, parting, retrying, snapshots
from hearth.engine.step import CHANGED, Step, Waiting
from hearth.model import names
from hearth.model.names import new_id
from hearth.model.states import Action, Status
from hearth.resources import contract
from hearth.store.rows import EventRow, Phase
from hearth.store.traversals import Move, Then

log = logging.getLogger(__name__)


class Recorder:
    """Turns steps into moves for one engine."""

    def __init__(self, surroundings: context.Context, commits: committer.Committer) -> None:
        self._context = surroundings
        self._commits = commits
        #: What a step comes to whose software the project has no room for; given by who knows what failures mean.
        self.refused: Callable[[Step, Exception], Move] | None = None

    def now(self) -> float:
        """The time, seconds since the epoch."""
        return self._context.now()

    def doubt(self, step: Step) -> doubting.InDoubt | None:
        """What to raise when the step's object was looked for and not found, and may still come."""
        return doubting.doubt(step.row.data, self._context.now(), self._context.settings)

    def begin(self, step: Step, action: Action) -> None:
        step.action = action
        already = step.row.action is action and step.row.status is Status.IN_PROGRESS
        step.pending |= {"action": action, "status": Status.IN_PROGRESS, "reason": CHANGED}
        if not already:
            step.events.append(self.event(step, Status.IN_PROGRESS, CHANGED))

    def done(self, step: Step) -> Move:
        return self.move(step, Then.DONE, step.node.phase)

    async def commit(self, step: Step, phase: Phase, also: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        """Make what has been gathered durable and go on. `also`: changes of other rows, by id."""
        if phase is not step.node.phase:
            step.node.tries = 0
        move = self.move(step, Then.STAY, phase)
        move.also = {**move.also, **(also or {})}
        await self._commits.commit(move)
        if move.then is not Then.STAY:  # it was refused, and the step has failed by that
            raise committer.LeaseLost
        step.node.phase = phase

    async def nest(self, step: Step, waiting: Waiting, *, removing: bool) -> None:
        """Begin the action of the step's nested stack, and park the step. If that fails the step is as it was."""
        row = dataclasses.replace(step.row)
        gathered = dict(step.pending), step.events, step.orphans, step.new_row, step.also
        try:
            await waiting.nest(step, self.move(step, Then.PARK, Phase.STARTED), removing)
        except Exception:
            for field in dataclasses.fields(row):
                setattr(step.row, field.name, getattr(row, field.name))
            step.pending, step.events, step.orphans, step.new_row, step.also = gathered
            raise

    def move(self, step: Step, then: Then, phase: Phase) -> Move:
        """Everything gathered so far as one move; the row in memory follows it."""
        changes, row = step.pending, step.row
        writes = keeping.writes_of(step.call)
        refused = None
        if writes and self.refused is not None:
            before = dataclasses.replace(step, row=dataclasses.replace(row), pending=dict(changes), call=None)
            refused = functools.partial(self.refused, before)
        if step.noted:  # it waits no more
            changes.setdefault("reason", CHANGED)
            step.noted = False
        if changes:
            if "status" in changes:  # what is only looked at was not updated
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
            writes=writes,
            refused=refused,
            orphans=step.orphans,
            also=step.also,
        )
        step.pending, step.events, step.orphans, step.new_row, step.also = {}, [], [], None, {}
        return move

    def let_go(self, step: Step, cause: str, reason: str, told: str = CHANGED) -> Move:
        """Remove a resource without its object, which becomes an orphan; `told`: the reason that the resource shows."""
        self.begin(step, Action.DELETE)
        self.part(step, cause, reason)
        step.pending |= {"status": Status.COMPLETE, "reason": told}
        step.events.append(self.event(step, Status.COMPLETE, told))
        return self.done(step)

    def part(self, step: Step, cause: str, reason: str) -> None:
        """Note the object of a step's resource as an orphan, if there is or may be one."""
        region, now = self._context.settings.region_name_for_services, self._context.now()
        left = parting.orphan(step.run.stack, step.row, step.kind, cause, reason, region, now, self._context.new_id)
        if left is not None:
            step.orphans.append(left)

    def tell_of_doubt(self, step: Step, found: str) -> None:
        """Let the user know of an object that is taken for what a lost call made, though it does not say so itself."""
        if step.call is not None and not step.known_kind.bears_mark(step.call):
            reason = (
                f"{found} is taken for what a call without an answer made: it was not there before, and nothing on it "
                "says whose it is"
            )
            log.warning("Resource %s: %s", step.row.name, reason)
            step.events.append(self.event(step, Status.IN_PROGRESS, reason))

    def call(self, step: Step, **over: Any) -> contract.Call:
        kind = step.known_kind
        values = step.frozen if step.frozen is not None else step.values
        if values is not None:
            over.setdefault("properties", values)
        if step.action is Action.SNAPSHOT:
            physical_name = names.physical_name(step.run.stack.name, step.row.name, step.row.id, kind.name_limit)
            over["snapshot_name"] = snapshots.copy_name(physical_name, step.run.traversal.id)
        return step.run.call(step.row, kind, action=step.action, metadata=step.metadata or step.row.metadata, **over)

    def event(self, step: Step, status: Status, reason: str) -> EventRow:
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

    def backoff(self, attempt: int) -> float:
        """Seconds before another object is made in the place of one in error."""
        return retrying.pause(attempt, self._context.jitter())
