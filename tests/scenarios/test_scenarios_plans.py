"""What plans tell beforehand: nested stacks, batches, order, secrets. That it comes true, every scenario looks at."""

import json

import pytest
from templates import after, hot, output_of, thing

from hearth.engine.requests import StackRequest
from hearth.model.plan import Verdict

KEEP, UPDATE, REPLACE, CREATE, DELETE = (
    Verdict.KEEP,
    Verdict.UPDATE,
    Verdict.REPLACE,
    Verdict.CREATE,
    Verdict.DELETE,
)
INNER = hot(
    {"thing": thing({"get_param": "word"})},
    {"said": output_of("thing")},
    parameters={"word": {"type": "string"}},
)
FILES = {"inner.yaml": json.dumps(INNER)}


def inner(word):
    return {"type": "inner.yaml", "properties": {"word": word}}


def group(count, value="v1", **rolling):
    made = {"type": "OS::Heat::ResourceGroup", "properties": {"count": count, "resource_def": thing(value)}}
    return {**made, "update_policy": {"rolling_update": rolling}} if rolling else made


async def made(world, template, **more):
    stack = await world.create(template, **more)
    await world.until(stack, "CREATE_COMPLETE")
    return stack


async def planned(world, stack, template, **more):
    request = StackRequest(template=template, **more)
    return (await world.service.plan_update(world.caller, stack, request, patch=False)).document


def told(changes, prefix=""):
    """`{path: (verdict, others)}` of a whole tree."""
    found = {}
    for one in changes.resources:
        found[prefix + one.name] = (one.change, set(one.may_be))
        for nested in (one.nested, one.nested_removed):
            if nested is not None:
                found |= told(nested, f"{prefix}{one.name}/")
    return found


async def test_a_plan_of_a_creation_tells_values_order_and_the_longest_chain(world):
    template = hot({"a": thing("x"), "b": thing(output_of("a")), "c": thing("z"), "in": after(inner("w"), "b")})
    request = StackRequest(stack_name="new", template=template, files=FILES)
    plan = (await world.service.plan_create(world.caller, world.caller.project_id, request)).document
    assert list(told(plan.stack).values()) == [(CREATE, set())] * 5
    by_name = {one.name: one for one in plan.stack.resources}
    assert by_name["a"].properties["value"].after == "x"
    assert (by_name["b"].properties["value"].after, by_name["b"].properties["value"].known) == (
        "(known after apply)",
        False,
    )
    assert plan.critical_path == ["create a", "create b", "create in", "create in/thing"]
    assert [one.resource for one in plan.stack.order if not one.needs] == ["a", "c"]
    assert (plan.summary.create, plan.summary.keep) == (5, 0)
    assert await world.names() == set()


async def test_who_reads_from_a_nested_stack_that_stays_is_kept_for_certain(world):
    def template(word):
        reader = thing(update_replace_value={"get_attr": ["in", "said"]})
        further = inner({"get_attr": ["in", "said"]})
        return hot({"in": inner(word), "reader": reader, "further": further, "last": after(thing(), "further")})

    stack = await made(world, template("same"), files=FILES)
    plan = await planned(world, stack, template("same"), files=FILES)
    assert told(plan.stack) == {
        "in": (UPDATE, set()),
        "in/thing": (KEEP, set()),
        "further": (UPDATE, set()),
        "further/thing": (KEEP, set()),
        "reader": (KEEP, set()),
        "last": (KEEP, set()),
    }
    assert (plan.summary.keep, plan.summary.update, plan.critical_path) == (6, 0, [])
    plan = await planned(world, stack, template("other"), files=FILES)
    assert told(plan.stack)["in/thing"] == (UPDATE, set())
    assert told(plan.stack)["reader"] == (REPLACE, {KEEP, UPDATE})
    assert told(plan.stack)["further/thing"] == (UPDATE, {KEEP})


async def test_batches_are_foretold_with_the_members_that_are_there_only_meanwhile(world):
    rolling = {"max_batch_size": 2, "min_in_service": 3}
    stack = await made(world, hot({"group": group(3, **rolling)}))
    plan = await planned(world, stack, hot({"group": group(3, "v2", **rolling)}))
    nested = plan.stack.resources[0].nested
    assert (nested.batches.count, nested.batches.temporary) == (4, ["3", "4"])
    assert {one.name for one in nested.resources} == {"0", "1", "2"}


async def test_members_that_no_batch_changes_before_they_go(world):
    stack = await made(world, hot({"group": group(4, max_batch_size=1)}))
    plan = await planned(world, stack, hot({"group": group(2, "v2", max_batch_size=1)}))
    assert told(plan.stack) == {
        "group": (UPDATE, set()),
        "group/0": (UPDATE, set()),
        "group/1": (UPDATE, set()),
        "group/2": (DELETE, set()),
        "group/3": (DELETE, set()),
    }
    await world.update(stack, hot({"group": group(2, "v2", max_batch_size=1)}))
    await world.until(stack, "UPDATE_COMPLETE")


@pytest.mark.parametrize("member", [thing("v2"), thing("v2", update_replace_value="x")])
async def test_a_scaling_group_ends_with_the_members_that_were_foretold(world, member):
    def template(each):
        rolling = {"max_batch_size": 2, "min_in_service": 3}
        properties = {"min_size": 3, "max_size": 3, "resource": each, "rolling_updates": rolling}
        return hot({"group": {"type": "OS::Heat::AutoScalingGroup", "properties": properties}})

    stack = await made(world, template(thing("v1")))
    await world.update(stack, template(member))
    await world.until(stack, "UPDATE_COMPLETE")
    assert len(await world.resources(stack, nested_depth=1)) == 4


async def test_what_is_in_a_nested_stack_is_told_as_unknown_where_it_is(world):
    def template(count):
        return hot({"count": {"type": "OS::Heat::Value", "properties": {"value": count}}, "group": grown})

    grown = group({"get_attr": ["count", "value"]})
    stack = await made(world, template(1))
    plan = await planned(world, stack, template(2))
    changed = {one.name: one for one in plan.stack.resources}["group"]
    assert changed.nested is None
    assert "depend on other resources" in changed.nested_unknown


async def test_a_deletion_tells_what_goes_and_what_stays_behind(world):
    kept = {**thing(), "deletion_policy": "Retain"}
    stack = await made(world, hot({"a": thing(), "b": after(kept, "a"), "in": inner("w")}), files=FILES)
    plan = (await world.service.plan_delete(world.caller, stack)).document
    assert {one.name: one.leaves for one in plan.stack.resources} == {"a": None, "b": "object", "in": None}
    assert told(plan.stack)["in/thing"] == (DELETE, set())
    assert {one.resource: one.needs for one in plan.stack.order}["a"] != []
    await world.delete(stack)
    await world.until(stack, "DELETE_COMPLETE")


# ---- secrets


SECRET = {"word": {"type": "string", "hidden": True}}


def hiding(value):
    return hot({"a": thing(value)}, parameters=SECRET)


@pytest.mark.parametrize(
    "value",
    [
        {"get_param": "word"},
        {"list_join": ["-", ["x", {"get_param": "word"}]]},
        {"digest": ["md5", {"get_param": "word"}]},
        {"str_replace": {"template": "first $1", "params": {"$1": {"get_param": "word"}}}},
    ],
)
async def test_what_is_made_of_a_hidden_parameter_is_not_shown(world, value):
    stack = await made(world, hiding(value), parameters={"word": "walrus"})
    plan = await planned(world, stack, hiding(value), parameters={"word": "narwhal"})
    (changed,) = plan.stack.resources
    assert (changed.change, changed.reason) == (UPDATE, "value changes")
    assert (changed.properties["value"].before, changed.properties["value"].after) == ("******", "******")


async def test_hidden_values_are_hidden_below_as_well(world):
    nested = inner({"get_param": "word"})
    stack = await made(world, hot({"in": nested}, parameters=SECRET), files=FILES, parameters={"word": "walrus"})
    plan = await planned(
        world, stack, hot({"in": nested}, parameters=SECRET), files=FILES, parameters={"word": "narwhal"}
    )
    assert told(plan.stack)["in/thing"] == (UPDATE, set())
    assert "walrus" not in str(plan)
    assert "narwhal" not in str(plan)


async def test_a_secret_that_a_resource_made_is_not_shown_where_others_use_it(world):
    def template(length):
        random = {"type": "OS::Heat::RandomString", "properties": {"length": length}}
        return hot({"random": random, "user": thing({"get_attr": ["random", "value"]})}, {"said": output_of("user")})

    stack = await made(world, template(20))
    secret = await world.output(stack, "said")
    plan = await planned(world, stack, template(21))
    assert told(plan.stack) == {"random": (REPLACE, set()), "user": (UPDATE, {KEEP})}
    assert secret not in str(plan)
