"""Lost connections: what is safe is tried again, what may have been done is said to be so."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from hearth.cloud import errors, settings, transport

OK = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n{"a": 1}'
OPTIONS = settings.CloudSettings(auth_url="", service=settings.AuthSection("password", {}))
SILENCE = None
Dial = Callable[..., "Awaitable[Line]"]


class Line:
    """A service that answers with given bytes, one per connection; empty bytes hang up, SILENCE never answers."""

    def __init__(self, *answers: bytes | None) -> None:
        self.answers = list(answers)
        self.methods: list[str] = []
        self.url = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            head = await reader.readuntil(b"\r\n\r\n")
            self.methods.append(head.split(b" ", 1)[0].decode())
            answer = self.answers.pop(0)
            if answer is SILENCE:
                await reader.read()
            else:
                writer.write(answer)
                await writer.drain()
        writer.close()


@pytest.fixture
async def dial() -> AsyncIterator[Dial]:
    """Makes lines."""
    async with contextlib.AsyncExitStack() as stack:

        async def make(*answers: bytes | None) -> Line:
            line = Line(*answers)
            server = await stack.enter_async_context(await asyncio.start_server(line.handle, "127.0.0.1", 0))
            host, port = server.sockets[0].getsockname()
            line.url = f"http://{host}:{port}/x"
            return line

        yield make


@pytest.fixture
async def wire() -> AsyncIterator[transport.Transport]:
    made = transport.Transport(OPTIONS)
    yield made
    await made.close()


async def test_a_get_is_sent_again_after_a_hang_up(dial: Dial, wire: transport.Transport) -> None:
    line = await dial(b"", OK)
    answer = await wire.exchange("compute", "GET", line.url, {})
    assert answer.body == {"a": 1}
    assert line.methods[-1] == "GET"


async def test_a_post_is_not_sent_again(dial: Dial, wire: transport.Transport) -> None:
    line = await dial(b"", OK)
    with pytest.raises(errors.Unavailable) as caught:
        await wire.exchange("compute", "POST", line.url, {}, json={})
    assert caught.value.maybe_done
    assert line.methods == ["POST"]


async def test_nothing_was_done_where_nobody_listens(wire: transport.Transport) -> None:
    with pytest.raises(errors.Unavailable, match="cannot connect to") as caught:
        await wire.exchange("compute", "POST", "http://127.0.0.1:9/x", {}, json={})
    assert not caught.value.maybe_done


async def test_silence_ends_at_the_limit(dial: Dial, wire: transport.Transport) -> None:
    line = await dial(SILENCE)
    with pytest.raises(errors.Unavailable, match=r"within 0\.2 s") as caught:
        await wire.exchange("compute", "POST", line.url, {}, json={}, seconds=0.2)
    assert caught.value.maybe_done


@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [
        (b"Content-Type: application/json\r\n", b"", None),
        (b"Content-Type: application/json\r\n", b"{", b"{"),
        (b"Content-Type: text/plain\r\n", b"text", b"text"),
        (b"", b"\x00\xff", b"\x00\xff"),
    ],
)
async def test_bodies(
    dial: Dial,
    wire: transport.Transport,
    head: bytes,
    body: bytes,
    expected: bytes | None,
) -> None:
    line = await dial(b"HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s" % (head, len(body), body))
    assert (await wire.exchange("image", "GET", line.url, {})).body == expected


async def test_a_url_that_is_none(wire: transport.Transport) -> None:
    with pytest.raises(errors.CloudError, match="cannot be used"):
        await wire.exchange("image", "GET", "http://", {})
