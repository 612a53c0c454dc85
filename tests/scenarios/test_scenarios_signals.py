"""Signals and what waits for them."""

import asyncio
import dataclasses
import json

import pytest
from open_handle import HANDLE
from templates import after, hot, thing

from hearth.engine import signals
from hearth.model.errors import Forbidden, NotSupported
from hearth.store import stacks

DATA = {"get_attr": ["wait", "data"]}


def handle(transport):
    return {"type": "OS::Heat::WaitConditionHandle", "properties": {"signal_transport": transport}}


def condition(count=1, timeout=600, of="handle"):
    given = {"handle": {"get_resource": of}, "count": count, "timeout": timeout}
    return {"type": "OS::Heat::WaitCondition", "properties": given}


def waiting(count=1, timeout=600):
    return hot({"handle": HANDLE, "wait": condition(count, timeout), "next": after(thing(), "wait")}, {"data": DATA})


async def signal(world, stack, body=None, name="handle"):
    await world.service.signal(world.caller, stack, name, body)


async def told(world, stack, name="handle"):
    found = await world.service.list_events(world.caller, stack, resource_name=name, sort_dir="asc")
    return [one["resource_status_reason"] for one in found if one["resource_status"].startswith("SIGNAL")]


async def test_a_wait_condition_holds_up_what_depends_on_it(world):
    stack = await world.create(waiting(count=2))
    await world.until_resource(stack, "wait", "CREATE_IN_PROGRESS")
    await signal(world, stack, {"data": "one"})
    assert (await world.statuses(stack))["next"] == "INIT_COMPLETE"
    await signal(world, stack, {"data": {"two": 2}, "reason": "because"})
    await world.until(stack, "CREATE_COMPLETE")
    assert json.loads(await world.output(stack, "data")) == {"1": "one", "2": {"two": 2}}
    assert await told(world, stack) == [
        "Signal: status:SUCCESS reason:Signal 1 received",
        "Signal: status:SUCCESS reason:because",
    ]


async def test_later_signals_are_seen_in_outputs_and_metadata(world):
    template = waiting()
    template["resources"]["reader"] = {**thing(), "metadata": {"seen": DATA}}
    stack = await world.create(template)
    await world.until_resource(stack, "wait", "CREATE_IN_PROGRESS")
    await signal(world, stack, {"data": "one"})
    await world.until(stack, "CREATE_COMPLETE")
    await signal(world, stack, {"data": "more", "id": "x"})
    assert json.loads(await world.output(stack, "data")) == {"1": "one", "x": "more"}
    seen = await world.service.resource_metadata(world.caller, stack, "reader")
    assert json.loads(seen["seen"]) == {"1": "one", "x": "more"}
    shown = await world.service.show_resource(world.caller, stack, "wait")
    assert json.loads(shown["attributes"]["data"]) == {"1": "one", "x": "more"}


async def test_signals_survive_an_update_that_changes_nothing(world):
    template = waiting()
    stack = await world.create(template)
    await world.until_resource(stack, "wait", "CREATE_IN_PROGRESS")
    await signal(world, stack, {"data": "one"})
    await world.until(stack, "CREATE_COMPLETE")
    count = len(await world.events(stack))
    await world.update(stack, template)
    await world.until(stack, "UPDATE_COMPLETE")
    assert (await world.events(stack))[count:] == [("stack", "UPDATE_IN_PROGRESS"), ("stack", "UPDATE_COMPLETE")]
    assert "1" in await world.service.resource_metadata(world.caller, stack, "handle")


async def test_the_same_id_counts_once(world):
    stack = await world.create(waiting(count=2))
    await world.until_resource(stack, "wait", "CREATE_IN_PROGRESS")
    for _ in range(3):
        await signal(world, stack, {"id": "same"})
    await signal(world, stack, {"id": "other"})
    await world.until(stack, "CREATE_COMPLETE")
    assert set(json.loads(await world.output(stack, "data"))) == {"same", "other"}


async def test_many_signals_at_once_all_count(world):
    stack = await world.create(waiting(count=60))
    await world.until_resource(stack, "handle", "CREATE_COMPLETE")
    await asyncio.gather(*(signal(world, stack, {"data": number}) for number in range(60)))
    await world.until(stack, "CREATE_COMPLETE")
    assert sorted(json.loads(await world.output(stack, "data")).values()) == list(range(60))


async def test_a_bad_signal_fails_the_condition_with_its_reason(world):
    stack = await world.create(waiting(count=3))
    await world.until_resource(stack, "wait", "CREATE_IN_PROGRESS")
    await signal(world, stack, {"status": "FAILURE", "reason": "disk full"})
    shown = await world.until(stack, "CREATE_FAILED")
    assert shown["stack_status_reason"] == ("Resource CREATE failed: WaitConditionFailure: resources.wait: disk full")
    assert json.loads(await world.output(stack, "data")) == {"1": None}


async def test_a_condition_gives_up_when_its_time_is_over(world):
    stack = await world.create(waiting(count=2, timeout=1))
    await world.until_resource(stack, "wait", "CREATE_IN_PROGRESS")
    await signal(world, stack, {"reason": "alone"})
    shown = await world.until(stack, "CREATE_FAILED")
    assert shown["stack_status_reason"].endswith("WaitConditionTimeout: resources.wait: 1 of 2 received - alone")


async def test_signals_are_taken_while_no_engine_runs(new_world):
    world = new_world()
    first = await world.start_engine()
    stack = await world.create(waiting())
    await world.until_resource(stack, "wait", "CREATE_IN_PROGRESS")
    await first.stop()
    await signal(world, stack)
    await world.start_engine()
    await world.until(stack, "CREATE_COMPLETE")
    await world.close()


async def test_the_time_limit_outlives_the_engine(new_world):
    world = new_world()
    first = await world.start_engine()
    stack = await world.create(waiting(timeout=1))
    await world.until_resource(stack, "wait", "CREATE_IN_PROGRESS")
    await first.stop()
    await world.start_engine()
    shown = await world.until(stack, "CREATE_FAILED")
    assert "0 of 1 received" in shown["stack_status_reason"]
    await world.close()


async def test_where_no_signal_is_to_come_none_is_waited_for(world):
    template = waiting(count=3)
    template["resources"]["handle"] = handle("NO_SIGNAL")
    stack = await world.create(template)
    await world.until(stack, "CREATE_COMPLETE")
    await signal(world, stack, {"data": "all the same"})
    assert json.loads(await world.output(stack, "data")) == {"1": "all the same"}


async def test_more_signals_wanted_by_an_update_are_waited_for(world):
    stack = await world.create(waiting())
    await world.until_resource(stack, "wait", "CREATE_IN_PROGRESS")
    await signal(world, stack)
    await world.until(stack, "CREATE_COMPLETE")
    await world.update(stack, waiting(count=2))
    await world.until_resource(stack, "wait", "UPDATE_IN_PROGRESS")
    await signal(world, stack)
    await world.until(stack, "UPDATE_COMPLETE")


async def test_an_update_meanwhile_uses_what_was_waited_for(world):
    stack = await world.create(waiting())
    await world.until_resource(stack, "wait", "CREATE_IN_PROGRESS")
    await world.update(stack, waiting())
    await signal(world, stack)
    await world.until(stack, "UPDATE_COMPLETE")
    assert await world.statuses(stack) == dict.fromkeys(("handle", "wait", "next"), "CREATE_COMPLETE")


async def test_a_waiting_stack_can_be_deleted(world):
    stack = await world.create(waiting())
    await world.until_resource(stack, "wait", "CREATE_IN_PROGRESS")
    await world.delete(stack)
    await world.until(stack, "DELETE_COMPLETE")


async def test_removing_a_condition_forgets_what_it_was_told(world):
    stack = await world.create(waiting())
    await world.until_resource(stack, "wait", "CREATE_IN_PROGRESS")
    await signal(world, stack)
    await world.until(stack, "CREATE_COMPLETE")
    await world.update(stack, hot({"handle": HANDLE}))
    await world.until(stack, "UPDATE_COMPLETE")
    assert not await world.service.resource_metadata(world.caller, stack, "handle")


async def test_cloudformation_conditions_take_four_keys(world):
    template = hot(
        {
            "handle": {"type": "AWS::CloudFormation::WaitConditionHandle"},
            "wait": {
                "type": "AWS::CloudFormation::WaitCondition",
                "properties": {"Handle": {"get_resource": "handle"}, "Timeout": 60},
            },
        },
        {"data": {"get_attr": ["wait", "Data"]}},
    )
    stack = await world.create(template)
    await world.until_resource(stack, "wait", "CREATE_IN_PROGRESS")
    with pytest.raises(signals.BadSignal, match="UniqueId"):
        await signal(world, stack, {"Status": "SUCCESS", "Data": "d", "Reason": "r"})
    await signal(world, stack, {"Status": "SUCCESS", "UniqueId": "1", "Data": "d", "Reason": "r"})
    await world.until(stack, "CREATE_COMPLETE")
    assert await world.output(stack, "data") == '{"1": "d"}'


async def test_an_update_handle_makes_its_condition_wait_again(world):
    template = hot({"handle": {"type": "OS::Heat::UpdateWaitConditionHandle"}, "wait": condition()})
    good = {"Status": "SUCCESS", "UniqueId": "1", "Data": "d", "Reason": "r"}
    stack = await world.create(template)
    await world.until_resource(stack, "wait", "CREATE_IN_PROGRESS")
    await signal(world, stack, good)
    await world.until(stack, "CREATE_COMPLETE")
    before = await world.resources(stack)
    await world.update(stack, template)
    await world.until_resource(stack, "wait", "CREATE_IN_PROGRESS")
    await signal(world, stack, good)
    await world.until(stack, "UPDATE_COMPLETE")
    now = await world.resources(stack)
    for name in ("handle", "wait"):
        assert now[name]["physical_resource_id"] != before[name]["physical_resource_id"]


# ---- refused ----


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"status": "MAYBE"}, "neither SUCCESS nor FAILURE"),
        ({"statsu": "SUCCESS"}, "statsu"),
        ("text", "not a map"),
    ],
)
async def test_a_signal_that_is_not_understood_changes_nothing(world, body, said):
    stack = await world.create(hot({"handle": HANDLE}))
    await world.until(stack, "CREATE_COMPLETE")
    with pytest.raises(signals.BadSignal, match=said):
        await signal(world, stack, body)
    assert not await world.service.resource_metadata(world.caller, stack, "handle")
    assert await told(world, stack) == []


async def test_types_that_take_no_signals_say_so(world):
    stack = await world.create(hot({"a": thing()}))
    await world.until(stack, "CREATE_COMPLETE")
    with pytest.raises(signals.NoSignals) as refused:
        await signal(world, stack, {}, "a")
    assert (refused.value.kind, refused.value.status) == ("ResourceActionNotSupported", 400)


async def test_no_signals_while_it_is_deleted(world):
    slow = thing(action_wait_secs={"delete": 30})
    stack = await world.create(hot({"handle": HANDLE, "slow": after(slow, "handle")}))
    await world.until(stack, "CREATE_COMPLETE")
    await world.delete(stack)
    with pytest.raises(NotSupported, match="Signal resource during DELETE"):
        await signal(world, stack, {})


async def test_a_condition_of_an_unknown_handle_says_so(world):
    wait = condition()
    wait["properties"]["handle"] = "http://somewhere/else"
    stack = await world.create(hot({"wait": wait}))
    shown = await world.until(stack, "CREATE_FAILED")
    assert "http://somewhere/else" in shown["stack_status_reason"]


async def test_a_stack_user_reaches_its_own_resource_only(world):
    stack = await world.create(hot({"handle": HANDLE}))
    await world.until(stack, "CREATE_COMPLETE")
    await world.store.write(lambda c: stacks.update(c, stack.id, stack_user_project_id="users"))
    stranger = dataclasses.replace(world.caller, project_id="users", user_id="other", roles=("heat_stack_user",))
    with pytest.raises(Forbidden):
        await world.service.signal(stranger, stack, "handle", {})
    with pytest.raises(Forbidden):
        await world.service.resource_metadata(stranger, stack, "handle")


@pytest.mark.parametrize("transport", ["TOKEN_SIGNAL", "HEAT_SIGNAL", "CFN_SIGNAL"])
async def test_a_handle_that_needs_a_user_says_what_is_not_configured(world, transport):
    stack = await world.create(hot({"handle": handle(transport)}))
    shown = await world.until(stack, "CREATE_FAILED")
    assert "stack_user_domain_name" in shown["stack_status_reason"]
    await world.delete(stack)
    await world.until(stack, "DELETE_COMPLETE")
