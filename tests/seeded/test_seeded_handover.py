"""Engines that are told to stop in the middle of their work, as an upgrade does, while others go on with it."""

from simulation.openings import created, pair
from simulation.stories import scenario
from simulation.wording import hot, the, thing


@scenario
async def test_a_creation_goes_on_in_another_engine(world):
    stack = await world.creates(pair("1"))
    await world.some_moment()
    world.stops_an_engine()
    await stack.ends("CREATE_COMPLETE")
    assert world.cloud.contents == {"a": "1", "b": "x"}
    assert stack.events("a") == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]


@scenario
async def test_a_replacement_goes_on_in_another_engine(world):
    stack = await created(world, pair("1", shape="round"))
    await stack.updates(pair("2", "y", shape="square"))
    await world.some_moment(16)
    world.stops_an_engine()
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"a": "2", "b": "y"}
    assert len(world.cloud.all("things")) == 2


@scenario
async def test_one_engine_after_the_other_is_told_to_stop(world):
    stack = await world.creates(hot({f"r{n}": thing(str(n), takes=2) for n in range(6)}))
    for _ in range(4):
        await world.some_moment(6)
        world.stops_an_engine()
    await stack.ends("CREATE_COMPLETE")
    assert world.cloud.contents == {f"r{n}": str(n) for n in range(6)}
    assert len(world.cloud.all("things")) == 6


@scenario
async def test_a_rollback_goes_on_in_another_engine(world):
    stack = await created(world, pair("1"))
    world.cloud.refuses("bad", "POST")
    bad = pair("2")
    bad["resources"]["bad"] = thing(after="a")
    await stack.updates(bad, disable_rollback=False)
    await world.some_moment(16)
    world.stops_an_engine()
    await stack.ends("ROLLBACK_COMPLETE")
    assert world.cloud.contents == {"a": "1", "b": "x"}


@scenario
async def test_a_deletion_goes_on_in_another_engine(world):
    stack = await created(world, hot({"a": thing(lasts=2), "b": thing(uses=[the("a")], lasts=2)}))
    await stack.deletes()
    await world.some_moment()
    world.stops_an_engine()
    await stack.ends("DELETE_COMPLETE")
    assert world.cloud.contents == {}
