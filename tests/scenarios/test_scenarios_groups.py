"""Groups of members: batches and pauses, removal, and the other types that own a nested stack."""

import asyncio
import time

import pytest
from templates import hot, thing

from hearth.model.errors import Invalid

OUTPUTS = {
    "all": {"get_attr": ["group", "output"]},
    "removed": {"get_attr": ["group", "removed_rsrc_list"]},
    "names": {"get_attr": ["group", "attributes", "output"]},
}


TYPES = ["OS::Heat::TestResource"] * 2


def group(count, value="v1", *, policy=None, member=None, **properties):
    made = {
        "type": "OS::Heat::ResourceGroup",
        "properties": {"count": count, "resource_def": member or thing(value), **properties},
    }
    if policy:
        made["update_policy"] = policy
    return hot({"group": made}, OUTPUTS)


def rolling(**policy):
    return {"rolling_update": policy}


async def inside(world, stack, name="group"):
    """The nested stack of a resource."""
    row = (await world.resources(stack))[name]
    return await world.service.identify(world.caller, world.caller.project_id, row["physical_resource_id"])


async def rounds(world, nested):
    """What each action of a nested stack did: `{member: last action}` by action, in order."""
    found: list[dict[str, str]] = []
    for name, status in await world.events(nested):
        if name == nested.name:
            if status.endswith("IN_PROGRESS"):
                found.append({})
        elif status.endswith("COMPLETE"):
            found[-1][name] = status.removesuffix("_COMPLETE")
    return found


async def test_a_group_is_created_in_batches(world):
    policy = {"batch_create": {"max_batch_size": 2}}
    stack = await world.create(group(5, policy=policy))
    await world.until(stack, "CREATE_COMPLETE")
    made = await rounds(world, await inside(world, stack))
    assert [set(one) for one in made] == [{"0", "1"}, {"2", "3"}, {"4"}]
    assert await world.output(stack, "all") == ["v1"] * 5


async def test_a_rolling_update_changes_the_highest_members_first(world):
    policy = rolling(max_batch_size=2)
    stack = await world.create(group(5, policy=policy))
    await world.until(stack, "CREATE_COMPLETE")
    await world.update(stack, group(5, "v2", policy=policy))
    await world.until(stack, "UPDATE_COMPLETE")
    _, *changed = await rounds(world, await inside(world, stack))
    assert [sorted(one) for one in changed] == [["3", "4"], ["1", "2"], ["0"]]
    assert await world.output(stack, "all") == ["v2"] * 5


async def test_members_kept_in_service_make_the_group_grow_for_a_while(world):
    policy = rolling(max_batch_size=2, min_in_service=3)
    stack = await world.create(group(3, policy=policy))
    await world.until(stack, "CREATE_COMPLETE")
    await world.update(stack, group(3, "v2", policy=policy))
    await world.until(stack, "UPDATE_COMPLETE")
    _, *changed = await rounds(world, await inside(world, stack))
    assert changed == [
        {"3": "CREATE", "4": "CREATE"},
        {"2": "UPDATE", "1": "UPDATE"},
        {"0": "UPDATE", "4": "DELETE"},
        {"3": "DELETE"},
    ]
    assert await world.output(stack, "names") == {"0": "v2", "1": "v2", "2": "v2"}


async def test_a_change_of_size_alone_is_made_at_once(world):
    policy = rolling(max_batch_size=1)
    stack = await world.create(group(2, policy=policy))
    await world.until(stack, "CREATE_COMPLETE")
    await world.update(stack, group(5, policy=policy))
    await world.until(stack, "UPDATE_COMPLETE")
    _, *changed = await rounds(world, await inside(world, stack))
    assert [sorted(one) for one in changed] == [["2", "3", "4"]]


async def test_a_pause_between_batches_outlives_a_crash(new_world):
    policy = rolling(max_batch_size=1, pause_time=0.4)
    world = new_world(engine_lease=0.3)
    engine = await world.start_engine()
    stack = await world.create(group(3, policy=policy))
    await world.until(stack, "CREATE_COMPLETE")
    began = time.monotonic()
    await world.update(stack, group(3, "v2", policy=policy))
    nested = await inside(world, stack)
    await world.until(nested, "UPDATE_COMPLETE")
    await engine.stop()
    await world.start_engine()
    await world.until(stack, "UPDATE_COMPLETE")
    assert time.monotonic() - began >= 0.8
    _, *changed = await rounds(world, nested)
    assert [sorted(one) for one in changed] == [["2"], ["1"], ["0"]]
    await world.close()


async def test_an_update_in_a_pause_takes_over_at_once(world):
    policy = rolling(max_batch_size=1, pause_time=60)
    stack = await world.create(group(3, policy=policy))
    await world.until(stack, "CREATE_COMPLETE")
    await world.update(stack, group(3, "v2", policy=policy))
    await world.until(await inside(world, stack), "UPDATE_COMPLETE")
    await world.update(stack, group(3, "v3"))
    await world.until(stack, "UPDATE_COMPLETE")
    assert await world.output(stack, "all") == ["v3"] * 3


async def test_a_pause_ends_with_the_deletion_of_the_stack(world):
    policy = {"batch_create": {"max_batch_size": 1, "pause_time": 60}}
    stack = await world.create(group(3, policy=policy))
    await world.until_resource(stack, "group", "CREATE_IN_PROGRESS")
    await world.delete(stack)
    await world.until(stack, "DELETE_COMPLETE")


async def test_pauses_that_do_not_fit_into_the_timeout_are_refused(world):
    policy = rolling(max_batch_size=1, pause_time=40)
    stack = await world.create(group(4, policy=policy), timeout_mins=2)
    await world.until(stack, "CREATE_COMPLETE")
    await world.update(stack, group(4, "v2", policy=policy), timeout_mins=2)
    shown = await world.until(stack, "UPDATE_FAILED", "UPDATE_COMPLETE")
    assert shown["stack_status_reason"].startswith("Resource UPDATE failed: ValueError: resources.group: 4 batches")
    assert await world.output(stack, "all") == ["v1"] * 4


async def test_a_failed_batch_stops_the_update_and_the_next_one_goes_on(world):
    policy = rolling(max_batch_size=1)
    stack = await world.create(group(3, policy=policy))
    await world.until(stack, "CREATE_COMPLETE")
    await world.update(stack, group(3, policy=policy, member=thing("v2", fail=True)))
    shown = await world.until(stack, "UPDATE_FAILED", "UPDATE_COMPLETE")
    assert shown["stack_status_reason"].startswith("Resource UPDATE failed: ValueError: resources.group.resources[2]: ")
    assert {"0": "v1", "1": "v1"}.items() <= (await world.output(stack, "names")).items()
    await world.update(stack, group(3, "v3", policy=policy))
    await world.until(stack, "UPDATE_COMPLETE")
    assert await world.output(stack, "all") == ["v3"] * 3


@pytest.mark.parametrize("kind", ["ResourceGroup", "AutoScalingGroup"])
async def test_members_that_never_worked_do_not_keep_a_good_definition_out(world, kind):
    def scaling(member):
        sizes = {"min_size": 1, "max_size": 3, "desired_capacity": 3}
        return hot({"group": {"type": "OS::Heat::AutoScalingGroup", "properties": {**sizes, "resource": member}}})

    def of(member):
        return scaling(member) if kind == "AutoScalingGroup" else group(3, policy=rolling(), member=member)

    stack = await world.create(of(thing("v1", fail=True)))
    await world.until(stack, "CREATE_FAILED")
    await world.update(stack, of(thing("v2")))
    await world.until(stack, "UPDATE_COMPLETE")
    assert len(await world.resources(await inside(world, stack))) == 3


async def test_a_rolling_update_is_rolled_back_in_batches(world):
    policy = rolling(max_batch_size=1)
    stack = await world.create(group(2, policy=policy), disable_rollback=False)
    await world.until(stack, "CREATE_COMPLETE")
    broken = hot({**group(2, "v2", policy=policy)["resources"], "bad": {**thing(fail=True), "depends_on": "group"}})
    await world.update(stack, broken, disable_rollback=False)
    await world.until(stack, "ROLLBACK_COMPLETE")
    assert await world.output(stack, "all") == ["v1"] * 2


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ({"rolling_update": {"max_batch_size": 0}}, "max_batch_size"),
        ({"rolling_update": {"pause": 1}}, "pause"),
        ({"rolling": {}}, "rolling"),
    ],
)
async def test_a_wrong_policy_is_refused(world, policy, said):
    with pytest.raises(Invalid) as caught:
        await world.create(group(2, policy=policy))
    assert said in caught.value.diagnostics[0].as_text()


async def test_removal_policies_append_and_update(world):
    def without(*names, **more):
        return group(3, removal_policies=[{"resource_list": list(names)}], **more)

    stack = await world.create(group(3))
    await world.until(stack, "CREATE_COMPLETE")
    for template, left, removed in (
        (without("1"), {"0", "2", "3"}, ["1"]),
        (without("3"), {"0", "2", "4"}, ["1", "3"]),
        (group(3), {"0", "2", "4"}, ["1", "3"]),
        (without("1", removal_policies_mode="update"), {"0", "2", "3"}, ["1"]),
    ):
        await world.update(stack, template)
        await world.until(stack, "UPDATE_COMPLETE")
        assert set(await world.output(stack, "names")) == left
        assert await world.output(stack, "removed") == removed


def resource_chain(*types, **properties):
    return {"type": "OS::Heat::ResourceChain", "properties": {"resources": list(types), **properties}}


async def test_a_chain_makes_one_after_the_other(world):
    outputs = {
        "refs": {"get_attr": ["chain", "refs"]},
        "values": {"get_attr": ["chain", "output"]},
        "by_name": {"get_attr": ["chain", "attributes", "output"]},
        "one": {"get_attr": ["chain", "resource.1.output"]},
    }
    types = ["OS::Heat::TestResource"] * 3
    chain = resource_chain(*types, resource_properties={"value": "v"})
    stack = await world.create(hot({"chain": chain}, outputs))
    await world.until(stack, "CREATE_COMPLETE")
    nested = await inside(world, stack, "chain")
    finished = [name for name, status in await world.events(nested) if status == "CREATE_COMPLETE"]
    assert finished[:3] == ["0", "1", "2"]
    assert [one["required_by"] for one in (await world.resources(nested)).values()] == [["1"], ["2"], []]
    assert len(set(await world.output(stack, "refs"))) == 3
    assert await world.output(stack, "values") == ["v"] * 3
    assert await world.output(stack, "by_name") == {"0": "v", "1": "v", "2": "v"}
    assert await world.output(stack, "one") == "v"
    await world.update(stack, hot({"chain": resource_chain(*types[:2], resource_properties={"value": "v"})}, outputs))
    await world.until(stack, "UPDATE_COMPLETE")
    assert await world.output(stack, "by_name") == {"0": "v", "1": "v"}


async def test_a_chain_waits_for_values_of_others(world):
    chain = resource_chain("OS::Heat::TestResource", resource_properties={"value": {"get_attr": ["first", "output"]}})
    template = hot({"first": thing("said"), "chain": chain}, {"values": {"get_attr": ["chain", "output"]}})
    stack = await world.create(template)
    await world.until(stack, "CREATE_COMPLETE")
    assert await world.output(stack, "values") == ["said"]


async def test_members_of_a_chain_side_by_side_need_nobody(world):
    stack = await world.create(hot({"chain": resource_chain(*["OS::Heat::TestResource"] * 2, concurrent=True)}))
    await world.until(stack, "CREATE_COMPLETE")
    found = await world.resources(await inside(world, stack, "chain"))
    assert [one["required_by"] for one in found.values()] == [[], []]


URL = "http://templates.example/inner.template"
REMOTE = """{
  "AWSTemplateFormatVersion": "2010-09-09",
  "Parameters": {"Word": {"Type": "String"}},
  "Resources": {"Thing": {"Type": "OS::Heat::TestResource", "Properties": {"value": {"Ref": "Word"}}}},
  "Outputs": {"Said": {"Value": {"Fn::GetAtt": ["Thing", "output"]}}}
}"""


def cloudformation_stack(word, url=URL):
    remote = {"type": "AWS::CloudFormation::Stack", "properties": {"TemplateURL": url, "Parameters": {"Word": word}}}
    outputs = {"said": {"get_attr": ["remote", "Outputs.Said"]}, "id": {"get_resource": "remote"}}
    return hot({"remote": remote}, outputs)


async def test_a_stack_of_a_template_behind_a_url(world):
    stack = await world.create(cloudformation_stack("hello"), files={URL: REMOTE})
    await world.until(stack, "CREATE_COMPLETE")
    assert await world.output(stack, "said") == "hello"
    assert (await world.output(stack, "id")).startswith("arn:openstack:heat::")
    await world.update(stack, cloudformation_stack("bye"), files={URL: REMOTE})
    await world.until(stack, "UPDATE_COMPLETE")
    assert await world.output(stack, "said") == "bye"
    assert (await rounds(world, await inside(world, stack, "remote")))[1] == {"Thing": "UPDATE"}


@pytest.mark.parametrize("url", ["file:///etc/passwd", "inner.yaml"])
async def test_a_template_that_cannot_be_fetched_is_refused(world, url):
    with pytest.raises(Invalid, match="cannot be fetched"):
        await world.create(cloudformation_stack("x", url))


SCALED = {
    "names": {"get_attr": ["group", "outputs", "output"]},
    "values": {"get_attr": ["group", "outputs_list", "output"]},
    "size": {"get_attr": ["group", "current_size"]},
    "refs": {"get_attr": ["group", "refs"]},
    "oldest": {"get_attr": ["group", "resource.0.output"]},
}


def scaling(value="v1", *, policy=None, member=None, **properties):
    sizes = {"min_size": 1, "max_size": 5}
    made = {
        "type": "OS::Heat::AutoScalingGroup",
        "properties": {**sizes, "resource": member or thing(value), **properties},
    }
    resources = {"group": made}
    if policy:
        resources["policy"] = {
            "type": "OS::Heat::ScalingPolicy",
            "properties": {"auto_scaling_group_id": {"get_resource": "group"}, **policy},
        }
    return hot(resources, SCALED)


def by(amount, kind="change_in_capacity", **more):
    return {"scaling_adjustment": amount, "adjustment_type": kind, **more}


async def signal(world, stack, size, body=None):
    """Signal the policy and wait until the group shows the size."""
    await world.service.signal(world.caller, stack, "policy", body)
    await world.until(await inside(world, stack))
    async with asyncio.timeout(5):
        while await world.output(stack, "size") != size:  # noqa: ASYNC110 - the state is in the store
            await asyncio.sleep(0.01)


async def test_a_scaling_group_begins_with_its_least_size(world):
    stack = await world.create(scaling(min_size=2))
    await world.until(stack, "CREATE_COMPLETE")
    assert await world.output(stack, "size") == 2
    assert await world.output(stack, "values") == ["v1", "v1"]
    assert await world.output(stack, "oldest") == "v1"
    assert len(set(await world.output(stack, "refs"))) == 2


async def test_policies_change_the_size_within_its_limits(world):
    stack = await world.create(scaling(policy=by(2)))
    await world.until(stack, "CREATE_COMPLETE")
    for size in (3, 5, 5):
        await signal(world, stack, size)
    assert [one for one in await world.events(stack) if one == ("policy", "SIGNAL_COMPLETE")] == [
        ("policy", "SIGNAL_COMPLETE")
    ] * 2
    assert (await world.show(stack))["stack_status"] == "CREATE_COMPLETE"


async def test_a_group_shrinks_by_its_oldest_members(world):
    stack = await world.create(scaling(policy=by(-1), desired_capacity=2))
    await world.until(stack, "CREATE_COMPLETE")
    names = await world.output(stack, "names")
    await signal(world, stack, 1)
    left = await world.output(stack, "names")
    assert len(left) == 1
    assert left.keys() < names.keys()


async def test_an_update_keeps_the_size_that_policies_gave(world):
    stack = await world.create(scaling(policy=by(2)))
    await world.until(stack, "CREATE_COMPLETE")
    await signal(world, stack, 3)
    await world.update(stack, scaling("v2", policy=by(2)))
    await world.until(stack, "UPDATE_COMPLETE")
    assert await world.output(stack, "values") == ["v2"] * 3
    await world.update(stack, scaling("v2", policy=by(2), max_size=2))
    await world.until(stack, "UPDATE_COMPLETE")
    assert await world.output(stack, "size") == 2
    await world.update(stack, scaling("v2", policy=by(2), desired_capacity=4))
    await world.until(stack, "UPDATE_COMPLETE")
    assert await world.output(stack, "size") == 4


async def test_nothing_happens_while_a_group_cools_down(world):
    stack = await world.create(scaling(policy=by(1, cooldown=60)))
    await world.until(stack, "CREATE_COMPLETE")
    for _ in range(2):
        await signal(world, stack, 2)


async def test_a_signal_that_all_is_well_changes_nothing(world):
    stack = await world.create(scaling(policy=by(1)))
    await world.until(stack, "CREATE_COMPLETE")
    await signal(world, stack, 1, {"current": "ok"})
    await signal(world, stack, 2, {"current": "ALARM"})


async def test_a_scaling_group_is_updated_in_batches_and_keeps_members_in_service(world):
    rolled = {"max_batch_size": 1, "min_in_service": 2}
    stack = await world.create(scaling(desired_capacity=2, rolling_updates=rolled))
    await world.until(stack, "CREATE_COMPLETE")
    await world.update(stack, scaling("v2", rolling_updates=rolled))
    await world.until(stack, "UPDATE_COMPLETE")
    _, *changed = await rounds(world, await inside(world, stack))
    assert [sorted(one.values()) for one in changed] == [["CREATE"], ["UPDATE"], ["DELETE"]]
    assert await world.output(stack, "values") == ["v2"] * 2


async def test_sizes_out_of_order_are_refused(world):
    with pytest.raises(Invalid, match="max_size"):
        await world.create(scaling(min_size=6))
    with pytest.raises(Invalid, match="desired_capacity"):
        await world.create(scaling(desired_capacity=9))


async def test_updates_that_follow_each_other_quickly_do_not_wait_for_pauses(world):
    policy = rolling(max_batch_size=1, pause_time=60)
    stack = await world.create(group(3, policy=policy))
    await world.until(stack, "CREATE_COMPLETE")
    for number in range(12):
        await world.update(stack, group(3, f"v{number}", policy=policy))
        await asyncio.sleep(number * 0.004)
    await world.update(stack, group(3, "last"))
    await world.until(stack, "UPDATE_COMPLETE")
    assert await world.output(stack, "all") == ["last"] * 3


async def test_an_index_and_its_text_are_two_paths(world):
    template = group(2)
    for name, step in (("index", 1), ("text", "1")):
        template["outputs"][name] = {"value": {"get_attr": ["group", "refs", step]}}
    stack = await world.create(template)
    await world.until(stack, "CREATE_COMPLETE")
    assert await world.output(stack, "index") is not None
    assert await world.output(stack, "text") is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (group(2, index_var="%i%"), group(2, index_var="%j%")),
        *(
            (
                hot({"group": {"type": "OS::Heat::ResourceChain", "properties": {"resources": TYPES, **before}}}),
                hot({"group": {"type": "OS::Heat::ResourceChain", "properties": {"resources": TYPES, **after}}}),
            )
            for before, after in (
                ({"concurrent": False}, {"concurrent": True}),
                ({"resource_properties": {"value": "a"}}, {"resource_properties": {"value": "b"}}),
            )
        ),
    ],
)
async def test_what_cannot_be_changed_in_place_makes_another_group(world, before, after):
    stack = await world.create(before)
    await world.until(stack, "CREATE_COMPLETE")
    first = (await world.resources(stack))["group"]["physical_resource_id"]
    await world.update(stack, after)
    await world.until(stack, "UPDATE_COMPLETE")
    assert (await world.resources(stack))["group"]["physical_resource_id"] != first


@pytest.mark.parametrize(
    ("group", "asked"),
    [
        ({"count": 10**12, "resource_def": thing()}, "1000000000000"),
        ({"min_size": 10**7, "max_size": 10**9, "resource": thing()}, "10000000"),
        ({"min_size": 0, "max_size": 10**9, "desired_capacity": 10**8, "resource": thing()}, "100000000"),
        ({"resources": ["OS::Heat::None"] * 1001}, "1001"),
    ],
)
async def test_groups_of_more_members_than_can_be_are_not_even_written_down(new_world, group, asked):
    world = new_world(max_resources_per_stack=1000)
    kinds = {"resource_def": "ResourceGroup", "resource": "AutoScalingGroup", "resources": "ResourceChain"}
    kind = next(kinds[key] for key in group if key in kinds)
    with pytest.raises(Invalid, match=f"asks for {asked} members, at most 1000"):
        await world.create(hot({"group": {"type": f"OS::Heat::{kind}", "properties": group}}))
    await world.close()


@pytest.mark.parametrize("size", ["count", "min_size"])
async def test_a_size_that_is_known_late_is_checked_late(new_world, size):
    world = new_world(max_resources_per_stack=1000)
    await world.start_engine()
    late = {"get_attr": ["first", "value"]}
    group = {
        "count": {"type": "OS::Heat::ResourceGroup", "properties": {"count": late, "resource_def": thing()}},
        "min_size": {
            "type": "OS::Heat::AutoScalingGroup",
            "properties": {"min_size": late, "max_size": 10**9, "resource": thing()},
        },
    }[size]
    first = {"type": "OS::Heat::Value", "properties": {"value": 10**8}}
    stack = await world.create(hot({"first": first, "group": group}))
    shown = await world.until(stack)
    assert shown["stack_status"] == "CREATE_FAILED"
    assert "asks for 100000000 members; at most 1000" in shown["stack_status_reason"]
    await world.close()
