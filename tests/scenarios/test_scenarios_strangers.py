"""What somebody else made before is never taken for what a lost call made, though nothing on it says whose it is."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from living import Living, Stack, running, signed_in

#: What a lost call was to make is not waited for.
CONFIGURATION = """
[DEFAULT]
lost_call_wait = 0
temporary_retry_limit = 2
"""
DOUBT = "nothing on it says whose it is"


class Estate:
    """A user's own things in the cloud, made beside Hearth."""

    def __init__(self, url: str, living: Living) -> None:
        self.url = url
        self.living = living

    async def post(self, service: str, path: str, body: Any) -> Any:
        return (await self.living.cloud.request(service, "POST", path, json=body)).body

    async def loses(self, **how: Any) -> None:
        """Cut off the next request of a kind; with `after_work` once it is done."""
        async with (
            aiohttp.ClientSession() as http,
            http.post(f"{self.url}/admin/faults", json={"drop": True, "count": 1, **how}) as answer,
        ):
            assert answer.ok

    async def network(self) -> tuple[str, str]:
        """A router and a subnet."""
        network = (await self.post("network", "/v2.0/networks", {"network": {"name": "n"}}))["network"]["id"]
        subnet = {"network_id": network, "ip_version": 4, "cidr": "10.7.0.0/24"}
        made = (await self.post("network", "/v2.0/subnets", {"subnet": subnet}))["subnet"]["id"]
        router = (await self.post("network", "/v2.0/routers", {"router": {"name": "r"}}))["router"]["id"]
        return str(router), str(made)

    async def connected(self, router: str) -> int:
        """How many subnets a router is connected with."""
        found = await self.living.cloud.get("network", "/v2.0/ports", params={"device_id": router})
        return len(found.body["ports"])

    async def containers(self) -> list[str]:
        """Their references."""
        found = await self.living.cloud.get("key-manager", "/v1/containers")
        return [one["container_ref"] for one in found.body["containers"]]

    async def disk(self) -> tuple[str, str]:
        """A server and a volume."""
        server = await self.living.create("server", of("OS::Nova::Server", **SERVER))
        volume = await self.living.create("volume", of("OS::Cinder::Volume", size=1))
        return await server.physical_id("it"), await volume.physical_id("it")

    async def servers_of(self, volume: str) -> list[str]:
        """Those that it is attached to."""
        found = await self.living.cloud.get("volume", f"/volumes/{volume}")
        return [one["server_id"] for one in found.body["volume"]["attachments"]]

    async def told(self, stack: Stack) -> str:
        """The reasons of the events of the stack's resource."""
        events = (await self.living.api("GET", f"{stack.path}/resources/it/events"))["events"]
        return "; ".join(one["resource_status_reason"] for one in events)


SERVER = {"image": "cirros", "flavor": "m1.tiny", "networks": [{"network": "private"}]}


def of(type_name: str, **properties: Any) -> dict[str, Any]:
    """A template of one resource."""
    return {
        "heat_template_version": "2018-08-31",
        "resources": {"it": {"type": type_name, "properties": properties}},
    }


@pytest.fixture
async def estate(tmp_path: Any) -> AsyncIterator[Estate]:
    async with contextlib.AsyncExitStack() as stack:
        url = await stack.enter_async_context(running(tmp_path, CONFIGURATION))
        yield Estate(url, await stack.enter_async_context(signed_in(url, "demo")))


async def test_a_container_of_the_same_name(estate: Estate) -> None:
    theirs = (await estate.post("key-manager", "/v1/containers", {"name": "pair", "type": "generic"}))["container_ref"]
    await estate.loses(service="barbican", method="POST", path="/containers$")
    stack = await estate.living.create("keys", of("OS::Barbican::GenericContainer", name="pair"))
    assert await stack.physical_id("it") != theirs
    await stack.delete()
    assert await estate.containers() == [theirs]


async def test_a_container_that_a_lost_call_made(estate: Estate) -> None:
    theirs = (await estate.post("key-manager", "/v1/containers", {"name": "pair", "type": "generic"}))["container_ref"]
    await estate.loses(service="barbican", method="POST", path="/containers$", after_work=True)
    stack = await estate.living.create("keys", of("OS::Barbican::GenericContainer", name="pair"))
    assert set(await estate.containers()) == {theirs, await stack.physical_id("it")}, "no third one was made"
    assert DOUBT in await estate.told(stack)
    await stack.delete()
    assert await estate.containers() == [theirs]


async def test_a_container_that_bears_the_row_s_own_name_is_in_no_doubt(estate: Estate) -> None:
    await estate.loses(service="barbican", method="POST", path="/containers$", after_work=True)
    stack = await estate.living.create("keys", of("OS::Barbican::GenericContainer"))
    assert await estate.containers() == [await stack.physical_id("it")]
    assert DOUBT not in await estate.told(stack)


async def test_a_router_s_interface_that_was_there(estate: Estate) -> None:
    router, subnet = await estate.network()
    connect = f"/v2.0/routers/{router}/add_router_interface"
    await estate.living.cloud.request("network", "PUT", connect, json={"subnet_id": subnet})
    await estate.loses(service="neutron", method="PUT", path="/add_router_interface$")
    stack = await estate.living.begin("net", of("OS::Neutron::RouterInterface", router=router, subnet=subnet))
    shown = await stack.until("CREATE_FAILED")
    assert subnet in shown["stack_status_reason"], "the service says why"
    await stack.delete()
    assert await estate.connected(router) == 1, "it is somebody else's"


async def test_a_router_s_interface_that_a_lost_call_made(estate: Estate) -> None:
    router, subnet = await estate.network()
    await estate.loses(service="neutron", method="PUT", path="/add_router_interface$", after_work=True)
    stack = await estate.living.create("net", of("OS::Neutron::RouterInterface", router=router, subnet=subnet))
    assert DOUBT in await estate.told(stack)
    await stack.delete()
    assert await estate.connected(router) == 0


async def test_an_attachment_that_was_there(estate: Estate) -> None:
    server, volume = await estate.disk()
    own = await estate.living.create(
        "theirs", of("OS::Cinder::VolumeAttachment", instance_uuid=server, volume_id=volume)
    )
    await estate.loses(service="nova", method="POST", path="/os-volume_attachments$")
    stack = await estate.living.begin(
        "disk", of("OS::Cinder::VolumeAttachment", instance_uuid=server, volume_id=volume)
    )
    await stack.until("CREATE_FAILED")
    await stack.delete()
    assert await estate.servers_of(volume) == [server], "it is another stack's"
    await own.delete()


async def test_an_attachment_that_a_lost_call_made(estate: Estate) -> None:
    server, volume = await estate.disk()
    await estate.loses(service="nova", method="POST", path="/os-volume_attachments$", after_work=True)
    stack = await estate.living.create(
        "disk", of("OS::Cinder::VolumeAttachment", instance_uuid=server, volume_id=volume)
    )
    assert DOUBT in await estate.told(stack)
    await stack.delete()
    assert await estate.servers_of(volume) == []


async def test_the_deletion_of_a_stack_that_never_got_an_answer(estate: Estate) -> None:
    router, subnet = await estate.network()
    connect = f"/v2.0/routers/{router}/add_router_interface"
    await estate.living.cloud.request("network", "PUT", connect, json={"subnet_id": subnet})
    await estate.loses(service="neutron", method="PUT", path="/add_router_interface$", count=None)
    stack = await estate.living.begin("net", of("OS::Neutron::RouterInterface", router=router, subnet=subnet))
    await stack.until("CREATE_FAILED")
    await stack.delete()
    assert await estate.connected(router) == 1, "it is somebody else's"
