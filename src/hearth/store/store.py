"""The door to the database: opens it, migrates it, hands connections to named queries.

Writes go through the group-commit writer (`write`), reads through a small pool of threads (`read`). The queries
themselves are plain functions that take a connection, in `stacks`, `resources`, `traversals`, `events`, `engines`.
"""

import asyncio
import concurrent.futures
import contextlib
import itertools
import logging
import pathlib
import time
from collections.abc import Callable, Collection
from typing import TypeVar

import sqlalchemy as sa
from alembic import command, script
from alembic.config import Config
from alembic.runtime import migration
from sqlalchemy import exc

from hearth.model.errors import HearthError
from hearth.store import clock, codec, databases, marks, tables, trouble, writer
from hearth.store import replica as replicas
from hearth.store.connections import USUAL, Connections
from hearth.telemetry import metrics

R = TypeVar("R")
_log = logging.getLogger(__name__)

READERS = 4
#: Seconds that a process may stand still in the middle of a commit, and keep others from the same stacks.
STANDSTILL = 8.0
#: The same where it brings the schema up to date: that holds up nothing but other starts, and takes long if it is busy.
_START_STANDSTILL = 60.0


class NewerSchema(HearthError):
    """The database belongs to newer programs only."""

    kind = "ConfigurationError"
    status = 500


class Store:
    """One database. Close it at the end."""

    def __init__(
        self,
        url: str,
        keys: list[bytes],
        *,
        standstill: float = STANDSTILL,
        replica_url: str | None = None,
        wanted: Connections = USUAL,
    ) -> None:
        """`standstill`: seconds after which the database undoes a commit whose process does not go on with it.

        `replica_url`: a read-only copy of the database, which answers for it where `read_aside` is asked.
        `wanted`: what the operator wants of the connections to both.
        """
        self.codec = codec.Codec(keys)
        self.clock = clock.Clock()
        self._url = url
        self._wanted = wanted
        readers = wanted.readers(READERS)
        self._write_engine = databases.open_engine(url, writes=True, pool_size=1, standstill=standstill, wanted=wanted)
        self._read_engine = databases.open_engine(url, writes=False, pool_size=readers, wanted=wanted)
        self._writer: writer.Writer | None = None
        self._listeners: dict[str, set[Callable[[], None]]] = {}
        self._readers = concurrent.futures.ThreadPoolExecutor(readers, thread_name_prefix="hearth-store-reader")
        self.replica = replicas.Replica(replica_url, wanted) if replica_url else None

    def migrate(self) -> None:
        """Bring the schema to this version; safe to repeat. One that a newer program has expanded stays as it is.

        Raises:
            NewerSchema: something that this program needs has been taken away.
        """
        config = _migrations()
        engine = databases.open_engine(
            self._url, writes=True, pool_size=1, standstill=_START_STANDSTILL, wanted=self._wanted
        )
        try:
            with engine.begin() as connection, databases.schema_lock(connection):
                if not self._is_newer(connection, config):
                    config.attributes["connection"] = connection
                    command.upgrade(config, "head")
                    databases.settle_collation(connection)
                self.clock.follow(connection)
        finally:
            engine.dispose()

    def _is_newer(self, connection: sa.Connection, config: Config) -> bool:
        present = migration.MigrationContext.configure(connection).get_current_revision()
        known = script.ScriptDirectory.from_config(config)
        if present is None or present in {one.revision for one in known.walk_revisions()}:
            return False
        floor = connection.execute(sa.select(tables.schema_floor.c.version)).scalar() or ""
        own = str(known.get_current_head())
        if own < floor:
            raise NewerSchema(
                f"The schema of the database is at version {present}, where no program can work that needs one before "
                f"{floor}; this one needs {own}. Update it as the others were."
            )
        _log.warning("The schema is at version %s, this program needs %s: it works beside newer ones", present, own)
        return True

    def versions(self) -> tuple[str | None, str]:
        """The version of the schema (None: there is none yet), and the one that this program needs."""
        needed = script.ScriptDirectory.from_config(_migrations()).get_current_head()
        with self._read_engine.connect() as connection:
            return migration.MigrationContext.configure(connection).get_current_revision(), str(needed)

    async def write(self, work: Callable[[sa.Connection], R], stacks: Collection[str] = ()) -> R:
        """Run a unit of work on some stacks (ids) durably; see `Writer.submit`."""
        if self._writer is None:
            self._writer = writer.Writer(self._write_engine, self._tell, self.clock)
        return await self._writer.submit(work, stacks)

    def listen(self, topic: str, heard: Callable[[], None]) -> Callable[[], None]:
        """Call `heard` in the running event loop after each commit of this process that has news of a topic.

        Returns what ends that.
        """
        loop = asyncio.get_running_loop()

        def pass_on() -> None:
            with contextlib.suppress(RuntimeError):  # that loop has ended; nobody listens any more
                loop.call_soon_threadsafe(heard)

        self._listeners.setdefault(topic, set()).add(pass_on)
        return lambda: self._listeners[topic].discard(pass_on)

    def _tell(self, topics: frozenset[str]) -> None:
        for topic in topics:
            for pass_on in tuple(self._listeners.get(topic, ())):
                pass_on()

    async def read(self, query: Callable[[sa.Connection], R]) -> R:
        """Run a query on a consistent snapshot."""
        with metrics.READ_SECONDS.time():
            return await asyncio.get_running_loop().run_in_executor(self._readers, self.read_now, query)

    async def read_aside(self, query: Callable[[sa.Connection], R]) -> R:
        """Run a query on a consistent snapshot, of the replica if there is one and it has all that is here by now."""
        if self.replica is not None:
            try:
                answer = await self.replica.read(query, await self.read(marks.every))
            except replicas.NotNow:
                metrics.REPLICA_READS.labels("database").inc()
            else:
                metrics.REPLICA_READS.labels("replica").inc()
                return answer
        return await self.read(query)

    def read_now(self, query: Callable[[sa.Connection], R]) -> R:
        """The same from a thread that may block.

        Raises:
            Unavailable: the database does not answer, or no connection to it becomes free.
        """
        for tries_left in (1, 0):
            try:
                with self._read_engine.connect() as connection:  # there is nothing to commit
                    return query(connection)
            except exc.DBAPIError as error:
                # The database may have been started anew since the last query: other connections of the pool are new.
                if tries_left and (trouble.is_disconnect(error) or trouble.is_conflict(error)):
                    continue
                if not trouble.will_pass(error):
                    raise
                raise writer.Unavailable(
                    f"The database does not answer at the moment: {trouble.words(error)}"
                ) from error
            except exc.TimeoutError as error:  # of the pool; a database that is silent is none of SQLAlchemy's
                raise writer.Unavailable(
                    f"No connection to the database became free within {self._wanted.pool_timeout:g} s. "
                    "The operator may raise [database] max_pool_size or max_overflow."
                ) from error
        raise AssertionError("the last try returns or raises")

    async def check(self) -> str:
        """How it is. Raises when it does not answer."""
        await self.read(lambda connection: connection.execute(sa.select(1)).scalar())
        return self._read_engine.dialect.name

    def close(self) -> None:
        """Finish pending writes and let go of the database."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self._readers.shutdown()
        if self.replica is not None:
            self.replica.close()
        self._write_engine.dispose()
        self._read_engine.dispose()


def _migrations() -> Config:
    config = Config()
    config.set_main_option("script_location", str(pathlib.Path(__file__).parent / "migrations"))
    return config


def open_store(
    url: str,
    keys: list[bytes],
    *,
    standstill: float = STANDSTILL,
    replica_url: str | None = None,
    wanted: Connections = USUAL,
) -> Store:
    """Open the database at a SQLAlchemy URL, its schema brought up to date. The rest: see `Store`.

    One that does not answer is asked again as often as is wanted; meanwhile the process waits.
    """
    store = Store(url, keys, standstill=standstill, replica_url=replica_url, wanted=wanted)
    for attempt in itertools.count(1):
        try:
            store.migrate()
            return store
        except exc.DBAPIError as error:
            if not trouble.will_pass(error) or 0 <= wanted.max_retries < attempt:
                raise
            limit = "" if wanted.max_retries < 0 else f" of {wanted.max_retries}"
            words, pause = trouble.words(error), wanted.retry_interval
            _log.warning(
                "The database does not answer (%s); it is asked again in %g s (%s%s)", words, pause, attempt, limit
            )
        time.sleep(wanted.retry_interval)
    raise AssertionError("the last try returns or raises")
