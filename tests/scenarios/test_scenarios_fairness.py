"""What a project has to wait for does not depend on how much another one has to do."""

import asyncio

import stubborn_service
from stubborn_service import stubborn
from templates import hot, thing

MANY = 120


async def of_another_project(world, template):
    """A stack of another project; its status, whenever asked."""
    caller = stubborn_service.stranger(world.caller)
    request = world.request(template, stack_name="small")
    stack = await world.service.create_stack(caller, caller.project_id, request)

    async def status():
        return (await world.service.show_stack(caller, stack))["stack_status"]

    return status


async def until(status, wanted):
    async with asyncio.timeout(20):
        while await status() != wanted:  # noqa: ASYNC110 - the state is in the store
            await asyncio.sleep(0.01)


async def test_a_single_resource_does_not_wait_for_a_large_stack_of_another_project(new_world):
    world = new_world(max_steps=2, max_claimed=50)
    world.plans_first = False
    remote = stubborn_service.Service().use_in(world)
    await world.start_engine()
    await world.create(hot({f"r{number}": stubborn() for number in range(MANY)}))
    async with asyncio.timeout(20):
        while len(remote.calls) < 10:  # noqa: ASYNC110 - the service tells nobody
            await asyncio.sleep(0.001)
    status = await of_another_project(world, hot({"lone": stubborn()}))
    before = len(remote.objects)
    await until(status, "CREATE_COMPLETE")
    made = list(remote.names)
    assert made.index("lone") - before < MANY / 2, made
    await world.close()


async def test_an_engine_full_of_what_one_project_waits_for_works_for_others(new_world):
    world = new_world(max_claimed=10)
    world.plans_first = False
    remote = stubborn_service.Service().use_in(world)
    remote.endless.add("create")
    await world.start_engine()
    await world.create(hot({f"r{number}": stubborn() for number in range(60)}))
    async with asyncio.timeout(20):
        while len(remote.objects) < 10:  # noqa: ASYNC110 - the service tells nobody
            await asyncio.sleep(0.01)
    status = await of_another_project(world, hot({"lone": thing()}))
    await until(status, "CREATE_COMPLETE")
    assert len(remote.objects) < 60
    await world.close()
