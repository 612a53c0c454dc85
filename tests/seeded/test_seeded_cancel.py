"""Actions that their user stops, and such that run out of time. Spec: lifecycle facts, sections 1, 5 and 6."""

import asyncio

from simulation.openings import created, pair
from simulation.stories import scenario
from simulation.wording import hot, thing

from hearth.model.errors import HearthError


async def cancelled(world, stack, *, roll_back):
    """Stop a stack; what is complete already stays so."""
    try:
        await stack.cancels(roll_back=roll_back)
    except HearthError as refusal:
        world.tell(f"user: came too late: {refusal}")


@scenario
async def test_an_update_that_is_cancelled_goes_back(world):
    stack = await created(world, pair("1"))
    await stack.updates(pair("2", "y", shape="square"))
    await world.some_moment(16)
    await cancelled(world, stack, roll_back=True)
    ended = await stack.ends("ROLLBACK_COMPLETE", "UPDATE_COMPLETE")
    wanted = {"ROLLBACK_COMPLETE": {"a": "1", "b": "x"}, "UPDATE_COMPLETE": {"a": "2", "b": "y"}}
    assert world.cloud.contents == wanted[ended]


@scenario
async def test_a_way_back_finds_a_former_object_that_was_refused_to_go(world):
    def template(shape):
        return hot({"a": thing(kind="Sturdy", shape=shape), "b": thing(after="a")})

    stack = await created(world, template("round"))
    world.cloud.refuses("a", "DELETE", 409, times=world.chance.choice(1, 2, 4))
    await stack.updates(template("square"))
    await world.some_moment(16)
    await cancelled(world, stack, roll_back=True)
    ended = await stack.ends("ROLLBACK_COMPLETE", "UPDATE_COMPLETE")
    [there] = [one for one in world.cloud.all("things") if one.resource == "a"]
    assert there.fields["shape"] == {"ROLLBACK_COMPLETE": "round", "UPDATE_COMPLETE": "square"}[ended]


@scenario
async def test_a_way_back_that_fails_ends_after_what_the_update_had_begun(world):
    def template(word):
        return hot({"quick": thing(word), "slow": thing(word, takes=20)})

    stack = await created(world, template("1"))
    await stack.updates(template("2"))
    await stack.until_resource("quick", "UPDATE_COMPLETE")
    await world.some_moment()
    world.cloud.refuses("quick", "PUT")
    await cancelled(world, stack, roll_back=True)
    if await stack.ends("ROLLBACK_FAILED", "UPDATE_COMPLETE") == "ROLLBACK_FAILED":
        assert not stack.resources["slow"].endswith("IN_PROGRESS")


@scenario
async def test_an_update_that_is_stopped_stays_where_it_is_until_the_next(world):
    stack = await created(world, pair("1"))
    await stack.updates(pair("2", "y", shape="square"))
    await world.some_moment(16)
    await cancelled(world, stack, roll_back=False)
    if await stack.ends("UPDATE_FAILED", "UPDATE_COMPLETE") == "UPDATE_FAILED":
        assert stack.reason == "Stack UPDATE cancelled"
    await stack.updates(pair("3", "z"))
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"a": "3", "b": "z"}
    assert len(world.cloud.all("things")) == 2


@scenario
async def test_a_creation_that_is_stopped_can_be_deleted(world):
    stack = await world.creates(pair("1"))
    await world.some_moment(16)
    await cancelled(world, stack, roll_back=False)
    await stack.ends("CREATE_FAILED", "CREATE_COMPLETE")
    await stack.deletes()
    await stack.ends("DELETE_COMPLETE")
    assert world.cloud.contents == {}


@scenario
async def test_a_creation_that_is_stopped_can_be_gone_on_with(world):
    stack = await world.creates(pair("1"))
    await world.some_moment(16)
    await cancelled(world, stack, roll_back=False)
    await stack.ends("CREATE_FAILED", "CREATE_COMPLETE")
    await stack.updates(pair("1"))
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"a": "1", "b": "x"}
    assert len(world.cloud.all("things")) == 2


@scenario
async def test_a_stop_and_a_newer_update_at_once_leave_one_of_both(world):
    stack = await created(world, pair("1"))
    await stack.updates(pair("2"))
    await world.some_moment()
    await asyncio.gather(stack.updates(pair("3")), cancelled(world, stack, roll_back=False))
    ended = await stack.ends("UPDATE_COMPLETE", "UPDATE_FAILED")
    if ended == "UPDATE_COMPLETE":
        assert world.cloud.contents == {"a": "3", "b": "x"}


@scenario
async def test_a_way_back_and_a_newer_update_at_once_leave_one_of_both(world):
    stack = await created(world, pair("1"))
    await stack.updates(pair("2"))
    await world.some_moment()
    await asyncio.gather(stack.updates(pair("3")), cancelled(world, stack, roll_back=True))
    ended = await stack.ends("UPDATE_COMPLETE", "ROLLBACK_COMPLETE")
    # Whichever came last has won; the way back leads to what was last complete.
    wanted = {"UPDATE_COMPLETE": ("3",), "ROLLBACK_COMPLETE": ("1", "2")}[ended]
    assert world.cloud.contents["a"] in wanted


@scenario
async def test_a_way_back_does_not_come_in_the_way_of_a_deletion(world):
    stack = await created(world, pair("1"))
    await stack.updates(pair("2"))
    await world.some_moment()
    await asyncio.gather(stack.deletes(), cancelled(world, stack, roll_back=True))
    await stack.deletes()
    await stack.ends("DELETE_COMPLETE")
    assert world.cloud.contents == {}


@scenario
async def test_a_creation_that_takes_too_long_has_timed_out(world):
    world.cloud.holds_up("a")
    stack = await world.creates(hot({"a": thing(), "b": thing(after="a"), "c": thing()}), timeout_mins=1)
    await stack.ends("CREATE_FAILED")
    assert stack.reason == "Timed out"
    await stack.deletes()
    await stack.ends("DELETE_COMPLETE")


@scenario
async def test_an_update_that_takes_too_long_is_rolled_back(world):
    stack = await created(world, hot({"a": thing("1")}), timeout_mins=1)
    world.cloud.holds_up("new")
    await stack.updates(hot({"a": thing("2"), "new": thing(after="a")}), disable_rollback=False, timeout_mins=1)
    await stack.ends("ROLLBACK_COMPLETE")
    assert world.cloud.contents == {"a": "1"}


@scenario
async def test_what_timed_out_can_be_updated(world):
    world.cloud.holds_up("a")
    stack = await world.creates(hot({"a": thing("1"), "b": thing(after="a")}), timeout_mins=1)
    await stack.ends("CREATE_FAILED")
    world.cloud.relents("a")
    await stack.updates(hot({"a": thing("1"), "b": thing(after="a")}))
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"a": "1", "b": "v1"}
    assert len(world.cloud.all("things")) == 2
