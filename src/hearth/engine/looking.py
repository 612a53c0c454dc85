"""Looks at the objects that steps wait for: many with one call, and goes on with those that have come to something.

What keeps a step waiting is told in its resource's reason: a look that fails, a call that gets no answer.
"""

import asyncio
import datetime
import logging
from collections.abc import Coroutine, Hashable, Iterable, Sequence
from typing import Any, Protocol

from hearth.cloud import errors as cloud_errors
from hearth.cloud import session as cloud_session
from hearth.engine import context, failing, heeding, steps, watch, workbench
from hearth.engine.step import CHANGED, Step
from hearth.model import interruption
from hearth.model.errors import HearthError
from hearth.resources import contract
from hearth.store import traversals
from hearth.telemetry import trail

log = logging.getLogger(__name__)


class Holder(Protocol):
    """Who holds the steps that are looked at."""

    def holds(self, step: Step) -> bool:
        """Whether a step waits still, under the same claim."""

    def take(self, step: Step) -> None:
        """Somebody goes on with the step; it waits no more."""

    async def go_on(self, step: Step, work: workbench.Work, *, in_turn: bool) -> bool:
        """Work on a step; whether it does not wait any more: it has ended, or is lost."""

    async def end(self, step: Step, move: traversals.Move) -> None:
        """Store the last move of a step."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something in the background until it ends or the engine stops."""


class Looking:
    """The looks of one engine."""

    def __init__(
        self, surroundings: context.Context, performed: steps.Steps, bench: workbench.Workbench, holder: Holder
    ) -> None:
        self._context = surroundings
        self._steps = performed
        self._bench = bench
        self._holder = holder
        self._watcher: watch.Watcher[Step] = watch.Watcher(self._look)
        self._heeding = heeding.Heeding(self._watcher)

    def add(self, step: Step, after: float | None) -> None:
        """Look at a step's object, in so many seconds; see `watch`."""
        self._watcher.add((type(step.kind), _eyes(step)), step.node.id, step, after)

    def drop(self, node_id: int) -> None:
        """Look at it no more."""
        self._watcher.drop(node_id)

    def heard(self, names: frozenset[str]) -> None:
        """Something was told of objects of these ids, among others: look at those that are waited for at once."""
        self._heeding.heard(names)

    def close(self) -> None:
        """Look at nothing more."""
        self._heeding.close()
        self._watcher.close()

    async def _look(self, waiting: list[Step]) -> set[int]:
        """Observe resources of one type that see the same with as few calls as the type can, and settle them."""
        kind = waiting[0].kind
        assert kind is not None
        # Of several actions that wait for one look, the first one is known to the service.
        trail.follow(waiting[0].run.trail)
        calls = [step.call for step in waiting if step.call is not None]
        try:
            with self._bench.looking(waiting), waiting[0].span():
                seen = await kind.observe_many(calls)
        except (Exception, asyncio.CancelledError) as error:  # the border to the cloud: the steps' policy judges it
            interruption.heed(error)
            apart = _by_session(waiting)
            if len(apart) > 1 and not isinstance(failing.as_failure(error), contract.Temporary):
                # The credential of one stack is no longer good, say: that is no affair of the others.
                return {node_id for several in apart for node_id in await self._look(several)}
            return await self._look_failed(waiting, error)
        await self._tell([(step, CHANGED) for step in waiting if step.noted and self._holder.holds(step)])
        settled: set[int] = set()

        async def go_on(step: Step) -> None:
            trail.follow(step.run.trail)
            observed = seen[step.row.id]
            if await self._holder.go_on(step, lambda: self._steps.settle(step, observed), in_turn=False):
                settled.add(step.node.id)

        going_on: dict[asyncio.Task[None], Step] = {}
        for step in waiting:
            if step.row.id in seen:
                self._holder.take(step)
                going_on[self._holder.spawn(go_on(step))] = step
        if going_on:
            # A next call that takes its time keeps nobody else waiting: its step comes back when there is an answer.
            _, slow = await asyncio.wait(going_on, timeout=self._context.settings.slow_call)
            late = [going_on[task] for task in slow]
            # One that is watched again by now, as after a standstill, is to be looked at again.
            settled |= {step.node.id for step in late if not self._holder.holds(step)}
        return settled

    async def _look_failed(self, waiting: Sequence[Step], error: BaseException) -> set[int]:
        """Look again later, unless that has been refused for good and for long; the action's deadline ends it."""
        log.warning("Cannot observe %s: %s", waiting[0].known_kind.type_name, error, exc_info=_if_defect(error))
        now, given_up = self._context.now(), set()
        told = [(step, self._steps.trouble(step, error)) for step in waiting if not step.noted]
        await self._tell([(step, f"{reason}; it is looked at again") for step, reason in told])
        for step in waiting:
            move = await self._steps.look_failed(step, error, now)
            if move is not None and self._holder.holds(step):
                given_up.add(step.node.id)
                self._holder.take(step)
                await self._holder.end(step, move)
        return given_up

    async def _tell(self, several: Sequence[tuple[Step, str]]) -> None:
        """Tell in the resources' reasons what keeps steps waiting."""
        for step, text in several:
            step.noted = text != CHANGED
        notes = [(step.node, text) for step, text in several]
        if notes:
            await self._context.store.write(lambda connection: traversals.note(connection, notes))

    async def tell_slow(self) -> None:
        """Tell of calls that have had no answer for long."""
        several = []
        for step, call, seconds in self._bench.slow():
            since = datetime.datetime.fromtimestamp(self._context.now() - seconds, datetime.UTC)
            text = f"waits for an answer since {since:%Y-%m-%dT%H:%M:%SZ}: {call}"
            log.warning("Resource %s %s", step.row.name, text)
            several.append((step, text))
        await self._tell(several)


def _eyes(step: Step) -> Hashable:
    """With which others a step's object can be looked at: those that see the same, of other stacks too."""
    access = step.run.access
    return access.sees if isinstance(access, cloud_session.Session) else id(step.run.session)


def _by_session(steps: Iterable[Step]) -> list[list[Step]]:
    found: dict[int, list[Step]] = {}
    for step in steps:
        found.setdefault(id(step.run.session), []).append(step)
    return list(found.values())


def _if_defect(error: BaseException) -> BaseException | None:
    """What is to be told with its trace."""
    return None if isinstance(error, (contract.ResourceFailure, cloud_errors.CloudError, HearthError)) else error
