"""`hearth db` on databases of a folder and of a configuration file."""

import pathlib
import time
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from cryptography.fernet import Fernet

from hearth.process import main
from hearth.store import open_store, tables

KEY = "0123456789abcdef0123456789abcdef"
HOUR = 3600


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main.root, ["db", *arguments])


def stack(stack_id: str, deleted_before: float | None, project: str = "p") -> dict[str, Any]:
    return {
        "id": stack_id,
        "name": stack_id,
        "live_name": None if deleted_before else stack_id,
        "project_id": project,
        "root_id": stack_id,
        "depth": 0,
        "action": "DELETE",
        "status": "COMPLETE",
        "reason": "",
        "created_at": 1.0,
        "deleted_at": time.time() - deleted_before if deleted_before else None,
        "disable_rollback": True,
        "description": "",
        "definition_id": "d",
    }


def stacks() -> list[dict[str, Any]]:
    """Stacks that went so long ago, counted from now."""
    return [
        stack("live", None),
        stack("an hour", HOUR),
        stack("a day", 24 * HOUR),
        stack("theirs", 24 * HOUR, "other"),
        stack("a year", 365 * 24 * HOUR),
    ]


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    url = f"sqlite:///{tmp_path / 'hearth.sqlite'}"
    open_store(url, [Fernet.generate_key()]).close()
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(tables.stack.insert(), stacks())
    engine.dispose()
    return tmp_path


def left(folder: pathlib.Path) -> set[str]:
    engine = sa.create_engine(f"sqlite:///{folder / 'hearth.sqlite'}")
    with engine.connect() as connection:
        ids = set(connection.execute(sa.select(tables.stack.c.id)).scalars())
    engine.dispose()
    return ids


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [
        ([], {"live", "an hour", "a day", "theirs"}),
        (["1"], {"live", "an hour"}),
        (["23", "-g", "hours"], {"live", "an hour"}),
        (["90", "-g", "minutes"], {"live", "an hour"}),
        (["60", "-g", "seconds", "-b", "1"], {"live"}),
        (["0", "--project", "other"], {"live", "an hour", "a day", "a year"}),
    ],
)
def test_purge_removes_what_is_older(folder: pathlib.Path, arguments: list[str], kept: set[str]) -> None:
    result = run("purge", *arguments, "--data-dir", str(folder))
    assert result.exit_code == 0, result.output
    assert left(folder) == kept


def test_a_configuration_file_names_the_database(folder: pathlib.Path) -> None:
    conf = folder / "heat.conf"
    conf.write_text(
        f"[DEFAULT]\nauth_encryption_key = {KEY}\n[database]\nconnection = sqlite:///{folder / 'hearth.sqlite'}\n"
    )
    result = run("purge", "30", "--config-file", str(conf))
    assert result.exit_code == 0, result.output
    assert "a year" not in left(folder)


def test_an_empty_database_is_upgraded(tmp_path: pathlib.Path) -> None:
    (tmp_path / "hearth.sqlite").touch()
    refused = run("purge", "--data-dir", str(tmp_path))
    assert refused.exit_code == 1
    assert "hearth db upgrade" in refused.output
    assert run("version", "--data-dir", str(tmp_path)).exit_code == 1
    assert "now; it was empty" in run("upgrade", "--data-dir", str(tmp_path)).output
    assert "already" in run("upgrade", "--data-dir", str(tmp_path)).output
    assert run("version", "--data-dir", str(tmp_path)).exit_code == 0


def test_where_there_is_no_database_it_says_so(tmp_path: pathlib.Path) -> None:
    result = run("purge", "--data-dir", str(tmp_path))
    assert result.exit_code == 1
    assert "There is no database" in result.output
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def legacy(folder: pathlib.Path) -> pathlib.Path:
    """Stacks of the legacy mode: two at rest, one of them with a nested one, and a busy one."""
    nested = {**stack("inner", None), "owner_id": "at rest", "root_id": "at rest", "depth": 1}
    busy = {**stack("busy", None), "status": "IN_PROGRESS"}
    engine = sa.create_engine(f"sqlite:///{folder / 'hearth.sqlite'}")
    with engine.begin() as connection:
        for one in (stack("at rest", None), nested, stack("other", None), busy):
            connection.execute(tables.stack.insert(), {**one, "convergence": False})
    engine.dispose()
    return folder


def of_legacy_mode(folder: pathlib.Path) -> set[str]:
    engine = sa.create_engine(f"sqlite:///{folder / 'hearth.sqlite'}")
    with engine.connect() as connection:
        found = connection.execute(sa.select(tables.stack.c.id).where(tables.stack.c.convergence.is_(False))).scalars()
        ids = set(found)
    engine.dispose()
    return ids


@pytest.mark.parametrize(
    ("arguments", "status", "left_over", "told"),
    [
        ([], 1, {"busy"}, "busy: Stack busy already has an action (DELETE) in progress."),
        (["at rest"], 0, {"busy", "other"}, "Migrated 1 stacks."),
        (["at rest", "nobody"], 1, {"busy", "other"}, "nobody is no live root stack of the legacy mode"),
        (["live"], 1, {"at rest", "inner", "other", "busy"}, "live is no live root stack of the legacy mode"),
    ],
)
def test_stacks_leave_the_legacy_mode(
    legacy: pathlib.Path, arguments: list[str], status: int, left_over: set[str], told: str
) -> None:
    done = run("migrate-convergence-1", *arguments, "--data-dir", str(legacy))
    assert (done.exit_code, of_legacy_mode(legacy)) == (status, left_over)
    assert told in done.stderr
