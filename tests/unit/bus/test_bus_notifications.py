"""Notifications as they lie on a real broker: where, and in what form.

`HEARTH_TEST_RABBITMQ` names the broker. One that is not there is skipped with the reason, and fails where `CI` is set.
"""

import asyncio
import dataclasses
import json
import os
import uuid

import pytest

from hearth.bus import notifications

aio_pika = pytest.importorskip("aio_pika")

URL = os.environ.get("HEARTH_TEST_RABBITMQ", "rabbit://guest:guest@127.0.0.1:5672/")


@dataclasses.dataclass(frozen=True)
class Told:
    id: str = "5e83611b-f7d0-4781-afca-4dcabb784a94"
    event_type: str = "orchestration.stack.create.end"
    level: str = "INFO"
    payload: dict = dataclasses.field(default_factory=lambda: {"stack_name": "käse", "tags": None})
    at: float = 1764260000.25


def rules(**chosen):
    return notifications.Rules(**{"transport_url": URL, "publisher": "orchestration.here", **chosen})


def test_the_envelope_is_that_of_oslo_messaging():
    wire = json.loads(notifications.body(Told(), rules()))
    assert wire["oslo.version"] == "2.0"
    assert json.loads(wire["oslo.message"]) == {
        "message_id": "5e83611b-f7d0-4781-afca-4dcabb784a94",
        "publisher_id": "orchestration.here",
        "event_type": "orchestration.stack.create.end",
        "priority": "INFO",
        "payload": {"stack_name": "käse", "tags": None},
        "timestamp": "2025-11-27 16:13:20.250000",
        "_unique_id": "5e83611bf7d04781afca4dcabb784a94",
    }
    assert json.loads(notifications.body(Told(), rules(enveloped=False))) == json.loads(wire["oslo.message"])


@pytest.fixture
async def broker():
    """A channel to look through, and names of the test's own."""
    try:
        async with asyncio.timeout(10):
            connection = await aio_pika.connect(URL.replace("rabbit://", "amqp://"))
    except (OSError, TimeoutError, aio_pika.exceptions.AMQPError) as error:
        missing = f"no RabbitMQ at {URL.rpartition('@')[2]} ({type(error).__name__})"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    name = f"hearth-test-{uuid.uuid4()}"
    channel = await connection.channel()
    yield channel, name
    await channel.queue_delete(f"{name}.info")
    await channel.queue_delete(f"{name}.error")
    await channel.exchange_delete(name)
    await connection.close()


@pytest.mark.parametrize("is_there", [False, True])
async def test_they_wait_for_a_listener_under_topic_and_level(broker, is_there):
    channel, name = broker
    if is_there:  # made by somebody who wants it durable
        await channel.declare_exchange(name, aio_pika.ExchangeType.TOPIC, durable=True)
        await channel.declare_queue(f"{name}.info", durable=True)
    sender = notifications.RabbitSender(rules(exchange=name, topics=[name]))
    for number in range(3):
        await sender.send(Told(payload={"number": number}))
    await sender.send(Told(level="ERROR"))
    await sender.close()
    queue = await channel.get_queue(f"{name}.info")
    found = [await queue.get(no_ack=True) for _ in range(3)]
    told = [json.loads(json.loads(one.body)["oslo.message"])["payload"]["number"] for one in found]
    assert told == [0, 1, 2]
    assert found[0].content_type == "application/json"
    assert found[0].content_encoding == "utf-8"
    assert found[0].delivery_mode == aio_pika.DeliveryMode.PERSISTENT
    errors = await channel.get_queue(f"{name}.error")
    assert (await errors.get(no_ack=True)).body


async def test_a_broker_that_is_away_is_told_without_its_password():
    sender = notifications.RabbitSender(rules(transport_url="rabbit://me:hush@127.0.0.1:1/x"))
    with pytest.raises(ConnectionError) as refused:
        await sender.send(Told())
    assert "hush" not in str(refused.value)


async def test_a_notification_that_the_library_cancels_is_sent_again(broker, monkeypatch):
    channel, name = broker
    sender = notifications.RabbitSender(rules(exchange=name, topics=[name]))

    async def cancelled(*_arguments, **_options):
        raise asyncio.CancelledError

    monkeypatch.setattr(aio_pika.Exchange, "publish", cancelled)
    with pytest.raises(ConnectionError, match="did not take them"):
        await sender.send(Told())
    monkeypatch.undo()
    await sender.send(Told())
    await sender.close()
    queue = await channel.get_queue(f"{name}.info")
    assert (await queue.get(no_ack=True)).body
