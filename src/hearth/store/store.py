"""The door to the database: opens it, migrates it, hands connections to named queries.

Writes go through the group-commit writer (`write`), reads through a small pool of threads (`read`). The queries
themselves are plain functions that take a connection, in `stacks`, `resources`, `traversals`, `events`, `engines`.
"""

import asyncio
import concurrent.futures
import pathlib
from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sa
from alembic import command, script
from alembic.config import Config
from alembic.runtime import migration

from hearth.store import codec, writer

R = TypeVar("R")

READERS = 4


class Store:
    """One database. Close it at the end."""

    def __init__(self, url: str, keys: list[bytes]) -> None:
        self.codec = codec.Codec(keys)
        self._write_engine = _create_engine(url, begin="BEGIN IMMEDIATE")
        self._read_engine = _create_engine(url, begin="BEGIN")
        self._writer: writer.Writer | None = None
        self._readers = concurrent.futures.ThreadPoolExecutor(READERS, thread_name_prefix="hearth-store-reader")

    def migrate(self) -> None:
        """Bring the schema to this version; safe to repeat."""
        config = _migrations()
        with self._write_engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def versions(self) -> tuple[str | None, str]:
        """The version of the schema (None: there is none yet), and the one that this program needs."""
        needed = script.ScriptDirectory.from_config(_migrations()).get_current_head()
        with self._read_engine.connect() as connection:
            return migration.MigrationContext.configure(connection).get_current_revision(), str(needed)

    async def write(self, work: Callable[[sa.Connection], R]) -> R:
        """Run a unit of work durably; see `Writer.submit`."""
        if self._writer is None:
            self._writer = writer.Writer(self._write_engine)
        return await self._writer.submit(work)

    async def read(self, query: Callable[[sa.Connection], R]) -> R:
        """Run a query on a consistent snapshot."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self.read_now, query)

    def read_now(self, query: Callable[[sa.Connection], R]) -> R:
        """The same from a thread that may block."""
        with self._read_engine.begin() as connection:
            return query(connection)

    def close(self) -> None:
        """Finish pending writes and let go of the database."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self._readers.shutdown()
        self._write_engine.dispose()
        self._read_engine.dispose()


def _migrations() -> Config:
    config = Config()
    config.set_main_option("script_location", str(pathlib.Path(__file__).parent / "migrations"))
    return config


def _create_engine(url: str, begin: str) -> sa.Engine:
    engine = sa.create_engine(url, pool_size=READERS + 1, max_overflow=4)
    if engine.dialect.name == "sqlite":

        @sa.event.listens_for(engine, "connect")
        def configure(connection: Any, _record: Any) -> None:
            # The driver's own transaction handling knows no savepoints; ours begins explicitly below.
            connection.isolation_level = None
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")  # a lost record would orphan a cloud resource
            connection.execute("PRAGMA busy_timeout=30000")
            connection.execute("PRAGMA cache_size=-32000")

        @sa.event.listens_for(engine, "begin")
        def begin_explicitly(connection: sa.Connection) -> None:
            connection.exec_driver_sql(begin)

    return engine


def open_store(url: str, keys: list[bytes]) -> Store:
    """Open the database at a SQLAlchemy URL, its schema brought up to date."""
    store = Store(url, keys)
    store.migrate()
    return store
