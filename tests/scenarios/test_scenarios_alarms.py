"""Alarms of the embedded cloud: measures come in, an alarm goes off, and the stack does what it was made for."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from living import Living, Stack, running, signed_in

from hearth.cloud import errors

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hearth_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async with running(tmp_path_factory.mktemp("hearth")) as url:
        yield url


def scaled_by(kind: str, **rule: Any) -> dict[str, Any]:
    """A group that grows by one when an alarm goes off."""
    return {
        "heat_template_version": "2018-08-31",
        "resources": {
            "group": {
                "type": "OS::Heat::AutoScalingGroup",
                "properties": {
                    "min_size": 1,
                    "max_size": 3,
                    "resource": {"type": "OS::Heat::RandomString", "properties": {"length": 4}},
                },
            },
            "grow": {
                "type": "OS::Heat::ScalingPolicy",
                "properties": {
                    "auto_scaling_group_id": {"get_resource": "group"},
                    "scaling_adjustment": 1,
                    "adjustment_type": "change_in_capacity",
                },
            },
            "alarm": {
                "type": kind,
                "properties": {
                    **rule,
                    "repeat_actions": False,
                    "alarm_actions": [{"get_attr": ["grow", "alarm_url"]}],
                },
            },
        },
        "outputs": {"size": {"value": {"get_attr": ["group", "current_size"]}}},
    }


async def size(stack: Stack) -> Any:
    return (await stack.show())["outputs"][0]["output_value"]


async def until_size(stack: Stack, wanted: Any) -> None:
    async with asyncio.timeout(30):
        while True:
            if await size(stack) == wanted:
                return
            await asyncio.sleep(0.05)


async def sample(living: Living, value: float) -> None:
    body = [{"counter_volume": value, "resource_id": "one", "resource_metadata": {"metering.group": "mine"}}]
    await living.cloud.request("alarming", "POST", "/v2/meters/cpu_util", json=body)


async def test_a_group_grows_when_samples_of_a_meter_are_too_high(hearth_url: str) -> None:
    template = scaled_by(
        "OS::Ceilometer::Alarm",
        meter_name="cpu_util",
        statistic="avg",
        comparison_operator="gt",
        threshold=70,
        matching_metadata={"group": "mine"},
    )
    async with signed_in(hearth_url, "demo") as living:
        stack = await living.create("metered", template)
        alarm = await stack.physical_id("alarm")
        await sample(living, 20)
        assert (await living.cloud.get("alarming", f"/v2/alarms/{alarm}")).body["state"] == "ok"
        assert await size(stack) == 1
        for _ in range(3):
            await sample(living, 400)
        assert (await living.cloud.get("alarming", f"/v2/alarms/{alarm}")).body["state"] == "alarm"
        await until_size(stack, 2)
        await stack.delete()


@pytest.mark.parametrize(("start", "state"), [("* * * * *", "alarm"), ("0 0 31 2 *", "insufficient data")])
async def test_an_alarm_counts_in_its_times_only(hearth_url: str, start: str, state: str) -> None:
    times = [{"name": "office hours", "start": start, "duration": 3600, "timezone": "Europe/Berlin"}]
    rule = {"meter_name": "cpu_util", "statistic": "avg", "comparison_operator": "gt", "threshold": 70}
    properties = {**rule, "time_constraints": times}
    template = {
        "heat_template_version": "2018-08-31",
        "resources": {"alarm": {"type": "OS::Aodh::Alarm", "properties": properties}},
    }
    async with signed_in(hearth_url, "demo") as living:
        stack = await living.create("timed", template)
        await sample(living, 400)
        alarm = await stack.physical_id("alarm")
        assert (await living.cloud.get("alarming", f"/v2/alarms/{alarm}")).body["state"] == state
        await stack.delete()


async def test_a_group_grows_when_measures_of_its_servers_are_too_high(hearth_url: str) -> None:
    template = scaled_by(
        "OS::Aodh::GnocchiAggregationByResourcesAlarm",
        metric="cpu",
        aggregation_method="max",
        comparison_operator="ge",
        threshold=50,
        resource_type="instance",
        query='{"=": {"server_group": "web"}}',
    )
    async with signed_in(hearth_url, "demo") as living:
        stack = await living.create("measured", template)
        for name, group in (("first", "web"), ("other", "db")):
            resource = {"id": name, "server_group": group}
            await living.cloud.request("metric", "POST", "/v1/resource/instance", json=resource)
        batch = "/v1/batch/resources/metrics/measures"
        await living.cloud.request("metric", "POST", batch, json={"other": {"cpu": [{"value": 99}]}})
        alarm = await stack.physical_id("alarm")
        shown = (await living.cloud.get("alarming", f"/v2/alarms/{alarm}")).body
        assert shown["state"] == "insufficient data", "that one is of another group"
        await living.cloud.request("metric", "POST", batch, json={"first": {"cpu": [{"value": 50}]}})
        await until_size(stack, 2)
        await stack.delete()


async def test_an_event_sets_off_an_alarm_and_puts_a_message_into_a_queue(hearth_url: str) -> None:
    client = {"Client-ID": "3381af92-2b9e-11e3-b191-71861300734c"}
    template = {
        "heat_template_version": "2018-08-31",
        "resources": {
            "queue": {"type": "OS::Zaqar::Queue", "properties": {"name": "alarms"}},
            "alarm": {
                "type": "OS::Aodh::EventAlarm",
                "properties": {
                    "event_type": "compute.instance.*",
                    "query": [{"field": "traits.state", "op": "eq", "value": "error"}],
                    "alarm_queues": [{"get_resource": "queue"}],
                },
            },
        },
    }
    async with signed_in(hearth_url, "demo") as living:
        stack = await living.create("told", template)
        event = {"event_type": "compute.instance.update", "traits": {"state": "active"}}
        await living.cloud.request("alarming", "POST", "/v2/events", json=[event])
        listing = "/v2/queues/alarms/messages"
        before = await living.cloud.get("messaging", listing, headers=client)
        assert not (before.body or {}).get("messages"), "it is not about that event"
        event["traits"] = {"state": "error"}
        await living.cloud.request("alarming", "POST", "/v2/events", json=[event])
        messages = (await living.cloud.get("messaging", listing, headers=client)).body["messages"]
        assert [one["body"]["body"]["current"] for one in messages] == ["alarm"]
        await stack.delete()


async def test_a_cloudformation_template_scales_by_its_own_alarm(hearth_url: str) -> None:
    def made(kind: str, **given: Any) -> dict[str, Any]:
        return {"Type": kind, "Properties": given}

    config = made("AWS::AutoScaling::LaunchConfiguration", ImageId="cirros", InstanceType="m1.tiny")
    group = made(
        "AWS::AutoScaling::AutoScalingGroup",
        AvailabilityZones=["nova"],
        MinSize=1,
        MaxSize=3,
        LaunchConfigurationName={"Ref": "config"},
    )
    policy = made(
        "AWS::AutoScaling::ScalingPolicy",
        AutoScalingGroupName={"Ref": "group"},
        AdjustmentType="ChangeInCapacity",
        ScalingAdjustment=1,
    )
    alarm = made(
        "AWS::CloudWatch::Alarm",
        MetricName="requests",
        Statistic="Average",
        ComparisonOperator="GreaterThanThreshold",
        Threshold="10.5",
        Period="60",
        EvaluationPeriods="1",
        Dimensions=[{"Name": "server_group", "Value": "cfn"}],
        AlarmActions=[{"Ref": "policy"}],
    )
    template = {
        "HeatTemplateFormatVersion": "2012-12-12",
        "Resources": {"config": config, "group": group, "policy": policy, "alarm": alarm},
        "Outputs": {"members": {"Value": {"Fn::GetAtt": ["group", "InstanceList"]}}},
    }
    # Members that cost nothing: what is in the group is shown elsewhere.
    environment = {"resource_registry": {"OS::Heat::ScaledResource": "OS::Heat::None"}}
    async with signed_in(hearth_url, "demo") as living:
        stack = await living.create("cfn", template, environment=environment)
        assert await size(stack) == "0.0.0.0"
        await living.cloud.request("metric", "POST", "/v1/resource/instance", json={"id": "it", "server_group": "cfn"})
        batch = "/v1/batch/resources/metrics/measures"
        await living.cloud.request("metric", "POST", batch, json={"it": {"requests": [{"value": 11}]}})
        await until_size(stack, "0.0.0.0,0.0.0.0")
        alarm["Properties"]["Threshold"] = "many"
        with pytest.raises(errors.BadRequest, match="Threshold 'many' is no number"):
            await living.api("PUT", stack.path, {"template": template, "environment": environment})
        await stack.delete()
