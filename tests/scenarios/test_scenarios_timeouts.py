"""Every action ends: also when a service never answers, or says for ever that it is not done."""

import json

import pytest
import sqlalchemy as sa
import stubborn_service
from stubborn_service import stubborn
from templates import after, hot, thing

from hearth.store import stacks


@pytest.fixture
async def hasty(new_world):
    """A world whose actions may take a second, on a service that can be made to fail."""
    world = new_world(stack_action_timeout=1)
    world.remote = stubborn_service.Service().use_in(world)
    await world.start_engine()
    yield world
    await world.close()


async def reason(world, stack, name):
    return (await world.resources(stack))[name]["resource_status_reason"]


@pytest.mark.parametrize("trouble", ["silent", "endless"])
@pytest.mark.parametrize("verb", ["create", "observe"])
async def test_a_creation_ends_whatever_the_service_does(hasty, trouble, verb):
    getattr(hasty.remote, trouble).add("create" if trouble == "endless" else verb)
    stack = await hasty.create(hot({"a": stubborn(), "b": thing()}))
    shown = await hasty.until(stack, "CREATE_FAILED")
    assert shown["stack_status_reason"] == "Timed out"
    assert await hasty.statuses(stack) == {"a": "CREATE_FAILED", "b": "CREATE_COMPLETE"}
    assert (await reason(hasty, stack, "a")).startswith("CREATE aborted (Timed out)")


async def test_a_call_without_an_answer_is_given_up_with_the_action(hasty):
    hasty.remote.silent = {"create"}
    stack = await hasty.create(hot({"a": stubborn(), "b": stubborn()}))
    await hasty.until(stack, "CREATE_FAILED")
    assert sorted(hasty.remote.cut) == ["create a", "create b"]


async def test_a_creation_without_an_answer_is_rolled_back(hasty):
    hasty.remote.silent = {"create b"}
    stack = await hasty.create(hot({"a": stubborn(), "b": after(stubborn(), "a")}), disable_rollback=False)
    await hasty.until(stack, "ROLLBACK_COMPLETE")
    assert hasty.remote.objects == {}
    told = await hasty.service.list_events(hasty.caller, stack, sort_dir="asc")
    assert ("CREATE_FAILED", "Timed out") in [(one["resource_status"], one["resource_status_reason"]) for one in told]


@pytest.mark.parametrize("trouble", ["silent", "endless"])
async def test_a_rollback_ends_in_its_own_time(hasty, trouble):
    hasty.remote.silent = {"create b"}
    getattr(hasty.remote, trouble).add("delete")
    stack = await hasty.create(hot({"a": stubborn(), "b": after(stubborn(), "a")}), disable_rollback=False)
    shown = await hasty.until(stack, "ROLLBACK_FAILED")
    assert "Timed out" in shown["stack_status_reason"]
    assert (await reason(hasty, stack, "a")).startswith("DELETE aborted (Timed out)")


@pytest.mark.parametrize("trouble", ["silent", "endless"])
async def test_a_deletion_ends_and_can_be_repeated(hasty, trouble):
    stack = await hasty.create(hot({"a": stubborn()}))
    await hasty.until(stack, "CREATE_COMPLETE")
    getattr(hasty.remote, trouble).add("delete")
    await hasty.delete(stack)
    await hasty.until(stack, "DELETE_FAILED")
    assert (await reason(hasty, stack, "a")).startswith("DELETE aborted (Timed out)")
    getattr(hasty.remote, trouble).clear()
    await hasty.delete(stack)
    await hasty.until(stack, "DELETE_COMPLETE")
    assert hasty.remote.objects == {}


async def test_an_update_without_an_answer_comes_back(hasty):
    stack = await hasty.create(hot({"a": stubborn("old")}))
    await hasty.until(stack, "CREATE_COMPLETE")
    hasty.remote.silent = {"update"}
    await hasty.update(stack, hot({"a": stubborn("new")}), disable_rollback=False)
    await hasty.until(stack, "ROLLBACK_COMPLETE")
    assert list(hasty.remote.objects.values()) == ["old"]


async def test_nested_stacks_end_with_their_root(hasty):
    inner = hot({"a": stubborn()})
    hasty.remote.silent = {"create"}
    stack = await hasty.create(hot({"outer": {"type": "inner.yaml"}}), files={"inner.yaml": json.dumps(inner)})
    shown = await hasty.until(stack, "CREATE_FAILED")
    assert shown["stack_status_reason"] == "Timed out"
    assert await hasty.statuses(stack) == {"outer": "CREATE_FAILED"}
    hasty.remote.silent = {"delete"}
    await hasty.delete(stack)
    await hasty.until(stack, "DELETE_COMPLETE")  # nothing had been made


async def test_an_update_that_waits_for_a_silent_call_of_a_creation_ends(hasty):
    hasty.remote.silent = {"create"}
    stack = await hasty.create(hot({"a": stubborn("old")}))
    await hasty.until_resource(stack, "a", "CREATE_IN_PROGRESS")
    await hasty.update(stack, hot({"a": stubborn("new")}))
    shown = await hasty.until(stack, "UPDATE_FAILED")
    assert shown["stack_status_reason"] == "Timed out"
    assert hasty.remote.cut == ["create a"]
    hasty.remote.silent = set()
    await hasty.update(stack, hot({"a": stubborn("new")}))
    await hasty.until(stack, "UPDATE_COMPLETE")
    assert list(hasty.remote.objects.values()) == ["new"]


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
