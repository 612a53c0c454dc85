"""Stacks of the legacy mode, on which one engine at a time works: nothing is lost with it, nothing is made twice."""

from simulation.openings import created, pair
from simulation.stories import scenario
from simulation.wording import hot, the, thing


@scenario(convergence_engine=False)
async def test_a_creation(world):
    stack = await world.creates(hot({"a": thing("1"), "b": thing(uses=[the("a")]), "c": thing("3")}))
    await stack.ends("CREATE_COMPLETE")
    assert len(world.cloud.all("things")) == 3


@scenario(convergence_engine=False)
async def test_a_replacement_and_a_deletion(world):
    stack = await created(world, pair("1", shape="round"))
    await stack.updates(pair("2", "y", shape="square"))
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"a": "2", "b": "y"}
    await stack.deletes()
    await stack.ends("DELETE_COMPLETE")
    assert world.cloud.contents == {}


@scenario(convergence_engine=False)
async def test_an_update_that_is_undone_by_one_engine_after_the_other(world):
    stack = await created(world, pair("1"))
    world.cloud.refuses("bad", "POST")
    bad = pair("2")
    bad["resources"]["bad"] = thing(after="a")
    await stack.updates(bad, disable_rollback=False)
    for _ in range(2):
        await world.some_moment(16)
        world.stops_an_engine()
    await stack.ends("ROLLBACK_COMPLETE")
    assert world.cloud.contents == {"a": "1", "b": "x"}
