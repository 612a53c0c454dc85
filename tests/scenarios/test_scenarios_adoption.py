"""Giving a stack away and taking it in again: export, abandon, adopt."""

import json

import pytest
from service_with_copies import Service, an_object
from templates import after, hot, output_of, thing

from hearth.model.errors import ActionInProgress, BadRequest, Invalid, NotSupported
from hearth.model.names import StackIdentity

GROUP = {"type": "OS::Heat::ResourceGroup", "properties": {"count": 2, "resource_def": an_object("member")}}


@pytest.fixture
async def world(new_world):
    made = new_world(enable_stack_adopt=True, enable_stack_abandon=True)
    await made.start_engine()
    yield made
    await made.close()


@pytest.fixture
def service(world):
    made = Service()
    made.use_in(world)
    return made


async def created(world, template, **more):
    stack = await world.create(template, **more)
    await world.until(stack, "CREATE_COMPLETE")
    return stack


async def abandon(world, stack):
    document = await world.service.abandon_stack(world.caller, stack)
    await world.until(stack, "DELETE_COMPLETE")
    return document


async def adopt(world, document, name="taken", **more):
    return await world.create(None, name, adopt_stack_data=json.dumps(document), **more)


async def test_an_abandoned_stack_is_forgotten_and_everything_stays(world, service):
    stack = await created(world, hot({"a": an_object("1"), "group": GROUP}))
    before = dict(service.objects)
    document = await abandon(world, stack)
    assert service.objects == before
    assert await world.service.list_stacks(world.caller, world.query(show_nested=True)) == []
    assert document["resources"]["a"]["resource_id"] in before
    assert set(document["resources"]["group"]["resources"]) == {"0", "1"}


async def test_the_copies_of_snapshots_that_an_abandoned_stack_leaves_are_listed(world, service):
    stack = await created(world, hot({"a": an_object("precious")}))
    await world.service.create_snapshot(world.caller, stack, "kept")
    await world.until(stack, "SNAPSHOT_COMPLETE")
    await abandon(world, stack)
    found = {one["resource_type"]: one for one in await world.service.orphans.listed(world.caller)}
    assert set(found) == {"Test::Object", "copy of Test::Object"}
    left = found["copy of Test::Object"]
    assert (left["cause"], left["resource_path"]) == ("abandoned", "a")
    assert left["physical_name"] in service.copies


async def test_an_abandoned_stack_can_be_adopted_and_goes_on_as_before(world, service):
    resources = {
        "secret": {"type": "OS::Heat::RandomString"},
        "a": an_object("1"),
        "told": after(thing({"get_attr": ["a", "content"]}), "secret"),
        "group": GROUP,
    }
    template = hot(resources, {"secret": {"get_attr": ["secret", "value"]}, "told": output_of("told")})
    stack = await created(world, template)
    secret, before = await world.output(stack, "secret"), dict(service.objects)
    taken = await adopt(world, await abandon(world, stack))
    await world.until(taken, "ADOPT_COMPLETE")
    assert service.objects == before
    assert await world.output(taken, "secret") == secret
    assert await world.output(taken, "told") == "1"
    assert set(await world.resources(taken, nested_depth=1)) == {"secret", "a", "told", "group", "0", "1"}

    count = len(await world.events(taken))
    await world.update(taken, template)
    await world.until(taken, "UPDATE_COMPLETE")
    changed = {name for name, _ in (await world.events(taken))[count:]} - {"taken"}
    assert changed <= {"group"}
    assert service.objects == before
    await world.delete(taken)
    await world.until(taken, "DELETE_COMPLETE")
    assert service.objects == {}


async def test_adoption_goes_in_order_of_needs(world):
    stack = await created(world, hot({"b": thing(output_of("a")), "a": thing("x")}))
    taken = await adopt(world, await abandon(world, stack))
    await world.until(taken, "ADOPT_COMPLETE")
    assert await world.events(taken) == [
        ("taken", "ADOPT_IN_PROGRESS"),
        ("a", "ADOPT_IN_PROGRESS"),
        ("a", "ADOPT_COMPLETE"),
        ("b", "ADOPT_IN_PROGRESS"),
        ("b", "ADOPT_COMPLETE"),
        ("taken", "ADOPT_COMPLETE"),
    ]


async def test_parameters_come_from_the_document_and_from_the_request_above_it(world):
    parameters = {"one": {"type": "string"}, "two": {"type": "string"}}
    template = hot(
        {"a": {"type": "OS::Heat::Value", "properties": {"value": "x"}}},
        {"both": {"list_join": ["-", [{"get_param": "one"}, {"get_param": "two"}]]}},
        parameters=parameters,
    )
    stack = await created(world, template, parameters={"one": "1", "two": "2"})
    taken = await adopt(world, await abandon(world, stack), parameters={"two": "other"})
    await world.until(taken, "ADOPT_COMPLETE")
    assert await world.output(taken, "both") == "1-other"


async def test_a_resource_that_the_document_lacks_fails(world):
    stack = await created(world, hot({"a": thing(), "b": thing()}))
    document = await abandon(world, stack)
    del document["resources"]["b"]
    taken = await adopt(world, document)
    shown = await world.until(taken, "ADOPT_FAILED", "ADOPT_COMPLETE")
    assert "Resource ADOPT failed: NotFound: resources.b: " in shown["stack_status_reason"]


async def test_an_object_that_is_not_there_cannot_be_adopted(world, service):
    stack = await created(world, hot({"a": an_object("1")}))
    document = await abandon(world, stack)
    service.objects.clear()
    taken = await adopt(world, document)
    shown = await world.until(taken, "ADOPT_FAILED", "ADOPT_COMPLETE")
    assert "is not there" in shown["stack_status_reason"]


async def test_the_rollback_of_an_adoption_deletes_nothing(world, service):
    stack = await created(world, hot({"a": an_object("1"), "group": GROUP, "z": after(thing(), "a", "group")}))
    before = dict(service.objects)
    document = await abandon(world, stack)
    del document["resources"]["z"]
    taken = await adopt(world, document, disable_rollback=False)
    await world.until(taken, "ROLLBACK_COMPLETE")
    assert await world.resources(taken) == {}
    assert service.objects == before
    assert [one["stack_name"] for one in await world.service.list_stacks(world.caller, world.query(show_nested=True))]


async def test_an_adoption_goes_on_in_another_engine(new_world):
    world, service = new_world(enable_stack_adopt=True, enable_stack_abandon=True), Service()
    service.use_in(world)
    engine = await world.start_engine()
    stack = await created(world, hot({"a": an_object("1"), "group": GROUP}))
    document = await abandon(world, stack)
    before = dict(service.objects)
    await engine.stop()
    taken = await adopt(world, document)
    await world.start_engine()
    await world.until(taken, "ADOPT_COMPLETE")
    assert service.objects == before
    await world.close()


async def test_an_update_during_an_adoption_makes_nothing_twice(world, service):
    stack = await created(world, hot({"a": an_object("1"), "b": an_object("2")}))
    document = await abandon(world, stack)
    before = dict(service.objects)
    taken = await adopt(world, document)
    await world.update(taken, hot({"a": an_object("1"), "b": an_object("2"), "c": thing()}))
    await world.until(taken, "UPDATE_COMPLETE")
    assert service.objects == before


async def test_an_exported_stack_goes_on(world):
    stack = await created(world, hot({"a": thing()}))
    document = await world.service.export_stack(world.caller, stack)
    assert (document["name"], document["action"], document["status"]) == ("stack", "CREATE", "COMPLETE")
    assert list(document["resources"]) == ["a"]
    assert (await world.show(stack))["stack_status"] == "CREATE_COMPLETE"


async def test_a_busy_stack_cannot_be_abandoned(world):
    stack = await world.create(hot({"a": thing(wait_secs=30)}))
    with pytest.raises(ActionInProgress):
        await world.service.abandon_stack(world.caller, stack)


async def test_the_operator_has_to_allow_it(new_world):
    world = new_world()
    nothing = StackIdentity("p", "n", "i")
    for attempt in (world.service.export_stack, world.service.abandon_stack):
        with pytest.raises(NotSupported) as caught:
            await attempt(world.caller, nothing)
        assert "enable_stack_abandon" in caught.value.message
    with pytest.raises(NotSupported) as caught:
        await adopt(world, {})
    assert "enable_stack_adopt" in caught.value.message
    await world.close()


@pytest.mark.parametrize("text", ["[]", "{}", '{"template": {}}', "a: [", '{"template": 1, "resources": {}}'])
async def test_what_is_no_document_is_refused(world, text):
    with pytest.raises((BadRequest, Invalid)):
        await world.create(None, adopt_stack_data=text)
    assert await world.names() == set()
