"""Every action ends: also when a service never answers, or says for ever that it is not done."""

import asyncio
import json
import time

import pytest
import sqlalchemy as sa
import stubborn_service
from stubborn_service import stubborn
from templates import after, hot, thing

from hearth.store import stacks


@pytest.fixture
async def hours(new_world):
    """A world whose clock can be put forward, on a service that can be made to fail."""
    world = new_world()
    world.ahead = 0.0
    world.context.now = lambda: time.time() + world.ahead
    world.remote = stubborn_service.Service().use_in(world)
    await world.start_engine()
    yield world
    await world.close()


async def until_called(world, call):
    """Wait until the service was called so."""
    async with asyncio.timeout(20):
        while call not in world.remote.calls:  # noqa: ASYNC110 - the service tells nobody
            await asyncio.sleep(0.01)


async def an_hour_after(world, call):
    """Let an hour go by once the service was called so."""
    await until_called(world, call)
    world.ahead += 3601


async def reason(world, stack, name):
    return (await world.resources(stack))[name]["resource_status_reason"]


@pytest.mark.parametrize("trouble", ["silent", "endless"])
@pytest.mark.parametrize("verb", ["create", "observe"])
async def test_a_creation_ends_whatever_the_service_does(hours, trouble, verb):
    getattr(hours.remote, trouble).add("create" if trouble == "endless" else verb)
    stack = await hours.create(hot({"a": stubborn(), "b": thing()}))
    await hours.until_resource(stack, "b", "CREATE_COMPLETE")
    await an_hour_after(hours, f"{verb} a")
    shown = await hours.until(stack, "CREATE_FAILED")
    assert shown["stack_status_reason"] == "Timed out"
    assert await hours.statuses(stack) == {"a": "CREATE_FAILED", "b": "CREATE_COMPLETE"}
    assert (await reason(hours, stack, "a")).startswith("CREATE aborted (Timed out)")


async def test_a_call_without_an_answer_is_given_up_with_the_action(hours):
    hours.remote.silent = {"create"}
    stack = await hours.create(hot({"a": stubborn(), "b": stubborn()}))
    await until_called(hours, "create a")
    await an_hour_after(hours, "create b")
    await hours.until(stack, "CREATE_FAILED")
    assert sorted(hours.remote.cut) == ["create a", "create b"]


async def test_a_creation_without_an_answer_is_rolled_back(hours):
    hours.remote.silent = {"create b"}
    stack = await hours.create(hot({"a": stubborn(), "b": after(stubborn(), "a")}), disable_rollback=False)
    await an_hour_after(hours, "create b")
    await hours.until(stack, "ROLLBACK_COMPLETE")
    assert hours.remote.objects == {}
    told = await hours.service.list_events(hours.caller, stack, sort_dir="asc")
    assert ("CREATE_FAILED", "Timed out") in [(one["resource_status"], one["resource_status_reason"]) for one in told]


@pytest.mark.parametrize("trouble", ["silent", "endless"])
async def test_a_rollback_ends_in_its_own_time(hours, trouble):
    hours.remote.silent = {"create b"}
    getattr(hours.remote, trouble).add("delete")
    stack = await hours.create(hot({"a": stubborn(), "b": after(stubborn(), "a")}), disable_rollback=False)
    await an_hour_after(hours, "create b")
    await an_hour_after(hours, "delete a")
    shown = await hours.until(stack, "ROLLBACK_FAILED")
    assert shown["stack_status_reason"].startswith("Timed out. Unfinished: a. Go on by `hearth stack retry stack`")
    assert (await reason(hours, stack, "a")).startswith("DELETE aborted (Timed out)")


@pytest.mark.parametrize("trouble", ["silent", "endless"])
async def test_a_deletion_ends_and_can_be_repeated(hours, trouble):
    stack = await hours.create(hot({"a": stubborn()}))
    await hours.until(stack, "CREATE_COMPLETE")
    getattr(hours.remote, trouble).add("delete")
    await hours.delete(stack)
    await an_hour_after(hours, "delete a")
    await hours.until(stack, "DELETE_FAILED")
    assert (await reason(hours, stack, "a")).startswith("DELETE aborted (Timed out)")
    getattr(hours.remote, trouble).clear()
    await hours.delete(stack)
    await hours.until(stack, "DELETE_COMPLETE")
    assert hours.remote.objects == {}


async def test_an_update_without_an_answer_comes_back(hours):
    stack = await hours.create(hot({"a": stubborn("old")}))
    await hours.until(stack, "CREATE_COMPLETE")
    hours.remote.silent = {"update"}
    await hours.update(stack, hot({"a": stubborn("new")}), disable_rollback=False)
    await an_hour_after(hours, "update a")
    await hours.until(stack, "ROLLBACK_COMPLETE")
    assert list(hours.remote.objects.values()) == ["old"]


async def test_nested_stacks_end_with_their_root(hours):
    inner = hot({"a": stubborn()})
    hours.remote.silent = {"create"}
    stack = await hours.create(hot({"outer": {"type": "inner.yaml"}}), files={"inner.yaml": json.dumps(inner)})
    await an_hour_after(hours, "create a")
    shown = await hours.until(stack, "CREATE_FAILED")
    assert shown["stack_status_reason"] == "Timed out"
    assert await hours.statuses(stack) == {"outer": "CREATE_FAILED"}
    hours.remote.silent = {"delete"}
    await hours.delete(stack)
    await hours.until(stack, "DELETE_COMPLETE")  # nothing had been made


async def test_an_update_that_waits_for_a_silent_call_of_a_creation_ends(hours):
    hours.remote.silent = {"create"}
    stack = await hours.create(hot({"a": stubborn("old")}))
    await until_called(hours, "create a")
    await hours.update(stack, hot({"a": stubborn("new")}))
    hours.ahead += 3601
    shown = await hours.until(stack, "UPDATE_FAILED")
    assert shown["stack_status_reason"] == "Timed out"
    assert hours.remote.cut == ["create a"]
    hours.remote.silent = set()
    await hours.update(stack, hot({"a": stubborn("new")}))
    await hours.until(stack, "UPDATE_COMPLETE")
    assert list(hours.remote.objects.values()) == ["new"]


async def test_a_cancelled_action_lets_go_of_its_calls_at_once(new_world):
    world = new_world()
    world.remote = stubborn_service.Service().use_in(world)
    await world.start_engine()
    world.remote.silent = {"create"}
    stack = await world.create(hot({"a": stubborn()}))
    await world.until_resource(stack, "a", "CREATE_IN_PROGRESS")
    await world.service.action(world.caller, stack, "cancel_without_rollback")
    await world.until(stack, "CREATE_FAILED")
    assert world.remote.cut == ["create a"]
    await world.close()


async def test_a_rollback_that_cannot_begin_leaves_no_stack_in_progress(new_world):
    world = new_world()
    await world.start_engine()
    stack = await world.create(hot({"a": thing("old")}))
    await world.until(stack, "CREATE_COMPLETE")
    before = (await world.store.read(lambda connection: stacks.by_id(connection, stack.id))).definition_id
    await world.update(stack, hot({"a": thing("new", fail=True, wait_secs=0.3)}), disable_rollback=False)
    # As if somebody had cleared away what the stack was before.
    await world.store.write(lambda c: c.execute(sa.text("DELETE FROM definition WHERE id = :id"), {"id": before}))
    world.kept.forget(before)
    shown = await world.until(stack, "UPDATE_FAILED")
    assert "resources.a: Test Resource failed a; the rollback could not begin: " in shown["stack_status_reason"]
    await world.delete(stack)
    await world.until(stack, "DELETE_COMPLETE")
    await world.close()


async def test_a_forced_deletion_ends_even_when_the_service_never_answers(hours):
    inner = hot({"deep": stubborn()})
    template = hot({"a": stubborn(), "b": after(stubborn(), "a"), "outer": {"type": "inner.yaml"}, "word": thing()})
    stack = await hours.create(template, files={"inner.yaml": json.dumps(inner)})
    await hours.until(stack, "CREATE_COMPLETE")
    hours.remote.silent = {"delete"}
    await hours.service.delete_stack(hours.caller, stack, force=True)
    await until_called(hours, "delete deep")
    await an_hour_after(hours, "delete b")
    await hours.until(stack, "DELETE_COMPLETE")
    found = await hours.service.orphans.listed(hours.caller)
    assert sorted(one["resource_path"] for one in found) == ["a", "b", "outer/deep"]
    assert {one["physical_resource_id"] for one in found} == set(hours.remote.objects)
    assert await hours.service.list_stacks(hours.caller, hours.query(show_nested=True)) == []
