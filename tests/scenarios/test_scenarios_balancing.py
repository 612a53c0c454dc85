"""A load balancer takes one change at a time; what a stack wants of it at once is done one after the other."""

from typing import Any

import aiohttp
import pytest
from living import running, signed_in


def of(kind: str, **properties: Any) -> dict[str, Any]:
    return {"type": f"OS::{kind}", "properties": properties}


def ref(name: str) -> dict[str, str]:
    return {"get_resource": name}


def template(*addresses: str) -> dict[str, Any]:
    members = {
        f"member{number}": of("Octavia::PoolMember", pool=ref("pool"), address=address, protocol_port=80)
        for number, address in enumerate(addresses)
    }
    return {
        "heat_template_version": "2018-08-31",
        "resources": {
            "net": of("Neutron::Net"),
            "subnet": of("Neutron::Subnet", network=ref("net"), cidr="10.9.0.0/24"),
            "balancer": of("Octavia::LoadBalancer", vip_subnet=ref("subnet")),
            "listener": of("Octavia::Listener", loadbalancer=ref("balancer"), protocol="HTTP", protocol_port=80),
            "pool": of("Octavia::Pool", listener=ref("listener"), protocol="HTTP", lb_algorithm="ROUND_ROBIN"),
            **members,
        },
    }


@pytest.mark.asyncio
async def test_members_of_one_pool_come_and_go_together(tmp_path: Any) -> None:
    async with running(tmp_path) as url, signed_in(url, "demo") as living:
        stack = await living.create("balanced", template("10.9.0.11", "10.9.0.12", "10.9.0.13"))
        pool = await stack.physical_id("pool")
        listing = f"/v2/lbaas/pools/{pool}/members"
        members = (await living.cloud.get("load-balancer", listing)).body["members"]
        assert {one["address"] for one in members} == {"10.9.0.11", "10.9.0.12", "10.9.0.13"}
        await stack.update(template=template("10.9.0.11"))
        members = (await living.cloud.get("load-balancer", listing)).body["members"]
        assert [one["address"] for one in members] == ["10.9.0.11"]
        await stack.delete()
        assert (await living.cloud.get("load-balancer", "/v2/lbaas/loadbalancers")).body["loadbalancers"] == []
        ports = (await living.cloud.get("network", "/v2.0/ports", params={"device_owner": "Octavia"})).body["ports"]
        assert ports == [], "the port of its address is gone too"


@pytest.mark.asyncio
async def test_what_is_in_error_is_not_waited_for(tmp_path: Any) -> None:
    lonely = template()
    listener = lonely["resources"].pop("listener")
    del lonely["resources"]["pool"]
    async with running(tmp_path) as url, signed_in(url, "demo") as living:
        stack = await living.create("sound", lonely)
        balancer = await stack.physical_id("balancer")
        async with aiohttp.ClientSession() as http:
            rule = {"service": "octavia", "kind": "loadbalancer_error"}
            async with http.post(f"{url}/admin/faults", json=rule) as answer:
                assert answer.status == 201
        body = {"loadbalancer": {"description": "unlucky"}}
        await living.cloud.request("load-balancer", "PUT", f"/v2/lbaas/loadbalancers/{balancer}", json=body)
        lonely["resources"]["listener"] = listener
        await stack.update("UPDATE_FAILED", template=lonely)
        reason = (await stack.show())["stack_status_reason"]
        assert f"load balancer {balancer} is in error, and takes no changes" in reason
        await stack.delete()


@pytest.mark.asyncio
async def test_a_quota_is_the_end_of_it(tmp_path: Any) -> None:
    async with running(tmp_path) as url, signed_in(url, "demo") as living, signed_in(url, "admin") as admin:
        await living.cloud.get("load-balancer", "/v2/lbaas/loadbalancers")  # signs in, so that the project is known
        path = f"/v2/lbaas/quotas/{living.cloud.project_id}"
        await admin.cloud.request("load-balancer", "PUT", path, json={"quota": {"member": 1, "load_balancer": 5}})
        stack = await living.begin("full", template("10.9.0.11", "10.9.0.12"))
        await stack.until("CREATE_FAILED")
        assert "Quota has been met for resources: member" in (await stack.show())["stack_status_reason"]
        await stack.delete()
