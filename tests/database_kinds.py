"""Databases for tests: SQLite in a file, and real PostgreSQL and MariaDB servers where they are.

`HEARTH_TEST_POSTGRESQL` and `HEARTH_TEST_MARIADB` name the servers by URLs without a database; their users may create
databases. What is not there is skipped with the reason, and fails where `CI` is set: a check that did not run must
not look like one that passed.
"""

import functools
import os
import pathlib
import tempfile

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from hearth.store import databases, open_store, tables

KINDS = ("sqlite", "postgresql", "mariadb")
SERVERS = {
    "postgresql": os.environ.get("HEARTH_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1/postgres"),
    "mariadb": os.environ.get("HEARTH_TEST_MARIADB", "mariadb://root@127.0.0.1/"),
}


def empty(kind: str, folder: pathlib.Path) -> str:
    """The URL of a database with an up-to-date schema and nothing in it; servers have one for each test process."""
    if kind == "sqlite":
        file = folder / "hearth.sqlite"
        file.write_bytes(_migrated_file())
        return f"sqlite:///{file}"
    url = _of_this_process(kind)
    engine = databases.open_engine(url, writes=True, pool_size=1)
    with engine.begin() as connection:
        for table in tables.metadata.tables.values():
            connection.execute(table.delete())
    engine.dispose()
    return url


@functools.cache
def _migrated_file() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "hearth.sqlite"
        open_store(f"sqlite:///{file}", [Fernet.generate_key()]).close()
        return file.read_bytes()


def bare(kind: str, folder: pathlib.Path, name: str) -> str:
    """The URL of a database with nothing in it, for somebody else's tables."""
    return f"sqlite:///{folder / name}.sqlite" if kind == "sqlite" else _made_on_server(kind, name)


@functools.cache
def _of_this_process(kind: str) -> str:
    url = _made_on_server(kind, "test")
    open_store(url, [Fernet.generate_key()]).close()
    return url


def _made_on_server(kind: str, purpose: str) -> str:
    name = f"hearth_{purpose}_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getppid()}"
    server = databases.open_engine(SERVERS[kind], writes=True, pool_size=1)
    try:
        with server.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name}")
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
    except sa.exc.OperationalError as error:
        missing = f"no {kind} at {SERVERS[kind]}: {error.orig}"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    finally:
        server.dispose()
    if (kind, name) not in _made:
        _made.append((kind, name))
    return sa.make_url(SERVERS[kind]).set(database=name).render_as_string(hide_password=False)


#: A test that failed may have left connections.
_FORCE = {"postgresql": " WITH (FORCE)"}
_made: list[tuple[str, str]] = []


def remove_all() -> None:
    """Drop the databases of this process."""
    for kind, name in _made:
        server = databases.open_engine(SERVERS[kind], writes=True, pool_size=1)
        with server.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name}" + _FORCE.get(kind, ""))
        server.dispose()
    _made.clear()
