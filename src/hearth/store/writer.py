"""Group commit: one thread that runs many units of work in one transaction.

An fsync costs as much as dozens of statements, so everything that waits to be written while the last commit runs
goes into the next one together. Each unit stands in a savepoint: one that fails takes nothing of the others along.
Callers are coroutines; their future is set only after the commit, so "it returned" means "it is durable".
"""

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

R = TypeVar("R")

#: Units in one transaction at the most: bounds how long one commit can take.
MOST_UNITS = 200


class _Job(Generic[R]):
    __slots__ = ("failure", "future", "loop", "result", "work")

    def __init__(self, work: Callable[[sa.Connection], R], loop: asyncio.AbstractEventLoop) -> None:
        self.work = work
        self.loop = loop
        self.future: asyncio.Future[R] = loop.create_future()
        self.result: R | None = None
        self.failure: BaseException | None = None


class Writer:
    """The one writer of a store. `submit` may be called from any running event loop."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._jobs: queue.SimpleQueue[_Job[Any] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="hearth-store-writer", daemon=True)
        self._thread.start()

    async def submit(self, work: Callable[[sa.Connection], R]) -> R:
        """Run `work` in a transaction and return its result once that is durable.

        Raises:
            Whatever `work` raised (then nothing of it is stored), or what the commit raised.
        """
        job = _Job(work, asyncio.get_running_loop())
        self._jobs.put(job)
        return await job.future

    def close(self) -> None:
        """Finish what was submitted and end the thread."""
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        with self._engine.connect() as connection:
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
                self._commit(connection, jobs)
                if ending:
                    return

    def _commit(self, connection: sa.Connection, jobs: list[_Job[Any]]) -> None:
        try:
            with connection.begin():
                for job in jobs:
                    try:
                        with connection.begin_nested():
                            job.result = job.work(connection)
                    except Exception as error:  # belongs to the caller of this unit alone
                        job.failure = error
        except Exception as error:  # the commit itself failed: nothing of the batch is stored
            for job in jobs:
                job.failure = job.failure or error
        by_loop: dict[asyncio.AbstractEventLoop, list[_Job[Any]]] = {}
        for job in jobs:
            by_loop.setdefault(job.loop, []).append(job)
        for loop, done in by_loop.items():
            try:
                loop.call_soon_threadsafe(_settle, done)
            except RuntimeError:
                continue  # that loop has ended; nobody waits for the answer any more


def _settle(jobs: list[_Job[Any]]) -> None:
    for job in jobs:
        if job.future.cancelled():
            continue
        if job.failure is not None:
            job.future.set_exception(job.failure)
        else:
            job.future.set_result(job.result)
