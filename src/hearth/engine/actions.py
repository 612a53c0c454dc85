"""Begins stack actions: reads what is, plans, and stores the traversal. Used by requests, nested stacks and rollback.

Planning happens outside the transaction; `begin` inside it finds out whether what the plan was made on still holds
(`Superseded`), and then the caller plans again.
"""

import dataclasses
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa

from hearth.engine import context, definitions, launch, modes, notifying, run, treating
from hearth.model import bounds, plan, waivers
from hearth.model.errors import LimitExceeded
from hearth.model.names import new_id
from hearth.model.states import Action, Status
from hearth.resources.blueprint import Blueprint
from hearth.store import drift as drift_rows
from hearth.store import events, locks, resources, sinks, snapshots, stacks, traversals
from hearth.store.rows import EventRow, ResourceRow, StackRow, TraversalRow
from hearth.telemetry import trail

log = logging.getLogger(__name__)

#: The definition of a stack that is to be empty: deletion, rollback of a creation.
NOTHING = ""
STACK_TYPE = "OS::Heat::Stack"
#: Actions that take every resource as it is.
VISITS = frozenset({Action.SUSPEND, Action.RESUME, Action.CHECK, Action.SNAPSHOT})
#: How often an action is planned anew because the stack changed meanwhile.
PLANS_AT_MOST = 20


R = TypeVar("R")


@dataclasses.dataclass(frozen=True, slots=True)
class Ground:
    """What an action is planned on: the stack's rows, which of them a running traversal may still change, and that.

    `treatments`: what is decided about drift. `converge`: whether all drift that was seen is put right.
    """

    rows: Sequence[ResourceRow] = ()
    busy: Collection[str] = ()
    previous: int | None = None
    treatments: treating.TreatmentsByName = dataclasses.field(default_factory=dict)
    converge: bool = False

    def facing(self, decided: treating.Decided | None, *, converge: bool) -> "Ground":
        """The same with what is decided about drift together with the action; the rows are changed accordingly."""
        treatments = self.treatments
        if decided is not None:
            decided.apply(self.rows)
            treatments = decided.over(treatments)
        return dataclasses.replace(self, treatments=treatments, converge=converge)


@dataclasses.dataclass(slots=True)
class Prepared:
    """A planned action, ready to be stored."""

    stack: StackRow
    plan: plan.Plan
    traversal: traversals.NewTraversal
    run: run.Run

    def bind(self, plan_id: str, path: str, allowed: bounds.Bounds) -> None:
        """Let it be carried out as an applied plan says; `path`: the stack's place in that."""
        self.traversal.plan_id, self.traversal.plan_path = plan_id, path
        self.run.traversal = dataclasses.replace(self.run.traversal, plan_id=plan_id, plan_path=path)
        self.run.bounds = allowed


async def until_stored(attempt: Callable[[], Awaitable[R]]) -> R:
    """Plan and store an action; again, when what the plan was made on has changed meanwhile.

    Raises:
        LimitExceeded: it changes faster than it can be planned.
    """
    for _ in range(PLANS_AT_MOST):
        try:
            return await attempt()
        except traversals.Superseded:
            continue
    raise LimitExceeded("The stack changes faster than its action can be planned; try again.")


class Actions:
    """Plans and begins actions."""

    def __init__(self, surroundings: context.Context, kept: definitions.Definitions) -> None:
        self._context = surroundings
        self._definitions = kept

    async def prepare(
        self,
        stack: StackRow,
        action: Action,
        blueprint: Blueprint | None,
        definition_id: str,
        *,
        is_new: bool = False,
        seconds: float | None = None,
        waived: waivers.Waivers = waivers.NONE,
        converge: bool = False,
        decided: treating.Decided | None = None,
        stirred: bool = False,
    ) -> Prepared:
        """Plan an action on a stack as it is now.

        Args:
            seconds: how long it may take; None: as the stack says.
            converge: whether it repairs what has drifted, as far as that was seen.
            decided: what is decided about drift together with the action.
            stirred: whether objects that it is given as a nested stack change in place.

        Raises:
            Superseded: another action has begun since `stack` was read, on which the wish for this one was judged.
        """
        ground = Ground() if is_new else (await self._ground(stack)).facing(decided, converge=converge)
        return self.planned(
            ground, stack, action, blueprint, definition_id, seconds=seconds, waived=waived, stirred=stirred
        )

    async def _ground(self, stack: StackRow) -> Ground:
        codec = self._context.store.codec

        def query(connection: sa.Connection) -> Ground:
            present = stacks.by_id(connection, stack.id)
            if present is None or present.traversal_id != stack.traversal_id:
                raise traversals.Superseded
            return Ground(
                resources.by_stack(connection, codec, stack.id),
                traversals.busy(connection, stack.id),
                present.traversal_id,
                drift_rows.treatments(connection, codec, [stack.id]).get(stack.id, {}),
            )

        return await self._context.store.read(query)

    def planned(
        self,
        ground: Ground,
        stack: StackRow,
        action: Action,
        blueprint: Blueprint | None,
        definition_id: str,
        *,
        seconds: float | None = None,
        quiet: Collection[str] = (),
        waived: waivers.Waivers = waivers.NONE,
        stirred: bool = False,
    ) -> Prepared:
        """Plan an action on what is known of a stack; `quiet` and `stirred`: see `launch.planned`."""
        working = self._working(ground, stack, action, blueprint, definition_id, seconds, waived)
        if action in VISITS:
            made = plan.visit(action, ground.rows)
        else:
            made = launch.planned(action, working, ground.rows, ground.busy, quiet, stirred=stirred)
        return self._ready(ground, made, working)

    def ready(
        self,
        ground: Ground,
        stack: StackRow,
        made: plan.Plan,
        blueprint: Blueprint | None,
        definition_id: str,
        waived: waivers.Waivers = waivers.NONE,
    ) -> Prepared:
        """A plan that was made before on the same ground, ready to be stored."""
        working = self._working(ground, stack, made.action, blueprint, definition_id, waived=waived)
        return self._ready(ground, made, working)

    def _working(
        self,
        ground: Ground,
        stack: StackRow,
        action: Action,
        blueprint: Blueprint | None,
        definition_id: str,
        seconds: float | None = None,
        waived: waivers.Waivers = waivers.NONE,
    ) -> run.Run:
        if seconds is None:
            seconds = stack.timeout_mins * 60 if stack.timeout_mins else self._context.settings.stack_action_timeout
        now = self._context.now()
        limit = modes.seconds(stack, action, seconds)
        draft = TraversalRow(
            0,
            stack.id,
            action,
            definition_id,
            None,
            None if limit is None else now + limit,
            now,
            waived,
            converge=ground.converge,
            trail=trail.branch(),
        )
        working = run.Run(stack, draft, blueprint, self._definitions.type_named, self._context)
        working.treatments = ground.treatments
        working.note(ground.rows)
        return working

    def _ready(self, ground: Ground, made: plan.Plan, working: run.Run) -> Prepared:
        new = launch.new_traversal(made, working, ground.rows, previous=ground.previous, new_id=self._context.new_id)
        new.converge = ground.converge
        return Prepared(working.stack, made, new, working)

    def begin(self, connection: sa.Connection, prepared: Prepared, **columns: Any) -> int:
        """Store a prepared action in a transaction: state, event, rows and nodes. The traversal's id.

        Raises:
            Superseded: plan again.
            LimitExceeded: the tree would hold more resources than allowed.
        """
        codec, now, stack, action = self._context.store.codec, self._context.now(), prepared.stack, prepared.plan.action
        traversal_id = traversals.begin(connection, codec, prepared.traversal, now)
        # A stack that was taken over has had no traversal here, and may have snapshots all the same.
        if prepared.traversal.previous is not None or action not in (Action.CREATE, Action.ADOPT):
            snapshots.supersede(connection, stack.id, action)
        for one in prepared.run.lapsed:
            drift_rows.undo(connection, stack.id, one.name, one.property)
        if prepared.traversal.new_rows:
            self._check_size(connection, stack.root_id)
        wanted = prepared.run.blueprint
        if (
            stack.owner_id is None
            and wanted is not None
            and (wanted.environment.event_sinks or action in (Action.UPDATE, Action.ROLLBACK))
        ):
            sinks.keep(connection, stack.id, wanted.environment.event_sinks)
        removes = prepared.traversal.definition_id == NOTHING
        reason = modes.started(stack, action, removes=removes, now=now)
        if removes and has_no_way_back(stack, action):
            reason += (
                ": there is nothing to go back to, as the stack was never complete, so all its resources are removed"
            )
        if not stack.convergence:
            locks.put(connection, stack.root_id)
        stacks.update(connection, stack.id, action=action, status=Status.IN_PROGRESS, reason=reason, **columns)
        events.insert(connection, codec, [stack_event(stack, action, Status.IN_PROGRESS, reason, now)])
        begun = dataclasses.replace(stack, updated_at=columns.get("updated_at", stack.updated_at))
        notifying.of_state(connection, self._context, begun, action, Status.IN_PROGRESS, reason)
        log.info("Stack %s (%s): %s started", stack.name, stack.id, action)
        prepared.run.traversal = dataclasses.replace(prepared.run.traversal, id=traversal_id)
        prepared.run.note_new(prepared.traversal.new_rows)
        return traversal_id

    def _check_size(self, connection: sa.Connection, root_id: str) -> None:
        limit = self._context.settings.max_resources_per_stack
        if limit < 0:
            return
        count = resources.count(connection, root_id)
        if count > limit:
            raise LimitExceeded(f"Maximum resources per stack exceeded: {count} resources wanted, {limit} allowed.")


def has_no_way_back(stack: StackRow, action: Action) -> bool:
    """Whether a rollback that leaves nothing is one of an update: of a creation, everybody expects it."""
    return action is Action.ROLLBACK and stack.updated_at is not None


def stack_event(stack: StackRow, action: Action, status: Status, reason: str, at: float) -> EventRow:
    """The event by which a stack tells its own state."""
    return EventRow(stack.id, stack.name, STACK_TYPE, stack.id, action, status, reason, at, new_id())
