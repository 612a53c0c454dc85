"""What is broken in a Heat's database keeps its own stack there, with a reason that says where, and no other stack."""

import re
import uuid

import pytest
from templates import hot, thing
from test_scenarios_takeover import heat, identity, service, take

from hearth.takeover.report import Outcome
from heat_database import sealed

__all__ = ["heat", "service"]  # fixtures

METHOD = "cryptography_decrypt_v1"
TEXT = {"type": "OS::Heat::RandomString"}
OTHER_KEY = "another key that is long enough.."


def template_of(heat, text, **more):
    return heat.add("raw_template", template=text, environment={}, **more)


def with_template(text):
    def make(heat):
        heat.stack("web", template_of(heat, text))

    return make


def with_resource(**values):
    def make(heat):
        stack = heat.stack("web", heat.template(hot({"text": TEXT})))
        heat.resource(stack, "text", "web-text", {"length": 8}, **values)

    return make


def of_no_template(heat):
    heat.stack("web", 4711)


def environment_is_cut_off(heat):
    number = heat.add("raw_template", template=hot({"text": TEXT}), environment='{"parameters": {')
    heat.stack("web", number)


def files_are_cut_off(heat):
    number = heat.template(hot({"text": TEXT}), None, a="b")
    heat.change("raw_template_files", 1, files='{"a')
    heat.stack("web", number)


def properties_are_cut_off(heat):
    kept = heat.add("resource_properties_data", data='{"length": ', encrypted=False)
    with_resource(rsrc_prop_data_id=kept)(heat)


def parameter_of_another_key(heat):
    template = hot({"text": TEXT}, parameters={"word": {"type": "string", "hidden": True}})
    given = {"parameters": {"word": [METHOD, sealed("s3cret", OTHER_KEY[:32])]}, "encrypted_param_names": ["word"]}
    heat.stack("web", heat.template(template, given))


def parameter_of_an_unknown_method(heat):
    template = hot({"text": TEXT}, parameters={"word": {"type": "string", "hidden": True}})
    given = {"parameters": {"word": ["rot13", "f3perg"]}, "encrypted_param_names": ["word"]}
    heat.stack("web", heat.template(template, given))


def properties_of_another_key(heat):
    data = {"length": [METHOD, sealed("8", OTHER_KEY[:32])]}
    with_resource(rsrc_prop_data_id=heat.add("resource_properties_data", data=data, encrypted=True))(heat)


def nest_without_child(heat):
    group = {"type": "OS::Heat::ResourceGroup", "properties": {"count": 1, "resource_def": TEXT}}
    stack = heat.stack("web", heat.template(hot({"group": group})))
    heat.resource(stack, "group", str(uuid.uuid4()), {"count": 1, "resource_def": TEXT})


def child_without_owner(heat):
    group = {"type": "OS::Heat::ResourceGroup", "properties": {"count": 1, "resource_def": TEXT}}
    stack = heat.stack("web", heat.template(hot({"group": group})))
    child = heat.stack("web-group-x", heat.template(hot({"0": TEXT})), inside=stack)
    heat.resource(child, "0", "zero", {"length": 32})


def snapshot_is_cut_off(heat):
    stack = heat.stack("web", heat.template(hot({"text": TEXT})))
    heat.add("snapshot", id="s1", stack_id=stack, name="s1", action="CREATE", status="COMPLETE", data='{"name"')


BROKEN = {
    "template is cut off": (with_template('{"heat_template_version": "2018'), "template .* cannot be read"),
    "template is empty": (with_template(None), "template"),
    "template is a list": (with_template("[1, 2]"), "template"),
    "template has no version": (with_template('{"resources": {}}'), "template .*version"),
    "template's resources are no map": (
        with_template('{"heat_template_version": "2018-08-31", "resources": 5}'),
        "template",
    ),
    "template is not there": (of_no_template, "the template of web is not in the database"),
    "environment is cut off": (environment_is_cut_off, "environment .* cannot be read"),
    "files are cut off": (files_are_cut_off, "files .* cannot be read"),
    "properties are cut off": (properties_are_cut_off, "properties of text cannot be read"),
    "metadata is cut off": (with_resource(rsrc_metadata='{"a'), "metadata of text cannot be read"),
    "needs are cut off": (with_resource(requires="[1"), "text cannot be read"),
    "state is unknown": (with_resource(action="DANCE"), "text has the unknown state DANCE_COMPLETE"),
    "resource has no id": (with_resource(uuid=None), "text has no id"),
    "parameter of another key": (parameter_of_another_key, "secret .*--encryption-key"),
    "parameter of an unknown method": (parameter_of_an_unknown_method, "'rot13' is not known"),
    "properties of another key": (properties_of_another_key, "secret .*--encryption-key"),
    "nested stack is not there": (nest_without_child, "the stack of group is not in the database"),
    "nested stack has no owner": (child_without_owner, "none of whose resources owns it"),
    "snapshot is cut off": (snapshot_is_cut_off, "snapshot .* cannot be read"),
}


@pytest.mark.parametrize("case", BROKEN)
async def test_a_broken_stack_stays_and_others_are_taken(world, service, heat, case):
    make, told = BROKEN[case]
    for name in ("first", "last"):
        heat.resource(heat.stack(name, heat.template(hot({"text": TEXT}))), "text", name, {"length": 8})
    make(heat)
    found = await take(world, heat)
    assert {name: line.outcome for name, line in found.items()} == {
        "first": Outcome.TAKEN,
        "web": Outcome.LEFT,
        "last": Outcome.TAKEN,
    }
    assert re.search(told, "; ".join(found["web"].reasons))
    assert await world.names() == {"first", "last"}
    rows = await world.store.read(lambda c: c.exec_driver_sql("SELECT count(*) FROM stack").scalar())
    assert rows == 2


async def test_stacks_whose_owner_is_gone_are_named(world, service, heat):
    gone = str(uuid.uuid4())
    heat.stack("lost-group-x", heat.template(hot({"0": TEXT})), inside=gone)
    heat.stack("web", heat.template(hot({"text": TEXT})))
    found = await take(world, heat)
    assert found["web"].outcome is Outcome.TAKEN
    assert found["lost-group-x"].outcome is Outcome.LEFT
    assert "it is nested in a stack that is not in the database" in found["lost-group-x"].reasons[0]


async def test_events_that_cannot_be_read_are_told_without_their_properties(world, service, heat):
    stack = heat.stack("web", heat.template(hot({"text": TEXT})))
    kept = heat.add("resource_properties_data", data='{"length": ', encrypted=False)
    event = heat.event(stack, "text", "COMPLETE", rsrc_prop_data_id=kept)
    assert (await take(world, heat))["web"].outcome is Outcome.TAKEN
    (told,) = await world.service.list_events(world.caller, identity(stack, "web"))
    assert told["id"] == event


async def test_a_stack_of_the_legacy_engine_keeps_its_mode_and_its_order(world, service, heat):
    """Its rows do not say what they need, nor which template they have."""
    template = hot({"a": thing("1"), "b": thing({"get_attr": ["a", "output"]}), "c": {**TEXT, "depends_on": "b"}})
    stack_id = heat.stack("web", heat.template(template), convergence=False)
    nothing = {"requires": None, "needed_by": None, "current_template_id": None, "rsrc_prop_data_id": None}
    heat.resource(stack_id, "a", "web-a", data={"value": "1"}, attributes={"output": "1"}, **nothing)
    heat.resource(stack_id, "b", "web-b", data={"value": "1"}, **nothing)
    heat.resource(stack_id, "c", "web-c", secrets={"value": "s3cret"}, **nothing)
    assert (await take(world, heat))["web"].outcome is Outcome.TAKEN
    stack = identity(stack_id, "web")
    rows = await world.resources(stack)
    assert {name: set(one["required_by"]) for name, one in rows.items()} == {"a": {"b"}, "b": {"c"}, "c": set()}
    row = await world.store.read(
        lambda c: c.exec_driver_sql("SELECT convergence FROM stack").scalar()  # what `stack migrate` changes
    )
    assert not row
    await world.delete(stack)
    await world.until(stack, "DELETE_COMPLETE")
    gone = [name for name, status in await world.events(stack) if status == "DELETE_COMPLETE"]
    assert gone == ["c", "b", "a", "web"]
