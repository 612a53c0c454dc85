"""Actions that begin while another one is at work, at any moment of it. Spec: lifecycle facts, section 6."""

import asyncio

from simulation.openings import created, pair
from simulation.stories import scenario
from simulation.wording import content_of, hot, the, thing

from hearth.model.errors import HearthError


@scenario
async def test_a_newer_update_takes_a_running_creation_over(world):
    stack = await world.creates(pair("1"))
    await world.some_moment()
    await stack.updates(pair("2", "y"))
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"a": "2", "b": "y"}
    assert stack.events("a").count("CREATE_COMPLETE") == 1


@scenario
async def test_an_update_during_creation_may_want_something_else_altogether(world):
    stack = await world.creates(pair("1"))
    await world.some_moment()
    await stack.updates(hot({"c": thing("3")}))
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"c": "3"}


@scenario
async def test_a_newer_update_takes_a_running_one_over(world):
    stack = await created(world, pair("1"))
    objects = stack.objects()
    await stack.updates(pair("2"))
    await world.some_moment()
    await stack.updates(pair("3", "y"))
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"a": "3", "b": "y"}
    assert stack.objects() == objects


@scenario
async def test_of_many_updates_the_last_one_wins(world):
    stack = await world.creates(pair("0"))
    for word in "12345":
        await world.some_moment(6)
        await stack.updates(pair(word, word))
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"a": "5", "b": "5"}


@scenario
async def test_a_running_replacement_can_be_replaced_itself(world):
    stack = await created(world, pair("1", shape="round"))
    await stack.updates(pair("1", shape="square"))
    await world.some_moment()
    await stack.updates(pair("1", shape="oval"))
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.of("a")[0].fields["shape"] == "oval"
    assert len(world.cloud.all("things")) == 2


@scenario
async def test_a_running_replacement_can_be_taken_back(world):
    stack = await created(world, pair("1", shape="round"))
    await stack.updates(pair("1", shape="square"))
    await world.some_moment()
    await stack.updates(pair("1", shape="round"))
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.of("a")[0].fields["shape"] == "round"
    assert len(world.cloud.all("things")) == 2


@scenario
async def test_a_running_removal_can_be_taken_back(world):
    template = hot({"a": thing("1", lasts=3), "b": thing(uses=[the("a")], lasts=3), "c": thing()})
    stack = await created(world, template)
    await stack.updates(hot({"c": thing()}))
    await world.some_moment()
    await stack.updates(template)
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"a": "1", "b": "v1", "c": "v1"}


@scenario
async def test_what_a_running_update_adds_can_be_taken_out_again(world):
    stack = await created(world, hot({"a": thing("1")}))
    await stack.updates(hot({"a": thing("2"), "b": thing(uses=[the("a")], takes=3), "c": thing(uses=[the("b")])}))
    await world.some_moment()
    await stack.updates(hot({"a": thing("1")}))
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"a": "1"}


@scenario
async def test_dependencies_can_turn_round_in_the_middle(world):
    one = hot({"a": thing("1", takes=2), "b": thing("1", uses=[the("a")], takes=2)})
    other = hot({"a": thing("2", uses=[the("b")], takes=2), "b": thing("2", takes=2)})
    stack = await created(world, one)
    await stack.updates(other)
    await world.some_moment()
    await stack.updates(one)
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"a": "1", "b": "1"}


@scenario
async def test_a_stack_can_be_deleted_while_it_is_created(world):
    stack = await world.creates(pair("1"))
    await world.some_moment()
    await stack.deletes()
    await stack.ends("DELETE_COMPLETE")
    assert world.cloud.contents == {}


@scenario
async def test_a_stack_can_be_deleted_while_it_is_updated(world):
    stack = await created(world, pair("1", shape="round"))
    await stack.updates(pair("2", "y", shape="square"))
    await world.some_moment(16)
    await stack.deletes()
    await stack.ends("DELETE_COMPLETE")
    assert world.cloud.contents == {}


@scenario
async def test_a_stack_can_be_deleted_while_it_is_rolled_back(world):
    stack = await created(world, pair("1"))
    world.cloud.refuses("bad", "POST")
    bad = pair("2")
    bad["resources"]["bad"] = thing(after="a")
    await stack.updates(bad, disable_rollback=False)
    await world.some_moment(16)
    await stack.deletes()
    await stack.ends("DELETE_COMPLETE")
    assert world.cloud.contents == {}


@scenario
async def test_deleting_twice_is_as_deleting_once(world):
    stack = await created(world, pair("1"))
    await stack.deletes()
    await world.some_moment()
    await stack.deletes()
    await stack.ends("DELETE_COMPLETE")


@scenario
async def test_an_update_during_a_deletion_is_refused(world):
    stack = await created(world, hot({"a": thing(lasts=60)}))
    await stack.deletes()
    await stack.is_refused(stack.updates(hot()), HearthError)
    await stack.ends("DELETE_COMPLETE")


@scenario
async def test_an_update_during_a_rollback_is_what_counts(world):
    stack = await created(world, pair("1"))
    world.cloud.refuses("bad", "POST")
    bad = pair("2")
    bad["resources"]["bad"] = thing(after="a")
    await stack.updates(bad, disable_rollback=False)
    await world.some_moment(16)
    await stack.updates(pair("3", "y"))
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"a": "3", "b": "y"}


@scenario
async def test_a_newer_update_ends_the_retries_of_an_object_in_error(world):
    world.cloud.breaks("a")
    stack = await world.creates(hot({"a": thing("1", takes=1), "b": thing(after="a")}))
    await world.some_moment(24)
    world.cloud.relents("a")
    await stack.updates(hot({"b": thing()}))
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"b": "v1"}


@scenario
async def test_an_update_may_repair_what_is_being_made_again_and_again(world):
    world.cloud.breaks("a", times=3)
    stack = await world.creates(hot({"a": thing("1", takes=1), "b": thing(content_of("a"))}))
    await world.some_moment(24)
    await stack.updates(hot({"a": thing("2", takes=1), "b": thing(content_of("a"))}))
    await stack.ends("UPDATE_COMPLETE", "UPDATE_FAILED")
    await stack.updates(hot({"a": thing("2", takes=1), "b": thing(content_of("a"))}))
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"a": "2", "b": "2"}


@scenario
async def test_two_updates_at_once_leave_one_of_them(world):
    stack = await created(world, pair("1"))
    await asyncio.gather(stack.updates(pair("2", "2")), stack.updates(pair("3", "3")))
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents in ({"a": "2", "b": "2"}, {"a": "3", "b": "3"})


@scenario
async def test_an_update_and_a_deletion_at_once_leave_nothing(world):
    stack = await created(world, pair("1"))

    async def update():
        try:
            await stack.updates(pair("2"))
        except HearthError as refusal:
            world.tell(f"the update came too late: {refusal}")

    await asyncio.gather(update(), stack.deletes())
    await stack.ends("DELETE_COMPLETE")
    assert world.cloud.contents == {}


@scenario
async def test_two_creations_of_one_name_make_one_stack(world):
    one, other = await asyncio.gather(world.creates(pair("1")), world.creates(pair("1")))
    assert one.id == other.id
    await one.ends("CREATE_COMPLETE")
    assert world.cloud.contents == {"a": "1", "b": "x"}
