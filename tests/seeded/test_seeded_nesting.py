"""Stacks in stacks: templates as types, groups, and signals that change their size. Spec: lifecycle facts, 5, 6, 11."""

import json

from simulation.openings import created
from simulation.stories import scenario
from simulation.wording import content_of, hot, the, thing

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
