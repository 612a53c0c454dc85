"""The engine: claims ready nodes, performs their steps, keeps its lease, takes over what others left behind.

One event loop. Nodes come from three sides: claimed from the work list after a wake-up, handed over by the commit that
made them ready, or taken back from an engine whose lease ran out. Steps of types that make nothing outside the store
run as a batch and share one commit; all others are tasks, as many at a time as `max_steps` allows.
"""

import asyncio
import datetime
import functools
import logging
import socket
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from hearth.bus import contract as bus
from hearth.cloud import session as cloud_session
from hearth.engine import (
    actions,
    authority,
    committer,
    context,
    definitions,
    ending,
    nesting,
    observing,
    plan_keeping,
    retention,
    run,
    signals,
    snapshot_removal,
    stack_users,
    steps,
    watch,
    workbench,
)
from hearth.engine.step import CHANGED, Step
from hearth.model.states import Action, Status
from hearth.resources import contract
from hearth.store import drift as drift_rows
from hearth.store import engines, resources, stacks, traversals
from hearth.store.rows import Node, ResourceRow, StackRow, TraversalRow

log = logging.getLogger(__name__)

WAKE_TOPIC = "work"
#: An action was stopped: whoever is at work for it lets go at once.
STOP_TOPIC = "stopped"
CLAIM_AT_ONCE = 400
SWEEP_EVERY = 1.0


class Engine:
    """One engine process's work. `start` it in a running event loop, `stop` it to hand over."""

    def __init__(
        self, surroundings: context.Context, kept: definitions.Definitions, owners: authority.Authority
    ) -> None:
        self.id = surroundings.new_id()
        self._context = surroundings
        self._definitions = kept
        self._authority = owners
        self._commits = committer.Committer(surroundings.store, self.id, self.capacity, self._advanced)
        self._watcher: watch.Watcher[Step] = watch.Watcher(self._look)
        self._nesting = nesting.Nesting(surroundings, kept, observing.Observing(surroundings, kept, owners), self)
        self._signals = signals.Signals(surroundings, kept)
        self._users = stack_users.StackUsers(surroundings)
        self._steps = steps.Steps(surroundings, self._commits, self)
        self._ending = ending.Ending(surroundings, kept, owners, self)
        self._retention = retention.Retention(surroundings)
        self._snapshots = snapshot_removal.SnapshotRemoval(surroundings, kept, owners, self)
        self._runs: dict[int, run.Run] = {}
        self._run_locks: dict[int, asyncio.Lock] = {}
        self._held: dict[int, Step] = {}  # waiting nodes of this engine, by id
        self._claimed = 0
        self._ends: set[int] = set()  # traversals being ended
        self._tasks: set[asyncio.Task[Any]] = set()
        self._bench = workbench.Workbench(surroundings.settings.max_steps, surroundings.settings.slow_call)
        self._wake = asyncio.Event()
        self._subscriptions: list[bus.Subscription] = []
        self._stopping = False

    # ---- life ----

    async def start(self, *, alone: bool = False) -> None:
        """Register, take over what was left behind, and begin to work.

        `alone`: no other engine can be at work on this store, so nobody's lease has to run out first.
        """
        await self._context.store.write(lambda connection: self._enter(connection, alone=alone))
        subscribe = self._context.wakeups.subscribe
        self._subscriptions = [subscribe(WAKE_TOPIC, self._woken), subscribe(STOP_TOPIC, self._stopped)]
        self.spawn(self._claim_loop())
        self.spawn(self._sweep_loop())
        self.spawn(self._retention.keep())
        self.wake()

    def _enter(self, connection: sa.Connection, *, alone: bool) -> None:
        now, interval, host = self._context.now(), self._context.settings.report_interval, socket.gethostname()
        engines.register(connection, self.id, host, host, interval, now)
        if alone:
            engines.retire_others(connection, self.id)
        self._prolong(connection)

    async def stop(self) -> None:
        """Finish nothing more: give back what is claimed, so that another engine goes on at once."""
        self._stopping = True
        for subscription in self._subscriptions:
            await subscription.cancel()
        self._watcher.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._context.store.write(lambda connection: engines.retire(connection, self.id))

    async def _woken(self, _message: bus.Message) -> None:
        self._wake.set()

    async def _stopped(self, _message: bus.Message) -> None:
        await self._drop_lost()

    def wake(self) -> None:
        """There may be work on the list."""
        self._wake.set()

    def announce(self) -> None:
        """Tell this and all other engines that there is work on the list."""
        self._wake.set()
        self.spawn(self._context.wakeups.publish(WAKE_TOPIC, {}))

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run something in the background until it ends or the engine stops."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("A background task of the engine failed", exc_info=task.exception())

    # ---- the work list ----

    def capacity(self) -> int:
        """How many more nodes it can hold."""
        return 0 if self._stopping else max(0, self._context.settings.max_claimed - self._claimed)

    async def _claim_loop(self) -> None:
        while not self._stopping:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._claim_all()
            except Exception as error:  # the border of the work list: the sweeper wakes this loop again
                log.error("The work list cannot be read; it is tried again", exc_info=error)

    async def _claim_all(self) -> None:
        while (limit := min(self.capacity(), CLAIM_AT_ONCE)) > 0:
            now = self._context.now()
            nodes = await self._context.store.write(functools.partial(self._claim, limit, now))
            if not nodes:
                break
            self._claimed += len(nodes)
            await self._dispatch(nodes)
        # Actions that had nothing to do, and those whose engine died before it could say that they are done.
        for traversal in await self._context.store.read(traversals.unfinished):
            self.ended(traversal)
        await self._snapshots.take_up()

    def _claim(self, limit: int, now: float, connection: sa.Connection) -> list[Node]:
        return traversals.claim(connection, self.id, limit, now)

    def _advanced(self, advanced: traversals.Advanced) -> None:
        """A commit made nodes ready or ended traversals."""
        if advanced.claimed:
            self._claimed += len(advanced.claimed)
            self.spawn(self._dispatch(advanced.claimed))
        if advanced.surplus:
            self.announce()
        for traversal in advanced.ended:
            self.ended(traversal)
        for resource_id in advanced.unawaited:
            self.spawn(self._nesting.show_again(resource_id))

    def ended(self, traversal: TraversalRow) -> None:
        """Bring a traversal that has nothing left to do to its end."""
        if traversal.id not in self._ends:
            self._ends.add(traversal.id)
            self.spawn(self._end(traversal))

    async def _end(self, traversal: TraversalRow) -> None:
        try:
            await self._ending.end(traversal)
            self._retention.note(traversal.stack_id)
        finally:
            self._ends.discard(traversal.id)
            self._runs.pop(traversal.id, None)
            self._run_locks.pop(traversal.id, None)

    def hand_over(self, advanced: traversals.Advanced) -> None:
        """What another unit of work of this engine claimed or ended."""
        self._advanced(advanced)

    def release(self, count: int = 1) -> None:
        """So many claimed nodes are no longer held."""
        full = self.capacity() == 0
        self._claimed -= count
        if full:
            self._wake.set()

    async def _dispatch(self, nodes: Sequence[Node]) -> None:
        by_traversal: dict[int, list[Node]] = {}
        for node in nodes:
            by_traversal.setdefault(node.traversal_id, []).append(node)
        for traversal_id, several in by_traversal.items():
            try:
                working = await self.run_of(traversal_id)
                if working is None:
                    self.release(len(several))
                    continue
                rows = await working.refresh(self._context.store, several)
            except Exception as error:  # the border of a stack: its nodes fail, others go on
                log.error("Traversal %s cannot be carried out", traversal_id, exc_info=error)
                await self._fail_all(several, error)
                continue
            await self._perform(working, several, rows)

    async def _fail_all(self, nodes: Sequence[Node], error: Exception) -> None:
        reason = f"{getattr(error, 'kind', type(error).__name__)}: {error}"
        moves = [traversals.Move(node, traversals.Then.FAIL, failure=reason) for node in nodes]
        await self._commits.commit_all(moves)
        self.release(len(nodes))

    async def _perform(self, working: run.Run, nodes: Sequence[Node], rows: Mapping[str, ResourceRow]) -> None:
        batch: list[tuple[Step, traversals.Move]] = []
        for node in nodes:
            self._forget_former(node.id)
            row = rows.get(node.resource_id)
            if row is None:  # its row has gone with a newer action
                self.release()
                continue
            step = Step(node, working, row, None)
            kind = self._kind(step)
            if kind is not None and (kind.external or kind.nests):
                self.spawn(self._one(step))
                continue
            move = await self._steps.perform(step)
            if move is not None:
                batch.append((step, move))
        if batch:
            lost = await self._commits.commit_all([move for _, move in batch])
            self._finished([(step, move) for step, move in batch if move.node.id not in lost])
            self.release(len(lost))

    def _forget_former(self, node_id: int) -> None:
        """A node that this engine lost and has claimed anew: who waits under the former claim waits for nothing."""
        if self._held.pop(node_id, None) is not None:
            self._watcher.drop(node_id)
            self.release()

    def _kind(self, step: Step) -> contract.Resource | None:
        member = step.run.member(step.row.name)
        return step.run.type_of_row(step.row) or (member.type if member else None)

    async def _one(self, step: Step) -> None:
        # All calls of one stack action to the cloud carry one id, so that the services' logs can be joined.
        cloud_session.request_id.set(step.run.request_id)
        try:
            move = await self._bench.perform(step, lambda: self._steps.perform(step))
        except workbench.Cut:
            self.release()
            return
        await self._last(step, move)

    async def _last(self, step: Step, move: traversals.Move | None) -> None:
        """Store the last move of a step, if it has come to it."""
        if move is None:
            if step.node.id not in self._held:
                self.release()  # lost, or parked: nothing of it is ours any more
            return
        self._held.pop(step.node.id, None)
        try:
            await self._commits.commit(move)
        except committer.LeaseLost:
            self.release()
            return
        self._finished([(step, move)])

    def _finished(self, done: Iterable[tuple[Step, traversals.Move]]) -> None:
        for step, move in done:
            if move.then is traversals.Then.STAY:
                step.node.phase = move.phase
                self.again(step, step.pause)
                continue
            if move.then in (traversals.Then.PAUSE, traversals.Then.RETRY):
                # A little late, as the work list goes by another clock.
                asyncio.get_running_loop().call_later(step.pause + 0.01, self.wake)
                self.release()
                continue
            if move.then is traversals.Then.PARK:
                self.release()
                continue
            step.run.settled(step.row.name)
            self.release()

    # ---- what a step waits for (the `Waiting` of steps) ----

    def watch(self, step: Step, after: float | None) -> None:
        """See `step.Waiting`."""
        self._held[step.node.id] = step
        group = (type(step.kind), id(step.run.session))
        self._watcher.add(group, step.node.id, step, after)

    def again(self, step: Step, after: float) -> None:
        """See `step.Waiting`."""
        self._held[step.node.id] = step
        asyncio.get_running_loop().call_later(after, self._again, step)

    def _again(self, step: Step) -> None:
        if self._stopping or self._held.get(step.node.id) is not step:
            return
        del self._held[step.node.id]
        self.spawn(self._one(step))

    async def nest(self, step: Step, move: traversals.Move, removing: bool) -> None:
        """See `step.Waiting`."""
        await self._nesting.begin(step, move, removing)

    async def connect(self, step: Step) -> None:
        """See `step.Waiting`."""
        if step.run.access is None or not step.run.access.is_usable:
            step.run.access = await self._authority.session_of(step.run.stack)
            step.run.users = self._users.of(step.run.stack)

    async def hooks(self, step: Step) -> frozenset[str]:
        """See `step.Waiting`."""
        working = step.run
        if working.blueprint is not None:
            return working.blueprint.environment.registry.hooks(step.row.name)
        if working.former_registry is None:
            working.former_registry = await self._definitions.registry(working.stack.definition_id)
        return working.former_registry.hooks(step.row.name)

    async def is_taken_over(self, step: Step) -> bool:
        """See `step.Waiting`."""
        row, kind, codec = step.row, step.kind, self._context.store.codec
        kin = [one for one in (row.replaced_by, row.replaces) if one is not None]
        if kind is None or not kind.external or row.physical_id is None or not kin:
            return False
        found = await self._context.store.read(lambda connection: resources.by_ids(connection, codec, kin))
        mine = kind.identity(row.physical_id, row.frozen or row.properties or {})
        return any(
            one.type == row.type
            and one.physical_id is not None
            and one.action is not Action.DELETE
            and kind.identity(one.physical_id, one.frozen or one.properties or {}) == mine
            for one in found.values()
        )

    async def hear(self, step: Step) -> signals.Heard:
        """See `step.Waiting`."""
        return await self._signals.hear(step.run, step.row, step.call)

    async def child(self, step: Step) -> contract.ChildView | None:
        """See `step.Waiting`."""
        return await self._nesting.view(step)

    async def child_state(self, step: Step) -> tuple[Status, str] | None:
        """See `step.Waiting`."""
        return await self._nesting.state(step)

    async def _look(self, waiting: list[Step]) -> set[int]:
        """Observe resources of one type and credential with as few calls as the type can, and settle them."""
        kind = waiting[0].kind
        assert kind is not None
        calls = [step.call for step in waiting if step.call is not None]
        try:
            with self._bench.looking(waiting):
                seen = await kind.observe_many(calls)
        except Exception as error:  # the border to the cloud: what it means is the steps' policy
            return await self._look_failed(waiting, error)
        await self._tell([(step, CHANGED) for step in waiting if step.noted and self._held.get(step.node.id) is step])
        settled: set[int] = set()

        async def go_on(step: Step) -> None:
            self._held.pop(step.node.id, None)
            try:
                observed = seen[step.row.id]
                move = await self._bench.perform(step, lambda: self._steps.settle(step, observed), in_turn=False)
            except workbench.Cut:
                settled.add(step.node.id)
                self.release()
                return
            if move is not None or step.node.id not in self._held:
                settled.add(step.node.id)
                await self._last(step, move)

        going_on = {self.spawn(go_on(step)): step for step in waiting if step.row.id in seen}
        if going_on:
            # A next call that takes its time keeps nobody else waiting: its step comes back when there is an answer.
            _, slow = await asyncio.wait(going_on, timeout=self._context.settings.slow_call)
            settled |= {going_on[task].node.id for task in slow}
        return settled

    async def _look_failed(self, waiting: Sequence[Step], error: Exception) -> set[int]:
        """Look again later, unless that has been refused for good and for long; the action's deadline ends it."""
        log.warning("Cannot observe %s: %s", waiting[0].known_kind.type_name, error)
        now, given_up = self._context.now(), set()
        told = [(step, self._steps.trouble(step, error)) for step in waiting if not step.noted]
        await self._tell([(step, f"{reason}; it is looked at again") for step, reason in told])
        for step in waiting:
            move = await self._steps.look_failed(step, error, now)
            if move is not None and self._held.get(step.node.id) is step:
                given_up.add(step.node.id)
                await self._last(step, move)
        return given_up

    async def _tell(self, several: Sequence[tuple[Step, str]]) -> None:
        """Tell in the resources' reasons what keeps steps waiting."""
        for step, text in several:
            step.noted = text != CHANGED
        notes = [(step.node, text) for step, text in several]
        if notes:
            await self._context.store.write(lambda connection: traversals.note(connection, notes))

    async def _tell_slow(self) -> None:
        several = []
        for step, call, seconds in self._bench.slow():
            since = datetime.datetime.fromtimestamp(self._context.now() - seconds, datetime.UTC)
            text = f"waits for an answer since {since:%Y-%m-%dT%H:%M:%SZ}: {call}"
            log.warning("Resource %s %s", step.row.name, text)
            several.append((step, text))
        await self._tell(several)

    # ---- runs ----

    async def run_of(self, traversal_id: int) -> run.Run | None:
        """The working memory of a traversal; None when it is not its stack's present one any more."""
        known = self._runs.get(traversal_id)
        if known is not None:
            return known
        async with self._run_locks.setdefault(traversal_id, asyncio.Lock()):
            known = self._runs.get(traversal_id)
            if known is None:
                known = await self._load(traversal_id)
                if known is not None:
                    self._runs[traversal_id] = known
        return known

    async def _load(self, traversal_id: int) -> run.Run | None:
        def query(connection: Any) -> Any:
            traversal = traversals.by_id(connection, traversal_id)
            return (traversal, stacks.by_id(connection, traversal.stack_id)) if traversal else None

        found = await self._context.store.read(query)
        if found is None:
            return None
        traversal, stack = found
        return await self.make_run(stack, traversal)

    async def make_run(self, stack: StackRow, traversal: TraversalRow) -> run.Run:
        """A new working memory."""
        blueprint = None
        if traversal.definition_id != actions.NOTHING:
            blueprint = await self._definitions.blueprint(traversal.definition_id, stack)
        working = run.Run(stack, traversal, blueprint, self._definitions.type_named, self._context)
        if traversal.plan_id is not None:
            working.bounds = await plan_keeping.bounds_of(self._context.store, traversal.plan_id, traversal.plan_path)
        codec = self._context.store.codec
        found = await self._context.store.read(lambda c: drift_rows.treatments(c, codec, [stack.id]))
        working.treatments = found.get(stack.id, {})
        return working

    def adopt(self, working: run.Run) -> None:
        """Keep the working memory of a traversal that this engine has just begun."""
        self._runs[working.traversal.id] = working

    # ---- leases, deadlines, recovery ----

    async def _sweep_loop(self) -> None:
        lease = self._context.settings.engine_lease
        last_renewal = 0.0
        while True:
            await asyncio.sleep(SWEEP_EVERY)
            now = self._context.now()
            try:
                if now - last_renewal > lease / 3:
                    await self._renew()
                    last_renewal = now
                    self._wake.set()
                    await self._drop_lost()
                await self._tell_slow()
                running = await self._context.store.read(traversals.present)
                self._forget_runs({traversal.id for traversal in running})
                await self._time_out(await self._context.store.read(functools.partial(traversals.overdue, now=now)))
            except Exception as error:  # the border of the sweeper: it must go on
                log.error("The sweeper failed; it tries again", exc_info=error)

    async def _time_out(self, overdue: Sequence[TraversalRow]) -> None:
        # A nested stack's action begins after its owner's, and ends with it.
        for traversal in sorted(overdue, key=lambda one: one.id):
            advanced = await self._ending.time_out(traversal)
            await self._drop_lost()
            await self._context.wakeups.publish(STOP_TOPIC, {})
            self.hand_over(advanced)

    async def _drop_lost(self) -> None:
        """Let go of what a timeout, a newer action or another engine has taken away, calls without an answer too."""
        held, working = dict(self._held), self._bench.tokens()
        if not held and not working:
            return
        owned = await self._context.store.read(lambda connection: traversals.owned(connection, self.id))
        for node_id, step in held.items():
            if owned.get(node_id) != step.node.token and self._held.get(node_id) is step:
                del self._held[node_id]
                self._watcher.drop(node_id)
                self.release()
        self._bench.cut({node_id: token for node_id, token in working.items() if owned.get(node_id) != token})

    def _forget_runs(self, running: set[int]) -> None:
        in_use = {step.run.traversal.id for step in self._held.values()} | self._ends
        for traversal_id in [one for one in self._runs if one not in running and one not in in_use]:
            del self._runs[traversal_id]
            self._run_locks.pop(traversal_id, None)

    async def _renew(self) -> None:
        """Prolong the lease, and take over what engines have left behind that fell silent."""
        alive, dead = await self._context.store.write(self._prolong)
        if dead:
            log.warning("Took over the work of engines that fell silent: %s", ", ".join(dead))
        if not alive:
            lease = self._context.settings.engine_lease
            log.error(
                "This engine was silent for more than %.0f s and was declared dead; it has registered anew", lease
            )
            await self._drop_lost()

    def _prolong(self, connection: sa.Connection) -> tuple[bool, list[str]]:
        """Whether others still thought this engine alive, and which ones are dead."""
        now, settings = self._context.now(), self._context.settings
        alive = engines.renew(connection, self.id, settings.engine_lease, now)
        if not alive:
            self._enter(connection, alone=False)
            return False, []
        dead = engines.retire_expired(connection, now)
        # What was claimed by one that had been declared dead already, and then died before it knew.
        engines.release_unowned(connection)
        return True, dead
