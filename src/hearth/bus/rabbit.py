"""The bus between processes, on RabbitMQ. Keeps the promises of `hearth.bus.contract`.

What is for all goes through a fanout exchange into a queue of each process that holds one message, the newest. What is
offered to one goes through a durable quorum queue that the subscribers of all processes share. Inside a process the
bus in memory hands messages on. Messages of a broker that is away are lost, as the contract allows; when it is back all
subscribers are woken once, since something may have happened meanwhile.
"""

import asyncio
import functools
import logging
import ssl
from collections.abc import Collection, Sequence
from typing import Final, NoReturn

import aio_pika
import msgspec
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, AbstractIncomingMessage, AbstractQueue

from hearth.bus import addresses, connecting, contract, memory
from hearth.model import interruption

_log = logging.getLogger(__name__)

PREFIX: Final = "hearth"
#: Offers that nobody has taken: more of them than this wake nobody more. One that nobody manages to take is put aside.
_WAITING_OFFERS: Final = 1000
_DELIVERIES: Final = 10


class RabbitBus:
    """Topics on a broker. Used inside one event loop; it connects by itself at the first use, and again when needed."""

    def __init__(self, transport_url: str, prefix: str = PREFIX, tls: ssl.SSLContext | None = None) -> None:
        """`prefix` sets deployments apart that share a virtual host. `tls`: how to speak TLS; None: as the URL says.

        Raises:
            addresses.BadAddress: the URL cannot be used.
        """
        self._nodes: Sequence[str] = addresses.nodes(transport_url, tls=tls is not None)
        self._tls = tls
        self._prefix = prefix
        self._local = memory.MemoryBus()
        self._topics: set[str] = set()
        self._channel: AbstractChannel | None = None
        self._up = asyncio.Event()
        self._changed = asyncio.Event()  # the connection was lost, or there is a topic more
        self._is_lost = False
        self._keeper: asyncio.Task[NoReturn] | None = None
        self._listening: set[str] = set()
        self._exchanges: dict[str, AbstractExchange] = {}

    @property
    def is_connected(self) -> bool:
        """Whether a broker carries messages now."""
        return self._channel is not None

    async def connected(self) -> None:
        """Wait until a broker carries messages of all topics that are subscribed to."""
        self._start()
        await self._up.wait()

    # ---- the contract ----

    async def publish(self, topic: str, message: contract.Message) -> None:
        """Wake all subscribers of a topic, of all processes."""
        sent = await self._send(topic, message, to_one=False)
        if not sent or topic not in self._listening:  # which the broker may not know yet
            await self._local.publish(topic, message)

    async def offer(self, topic: str, message: contract.Message) -> None:
        """Wake one subscriber of a topic, of whichever process."""
        known = topic in self._listening or topic not in self._topics
        if not known or not await self._send(topic, message, to_one=True):
            await self._local.offer(topic, message)

    def subscribe(self, topic: str, handler: contract.Handler) -> contract.Subscription:
        """Call `handler` after each wake-up of the topic."""
        subscription = self._local.subscribe(topic, handler)
        self._topics.add(topic)
        self._start()
        if self._channel is not None and topic not in self._listening:
            self._up.clear()
            self._changed.set()
        return subscription

    async def check(self) -> None:
        """Raises ConnectionError while no broker carries messages."""
        self._start()
        if self._channel is None:
            raise ConnectionError("the message broker is away")

    async def close(self) -> None:
        """Cancel all subscriptions and leave the broker."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            await connecting.end(keeper)
        await self._local.close()

    # ---- the connection ----

    def _start(self) -> None:
        if self._keeper is None or self._keeper.done():  # a library that is cut off may take it along
            self._keeper = asyncio.create_task(self._keep(), name="bus:rabbit")

    async def _keep(self) -> NoReturn:
        """Stay connected until closed, to whichever node answers."""
        complaint = "The message broker cannot be used, the work goes on without it: %s"
        await connecting.stay_connected(self._nodes, self._carry, complaint, self._tls)

    async def _carry(self, connection: AbstractConnection, again: bool) -> None:
        try:
            await self._serve(await connection.channel(publisher_confirms=True), again=again)
        finally:
            self._channel = None
            self._up.clear()

    async def _serve(self, channel: AbstractChannel, *, again: bool) -> None:
        """Carry messages until the connection is lost."""
        self._is_lost, self._exchanges, self._listening = False, {}, set()
        channel.close_callbacks.add(lambda *_: self._lose())
        await channel.set_qos(prefetch_count=1)
        underlay = await channel.get_underlay_channel()
        underlay.on_consumer_cancel_callbacks.add(lambda _frame: self._lose())  # the queue was deleted
        while not self._is_lost:
            self._changed.clear()
            for topic in self._topics - self._listening:
                await self._listen(channel, topic)
                self._listening.add(topic)
            if self._channel is None:
                self._channel = channel
                if again:
                    _log.info("The message broker carries messages again")
                    for topic in self._listening:
                        await self._local.publish(topic, {})
            if not self._changed.is_set():
                self._up.set()
            await self._changed.wait()

    def _lose(self) -> None:
        self._is_lost = True
        self._changed.set()

    async def _listen(self, channel: AbstractChannel, topic: str) -> None:
        own = await self._own_queue(channel, topic)
        await own.consume(functools.partial(self._heard, topic))
        shared = await self._shared_queue(channel, topic)
        await shared.consume(functools.partial(self._offered, topic))

    async def _exchange(self, channel: AbstractChannel, topic: str) -> AbstractExchange:
        known = self._exchanges.get(topic)
        if known is None:
            name = f"{self._prefix}.{topic}"
            known = await channel.declare_exchange(name, aio_pika.ExchangeType.FANOUT, durable=True)
            self._exchanges[topic] = known
        return known

    async def _own_queue(self, channel: AbstractChannel, topic: str) -> AbstractQueue:
        exchange = await self._exchange(channel, topic)
        queue = await channel.declare_queue(
            exclusive=True, auto_delete=True, arguments={"x-max-length": 1, "x-overflow": "drop-head"}
        )
        await queue.bind(exchange)
        return queue

    async def _shared_queue(self, channel: AbstractChannel, topic: str) -> AbstractQueue:
        aside = f"{self.shared_queue(topic)}.dead"
        await channel.declare_queue(
            aside, durable=True, arguments={"x-queue-type": "quorum", "x-max-length": _WAITING_OFFERS}
        )
        return await channel.declare_queue(
            self.shared_queue(topic),
            durable=True,
            arguments={
                "x-queue-type": "quorum",
                "x-max-length": _WAITING_OFFERS,
                "x-overflow": "drop-head",
                "x-delivery-limit": _DELIVERIES,
                "x-dead-letter-exchange": "",
                "x-dead-letter-routing-key": aside,
            },
        )

    def shared_queue(self, topic: str) -> str:
        """The name of the queue that a topic's offers wait in."""
        return f"{self._prefix}.{topic}.offers"

    # ---- messages ----

    async def _heard(self, topic: str, message: AbstractIncomingMessage) -> None:
        await _acknowledge(message)
        await self._local.publish(topic, _read(message))

    async def _offered(self, topic: str, message: AbstractIncomingMessage) -> None:
        await _acknowledge(message)
        await self._local.offer(topic, _read(message))

    async def _send(self, topic: str, message: contract.Message, *, to_one: bool) -> bool:
        """Hand a message to the broker; False when that is not possible now."""
        self._start()
        channel = self._channel
        if channel is None:
            return False
        body = aio_pika.Message(
            msgspec.json.encode(message),
            content_type="application/json",
            delivery_mode=aio_pika.DeliveryMode.NOT_PERSISTENT,  # after a restart of the broker all look anyway
        )
        try:
            exchange = channel.default_exchange if to_one else await self._exchange(channel, topic)
            key = self.shared_queue(topic) if to_one else ""
            await exchange.publish(body, key, mandatory=False, timeout=connecting.PATIENCE)
        except (Exception, asyncio.CancelledError) as error:  # the border of a library that raises anything
            interruption.heed(error)
            _log.warning("The message broker did not take a message: %s", connecting.told(error))
            self._lose()
            return False
        return True


async def remove(transport_url: str, prefix: str, topics: Collection[str] = ("work",)) -> None:
    """Take from the broker what a deployment that is given up has left there."""
    async with await aio_pika.connect(addresses.nodes(transport_url)[0], timeout=connecting.PATIENCE) as connection:
        channel = await connection.channel()
        for topic in topics:
            for queue in (f"{prefix}.{topic}.offers", f"{prefix}.{topic}.offers.dead"):
                await channel.queue_delete(queue)
            await channel.exchange_delete(f"{prefix}.{topic}")


async def _acknowledge(message: AbstractIncomingMessage) -> None:
    """Let the broker forget a message. What it does not hear of comes again; the message wakes in any case."""
    try:
        await message.ack()
    except (Exception, asyncio.CancelledError) as error:  # the border of a library that raises anything
        interruption.heed(error)


def _read(message: AbstractIncomingMessage) -> contract.Message:
    try:
        read = msgspec.json.decode(message.body)
    except msgspec.DecodeError:
        return {}  # whoever sent it: it wakes
    return read if isinstance(read, dict) else {}
