"""Lists come from a replica once it has all that was there when they were asked for, and else from the database."""

import dataclasses
import logging
import os

import pytest
import sqlalchemy as sa
from store_rows import STACK, stack_row

import database_kinds
from hearth.store import NoReplica, Store, databases, open_store, stacks, tables

KEYS = [b"0123456789abcdef0123456789abcdef0123456789A="]
#: Behind a port that nobody listens on.
NOWHERE = "postgresql://hearth@127.0.0.1:1/nowhere"


@dataclasses.dataclass
class Pair:
    """A database, and a copy of it that follows when it is told to. `store` is a process that has both."""

    url: str
    copy: sa.Engine
    store: Store

    def replicate(self):
        """Bring the copy up to date. Where a stack is read from shows: the copy's say `of the replica`."""
        database = databases.open_engine(self.url, writes=False, pool_size=1)
        with database.begin() as source, self.copy.begin() as copy:
            for table in (tables.stack, tables.mark):
                copy.execute(table.delete())
                rows = [dict(row) for row in source.execute(sa.select(table)).mappings()]
                if rows:
                    copy.execute(table.insert(), rows)
            copy.execute(tables.stack.update().values(reason="of the replica"))
        database.dispose()

    async def asked(self):
        """What a list tells of the stack."""
        return await self.store.read_aside(lambda connection: stacks.by_id(connection, STACK).reason)


async def told(store, text):
    await store.write(lambda connection: stacks.update(connection, STACK, reason=text))


@pytest.fixture(params=[kind for kind in database_kinds.KINDS if kind != "sqlite"])
async def pair(request, tmp_path):
    url = database_kinds.empty(request.param, tmp_path)
    name = f"hearth_copy_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getppid()}"
    server = databases.open_engine(database_kinds.SERVERS[request.param], writes=True, pool_size=1)
    alone = server.connect().execution_options(isolation_level="AUTOCOMMIT")
    alone.exec_driver_sql(f"DROP DATABASE IF EXISTS {name}")
    alone.exec_driver_sql(f"CREATE DATABASE {name}")
    copy_url = sa.make_url(database_kinds.SERVERS[request.param]).set(database=name).render_as_string(False)
    open_store(copy_url, KEYS).close()
    store = Store(url, KEYS, replica_url=copy_url)
    await store.write(lambda connection: stacks.insert(connection, stack_row()))
    made = Pair(url, databases.open_engine(copy_url, writes=True, pool_size=1), store)
    made.replicate()
    yield made
    store.close()
    made.copy.dispose()
    alone.exec_driver_sql(f"DROP DATABASE {name}")
    alone.close()
    server.dispose()


async def test_a_replica_that_has_everything_answers(pair):
    assert await pair.asked() == "of the replica"
    assert await pair.store.read(lambda connection: stacks.by_id(connection, STACK).reason) == ""


async def test_what_was_just_written_is_not_missing(pair):
    await told(pair.store, "just written")
    assert await pair.asked() == "just written"
    pair.replicate()
    pair.store.replica.look()
    assert await pair.asked() == "of the replica"


async def test_what_another_process_has_just_written_is_not_missing(pair):
    other = Store(pair.url, KEYS)
    await told(other, "by another")
    assert await pair.asked() == "by another"
    other.close()


async def test_a_replica_that_is_away_is_told_of_once(pair, caplog):
    away = Store(pair.url, KEYS, replica_url=NOWHERE)
    pair.store, former = away, pair.store
    with caplog.at_level(logging.INFO):
        assert [await pair.asked() for _ in range(3)] == ["", "", ""]
        away.replica.look()
        assert await pair.asked() == ""
    away.close()
    assert [one.levelname for one in caplog.records if "replica" in one.message] == ["WARNING"]
    pair.store = former


async def test_a_replica_that_cannot_answer_is_passed_over_until_it_can(pair, caplog):
    with pair.copy.begin() as copy:
        copy.execute(sa.text("ALTER TABLE mark RENAME TO gone"))
    with caplog.at_level(logging.INFO):
        assert [await pair.asked() for _ in range(2)] == ["", ""]
        with pair.copy.begin() as copy:
            copy.execute(sa.text("ALTER TABLE gone RENAME TO mark"))
        assert await pair.asked() == "", "it is left alone for a while"
        pair.store.replica.look()
        assert await pair.asked() == "of the replica"
    assert [one.levelname for one in caplog.records if "replica" in one.message] == ["WARNING", "INFO"]


@pytest.mark.parametrize("url", ["sqlite:////tmp/copy.sqlite", "oracle://h/d", "nonsense"])
def test_what_cannot_be_a_replica(tmp_path, url):
    with pytest.raises(NoReplica):
        Store(f"sqlite:///{tmp_path}/hearth.sqlite", KEYS, replica_url=url)
