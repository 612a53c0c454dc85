"""Stacks of both modes: what a user may do beside a running action, who works on it, and what is told."""

import asyncio

import pytest
import stubborn_service
from stubborn_service import stubborn
from templates import after, hot, thing

from hearth.engine import settings as engine_settings
from hearth.model.errors import ActionInProgress, BadRequest, NotFound
from hearth.store import locks

CONVERGENCE, LEGACY = True, False


@pytest.fixture(params=[CONVERGENCE, LEGACY], ids=["convergence", "legacy"])
async def either(request, new_world):
    """A world of each mode, on a service that can be made to fail."""
    world = new_world(convergence_engine=request.param, error_wait_time=0)
    world.is_legacy = not request.param
    world.plans_first = False
    world.remote = stubborn_service.Service().use_in(world)
    await world.start_engine()
    yield world
    await world.close()


@pytest.fixture
async def legacy(new_world):
    world = new_world(convergence_engine=False)
    world.plans_first = False
    world.remote = stubborn_service.Service().use_in(world)
    yield world
    await world.close()


async def at_work(world, call="create a"):
    async with asyncio.timeout(20):
        while call not in world.remote.calls:  # noqa: ASYNC110 - the service tells nobody
            await asyncio.sleep(0.01)


async def held(world, stack):
    """Which engine has the lock of a stack, if it has one."""
    return (await world.store.read(lambda connection: locks.of_trees(connection, [stack.id]))).get(stack.id)


async def refused(deed):
    with pytest.raises(ActionInProgress) as error:
        await deed
    return error.value.status


# ---- both modes ----


async def test_a_stack_lives_as_it_should(either):
    group = {"type": "OS::Heat::ResourceGroup", "properties": {"count": 2, "resource_def": thing()}}
    template = hot({"a": stubborn("1"), "b": after(thing(), "a"), "g": group})
    stack = await either.create(template)
    await either.until(stack, "CREATE_COMPLETE")
    await either.update(stack, hot({"a": stubborn("2"), "b": after(thing("v2"), "a"), "g": group}))
    await either.until(stack, "UPDATE_COMPLETE")
    for action in ("check", "suspend", "resume"):
        await either.service.action(either.caller, stack, action)
        await either.until(stack, f"{action.upper()}_COMPLETE")
    assert list(either.remote.objects.values()) == ["2"]
    await either.delete(stack)
    await either.until(stack, "DELETE_COMPLETE")
    assert (either.remote.objects, await held(either, stack)) == ({}, None)


async def test_an_action_beside_a_running_one(either):
    either.remote.silent = {"create"}
    stack = await either.create(hot({"a": stubborn()}))
    await at_work(either)
    smaller = either.service.update_stack(either.caller, stack, either.request(hot({"t": thing()})), patch=False)
    if either.is_legacy:
        assert await refused(smaller) == 409
        for action in ("check", "suspend", "resume"):
            assert await refused(either.service.action(either.caller, stack, action)) == 409
        assert (await either.show(stack))["stack_status"] == "CREATE_IN_PROGRESS"
    else:
        await smaller
        assert (await either.show(stack))["stack_status"] == "UPDATE_IN_PROGRESS"


async def test_a_running_action_can_be_ended(either):
    either.remote.silent = {"create"}
    stack = await either.create(hot({"a": stubborn()}))
    await at_work(either)
    await either.service.action(either.caller, stack, "cancel_without_rollback")
    shown = await either.until(stack, "CREATE_FAILED")
    assert shown["stack_status_reason"] == ("Operation cancelled" if either.is_legacy else "Stack CREATE cancelled")
    await either.delete(stack)
    await either.until(stack, "DELETE_COMPLETE")


async def test_a_creation_that_is_undone(either):
    stack = await either.create(hot({"a": stubborn(), "b": after(thing(fail=True), "a")}), disable_rollback=False)
    if either.is_legacy:
        async with asyncio.timeout(20):
            while await either.names():  # noqa: ASYNC110 - the state is in the store
                await asyncio.sleep(0.01)
        with pytest.raises(NotFound):
            await either.service.list_outputs(either.caller, stack)
    else:
        await either.until(stack, "ROLLBACK_COMPLETE")
    shown = await either.show(stack)
    assert shown["stack_status"] == "ROLLBACK_COMPLETE"
    assert (shown["deletion_time"] is not None) == either.is_legacy
    assert either.remote.objects == {}


async def test_what_goes_on_beside_a_failure(either):
    """In the legacy mode it is given up after `error_wait_time`, in the other one it has the action's time."""
    either.remote.silent = {"create a"}
    stack = await either.create(hot({"a": stubborn(), "b": after(thing(fail=True), "c"), "c": thing()}))
    await either.until_resource(stack, "b", "CREATE_FAILED")
    if either.is_legacy:
        shown = await either.until(stack, "CREATE_FAILED")
        assert "resources.b" in shown["stack_status_reason"]
        assert (await either.statuses(stack))["a"] == "CREATE_FAILED"
        assert either.remote.cut == ["create a"]
    else:
        assert (await either.statuses(stack))["a"] == "CREATE_IN_PROGRESS"


async def test_the_reason_of_an_update_that_failed(either):
    stack = await either.create(hot({"a": thing()}))
    await either.until(stack, "CREATE_COMPLETE")
    await either.update(stack, hot({"a": thing("v2", fail=True)}))
    reason = (await either.until(stack, "UPDATE_FAILED"))["stack_status_reason"]
    assert reason.startswith("Resource UPDATE failed: ") != either.is_legacy
    assert "resources.a" in reason


async def test_the_reason_of_a_deletion_that_begins(either):
    stack = await either.create(hot({"a": stubborn()}))
    await either.until(stack, "CREATE_COMPLETE")
    either.remote.silent = {"delete"}
    await either.delete(stack)
    reason = (await either.show(stack))["stack_status_reason"]
    assert reason.startswith("Stack DELETE started at ") == either.is_legacy


# ---- the lock of the legacy mode ----


@pytest.mark.every_database
async def test_one_engine_works_on_the_whole_tree(new_world):
    world = new_world(convergence_engine=False, max_claimed=10)
    world.plans_first = False
    world.remote = stubborn_service.Service().use_in(world)
    world.remote.silent = {"create"}
    for _ in range(3):
        await world.start_engine()
    group = {"type": "OS::Heat::ResourceGroup", "properties": {"count": 4, "resource_def": stubborn()}}
    stack = await world.create(hot({"g": group, **{f"r{n}": stubborn() for n in range(40)}}))
    async with asyncio.timeout(20):
        while len(world.remote.calls) < 10:  # noqa: ASYNC110 - the service tells nobody
            await asyncio.sleep(0.01)
    told = {engine.id: await engine.check() for engine in world.engines}
    assert {one for one, text in told.items() if text != "0 nodes held"} == {await held(world, stack)}
    await world.close()


@pytest.mark.every_database
async def test_another_engine_takes_over_what_a_stopped_one_had_locked(legacy):
    legacy.remote.silent = {"create"}
    first = await legacy.start_engine()
    stack = await legacy.create(hot({"a": stubborn(), "b": after(stubborn(), "a")}))
    await at_work(legacy)
    assert await held(legacy, stack) == first.id
    second = await legacy.start_engine()
    legacy.remote.silent = set()
    await first.stop()
    await legacy.until(stack, "CREATE_COMPLETE")
    assert second.id != first.id
    assert len(legacy.remote.objects) == 2
    assert await held(legacy, stack) is None


# ---- from one mode to the other ----


async def test_a_legacy_stack_is_migrated_with_its_tree(legacy):
    await legacy.start_engine()
    group = {"type": "OS::Heat::ResourceGroup", "properties": {"count": 1, "resource_def": stubborn()}}
    stack = await legacy.create(hot({"g": group}))
    await legacy.until(stack, "CREATE_COMPLETE")
    assert (await legacy.show(stack))["convergence"] is False
    inner = await legacy.inner(stack, "g")
    with pytest.raises(BadRequest):
        await legacy.service.action(legacy.caller, inner, "migrate")
    for _ in range(2):  # a repeat changes nothing
        await legacy.service.action(legacy.caller, stack, "migrate")
    assert "convergence" not in await legacy.show(stack) | await legacy.show(inner)
    legacy.remote.silent = {"create"}
    await legacy.update(stack, hot({"g": group, "a": stubborn()}))
    await at_work(legacy)
    await legacy.update(stack, hot({"g": group}))
    assert (await legacy.show(stack))["stack_status"] == "UPDATE_IN_PROGRESS"


async def test_a_busy_legacy_stack_is_not_migrated(legacy):
    await legacy.start_engine()
    legacy.remote.silent = {"create"}
    stack = await legacy.create(hot({"a": stubborn()}))
    await at_work(legacy)
    assert await refused(legacy.service.action(legacy.caller, stack, "migrate")) == 409


async def test_stacks_of_both_modes_live_side_by_side(legacy):
    """The option decides for new stacks only."""
    await legacy.start_engine()
    old = await legacy.create(hot({"a": thing()}), name="old")
    await legacy.until(old, "CREATE_COMPLETE")
    legacy.context.settings = engine_settings.EngineSettings(max_resources_per_stack=-1)
    new = await legacy.create(hot({"a": thing()}), name="new")
    await legacy.until(new, "CREATE_COMPLETE")
    assert [("convergence" in await legacy.show(one)) for one in (old, new)] == [True, False]
    for one in (old, new):
        await legacy.update(one, hot({"a": thing("v2")}))
        await legacy.until(one, "UPDATE_COMPLETE")
