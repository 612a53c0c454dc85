"""The server: addresses, applications by path, start and end."""

import contextlib
import signal
import socket
import struct
import threading
import urllib.request
from collections.abc import AsyncIterator

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from hearth.cli import problems
from hearth.process import health, serving, stopping


def answering(name: str) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse(f"{name} {scope.get('root_path')}")(scope, receive, send)

    return app


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return str(answer.read().decode())


def test_applications_are_told_apart_by_path_and_the_end_is_in_order() -> None:
    life: list[str] = []
    found: dict[str, str] = {}

    @contextlib.asynccontextmanager
    async def running() -> AsyncIterator[None]:
        life.append("started")
        yield
        life.append("stopped")

    listener = serving.bind("127.0.0.1", 0)
    url = serving.address(listener)
    app = serving.combine({"": answering("cloud"), "/orchestration": answering("api")}, running)

    def look() -> None:
        for path in ("/healthcheck", "/orchestration/v1", "/identity"):
            found[path] = fetch(url + path)
        signal.raise_signal(signal.SIGTERM)

    looking = threading.Thread(target=look)
    # Requests sent before the server is up wait in the socket's queue.
    looking.start()
    assert serving.run(app, listener, lambda: life.append("ready"))
    looking.join()
    assert life == ["started", "ready", "stopped"]
    assert found == {"/healthcheck": "OK\n", "/orchestration/v1": "api /orchestration", "/identity": "cloud "}


def test_a_failing_start_is_a_result() -> None:
    @contextlib.asynccontextmanager
    async def running() -> AsyncIterator[None]:
        raise RuntimeError("no database")
        yield

    listener = serving.bind("127.0.0.1", 0)
    assert not serving.run(serving.combine({}, running), listener, lambda: None)


def test_a_taken_port_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(problems.CliError, match=f"Cannot listen on 127.0.0.1 port {port}"):
            serving.bind("127.0.0.1", port)


def test_the_page_of_health_has_a_further_address_and_the_queue_the_length_that_was_chosen() -> None:
    @contextlib.asynccontextmanager
    async def running() -> AsyncIterator[None]:
        yield

    stop = stopping.Stop(5)
    healthy = health.Health({}, stop, health.HealthSettings(path="/status/heat"))
    app = serving.combine({"/orchestration": answering("api")}, running, stop, healthy)
    listener = serving.bind("127.0.0.1", 0, 7)
    url = serving.address(listener)
    lengths = [_queue(listener)]
    found: list[str] = []

    def look() -> None:
        for path in ("/status/heat", "/status/heat/live", "/healthcheck", "/orchestration/status/heat"):
            found.append(fetch(url + path))
        lengths.append(_queue(listener))
        signal.raise_signal(signal.SIGTERM)

    looking = threading.Thread(target=look)
    looking.start()
    assert serving.run(app, listener, lambda: None, backlog=7)
    looking.join()
    assert found == ["OK\n"] * 4
    assert lengths == [7, 7]


def _queue(listener: socket.socket) -> int:
    """The longest queue of connections that the system lets wait, as tcp(7) tells it of a socket that listens."""
    told = listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    return int(struct.unpack_from("I", told, 28)[0])
