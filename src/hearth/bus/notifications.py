"""Notifications on RabbitMQ, as oslo.messaging's listeners expect them.

A message goes to the exchange of the service under the routing key `TOPIC.level`, and into a queue of the same name, so
that it waits for a listener that is not there yet. Exchange and queue are used as they are; what is not there is made.
Spec: https://docs.openstack.org/oslo.messaging/latest/reference/notifier.html
"""

import asyncio
import dataclasses
import datetime
import logging
import ssl
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import aio_pika
import msgspec
from aio_pika import abc, exceptions

from hearth.bus import addresses, connecting
from hearth.model import interruption

_log = logging.getLogger(__name__)


class Notification(Protocol):
    """What is told."""

    @property
    def id(self) -> str: ...
    @property
    def event_type(self) -> str: ...
    @property
    def level(self) -> str: ...
    @property
    def payload(self) -> Mapping[str, Any]: ...
    @property
    def at(self) -> float: ...


@dataclasses.dataclass(frozen=True, slots=True)
class Rules:
    """How notifications are sent. `enveloped`: in the present form of oslo.messaging, else in the former."""

    transport_url: str = dataclasses.field(repr=False)
    publisher: str
    exchange: str = "heat"
    topics: Sequence[str] = ("notifications",)
    enveloped: bool = True
    #: Of exchanges and queues that are not there yet.
    durable: bool = False
    #: Queues that are not there yet become quorum queues, which are durable.
    quorum: bool = False
    #: How to speak TLS with the broker; None: as the URL says.
    tls: ssl.SSLContext | None = None


def body(notification: Notification, rules: Rules) -> bytes:
    """A notification on the wire."""
    at = datetime.datetime.fromtimestamp(notification.at, datetime.UTC)
    message = {
        "message_id": notification.id,
        "publisher_id": rules.publisher,
        "event_type": notification.event_type,
        "priority": notification.level,
        "payload": notification.payload,
        "timestamp": at.strftime("%Y-%m-%d %H:%M:%S.%f"),
        # By which a listener knows one that is sent again.
        "_unique_id": notification.id.replace("-", ""),
    }
    inner = msgspec.json.encode(message)
    if not rules.enveloped:
        return inner
    return msgspec.json.encode({"oslo.version": "2.0", "oslo.message": inner.decode()})


class RabbitSender:
    """Sends with the broker's confirmation. It connects at the first use, and again when needed."""

    def __init__(self, rules: Rules) -> None:
        """Raises addresses.BadAddress: the transport URL cannot be used."""
        self._rules = rules
        self._nodes = addresses.nodes(rules.transport_url, tls=rules.tls is not None)
        self._connection: abc.AbstractConnection | None = None
        self._channel: abc.AbstractChannel | None = None
        self._exchanges: dict[str, abc.AbstractExchange] = {}

    async def send(self, notification: Notification) -> None:
        """Done when the broker has it.

        Raises:
            ConnectionError: it cannot be brought now.
        """
        message = aio_pika.Message(
            body(notification, self._rules),
            content_type="application/json",
            content_encoding="utf-8",
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            priority=0,
        )
        try:
            for topic in self._rules.topics:
                key = f"{topic}.{notification.level.lower()}"
                exchange = await self._way(key)
                await exchange.publish(message, key, timeout=connecting.PATIENCE)
        except (Exception, asyncio.CancelledError) as error:  # the border of a library that raises anything
            interruption.heed(error)
            await self.close()
            # Its text may hold the address, which has a password.
            raise ConnectionError(f"the message broker did not take them ({type(error).__name__})") from error

    async def close(self) -> None:
        """Let go of the connection."""
        connection, self._connection, self._channel = self._connection, None, None
        self._exchanges.clear()
        if connection is not None:
            await connection.close()

    async def _way(self, key: str) -> abc.AbstractExchange:
        """The exchange, with a queue behind it for a routing key."""
        known = self._exchanges.get(key)
        if known is None:
            name, durable = self._rules.exchange, self._rules.durable or self._rules.quorum
            connection = await self._connected()
            if not await self._is_there(connection, exchange=name):
                channel = await self._open(connection)
                await channel.declare_exchange(name, aio_pika.ExchangeType.TOPIC, durable=durable)
            if not await self._is_there(connection, queue=key):
                channel = await self._open(connection)
                kind: dict[str, Any] | None = {"x-queue-type": "quorum"} if self._rules.quorum else None
                await channel.declare_queue(key, durable=durable, arguments=kind)
            channel = await self._open(connection)
            known = await channel.get_exchange(name, ensure=True)
            queue = await channel.get_queue(key, ensure=True)
            await queue.bind(known, key)
            self._exchanges[key] = known
        return known

    async def _connected(self) -> abc.AbstractConnection:
        if self._connection is None or self._connection.is_closed:
            self._exchanges.clear()
            self._channel = None
            failure: Exception = ConnectionError()
            for node in self._nodes:
                try:
                    self._connection = await aio_pika.connect(
                        node,
                        ssl_context=self._rules.tls,
                        timeout=connecting.PATIENCE,
                        heartbeat=connecting.HEARTBEAT,
                    )
                    break
                except Exception as error:  # the border of a library: another node may answer
                    failure = error
            else:
                raise failure
        assert self._connection is not None
        return self._connection

    async def _open(self, connection: abc.AbstractConnection) -> abc.AbstractChannel:
        if self._channel is None or self._channel.is_closed:
            self._channel = await connection.channel(publisher_confirms=True)
        return self._channel

    @staticmethod
    async def _is_there(connection: abc.AbstractConnection, *, exchange: str = "", queue: str = "") -> bool:
        """Whether the broker has it already; asking for what is not there costs a channel."""
        channel = await connection.channel()
        try:
            if exchange:
                await channel.get_exchange(exchange, ensure=True)
            else:
                await channel.get_queue(queue, ensure=True)
        except exceptions.ChannelNotFoundEntity:
            return False
        await channel.close()
        return True
