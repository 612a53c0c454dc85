"""`[database]`: what the operator says of connections is heeded; what is not said stays Hearth's choice."""

import logging
import pathlib
from typing import Any

import pytest
from click.testing import CliRunner

from hearth.process import main, orchestration, wiring
from hearth.store import Connections

CONNECTION = "connection = postgresql://hearth@db/hearth?sslmode=require\n"


def configured(folder: pathlib.Path, text: str) -> Any:
    path = folder / "heat.conf"
    path.write_text(f"[database]\n{text}")
    return wiring.configuration([path], {})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Connections()),
        ("max_pool_size = 5\nmax_overflow = 50", Connections(max_pool_size=5, max_overflow=50)),
        ("idle_timeout = 600\npool_timeout = 3", Connections(connection_recycle_time=600, pool_timeout=3)),
        ("retry_interval = 2", Connections(max_retries=10, retry_interval=2)),
        ("max_retries = -1", Connections(max_retries=-1, retry_interval=10)),
        ("mysql_wsrep_sync_wait = 1", Connections(mysql_wsrep_sync_wait=1)),
    ],
)
def test_what_the_operator_says_counts(tmp_path: pathlib.Path, text: str, expected: Connections) -> None:
    assert orchestration.connections(configured(tmp_path, text)) == expected


def test_parameters_are_put_to_the_address(tmp_path: pathlib.Path) -> None:
    conf = configured(tmp_path, f"{CONNECTION}connection_parameters = application_name=hearth")
    assert orchestration.database_url(conf).endswith("?sslmode=require&application_name=hearth")


def test_what_a_database_cannot_do_is_named(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "heat.conf"
    path.write_text(f"[DEFAULT]\nauth_encryption_key = {'0' * 32}\n[database]\n{CONNECTION}mysql_wsrep_sync_wait = 1\n")
    result = CliRunner().invoke(main.root, ["db", "version", "--config-file", str(path)])
    assert result.exit_code != 0
    assert "mysql_wsrep_sync_wait is for clusters of MariaDB and MySQL" in result.output


@pytest.mark.parametrize(("debug", "level"), [(0, logging.WARNING), (50, logging.INFO), (100, logging.INFO)])
def test_statements_are_logged_without_their_rows(tmp_path: pathlib.Path, debug: int, level: int) -> None:
    logger, factory = logging.getLogger("sqlalchemy.engine"), logging.getLogRecordFactory()
    handlers, levels = list(logging.root.handlers), {name: one.level for name, one in _loggers().items()}
    try:
        wiring.log(configured(tmp_path, f"connection_debug = {debug}"))
        assert logger.getEffectiveLevel() == level
    finally:
        logging.root.handlers[:] = handlers
        logging.setLogRecordFactory(factory)
        for name, one in _loggers().items():
            one.setLevel(levels.get(name, logging.NOTSET))


def _loggers() -> dict[str, logging.Logger]:
    found = {name: one for name, one in logging.root.manager.loggerDict.items() if isinstance(one, logging.Logger)}
    return {**found, "": logging.root}
