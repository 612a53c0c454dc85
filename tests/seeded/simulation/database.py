"""The store's twin in memory: the same tables and queries, commits in virtual time.

One database serves all runs of a test process: its migrated, empty state is put back before each. Every process has a
door of its own to it, with a group commit of its own, as with real processes. A commit is a boundary: a process can die
before it, when nothing is stored, or after it, before it knows.
"""

import asyncio
from collections.abc import Callable, Collection
from typing import Any, TypeVar

import sqlalchemy as sa
from cryptography.fernet import Fernet

from hearth.store import Store, Unavailable, codec, tables
from simulation import prepared
from simulation.chance import Chance

R = TypeVar("R")


class Database:
    """One database in memory. `changed` is called after every commit of a run."""

    def __init__(self) -> None:
        self.codec = codec.Codec([Fernet.generate_key()])
        # Transactions are ended below, past SQLAlchemy, which costs half the time of a run otherwise; the driver begins
        # one with the first statement that changes something. Statements are kept prepared: there are more of them than
        # the driver keeps by itself.
        slow = sa.create_engine("sqlite://", connect_args={"cached_statements": 1000}).connect()
        self._driver: Any = slow.connection.driver_connection
        self._driver.isolation_level = "DEFERRED"
        slow.begin()
        tables.metadata.create_all(slow)
        self._connection: Any = prepared.Connection(slow)
        self._empty = self._driver.serialize()
        self.changed: Callable[[], None] = lambda: None

    def reset(self) -> None:
        """Forget everything that was stored."""
        self._driver.deserialize(self._empty)

    def write(self, work: Callable[[sa.Connection], R]) -> R:
        """Do something in a transaction of its own."""
        try:
            result = work(self._connection)
        except BaseException:
            self._driver.rollback()
            raise
        self._driver.commit()
        return result

    def read(self, query: Callable[[sa.Connection], R]) -> R:
        """What a query gives; nothing else happens meanwhile, so it needs no transaction."""
        return query(self._connection)

    def look(self, query: str, *values: Any) -> list[Any]:
        """The rows of a query of the simulation's own, quickly."""
        return self._driver.execute(query, values).fetchall()  # type: ignore[no-any-return]


class Door(Store):
    """One process's way to the database."""

    def __init__(self, database: Database, chance: Chance, boundary: Callable[[str], bool]) -> None:
        """`boundary` says whether the process dies at the boundary of that name."""
        self.codec = database.codec
        self.replica = None
        self._database = database
        self._chance = chance
        self._boundary = boundary
        self._waiting: list[tuple[Callable[[sa.Connection], Any], asyncio.Future[Any]]] = []
        self._loop = asyncio.get_running_loop()

    async def write(self, work: Callable[[sa.Connection], R], stacks: Collection[str] = ()) -> R:
        """See `Store.write`."""
        future: asyncio.Future[R] = self._loop.create_future()
        self._waiting.append((work, future))
        if len(self._waiting) == 1:
            self._loop.call_later(self._chance.latency(), self._commit)
        return await future

    def _commit(self) -> None:
        units, self._waiting = self._waiting, []
        what = " + ".join(_name(work) for work, _ in units)
        if self._boundary(f"before commit: {what}"):
            return
        # Who stands still now commits late, when others may have taken over.
        self._loop.call_soon(self._store, units, what)

    def _store(self, units: list[tuple[Callable[[sa.Connection], Any], asyncio.Future[Any]]], what: str) -> None:
        if self._chance.disk_is_full():
            for _, future in units:
                if not future.done():
                    future.set_exception(Unavailable("The database cannot store anything at the moment."))
            return
        outcomes = [self._outcome(work) for work, _ in units]
        self._database.changed()
        if self._boundary(f"after commit: {what}"):
            return
        for (_, future), (result, failure) in zip(units, outcomes, strict=True):
            if future.done():
                continue
            if failure is not None:
                future.set_exception(failure)
            else:
                future.set_result(result)

    def _outcome(self, work: Callable[[sa.Connection], R]) -> tuple[R | None, Exception | None]:
        """What came of one unit. One that fails takes nothing of the others along, so each is a transaction."""
        try:
            return self._database.write(work), None
        except Exception as error:  # the caller's own
            return None, error

    async def read(self, query: Callable[[sa.Connection], R]) -> R:
        """See `Store.read`."""
        if not self._chance.calm:
            await asyncio.sleep(self._chance.latency())
        return self.read_now(query)

    def read_now(self, query: Callable[[sa.Connection], R]) -> R:
        """See `Store.read_now`."""
        return self._database.read(query)

    def close(self) -> None:
        """There is nothing to let go of."""


def _name(work: Any) -> str:
    """The name of a unit of work, for the trace."""
    function = getattr(work, "func", work)
    return str(function.__qualname__).replace(".<locals>", "").replace(".<lambda>", "")
