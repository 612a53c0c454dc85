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
from sqlalchemy import exc

from hearth.model.errors import HearthError

R = TypeVar("R")

#: Units in one transaction at the most: bounds how long one commit can take.
MOST_UNITS = 200


class Unavailable(HearthError):
    """The database refuses to store anything now. Nothing was stored; the same work may be submitted again."""

    kind = "HTTPServiceUnavailable"
    status = 503


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
                    except Exception as error:  # the caller's own, unless the database is in trouble
                        if _will_pass(error):
                            raise
                        job.failure = error
        except Exception as error:  # the commit itself failed: nothing of the batch is stored
            failure: Exception = error
            if _will_pass(error):
                failure = Unavailable(f"The database cannot store anything at the moment: {error}")
                failure.__cause__ = error
            for job in jobs:
                job.failure = job.failure or failure
        by_loop: dict[asyncio.AbstractEventLoop, list[_Job[Any]]] = {}
        for job in jobs:
            by_loop.setdefault(job.loop, []).append(job)
        for loop, done in by_loop.items():
            try:
                loop.call_soon_threadsafe(_settle, done)
            except RuntimeError:
                continue  # that loop has ended; nobody waits for the answer any more


#: SQLite tells a full disk and a wrong statement by the same exception; these codes are troubles that may pass:
#: busy, locked, no memory, read-only, I/O error, full, cannot open.
_PASSING = frozenset({5, 6, 7, 8, 10, 13, 14})


def _will_pass(error: Exception) -> bool:
    """Whether the same work may succeed later. A full SQLite undoes the whole transaction by itself, so the error seen
    may be that of a savepoint which is no longer there; the true one stands behind it.
    """
    behind: BaseException | None = error
    while behind is not None:
        if isinstance(behind, exc.OperationalError):
            code = getattr(behind.orig, "sqlite_errorcode", None)
            if code is None or (code & 0xFF) in _PASSING:
                return True
        behind = behind.__context__
    return False


def _settle(jobs: list[_Job[Any]]) -> None:
    for job in jobs:
        if job.future.cancelled():
            continue
        if job.failure is not None:
            job.future.set_exception(job.failure)
        else:
            job.future.set_result(job.result)
