"""Alarms that Hearth watches over by itself, in stacks: made, changed, suspended, and acting on groups."""

import asyncio
from typing import Any

import pytest
from living import LOOK_AGAIN, Living, Stack, running, signed_in

from hearth.cloud import errors
from hearth.engine import rounds

ALARM = "OS::Heat::CWLiteAlarm"


@pytest.fixture
async def living(tmp_path, monkeypatch):
    monkeypatch.setattr(rounds, "SWEEP", 0.05)
    async with running(tmp_path) as url, signed_in(url, "demo") as one:
        yield one


def alarm(**properties: Any) -> dict[str, Any]:
    """One that goes off as soon as a period has passed without a heartbeat."""
    given = {"MetricName": "Heartbeat", "Namespace": "system/linux", "Statistic": "SampleCount"}
    given |= {"ComparisonOperator": "LessThanThreshold", "Threshold": "1", "Period": "1", "EvaluationPeriods": "1"}
    return {"type": ALARM, "properties": given | properties}


def template(kind: str = ALARM, action: Any = None, **more: Any) -> dict[str, Any]:
    """A group of up to three that grows when the alarm goes off."""
    group = {
        "type": "OS::Heat::AutoScalingGroup",
        "properties": {
            "min_size": 1,
            "max_size": 3,
            "resource": {"type": "OS::Heat::RandomString", "properties": {"length": 4}},
        },
    }
    policy = {
        "type": "OS::Heat::ScalingPolicy",
        "properties": {
            "auto_scaling_group_id": {"get_resource": "group"},
            "scaling_adjustment": 1,
            "adjustment_type": "change_in_capacity",
        },
    }
    watched = alarm(AlarmActions=[action or {"get_attr": ["grow", "alarm_url"]}], **more)
    return {
        "heat_template_version": "2018-08-31",
        "resources": {"group": group, "grow": policy, "alarm": {**watched, "type": kind}},
        "outputs": {"size": {"value": {"get_attr": ["group", "current_size"]}}},
    }


def only(**properties: Any) -> dict[str, Any]:
    return {"heat_template_version": "2018-08-31", "resources": {"alarm": alarm(**properties)}}


async def shown(stack: Stack) -> dict[str, Any]:
    found = await stack.living.api("GET", f"{stack.path}/resources/alarm")
    return dict(found["resource"]["attributes"])


async def until(stack: Stack, state: str = "", reason: str = "") -> dict[str, Any]:
    """Wait for a state of its alarm, or a part of the reason."""
    async with asyncio.timeout(30):
        while True:
            seen = await shown(stack)
            if state in ("", seen["State"]) and reason in seen["StateReason"]:
                return seen
            await asyncio.sleep(LOOK_AGAIN)


async def until_size(stack: Stack, wanted: Any) -> None:
    async with asyncio.timeout(30):
        while True:
            if (await stack.show())["outputs"][0]["output_value"] == wanted:
                return
            await asyncio.sleep(LOOK_AGAIN)


async def events(stack: Stack, name: str) -> list[str]:
    listed = (await stack.living.api("GET", f"{stack.path}/resources/{name}/events"))["events"]
    return [one["resource_status_reason"] for one in listed if one["resource_status"].startswith("SIGNAL")]


@pytest.mark.parametrize(
    "action", [{"get_attr": ["grow", "alarm_url"]}, {"get_attr": ["grow", "signal_url"]}, {"get_resource": "grow"}]
)
async def test_a_group_grows_as_long_as_its_alarm_lasts(living: Living, action: Any) -> None:
    stack = await living.create("web", template(action=action))
    await until_size(stack, 3)
    reasons = await events(stack, "grow")
    assert any(one.endswith("SampleCount 0: LessThanThreshold 1.") for one in reasons)
    await stack.delete()


async def test_an_environment_maps_the_type_of_aws_to_it(living: Living) -> None:
    mapped = {"resource_registry": {"AWS::CloudWatch::Alarm": ALARM}}
    stack = await living.create("web", template("AWS::CloudWatch::Alarm"), environment=mapped)
    await until_size(stack, 2)
    await stack.delete()


async def test_an_alarm_is_changed_in_place_and_keeps_its_state(living: Living) -> None:
    stack = await living.create("web", only())
    name = await stack.physical_id("alarm")
    await until(stack, "ALARM")
    await stack.update(template=only(ComparisonOperator="LessThanOrEqualToThreshold", Period="2", Threshold="0"))
    assert await stack.physical_id("alarm") == name
    assert (await shown(stack))["State"] == "ALARM"
    await stack.update(template=only(ComparisonOperator="GreaterThanThreshold"))
    await until(stack, "NORMAL")


async def test_another_metric_makes_another_alarm(living: Living) -> None:
    stack = await living.create("web", only())
    name = await stack.physical_id("alarm")
    for properties in ({"MetricName": "other"}, {"Namespace": "other"}, {"Dimensions": [{"Name": "a", "Value": "b"}]}):
        await stack.update(template=only(**properties))
        former, name = name, await stack.physical_id("alarm")
        assert name != former


async def test_a_suspended_stack_is_not_watched(living: Living) -> None:
    stack = await living.create("web", only())
    await until(stack, "ALARM")
    await living.api("POST", f"{stack.path}/actions", {"suspend": None})
    await stack.until("SUSPEND_COMPLETE")
    assert (await shown(stack))["State"] == "SUSPENDED"
    await living.api("POST", f"{stack.path}/actions", {"resume": None})
    await stack.until("RESUME_COMPLETE")
    await until(stack, "ALARM")
    await stack.check("CHECK_COMPLETE")


async def test_an_action_without_a_target_is_told_with_the_alarm(living: Living) -> None:
    stack = await living.create("web", only(AlarmActions=["nobody"]))
    seen = await until(stack, reason="An action failed")
    assert seen["StateReason"].endswith("no resource of the stack that takes signals has the reference 'nobody'")


async def test_the_alarm_of_another_project_reaches_nobody(living: Living) -> None:
    stack = await living.create("web", template(Threshold="0"))
    url = (await stack.living.api("GET", f"{stack.path}/resources/grow"))["resource"]["attributes"]["alarm_url"]
    async with signed_in(living.cloud.endpoint("identity").partition("/identity")[0], "admin") as other:
        stranger = await other.create("theirs", only(AlarmActions=[url]))
        seen = await until(stranger, reason="An action failed: the address is of no stack of the project")
        assert "Signature" not in seen["StateReason"]
    assert await events(stack, "grow") == []


@pytest.mark.parametrize(
    ("properties", "told"),
    [
        ({"Period": "0"}, "Period 0 is less than 1."),
        ({"Period": "soon"}, "Period 'soon' is no number."),
        ({"Threshold": "nan"}, "Threshold 'nan' is no number."),
        ({"Period": "3600", "EvaluationPeriods": "25"}, "longer than the 86400 s"),
        ({"AlarmActions": ["http://169.254.169.254/latest"]}, "The address is not one for signals to a resource."),
        ({"Dimensions": [{"Name": "a"}]}, "The dimension has no Name and Value."),
        ({"Statistic": "Median"}, "Median"),
    ],
)
async def test_wrong_properties_are_told(living: Living, properties: Any, told: str) -> None:
    with pytest.raises(errors.CloudError, match=told.replace(".", r"\.")):
        await living.begin("web", only(**properties))
