"""The way into the dashboard when nothing answers behind it, and when somebody guesses passwords."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec

from hearth.cloud import settings, transport
from hearth.dashboard import app

NOWHERE = "http://127.0.0.1:9/v3"
Answer = tuple[int, dict[str, str], Any]


@contextlib.asynccontextmanager
async def opened() -> AsyncIterator[Callable[[Any], Awaitable[Answer]]]:
    """Signs in at a dashboard whose Keystone is not there."""
    service = settings.AuthSection("password", {"auth_url": NOWHERE})
    wire = transport.Transport(settings.CloudSettings(auth_url=NOWHERE, service=service))
    served = app.create_app(wire, NOWHERE, "..")

    async def enter(given: Any) -> Answer:
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/session",
            "query_string": b"",
            "headers": [(b"content-type", b"application/json")],
            "client": ("192.0.2.7", 1),
        }
        told: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": msgspec.json.encode(given)}

        async def send(message: Any) -> None:
            told.append(message)

        await served(scope, receive, send)
        headers = {name.decode(): value.decode() for name, value in told[0]["headers"]}
        return told[0]["status"], headers, msgspec.json.decode(told[1]["body"])

    try:
        yield enter
    finally:
        await wire.close()


async def test_a_keystone_that_does_not_answer_is_told_of() -> None:
    async with opened() as enter:
        status, _, body = await enter({"user": "demo", "password": "secret"})
    assert status == 503
    assert "Keystone cannot be asked: cannot connect to 127.0.0.1:9" in body["error"]["message"]


async def test_who_tries_too_often_has_to_wait() -> None:
    async with opened() as enter:
        answers = [await enter({}) for _ in range(40)]
    assert [status for status, _, _ in answers][:2] == [400, 400]
    status, headers, _ = answers[-1]
    assert status == 429
    assert int(headers["retry-after"]) > 0
