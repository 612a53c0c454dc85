"""The bus on RabbitMQ: between processes, and through the troubles of brokers."""

import asyncio
import collections

import aio_pika
import aiormq
import pytest

import broker
from hearth.bus import addresses
from hearth.bus.rabbit import RabbitBus


class Heard:
    """Counts what a subscriber hears, and waits for more."""

    def __init__(self, bus: RabbitBus, topic: str = "work") -> None:
        self.messages: list[object] = []
        self._more = asyncio.Condition()
        bus.subscribe(topic, self._handle)

    async def _handle(self, message: object) -> None:
        async with self._more:
            self.messages.append(message)
            self._more.notify_all()

    async def reaches(self, message: object) -> None:
        async with asyncio.timeout(30), self._more:
            await self._more.wait_for(lambda: message in self.messages)


async def linked(*buses: RabbitBus) -> None:
    """Wait until each has told the broker what it listens to."""
    for one in buses:
        await one.connected()


async def two(new_rabbit):
    one, other = await new_rabbit(), await new_rabbit()
    heard = [Heard(one), Heard(other)]
    await linked(one, other)
    return one, other, heard


async def test_processes_wake_each_other(new_rabbit):
    one, _, heard = await two(new_rabbit)
    await one.publish("work", {"number": 1})
    for each in heard:
        await each.reaches({"number": 1})


async def test_each_offer_wakes_one_process(new_rabbit):
    one, _, heard = await two(new_rabbit)
    for number in range(20):
        await one.offer("work", {"number": number})
    await one.publish("work", {"number": "last"})
    for each in heard:
        await each.reaches({"number": "last"})
    assert max(offers(heard).values()) == 1


def offers(heard) -> collections.Counter:
    """How often each offer was heard. What is empty tells of a connection that began anew: see the next test."""
    numbers = (message.get("number") for each in heard for message in each.messages)
    return collections.Counter(number for number in numbers if isinstance(number, int))


async def test_who_is_dropped_while_the_queues_are_made_comes_back(new_rabbit, monkeypatch):
    """RabbitMQ ends the connection of who listens to a quorum queue that another one has declared a moment ago.

    So it goes when two processes of a new deployment start at once: the queue is known before anything serves it.
    """
    dropped = []
    consume = aio_pika.Queue.consume

    async def dropping(queue, *arguments, **options):
        if queue.name.endswith(".offers") and not dropped:
            dropped.append(queue.name)
            raise aiormq.exceptions.ConnectionInternalError("INTERNAL_ERROR")  # after which the connection is closed
        return await consume(queue, *arguments, **options)

    monkeypatch.setattr(aio_pika.Queue, "consume", dropping)
    one, _, heard = await two(new_rabbit)
    assert dropped
    for number in range(20):
        await one.offer("work", {"number": number})
    await one.publish("work", {"number": "last"})
    for each in heard:
        await each.reaches({"number": "last"})
    assert max(offers(heard).values()) == 1


async def test_a_deleted_queue_is_made_again(new_rabbit):
    one, other, heard = await two(new_rabbit)
    connection = await aio_pika.connect(broker.URL.replace("rabbit://", "amqp://"))
    async with connection:
        channel = await connection.channel()
        await channel.queue_delete(one.shared_queue("work"))
    for number in range(50):
        await one.offer("work", {"number": number})
        await one.publish("work", {"all": number})
        try:
            async with asyncio.timeout(0.5):
                await heard[1].reaches({"all": number})
            break
        except TimeoutError:
            continue
    else:
        pytest.fail("the bus did not come back")
    assert other.is_connected


async def test_without_a_broker_the_process_goes_on_alone():
    bus = RabbitBus("rabbit://guest:guest@127.0.0.1:1/", "hearth-test-nowhere")
    heard = Heard(bus)
    await bus.publish("work", {"number": 1})
    await heard.reaches({"number": 1})
    await bus.offer("work", {"number": 2})
    await heard.reaches({"number": 2})
    await bus.close()


async def test_another_node_is_taken_when_the_first_is_away(new_rabbit):
    away = broker.URL.replace("rabbit://", "rabbit://guest:guest@127.0.0.1:1,")
    assert (await new_rabbit(away)).is_connected


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("rabbit://u:p@h", ["amqp://u:p@h:5672/%2F"]),
        ("rabbit://u:p@h:1/", ["amqp://u:p@h:1/%2F"]),
        ("rabbit://u:p@h:1,v:q@i:2/heat", ["amqp://u:p@h:1/heat", "amqp://v:q@i:2/heat"]),
        ("rabbit://u:p@h:1//heat", ["amqp://u:p@h:1/%2Fheat"]),
        ("rabbit://u:p@h/heat?ssl=1", ["amqps://u:p@h:5671/heat"]),
        ("amqps://u:p%40@[::1]/", ["amqps://u:p%40@[::1]:5671/%2F"]),
        ("rabbit://h", ["amqp://guest:guest@h:5672/%2F"]),
    ],
)
def test_transport_urls_are_read_as_openstack_writes_them(given, wanted):
    assert list(addresses.nodes(given)) == wanted


@pytest.mark.parametrize("given", ["", "rabbit", "kafka://h", "rabbit://", "rabbit://h:secret/", "rabbit://u:secret@/"])
def test_a_wrong_transport_url_is_refused_without_its_password(given):
    with pytest.raises(addresses.BadAddress) as refused:
        addresses.nodes(given)
    assert "secret" not in str(refused.value)


async def test_a_publication_that_the_library_cancels_does_not_end_whoever_publishes(new_rabbit, monkeypatch):
    one, _, heard = await two(new_rabbit)

    async def cancelled(*_arguments, **_options):
        raise asyncio.CancelledError

    monkeypatch.setattr(aio_pika.Exchange, "publish", cancelled)
    await one.publish("work", {"number": 1})
    await heard[0].reaches({"number": 1})  # without the broker
    monkeypatch.undo()
    await one.connected()
    await one.publish("work", {"number": 2})
    for each in heard:
        await each.reaches({"number": 2})
