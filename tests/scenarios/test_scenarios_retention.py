"""What is kept of stacks: so many events, and what was deleted for so long."""

import asyncio

import pytest
from open_handle import HANDLE
from templates import hot, thing

from hearth.engine import retention
from hearth.model.errors import NotFound
from hearth.store import documents, stacks

DAY = 86400


async def count(world, stack):
    return len(await world.events(stack))


async def until_purged(world, stack):
    async with asyncio.timeout(20):
        while await world.show(stack) is not None:  # noqa: ASYNC110 - the state is in the store
            await asyncio.sleep(0.02)


@pytest.mark.every_database
async def test_the_newest_events_are_kept_up_to_the_limit(new_world):
    world = new_world(max_events_per_stack=8, event_purge_batch_size=2)
    await world.start_engine()
    stack = await world.create(hot({"a": thing()}))
    await world.until(stack, "CREATE_COMPLETE")
    for number in range(5):
        before = (await world.show(stack))["updated_time"]
        await world.update(stack, hot({"a": thing(f"v{number}")}))
        await world.until(stack, "UPDATE_COMPLETE")
        assert (await world.show(stack))["updated_time"] != before
    async with asyncio.timeout(20):
        while await count(world, stack) > 8:  # noqa: ASYNC110 - the state is in the store
            await asyncio.sleep(0.02)
    assert (await world.events(stack))[-1] == ("stack", "UPDATE_COMPLETE")
    assert await count(world, stack) == 8
    await world.close()


async def test_signals_of_a_stack_at_rest_do_not_pile_up(new_world):
    world = new_world(max_events_per_stack=5, event_purge_batch_size=10)
    await world.start_engine()
    stack = await world.create(hot({"handle": HANDLE}))
    await world.until(stack, "CREATE_COMPLETE")
    for _ in range(12):
        await world.service.signal(world.caller, stack, "handle", {"id": "x"})
    assert await count(world, stack) == 5
    await world.close()


@pytest.mark.every_database
async def test_a_stack_deleted_long_ago_is_gone_for_good(new_world):
    world = new_world(purge_interval=1)
    await world.start_engine()
    stack = await world.create(hot({"a": thing("only here")}))
    await world.until(stack, "CREATE_COMPLETE")
    definition_id = (await world.store.read(lambda c: stacks.by_id(c, stack.id))).definition_id
    template_id = (await world.store.read(lambda c: stacks.definition(c, definition_id))).template_id
    await world.delete(stack)
    await world.until(stack, "DELETE_COMPLETE")
    world.later(89 * DAY)
    other = await world.create(hot({"b": thing()}), "other")
    await world.until(other, "CREATE_COMPLETE")
    assert (await world.show(stack))["stack_status"] == "DELETE_COMPLETE"
    world.later(2 * DAY)
    await until_purged(world, stack)
    with pytest.raises(NotFound):
        await world.events(stack)
    with pytest.raises(KeyError):
        await world.store.read(lambda c: documents.get(c, world.store.codec, template_id))
    assert (await world.show(other))["stack_status"] == "CREATE_COMPLETE"
    await world.close()


async def test_with_an_age_of_zero_deleted_stacks_are_kept_for_ever(new_world):
    world = new_world(purge_deleted_after=0, purge_interval=1)
    await world.start_engine()
    stack = await world.create(hot({"a": thing()}))
    await world.until(stack, "CREATE_COMPLETE")
    await world.delete(stack)
    await world.until(stack, "DELETE_COMPLETE")
    world.later(10000 * DAY)
    keeper = retention.Retention(world.context)
    await keeper.look()
    assert await world.show(stack) is not None
    await world.close()


@pytest.mark.every_database
async def test_many_may_purge_at_the_same_time(new_world):
    world = new_world()
    await world.start_engine()
    kept = await world.create(hot({"a": thing()}), "kept")
    made = [await world.create(hot({"a": thing(f"v{number}")}), f"s{number}") for number in range(6)]
    for stack in made:
        await world.until(stack, "CREATE_COMPLETE")
        await world.delete(stack)
        await world.until(stack, "DELETE_COMPLETE")
    later = world.context.now() + 1
    done = await asyncio.gather(*(retention.purge(world.store, later, later, batch=2) for _ in range(3)))
    assert sum(one.stacks for one in done) >= 6
    assert [await world.show(stack) for stack in made] == [None] * 6
    assert (await world.until(kept, "CREATE_COMPLETE"))["stack_name"] == "kept"
    await world.close()


async def test_outdated_definitions_of_a_living_stack_go(new_world):
    world = new_world()
    await world.start_engine()
    stack = await world.create(hot({"a": thing("v0")}))
    await world.until(stack, "CREATE_COMPLETE")
    ids = []
    for number in range(1, 4):
        ids.append((await world.store.read(lambda c: stacks.by_id(c, stack.id))).definition_id)
        await world.update(stack, hot({"a": thing(f"v{number}")}))
        await world.until(stack, "UPDATE_COMPLETE")
    now = world.context.now()
    await retention.purge(world.store, now, now + 7200)
    for one in ids[:2]:
        with pytest.raises(KeyError):
            await world.store.read(lambda c, one=one: stacks.definition(c, one))
    await world.update(stack, hot({"a": thing("v4"), "bad": thing(fail=True)}), disable_rollback=False)
    await world.until(stack, "ROLLBACK_COMPLETE")
    await world.close()
