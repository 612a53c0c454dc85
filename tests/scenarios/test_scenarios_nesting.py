"""Stacks in stacks: groups and templates as resource types."""

import itertools
import json

import pytest
from service_with_copies import Service
from templates import hot, output_of, thing

from hearth.engine.requests import StackRequest
from hearth.model.errors import Invalid

INNER = {
    "heat_template_version": "2018-08-31",
    "parameters": {"word": {"type": "string", "default": "inner"}},
    "resources": {"thing": thing({"get_param": "word"})},
    "outputs": {"said": {"value": output_of("thing")}},
}
FILES = {"inner.yaml": json.dumps(INNER)}


def group(count, member=None, **properties):
    member = member or thing("member-%index%")
    return {"type": "OS::Heat::ResourceGroup", "properties": {"count": count, "resource_def": member, **properties}}


def nested(**properties):
    return {"type": "inner.yaml", "properties": properties}


async def test_a_template_as_type_takes_properties_and_gives_outputs(world):
    template = hot({"in": nested(word="hello")}, {"said": {"get_attr": ["in", "said"]}})
    stack = await world.create(template, files=FILES)
    await world.until(stack, "CREATE_COMPLETE")
    assert await world.output(stack, "said") == "hello"
    assert set(await world.resources(stack, nested_depth=1)) == {"in", "thing"}


async def test_a_change_of_properties_reaches_the_nested_stack(world):
    stack = await world.create(hot({"in": nested(word="1")}, {"said": {"get_attr": ["in", "said"]}}), files=FILES)
    await world.until(stack, "CREATE_COMPLETE")
    await world.update(stack, hot({"in": nested(word="2")}, {"said": {"get_attr": ["in", "said"]}}), files=FILES)
    await world.until(stack, "UPDATE_COMPLETE")
    assert await world.output(stack, "said") == "2"


@pytest.mark.every_database
async def test_a_group_grows_and_shrinks(world):
    outputs = {"all": {"get_attr": ["group", "output"]}}
    stack = await world.create(hot({"group": group(2)}, outputs))
    await world.until(stack, "CREATE_COMPLETE")
    assert await world.output(stack, "all") == ["member-0", "member-1"]
    await world.update(stack, hot({"group": group(4)}, outputs))
    await world.until(stack, "UPDATE_COMPLETE")
    assert await world.output(stack, "all") == [f"member-{n}" for n in range(4)]
    await world.update(stack, hot({"group": group(1)}, outputs))
    await world.until(stack, "UPDATE_COMPLETE")
    assert await world.output(stack, "all") == ["member-0"]


async def test_a_group_of_templates_goes_away_with_its_stack(world):
    stack = await world.create(hot({"group": group(3, nested(word="w%index%"))}), files=FILES)
    await world.until(stack, "CREATE_COMPLETE")
    found = await world.service.list_resources(world.caller, stack, nested_depth=5)
    assert sum(one["resource_type"] == "OS::Heat::TestResource" for one in found) == 3
    await world.delete(stack)
    await world.until(stack, "DELETE_COMPLETE")
    from_all = await world.service.list_stacks(world.caller, world.query(show_nested=True))
    assert from_all == []


async def test_of_a_large_tree_few_nested_stacks_are_at_work_at_once(world):
    stack = await world.create(hot({"group": group(40, nested(word="w%index%"))}), files=FILES)
    await world.until(stack, "CREATE_COMPLETE")
    assert await most_at_work(world, stack, "CREATE") < 20
    await world.delete(stack)
    await world.until(stack, "DELETE_COMPLETE")
    assert await most_at_work(world, stack, "DELETE") < 20


async def most_at_work(world, stack, action):
    """How many of a tree's stacks were at work on an action at the same time, by their events."""
    told = await world.service.list_events(world.caller, stack, nested_depth=5, sort_dir="asc")
    states = [one["resource_status"] for one in told if one["physical_resource_id"] == one["identity"].id]
    begun = [{f"{action}_IN_PROGRESS": 1, f"{action}_COMPLETE": -1}.get(one, 0) for one in states]
    assert sum(begun) == 0
    return max(itertools.accumulate(begun))


async def test_nested_stacks_that_wait_keep_no_others_from_beginning(world):
    slow = hot({"slow": thing("x", action_wait_secs={"create": 600})})
    both = hot({"slow": group(40, {"type": "slow.yaml"}), "quick": group(2, nested())})
    stack = await world.create(both, files=FILES | {"slow.yaml": json.dumps(slow)})
    await world.until_resource(stack, "quick", "CREATE_COMPLETE")


async def test_the_cause_of_a_nested_failure_is_named_with_its_path(world):
    stack = await world.create(hot({"group": group(2, thing("x", fail=True))}))
    shown = await world.until(stack, "CREATE_FAILED", "CREATE_COMPLETE")
    reason = shown["stack_status_reason"]
    assert reason.startswith("Resource CREATE failed: ValueError: resources.group.resources[")


@pytest.mark.every_database
async def test_deleting_a_stack_while_a_nested_one_is_created(world):
    stack = await world.create(hot({"group": group(2, thing("x", action_wait_secs={"create": 30}))}))
    await world.until_resource(stack, "group", "CREATE_IN_PROGRESS")
    await world.delete(stack)
    await world.until(stack, "DELETE_COMPLETE")


@pytest.mark.every_database
async def test_an_update_reaches_a_nested_stack_that_is_still_created(world):
    outputs = {"all": {"get_attr": ["group", "output"]}}
    stack = await world.create(hot({"group": group(2, thing("old", wait_secs=0.3))}, outputs))
    await world.until_resource(stack, "group", "CREATE_IN_PROGRESS")
    await world.update(stack, hot({"group": group(3, thing("new"))}, outputs))
    await world.until(stack, "UPDATE_COMPLETE")
    assert await world.output(stack, "all") == ["new"] * 3


async def test_problems_of_nested_files_are_found_before_anything_is_made(world):
    wrong = {"heat_template_version": "2018-08-31", "resources": {"t": {"type": "OS::Heat::TestResourc"}}}
    with pytest.raises(Invalid) as caught:
        await world.create(hot({"in": {"type": "wrong.yaml"}}), files={"wrong.yaml": json.dumps(wrong)})
    assert caught.value.diagnostics[0].place.source == "wrong.yaml"
    assert await world.names() == set()


async def test_a_template_that_contains_itself_is_refused(world):
    itself = {"heat_template_version": "2018-08-31", "resources": {"again": {"type": "itself.yaml"}}}
    with pytest.raises(Invalid) as caught:
        await world.create(hot({"in": {"type": "itself.yaml"}}), files={"itself.yaml": json.dumps(itself)})
    assert caught.value.kind == "RequestLimitExceeded"


async def test_a_preview_tells_what_happens_in_nested_stacks(world):
    stack = await world.create(hot({"group": group(3, nested(word="a"))}), files=FILES)
    await world.until(stack, "CREATE_COMPLETE")
    lists = await world.nested_preview(stack, hot({"group": group(2, nested(word="b"))}), files=FILES)
    assert sorted(lists["updated"]) == ["0", "1", "group", "thing", "thing"]
    assert sorted(lists["deleted"]) == ["2", "thing"]
    await world.update(stack, hot({"group": group(2, nested(word="b"))}), files=FILES)
    await world.until(stack, "UPDATE_COMPLETE")
    found = await world.service.list_resources(world.caller, stack, nested_depth=5)
    updated = [one["resource_name"] for one in found if one["resource_status"] == "UPDATE_COMPLETE"]
    assert sorted(updated) == sorted(lists["updated"])


async def test_nobody_looks_at_the_properties_of_a_type_mapped_away(world):
    late = {"list_join": ["-", [{"get_attr": ["there", "output"]}, 5]]}
    wrong = {"a": {"list_join": ["-", [5]]}, "b": {"get_param": "nope"}, "c": [late, {"get_param": "word"}]}
    template = hot(
        {"there": thing("x"), "away": {"type": "OS::Nova::Server", "properties": wrong}},
        {"nothing": {"get_attr": ["away", "first_address"]}},
        parameters={"word": {"type": "string", "default": "w"}},
    )
    away = {"resource_registry": {"OS::Nova::*": "OS::Heat::None"}}
    stack = await world.create(template, environment=away)
    await world.until(stack, "CREATE_COMPLETE")
    assert await world.output(stack, "nothing") is None
    wrong["c"] = 5
    await world.update(stack, template, environment=away)
    await world.until(stack, "UPDATE_COMPLETE")


async def test_what_a_type_mapped_away_refers_to_must_exist(world):
    away = {"resource_registry": {"OS::Nova::*": "OS::Heat::None"}}
    for value in ({"get_resource": "nope"}, {"get_attr": ["there", "nope"]}):
        resources = {"there": thing("x"), "away": {"type": "OS::Nova::Server", "properties": {"a": value}}}
        with pytest.raises(Invalid):
            await world.create(hot(resources), environment=away)


async def test_a_resource_tells_the_type_it_has_now(world):
    stack = await world.create(hot({"in": nested(word="a")}), files=FILES)
    await world.until(stack, "CREATE_COMPLETE")
    other = {"other.yaml": FILES["inner.yaml"]}
    await world.update(stack, hot({"in": {**nested(word="a"), "type": "other.yaml"}}), files=other)
    await world.until(stack, "UPDATE_COMPLETE")
    assert (await world.resources(stack))["in"]["resource_type"] == "other.yaml"


async def test_an_output_that_cannot_be_computed_harms_only_who_reads_it(world):
    """The error goes up with the output; the resource that owns the nested stack is well."""
    inner = hot({"a": thing("x")}, {"good": {"get_attr": ["a", "output"]}, "bad": {"get_param": "foo"}})
    outputs = {"good": {"get_attr": ["inner", "good"]}, "bad": {"get_attr": ["inner", "bad"]}}
    template = hot({"inner": {"type": "inner.yaml"}}, outputs)
    files = {"inner.yaml": json.dumps(inner)}
    stack = await world.create(template, files=files)
    await world.until(stack, "CREATE_COMPLETE")
    await world.update(stack, template, files=files)
    shown = await world.until(stack, "UPDATE_COMPLETE")
    found = {one["output_key"]: one for one in shown["outputs"]}
    assert (found["good"]["output_value"], found["good"].get("output_error")) == ("x", None)
    assert found["bad"]["output_value"] is None
    assert found["bad"]["output_error"] == "Error in inner output bad: The Parameter (foo) was not provided."


async def test_whoever_reads_such_an_output_fails(world):
    inner = hot({"a": thing("x")}, {"bad": {"get_param": "foo"}})
    template = hot({"inner": {"type": "inner.yaml"}, "reader": thing({"get_attr": ["inner", "bad"]})})
    stack = await world.create(template, files={"inner.yaml": json.dumps(inner)})
    shown = await world.until(stack, "CREATE_FAILED")
    assert "resources.reader: " in shown["stack_status_reason"]
    assert "Error in inner output bad: The Parameter (foo) was not provided." in shown["stack_status_reason"]


async def test_a_preview_shows_what_is_in_nested_stacks(world):
    inner = hot({"a": thing({"get_param": "value"})}, parameters={"value": {"type": "string"}})
    group = {
        "type": "OS::Heat::ResourceGroup",
        "properties": {"count": 2, "resource_def": {"type": "inner.yaml", "properties": {"value": "g%index%"}}},
    }
    template = hot({"inner": {"type": "inner.yaml", "properties": {"value": "x"}}, "group": group, "plain": thing()})
    request = StackRequest(stack_name="new", template=template, files={"inner.yaml": json.dumps(inner)})
    shown = await world.service.preview_create(world.caller, world.caller.project_id, request)
    assert (shown["id"], shown["parameters"]["OS::stack_id"]) == ("None", "None")
    in_template, in_group, plain = shown["resources"]
    (one,) = in_template
    assert (one["resource_name"], one["parent_resource"], one["stack_name"]) == ("a", "inner", "new-inner")
    assert (one["properties"]["value"], one["creation_time"]) == ("x", None)
    assert one["stack_identity"]["stack_id"] == "None"
    assert [[one["properties"]["value"] for one in member] for member in in_group] == [["g0"], ["g1"]]
    assert plain["resource_name"] == "plain"


async def test_validate_names_the_templates_and_takes_more_than_they_ask_for(world):
    inner = hot({"a": thing()}, parameters={"value": {"type": "string", "default": "d"}})
    template = hot({"inner": {"type": "inner.yaml", "properties": {"other": "x"}}})
    request = StackRequest(template=template, files={"inner.yaml": json.dumps(inner)})
    answer = await world.service.validate(world.caller, request, show_nested=True)
    assert answer["Environment"]["resource_registry"] == {"inner.yaml": "inner.yaml", "resources": {}}
    assert set(answer["NestedParameters"]["inner"]["Parameters"]) == {"value"}
    with pytest.raises(Invalid, match="no property 'other'"):
        await world.create(template, files={"inner.yaml": json.dumps(inner)})


async def test_the_name_of_an_attribute_may_come_from_another_resource(world):
    resources = {name: {"type": "OS::Heat::Value", "properties": {"value": "value"}} for name in ("a", "b")}
    stack = await world.create(hot(resources, {"said": {"get_attr": ["a", {"get_attr": ["b", "value"]}]}}))
    await world.until(stack, "CREATE_COMPLETE")
    assert await world.output(stack, "said") == "value"


@pytest.mark.parametrize("to", ["OS::Heat::None", "OS::Heat::TestResource"])
async def test_a_type_that_comes_to_mean_another_is_replaced_with_all_in_it(world, to):
    inner = json.dumps(hot({"a": thing("inside")}))
    template = hot({"x": {"type": "My::X"}})

    def mapped(name):
        return {"resource_registry": {"My::X": name}}

    stack = await world.create(template, environment=mapped("inner.yaml"), files={"inner.yaml": inner})
    await world.until(stack, "CREATE_COMPLETE")
    assert "a" in await world.resources(stack, nested_depth=1)
    for name in (to, "inner.yaml"):
        await world.update(stack, template, environment=mapped(name), files={"inner.yaml": inner})
        await world.until(stack, "UPDATE_COMPLETE")
        assert ("a" in await world.resources(stack, nested_depth=1)) == (name == "inner.yaml")
        nested = await world.service.list_stacks(world.caller, world.query(show_nested=True))
        assert len(nested) == (2 if name == "inner.yaml" else 1)
    await world.delete(stack)
    await world.until(stack, "DELETE_COMPLETE")


async def test_an_object_goes_although_its_type_means_nothing_any_more(world):
    service = Service()
    service.use_in(world)
    template = hot({"x": {"type": "My::X", "properties": {"content": "1"}}})
    stack = await world.create(template, environment={"resource_registry": {"My::X": "Test::Object"}})
    await world.until(stack, "CREATE_COMPLETE")
    assert len(service.objects) == 1
    await world.update(stack, template, environment={"resource_registry": {"My::X": "OS::Heat::None"}})
    await world.until(stack, "UPDATE_COMPLETE")
    assert service.objects == {}
