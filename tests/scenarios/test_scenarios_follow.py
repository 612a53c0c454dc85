"""Attributes that say what other objects have made of a resource, on the embedded cloud."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from living import running, signed_in
from templates import hot, thing

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


INNER = hot({"server": SERVER}, {"address": ADDRESS}, parameters={"port": {"type": "string"}})
INNER["resources"]["server"] = {
    **SERVER,
    "properties": {**SERVER["properties"], "networks": [{"port": {"get_param": "port"}}]},
}
BETWEEN = hot(
    {"in": {"type": "inner.yaml", "properties": {"port": {"get_param": "port"}}}},
    {"address": {"get_attr": ["in", "address"]}},
    parameters={"port": {"type": "string"}},
)
FILES = {"inner.yaml": json.dumps(INNER), "between.yaml": json.dumps(BETWEEN)}


def nesting(kind: str, address: str, *, word: str = "v1") -> dict[str, Any]:
    """The same with the server in a nested stack, which is given the port."""
    made = template(address)
    address_inside = {"get_attr": ["in", "address"]}
    del made["resources"]["server"]
    made["resources"] |= {
        "in": {"type": kind, "properties": {"port": {"get_resource": "port"}}},
        "told": {"type": "OS::Heat::Value", "properties": {"value": address_inside}},
        "aside": thing(word),
    }
    made["outputs"]["address"] = {"value": address_inside}
    return made


@pytest.mark.parametrize("kind", ["inner.yaml", "between.yaml"])
async def test_the_address_of_a_server_in_a_nested_stack_follows_a_port_outside(hearth_url: str, kind: str) -> None:
    async with signed_in(hearth_url, "demo") as living:
        stack = await living.create("nested", nesting(kind, "10.4.0.10"), files=FILES)
        changed = nesting(kind, "10.4.0.20")
        planned = await stack.plan(template=changed, files=FILES)
        assert planned["server"]["verdict"] == "keep"
        assert planned["told"]["verdict"] == "update"
        await stack.update(template=changed, files=FILES)
        assert await outputs(stack) == {"address": "10.4.0.20", "told": "10.4.0.20"}
        await stack.delete()


async def test_a_nested_stack_whose_port_stays_is_planned_to_stay(hearth_url: str) -> None:
    async with signed_in(hearth_url, "demo") as living:
        stack = await living.create("nested", nesting("between.yaml", "10.4.0.10"), files=FILES)
        planned = await stack.plan(template=nesting("between.yaml", "10.4.0.10", word="v2"), files=FILES)
        assert planned["aside"]["verdict"] == "update"
        assert planned["server"]["verdict"] == planned["told"]["verdict"] == "keep"
        await stack.delete()
