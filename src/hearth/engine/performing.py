"""Brings claimed nodes to their end: performs their steps, and stores what came of them.

Steps of types that make nothing outside the store run as a batch and share one commit; all others are tasks, as many at
a time as `max_steps` allows. Whatever a step dies of, its node is not left lying: it fails with the reason, or is held
no more, and then given back (`claims`).
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, Protocol

from hearth.cloud import places
from hearth.engine import (
    claims,
    committer,
    complaints,
    context,
    looking,
    run,
    runs,
    steps,
    waits,
    workbench,
)
from hearth.engine.step import Step
from hearth.resources import contract
from hearth.store import Unavailable, endings, traversals
from hearth.store.rows import Node, Phase, ResourceRow
from hearth.telemetry import metrics, trail

log = logging.getLogger(__name__)

#: Moves after which nothing is left of a node.
_ENDS = frozenset({traversals.Then.DONE, traversals.Then.FAIL, traversals.Then.SKIP})


class Host(Protocol):
    """The engine that performs steps."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something in the background until it ends or the engine stops."""

    def wake(self) -> None:
        """There may be work on the list."""


class Performing:
    """The work of one engine on nodes. `around`: makes what steps need of it, from where they go that wait."""

    def __init__(
        self,
        surroundings: context.Context,
        commits: committer.Committer,
        claimed: claims.Claims,
        working: runs.Runs,
        bench: workbench.Workbench,
        around: Callable[[waits.Watch, waits.Again], waits.Waits],
        host: Host,
    ) -> None:
        self._context = surroundings
        self._commits = commits
        self._claims = claimed
        self._runs = working
        self._bench = bench
        self._host = host
        self._steps = steps.Steps(surroundings, commits, around(self._watch, self._again))
        self._looking = looking.Looking(surroundings, self._steps, bench, self)
        self._held: dict[int, Step] = {}  # waiting steps, by node id
        self._closed = False

    def close(self) -> None:
        """Go on with nothing that waits."""
        self._closed = True
        self._looking.close()

    def drain(self) -> None:
        """Begin nothing more either; calls that are under way have their answer."""
        self.close()
        self._bench.close()

    def in_use(self) -> set[int]:
        """Traversals of which something waits."""
        return {step.run.traversal.id for step in self._held.values()}

    def heard(self, names: frozenset[str]) -> None:
        """The cloud told something of objects of these ids: whatever waits for one of them is looked at now."""
        if not self._closed:
            self._looking.heard(names)

    async def tell_slow(self) -> None:
        """Tell of calls that have had no answer for long."""
        await self._looking.tell_slow()

    # ---- nodes ----

    async def dispatch(self, nodes: Sequence[Node]) -> None:
        """Perform the steps of nodes that have been claimed."""
        by_traversal: dict[int, list[Node]] = {}
        for node in nodes:
            by_traversal.setdefault(node.traversal_id, []).append(node)
        # The short ones first: a large stack's share of a claim keeps them waiting least so.
        for traversal_id, several in sorted(by_traversal.items(), key=lambda one: len(one[1])):
            try:
                working, rows = await self._known(traversal_id, several)
                if working is None:
                    self._claims.release(*several)
                    continue
            except Exception as error:  # the border of a stack: its nodes fail, others go on
                log.error("Traversal %s cannot be carried out", traversal_id, exc_info=error)
                await self._fail_all(several, error)
                continue
            with trail.following(working.trail):
                await self._perform(working, several, rows)

    async def _known(
        self, traversal_id: int, nodes: Sequence[Node]
    ) -> tuple[run.Run | None, Mapping[str, ResourceRow]]:
        """The working memory of a traversal, and the rows of its nodes. Waits for a database that is away."""
        while True:
            try:
                working = await self._runs.of(traversal_id)
                return working, await working.refresh(self._context.store, nodes) if working is not None else {}
            except Unavailable as error:
                complaints.tell(log, "Claimed work cannot be read; it is tried again", error)
                await asyncio.sleep(committer.PAUSE)

    async def _fail_all(self, nodes: Sequence[Node], error: Exception) -> None:
        reason = f"{getattr(error, 'kind', type(error).__name__)}: {error}"
        moves = [traversals.Move(node, traversals.Then.FAIL, failure=reason) for node in nodes]
        try:
            await self._commits.commit_all(moves)
        except Exception as failure:  # the border of a failure: what is held no more is given back by the sweeper
            complaints.tell(log, "The failure of claimed work cannot be stored; it is given back", failure)
        self._claims.release(*nodes)

    async def _perform(self, working: run.Run, nodes: Sequence[Node], rows: Mapping[str, ResourceRow]) -> None:
        batch: list[tuple[Step, traversals.Move]] = []
        for node in nodes:
            self._forget_former(node.id)
            row = rows.get(node.resource_id)
            if row is None:  # its row has gone with a newer action
                self._claims.release(node)
                continue
            step = Step(node, working, row, None)
            try:
                kind = self._kind(step)
                if kind is not None and (kind.external or kind.nests):
                    self._host.spawn(self._one(step))
                    continue
                with step.span():
                    move = await self._steps.perform(step)
            except Exception as error:  # the border of a step, should even its own have failed
                await self._give_up(step, error)
                continue
            if move is not None:
                batch.append((step, move))
        if batch:
            await self._store(batch)

    async def _store(self, batch: Sequence[tuple[Step, traversals.Move]]) -> None:
        """Store the last moves of steps of one traversal together; each alone where one of them cannot be stored."""
        try:
            lost = await self._commits.commit_all([move for _, move in batch])
        except Exception as error:  # the border of a batch, as above
            if len(batch) == 1:
                await self._give_up(batch[0][0], error)
                return
            for one in batch:
                await self._store([one])
            return
        self._finished([(step, move) for step, move in batch if move.node.id not in lost])
        self._claims.release(*(move.node for _, move in batch if move.node.id in lost))

    async def _give_up(self, step: Step, error: Exception) -> None:
        """Let a step fail by a defect that its own work does not answer for. What is not stored is given back."""
        try:
            move = self._steps.broken(step, error)
            await self._commits.commit(move)
        except committer.LeaseLost:
            self._claims.release(step.node)
        except Exception as failure:  # the border of a failure: what is held no more is given back by the sweeper
            complaints.tell(log, f"The failure of resource {step.row.name} cannot be stored; it is given back", failure)
            self._claims.release(step.node)
        else:
            self._finished([(step, move)])

    def _forget_former(self, node_id: int) -> None:
        """A node that this engine lost and has claimed anew: who waits under the former claim waits for nothing."""
        former = self._held.pop(node_id, None)
        if former is not None:
            self._looking.drop(node_id)
            self._claims.release(former.node)

    def _kind(self, step: Step) -> contract.Resource | None:
        member = step.run.member(step.row.name)
        return step.run.type_of_row(step.row) or (member.type if member else None)

    def _places(self, step: Step) -> places.Places:
        """Of which places a step needs one. A nested stack whose drift is to be put right is looked at first."""
        kind = self._kind(step)
        begins = kind is not None and kind.nests and step.node.phase is Phase.NONE
        return self._bench.beginnings if begins and not step.run.traversal.converge else self._bench.calls

    async def _one(self, step: Step) -> None:
        trail.follow(step.run.trail)
        await self.go_on(step, lambda: self._steps.perform(step))

    async def go_on(self, step: Step, work: workbench.Work, *, in_turn: bool = True) -> bool:
        """Work on a step; whether it does not wait any more: it has ended, or is lost."""
        try:
            with step.span():
                move = await self._bench.perform(step, work, self._places(step) if in_turn else None)
            if move is None and step.node.id in self._held:
                return False
            self._held.pop(step.node.id, None)
            if move is None:
                self._claims.release(step.node)  # lost, or parked: nothing of it is ours any more
            else:
                await self._store([(step, move)])
        except workbench.Cut:
            self._claims.release(step.node)
        except Exception as error:  # the border of a step, should even its own have failed
            self._held.pop(step.node.id, None)
            await self._give_up(step, error)
        return True

    def _finished(self, done: Iterable[tuple[Step, traversals.Move]]) -> None:
        for step, move in done:
            self._count(step, move)
            if move.then is traversals.Then.STAY:
                step.node.phase = move.phase
                self._again(step, step.pause)
                continue
            if move.then in (traversals.Then.PAUSE, traversals.Then.RETRY):
                # A little late, as the work list goes by another clock.
                asyncio.get_running_loop().call_later(step.pause + 0.01, self._host.wake)
                self._claims.release(step.node)
                continue
            if move.then is traversals.Then.PARK:
                self._claims.release(step.node)
                continue
            step.run.settled(step.row.name)
            self._claims.release(step.node)
            if move.then is traversals.Then.FAIL and not step.run.stack.convergence:
                self._host.spawn(self._hurry(step.run.traversal.id))

    async def _hurry(self, traversal_id: int) -> None:
        """In the legacy mode, what has begun gets a while after a failure, and is then given up."""
        until = self._context.now() + self._context.settings.error_wait_time
        await self._context.store.write(lambda connection: endings.hurry(connection, traversal_id, until))

    def _count(self, step: Step, move: traversals.Move) -> None:
        """For metrics: what came of a step. Names that users give to types are not told apart."""
        known = step.kind is not None and self._context.types.find(step.kind.type_name) is not None
        name = step.kind.type_name if step.kind is not None and known else metrics.OTHER
        metrics.moves_of(name, step.action.value, move.then.value).inc()
        if move.then in _ENDS:
            metrics.node_seconds_of(name, step.action.value).observe(time.monotonic() - step.claimed_at)

    # ---- steps that wait ----

    def _watch(self, step: Step, after: float | None) -> None:
        self._held[step.node.id] = step
        if not self._closed:  # else it is given back
            self._looking.add(step, after)

    def _again(self, step: Step, after: float) -> None:
        self._held[step.node.id] = step
        asyncio.get_running_loop().call_later(after, self._perform_again, step)

    def _perform_again(self, step: Step) -> None:
        if self._closed or not self.holds(step):
            return
        self.take(step)
        self._host.spawn(self._one(step))

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """See `looking.Holder`."""
        return self._host.spawn(work)

    def holds(self, step: Step) -> bool:
        """See `looking.Holder`."""
        return self._held.get(step.node.id) is step

    def take(self, step: Step) -> None:
        """See `looking.Holder`."""
        self._held.pop(step.node.id, None)

    async def end(self, step: Step, move: traversals.Move) -> None:
        """See `looking.Holder`."""
        await self._store([(step, move)])

    async def drop_lost(self) -> Mapping[int, int] | None:
        """Let go of what a timeout, a newer action or another engine has taken away, calls without an answer too.

        Returns what the engine owns (`{node id: token}`), if that was looked up.
        """
        held, working = dict(self._held), self._bench.tokens()
        if not held and not working:
            return None
        owned = await self._claims.owned()
        for node_id, step in held.items():
            if owned.get(node_id) != step.node.token and self.holds(step):
                self.take(step)
                self._looking.drop(node_id)
                self._claims.release(step.node)
        self._bench.cut({node_id: token for node_id, token in working.items() if owned.get(node_id) != token})
        return owned
