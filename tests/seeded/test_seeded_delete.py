"""Deleting, and what deletion policies leave behind. Spec: lifecycle facts, section 8."""

from simulation.openings import created
from simulation.stories import scenario
from simulation.wording import hot, the, thing


async def gone(stack):
    await stack.deletes()
    await stack.ends("DELETE_COMPLETE")


@scenario
async def test_retained_objects_stay_where_they_are(world):
    world.left = ["kept"]
    stack = await created(world, {"kept": thing("1", policy="Retain"), "user": thing(uses=[the("kept")])})
    await gone(stack)
    assert world.cloud.contents == {"kept": "1"}


@scenario
async def test_retained_objects_stay_when_they_are_taken_out_or_replaced(world):
    world.left = ["a", "b"]
    stack = await created(
        world, {"a": thing("1", policy="Retain"), "b": thing("1", shape="round", policy="Retain"), "c": thing("1")}
    )
    await stack.updates(hot({"b": thing("2", shape="square"), "c": thing("1")}))
    await stack.ends("UPDATE_COMPLETE")
    assert sorted(one.fields["content"] for one in world.cloud.of("b")) == ["1", "2"]
    await gone(stack)
    assert world.cloud.contents == {"a": "1", "b": "1"}


@scenario
async def test_a_copy_is_left_of_what_has_the_snapshot_policy(world):
    world.copies_left = ["disk"]
    stack = await created(world, {"disk": thing("1", kind="Disk", policy="Snapshot"), "other": thing(kind="Disk")})
    await gone(stack)
    assert world.cloud.contents == {}
    assert len(world.cloud.all("copies")) == 1


@scenario
async def test_a_copy_is_left_of_what_is_replaced_too(world):
    world.copies_left = ["disk"]
    stack = await created(world, {"disk": thing("1", kind="Disk", shape="round", policy="Snapshot")})
    await stack.updates(hot({"disk": thing("1", kind="Disk", shape="square")}))
    await stack.ends("UPDATE_COMPLETE")
    assert len(world.cloud.all("disks")) == len(world.cloud.all("copies")) == 1
    await gone(stack)


@scenario
async def test_nothing_is_copied_of_what_never_came_about(world):
    world.cloud.breaks("disk")
    stack = await world.creates(hot({"disk": thing("1", kind="Disk", policy="Snapshot")}))
    await stack.ends("CREATE_FAILED")
    await gone(stack)
    assert world.cloud.all("copies") == []


@scenario
async def test_objects_that_are_gone_already_are_no_trouble(world):
    stack = await created(world, {"a": thing(), "b": thing(uses=[the("a")])})
    world.cloud.loses("b")
    await gone(stack)
    assert world.cloud.contents == {}


@scenario
async def test_an_object_in_use_is_tried_again_for_a_while(world):
    stack = await created(world, {"a": thing()})
    world.cloud.refuses("a", "DELETE", status=409, times=3)
    await gone(stack)


@scenario
async def test_a_deletion_that_fails_can_be_repeated(world):
    stack = await created(world, {"a": thing(), "b": thing(uses=[the("a")]), "c": thing()})
    world.cloud.refuses("b", "DELETE")
    await stack.deletes()
    await stack.ends("DELETE_FAILED")
    assert stack.reason.startswith("Resource DELETE failed: Forbidden: resources.b: ")
    assert {"a", "b"} <= world.cloud.contents.keys()
    world.cloud.relents("b")
    await gone(stack)
    assert world.cloud.contents == {}


@scenario
async def test_what_failed_to_be_deleted_can_be_brought_back_by_an_update(world):
    template = {"a": thing("1"), "b": thing("1", uses=[the("a")])}
    stack = await created(world, template)
    world.cloud.refuses("b", "DELETE")
    await stack.updates(hot({"a": thing("1")}))
    await stack.ends("UPDATE_FAILED")
    world.cloud.relents("b")
    await stack.updates(hot(template))
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"a": "1", "b": "1"}
    assert len(world.cloud.all("things")) == 2


@scenario
async def test_what_a_failed_update_left_behind_goes_with_the_stack(world):
    stack = await created(world, {"base": thing(shape="round"), "user": thing(uses=[the("base")])})
    world.cloud.refuses("base", "DELETE")
    await stack.updates(hot({"base": thing(shape="square"), "user": thing(uses=[the("base")])}))
    await stack.ends("UPDATE_FAILED")
    world.cloud.relents("base")
    assert len(world.cloud.of("base")) == 2
    await gone(stack)
    assert world.cloud.contents == {}


@scenario
async def test_what_a_failed_update_left_behind_goes_with_the_next_one(world):
    template = hot({"base": thing(shape="square"), "user": thing(uses=[the("base")])})
    stack = await created(world, {"base": thing(shape="round"), "user": thing(uses=[the("base")])})
    world.cloud.refuses("base", "DELETE")
    await stack.updates(template)
    await stack.ends("UPDATE_FAILED")
    world.cloud.relents("base")
    await stack.updates(template)
    await stack.ends("UPDATE_COMPLETE")
    assert len(world.cloud.of("base")) == 1


@scenario
async def test_a_name_is_free_again_once_its_stack_is_gone(world):
    stack = await created(world, {"a": thing("1")})
    await gone(stack)
    again = await created(world, {"a": thing("2")})
    assert again.id != stack.id
    assert world.cloud.contents == {"a": "2"}


@scenario
async def test_a_stack_whose_creation_failed_early_can_be_deleted(world):
    world.cloud.refuses("a", "POST")
    stack = await world.creates(hot({"a": thing(), "b": thing(after="a"), "c": thing(after="b")}))
    await stack.ends("CREATE_FAILED")
    await gone(stack)
    assert stack.events("c") == []
