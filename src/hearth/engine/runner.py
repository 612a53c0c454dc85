"""The engine: what goes on in it as long as it lives, and what it does about the news of its own commits.

One event loop. Nodes come from three sides: claimed from the work list after a wake-up, handed over by the commit that
made them ready, or taken back from an engine whose lease ran out. `performing` brings them to their end.
"""

import asyncio
import contextlib
import functools
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from hearth.bus import contract as bus
from hearth.engine import (
    authority,
    claims,
    committer,
    complaints,
    context,
    definitions,
    ending,
    lease,
    nesting,
    observing,
    performing,
    retention,
    run,
    runs,
    snapshot_removal,
    stack_users,
    telling,
    waits,
    workbench,
)
from hearth.model import interruption
from hearth.store import Unavailable, chores, endings, engines, traversals
from hearth.store.rows import TraversalRow
from hearth.telemetry import spans, trail

log = logging.getLogger(__name__)

WAKE_TOPIC = "work"
#: An action was stopped: whoever is at work for it lets go at once.
STOP_TOPIC = "stopped"
SWEEP_EVERY = 1.0
#: Seconds after which a loop of the engine that ended by a defect goes on.
REST = 1.0
#: Seconds between looks for agents to be told after one that failed.
LONGEST_SILENCE = 10.0


class Engine:
    """One engine process's work. `start` it in a running event loop, `stop` it to hand over."""

    def __init__(
        self, surroundings: context.Context, kept: definitions.Definitions, owners: authority.Authority
    ) -> None:
        self.id = surroundings.new_id()
        self._context = surroundings
        self._authority = owners
        self._runs = runs.Runs(surroundings, kept)
        self._lease = lease.Lease(surroundings, self.id, self._drop_lost)
        self._claims = claims.Claims(surroundings, self.id, self._lease, self._runs, self.wake)
        self._nesting = nesting.Nesting(surroundings, kept, observing.Observing(surroundings, kept, owners), self)
        users = stack_users.StackUsers(surroundings)
        chosen = surroundings.settings
        self._performing = performing.Performing(
            surroundings,
            committer.Committer(surroundings.store, self.id, self.capacity, self.hand_over),
            self._claims,
            self._runs,
            workbench.Workbench(chosen.max_steps, chosen.slow_call, self._lease.is_sure),
            functools.partial(waits.Waits, surroundings, kept, owners, users, self._nesting),
            self,
        )
        self._telling = telling.Telling(surroundings, kept, owners, users)
        self._ending = ending.Ending(surroundings, kept, owners, self)
        self._retention = retention.Retention(surroundings)
        self._snapshots = snapshot_removal.SnapshotRemoval(surroundings, kept, owners, self)
        self._ends: set[int] = set()  # traversals being ended
        self._tasks: set[asyncio.Task[Any]] = set()
        self._loops: set[asyncio.Task[Any]] = set()  # those of the tasks that go on as long as the engine
        self._wake = asyncio.Event()
        self._news = asyncio.Event()  # there may be agents to be told of a change
        self._subscriptions: list[bus.Subscription] = []
        self._stopping = False

    # ---- life ----

    async def start(self, *, alone: bool = False) -> None:
        """Register, take over what was left behind, and begin to work.

        `alone`: no other engine can be at work on this store, so nobody's lease has to run out first.
        """
        await self._lease.begin(alone=alone)
        subscribe = self._context.wakeups.subscribe
        self._subscriptions = [subscribe(WAKE_TOPIC, self._woken), subscribe(STOP_TOPIC, self._stopped)]
        loops = (
            self._claim_loop,
            self._sweep_loop,
            self._tell_loop,
            self._retention.keep,
            self._authority.keep_tidy,
        )
        self._loops = {self.spawn(self._lasting(loop)) for loop in loops}
        self.wake()

    async def _lasting(self, loop: Callable[[], Awaitable[None]]) -> None:
        """Keep something up that goes on as long as the engine, however it ends."""
        while not self._stopping:
            try:
                await loop()
            except (Exception, asyncio.CancelledError) as error:  # the border of a loop: it must go on
                interruption.heed(error)
                complaints.tell(log, "A loop of the engine ended; it goes on", error)
                await asyncio.sleep(REST)

    async def drain(self) -> None:
        """Begin nothing more, and wait until each call under way has its answer and that is stored.

        What only waits for the cloud is left for another engine, which `stop` gives it to. May be broken off.
        """
        self._stopping = True
        self._claims.close()
        self._performing.drain()
        while working := self._tasks - self._loops:
            log.info("%d pieces of work under way are being finished", len(working))
            await asyncio.wait(working)

    async def stop(self) -> None:
        """Finish nothing more: give back what is claimed, so that another engine goes on at once."""
        self._stopping = True
        self._claims.close()
        for subscription in self._subscriptions:
            await subscription.cancel()
        self._performing.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._telling.give_back()
        await self._context.store.write(lambda connection: engines.retire(connection, self.id))
        await self._context.wakeups.publish(WAKE_TOPIC, {})  # others go on with what was given back

    async def check(self) -> str:
        """How it is. Raises HearthError when others may think it dead."""
        self._lease.check()
        return f"{len(self._claims)} nodes held"

    async def _woken(self, _message: bus.Message) -> None:
        self._wake.set()
        self._news.set()

    async def _stopped(self, _message: bus.Message) -> None:
        await self._drop_lost()

    def wake(self) -> None:
        """There may be work on the list."""
        self._wake.set()

    def announce(self) -> None:
        """There is work on the list: for this engine, and for another one if there is any."""
        self._wake.set()
        if self._lease.engines > 1:
            self.spawn(self._context.wakeups.offer(WAKE_TOPIC, {}))

    def heard(self, names: frozenset[str]) -> None:
        """The cloud told something of objects of these ids: whatever waits for one of them is looked at now."""
        self._performing.heard(names)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run something in the background until it ends or the engine stops."""
        task = asyncio.create_task(work, context=trail.apart())
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        failure = None if task.cancelled() else task.exception()
        if failure is not None:
            complaints.tell(log, "A background task of the engine failed", failure)

    # ---- the work list ----

    async def _claim_loop(self) -> None:
        while not self._stopping:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._claim_all()
            except (Exception, asyncio.CancelledError) as error:
                # The border of the work list: the sweeper wakes this loop again.
                interruption.heed(error)
                complaints.tell(log, "The work list cannot be read; it is tried again", error)

    async def _claim_all(self) -> None:
        while not self._stopping:
            taken = await self._claims.take()
            if not taken.nodes:
                break
            if taken.are_more and taken.has_room and self._lease.engines > 1:  # wake one that may wake another
                await self._context.wakeups.offer(WAKE_TOPIC, {})
            await self._performing.dispatch(taken.nodes)
            if not taken.are_more:
                break
        todo = await self._look_around()
        if todo.unfinished:
            # Actions that had nothing to do, and those whose engine died before it could say that they are done.
            for traversal in await self._context.store.read(endings.unfinished):
                self.ended(traversal)
        if todo.removals:
            await self._snapshots.take_up()

    async def _look_around(self) -> chores.Chores:
        return await self._context.store.read(functools.partial(chores.look, now=self._context.now()))

    async def _tell_loop(self) -> None:
        while not self._stopping:
            try:
                pause = await self._telling.take_up()
            except (Exception, asyncio.CancelledError) as error:
                # The border of these notices: they are looked at again.
                interruption.heed(error)
                complaints.tell(log, "Agents cannot be told of changes; it is tried again", error)
                pause = LONGEST_SILENCE
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._news.wait()
            self._news.clear()

    # ---- what units of work bring ----

    def capacity(self) -> int:
        """How many more nodes it takes at a time."""
        return self._claims.capacity()

    def adopt(self, working: run.Run) -> None:
        """Keep the working memory of a traversal that this engine has just begun."""
        self._runs.adopt(working)

    def hand_over(self, advanced: traversals.Advanced) -> None:
        """A commit of this engine claimed nodes or ended traversals."""
        if advanced.wrote:
            self._news.set()
        if advanced.claimed:
            self._claims.hold(advanced.claimed, "commit")
            self.spawn(self._performing.dispatch(advanced.claimed))
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
        trail.follow(traversal.trail)
        above = traversal.trail.traceparent if traversal.trail is not None else None
        try:
            with spans.span("end of the action", parent=above):
                await self._ending.end(traversal)
            self._retention.note(traversal.stack_id)
        finally:
            self._ends.discard(traversal.id)
            self._runs.forget(traversal.id)

    # ---- leases, deadlines, recovery ----

    async def _sweep_loop(self) -> None:
        pause = self._context.settings.engine_lease / 3
        last_renewal = 0.0
        while True:
            await asyncio.sleep(SWEEP_EVERY)
            now = self._context.now()
            try:
                todo = await self._look_around()
                renews = todo.lost or now - last_renewal > pause
                if renews:
                    await self._lease.renew()
                    last_renewal = now
                    owned = await self._performing.drop_lost()
                    await self._claims.give_back_unheld(await self._claims.owned() if owned is None else owned)
                    await self._runs.forget_idle(self._performing.in_use() | self._ends)
                    todo = await self._look_around()
                # Nobody said so: its maker died, or its word was lost. Who ends something is given time for it.
                if todo.waiting or (renews and (todo.unfinished or todo.removals)):
                    self._wake.set()
                await self._performing.tell_slow()
                if todo.overdue:
                    await self._time_out(await self._context.store.read(functools.partial(endings.overdue, now=now)))
            except (Exception, asyncio.CancelledError) as error:  # the border of the sweeper: it must go on
                interruption.heed(error)
                complaints.tell(log, "The sweeper failed; it tries again", error)

    async def _time_out(self, overdue: Sequence[TraversalRow]) -> None:
        # A nested stack's action begins after its owner's, and ends with it.
        for traversal in sorted(overdue, key=lambda one: one.id):
            try:
                with trail.following(traversal.trail):
                    advanced = await self._ending.time_out(traversal)
            except Unavailable:
                raise  # for the others too
            except (Exception, asyncio.CancelledError) as error:
                # The border of an action: others end in time all the same.
                interruption.heed(error)
                complaints.tell(log, f"The action {traversal.id} cannot be stopped, it is tried again", error)
                continue
            await self._drop_lost()
            await self._context.wakeups.publish(STOP_TOPIC, {})
            self.hand_over(advanced)

    async def _drop_lost(self) -> None:
        await self._performing.drop_lost()
