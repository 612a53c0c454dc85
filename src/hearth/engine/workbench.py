"""The steps that are in a task now: worked on as long as their nodes are held, and no longer.

A task whose node was taken away is cancelled, and with it the call that it waits for. A call that gets no answer for a
while is told of, and no longer counts among those that an engine makes at the same time: one service that is silent
must not keep all others waiting. Used by the engine; knows nothing of what steps do.
"""

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from typing import Any

from hearth.cloud import places as places_of
from hearth.cloud import session as cloud_session
from hearth.engine.step import Step
from hearth.store.traversals import Move

Work = Callable[[], Coroutine[Any, Any, Move | None]]

#: Nested stacks whose actions begin at the same time. With few, what the begun ones have to do right now comes before
#: the begin of further ones: of a tree with thousands, those at work stay few, but for what waits for the cloud.
BEGINNINGS = 4


class Cut(Exception):
    """A step's node was taken away while somebody worked on it. What was stored until then stays."""


@dataclasses.dataclass(slots=True, eq=False)
class _Job:
    """A task for a step, or a look for the sake of several."""

    steps: Sequence[Step]
    token: int = 0  # of the claim
    waiting: cloud_session.UnderWay = dataclasses.field(default_factory=cloud_session.UnderWay)
    places: places_of.Places | None = None  # of which it needs one
    task: asyncio.Task[Move | None] | None = None
    told: float | None = None  # since when the call waits that was told of
    has_place: bool = False
    began: bool = False  # whether it has had a place


class Workbench:
    """Steps in tasks.

    `places`: how many of them may wait for answers at the same time; projects take turns. `slow`: seconds without an
    answer after which a call is told of. `permit`: awaited before each call that may change something; it may cut the
    work off.

    Attributes:
        calls: The places of steps that may wait for answers.
        beginnings: Those of steps that begin the action of a nested stack, and wait for nobody.
    """

    def __init__(self, places: int, slow: float, permit: Callable[[], Awaitable[None]]) -> None:
        self._slow = slow
        self._permit = permit
        self.calls = places_of.Places(places)
        self.beginnings = places_of.Places(BEGINNINGS)
        self._jobs: dict[int, _Job] = {}  # by node id
        self._looks: list[_Job] = []
        self._closed = False

    async def perform(self, step: Step, work: Work, places: places_of.Places | None) -> Move | None:
        """Work on a step once it has one of these places; None: at once.

        Raises:
            Cut: the node was taken away, or nothing more is begun.
        """
        if self._closed:
            raise Cut
        former = self._jobs.get(step.node.id)
        waiting = cloud_session.UnderWay(permit=self._permit, further=step.node.tries > 0)
        job = self._jobs[step.node.id] = _Job([step], step.node.token, waiting, places)

        async def worked() -> Move | None:
            if former is not None and former.task is not None:
                # A claim of ours that was lost: what its call makes must be there before anybody looks for it.
                await asyncio.wait([former.task])
            cloud_session.under_way.set(job.waiting)
            if places is None:
                return await work()
            async with self._place(job, places):
                return await work()

        job.task = asyncio.create_task(worked())
        try:
            await asyncio.wait([job.task])
        except asyncio.CancelledError:  # the engine stops
            job.task.cancel()
            await asyncio.wait([job.task])
            raise
        finally:
            if self._jobs.get(step.node.id) is job:
                del self._jobs[step.node.id]
        if job.task.cancelled():
            raise Cut
        return job.task.result()

    @contextlib.asynccontextmanager
    async def _place(self, job: _Job, places: places_of.Places) -> AsyncIterator[None]:
        await places.acquire(job.steps[0].run.stack.project_id)
        job.has_place = job.began = True
        try:
            yield
        finally:
            self._give_back(job)

    @contextlib.contextmanager
    def looking(self, steps: Sequence[Step]) -> Iterator[None]:
        """Around one look at the objects of several steps."""
        look = _Job(steps)
        cloud_session.under_way.set(look.waiting)
        self._looks.append(look)
        try:
            yield
        finally:
            self._looks.remove(look)

    def _give_back(self, job: _Job) -> None:
        if job.has_place and job.places is not None:
            job.has_place = False
            job.places.release()

    def close(self) -> None:
        """Begin nothing more; what is under way goes on."""
        self._closed = True
        for job in self._jobs.values():
            if job.places is not None and not job.began and job.task is not None:
                job.task.cancel()

    def tokens(self) -> dict[int, int]:
        """`{node id: token of the claim}` of everything at work."""
        return {node_id: job.token for node_id, job in self._jobs.items()}

    def cut(self, lost: Mapping[int, int]) -> None:
        """Stop the work on nodes that are not ours any more, as far as it goes on under these tokens."""
        for node_id, token in lost.items():
            job = self._jobs.get(node_id)
            if job is not None and job.token == token and job.task is not None:
                job.task.cancel()

    def slow(self) -> list[tuple[Step, str, float]]:
        """Steps whose call has had no answer for long, each once: the step, the call, seconds since it was made."""
        now, found = asyncio.get_running_loop().time(), []
        for job in (*self._jobs.values(), *self._looks):
            since = job.waiting.since
            if job.waiting.what and now - since >= self._slow and job.told != since:
                job.told = since
                self._give_back(job)
                found += [(step, job.waiting.what, now - since) for step in job.steps]
        return found
