"""Attributes that say what other objects have made of a resource, on the embedded cloud."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from living import running, signed_in
from templates import hot

# One Hearth serves all, so they share its event loop.
pytestmark = pytest.mark.asyncio(loop_scope="module")

NETWORK = {"type": "OS::Neutron::Net"}
SUBNET = {"type": "OS::Neutron::Subnet", "properties": {"network": {"get_resource": "net"}, "cidr": "10.4.0.0/24"}}
SERVER = {
    "type": "OS::Nova::Server",
    "properties": {"image": "cirros", "flavor": "m1.tiny", "networks": [{"port": {"get_resource": "port"}}]},
}
ADDRESS = {"get_attr": ["server", "first_address"]}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hearth_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async with running(tmp_path_factory.mktemp("hearth")) as url:
        yield url


def template(address: str, **port: Any) -> dict[str, Any]:
    fixed = [{"subnet": {"get_resource": "subnet"}, "ip_address": address}]
    properties = {"network": {"get_resource": "net"}, "fixed_ips": fixed, **port}
    resources = {
        "net": NETWORK,
        "subnet": SUBNET,
        "port": {"type": "OS::Neutron::Port", "properties": properties},
        "server": SERVER,
        "told": {"type": "OS::Heat::Value", "properties": {"value": ADDRESS}},
    }
    return hot(resources, {"address": ADDRESS, "told": {"get_attr": ["told", "value"]}})


async def outputs(stack: Any) -> dict[str, Any]:
    return {one["output_key"]: one["output_value"] for one in (await stack.show())["outputs"]}


async def test_the_address_of_a_server_follows_its_port(hearth_url: str) -> None:
    async with signed_in(hearth_url, "demo") as living:
        stack = await living.create("web", template("10.4.0.10"))
        server = await stack.physical_id("server")
        planned = await stack.plan(template=template("10.4.0.20"))
        assert planned["server"]["verdict"] == "keep"
        assert planned["told"]["verdict"] == "update"
        await stack.update(template=template("10.4.0.20"))
        assert await outputs(stack) == {"address": "10.4.0.20", "told": "10.4.0.20"}
        assert await stack.physical_id("server") == server
        assert (await stack.resource("server"))["resource_status"] == "CREATE_COMPLETE"
        await stack.delete()


async def test_what_follows_from_nothing_that_changed_is_planned_to_stay(hearth_url: str) -> None:
    async with signed_in(hearth_url, "demo") as living:
        stack = await living.create("still", template("10.4.0.10"))
        planned = await stack.plan(template=template("10.4.0.10"))
        assert {change["verdict"] for change in planned.values()} == {"keep"}
        await stack.delete()
