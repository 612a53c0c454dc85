"""Load balancers from CloudFormation templates, and groups of servers that are their members.

Through the API only, with a whole Hearth in this process; what is seen is what Octavia has.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from living import LOOK_AGAIN, Living, Stack, running, signed_in

from hearth.cloud import errors

WEB = {"InstancePort": 8080, "LoadBalancerPort": 80, "Protocol": "HTTP"}
SHELL = {"InstancePort": 22, "LoadBalancerPort": 22, "Protocol": "TCP"}
CHECK = {
    "HealthyThreshold": 2,
    "Interval": 10,
    "Target": "HTTP:9000/health",
    "Timeout": 5,
    "UnhealthyThreshold": 3,
}
SERVER = {"ImageId": "cirros", "InstanceType": "m1.tiny"}


@pytest.fixture
async def living(tmp_path: Any) -> AsyncIterator[Living]:
    async with running(tmp_path) as url, signed_in(url, "demo") as found:
        yield found


def of(kind: str, update_policy: Any = None, **properties: Any) -> dict[str, Any]:
    return {
        "Type": kind,
        "Properties": properties,
        **({"UpdatePolicy": update_policy} if update_policy else {}),
    }


def ref(name: str) -> dict[str, str]:
    return {"Ref": name}


def balancer(*listeners: dict[str, Any], **more: Any) -> dict[str, Any]:
    given = {"AvailabilityZones": ["nova"], "Listeners": list(listeners or (WEB,)), "Subnets": [ref("subnet")]}
    given |= more
    return of(
        "AWS::ElasticLoadBalancing::LoadBalancer", **{name: one for name, one in given.items() if one is not None}
    )


def template(**resources: Any) -> dict[str, Any]:
    around = {
        "vpc": of("AWS::EC2::VPC"),
        "subnet": of("AWS::EC2::Subnet", VpcId=ref("vpc"), CidrBlock="10.8.0.0/24"),
        "config": of("AWS::AutoScaling::LaunchConfiguration", **SERVER),
    }
    return {"HeatTemplateFormatVersion": "2012-12-12", "Resources": {**around, **resources}}


def group(least: int = 2, **more: Any) -> dict[str, Any]:
    policy = {"AutoScalingRollingUpdate": {"MinInstancesInService": 1, "MaxBatchSize": 1, "PauseTime": "PT0S"}}
    given = {
        "AvailabilityZones": ["nova"],
        "MinSize": least,
        "MaxSize": 4,
        "LaunchConfigurationName": ref("config"),
        "VPCZoneIdentifier": [ref("subnet")],
        "LoadBalancerNames": [ref("balancer")],
        **more,
    }
    return of("AWS::AutoScaling::AutoScalingGroup", policy, **given)


async def balanced(living: Living) -> dict[int, list[dict[str, Any]]]:
    """The members of the only load balancer, by the ports of its listeners."""
    listeners = (await living.cloud.get("load-balancer", "/v2/lbaas/listeners")).body["listeners"]
    found = {}
    for one in listeners:
        path = f"/v2/lbaas/pools/{one['default_pool_id']}/members"
        found[one["protocol_port"]] = (await living.cloud.get("load-balancer", path)).body["members"]
    return found


async def settled(living: Living, load_balancer_id: str) -> None:
    """Wait until a load balancer has taken in what was changed: before, nobody can say whether it has drifted."""
    path = f"/v2/lbaas/loadbalancers/{load_balancer_id}"
    while (await living.cloud.get("load-balancer", path)).body["loadbalancer"]["provisioning_status"] != "ACTIVE":  # noqa: ASYNC110
        await asyncio.sleep(LOOK_AGAIN)


async def addresses(living: Living, port: int = 80) -> list[str]:
    return sorted(one["address"] for one in (await balanced(living))[port])


async def of_servers(living: Living) -> list[str]:
    found = (await living.cloud.get("compute", "/servers/detail")).body["servers"]
    return sorted(one["addr"] for server in found for several in server["addresses"].values() for one in several)


async def scaled(living: Living, stack: Stack, url: str, wanted: int) -> None:
    """Signal a policy, and wait until the group has so many servers and nothing goes on."""
    async with aiohttp.ClientSession() as http, http.post(url, json={"current": "alarm"}) as answer:
        assert answer.status == 200
    nested = await stack.physical_id("group")
    async with asyncio.timeout(30):
        while True:
            found = (await living.cloud.get("compute", "/servers")).body["servers"]
            shown = (await living.api("GET", f"/stacks/{nested}"))["stack"]["stack_status"]
            if len(found) == wanted and not shown.endswith("IN_PROGRESS"):
                assert shown == "UPDATE_COMPLETE"
                return
            await asyncio.sleep(LOOK_AGAIN)


async def test_servers_of_the_template_come_and_go(living: Living) -> None:
    servers = {name: of("AWS::EC2::Instance", SubnetId=ref("subnet"), **SERVER) for name in ("one", "two", "three")}

    def with_servers(*names: str, **more: Any) -> dict[str, Any]:
        chosen = balancer(WEB, SHELL, HealthCheck=CHECK, Subnets=None, Instances=[ref(one) for one in names], **more)
        return template(**servers, balancer=chosen) | {
            "Outputs": {"name": {"Value": ref("balancer")}, "dns": {"Value": {"Fn::GetAtt": ["balancer", "DNSName"]}}}
        }

    stack = await living.create("balanced", with_servers("one", "two"))
    its_id = await stack.physical_id("balancer")
    shown = (await living.cloud.get("load-balancer", f"/v2/lbaas/loadbalancers/{its_id}")).body["loadbalancer"]
    outputs = {one["output_key"]: one["output_value"] for one in (await stack.show())["outputs"]}
    assert outputs == {"name": "balancer", "dns": shown["vip_address"]}
    assert shown["vip_address"].startswith("10.8.0."), "it is where its servers are"
    members = await balanced(living)
    ids = {name: await stack.physical_id(name) for name in servers}
    assert {one["name"] for one in members[80]} == {one["name"] for one in members[22]} == {ids["one"], ids["two"]}
    assert {(one["protocol_port"], one["monitor_port"]) for one in members[80]} == {(8080, 9000)}
    (monitor, _) = (await living.cloud.get("load-balancer", "/v2/lbaas/healthmonitors")).body["healthmonitors"]
    assert (monitor["type"], monitor["url_path"], monitor["delay"]) == ("HTTP", "/health", 10)

    planned = await stack.plan(template=with_servers("two", "three"))
    assert planned["balancer"]["verdict"] == "update"
    await stack.update(template=with_servers("two", "three"))
    members = await balanced(living)
    assert {one["name"] for one in members[80]} == {one["name"] for one in members[22]} == {ids["two"], ids["three"]}
    assert await stack.physical_id("balancer") == its_id

    await stack.check("CHECK_COMPLETE")
    pool = (await living.cloud.get("load-balancer", "/v2/lbaas/listeners")).body["listeners"][0]["default_pool_id"]
    path = f"/v2/lbaas/pools/{pool}/members"
    gone = next(one for one in members[80] + members[22] if one["name"] == ids["two"])
    for one in (await living.cloud.get("load-balancer", path)).body["members"]:
        if one["name"] == gone["name"]:
            await living.cloud.request("load-balancer", "DELETE", f"{path}/{one['id']}")
    await settled(living, its_id)
    drift = await stack.look()
    assert drift.differences("balancer") == {"Instances": ([ids["two"], ids["three"]], [ids["three"]])}
    await living.api("PATCH", stack.path, {"converge": True})
    await stack.until("UPDATE_COMPLETE")
    assert {one["name"] for one in (await balanced(living))[80]} == {ids["two"], ids["three"]}
    await stack.delete()
    assert (await living.cloud.get("load-balancer", "/v2/lbaas/loadbalancers")).body["loadbalancers"] == []


async def test_a_group_s_servers_are_members_whatever_becomes_of_it(living: Living) -> None:
    policies = {
        name: of(
            "AWS::AutoScaling::ScalingPolicy",
            AutoScalingGroupName=ref("group"),
            AdjustmentType="ChangeInCapacity",
            ScalingAdjustment=amount,
            Cooldown=0,
        )
        for name, amount in (("more", 1), ("less", -1))
    }
    wanted = template(balancer=balancer(), group=group(1), **policies)
    urls = {name: {"Value": {"Fn::GetAtt": [name, "AlarmUrl"]}} for name in policies}
    wanted["Outputs"] = {**urls, "all": {"Value": {"Fn::GetAtt": ["group", "InstanceList"]}}}
    stack = await living.create("scaled", wanted)
    urls = {one["output_key"]: one["output_value"] for one in (await stack.show())["outputs"]}
    assert await addresses(living) == await of_servers(living) == [urls["all"]], "a member is no server of the group"
    await scaled(living, stack, urls["more"], 2)
    assert await addresses(living) == await of_servers(living)
    await scaled(living, stack, urls["more"], 3)
    assert await addresses(living) == await of_servers(living)
    await scaled(living, stack, urls["less"], 2)
    assert await addresses(living) == await of_servers(living)
    before = await addresses(living)

    wanted["Resources"]["config"]["Properties"] = {**SERVER, "UserData": "another"}
    await stack.update(template=wanted)
    assert await addresses(living) == await of_servers(living)
    assert not set(before) & set(await addresses(living)), "each server was replaced"

    wanted["Resources"]["balancer"] = balancer(WEB, SHELL)
    planned = await stack.plan(template=wanted)
    assert planned["balancer"]["verdict"] == "replace"
    assert planned["group"]["verdict"] == "update", "the load balancer has the name that it had"
    await stack.update(template=wanted)
    assert len((await living.cloud.get("load-balancer", "/v2/lbaas/loadbalancers")).body["loadbalancers"]) == 1
    assert await addresses(living, 80) == await addresses(living, 22) == await of_servers(living)
    assert (await stack.look()).open() == {}

    del wanted["Resources"]["group"]["Properties"]["LoadBalancerNames"]
    await stack.update(template=wanted)
    assert (await balanced(living)) == {80: [], 22: []}
    assert len(await of_servers(living)) == 1, "it is another group"
    await stack.delete()
    assert (await living.cloud.get("load-balancer", "/v2/lbaas/loadbalancers")).body["loadbalancers"] == []


async def test_a_group_names_several_load_balancers_beside_servers_of_their_own(living: Living) -> None:
    members = of(
        "OS::Heat::InstanceGroup",
        AvailabilityZones=["nova"],
        LaunchConfigurationName=ref("config"),
        Size=2,
        LoadBalancerNames=["balancer", ref("other")],
    )
    one = of("AWS::EC2::Instance", **SERVER)
    first, other = balancer(Subnets=None, Instances=[ref("one")]), balancer(SHELL, Subnets=None)
    config = of("AWS::AutoScaling::LaunchConfiguration", **SERVER)
    resources = {"balancer": first, "other": other, "group": members, "one": one, "config": config}
    wanted = {"HeatTemplateFormatVersion": "2012-12-12", "Resources": resources}
    stack = await living.create("several", wanted)
    assert await addresses(living, 80) == await of_servers(living)
    assert len(await addresses(living, 22)) == 2
    own = await stack.physical_id("one")
    assert [one["name"] for one in (await balanced(living))[80] if one["name"]] == [own]
    resources["balancer"] = balancer(Subnets=None)
    await stack.update(template=wanted)
    assert await addresses(living, 80) == await addresses(living, 22), "those of the group stay"
    await stack.delete()


@pytest.mark.parametrize(
    ("resources", "told"),
    [
        ({"group": group(LoadBalancerNames=["nobody"])}, "'nobody' is no AWS::ElasticLoadBalancing::LoadBalancer"),
        ({"group": group(LoadBalancerNames=[ref("vpc")])}, "'vpc' is no AWS::ElasticLoadBalancing::LoadBalancer"),
        ({"balancer": balancer(WEB, WEB)}, "Two listeners have the LoadBalancerPort 80."),
        ({"balancer": balancer({**WEB, "InstancePort": 0})}, "InstancePort 0 is out of range."),
        (
            {"balancer": balancer(HealthCheck={**CHECK, "Timeout": 11})},
            "The Timeout 11 is longer than the Interval 10.",
        ),
        ({"balancer": balancer(HealthCheck={**CHECK, "Target": "TCP:80/x"})}, "The Target 'TCP:80/x' cannot be asked."),
        ({"balancer": balancer(HealthCheck={**CHECK, "HealthyThreshold": 11})}, "HealthyThreshold 11 is out of range."),
        ({"balancer": balancer(Subnets=[])}, "The address of a load balancer is in one subnet, not 0."),
    ],
)
async def test_what_cannot_be_is_refused(living: Living, resources: dict[str, Any], told: str) -> None:
    with pytest.raises(errors.BadRequest) as refused:
        await living.begin("wrong", template(**resources))
    assert told in str(refused.value)


async def test_without_a_subnet_and_among_several_networks_it_says_what_to_give(living: Living) -> None:
    stack = await living.begin("lost", template(balancer=balancer(Subnets=None)))  # there is one network already
    shown = await stack.until("CREATE_FAILED")
    assert "networks that the load balancer could be in: give its Subnets a subnet" in shown["stack_status_reason"]
    await stack.delete()
