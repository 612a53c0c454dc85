"""A data folder: who holds it, and what is kept in it."""

import multiprocessing
import os
import pathlib
import stat
from multiprocessing.connection import Connection

import pytest
import yaml

from hearth.cli import problems
from hearth.process import down, home


def test_a_folder_is_held_once_and_let_go(tmp_path: pathlib.Path) -> None:
    place = home.Home(tmp_path)
    assert place.running() is None
    with home.Lock(place) as lock:
        lock.announce("http://127.0.0.1:1")
        assert place.running() == home.Running(os.getpid(), "http://127.0.0.1:1")
        with pytest.raises(problems.CliError, match="already"), home.Lock(place):
            pass
    assert place.running() is None


def hold(folder: pathlib.Path, told: Connection) -> None:
    with home.Lock(home.Home(folder)):
        told.send("held")
        told.recv()


def test_a_killed_process_holds_nothing(tmp_path: pathlib.Path) -> None:
    place = home.Home(tmp_path)
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=hold, args=(tmp_path, theirs))
    child.start()
    assert ours.recv() == "held"
    running = place.running()
    assert running is not None
    assert running.pid == child.pid
    child.kill()
    child.join()
    assert place.running() is None
    assert down.stop(place, 1) is False


def test_the_key_is_made_once_and_private(tmp_path: pathlib.Path) -> None:
    place = home.Home(tmp_path)
    key = place.key()
    assert len(key) == 32
    assert place.key() == key
    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600


def test_clouds_yaml_names_both_users(tmp_path: pathlib.Path) -> None:
    place = home.Home(tmp_path)
    place.write_clouds("http://127.0.0.1:8700")
    clouds = yaml.safe_load(place.clouds.read_text())["clouds"]
    assert {name: one["auth"]["username"] for name, one in clouds.items()} == {
        "hearth": "demo",
        "hearth-admin": "admin",
    }
    assert clouds["hearth"]["auth"]["auth_url"] == "http://127.0.0.1:8700/identity/v3"


def test_a_folder_that_cannot_be_made_is_told(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(problems.CliError, match="Cannot use the data folder"):
        home.Home(tmp_path / "file" / "below").prepare()


def test_the_default_folder_follows_the_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert home.default() == pathlib.Path("/data/hearth")
