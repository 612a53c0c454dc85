"""Lite alarms of a Heat, which gave them up itself, are watched over again once their stack is taken over."""

import dataclasses
from typing import Any

import pytest
from templates import hot

from hearth.engine import alarm_rounds
from hearth.engine.lite_alarms import Sample
from hearth.model.names import StackIdentity
from hearth.store import lite_alarms
from hearth.takeover.ciphers import Ciphers
from hearth.takeover.report import Outcome
from hearth.takeover.source import Selection, Source
from hearth.takeover.taking import Taking
from heat_database import KEY, PROJECT, HeatDatabase

GIVEN = {
    "MetricName": "cpu",
    "Namespace": "servers",
    "Statistic": "Average",
    "ComparisonOperator": "GreaterThanThreshold",
    "Threshold": "50",
    "Period": "60",
    "EvaluationPeriods": "1",
}


@dataclasses.dataclass
class Receiver:
    """Where the signals of alarms arrive."""

    came: list[str] = dataclasses.field(default_factory=list)

    async def send(self, action: lite_alarms.ActionRow) -> None:
        self.came.append(action.action)


@pytest.fixture
def heat(tmp_path):
    return HeatDatabase(tmp_path / "heat.sqlite")


async def take(world, heat, **options):
    """What is said of each stack, by name."""
    source = Source(heat.url)
    taking = Taking(source, world.context, world.kept, Ciphers([KEY]), **options)
    try:
        return {line.name: line async for line in taking.take(Selection())}
    finally:
        source.close()


def alarm(kind: str = "OS::Heat::CWLiteAlarm", **properties: Any) -> dict[str, Any]:
    return {"type": kind, "properties": {**GIVEN, **properties}}


def watched(heat, template, name="web", environment=None, **values: Any) -> StackIdentity:
    """A stack with a resource that is signalled, and an alarm; as a rule one made since the type is a placeholder."""
    template = hot({"grow": {"type": "OS::Heat::RandomString"}, **template}, {"name": {"get_resource": "alarm"}})
    stack_id = heat.stack(name, heat.template(template, environment=environment))
    action = values.get("action", "CREATE")
    heat.resource(stack_id, "grow", "grow-1", {"length": 32}, secrets={"value": "s3cret"}, action=action)
    given: dict[str, Any] = {"physical_id": "0d3a", "properties": {}, **values}
    heat.resource(stack_id, "alarm", given.pop("physical_id"), given.pop("properties"), **given)
    return StackIdentity(PROJECT, name, stack_id)


async def stored(world) -> list[lite_alarms.AlarmRow]:
    return await world.service.lite_alarms.alarms(world.caller)


async def judged(world) -> Receiver:
    """Let a period pass, with a value beyond the threshold in it; what is signalled."""
    world.later(30)
    await world.service.lite_alarms.put(world.caller, [Sample("servers", "cpu", 93.0)])
    world.later(31)
    receiver = Receiver()
    await alarm_rounds.AlarmRounds(world.context, receiver, "me").work()
    return receiver


@pytest.mark.parametrize(
    ("left", "name"),
    [
        ({"physical_id": None, "properties": {**GIVEN, "AlarmActions": ["s3cret"]}}, "web-alarm"),
        ({}, "0d3a"),
    ],
    ids=["made when Heat had alarms", "made since"],
)
async def test_an_alarm_works_again(world, heat, left, name):
    template = {"alarm": alarm(AlarmActions=[{"get_resource": "grow"}])}
    stack = watched(heat, template, **left)
    line = (await take(world, heat))["web"]
    assert (line.outcome, line.notes) == (Outcome.TAKEN, ())
    (row,) = await stored(world)
    assert (row.name, row.state, row.rule.threshold, row.rule.period) == (name, "NODATA", 50.0, 60)
    assert await world.output(stack, "name") == name
    assert (await judged(world)).came == ["s3cret"], "what the reference of the resource is"
    (row,) = await stored(world)
    assert row.state == "ALARM"


async def test_an_alarm_stays_as_it_is_when_its_stack_is_updated(world, heat):
    resources = {"alarm": alarm(AlarmActions=[{"get_resource": "grow"}])}
    stack = watched(heat, resources)
    await take(world, heat)
    template = hot({"grow": {"type": "OS::Heat::RandomString"}, **resources}, {"name": {"get_resource": "alarm"}})
    assert (await world.preview(stack, template))["unchanged"] == {"grow", "alarm"}
    template["resources"]["alarm"] = alarm(Threshold="95")
    await world.update(stack, template)
    await world.until(stack, "UPDATE_COMPLETE")
    (row,) = await stored(world)
    assert (row.name, row.rule.threshold) == ("0d3a", 95.0)
    await world.delete(stack)
    await world.until(stack, "DELETE_COMPLETE")
    assert await stored(world) == []


async def test_what_an_environment_made_a_lite_alarm_is_one(world, heat):
    environment = {"resource_registry": {"AWS::CloudWatch::Alarm": "OS::Heat::CWLiteAlarm"}}
    watched(heat, {"alarm": alarm("AWS::CloudWatch::Alarm")}, environment=environment)
    await take(world, heat)
    assert [one.rule.metric for one in await stored(world)] == ["cpu"]


async def test_a_suspended_alarm_waits_until_it_is_resumed(world, heat):
    stack = watched(heat, {"alarm": alarm()}, action="SUSPEND")
    heat.change("stack", stack.id, action="SUSPEND")
    await take(world, heat)
    assert [one.state for one in await stored(world)] == ["SUSPENDED"]
    await world.service.action(world.caller, stack, "resume")
    await world.until(stack, "RESUME_COMPLETE")
    assert [one.state for one in await stored(world)] == ["NODATA"]


async def test_one_that_was_never_made_or_is_gone_is_not_watched(world, heat):
    watched(heat, {"alarm": alarm()}, action="INIT")
    watched(heat, {"alarm": alarm()}, "other", action="DELETE", status="FAILED")
    assert {line.outcome for line in (await take(world, heat)).values()} == {Outcome.TAKEN}
    assert await stored(world) == []


async def test_a_look_before_stores_nothing(world, heat):
    watched(heat, {"alarm": alarm()})
    assert (await take(world, heat, dry_run=True))["web"].outcome is Outcome.WOULD_BE
    assert await stored(world) == []


async def test_an_alarm_that_cannot_be_is_told_of(world, heat):
    watched(heat, {"alarm": alarm(Period={"get_attr": ["grow", "value"]})})
    line = (await take(world, heat))["web"]
    assert line.outcome is Outcome.TAKEN
    assert any(one.startswith("alarm: it is not watched over: ") for one in line.notes), line.notes
    assert await stored(world) == []


async def test_a_project_gets_no_more_alarms_than_it_may_have(new_world, heat):
    world = new_world(max_lite_alarms_per_tenant=1)
    try:
        watched(heat, {"alarm": alarm()})
        watched(heat, {"alarm": alarm()}, "other")
        two = hot({"a": alarm(), "b": alarm()})
        stack_id = heat.stack("two", heat.template(two))
        for name in ("a", "b"):
            heat.resource(stack_id, name, f"two-{name}", {})
        for dry_run in (True, False):
            lines = await take(world, heat, dry_run=dry_run)
        assert sorted(line.outcome for line in lines.values()) == sorted([Outcome.TAKEN, Outcome.LEFT, Outcome.LEFT])
        left = [line for line in lines.values() if line.outcome is Outcome.LEFT]
        assert all("max_lite_alarms_per_tenant" in line.next for line in left)
        assert len(await stored(world)) == 1
    finally:
        await world.close()
