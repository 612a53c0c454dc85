"""Suspend, resume, check, cancel: actions that take the stack as it is."""

import pytest
from templates import after, hot, output_of, thing

from hearth.model.errors import NotSupported


async def act(world, stack, action):
    await world.service.action(world.caller, stack, action)


async def done(world, stack, action, status):
    return [name for name, seen in await world.events(stack) if seen == f"{action}_{status}" and name != "stack"]


async def test_suspend_goes_from_users_to_used_and_resume_the_other_way(world):
    stack = await world.create(hot({"a": thing(), "b": after(thing(), "a"), "c": after(thing(), "b")}))
    await world.until(stack, "CREATE_COMPLETE")
    await act(world, stack, "suspend")
    await world.until(stack, "SUSPEND_COMPLETE")
    assert await done(world, stack, "SUSPEND", "COMPLETE") == ["c", "b", "a"]
    await act(world, stack, "resume")
    await world.until(stack, "RESUME_COMPLETE")
    assert await done(world, stack, "RESUME", "COMPLETE") == ["a", "b", "c"]


async def test_a_suspended_stack_refuses_updates(world):
    stack = await world.create(hot({"a": thing()}))
    await world.until(stack, "CREATE_COMPLETE")
    await act(world, stack, "suspend")
    await world.until(stack, "SUSPEND_COMPLETE")
    with pytest.raises(NotSupported):
        await world.update(stack, hot({}))


async def test_suspending_twice_does_nothing_the_second_time(world):
    stack = await world.create(hot({"a": thing()}))
    await world.until(stack, "CREATE_COMPLETE")
    await act(world, stack, "suspend")
    await world.until(stack, "SUSPEND_COMPLETE")
    count = len(await world.events(stack))
    await act(world, stack, "suspend")
    assert len(await world.events(stack)) == count


async def test_what_failed_cannot_be_suspended(world):
    stack = await world.create(hot({"bad": thing(fail=True)}))
    await world.until(stack, "CREATE_FAILED", "CREATE_COMPLETE")
    await act(world, stack, "suspend")
    shown = await world.until(stack, "SUSPEND_FAILED", "SUSPEND_COMPLETE")
    assert "State ('CREATE', 'FAILED') invalid for suspend" in shown["stack_status_reason"]


async def test_nested_stacks_are_suspended_with_their_owner(world):
    group = {"type": "OS::Heat::ResourceGroup", "properties": {"count": 2, "resource_def": thing()}}
    stack = await world.create(hot({"group": group}))
    await world.until(stack, "CREATE_COMPLETE")
    await act(world, stack, "suspend")
    await world.until(stack, "SUSPEND_COMPLETE")
    found = await world.resources(stack, nested_depth=2)
    assert {one["resource_status"] for one in found.values()} == {"SUSPEND_COMPLETE"}


async def test_check_looks_at_everything_and_says_what_it_cannot(world):
    template = hot({"a": thing(), "b": {"type": "OS::Heat::RandomString"}})
    stack = await world.create(template)
    await world.until(stack, "CREATE_COMPLETE")
    await act(world, stack, "check")
    shown = await world.until(stack, "CHECK_COMPLETE")
    found = await world.resources(stack)
    assert found["a"]["resource_status_reason"] == "state changed"
    assert found["b"]["resource_status_reason"] == "CHECK not supported for OS::Heat::RandomString"
    assert shown["stack_status_reason"].endswith("'CHECK' not fully supported (see resources)")


async def test_cancelling_an_update_rolls_it_back(world):
    stack = await world.create(hot({"a": thing("1")}, {"a": output_of("a")}))
    await world.until(stack, "CREATE_COMPLETE")
    slow = hot({"a": thing("2", action_wait_secs={"update": 0.2}), "b": thing(wait_secs=0.2)}, {"a": output_of("a")})
    await world.update(stack, slow)
    await act(world, stack, "cancel_update")
    await world.until(stack, "ROLLBACK_COMPLETE")
    assert await world.output(stack, "a") == "1"
    assert set(await world.statuses(stack)) == {"a"}


async def test_cancelling_without_rollback_stops_where_it_is(world):
    stack = await world.create(hot({"slow": thing(action_wait_secs={"create": 60}), "next": after(thing(), "slow")}))
    await world.until_resource(stack, "slow", "CREATE_IN_PROGRESS")
    await act(world, stack, "cancel_without_rollback")
    shown = await world.until(stack, "CREATE_FAILED", "CREATE_COMPLETE")
    assert shown["stack_status_reason"] == "Stack CREATE cancelled"
    found = await world.resources(stack)
    assert found["slow"]["resource_status_reason"] == "CREATE aborted (user triggered cancel)"
    assert found["next"]["resource_status"] == "INIT_COMPLETE"


@pytest.mark.parametrize("action", ["cancel_update", "cancel_without_rollback"])
async def test_there_must_be_something_to_cancel(world, action):
    stack = await world.create(hot({}))
    await world.until(stack, "CREATE_COMPLETE")
    with pytest.raises(NotSupported):
        await act(world, stack, action)


async def test_what_is_refused_leaves_the_resource_as_it_was(world):
    stack = await world.create(hot({"a": thing("v1")}))
    await world.until(stack, "CREATE_COMPLETE")
    await act(world, stack, "resume")
    shown = await world.until(stack, "RESUME_FAILED", "RESUME_COMPLETE")
    assert "State ('CREATE', 'COMPLETE') invalid for resume" in shown["stack_status_reason"]
    assert await world.statuses(stack) == {"a": "CREATE_COMPLETE"}
    before = (await world.resources(stack))["a"]["physical_resource_id"]
    await world.update(stack, hot({"a": thing("v2")}))
    await world.until(stack, "UPDATE_COMPLETE")
    assert (await world.resources(stack))["a"]["physical_resource_id"] == before


async def test_what_was_never_made_is_neither_suspended_nor_resumed(world):
    stack = await world.create(hot({"bad": thing(fail=True), "never": after(thing(), "bad")}))
    await world.until(stack, "CREATE_FAILED", "CREATE_COMPLETE")
    await act(world, stack, "suspend")
    await world.until(stack, "SUSPEND_FAILED", "SUSPEND_COMPLETE")
    assert (await world.statuses(stack))["never"] == "INIT_COMPLETE"
