"""Groups that change in batches, and groups whose size follows signals. Spec: lifecycle facts, sections 5 and 11."""

from simulation.openings import created
from simulation.stories import scenario
from simulation.wording import hot, thing


def rolling(count, content, *, shape="round", size=1, **more):
    member = thing(content, shape=shape, takes=1)
    return hot(
        {
            "group": {
                "type": "OS::Heat::ResourceGroup",
                "properties": {"count": count, "resource_def": member},
                "update_policy": {"rolling_update": {"max_batch_size": size, **more}},
            }
        }
    )


def scaling(content, amount, kind="change_in_capacity", **more):
    sizes = {"min_size": 1, "max_size": 5, "resource": thing(content)}
    policy = {"auto_scaling_group_id": {"get_resource": "group"}, "scaling_adjustment": amount, "adjustment_type": kind}
    return hot(
        {
            "group": {"type": "OS::Heat::AutoScalingGroup", "properties": sizes},
            "policy": {"type": "OS::Heat::ScalingPolicy", "properties": {**policy, **more}},
        }
    )


def members(world):
    return sorted(str(one.fields["content"]) for one in world.cloud.all("things"))


async def grows(world, stack, count):
    """Wait until the group has so many members and nothing goes on."""
    await world.until(lambda: len(stack.nested("group").objects()) == count, f"there should be {count} members")
    await stack.nested("group").ends("UPDATE_COMPLETE", "CREATE_COMPLETE")


@scenario
async def test_a_group_changes_one_batch_after_the_other(world):
    stack = await created(world, rolling(4, "1", size=2))
    group = stack.nested("group")
    await stack.updates(rolling(4, "2", size=2))
    await stack.ends("UPDATE_COMPLETE")
    assert members(world) == ["2"] * 4
    assert group.events().count("UPDATE_COMPLETE") == 2


@scenario
async def test_members_are_replaced_one_by_one_with_a_pause_between(world):
    stack = await created(world, rolling(3, "1"))
    await stack.updates(rolling(3, "2", shape="square", pause_time=3))
    await stack.ends("UPDATE_COMPLETE")
    assert members(world) == ["2"] * 3
    assert {one.fields["shape"] for one in world.cloud.all("things")} == {"square"}


@scenario
async def test_a_newer_update_takes_over_between_batches(world):
    stack = await created(world, rolling(3, "1"))
    await stack.updates(rolling(3, "2", pause_time=2))
    await world.some_moment(24)
    await stack.updates(rolling(2, "3"))
    await stack.ends("UPDATE_COMPLETE")
    assert members(world) == ["3"] * 2


@scenario
async def test_a_batch_that_fails_takes_the_others_back(world):
    stack = await created(world, rolling(3, "1"))
    # Where the answer to the only call that is refused is lost, another attempt succeeds.
    world.cloud.refuses("1", "PUT", times=1)
    await stack.updates(rolling(3, "2"), disable_rollback=False)
    ended = await stack.ends("ROLLBACK_COMPLETE", "UPDATE_COMPLETE")
    assert members(world) == [{"ROLLBACK_COMPLETE": "1", "UPDATE_COMPLETE": "2"}[ended]] * 3


@scenario
async def test_a_group_that_changes_in_batches_can_be_deleted(world):
    stack = await created(world, rolling(3, "1"))
    await stack.updates(rolling(3, "2", pause_time=2))
    await world.some_moment(24)
    await stack.deletes()
    await stack.ends("DELETE_COMPLETE")
    assert members(world) == []


@scenario
async def test_a_group_grows_by_a_signal_and_once_only(world):
    # Who repeats a signal whose answer was lost meets a group that cools down.
    stack = await created(world, scaling("1", 2, cooldown=3600))
    await stack.signals("policy")
    await grows(world, stack, 3)
    assert members(world) == ["1"] * 3


@scenario
async def test_a_signal_in_the_middle_of_an_update_leaves_a_whole_group(world):
    # While the group itself is at work, a signal changes nothing.
    stack = await created(world, scaling("1", 3, "exact_capacity"))
    await stack.updates(scaling("2", 3, "exact_capacity"))
    await world.some_moment()
    await stack.signals("policy")
    await stack.ends("UPDATE_COMPLETE")
    await stack.nested("group").ends("UPDATE_COMPLETE")
    assert members(world) in (["2"], ["2"] * 3)


@scenario
async def test_a_group_that_grows_can_be_deleted(world):
    stack = await created(world, scaling("1", 4, "exact_capacity"))
    await stack.signals("policy")
    await world.some_moment()
    await stack.deletes()
    await stack.ends("DELETE_COMPLETE")
    assert members(world) == []
