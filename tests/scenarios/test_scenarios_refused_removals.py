"""Ways back from an update whose removals are being refused, on the embedded cloud."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from living import LOOK_AGAIN, Stack, running, signed_in
from templates import after, hot

# One Hearth serves all, so they share its event loop.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hearth_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async with running(tmp_path_factory.mktemp("hearth")) as url:
        yield url


def template(cidr: str) -> dict[str, Any]:
    """A server with an address of a subnet that it does not name: as long as it is there the subnet cannot go."""
    network = {"get_resource": "net"}
    server = {"image": "cirros", "flavor": "m1.tiny", "networks": [{"network": network}]}
    return hot(
        {
            "net": {"type": "OS::Neutron::Net"},
            "subnet": {"type": "OS::Neutron::Subnet", "properties": {"network": network, "cidr": cidr}},
            "server": after({"type": "OS::Nova::Server", "properties": server}, "subnet"),
        }
    )


async def until_the_old_one_is_refused(stack: Stack) -> None:
    async with asyncio.timeout(20):
        while True:
            events = (await stack.living.api("GET", f"{stack.path}/resources/subnet/events"))["events"]
            if any(one["resource_status"] == "DELETE_IN_PROGRESS" for one in events):
                return
            await asyncio.sleep(LOOK_AGAIN)


async def subnets(stack: Stack) -> list[dict[str, Any]]:
    name = (await stack.resource("net"))["physical_resource_id"]
    answer = await stack.living.cloud.request("network", "GET", "/v2.0/subnets", params={"network_id": name})
    return list(answer.body["subnets"])


async def test_an_object_that_could_not_go_is_what_a_cancelled_update_comes_back_to(hearth_url: str) -> None:
    async with signed_in(hearth_url, "demo") as living:
        stack = await living.create("web", template("10.5.0.0/24"))
        old = await stack.physical_id("subnet")
        await living.api("PATCH", stack.path, {"template": template("10.6.0.0/24")})
        await until_the_old_one_is_refused(stack)
        await living.api("POST", f"{stack.path}/actions", {"cancel_update": None})
        await stack.until("ROLLBACK_COMPLETE")
        assert await stack.physical_id("subnet") == old
        assert [one["id"] for one in await subnets(stack)] == [old]
        await stack.delete()
