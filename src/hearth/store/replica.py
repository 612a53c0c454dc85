"""Answers queries from a read-only copy of the database, as soon as that has all that was committed when they came.

`Store.read_aside` asks it for lists. A replica is always a little behind. Each commit carries the mark of its writer
(`marks`), of whichever process, so the database is asked for its marks first, and what the replica says counts once it
has all of these. Thus nobody sees less than was there before, whoever wrote it: no list lacks what a client has just
been told. One that is away, or does not catch up in time, is left alone for a while; the database answers instead.
"""

import asyncio
import concurrent.futures
import logging
import time
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

import sqlalchemy as sa
from sqlalchemy import exc

from hearth.model.errors import HearthError
from hearth.store import databases, marks, trouble
from hearth.store.connections import USUAL, Connections

R = TypeVar("R")
_log = logging.getLogger(__name__)

_READERS: Final = 4
#: Seconds that it may take to catch up, between two looks meanwhile, for an answer, and that it is left alone.
_CATCHES_UP: Final = 0.25
_LOOK_AGAIN: Final = 0.005
_ANSWERS: Final = 10.0
_REST: Final = 5.0


class NoReplica(HearthError):
    """A replica cannot be used as its URL stands."""

    kind = "ConfigurationError"
    status = 500


class NotNow(Exception):
    """The replica cannot answer now; the database has to."""


class _Behind(Exception):
    """It has not caught up in time."""


class Replica:
    """A read-only copy. Used inside one event loop."""

    def __init__(self, url: str, wanted: Connections = USUAL) -> None:
        """Raises NoReplica: its URL cannot be used."""
        readers = wanted.readers(_READERS)
        try:
            self._engine = databases.open_engine(url, writes=False, pool_size=readers, wanted=wanted)
        except databases.UnknownDatabase as error:
            raise NoReplica(error.message) from error
        if not databases.is_shared(self._engine):
            raise NoReplica("SQLite has no replicas; PostgreSQL, MariaDB and MySQL have.")
        self._threads = concurrent.futures.ThreadPoolExecutor(readers, thread_name_prefix="hearth-store-replica")
        self._rests_until: float | None = None  # None: it is well as far as anybody knows
        self._told = False

    async def read(self, query: Callable[[sa.Connection], R], present: Mapping[str, int]) -> R:
        """Run a query where everything up to the `present` marks of the database is there.

        Raises:
            NotNow: it does not answer, or has not caught up.
        """
        if self._rests_until is not None:
            if time.monotonic() >= self._rests_until:
                self._rests_until = time.monotonic() + _REST
                self._threads.submit(self.look)
            raise NotNow
        running = asyncio.get_running_loop().run_in_executor(self._threads, self._answer, query, present)
        try:
            answer = await asyncio.wait_for(running, _ANSWERS)
        except TimeoutError as error:
            raise self._left_alone("does not answer") from error
        except _Behind as error:
            raise self._left_alone(f"did not catch up in {_CATCHES_UP:g} s") from error
        except exc.DBAPIError as error:
            if trouble.is_conflict(error):  # what is replayed there was in the query's way
                raise NotNow from error
            raise self._left_alone(f"does not answer: {trouble.words(error)}") from error
        if self._told:
            _log.info("The replica of the database answers again")
            self._told = False
        return answer

    def look(self) -> None:
        """Ask one that is left alone whether it is there again. Blocks; called in a thread."""
        try:
            with self._engine.begin() as connection:
                marks.every(connection)
        except exc.DBAPIError:
            return
        self._rests_until = None

    def close(self) -> None:
        """Let go of it; nobody waits for an answer that does not come."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._engine.dispose()

    def _answer(self, query: Callable[[sa.Connection], R], present: Mapping[str, int]) -> R:
        until = time.monotonic() + _CATCHES_UP
        while True:
            with self._engine.begin() as connection:
                there = marks.every(connection)
                if all(there.get(writer, 0) >= commits for writer, commits in present.items()):
                    return query(connection)
            if time.monotonic() >= until:
                raise _Behind
            time.sleep(_LOOK_AGAIN)

    def _left_alone(self, why: str) -> NotNow:
        self._rests_until = time.monotonic() + _REST
        if not self._told:
            _log.warning("The replica of the database %s; the database itself answers for it", why)
            self._told = True
        return NotNow(why)
