"""Engines that stand still for longer than their lease, and wake up when others have gone on with their work."""

from simulation.openings import created, pair
from simulation.stories import scenario
from simulation.wording import hot, thing


@scenario
async def test_who_wakes_up_makes_nothing_that_another_has_made(world):
    stack = await world.creates(hot({f"r{n}": thing(str(n), kind="Quick") for n in range(4)}))
    await world.some_moment()
    world.halts_an_engine()
    await stack.ends("CREATE_COMPLETE")
    assert world.cloud.contents == {f"r{n}": str(n) for n in range(4)}
    assert len(world.cloud.all("quicks")) == 4


@scenario
async def test_a_creation_goes_on_while_an_engine_stands_still(world):
    stack = await world.creates(pair("1"))
    await world.some_moment()
    world.halts_an_engine()
    await stack.ends("CREATE_COMPLETE")
    assert world.cloud.contents == {"a": "1", "b": "x"}
    assert len(world.cloud.all("things")) == 2


@scenario
async def test_a_replacement_goes_on_while_an_engine_stands_still(world):
    stack = await created(world, pair("1", shape="round"))
    await stack.updates(pair("2", "y", shape="square"))
    await world.some_moment(16)
    world.halts_an_engine()
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"a": "2", "b": "y"}
    assert len(world.cloud.all("things")) == 2


@scenario
async def test_a_newer_update_passes_an_engine_that_stands_still(world):
    stack = await created(world, pair("1"))
    await stack.updates(pair("2"))
    await world.some_moment()
    world.halts_an_engine()
    await stack.updates(pair("3", "y"))
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"a": "3", "b": "y"}


@scenario
async def test_a_deletion_goes_on_while_an_engine_stands_still(world):
    stack = await created(world, pair("1"))
    await stack.deletes()
    await world.some_moment()
    world.halts_an_engine()
    await stack.ends("DELETE_COMPLETE")
    assert world.cloud.contents == {}
