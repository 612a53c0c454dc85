"""Units of work that are committed together fail alone."""

import asyncio

import pytest
import sqlalchemy as sa

from hearth.store.store import Store
from hearth.store.writer import MOST_UNITS


@pytest.fixture
async def store(tmp_path):
    opened = Store(f"sqlite:///{tmp_path}/store.sqlite", [b"0123456789abcdef0123456789abcdef0123456789A="])
    await opened.write(lambda connection: connection.exec_driver_sql("CREATE TABLE thing (id INTEGER PRIMARY KEY)"))
    yield opened
    opened.close()


def put(number):
    return lambda connection: connection.execute(sa.text("INSERT INTO thing VALUES (:n)"), {"n": number}).rowcount


def stored(connection):
    return list(connection.execute(sa.text("SELECT id FROM thing ORDER BY id")).scalars())


async def test_a_failing_unit_takes_nothing_else_along(store):
    def broken(connection):
        put(2)(connection)
        raise ValueError("broken")

    results = await asyncio.gather(
        store.write(put(1)), store.write(broken), store.write(put(3)), return_exceptions=True
    )
    assert [str(one) for one in results] == ["1", "broken", "1"]
    assert await store.read(stored) == [1, 3]


async def test_a_statement_that_fails_is_undone_with_its_unit_only(store):
    def twice(connection):
        put(5)(connection)
        put(5)(connection)

    results = await asyncio.gather(store.write(put(4)), store.write(twice), return_exceptions=True)
    assert results[0] == 1
    assert isinstance(results[1], sa.exc.IntegrityError)
    assert await store.read(stored) == [4]


async def test_more_units_than_fit_in_one_commit_are_all_stored(store):
    await asyncio.gather(*(store.write(put(number)) for number in range(3 * MOST_UNITS)))
    assert await store.read(stored) == list(range(3 * MOST_UNITS))


async def test_a_caller_that_has_gone_does_not_stop_the_writer(store):
    gone = asyncio.ensure_future(store.write(put(1)))
    await asyncio.sleep(0)
    gone.cancel()
    await store.write(put(2))
    assert await store.read(stored) == [1, 2]


async def test_what_was_submitted_is_stored_at_the_end(store):
    waiting = [asyncio.ensure_future(store.write(put(number))) for number in range(5)]
    await asyncio.sleep(0)
    store.close()
    assert await asyncio.gather(*waiting) == [1] * 5
