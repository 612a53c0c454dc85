"""Lost connections: what is safe is tried again, what may have been done is said to be so."""

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from hearth.cloud import breaker, errors, settings, transport
from hearth.telemetry import metrics

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


@pytest.mark.parametrize(("retries", "works"), [(0, False), (4, True)])
async def test_the_operator_says_how_often_it_is_sent_again(dial: Dial, retries: int, works: bool) -> None:
    # The HTTP library opens one more connection for each attempt by itself.
    line = await dial(*[b""] * (4 if works else 3), OK)
    wire = transport.Transport(dataclasses.replace(OPTIONS, retries=retries))
    try:
        assert (await wire.exchange("compute", "GET", line.url, {})).body == {"a": 1}
    except errors.Unavailable:
        assert not works
    else:
        assert works
    await wire.close()


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


# ---- services that had better be left alone ----

WELL = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
BUSY = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
SLOWER = b"HTTP/1.1 429 Slower\r\nRetry-After: 30\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
MISSING = b"HTTP/1.1 404 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@contextlib.asynccontextmanager
async def wired(**chosen: Any) -> AsyncIterator[transport.Transport]:
    made = transport.Transport(dataclasses.replace(OPTIONS, rests=breaker.Rules(**chosen)))
    try:
        yield made
    finally:
        await made.close()


async def outcome(wire: transport.Transport, line: Any, method: str = "POST", **how: Any) -> Any:
    """The answer of a service, or the error by which it was refused."""
    try:
        return await wire.exchange(how.pop("service", "compute"), method, line.url, {}, **how)
    except errors.CloudError as error:
        return error


async def test_a_service_that_fails_for_all_is_left_alone(dial: Dial) -> None:
    async with wired(failures=2) as wire:
        line = await dial(BUSY, BUSY, WELL, WELL)
        for _ in range(2):
            assert (await outcome(wire, line)).status == 503
        for project_id in ("a", "b"):
            refused = await outcome(wire, line, project_id=project_id)
            assert isinstance(refused, errors.LeftAlone)
            assert 0 < refused.retry_after <= 5
            assert not refused.maybe_done
        assert len(line.methods) == 2
        [told] = wire.troubles()
        assert "compute" in told and line.url.split("/")[2] in told
        # Another service at the same address is another service.
        assert (await outcome(wire, line, service="network")).status == 200


async def test_what_is_not_asked_for_any_more_counts_as_left_alone_no_more(dial: Dial) -> None:
    def counted() -> float:
        (family,) = metrics.CLOUD_LEFT_ALONE.collect()
        return sum(one.value for one in family.samples if one.labels["service"] == "compute")

    before = counted()
    async with wired(failures=1) as wire:
        await outcome(wire, await dial(BUSY))
        assert counted() == before + 1
    assert counted() == before


async def test_one_call_finds_out_that_it_works_again(dial: Dial) -> None:
    async with wired(failures=1, rest=0.0) as wire:
        line = await dial(BUSY, WELL, WELL)
        await outcome(wire, line)
        assert [(await outcome(wire, line)).status for _ in range(2)] == [200, 200]
        assert wire.troubles() == []


async def test_refusals_are_answers_of_a_service_that_works(dial: Dial) -> None:
    async with wired(failures=1) as wire:
        line = await dial(MISSING, WELL)
        assert isinstance(await outcome(wire, line), errors.NotFound)
        assert (await outcome(wire, line)).status == 200


async def test_who_is_told_to_come_later_does_and_others_need_not(dial: Dial) -> None:
    async with wired() as wire:
        line = await dial(SLOWER, WELL)
        assert (await outcome(wire, line, project_id="a")).retry_after == 30
        refused = await outcome(wire, line, project_id="a")
        assert isinstance(refused, errors.LeftAlone)
        assert 29 < refused.retry_after <= 30
        assert (await outcome(wire, line, project_id="b")).status == 200


async def test_further_attempts_have_a_budget(dial: Dial) -> None:
    async with wired(budget=1) as wire:
        line = await dial(WELL, WELL)
        assert (await outcome(wire, line, further=True)).status == 200
        assert isinstance(await outcome(wire, line, further=True), errors.LeftAlone)
        assert (await outcome(wire, line)).status == 200


async def test_so_many_calls_at_a_time_and_projects_in_turn(dial: Dial) -> None:
    made = transport.Transport(dataclasses.replace(OPTIONS, connections_by_service={"compute": 1}))
    line = await dial(WELL, WELL, WELL, WELL)
    order: list[str] = []

    async def call(project_id: str) -> None:
        await outcome(made, line, "GET", project_id=project_id)
        order.append(project_id)

    await asyncio.gather(*(call(one) for one in ("a", "a", "a", "b")))
    assert order == ["a", "a", "b", "a"]
    await made.close()
