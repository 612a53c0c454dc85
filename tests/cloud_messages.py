"""Notifications as the cloud's services publish them, and a service that does so on a real broker.

Shapes: https://docs.openstack.org/nova/latest/reference/notifications.html (versioned and legacy),
https://docs.openstack.org/cinder/latest/contributor/ and the notifier of oslo.messaging.
"""

import contextlib
import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

import aio_pika

import broker
from hearth.bus import addresses

Message = dict[str, Any]


def message(publisher: str, event_type: str, payload: Any, priority: str = "INFO") -> Message:
    """What is in the envelope."""
    return {
        "message_id": str(uuid.uuid4()),
        "publisher_id": publisher,
        "event_type": event_type,
        "priority": priority,
        "payload": payload,
        "timestamp": "2026-11-27 10:00:00.123456",
        "_unique_id": uuid.uuid4().hex,
    }


def nova_versioned(server: str, event_type: str = "instance.create.end") -> Message:
    """Of the topic `versioned_notifications`."""
    flavor = {"flavorid": "1", "name": "m1.tiny", "vcpus": 1, "memory_mb": 512, "extra_specs": {}, "projects": None}
    port = {"address": "fa:16:3e:00:00:01", "device_name": "tapce531f90-19", "label": "private", "version": 4}
    data = {
        "uuid": server,
        "display_name": "web",
        "host": "compute1",
        "state": "active",
        "task_state": None,
        "tenant_id": "6f70656e737461636b20342065766572",
        "user_id": "fake",
        "flavor": {"nova_object.name": "FlavorPayload", "nova_object.version": "1.4", "nova_object.data": flavor},
        "ip_addresses": [
            {"nova_object.name": "IpPayload", "nova_object.version": "1.0", "nova_object.data": port},
        ],
        "block_devices": [],
        "metadata": {},
        "fault": None,
    }
    payload = {
        "nova_object.data": data,
        "nova_object.name": "InstanceCreatePayload",
        "nova_object.namespace": "nova",
        "nova_object.version": "1.12",
    }
    return message("nova-compute:compute1", event_type, payload)


def nova_legacy(server: str, event_type: str = "compute.instance.create.end") -> Message:
    """Of the topic `notifications`."""
    payload = {
        "tenant_id": "7c150a59fe714e6f9263774af9688f0e",
        "instance_id": server,
        "display_name": "web",
        "instance_type": "m1.tiny",
        "state": "active",
        "state_description": "",
        "image_meta": {"base_image_ref": "a1b2", "min_ram": "0"},
        "fixed_ips": [{"address": "10.0.0.3", "floating_ips": [], "meta": {}, "version": 4, "label": "private"}],
        "message": "Success",
    }
    return message("compute.compute1", event_type, payload)


def cinder(volume: str, event_type: str = "volume.create.end") -> Message:
    """A volume's."""
    payload = {
        "volume_id": volume,
        "tenant_id": "7c150a59fe714e6f9263774af9688f0e",
        "user_id": "fake",
        "availability_zone": "nova",
        "display_name": "disk",
        "volume_type": "lvmdriver-1",
        "size": 1,
        "status": "available",
        "snapshot_id": None,
        "volume_attachment": [],
        "metadata": [],
        "glance_metadata": [],
    }
    return message("volume.block1@lvmdriver-1", event_type, payload)


def neutron(port: str, device: str) -> Message:
    """A port's."""
    body = {"id": port, "device_id": device, "status": "ACTIVE", "fixed_ips": [{"subnet_id": "s", "ip_address": "::1"}]}
    return message("network.controller", "port.update.end", {"port": body})


def enveloped(what: Message) -> bytes:
    """On the wire, as the driver `messagingv2` sends it."""
    return json.dumps({"oslo.version": "2.0", "oslo.message": json.dumps(what)}).encode()


class Service:
    """A service that publishes to an exchange of its own, with a queue where somebody else listens."""

    def __init__(self, channel: Any, exchange: str) -> None:
        self._channel = channel
        self.exchange = exchange
        self.queue = f"{exchange}.notifications.info"

    async def begin(self) -> None:
        """Make the exchange as oslo.messaging does by default: not durable."""
        made = await self._channel.declare_exchange(self.exchange, aio_pika.ExchangeType.TOPIC)
        queue = await self._channel.declare_queue(self.queue, auto_delete=True)
        await queue.bind(made, "notifications.info")

    async def publish(self, body: bytes, key: str = "notifications.info") -> None:
        exchange = await self._channel.get_exchange(self.exchange, ensure=False)
        await exchange.publish(aio_pika.Message(body, content_type="application/json"), key)

    async def waiting(self) -> list[bytes]:
        """What the other one who listens gets."""
        queue = await self._channel.get_queue(self.queue)
        found = []
        while (got := await queue.get(no_ack=True, fail=False)) is not None:
            found.append(got.body)
        return found

    async def end(self) -> None:
        await self._channel.queue_delete(self.queue)
        await self._channel.exchange_delete(self.exchange)


@contextlib.asynccontextmanager
async def service() -> AsyncIterator[Service]:
    """A service on the broker of the tests; it has not begun yet."""
    async with await aio_pika.connect(addresses.nodes(broker.need())[0]) as connection:
        made = Service(await connection.channel(), f"hearth-test-{uuid.uuid4()}")
        yield made
        await made.end()
