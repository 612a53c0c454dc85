"""What the cloud's services publish is heard beside others who listen, and says of which objects it is."""

import asyncio
import json
import logging
import uuid

import pytest

import broker
import cloud_messages

aio_pika = pytest.importorskip("aio_pika")
hearing = pytest.importorskip("hearth.bus.hearing")

SERVER = "178b0921-8f85-4257-88b6-2e743b5a975c"
VOLUME = "3b1a1f1e-3b0c-4d2b-9ad4-0a2b8c0d9f11"


@pytest.mark.parametrize(
    ("message", "known"),
    [
        (cloud_messages.nova_versioned(SERVER), {SERVER}),
        (cloud_messages.nova_legacy(SERVER), {SERVER}),
        (cloud_messages.nova_legacy(SERVER, "compute.instance.create.error"), {SERVER}),
        (cloud_messages.cinder(VOLUME), {VOLUME}),
        (cloud_messages.neutron("a port", SERVER), {"a port", SERVER}),
        (cloud_messages.message("octavia", "octavia.loadbalancer.update.end", [{"loadbalancer_id": "x"}]), {"x"}),
        (cloud_messages.cinder(VOLUME, "volume.create.start"), set()),
        (cloud_messages.message("x", "y.end", None), set()),
        (cloud_messages.message("x", "y.end", {"text": "t" * 300}), set()),
    ],
)
def test_what_a_message_is_about(message, known):
    for body in (cloud_messages.enveloped(message), json.dumps(message).encode()):
        found = hearing.mentioned(body)
        assert known <= found
        assert bool(found) == bool(known)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b'"text"',
        b'{"oslo.version": "2.0", "oslo.message": "no json"}',
        b'{"oslo.message": "[1]"}',
        b'{"payload": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"payload": "' + b"x" * (1 << 20) + b'"}',
    ],
)
def test_what_is_no_notification_is_about_nothing(body):
    assert hearing.mentioned(body) == frozenset()


class Ear:
    """Remembers what was heard."""

    def __init__(self):
        self.names = set()
        self._more = asyncio.Event()

    def heard(self, names):
        self.names |= names
        self._more.set()

    async def until(self, name):
        async with asyncio.timeout(30):
            while name not in self.names:
                self._more.clear()
                await self._more.wait()


@pytest.fixture
async def service():
    async with cloud_messages.service() as made:
        yield made


@pytest.fixture
async def listen():
    """Begins to listen to exchanges; ends it after the test."""
    started = []

    async def begin(*exchanges, url=broker.URL):
        ear = Ear()
        rules = hearing.Rules(url, exchanges, look_again=0.05)
        listener = hearing.RabbitListener(rules, f"test-{uuid.uuid4()}", ear.heard)
        listener.start()
        started.append(listener)
        async with asyncio.timeout(30):
            await listener.listening()
        return ear

    yield begin
    for one in started:
        await one.stop()


async def test_what_nova_and_cinder_publish_is_heard_and_others_lose_nothing(service, listen):
    await service.begin()
    ear, other = await listen(service.exchange), await listen(service.exchange)
    versioned = cloud_messages.enveloped(cloud_messages.nova_versioned(SERVER))
    volume = cloud_messages.enveloped(cloud_messages.cinder(VOLUME))
    await service.publish(versioned, "versioned_notifications.info")
    await service.publish(volume)
    await service.publish(b"no notification at all")
    await service.publish(cloud_messages.enveloped(cloud_messages.neutron("port", "dev")), "notifications.error")
    for one in (ear, other):
        for name in (SERVER, VOLUME, "port"):
            await one.until(name)
    assert await service.waiting() == [volume, b"no notification at all"]


async def test_an_exchange_that_comes_later_is_listened_to(service, listen):
    ear = await listen(service.exchange)
    await service.begin()
    async with asyncio.timeout(30):
        while SERVER not in ear.names:
            await service.publish(cloud_messages.enveloped(cloud_messages.nova_legacy(SERVER)))


async def test_an_exchange_that_was_made_anew_is_listened_to_again(service, listen):
    await service.begin()
    ear = await listen(service.exchange)
    await service.end()
    await service.begin()
    async with asyncio.timeout(30):
        while SERVER not in ear.names:
            await service.publish(cloud_messages.enveloped(cloud_messages.nova_legacy(SERVER)))


async def test_a_broker_that_is_away_is_told_of_without_its_password(caplog):
    rules = hearing.Rules("rabbit://me:hush@127.0.0.1:1/x", ["nova"])
    listener = hearing.RabbitListener(rules, "test", Ear().heard)
    with caplog.at_level(logging.ERROR):
        listener.start()
        async with asyncio.timeout(30):
            while not caplog.records:  # noqa: ASYNC110 - nobody tells of lines in the log
                await asyncio.sleep(0.01)
    await listener.stop()
    assert "cannot be used" in caplog.text
    assert "hush" not in caplog.text + repr(rules)
