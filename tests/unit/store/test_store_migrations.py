"""The migrations make the schema that the queries are written for, can be run again, and let older programs go on."""

import pathlib

import pytest
import schema_steps
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from cryptography.fernet import Fernet
from store_rows import STACK, stack_row

from hearth.store import Store, databases, open_store, stacks, tables
from hearth.store.store import NewerSchema

KEYS = [Fernet.generate_key()]


def test_migrations_lead_to_the_declared_tables(every_database_url):
    open_store(every_database_url, KEYS).close()
    open_store(every_database_url, KEYS).close()
    engine = databases.open_engine(every_database_url, writes=True, pool_size=1)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []
    engine.dispose()


def expanded(url: str) -> None:
    """What a newer program does to the schema before it begins to work."""
    engine = databases.open_engine(url, writes=True, pool_size=1)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE of_tomorrow (id INTEGER PRIMARY KEY)")
        connection.exec_driver_sql("ALTER TABLE stack ADD COLUMN of_tomorrow VARCHAR(20)")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()


async def test_a_program_goes_on_and_starts_anew_beside_newer_ones(tmp_path):
    url = f"sqlite:///{tmp_path}/hearth.sqlite"
    running = open_store(url, KEYS)
    await running.write(lambda connection: stacks.insert(connection, stack_row()))
    expanded(url)
    await running.write(lambda connection: stacks.update(connection, STACK, reason="still"))
    running.close()
    again = open_store(url, KEYS)
    assert (await again.read(lambda connection: stacks.by_id(connection, STACK))).reason == "still"
    await again.write(lambda connection: stacks.insert(connection, stack_row("another")))
    assert again.versions()[0] == "9999"
    again.close()


def test_a_program_is_refused_whose_schema_has_been_taken_apart(tmp_path):
    url = f"sqlite:///{tmp_path}/hearth.sqlite"
    open_store(url, KEYS).close()
    expanded(url)
    store = Store(url, KEYS)
    with store._write_engine.begin() as connection:
        connection.execute(tables.schema_floor.update().values(version="9998"))
    with pytest.raises(NewerSchema, match="no program can work that needs one before 9998"):
        store.migrate()
    store.close()


def test_each_migration_lets_programs_of_the_version_before_go_on(tmp_path: pathlib.Path):
    """Or it says so, by raising the floor: see docs/how-to/scale-out.md."""
    broken = {
        revision: why
        for revision, why in schema_steps.walk(tmp_path / "hearth.sqlite", since="0006")
        if why and revision not in schema_steps.CONTRACTIONS
    }
    assert broken == {}


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        ([], []),
        (["CREATE TABLE u (id INTEGER)"], []),
        (["ALTER TABLE t ADD COLUMN b VARCHAR"], []),
        (["ALTER TABLE t ADD COLUMN b INTEGER DEFAULT 0 NOT NULL"], []),
        (["DROP TABLE t"], ["table t is gone"]),
        (["ALTER TABLE t DROP COLUMN a"], ["column t.a is gone"]),
        (["ALTER TABLE t RENAME COLUMN a TO b"], ["column t.a is gone"]),
        (["DROP TABLE t", "CREATE TABLE t (id INTEGER, a INTEGER, b INTEGER NOT NULL)"], ["column t.b must be given"]),
        (["CREATE UNIQUE INDEX one ON t (a)"], ["t.a must differ now"]),
    ],
)
def test_what_older_programs_cannot_live_with(statements, found):
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (id INTEGER, a INTEGER)")
        before = schema_steps.schema(connection)
        for one in statements:
            connection.exec_driver_sql(one)
        assert schema_steps.breaks(before, schema_steps.schema(connection)) == found
