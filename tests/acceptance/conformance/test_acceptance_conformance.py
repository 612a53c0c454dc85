"""Does the embedded cloud answer as OpenStack does? The script of all services, against a recording of real ones."""

import fnmatch
import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import conformance_recording
import pytest
import requests
import yaml
from acceptance_hearth import Hearth

HERE = pathlib.Path(__file__).parent
RECORDED: dict[str, Any] = json.loads((HERE / "recorded.json").read_text())["services"]
#: Things change quickly in this cloud, but they do change: a server is BUILD first, a volume creating.
SETTINGS = {"volume_seconds": 0.1, "delete_seconds": 0.1, "image_seconds": 0.1}


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What a fresh embedded cloud answered to the script."""
    folder = tmp_path_factory.mktemp("conformance")
    running = Hearth(folder, "--build-seconds", "0.1")
    running.up()
    try:
        requests.put(f"{running.url}/admin/settings", json=SETTINGS, timeout=10).raise_for_status()
        record = folder / "answered.json"
        done = subprocess.run(
            [sys.executable, str(HERE / "script.py"), "--cloud", "hearth-admin", "--pause", "0.05", "--record", record],
            env={**os.environ, **running.environment},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        yield json.loads(record.read_text())["services"]
    finally:
        running.down()


@pytest.mark.parametrize("service", list(RECORDED))
def test_embedded_cloud_answers_as_recorded(service: str, answered: dict[str, Any]) -> None:
    allowed = [entry for entry in _allowed() if entry["service"] in (service, "*")]
    found = conformance_recording.compare(RECORDED[service], answered[service])
    wrong = [
        f"{step}\n    {where}: recorded {one}, answered {other}"
        for step, where, one, other in found
        if not any(_covers(entry, step, where) for entry in allowed)
    ]
    assert not wrong, f"{len(wrong)} differences:\n" + "\n".join(wrong)


def test_every_allowed_difference_is_still_one(answered: dict[str, Any]) -> None:
    differences = [
        (service, step, where)
        for service, recorded in RECORDED.items()
        for step, where, _, _ in conformance_recording.compare(recorded, answered[service])
    ]
    idle = [
        entry
        for entry in _allowed()
        if not entry.get("sometimes")
        and not any(
            entry["service"] in (service, "*") and _covers(entry, step, where) for service, step, where in differences
        )
    ]
    assert not idle


def _allowed() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((HERE / "differences.yaml").read_text())
    return found


def _covers(entry: dict[str, Any], step: str, where: str) -> bool:
    # Brackets are part of the places ("servers > [] > id"), not sets of characters.
    return fnmatch.fnmatchcase(_plain(step), _plain(entry["step"])) and fnmatch.fnmatchcase(
        _plain(where), _plain(entry["where"])
    )


def _plain(text: str) -> str:
    return text.replace("[", "<").replace("]", ">")
