"""Creations that were cut off and are carried out later, as may happen in every story: these are about it."""

from simulation.stories import scenario
from simulation.wording import content_of, hot, the, thing

PAIR = {"a": thing("1"), "b": thing(content_of("a"), on=the("a"))}


@scenario
async def test_what_comes_late_is_taken(world):
    stack = await world.creates(hot(PAIR))
    await stack.ends("CREATE_COMPLETE")
    assert world.cloud.contents == {"a": "1", "b": "1"}
    assert len(world.cloud.all("things")) == 2


@scenario
async def test_a_way_back_waits_for_what_may_come(world):
    world.cloud.refuses("bad", "POST")
    resources = {"good": thing(), "bad": thing(after="good"), "slow": thing(takes=5)}
    stack = await world.creates(hot(resources), disable_rollback=False)
    await stack.ends("ROLLBACK_COMPLETE")
    assert world.cloud.contents == {}


@scenario
async def test_a_deletion_midway_leaves_nothing_that_comes_late(world):
    stack = await world.creates(hot(PAIR))
    await world.some_moment()
    await stack.deletes()
    await stack.ends("DELETE_COMPLETE")
    assert world.cloud.contents == {}


@scenario
async def test_a_replacement_that_comes_late_is_the_only_one(world):
    stack = await world.creates(hot({"a": thing("1", shape="round")}))
    await stack.ends("CREATE_COMPLETE")
    await stack.updates(hot({"a": thing("2", shape="square")}))
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"a": "2"}
    assert len(world.cloud.all("things")) == 1
