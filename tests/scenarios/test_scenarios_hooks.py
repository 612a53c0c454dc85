"""Hooks: resources that stop until somebody says go, in the words that clients look for."""

import asyncio
import json

import pytest
from templates import after, hot, output_of, thing

from hearth.engine import hooks


def hooked(*several: str, name: str = "a"):
    return {"resource_registry": {"resources": {name: {"hooks": list(several)}}}}


async def clear(world, stack, hook, name="a"):
    await world.service.signal(world.caller, stack, name, {"unset_hook": hook})


async def reasons(world, stack, name="a"):
    found = await world.service.list_events(world.caller, stack, resource_name=name, sort_dir="asc")
    return [f"{one['resource_status']}: {one['resource_status_reason']}" for one in found]


async def until_stopped(world, stack, hook, name="a", times=1):
    async with asyncio.timeout(20):
        while True:
            found = await world.service.list_events(world.caller, stack, sort_dir="asc")
            told = [one["resource_status_reason"] for one in found if one["resource_name"] == name]
            if sum(one.endswith(f" paused until Hook {hook} is cleared") for one in told) >= times:
                return
            await asyncio.sleep(0.01)


async def test_a_creation_stops_before_and_after_and_others_go_on(world):
    template = hot({"a": thing("1"), "b": after(thing("1"), "a"), "other": thing()})
    stack = await world.create(template, environment=hooked("pre-create", "post-create"))
    await until_stopped(world, stack, "pre-create")
    await world.until_resource(stack, "other", "CREATE_COMPLETE")
    assert (await world.statuses(stack))["a"] == "INIT_COMPLETE"
    await clear(world, stack, "pre-create")
    await until_stopped(world, stack, "post-create")
    assert (await world.statuses(stack))["b"] == "INIT_COMPLETE"
    await clear(world, stack, "post-create")
    await world.until(stack, "CREATE_COMPLETE")
    assert await reasons(world, stack) == [
        "INIT_COMPLETE: CREATE paused until Hook pre-create is cleared",
        "INIT_COMPLETE: Hook pre-create is cleared",
        "CREATE_IN_PROGRESS: state changed",
        "CREATE_COMPLETE: state changed",
        "CREATE_COMPLETE: CREATE paused until Hook post-create is cleared",
        "CREATE_COMPLETE: Hook post-create is cleared",
    ]


async def test_an_update_stops_at_what_is_there_even_when_nothing_changes(world):
    environment = hooked("pre-update", "post-update")
    template = hot({"a": thing("1"), "b": after(thing("1"), "a")})
    stack = await world.create(template, environment=environment)
    await world.until(stack, "CREATE_COMPLETE")
    await world.update(stack, template, environment=environment)
    await until_stopped(world, stack, "pre-update")
    await clear(world, stack, "pre-update")
    await world.until(stack, "UPDATE_COMPLETE")
    assert (await reasons(world, stack))[2:] == [
        "CREATE_COMPLETE: UPDATE paused until Hook pre-update is cleared",
        "CREATE_COMPLETE: Hook pre-update is cleared",
    ]
    await world.update(stack, hot({"a": thing("2"), "b": after(thing("2"), "a")}), environment=environment)
    await until_stopped(world, stack, "pre-update", times=2)
    await clear(world, stack, "pre-update")
    await until_stopped(world, stack, "post-update")
    assert (await world.statuses(stack))["b"] == "CREATE_COMPLETE"
    await clear(world, stack, "post-update")
    await world.until(stack, "UPDATE_COMPLETE")
    assert (await reasons(world, stack))[-4:] == [
        "UPDATE_IN_PROGRESS: state changed",
        "UPDATE_COMPLETE: state changed",
        "UPDATE_COMPLETE: UPDATE paused until Hook post-update is cleared",
        "UPDATE_COMPLETE: Hook post-update is cleared",
    ]


async def test_a_replacement_in_an_update_stops_before_it_only(world):
    environment = hooked("pre-create", "pre-update", "post-create", "pre-delete")
    stack = await world.create(hot({"other": thing()}), environment=environment)
    await world.until(stack, "CREATE_COMPLETE")
    await world.update(stack, hot({"a": thing(update_replace_value="x")}), environment=environment)
    await world.until(stack, "UPDATE_COMPLETE")
    await world.update(stack, hot({"a": thing(update_replace_value="y")}), environment=environment)
    await until_stopped(world, stack, "pre-update")
    # Until the replacement begins, the resource is still the one that is there.
    assert await world.statuses(stack) == {"a": "CREATE_COMPLETE"}
    replaced = (await world.resources(stack))["a"]["physical_resource_id"]
    await clear(world, stack, "pre-update")
    await world.until(stack, "UPDATE_COMPLETE")
    assert (await world.resources(stack))["a"]["physical_resource_id"] != replaced
    told = [one for one in await reasons(world, stack) if "pre-update" in one]
    assert told == [
        "CREATE_COMPLETE: UPDATE paused until Hook pre-update is cleared",
        "CREATE_COMPLETE: Hook pre-update is cleared",
    ]
    assert not [one for one in await reasons(world, stack) if "pre-create" in one or "pre-delete" in one]


async def test_a_deletion_stops_before_and_after(world):
    stack = await world.create(
        hot({"b": after(thing(), "a"), "a": thing()}), environment=hooked("pre-delete", "post-delete", name="b")
    )
    await world.until(stack, "CREATE_COMPLETE")
    await world.delete(stack)
    await until_stopped(world, stack, "pre-delete", "b")
    assert (await world.statuses(stack)) == {"a": "CREATE_COMPLETE", "b": "CREATE_COMPLETE"}
    await clear(world, stack, "pre-delete", "b")
    await until_stopped(world, stack, "post-delete", "b")
    assert (await world.statuses(stack))["a"] == "CREATE_COMPLETE"
    await clear(world, stack, "post-delete", "b")
    await world.until(stack, "DELETE_COMPLETE")


async def test_patterns_name_several_resources(world):
    stack = await world.create(
        hot({"web_1": thing(), "web_2": thing()}), environment=hooked("pre-create", name="web_*")
    )
    for name in ("web_1", "web_2"):
        await until_stopped(world, stack, "pre-create", name)
        await clear(world, stack, "pre-create", name)
    await world.until(stack, "CREATE_COMPLETE")


@pytest.mark.parametrize("hook", ["post-create", "pre-update", "nonsense"])
async def test_only_a_pending_hook_can_be_cleared(world, hook):
    stack = await world.create(hot({"a": thing()}), environment=hooked("pre-create"))
    await until_stopped(world, stack, "pre-create")
    with pytest.raises(hooks.InvalidHook) as refused:
        await clear(world, stack, hook)
    assert refused.value.kind == "InvalidBreakPointHook"
    await clear(world, stack, "pre-create")
    await world.until(stack, "CREATE_COMPLETE")
    with pytest.raises(hooks.InvalidHook):
        await clear(world, stack, "pre-create")


async def test_a_stop_outlives_the_engine(new_world):
    world = new_world()
    first = await world.start_engine()
    stack = await world.create(hot({"a": thing("done")}, {"a": output_of("a")}), environment=hooked("pre-create"))
    await until_stopped(world, stack, "pre-create")
    await first.stop()
    await clear(world, stack, "pre-create")
    await world.start_engine()
    await world.until(stack, "CREATE_COMPLETE")
    assert await world.output(stack, "a") == "done"
    await world.close()


async def test_the_timeout_ends_a_stop(new_world):
    world = new_world(stack_action_timeout=1)
    await world.start_engine()
    stack = await world.create(hot({"a": thing()}), environment=hooked("pre-create"))
    await until_stopped(world, stack, "pre-create")
    shown = await world.until(stack, "CREATE_FAILED")
    assert shown["stack_status_reason"] == "Timed out"
    assert (await reasons(world, stack))[-1] == "INIT_COMPLETE: Failure occurred while waiting."
    with pytest.raises(hooks.InvalidHook):
        await clear(world, stack, "pre-create")
    await world.close()


async def test_a_failure_elsewhere_ends_a_stop(world):
    stack = await world.create(
        hot({"a": thing(), "bad": thing(fail=True, wait_secs=0.2)}), environment=hooked("pre-create")
    )
    await until_stopped(world, stack, "pre-create")
    await world.until(stack, "CREATE_FAILED")


async def test_a_newer_update_stops_anew(world):
    environment = hooked("pre-update")
    stack = await world.create(hot({"a": thing("1")}), environment=environment)
    await world.until(stack, "CREATE_COMPLETE")
    await world.update(stack, hot({"a": thing("2")}), environment=environment)
    await until_stopped(world, stack, "pre-update")
    await world.update(stack, hot({"a": thing("3")}, {"a": output_of("a")}), environment=environment)
    await until_stopped(world, stack, "pre-update", times=2)
    await clear(world, stack, "pre-update")
    await world.until(stack, "UPDATE_COMPLETE")
    assert await world.output(stack, "a") == "3"


async def test_hooks_inside_and_around_a_nested_stack(world):
    inner = json.dumps(hot({"a": thing()}))
    hooks_of = {"outer": {"hooks": ["pre-create", "pre-delete"], "a": {"hooks": ["pre-create", "pre-delete"]}}}
    stack = await world.create(
        hot({"outer": {"type": "inner.yaml"}}),
        files={"inner.yaml": inner},
        environment={"resource_registry": {"resources": hooks_of}},
    )
    await until_stopped(world, stack, "pre-create", "outer")
    await clear(world, stack, "pre-create", "outer")
    child = await nested_in(world, stack, "outer")
    await until_stopped(world, child, "pre-create")
    await clear(world, child, "pre-create")
    await world.until(stack, "CREATE_COMPLETE")
    await world.delete(stack)
    await until_stopped(world, stack, "pre-delete", "outer")
    assert (await world.show(child))["stack_status"] == "CREATE_COMPLETE"
    await clear(world, stack, "pre-delete", "outer")
    await until_stopped(world, child, "pre-delete")
    await clear(world, child, "pre-delete")
    await world.until(stack, "DELETE_COMPLETE")


async def nested_in(world, stack, name):
    """The identity of the stack that a resource owns, once there is one."""
    async with asyncio.timeout(20):
        while not (await world.resources(stack))[name]["physical_resource_id"]:  # noqa: ASYNC110 - it is in the store
            await asyncio.sleep(0.01)
    child_id = (await world.resources(stack))[name]["physical_resource_id"]
    return await world.service.identify(world.caller, world.caller.project_id, child_id)
