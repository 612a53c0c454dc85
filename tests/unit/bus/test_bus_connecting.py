"""Whoever speaks to a broker stays connected to it until told to end, whatever the broker's library does meanwhile."""

import asyncio

import pytest

import broker

pytest.importorskip("aio_pika")
connecting = pytest.importorskip("hearth.bus.connecting")


@pytest.fixture
def nodes():
    return [broker.need().replace("rabbit:", "amqp:", 1)]


@pytest.mark.parametrize("error", [ConnectionError("gone"), asyncio.CancelledError()], ids=["fails", "cancelled"])
async def test_a_connection_lost_in_any_way_is_made_anew(nodes, error):
    served = asyncio.Queue()

    async def serve(_connection, again):
        served.put_nowait(again)
        if not again:
            raise error
        await asyncio.Event().wait()

    staying = asyncio.create_task(connecting.stay_connected(nodes, serve, "away: %s"))
    async with asyncio.timeout(30):
        assert [await served.get(), await served.get()] == [False, True]
        await connecting.end(staying)
    assert staying.cancelled()


@pytest.mark.parametrize("goes_on", [True, False])
async def test_it_ends_when_told_to_though_the_library_swallows_that(nodes, goes_on):
    begun = asyncio.Event()

    async def serve(_connection, _again):
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if not goes_on:
                return
        await asyncio.Event().wait()

    staying = asyncio.create_task(connecting.stay_connected(nodes, serve, "away: %s"))
    async with asyncio.timeout(30):
        await begun.wait()
        await connecting.end(staying)
    assert staying.cancelled()
