"""Stacks in stacks: templates as types, groups, and signals that change their size. Spec: lifecycle facts, 5, 6, 11."""

import json

import pytest
from simulation.openings import created
from simulation.stories import scenario
from simulation.wording import content_of, hot, the, thing

from hearth.model.errors import HearthError

INNER = {
    "heat_template_version": "2018-08-31",
    "parameters": {"word": {"type": "string"}},
    "resources": {"a": thing({"get_param": "word"}), "b": thing({"get_param": "word"}, uses=[the("a")])},
    "outputs": {"said": {"value": content_of("b")}},
}
FILES = {"inner.yaml": json.dumps(INNER)}


def nested(word):
    outputs = {"said": {"get_attr": ["in", "said"]}}
    return hot({"in": {"type": "inner.yaml", "properties": {"word": word}}, "after": thing(after="in")}, outputs)


def group(count, content="v1", **more):
    properties = {"count": count, "resource_def": thing(content, **more)}
    return hot({"group": {"type": "OS::Heat::ResourceGroup", "properties": properties}})


def members(world):
    return sorted(str(one.fields["content"]) for one in world.cloud.all("things"))


@scenario
async def test_a_nested_stack_comes_changes_and_goes_with_its_owner(world):
    stack = await created(world, nested("1"), files=FILES)
    assert await stack.output("said") == "1"
    await stack.updates(nested("2"), files=FILES)
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"a": "2", "b": "2", "after": "v1"}
    await stack.deletes()
    await stack.ends("DELETE_COMPLETE")
    assert world.cloud.contents == {}


@scenario
async def test_a_failure_in_a_nested_stack_names_the_way_to_it(world):
    world.cloud.refuses("b", "POST")
    stack = await world.creates(nested("1"), files=FILES)
    await stack.ends("CREATE_FAILED")
    assert stack.reason.startswith("Resource CREATE failed: Forbidden: resources.in.resources.b: ")
    world.cloud.relents("b")
    await stack.updates(nested("1"), files=FILES)
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"a": "1", "b": "1", "after": "v1"}


@scenario
async def test_a_nested_stack_goes_back_with_its_owner(world):
    stack = await created(world, nested("1"), files=FILES)
    changed = nested("2")
    changed["resources"]["bad"] = thing(after="in")
    world.cloud.refuses("bad", "POST")
    await stack.updates(changed, files=FILES, disable_rollback=False)
    await stack.ends("ROLLBACK_COMPLETE")
    assert world.cloud.contents == {"a": "1", "b": "1", "after": "v1"}


@scenario
async def test_a_deletion_overtakes_a_nested_creation(world):
    stack = await world.creates(nested("1"), files=FILES)
    await world.some_moment(24)
    await stack.deletes()
    await stack.ends("DELETE_COMPLETE")
    assert world.cloud.contents == {}


@scenario
async def test_a_group_grows_and_shrinks(world):
    stack = await created(world, group(2))
    await stack.updates(group(4))
    await stack.ends("UPDATE_COMPLETE")
    assert members(world) == ["v1"] * 4
    await stack.updates(group(1))
    await stack.ends("UPDATE_COMPLETE")
    assert members(world) == ["v1"]


@scenario
async def test_a_newer_update_takes_a_changing_group_over(world):
    stack = await created(world, group(2, "1", takes=1))
    await stack.updates(group(3, "2", takes=1))
    await world.some_moment(16)
    await stack.updates(group(2, "3", takes=1))
    await stack.ends("UPDATE_COMPLETE")
    assert members(world) == ["3", "3"]


@scenario
async def test_nested_stacks_are_suspended_and_resumed_with_their_owner(world):
    stack = await created(world, nested("1"), files=FILES)
    await stack.acts("suspend")
    await stack.ends("SUSPEND_COMPLETE")
    assert {one.status for one in world.cloud.all("things")} == {"SUSPENDED"}
    await stack.acts("resume")
    await stack.ends("RESUME_COMPLETE")
    assert {one.status for one in world.cloud.all("things")} == {"ACTIVE"}


SLOW = {
    "heat_template_version": "2018-08-31",
    "parameters": {"word": {"type": "string"}, "seconds": {"type": "number", "default": 20}},
    "resources": {
        "a": thing({"get_param": "word"}, takes={"get_param": "seconds"}),
        "b": thing({"get_param": "word"}, uses=[the("a")]),
    },
}
DEEP = {
    "heat_template_version": "2018-08-31",
    "parameters": {"word": {"type": "string"}},
    "resources": {
        "quick": thing({"get_param": "word"}),
        "deeper": {
            "type": "slow.yaml",
            "properties": {"word": {"get_param": "word"}},
            "depends_on": ["quick"],
        },
    },
}
SLOW_FILES = {"slow.yaml": json.dumps(SLOW), "deep.yaml": json.dumps(DEEP)}


def slow(word, kind="slow.yaml", **more):
    """A nested stack that takes its time, behind a thing."""
    inner = {"type": kind, "properties": {"word": word, **more}, "depends_on": ["first"]}
    return hot({"first": thing(word), "in": inner})


async def fails_to_go_back(world, stack):
    """Cancel an update whose nested stack is at work, and let the rollback fail before it comes to that."""
    await stack.until_resource("in", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE")
    await world.some_moment()
    world.cloud.refuses("first", "PUT")
    try:
        await stack.cancels(roll_back=True)
    except HearthError as refusal:
        world.tell(f"user: came too late: {refusal}")
    return await stack.ends("ROLLBACK_FAILED", "UPDATE_COMPLETE")


@pytest.mark.parametrize("kind", ["slow.yaml", "deep.yaml"])
@scenario
async def test_a_way_back_that_fails_ends_after_the_nested_stacks_of_the_update(world, kind):
    stack = await created(world, slow("1", kind), files=SLOW_FILES)
    await stack.updates(slow("2", kind), files=SLOW_FILES)
    await fails_to_go_back(world, stack)
    assert stack.resources["in"] == stack.nested("in").status == "UPDATE_COMPLETE"
    world.cloud.relents("first")
    await stack.updates(slow("3", kind), files=SLOW_FILES)
    await stack.ends("UPDATE_COMPLETE")
    assert set(world.cloud.contents.values()) == {"3"}


@scenario
async def test_a_nested_stack_that_fails_later_than_the_way_back_is_told_of(world):
    stack = await created(world, slow("1"), files=SLOW_FILES)
    world.cloud.refuses("b", "PUT")
    await stack.updates(slow("2"), files=SLOW_FILES)
    await stack.until_resource("in", "UPDATE_IN_PROGRESS")
    world.cloud.refuses("first", "PUT")
    await stack.cancels(roll_back=True)
    await stack.ends("ROLLBACK_FAILED")
    assert stack.resources["in"] == "UPDATE_FAILED"
    assert any("resources.in.resources.b: " in one for one in stack.told("in"))


@scenario
async def test_a_deletion_that_fails_ends_after_the_nested_stacks_of_an_update(world):
    def template(word):
        both = slow(word)
        both["resources"]["last"] = thing(after="in")
        return both

    stack = await created(world, template("1"), files=SLOW_FILES)
    await stack.updates(template("2"), files=SLOW_FILES)
    await stack.until_resource("in", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE")
    world.cloud.refuses("last", "DELETE")
    await world.some_moment()
    await stack.deletes()
    await stack.ends("DELETE_FAILED")
    world.cloud.relents("last")
    await stack.deletes()
    await stack.ends("DELETE_COMPLETE")
    assert world.cloud.contents == {}


@scenario
async def test_a_nested_stack_of_an_update_is_stopped_with_the_way_back(world):
    stack = await created(world, slow("1"), files=SLOW_FILES)
    await stack.updates(slow("2", seconds=200), files=SLOW_FILES, timeout_mins=1)
    await stack.until_resource("in", "UPDATE_IN_PROGRESS")
    world.cloud.refuses("first", "PUT")
    await stack.cancels(roll_back=True)
    await stack.ends("ROLLBACK_FAILED")
    assert stack.resources["in"] == stack.nested("in").status == "UPDATE_FAILED"


@scenario
async def test_a_way_back_that_fails_ends_although_a_group_has_batches_left(world):
    def template(word):
        members = {"count": 3, "resource_def": thing(word, takes=2)}
        policy = {"rolling_update": {"max_batch_size": 1, "pause_time": 2}}
        group = {"type": "OS::Heat::ResourceGroup", "properties": members, "update_policy": policy}
        return hot({"first": thing(word), "in": {**group, "depends_on": ["first"]}})

    stack = await created(world, template("1"))
    await stack.updates(template("2"))
    if await fails_to_go_back(world, stack) == "ROLLBACK_FAILED":
        assert stack.resources["in"] in ("UPDATE_FAILED", "UPDATE_COMPLETE")
        assert (stack.resources["in"] == "UPDATE_COMPLETE") == (members(world) == ["2"] * 4)
    world.cloud.relents("first")
    await stack.updates(template("3"))
    await stack.ends("UPDATE_COMPLETE")
    assert members(world) == ["3"] * 4
