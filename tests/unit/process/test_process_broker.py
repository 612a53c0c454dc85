"""The message broker as the configuration says: by TLS, with queues of the kind that other services expect."""

import asyncio
import contextlib
import pathlib
import ssl
import uuid
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import aio_pika
import pytest

import broker
import certificates
from hearth.bus import addresses, notifications, rabbit
from hearth.cloud import config
from hearth.process import notifications as senders
from hearth.process import orchestration
from hearth.store.rows import NotificationRow


@pytest.fixture
def certificate(tmp_path: pathlib.Path) -> pathlib.Path:
    return certificates.make(tmp_path).both


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, ssl.SSLError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@pytest.fixture
async def address(certificate: pathlib.Path) -> AsyncIterator[str]:
    """A port at which the broker speaks TLS; its transport URL, which does not say so."""
    there = urlsplit(broker.need())

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inward, outward = await asyncio.open_connection(there.hostname, there.port or 5672)
        await asyncio.gather(_copy(reader, outward), _copy(inward, writer))

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    yield there._replace(netloc=f"{there.username}:{there.password}@127.0.0.1:{port}").geturl()
    server.close()


def configured(url: str, **options: Any) -> Any:
    return config.load(
        overrides={
            "DEFAULT": {"transport_url": url, "control_exchange": f"hearth-test-{uuid.uuid4()}"},
            "oslo_messaging_rabbit": options,
            "oslo_messaging_notifications": {"driver": ["messagingv2"], "topics": [f"hearth-test-{uuid.uuid4()}"]},
        }
    )


async def test_wake_ups_go_by_tls_if_the_operator_says_so(address: str, certificate: pathlib.Path) -> None:
    bus = orchestration.bus(configured(address, ssl=True, ssl_ca_file=str(certificate)))
    assert isinstance(bus, rabbit.RabbitBus)
    try:
        async with asyncio.timeout(30):
            await bus.connected()
        assert bus.is_connected
    finally:
        await bus.close()


async def test_a_broker_that_nobody_vouches_for_is_not_used(address: str) -> None:
    sender = senders.sender(configured(address, ssl=True))
    assert sender is not None
    with pytest.raises(ConnectionError):
        await sender.send(NotificationRow("5e83611b", "orchestration.stack.create.end", "INFO", {}, 0.0))
    await sender.close()


@pytest.mark.parametrize(
    ("options", "durable", "kind"),
    [
        ({}, False, None),
        ({"amqp_durable_queues": True}, True, None),
        ({"rabbit_quorum_queue": True}, True, {"x-queue-type": "quorum"}),
    ],
)
async def test_notifications_wait_in_queues_as_other_services_make_them(
    address: str, certificate: pathlib.Path, options: dict[str, Any], durable: bool, kind: Any
) -> None:
    conf = configured(address, ssl=True, ssl_ca_file=str(certificate), **options)
    sender = senders.sender(conf)
    assert isinstance(sender, notifications.RabbitSender)
    await sender.send(NotificationRow("5e83611b", "orchestration.stack.create.end", "INFO", {}, 0.0))
    await sender.close()
    async with await aio_pika.connect(addresses.nodes(broker.URL)[0]) as connection:
        channel = await connection.channel()
        # What is declared otherwise than it is, the broker refuses.
        key = f"{conf.oslo_messaging_notifications.topics[0]}.info"
        queue = await channel.declare_queue(key, durable=durable, arguments=kind)
        assert await queue.get() is not None
        await channel.declare_exchange(conf.control_exchange, aio_pika.ExchangeType.TOPIC, durable=durable)
        await channel.queue_delete(key)
        await channel.exchange_delete(conf.control_exchange)


def test_certificates_that_cannot_be_used_are_named(tmp_path: pathlib.Path) -> None:
    with pytest.raises(config.ConfigError, match=r"\[oslo_messaging_rabbit\] the certificates .*none.pem"):
        orchestration.bus(configured("rabbit://h/", ssl=True, ssl_ca_file=str(tmp_path / "none.pem")))
