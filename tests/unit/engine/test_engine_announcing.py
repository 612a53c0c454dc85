"""What one process's commits brought is told to all, topic by topic."""

import asyncio
from typing import Any

import pytest

from hearth.bus import memory
from hearth.cloud import credentials, settings
from hearth.engine import announcing, context
from hearth.engine import settings as engine_settings
from hearth.resources import registry
from hearth.store import news, open_store

KEYS = [b"0123456789abcdef0123456789abcdef0123456789A="]


class Faulty(memory.MemoryBus):
    """A bus whose library fails at the first message."""

    def __init__(self, failure: BaseException) -> None:
        super().__init__()
        self._failures = [failure]

    async def publish(self, topic: str, message: Any) -> None:
        if self._failures:
            raise self._failures.pop()
        await super().publish(topic, message)


@pytest.mark.parametrize("failure", [ConnectionError("gone"), asyncio.CancelledError()], ids=["fails", "cancelled"])
async def test_a_topic_that_cannot_be_told_keeps_no_other_back(database_url: str, failure: BaseException) -> None:
    store = open_store(database_url, KEYS)
    connector = credentials.Connector(settings.CloudSettings("", settings.AuthSection("password", {})))
    bus = Faulty(failure)
    surroundings = context.Context(store, bus, connector, registry.TypeRegistry(), engine_settings.EngineSettings())
    announcer = announcing.Announcer(surroundings, [news.EVENTS, news.NOTIFICATIONS])
    announcer.start()
    heard = asyncio.Event()
    for topic in (news.EVENTS, news.NOTIFICATIONS):

        async def hear(_message: Any) -> None:
            heard.set()

        bus.subscribe(topic, hear)
    await store.write(lambda connection: [news.note(connection, one) for one in (news.EVENTS, news.NOTIFICATIONS)])
    async with asyncio.timeout(20):
        await heard.wait()
    await announcer.stop()
    await bus.close()
    await connector.close()
    store.close()
