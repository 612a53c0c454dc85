"""What the writer promises where several processes write one database: trees for oneself, conflicts done again,
commits whose answer was lost.
"""

import asyncio
import itertools
import threading
import time

import pytest
import sqlalchemy as sa
from cutting_proxy import CuttingProxy
from store_rows import STACK, stack_row

import database_kinds
from hearth.store import Store, Unavailable, stacks, tables

KEYS = [b"0123456789abcdef0123456789abcdef0123456789A="]


@pytest.fixture(params=[kind for kind in database_kinds.KINDS if kind != "sqlite"])
async def url(request, tmp_path):
    made = database_kinds.empty(request.param, tmp_path)
    store = Store(made, KEYS)
    for name in ("stack-1", "stack-2"):
        await store.write(lambda connection, name=name: stacks.insert(connection, stack_row(name)))
    store.close()
    return made


@pytest.fixture
async def processes(url):
    """Two doors to one database, as two processes have them."""
    opened = [Store(url, KEYS), Store(url, KEYS)]
    yield opened
    for one in opened:
        one.close()


def tell(text, stack_id=STACK):
    return lambda connection: stacks.update(
        connection, stack_id, reason=stacks.by_id(connection, stack_id).reason + text
    )


def append(connection, text, stack_id):
    """The same without a look at what is there, which whoever names no stack may see too early."""
    longer = tables.stack.c.reason + text
    connection.execute(sa.update(tables.stack).where(tables.stack.c.id == stack_id).values(reason=longer))


def reason(connection):
    return stacks.by_id(connection, STACK).reason


async def test_who_names_a_stack_sees_all_that_others_have_committed_of_it(processes):
    """Reading, deciding and writing in one unit loses nothing, though both do it at once."""
    await asyncio.gather(*(store.write(tell("x"), [STACK]) for _ in range(40) for store in processes))
    assert await processes[0].read(reason) == "x" * 80


async def test_units_that_block_each_other_are_done_again(processes):
    """Each takes a stack of its own and then the other's: one of them has to give way."""
    one, other = processes
    meeting = threading.Barrier(2)

    def crossed(first, second):
        tries = itertools.count()

        def work(connection):
            append(connection, "a", first)
            if next(tries) == 0:
                meeting.wait(60)
            append(connection, "b", second)

        return work

    await asyncio.gather(one.write(crossed("stack-1", "stack-2")), other.write(crossed("stack-2", "stack-1")))
    assert sorted(await one.read(reason)) == ["a", "b"]


@pytest.mark.parametrize(("when", "stored"), [("before", ""), ("after", "x")])
async def test_a_commit_whose_connection_breaks_is_answered_truly(url, when, stored):
    with CuttingProxy(url) as proxy:
        store = Store(proxy.url, KEYS)
        await store.write(tell(""), [STACK])
        proxy.cut = when
        try:
            await store.write(tell("x"), [STACK])
            told = "x"
        except Unavailable:
            told = ""
        assert told == stored == await store.read(reason)
        await store.write(tell("y"), [STACK])
        assert await store.read(reason) == stored + "y"
        store.close()


async def test_who_stands_still_in_the_middle_of_a_commit_keeps_nobody_waiting_and_stores_nothing(url):
    """Its machine was paused, say. It held the stack; when it wakes up it does its work anew, or is told to."""
    still, other = Store(url, KEYS, standstill=1), Store(url, KEYS)
    entered, wakes_up = threading.Event(), threading.Event()

    def stand_still(connection):
        tell("x")(connection)
        entered.set()
        wakes_up.wait(60)
        tell("y")(connection)

    halted = asyncio.ensure_future(still.write(stand_still, [STACK]))
    await asyncio.to_thread(entered.wait, 60)
    await other.write(tell("z"), [STACK])
    wakes_up.set()
    with pytest.raises(Unavailable):
        await halted
    assert await other.read(reason) == "z"
    await still.write(tell("!"), [STACK])
    assert await other.read(reason) == "z!"
    still.close()
    other.close()


def test_a_process_that_is_slow_to_start_is_let_through(url):
    """It does nothing for a while between two statements, as on a busy machine, and holds no stack that others need."""
    store = Store(url, KEYS, standstill=0.001)
    store.migrate()
    store.close()


async def test_all_processes_go_by_the_clock_of_the_database(processes, monkeypatch, caplog):
    right, wrong = processes
    await right.write(tell(""), [STACK])
    true = time.time
    with monkeypatch.context() as machine:
        machine.setattr(time, "time", lambda: true() + 3600)
        await wrong.write(tell(""), [STACK])
        assert wrong.clock.now() == pytest.approx(right.clock.now(), abs=30)
    assert "The clock of this machine is 3600 s ahead of the database's" in caplog.text


async def test_reading_goes_on_after_the_server_has_dropped_its_connections(processes):
    store, other = processes
    assert await store.read(reason) == ""

    def drop(connection):
        if connection.dialect.name == "postgresql":
            own = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            for (pid,) in connection.exec_driver_sql(own).fetchall():
                connection.exec_driver_sql(f"SELECT pg_terminate_backend({pid})")
        else:
            own = "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"
            for (pid,) in connection.exec_driver_sql(own).fetchall():
                connection.exec_driver_sql(f"KILL {pid}")

    await other.write(drop)
    assert await store.read(reason) == ""
    await store.write(tell("z"), [STACK])
    assert await store.read(reason) == "z"


async def test_names_differ_by_their_case(processes):
    def names(connection):
        stacks.insert(connection, stack_row("web"))
        stacks.insert(connection, stack_row("Web"))
        return stacks.by_name(connection, "p", "Web").id, stacks.by_name(connection, "p", "WEB")

    assert await processes[0].write(names) == ("Web", None)


async def test_long_texts_and_strange_characters_are_kept(processes):
    text = "a" * 100_000 + "\N{SNOWMAN}\U0001f525"
    await processes[0].write(tell(text), [STACK])
    await processes[0].write(tell("\0"), [STACK])
    assert (await processes[0].read(reason)).rstrip("\0\N{REPLACEMENT CHARACTER}") == text
