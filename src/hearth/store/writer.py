"""Group commit: one thread that runs many units of work in one transaction.

An fsync costs as much as dozens of statements, so everything that waits to be written while the last commit runs
goes into the next one together. Each unit stands in a savepoint: one that fails takes nothing of the others along.
Callers are coroutines; their future is set only after the commit, so "it returned" means "it is durable".

Of databases that several processes write, three things more are taken care of here, and nowhere else. A unit names the
stacks it works on, and has their trees for itself until the commit, as it has everything in SQLite. A transaction that
stood in another's way is done again, so units must be repeatable. And a connection that breaks during a commit leaves
open whether it was done: each commit carries a mark, by which that is found out before anybody is answered.
"""

import asyncio
import contextvars
import logging
import queue
import random
import threading
import time
import uuid
from collections.abc import Callable, Collection, Sequence
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from hearth.model.errors import HearthError
from hearth.store import clock, databases, marks, news, stacks, trouble
from hearth.telemetry import metrics

R = TypeVar("R")
log = logging.getLogger(__name__)

#: Units in one transaction at the most: bounds how long one commit can take.
MOST_UNITS = 200
#: How often a transaction that stood in others' way is done again, and the longest pause before that, in seconds.
CONFLICTS = 20
_CONFLICT_PAUSE = 0.25
#: Seconds between tries to learn whether a commit was done.
_DOUBT_PAUSE = 1.0


class Unavailable(HearthError):
    """The database refuses to store anything now. Nothing was stored; the same work may be submitted again."""

    kind = "HTTPServiceUnavailable"
    status = 503


class _Job(Generic[R]):
    __slots__ = ("context", "failure", "future", "loop", "result", "stacks", "work")

    def __init__(
        self, work: Callable[[sa.Connection], R], stacks: Collection[str], loop: asyncio.AbstractEventLoop
    ) -> None:
        self.work = work
        self.stacks = stacks
        self.loop = loop
        self.context = contextvars.copy_context()  # whose request it is, for lines in the log
        self.future: asyncio.Future[R] = loop.create_future()
        self.result: R | None = None
        self.failure: BaseException | None = None


class Writer:
    """The one writer of a process. `submit` may be called from any running event loop."""

    def __init__(self, engine: sa.Engine, tell: Callable[[frozenset[str]], None], clock: clock.Clock) -> None:
        """`tell` is called in the writer's thread after a commit, with the topics it has news of.

        `clock` is set by the database's.
        """
        self._engine = engine
        self._tell = tell
        self._clock = clock
        self._shared = databases.is_shared(engine)
        self._id = str(uuid.uuid4())
        self._commits = 0
        self._closing = threading.Event()
        self._jobs: queue.SimpleQueue[_Job[Any] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="hearth-store-writer", daemon=True)
        self._thread.start()

    async def submit(self, work: Callable[[sa.Connection], R], stacks: Collection[str] = ()) -> R:
        """Run `work` in a transaction and return its result once that is durable.

        The trees of `stacks` (ids) are locked before: nobody else writes what belongs to them until the commit.

        Raises:
            Whatever `work` raised (then nothing of it is stored), or what the commit raised.
        """
        job = _Job(work, stacks, asyncio.get_running_loop())
        self._jobs.put(job)
        return await job.future

    def close(self) -> None:
        """Finish what was submitted and end the thread."""
        self._closing.set()
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        while True:
            first = self._jobs.get()
            if first is None:
                return
            jobs = [first]
            ending = False
            while len(jobs) < MOST_UNITS:
                try:
                    more = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    ending = True
                    break
                jobs.append(more)
            self._commit(jobs)
            _answer(jobs)
            if ending:
                return

    def _commit(self, jobs: Sequence[_Job[Any]]) -> None:
        metrics.COMMIT_UNITS.observe(len(jobs))
        for attempt in range(CONFLICTS + 1):
            self._commits += 1
            try:
                with metrics.COMMIT_SECONDS.time():
                    self._transact(jobs)
                return
            except Exception as error:  # the commit itself failed: nothing of the batch is stored
                if trouble.is_disconnect(error) and self._is_done():
                    return
                if trouble.is_conflict(error) and attempt < CONFLICTS:
                    time.sleep(random.uniform(0, _CONFLICT_PAUSE) * min(1.0, (attempt + 1) / 4))
                    continue
                failure: Exception = error
                if trouble.will_pass(error):
                    failure = Unavailable(f"The database cannot store anything at the moment: {trouble.words(error)}")
                    failure.__cause__ = error
                for job in jobs:
                    job.failure = job.failure or failure
                return

    def _transact(self, jobs: Sequence[_Job[Any]]) -> None:
        with self._engine.begin() as connection:
            if self._shared:
                self._clock.follow(connection)
                stacks.lock_trees(connection, {one for job in jobs for one in job.stacks})
            for job in jobs:
                job.result, job.failure = None, None
                try:
                    with connection.begin_nested():
                        job.result = job.context.run(job.work, connection)
                except Exception as error:  # the caller's own, unless the database is in trouble
                    if trouble.will_pass(error):
                        raise
                    job.failure = error
            if self._shared:
                marks.put(connection, self._id, self._commits, self._clock.now())
            told = news.take(connection)
        self._tell(told)

    def _is_done(self) -> bool:
        """Whether the last commit came about, although nobody said so. Waits until that can be known."""
        if not self._shared:
            return False
        told = False
        while True:
            try:
                with self._engine.begin() as connection:
                    return marks.last(connection, self._id) == self._commits
            except Exception as error:
                if not trouble.will_pass(error) or self._closing.is_set():
                    return False
                if not told:
                    log.error("The connection to the database broke; it is tried again: %s", trouble.words(error))
                    told = True
                self._closing.wait(_DOUBT_PAUSE)


def _answer(jobs: Sequence[_Job[Any]]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[_Job[Any]]] = {}
    for job in jobs:
        by_loop.setdefault(job.loop, []).append(job)
    for loop, done in by_loop.items():
        try:
            loop.call_soon_threadsafe(_settle, done)
        except RuntimeError:
            continue  # that loop has ended; nobody waits for the answer any more


def _settle(jobs: Sequence[_Job[Any]]) -> None:
    for job in jobs:
        if job.future.cancelled():
            continue
        if job.failure is not None:
            job.future.set_exception(job.failure)
        else:
            job.future.set_result(job.result)
