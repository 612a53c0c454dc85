"""What the operator wants of the connections to the database: how many, how old, how long, and what they say."""

import asyncio
import logging
import threading

import pytest
import sqlalchemy as sa
from cutting_proxy import CuttingProxy
from store_rows import stack_row

import database_kinds
from hearth.store import Connections, Store, Unavailable, UnknownDatabase, open_store, stacks, tables
from hearth.store.store import READERS

KEYS = [b"0123456789abcdef0123456789abcdef0123456789A="]
SESSION = {"postgresql": "SELECT pg_backend_pid()", "mysql": "SELECT connection_id()"}


def opened(url, **wanted):
    return Store(url, KEYS, wanted=Connections(**wanted))


def session(connection):
    """Which connection it is, as the server counts them."""
    kind = "postgresql" if connection.dialect.name == "postgresql" else "mysql"
    return connection.exec_driver_sql(SESSION[kind]).scalar()


@pytest.fixture(params=[kind for kind in database_kinds.KINDS if kind != "sqlite"])
def server_url(request, tmp_path):
    return database_kinds.empty(request.param, tmp_path)


async def test_as_many_read_at_a_time_as_the_operator_says(every_database_url):
    store = opened(every_database_url, max_pool_size=READERS + 1, max_overflow=1)
    meeting = threading.Barrier(READERS + 2)
    await asyncio.gather(*(store.read(lambda connection: meeting.wait(60)) for _ in range(READERS + 2)))
    store.close()


def test_who_finds_no_free_connection_in_time_is_told_so(every_database_url):
    store = opened(every_database_url, max_pool_size=1, max_overflow=0, pool_timeout=0.01)
    with pytest.raises(Unavailable, match=r"became free within 0\.01 s.*max_pool_size"):
        store.read_now(lambda connection: store.read_now(session))
    store.close()


@pytest.mark.parametrize(("seconds", "is_kept"), [(-1, True), (0, False)])
def test_a_connection_of_age_gives_way_to_a_new_one(server_url, seconds, is_kept):
    store = opened(server_url, connection_recycle_time=seconds)
    assert (store.read_now(session) == store.read_now(session)) is is_kept
    store.close()


def test_a_statement_says_who_asks(every_database_url, caplog):
    caplog.set_level(logging.INFO, logger="sqlalchemy.engine")
    store = opened(every_database_url, connection_trace=True)
    store.versions()
    assert "/* store/store.py:" in caplog.text
    assert " versions" in caplog.text
    store.close()


async def test_what_says_who_asks_is_done_all_the_same(every_database_url):
    """Whatever a driver does with statements: many rows are one request to MariaDB, by texts that it makes."""
    store = opened(every_database_url, connection_trace=True)
    names = [f"stack-{at}" for at in range(3)]
    changed = sa.update(tables.stack).where(tables.stack.c.id == sa.bindparam("one")).values(reason=sa.bindparam("why"))

    def work(connection):
        for name in names:
            stacks.insert(connection, stack_row(name))
        connection.execute(changed, [{"one": name, "why": "100%"} for name in names])

    await store.write(work)
    reasons = await store.read(lambda connection: connection.execute(sa.select(tables.stack.c.reason)).scalars().all())
    assert reasons == ["100%"] * 3
    store.close()


def test_a_cluster_answers_when_it_has_everything(tmp_path):
    store = opened(database_kinds.empty("mariadb", tmp_path), mysql_wsrep_sync_wait=1)
    assert store.read_now(lambda connection: connection.exec_driver_sql("SELECT @@wsrep_sync_wait").scalar()) == 1
    store.close()


def test_other_databases_are_no_such_cluster(tmp_path):
    with pytest.raises(UnknownDatabase, match="mysql_wsrep_sync_wait is for clusters of MariaDB and MySQL"):
        opened(database_kinds.empty("sqlite", tmp_path), mysql_wsrep_sync_wait=1)


def test_a_database_that_starts_later_is_waited_for(tmp_path, caplog):
    with CuttingProxy(database_kinds.empty("postgresql", tmp_path)) as asleep:
        asleep.hangs_up = 2
        wanted = Connections(max_retries=2, retry_interval=0)
        store = open_store(asleep.url, KEYS, wanted=wanted)
        store.close()
    assert "it is asked again in 0 s (2 of 2)" in caplog.text


@pytest.mark.parametrize(
    ("wanted", "asked_again"), [(Connections(), 0), (Connections(max_retries=3, retry_interval=0), 3)]
)
def test_a_database_that_does_not_start_is_given_up(wanted, asked_again, caplog):
    with pytest.raises(sa.exc.OperationalError):
        open_store("postgresql://postgres@127.0.0.1:9/none", KEYS, wanted=wanted)
    assert caplog.text.count("it is asked again") == asked_again
