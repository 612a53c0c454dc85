"""`hearth stack drift`: what it sends, what it prints, and its exit status."""

import json
from typing import Any

import pytest
from click.testing import CliRunner

from hearth.cli import client, connection
from hearth.process import main


def resource(path: str, condition: str = "same", **more: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {"reason": "", "properties": [], "accepted": [], "ignored": [], "revert": False}
    return {"resource_path": path, "resource_type": "T", "condition": condition, **empty, **more}


def difference(name: str, **more: Any) -> dict[str, Any]:
    return {"property": name, "expected": "a", "actual": "b", "update": "update", "revert": False, **more}


class Api:
    """An API with one stack; `asked` are the requests about its drift."""

    def __init__(self, *resources: dict[str, Any]) -> None:
        counts = {"same": 0, "drifted": 0, "gone": 0, "unknown": 0}
        for one in resources:
            counts[one["condition"]] += 1
        drifted = bool(counts["drifted"] or counts["gone"])
        self.answer = {"stack_name": "web", "drifted": drifted, "counts": counts, "resources": list(resources)}
        self.asked: list[tuple[str, Any]] = []

    def __call__(self, method: str, path: str, *, json: Any = None, params: Any = None) -> tuple[int, bytes]:
        if not path.endswith("/drift"):
            return 200, _encode({"stack": {"id": "1", "stack_name": "web", "stack_status": "CREATE_COMPLETE"}})
        self.asked.append((method, json))
        return 200, _encode({"drift": self.answer})


def _encode(body: Any) -> bytes:
    return json.dumps(body).encode()


def run(api: Api, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Any:
    monkeypatch.setattr(connection, "connect", lambda: client.Client(api))
    return CliRunner().invoke(main.root, ["stack", "drift", "web", *arguments])


DRIFTED = resource("net", "drifted", properties=[difference("name", revert=True), difference("mtu", update="replace")])


@pytest.mark.parametrize(
    ("resources", "status", "told"),
    [
        ([resource("net")], 0, "1 as expected"),
        ([resource("net", "unknown", reason="away")], 0, "1 not known"),
        ([DRIFTED], 2, "1 drifted"),
        ([resource("net", "gone", reason="there is none")], 2, "1 gone"),
    ],
)
def test_the_exit_status_tells_of_drift(
    monkeypatch: pytest.MonkeyPatch, resources: list[dict[str, Any]], status: int, told: str
) -> None:
    done = run(Api(*resources), monkeypatch)
    assert (done.exit_code, told in done.stderr) == (status, True), done.output


def test_each_difference_is_a_line_with_what_becomes_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(Api(DRIFTED), monkeypatch)
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["net", "T", "name", "a", "b", "to", "be", "reverted"] in lines
    assert ["net", "T", "mtu", "a", "b", "reverting", "replaces", "it"] in lines
    assert "hearth stack update --existing web" in done.stderr


def test_what_was_seen_last_is_shown_without_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(resource("net"))
    assert json.loads(run(api, monkeypatch, "--cached", "-f", "json").stdout) == api.answer
    run(api, monkeypatch)
    assert api.asked == [("GET", None), ("POST", {"refresh": True})]


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("net.name", {"resource": "net", "property": "name"}),
        ("net", {"resource": "net"}),
        ("group/0/net.a.name", {"resource": "group/0/net.a", "property": "name"}),
        ("group/0/net.a", {"resource": "group/0/net.a"}),
        ("other.name", {"resource": "other", "property": "name"}),
    ],
)
def test_targets_are_resources_and_properties(monkeypatch: pytest.MonkeyPatch, text: str, sent: Any) -> None:
    api = Api(resource("net"), resource("group/0/net.a"))
    run(api, monkeypatch, "--accept", text, "--undo", text, "--revert-all")
    assert api.asked[-1] == ("POST", {"refresh": True, "revert_all": True, "accept": [sent], "undo": [sent]})
