"""Listens to what the cloud's services publish on their broker, and says which objects it is about.

Services send notifications by oslo.messaging to the topic exchange of the service, under the routing key `TOPIC.level`.
Each listener has a queue of its own, so it takes nothing from others who listen. The queue is kept by the broker for a
minute without its listener, and what nobody took in that time is dropped: a message only says that a look is worth
while now. One that is lost, comes twice, late, or from somebody else does no harm.

Exchanges are never made here: a service that made its own in another way would be refused by the broker.
Spec: https://docs.openstack.org/oslo.messaging/latest/reference/notifier.html,
https://docs.openstack.org/nova/latest/reference/notifications.html
"""

import asyncio
import contextlib
import dataclasses
import logging
import ssl
from collections.abc import Callable, Sequence
from typing import Any, Final, NoReturn

import msgspec
from aio_pika import abc, exceptions

from hearth.bus import addresses, connecting

_log = logging.getLogger(__name__)

PREFIX: Final = "hearth.cloud"
#: Milliseconds that the queue stays without its listener, and that a message waits.
_KEPT: Final = 60_000
#: Messages that wait at the most, and that are on their way at a time.
_WAITING: Final = 5000
_AT_ONCE: Final = 200
#: Bytes of a message, and values in it, beyond which it is not looked at any further.
_LONGEST: Final = 1 << 20
_MOST_VALUES: Final = 10_000
#: Longer texts are no ids.
_LONGEST_ID: Final = 255


@dataclasses.dataclass(frozen=True, slots=True)
class Rules:
    """What is listened to. `look_again`: seconds after which exchanges that were not there are looked for again.

    `tls`: how to speak TLS with the broker; None: as the URL says.
    """

    transport_url: str = dataclasses.field(repr=False)
    exchanges: Sequence[str]
    topics: Sequence[str] = ("notifications", "versioned_notifications")
    look_again: float = 60.0
    tls: ssl.SSLContext | None = None


def mentioned(body: bytes) -> frozenset[str]:
    """All texts in a notification's payload that may be ids; none if it says that something begins, or is none.

    It does not matter which service sent it: each calls the ids of its objects by other names.
    """
    if len(body) > _LONGEST:
        return frozenset()
    try:
        message = msgspec.json.decode(body)
        if isinstance(message, dict) and isinstance(inner := message.get("oslo.message"), str):
            message = msgspec.json.decode(inner)
    except (msgspec.DecodeError, RecursionError):
        return frozenset()
    if not isinstance(message, dict) or str(message.get("event_type", "")).endswith(".start"):
        return frozenset()
    found: set[str] = set()
    left: list[Any] = [message.get("payload")]
    for _ in range(_MOST_VALUES):
        if not left:
            break
        value = left.pop()
        if isinstance(value, str):
            if len(value) <= _LONGEST_ID:
                found.add(value)
        elif isinstance(value, dict):
            left.extend(value.values())
        elif isinstance(value, list):
            left.extend(value)
    return frozenset(found)


class RabbitListener:
    """One listener at one virtual host. Used inside one event loop."""

    def __init__(self, rules: Rules, name: str, heard: Callable[[frozenset[str]], None]) -> None:
        """`name` sets listeners apart; `heard` is called with what a message mentions.

        Raises:
            addresses.BadAddress: the URL cannot be used.
        """
        self._rules = rules
        self._nodes = addresses.nodes(rules.transport_url, tls=rules.tls is not None)
        self._queue = f"{PREFIX}.{name}"
        self._call = heard
        self._task: asyncio.Task[NoReturn] | None = None
        self._lost = asyncio.Event()
        self._bound: set[str] = set()
        self._refused: set[str] = set()
        self._listening = asyncio.Event()

    def start(self) -> None:
        """Begin to listen."""
        self._task = asyncio.create_task(self._keep(), name="bus:hearing")

    async def listening(self) -> None:
        """Wait until all exchanges that were there at the beginning are listened to."""
        await self._listening.wait()

    async def stop(self) -> None:
        """Listen no more."""
        if self._task is not None:
            await connecting.end(self._task)

    async def _keep(self) -> NoReturn:
        complaint = "The broker of the cloud's notifications cannot be used; objects are looked at in their turn: %s"
        await connecting.stay_connected(self._nodes, self._serve, complaint, self._rules.tls)

    async def _serve(self, connection: abc.AbstractConnection, _again: bool) -> None:
        self._lost.clear()
        self._bound.clear()
        channel = await connection.channel()
        channel.close_callbacks.add(lambda *_: self._lost.set())
        underlay = await channel.get_underlay_channel()
        underlay.on_consumer_cancel_callbacks.add(lambda _frame: self._lost.set())  # the queue was deleted
        await channel.set_qos(prefetch_count=_AT_ONCE)
        limits: dict[str, Any] = {
            "x-expires": _KEPT,
            "x-message-ttl": _KEPT,
            "x-max-length": _WAITING,
            "x-overflow": "drop-head",
        }
        queue = await channel.declare_queue(self._queue, durable=True, arguments=limits)
        await queue.consume(self._heard)
        while not self._lost.is_set():
            await self._bind(connection)
            self._listening.set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._rules.look_again):
                    await self._lost.wait()

    async def _bind(self, connection: abc.AbstractConnection) -> None:
        """Listen to the exchanges that are there; one that is made anew has forgotten who listened."""
        bound = {one for one in self._rules.exchanges if await self._is_bound(connection, one)}
        if bound - self._bound:
            _log.info("Listening to the cloud's notifications of the exchanges %s", ", ".join(sorted(bound)))
        self._bound = bound

    async def _is_bound(self, connection: abc.AbstractConnection, exchange: str) -> bool:
        # What the broker refuses costs a channel, which must not be that of the consumer.
        channel = await connection.channel()
        try:
            source = await channel.get_exchange(exchange, ensure=True)
            queue = await channel.get_queue(self._queue, ensure=False)
            for topic in self._rules.topics:
                await queue.bind(source, f"{topic}.*")
        except exceptions.ChannelNotFoundEntity:
            return False
        except exceptions.AMQPChannelError as error:
            if exchange not in self._refused:
                told = connecting.told(error)
                _log.warning("Notifications of the exchange %s of the cloud cannot be heard: %s", exchange, told)
            self._refused.add(exchange)
            return False
        await channel.close()
        return True

    async def _heard(self, message: abc.AbstractIncomingMessage) -> None:
        with contextlib.suppress(Exception):
            await message.ack()
        if names := mentioned(message.body):
            self._call(names)
