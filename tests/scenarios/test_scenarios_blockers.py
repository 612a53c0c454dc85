"""A deletion that is refused says who uses the object, whose that is, and what to do."""

import itertools

import pytest
import stubborn_service
from stubborn_service import stubborn
from templates import hot

from hearth.resources.contract import Blocker, Conflict


@pytest.fixture
async def refusing(new_world):
    """A world on a service whose objects are in use."""
    world = new_world(temporary_retry_limit=1, action_retry_limit=0)
    world.context.jitter = lambda: 0.0
    world.remote = stubborn_service.Service().use_in(world)
    await world.start_engine()
    yield world
    await world.close()


def refuse(world, name, *users):
    refusal = Conflict("it is in use")
    refusal.after = 0.0
    world.remote.refusals[f"delete {name}"] = itertools.repeat(refusal)
    world.remote.users[name] = users


async def failed_deletion(world, stack, name="net"):
    await world.delete(stack)
    await world.until(stack, "DELETE_FAILED")
    return (await world.resources(stack))[name]["resource_status_reason"]


async def created(world, template, name="web", **more):
    stack = await world.create(template, name=name, **more)
    await world.until(stack, "CREATE_COMPLETE")
    return stack


async def test_what_belongs_to_nobody_is_named_with_the_command_that_frees_it(refusing):
    stack = await created(refusing, hot({"net": stubborn()}))
    refuse(refusing, "net", Blocker("port", "p-1", "by-hand", remove="openstack port delete p-1"))
    assert await failed_deletion(refusing, stack) == (
        "Conflict: resources.net: it is in use; in use by port by-hand (p-1), which is in no stack. "
        "Free it (`openstack port delete p-1`), then `hearth stack retry web`; "
        "or leave this one with `hearth stack continue web --retain net`."
    )


async def test_another_stack_is_named(refusing):
    other = await created(refusing, hot({"db": stubborn()}), name="store")
    server = (await refusing.resources(other))["db"]["physical_resource_id"]
    stack = await created(refusing, hot({"net": stubborn()}))
    refuse(refusing, "net", Blocker("port", "p-1", device_kind="compute:nova", device_id=server))
    reason = await failed_deletion(refusing, stack)
    assert f"in use by port p-1 for compute:nova {server}, which is db of stack store. " in reason
    assert "Change or delete that stack, then `hearth stack retry web`" in reason


async def test_resources_of_the_same_tree_are_named_by_their_paths(refusing):
    inner = hot({"deep": stubborn()})
    template = hot({"net": stubborn(), "outer": {"type": "inner.yaml"}})
    stack = await created(refusing, template, files={"inner.yaml": str(inner)})
    deep = next(one for one in refusing.remote.objects if "-deep-" in one)
    refuse(refusing, "net", Blocker("port", deep))
    refuse(refusing, "deep", Blocker("port", "p-2"))
    reason = await failed_deletion(refusing, stack)
    assert f"in use by port {deep}, which is outer/deep of this stack. Remove that first, or leave this one" in reason
    told = await refusing.service.list_events(refusing.caller, stack, nested_depth=2)
    assert any("--retain outer/deep`" in one["resource_status_reason"] for one in told)


async def test_it_is_told_while_the_deletion_is_tried_again(refusing):
    stack = await created(refusing, hot({"net": stubborn()}))
    refuse(refusing, "net", Blocker("port", "p-1"), Blocker("port", "p-2"), *[Blocker("port", "p-3")] * 3)
    reason = await failed_deletion(refusing, stack)
    assert reason.count("port p-") == 3 and " and 2 more. " in reason
    events = await refusing.service.list_events(refusing.caller, stack, resource_name="net", sort_dir="asc")
    waits = [one["resource_status_reason"] for one in events if "attempt 2 of 2" in one["resource_status_reason"]]
    assert len(waits) == 1 and "in use by port p-1" in waits[0]


async def test_a_service_that_cannot_say_leaves_the_refusal_as_it_is(refusing):
    stack = await created(refusing, hot({"net": stubborn()}))
    refuse(refusing, "net")
    refusing.remote.refusals["blockers net"] = itertools.repeat(Conflict("not now"))
    assert await failed_deletion(refusing, stack) == "Conflict: resources.net: it is in use"


async def test_all_that_stand_in_the_way_are_freed_by_one_command(refusing):
    stack = await created(refusing, hot({"net": stubborn()}))
    users = [Blocker("port", f"p-{at}", remove=f"openstack port delete p-{at}") for at in range(1, 5)]
    users.append(Blocker("port", "p-5", remove="openstack router remove port r p-5"))
    refuse(refusing, "net", *users)
    assert (
        "and 2 more. Free them (`openstack port delete p-1 p-2 p-3 p-4 && openstack router remove port r p-5`), then "
        "`hearth stack retry web`; or leave this one"
    ) in await failed_deletion(refusing, stack)


async def test_what_has_no_command_is_not_passed_over(refusing):
    stack = await created(refusing, hot({"net": stubborn()}))
    refuse(refusing, "net", Blocker("port", "p-1", remove="openstack port delete p-1"), Blocker("device", "d"))
    assert "Free them (`openstack port delete p-1`, the others by hand), then" in await failed_deletion(refusing, stack)


async def test_whoever_stands_in_the_way_is_in_the_advice(refusing):
    other = await created(refusing, hot({"db": stubborn()}), name="store")
    server = (await refusing.resources(other))["db"]["physical_resource_id"]
    stack = await created(refusing, hot({"net": stubborn(), "own": stubborn()}))
    own = (await refusing.resources(stack))["own"]["physical_resource_id"]
    refuse(refusing, "own")
    refuse(
        refusing,
        "net",
        Blocker("port", "p-1", remove="openstack port delete p-1"),
        Blocker("server", server),
        Blocker("server", own),
    )
    assert (
        ". Free what is in no stack (`openstack port delete p-1`), change or delete stack store and remove own, then "
        "`hearth stack retry web`; or leave this one with"
    ) in await failed_deletion(refusing, stack)


async def test_what_an_object_is_in_is_left_with_it(refusing):
    template = hot(
        {
            "lan": stubborn(),
            "subnet": stubborn(depends_on=["lan", "note"]),
            "note": {"type": "OS::Heat::Value", "properties": {"value": "nothing outside"}},
        }
    )
    stack = await created(refusing, template)
    refuse(refusing, "subnet", Blocker("port", "p-1"))
    refuse(refusing, "lan", Blocker("port", "p-1"))
    reason = await failed_deletion(refusing, stack, "subnet")
    assert (
        "or leave this one, and what it stands on, with `hearth stack continue web --retain subnet --retain lan`"
        in reason
    )
    await refusing.service.delete_stack(refusing.caller, stack, retain=["subnet", "lan"])
    await refusing.until(stack, "DELETE_COMPLETE")


async def test_what_a_nested_stack_stands_on_is_left_with_its_object(refusing):
    inner = hot({"subnet": stubborn()})
    template = hot({"lan": stubborn(), "group": {"type": "inner.yaml", "depends_on": ["lan"]}})
    stack = await created(refusing, template, files={"inner.yaml": str(inner)})
    refuse(refusing, "subnet", Blocker("port", "p-1"))
    await refusing.delete(stack)
    await refusing.until(stack, "DELETE_FAILED")
    told = await refusing.service.list_events(refusing.caller, stack, nested_depth=2)
    assert any("--retain group/subnet --retain lan`" in one["resource_status_reason"] for one in told)
