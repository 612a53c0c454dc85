"""Groups of servers from CloudFormation templates: launch configurations, policies by signed addresses, batches.

Through the API only, with a whole Hearth in this process.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from living import Living, Stack, running, signed_in

from hearth.cloud import errors

ZONES = ["nova"]


@pytest.fixture
async def living(tmp_path: Any) -> AsyncIterator[Living]:
    async with running(tmp_path) as url, signed_in(url, "demo") as found:
        yield found


def aws(**resources: Any) -> dict[str, Any]:
    made = {name: {"Type": kind, "Properties": given, **more} for name, (kind, given, more) in resources.items()}
    return {"HeatTemplateFormatVersion": "2012-12-12", "Resources": made}


def configuration(flavor: str = "m1.tiny", **more: Any) -> tuple[str, Any, Any]:
    given = {"ImageId": "cirros", "InstanceType": flavor, "SecurityGroups": ["default"], **more}
    return "AWS::AutoScaling::LaunchConfiguration", given, {}


def group(least: int = 1, most: int = 4, *, policy: Any = None, **given: Any) -> tuple[str, Any, Any]:
    properties = {
        "AvailabilityZones": ZONES,
        "MinSize": least,
        "MaxSize": most,
        "LaunchConfigurationName": {"Ref": "config"},
        "VPCZoneIdentifier": [{"Ref": "subnet"}],
        **given,
    }
    more = {"UpdatePolicy": {"AutoScalingRollingUpdate": policy}} if policy else {}
    return "AWS::AutoScaling::AutoScalingGroup", properties, more


def around(**more: Any) -> dict[str, Any]:
    return {
        "vpc": ("AWS::EC2::VPC", {}, {}),
        "subnet": ("AWS::EC2::Subnet", {"VpcId": {"Ref": "vpc"}, "CidrBlock": "10.8.0.0/24"}, {}),
        "config": configuration(),
        **more,
    }


def with_outputs(template: dict[str, Any], **outputs: Any) -> dict[str, Any]:
    return {**template, "Outputs": {name: {"Value": value} for name, value in outputs.items()}}


async def servers(living: Living) -> list[dict[str, Any]]:
    answer = await living.cloud.get("compute", "/servers/detail")
    return sorted(answer.body["servers"], key=lambda one: (one["created"], one["name"]))


async def outputs(stack: Stack) -> dict[str, Any]:
    return {one["output_key"]: one["output_value"] for one in (await stack.show())["outputs"]}


async def settled(living: Living, stack: Stack, wanted: int) -> list[dict[str, Any]]:
    """The servers, once there are so many and nothing goes on."""
    nested = await stack.physical_id("group")
    async with asyncio.timeout(30):
        while True:
            found = await servers(living)
            shown = (await living.api("GET", f"/stacks/{nested}"))["stack"]["stack_status"]
            if len(found) == wanted and not shown.endswith("IN_PROGRESS"):
                return found
            await asyncio.sleep(0.05)


async def post(url: str, **body: Any) -> int:
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as answer:
        return answer.status


async def test_alarms_change_the_number_of_servers(living: Living) -> None:
    policies = {
        name: (
            "AWS::AutoScaling::ScalingPolicy",
            {"AutoScalingGroupName": {"Ref": "group"}, "AdjustmentType": kind, "ScalingAdjustment": amount, **more},
            {},
        )
        for name, kind, amount, more in (
            ("more", "ChangeInCapacity", 1, {"Cooldown": 0}),
            ("double", "PercentChangeInCapacity", 10, {"MinAdjustmentStep": 2, "Cooldown": 600}),
            ("one", "ExactCapacity", 1, {}),
        )
    }
    tags = [{"Key": "role", "Value": "web"}]
    template = aws(**around(group=group(Tags=tags, DesiredCapacity=1), **policies))
    template = with_outputs(
        template,
        **{name: {"Fn::GetAtt": [name, "AlarmUrl"]} for name in policies},
        reference={"Ref": "more"},
        addresses={"Fn::GetAtt": ["group", "InstanceList"]},
    )
    stack = await living.create("scaled", template)
    (first,) = await servers(living)
    given = await outputs(stack)
    assert given["reference"] == given["more"], "a policy stands for its address"
    assert given["addresses"].startswith("10.8.0.")
    assert first["metadata"]["role"] == "web"
    assert first["metadata"]["metering.AutoScalingGroupName"] == first["metadata"]["metering.groupname"]

    assert await post(given["more"], current="ok") == 200
    assert len(await settled(living, stack, 1)) == 1, "all is well: nothing changes"
    assert await post(given["more"], current="alarm") == 200
    await settled(living, stack, 2)
    assert await post(given["double"], current="alarm") == 200
    found = await settled(living, stack, 4)
    assert found[0]["id"] == first["id"], "who was there stays"
    assert await post(given["one"], current="alarm") == 200
    assert len(await settled(living, stack, 4)) == 4, "the group cools down"
    await stack.delete()
    assert await servers(living) == []


async def test_another_configuration_is_rolled_out_in_batches(living: Living) -> None:
    policy = {"MinInstancesInService": 1, "MaxBatchSize": 1, "PauseTime": "PT0S"}
    stack = await living.create("rolled", aws(**around(group=group(2, policy=policy))))
    before = await servers(living)
    changed = aws(**around(config=configuration("m1.small"), group=group(2, policy=policy)))
    planned = await stack.plan(template=changed)
    assert planned["config"]["verdict"] == "replace"
    assert planned["group"]["verdict"] == "update"
    await stack.update(template=changed)
    after = await servers(living)
    assert {one["id"] for one in after} == {one["id"] for one in before}, "a flavor is changed in place"
    assert {one["flavor"]["id"] for one in after} == {"2"}
    nested = await stack.physical_id("group")
    events = (await living.api("GET", f"/stacks/{nested}/events"))["events"]
    begun = [one for one in events if one["resource_status"] == "UPDATE_IN_PROGRESS"]
    assert len([one for one in begun if one["resource_name"] == (await name_of(living, nested))]) == 2, "two batches"


async def name_of(living: Living, nested: str) -> str:
    return str((await living.api("GET", f"/stacks/{nested}"))["stack"]["stack_name"])


async def test_a_group_of_a_size_takes_what_it_lacks_from_a_server(living: Living) -> None:
    model = ("AWS::EC2::Instance", {"ImageId": "cirros", "InstanceType": "m1.tiny"}, {})
    config = ("AWS::AutoScaling::LaunchConfiguration", {"InstanceId": {"Ref": "model"}, "InstanceType": "m1.small"}, {})
    members = (
        "OS::Heat::InstanceGroup",
        {"AvailabilityZones": ZONES, "LaunchConfigurationName": {"Ref": "config"}, "Size": 2},
        {},
    )
    resources = {"config": config, "model": model, "group": members}
    stack = await living.create("sized", aws(**resources))
    found = await servers(living)
    assert [one["flavor"]["id"] for one in found] == ["1", "2", "2"]
    assert len({one["image"]["id"] for one in found}) == 1
    resources["group"] = (members[0], {**members[1], "Size": 1}, {})
    await stack.update(template=aws(**resources))
    assert len(await servers(living)) == 2


async def test_a_server_that_names_none_of_several_networks_fails_at_once(living: Living) -> None:
    server = ("OS::Nova::Server", {"image": "cirros", "flavor": "m1.tiny"}, {"DependsOn": "subnet"})
    stack = await living.begin("lost", aws(**around(server=server)))  # there is one network already
    await stack.until("CREATE_FAILED")
    shown = await stack.resource("server")
    assert "Multiple possible networks found" in shown["resource_status_reason"]
    assert "name the network or subnet to be in" in shown["resource_status_reason"]
    events = (await living.api("GET", f"{stack.path}/resources/server/events"))["events"]
    assert len(events) == 2, "it was tried once"
    await stack.delete()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"LaunchConfigurationName": "config"}, "'config' is no AWS::AutoScaling::LaunchConfiguration of this stack."),
        ({"LaunchConfigurationName": {"Ref": "vpc"}}, "'vpc' is no AWS::AutoScaling::LaunchConfiguration"),
        ({"VPCZoneIdentifier": []}, "The members have one subnet, not 0."),
        ({"DesiredCapacity": 9}, "DesiredCapacity 9 is not between MinSize 1 and MaxSize 4."),
        ({"HealthCheckType": "ELB"}, "The property 'HealthCheckType' is not implemented."),
    ],
)
async def test_a_group_that_cannot_be_is_refused(living: Living, given: dict[str, Any], told: str) -> None:
    with pytest.raises(errors.BadRequest) as refused:
        await living.begin("wrong", aws(**around(group=group(**given))))
    assert told in str(refused.value)


async def test_wrong_members_are_refused_before_anything_is_made(living: Living) -> None:
    resources = around(group=group(), config=configuration(KeyName="nobody-has-it"))
    with pytest.raises(errors.BadRequest) as refused:
        await living.begin("wrong", aws(**resources))
    assert "nobody-has-it" in str(refused.value)


async def test_the_environment_has_other_members(living: Living) -> None:
    member = {
        "heat_template_version": "2018-08-31",
        "parameters": {
            name: {"type": "comma_delimited_list" if name in ("Tags", "SecurityGroups") else "string"}
            for name in ("ImageId", "InstanceType", "Tags", "SecurityGroups", "SubnetId")
        },
        "resources": {"it": {"type": "OS::Heat::Value", "properties": {"value": {"get_param": "InstanceType"}}}},
        "outputs": {
            name: {"value": {"get_attr": ["it", "value"]}}
            for name in ("PublicIp", "PrivateIp", "PublicDnsName", "PrivateDnsName", "AvailabilityZone")
        },
    }

    stack = await living.create(
        "other",
        with_outputs(aws(**around(group=group(2))), all={"Fn::GetAtt": ["group", "InstanceList"]}),
        environment={"resource_registry": {"OS::Heat::ScaledResource": "member.yaml"}},
        files={"member.yaml": json.dumps(member)},
    )
    assert (await outputs(stack))["all"] == "m1.tiny,m1.tiny"
    assert await servers(living) == []


async def keys_of(living: Living, user_id: str) -> list[dict[str, Any]]:
    answer = await living.domain_admin.get("identity", "/v3/credentials", params={"user_id": user_id})
    return list(answer.body["credentials"])


async def test_a_user_of_the_stack_reads_what_its_policy_names(living: Living) -> None:
    read = ("OS::Heat::AccessPolicy", {"AllowedResources": ["open"]}, {})
    user = ("AWS::IAM::User", {"Policies": ["read"], "LoginProfile": {"Password": "Secret-1"}}, {})
    key = ("AWS::IAM::AccessKey", {"UserName": {"Ref": "user"}}, {})
    told = {"Metadata": {"a": "b"}}
    open_one, closed = (("OS::Heat::Value", {"value": "x"}, told) for _ in range(2))
    template = aws(read=read, user=user, key=key, open=open_one, closed=closed)
    outputs_wanted = {
        "access": {"Ref": "key"},
        "name": {"Ref": "user"},
        "secret": {"Fn::GetAtt": ["key", "SecretAccessKey"]},
    }
    stack = await living.create("users", with_outputs(template, **outputs_wanted))
    given, user_id = await outputs(stack), await stack.physical_id("user")
    shown = await stack.show()
    found = (await living.domain_admin.get("identity", "/v3/credentials", params={"user_id": user_id})).body[
        "credentials"
    ]
    assert [json.loads(one["blob"]) for one in found] == [{"access": given["access"], "secret": given["secret"]}]
    user_shown = (await living.domain_admin.get("identity", f"/v3/users/{user_id}")).body["user"]
    assert user_shown["name"] == given["name"]

    as_user = await living.as_stack_user(user_id, "Secret-1", found[0]["project_id"])
    path = f"/stacks/{shown['stack_name']}/{shown['id']}/resources"
    answer = await as_user.get("orchestration", f"{path}/open/metadata")
    assert answer.body == {"metadata": {"a": "b"}}
    with pytest.raises(errors.Forbidden):
        await as_user.get("orchestration", f"{path}/closed/metadata")
    await stack.update(template=aws(read=read, user=user, open=open_one, closed=closed))
    found = (await living.domain_admin.get("identity", "/v3/credentials", params={"user_id": user_id})).body[
        "credentials"
    ]
    assert found == [], "the key went with its resource"


@pytest.mark.parametrize(
    ("resources", "told"),
    [
        ({"it": ("OS::Heat::AccessPolicy", {"AllowedResources": ["nobody"]}, {})}, "There is no resource 'nobody'"),
        ({"it": ("AWS::IAM::User", {"Policies": ["it"]}, {})}, "'it' is no OS::Heat::AccessPolicy of this stack."),
        ({"it": ("AWS::IAM::AccessKey", {"UserName": "me"}, {})}, "'me' is no AWS::IAM::User of this stack."),
    ],
)
async def test_users_and_policies_that_cannot_be_are_refused(living: Living, resources: Any, told: str) -> None:
    with pytest.raises(errors.BadRequest) as refused:
        await living.begin("wrong", aws(**resources))
    assert told in str(refused.value)


async def test_a_database_of_amazon_is_one_of_the_database_service(living: Living) -> None:
    given = {
        "AllocatedStorage": "2",
        "DBInstanceClass": "db.m1.tiny",
        "DBName": "shop",
        "Engine": "MySQL",
        "MasterUsername": "keeper",
        "MasterUserPassword": "unguessable",
    }
    reached = {name: {"Fn::GetAtt": ["db", f"Endpoint.{name}"]} for name in ("Address", "Port")}
    template = with_outputs(aws(db=("AWS::RDS::DBInstance", given, {})), **reached)
    stack = await living.create("stored", template)
    (instance,) = (await living.cloud.get("database", "/instances")).body["instances"]
    assert instance["volume"]["size"] == 2
    found = await outputs(stack)
    assert found["Port"] == "3306" and found["Address"]
    databases = (await living.cloud.get("database", f"/instances/{instance['id']}/databases")).body["databases"]
    assert [one["name"] for one in databases] == ["shop"]
    nested = await stack.physical_id("db")
    assert "unguessable" not in json.dumps(await living.api("GET", f"/stacks/{nested}/template"))
    given["AllocatedStorage"] = "big"
    with pytest.raises(errors.BadRequest, match="AllocatedStorage 'big' is no size"):
        await living.api("PUT", stack.path, {"template": template})
    await stack.delete()
    assert (await living.cloud.get("database", "/instances")).body["instances"] == []
