"""Objects that cannot be looked at: services whose reads fail for a while, for long, or for good."""

from simulation.openings import created
from simulation.stories import scenario
from simulation.wording import hot, the, thing

PAIR = {"a": thing("1", takes=2), "b": thing("1", uses=[the("a")], takes=1)}


@scenario(temporary_retry_limit=20)  # its creation may have no answer either, and is looked for all that time
async def test_a_creation_goes_on_when_its_objects_can_be_seen_again(world):
    stack = await world.creates(hot(PAIR))
    await world.some_moment()
    world.cloud.hides(40)
    await stack.ends("CREATE_COMPLETE")
    assert world.cloud.contents == {"a": "1", "b": "1"}
    assert len(world.cloud.all("things")) == 2


@scenario
async def test_what_may_have_been_made_is_not_made_again_while_nobody_can_look(world):
    stack = await world.creates(hot({f"r{n}": thing(str(n), kind="Quick") for n in range(4)}))
    world.cloud.hides(20)
    await stack.ends("CREATE_COMPLETE")
    assert len(world.cloud.all("quicks")) == 4


@scenario
async def test_a_replacement_goes_on_when_it_can_be_seen_again(world):
    stack = await created(world, {"a": thing("1", shape="round", takes=1), "b": thing("1", uses=[the("a")])})
    await stack.updates(hot({"a": thing("2", shape="square", takes=1), "b": thing("1", uses=[the("a")])}))
    await world.some_moment(16)
    world.cloud.hides(30)
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"a": "2", "b": "1"}
    assert len(world.cloud.all("things")) == 2


@scenario
async def test_a_deletion_ends_when_it_can_be_seen_that_nothing_is_left(world):
    stack = await created(world, {"a": thing(lasts=2), "b": thing(uses=[the("a")], lasts=1)})
    await stack.deletes()
    await world.some_moment()
    world.cloud.hides(30)
    await stack.ends("DELETE_COMPLETE")
    assert world.cloud.contents == {}


@scenario
async def test_a_newer_update_takes_over_what_nobody_can_see(world):
    stack = await world.creates(hot(PAIR))
    await world.some_moment()
    world.cloud.hides(30)
    await stack.updates(hot({"a": thing("2", takes=2), "b": thing("2", uses=[the("a")])}))
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"a": "2", "b": "2"}
    assert len(world.cloud.all("things")) == 2


@scenario(temporary_retry_limit=20)  # as above
async def test_what_stays_unseen_for_too_long_has_timed_out_and_can_be_updated(world):
    world.cloud.hides(100)
    stack = await world.creates(hot(PAIR), timeout_mins=1)
    await stack.ends("CREATE_FAILED")
    assert stack.reason == "Timed out"
    await world.passes(50)
    await stack.updates(hot(PAIR))
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"a": "1", "b": "1"}
    assert len(world.cloud.all("things")) == 2


@scenario
async def test_who_must_not_look_at_an_object_fails_with_it_after_a_while(world):
    world.cloud.refuses("a", "GET")
    stack = await world.creates(hot(PAIR))
    await stack.ends("CREATE_FAILED")
    assert stack.reason.startswith("Resource CREATE failed: Forbidden: resources.a: ")
    world.cloud.relents("a")
    await stack.updates(hot(PAIR))
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"a": "1", "b": "1"}
