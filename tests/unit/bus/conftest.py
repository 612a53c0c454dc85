"""A bus of every kind, and RabbitMQ where it is.

`HEARTH_TEST_RABBITMQ` names the broker. One that is not there is skipped with the reason, and fails where `CI` is set.
"""

import asyncio
import uuid

import pytest

import broker
from hearth.bus import memory, rabbit


@pytest.fixture
async def new_rabbit():
    """Makes buses as several processes of one deployment have them, connected."""
    opened, deployment = [], f"hearth-test-{uuid.uuid4()}"

    async def make(url: str = broker.URL) -> rabbit.RabbitBus:
        made = rabbit.RabbitBus(url, deployment)
        opened.append(made)
        try:
            async with asyncio.timeout(20):
                await made.connected()
        except TimeoutError:
            broker.is_away()
        return made

    yield make
    for one in opened:
        await one.close()
    await rabbit.remove(broker.URL, deployment)


@pytest.fixture(params=["memory", "rabbit"])
async def bus(request, new_rabbit):
    if request.param == "rabbit":
        yield await new_rabbit()
        return
    made = memory.MemoryBus()
    yield made
    await made.close()
