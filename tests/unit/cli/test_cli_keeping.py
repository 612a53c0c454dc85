"""`hearth stack export|abandon -o FILE`: the file is there when the document is, and untouched when it is not."""

import json
import pathlib
from typing import Any

import pytest
from click.testing import CliRunner

from hearth.cli import client, connection
from hearth.process import main

DOCUMENT = {"name": "web", "resources": {}}


class Api:
    """An API with one stack, which it gives up or refuses to."""

    def __init__(self, refusal: str | None) -> None:
        self._refusal = refusal

    def __call__(self, method: str, path: str, *, json: Any = None, params: Any = None) -> tuple[int, bytes]:
        if not path.endswith(("/abandon", "/export")):
            return 200, _encode({"stack": {"id": "1", "stack_name": "web", "stack_status": "CREATE_COMPLETE"}})
        if self._refusal is not None:
            return 400, _encode({"error": {"type": "NotSupported", "message": self._refusal}})
        return 200, _encode(DOCUMENT)


def _encode(body: Any) -> bytes:
    return json.dumps(body).encode()


def run(monkeypatch: pytest.MonkeyPatch, refusal: str | None, file: pathlib.Path, *arguments: str) -> Any:
    monkeypatch.setattr(connection, "connect", lambda: client.Client(Api(refusal)))
    return CliRunner().invoke(main.root, ["stack", *arguments, "web", "-o", str(file)])


COMMANDS = pytest.mark.parametrize("arguments", [["export"], ["abandon", "--yes"]], ids=["export", "abandon"])


@COMMANDS
def test_the_document_takes_the_place_of_an_older_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path, arguments: list[str]
) -> None:
    file = tmp_path / "web.json"
    file.write_text("older and longer " * 20)
    assert run(monkeypatch, None, file, *arguments).exit_code == 0
    assert json.loads(file.read_text()) == DOCUMENT


@COMMANDS
def test_a_refusal_leaves_no_file_behind_and_an_older_one_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path, arguments: list[str]
) -> None:
    fresh, older = tmp_path / "web.json", tmp_path / "older.json"
    older.write_text("older")
    for file in (fresh, older):
        refused = run(monkeypatch, "Stack Abandon is not supported.", file, *arguments)
        assert refused.exit_code == 1
        assert "Stack Abandon is not supported." in refused.output
    assert not fresh.exists()
    assert older.read_text() == "older"
