"""Trouble among the messages of a broker: deleted queues; messages that come twice, late, mixed up or never."""

import asyncio
import random
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from hearth.bus import addresses, rabbit

TOPICS = ("work", "stopped")
_MARK = "x-mixed-up"


def delete_something(transport_url: str, rng: random.Random) -> str:
    """Delete a queue or an exchange of a deployment; what it was."""
    topic = rng.choice(TOPICS)
    what = rng.choice(["queue", "exchange"])

    async def delete() -> None:
        async with await aio_pika.connect(addresses.nodes(transport_url)[0], timeout=20) as connection:
            channel = await connection.channel()
            if what == "queue":
                await channel.queue_delete(f"{rabbit.PREFIX}.{topic}.offers")
            else:
                await channel.exchange_delete(f"{rabbit.PREFIX}.{topic}")

    asyncio.run(delete())
    return what


class Mixer:
    """Takes and hears messages, and sends each twice a little later, in any order; of offers it takes away some."""

    def __init__(self, transport_url: str, rng: random.Random) -> None:
        self.sent = 0
        self._url, self._rng = transport_url, rng
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._mix()), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Meddle no more."""
        self._stop.set()
        self._thread.join(30)

    async def _mix(self) -> None:
        async with await aio_pika.connect(addresses.nodes(self._url)[0], timeout=20) as connection:
            channel = await connection.channel()
            waiting: list[Callable[[], Coroutine[Any, Any, Any]]] = []
            for topic in TOPICS:
                await self._meddle(channel, topic, waiting)
            while not self._stop.is_set():
                await asyncio.sleep(self._rng.uniform(0.05, 0.8))
                some, waiting[:] = waiting[:], []
                self._rng.shuffle(some)
                for send in some:
                    await send()
                    self.sent += 1

    async def _meddle(self, channel: AbstractChannel, topic: str, waiting: list[Any]) -> None:
        exchange = await channel.get_exchange(f"{rabbit.PREFIX}.{topic}")
        own = await channel.declare_queue(exclusive=True)
        await own.bind(exchange)
        shared = await channel.get_queue(f"{rabbit.PREFIX}.{topic}.offers")

        def later(target: Any, key: str) -> Callable[[AbstractIncomingMessage], Coroutine[Any, Any, None]]:
            async def heard(message: AbstractIncomingMessage) -> None:
                await message.ack()
                if _MARK in message.headers:
                    return
                again = aio_pika.Message(message.body, headers={_MARK: True}, content_type=message.content_type)
                waiting.extend([lambda: target.publish(again, key, mandatory=False)] * 2)

            return heard

        await own.consume(later(exchange, ""))
        await shared.consume(later(channel.default_exchange, shared.name))
