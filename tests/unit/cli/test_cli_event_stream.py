"""Following by the server's stream: how it is read, how it goes on, and what happens where there is none."""

import contextlib
import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest

from hearth.cli import client, event_stream, follow, problems

REF = client.StackRef("web", "1")
OPENED = [b"retry: 2000", b": connected", b""]
GONE = [b"event: end", b'data: {"reason":"deleted"}', b""]


def event(number: int, name: str, status: str, physical: str = "2") -> dict[str, Any]:
    return {
        "id": str(number),
        "resource_name": name,
        "physical_resource_id": "1" if name == "web" else physical,
        "resource_status": status,
        "resource_status_reason": "",
        "event_time": "2026-01-01T00:00:00Z",
        "links": [],
    }


def told(found: dict[str, Any]) -> list[bytes]:
    return [f"id: {found['id']}".encode(), b"data: " + json.dumps(found).encode(), b""]


class Server:
    """The API of one stack: its record and events, and connections of the stream, one after the other."""

    def __init__(self, status: str, *connections: Iterable[bytes] | None) -> None:
        self.status = status
        self.connections = list(connections)
        self.opened_after: list[str | None] = []
        self.events: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.looked = threading.Event()

    def __call__(self, method: str, path: str, *, json: Any = None, params: Any = None) -> tuple[int, bytes]:
        self.asked.append(path.rpartition("/")[2])
        if path.endswith("/events"):
            found, self.events = self.events, []
            return 200, _encoded({"events": found})
        record = {"id": "1", "stack_name": "web", "stack_status": self.status}
        self.looked.set()
        return 200, _encoded({"stack": record})

    @contextlib.contextmanager
    def stream(
        self, path: str, *, params: list[tuple[str, str]], headers: Mapping[str, str]
    ) -> Iterator[Iterable[bytes] | None]:
        self.opened_after.append(headers.get("Last-Event-ID"))
        if not self.connections:
            raise problems.CliError("Cannot connect.")
        yield self.connections.pop(0)


def _encoded(body: Any) -> bytes:
    return json.dumps(body).encode()


def run(server: Server, action: str = "CREATE", since: str | None = None) -> client.Record | None:
    api = client.Client(server, server.stream)
    return follow.follow(api, REF, action, follow.Lines(REF), follow.Mark(since), pause=lambda _: None)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "_REST", 0.0)
    monkeypatch.setattr(event_stream, "OPENING", 0.05)


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line.partition(" ")[2] for line in capsys.readouterr().err.splitlines()]


def test_the_end_is_told_and_nothing_is_asked_in_between(capsys: pytest.CaptureFixture[str]) -> None:
    server = Server("CREATE_IN_PROGRESS")
    looked, stays_open = server.looked, threading.Event()

    def connection() -> Iterator[bytes]:
        yield from OPENED
        looked.wait(20)
        for number in range(100):
            yield from told(event(number, f"r{number}", "CREATE_COMPLETE"))
        server.status = "CREATE_COMPLETE"
        yield from told(event(100, "web", "CREATE_COMPLETE"))
        stays_open.wait(20)

    server.connections = [connection()]
    ended = run(server)
    assert ended is not None
    assert ended["stack_status"] == "CREATE_COMPLETE"
    assert len(lines(capsys)) == 101
    # The record before anything was told and at the end, and whether anything is missing.
    assert server.asked == ["1", "1", "events"]
    stays_open.set()


def test_a_broken_connection_is_opened_again_after_the_last_event(capsys: pytest.CaptureFixture[str]) -> None:
    server = Server("UPDATE_IN_PROGRESS")

    def second() -> Iterator[bytes]:
        server.status = "UPDATE_COMPLETE"
        yield from [*OPENED, *told(event(9, "web", "UPDATE_COMPLETE"))]

    server.connections = [[*OPENED, *told(event(8, "a", "UPDATE_COMPLETE"))], second()]
    assert run(server, "UPDATE", since="7") is not None
    assert server.opened_after[:2] == ["7", "8"]
    assert lines(capsys) == ["[web.a]: UPDATE_COMPLETE", "[web]: UPDATE_COMPLETE"]


def test_a_stack_that_is_gone_is_no_error() -> None:
    server = Server("DELETE_COMPLETE", [*OPENED, *told(event(5, "web", "DELETE_COMPLETE")), *GONE])
    assert run(server, "DELETE") is None


@pytest.mark.parametrize("why", ["none", "silent", "broken"])
def test_without_a_stream_the_events_are_asked_for(why: str, capsys: pytest.CaptureFixture[str]) -> None:
    server = Server("UPDATE_COMPLETE")
    keeps_back = threading.Event()

    def silent() -> Iterator[bytes]:
        keeps_back.wait(20)
        yield b""

    server.connections = {"none": [None], "silent": [silent()], "broken": []}[why]  # type: ignore[assignment]
    server.events = [event(1, "web", "UPDATE_COMPLETE")]
    assert run(server, "UPDATE") is not None
    keeps_back.set()
    assert lines(capsys) == ["[web]: UPDATE_COMPLETE"]
    assert "events" in server.asked


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b": hello\n\n", [("", b"")]),
        (b"data: 1\n\ndata:2\n\n", [("message", b"1"), ("message", b"2")]),
        (b"event: end\nid: 3\ndata: {}\n\n", [("end", b"{}")]),
        (b"retry: 5\n\n", []),
        (b"data: cut off", []),
    ],
)
def test_messages_are_read_as_the_standard_says(text: bytes, found: list[tuple[str, bytes]]) -> None:
    assert list(event_stream.messages(text.split(b"\n"))) == found
