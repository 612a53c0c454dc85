"""Values that nobody may see: in answers they are masked, in the database they are encrypted."""

import pytest
from cryptography.fernet import Fernet
from templates import hot, thing

from hearth.model.errors import Invalid
from hearth.model.names import StackIdentity

SECRET = "open-sesame"
PLAIN = hot({"thing": thing({"get_param": "word"})}, parameters={"word": {"type": "string"}})
#: What a hidden value goes through on its way to a nested stack.
NESTED = {
    "a group's definition": {
        "type": "OS::Heat::ResourceGroup",
        "properties": {"count": 2, "resource_def": thing({"get_param": "word"})},
    },
    "a template's parameter": {"type": "inner.yaml", "properties": {"other": {"get_param": "word"}}},
}
INNER = """
heat_template_version: 2018-08-31
parameters: {other: {type: string}}
resources: {thing: {type: OS::Heat::TestResource, properties: {value: {get_param: other}}}}
"""


async def test_an_encrypted_parameter_is_masked_and_stored_encrypted(world, tmp_path):
    environment = {
        "parameters": {"word": SECRET},
        "parameter_defaults": {"word": SECRET, "other": "seen"},
        "encrypted_param_names": ["word"],
    }
    stack = await world.create(PLAIN, environment=environment)
    shown = await world.until(stack, "CREATE_COMPLETE")
    assert shown["parameters"]["word"] == "******"
    told = await world.service.environment(world.caller, stack)
    assert told["parameters"] == {"word": "******"}
    assert told["parameter_defaults"] == {"word": "******", "other": "seen"}
    assert SECRET.encode() not in await world.stored()


async def test_without_the_name_the_same_value_is_stored_as_it_is(world):
    stack = await world.create(PLAIN, environment={"parameters": {"word": SECRET}})
    shown = await world.until(stack, "CREATE_COMPLETE")
    assert shown["parameters"]["word"] == SECRET
    assert SECRET.encode() in await world.stored()


async def test_the_operator_can_have_everything_stored_encrypted(new_world):
    world = new_world(encrypt_parameters_and_properties=True)
    await world.start_engine()
    stack = await world.create(PLAIN, environment={"parameters": {"word": SECRET}})
    shown = await world.until(stack, "CREATE_COMPLETE")
    assert shown["parameters"]["word"] == SECRET
    assert SECRET.encode() not in await world.stored()
    await world.close()


async def test_a_name_stays_encrypted_when_a_patch_leaves_it_out(world):
    environment = {"parameters": {"word": "first"}, "encrypted_param_names": ["word"]}
    stack = await world.create(PLAIN, environment=environment)
    await world.until(stack, "CREATE_COMPLETE")
    await world.update(stack, None, patch=True, environment={"parameters": {"word": SECRET}})
    shown = await world.until(stack, "UPDATE_COMPLETE")
    assert shown["parameters"]["word"] == "******"
    assert SECRET.encode() not in await world.stored()


@pytest.mark.parametrize("hiding", ["template", "environment"])
@pytest.mark.parametrize("way", NESTED)
async def test_a_hidden_value_stays_hidden_in_nested_stacks(world, way, hiding):
    parameters = {"word": {"type": "string", "hidden": hiding == "template"}}
    environment = {"parameters": {"word": SECRET}, "encrypted_param_names": ["word"] if hiding == "environment" else []}
    template = hot({"owner": NESTED[way]}, parameters=parameters)
    stack = await world.create(template, environment=environment, files={"inner.yaml": INNER})
    await world.until(stack, "CREATE_COMPLETE")
    tree = await world.service.list_stacks(world.caller, world.query(show_nested=True))
    assert len(tree) > 1
    for one in tree:
        shown = await world.service.show_stack(
            world.caller, StackIdentity(world.caller.project_id, one["stack_name"], one["id"])
        )
        assert SECRET not in str(shown["parameters"])
    assert SECRET.encode() not in await world.stored()


# ---- values that are given encrypted


def given(key: bytes, method: str = "cryptography_decrypt_v1") -> dict:
    token = Fernet(key).encrypt(SECRET.encode()).decode()
    return {"parameters": {"word": [method, token]}, "encrypted_param_names": ["word"]}


async def test_a_value_encrypted_with_the_services_key_is_opened(world):
    template = {**PLAIN, "outputs": {"told": {"value": {"get_attr": ["thing", "output"]}}}}
    stack = await world.create(template, environment=given(world.key))
    await world.until(stack, "CREATE_COMPLETE")
    assert await world.output(stack, "told") == SECRET
    assert SECRET.encode() not in await world.stored()


async def test_what_the_service_has_sealed_itself_is_not_opened(world):
    token = world.store.codec.sealed({"password": SECRET}).decode()
    environment = {"parameters": {"word": ["cryptography_decrypt_v1", token]}, "encrypted_param_names": ["word"]}
    with pytest.raises(Invalid, match="another key"):
        await world.create(PLAIN, environment=environment)


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        (given(Fernet.generate_key()), "another key"),
        (given(Fernet.generate_key(), "heat_decrypt"), "heat_decrypt is no longer known"),
        ({"encrypted_param_names": [{"word": 1}], "parameters": {"word": "x"}}, "name of a parameter is text"),
    ],
)
async def test_a_value_that_cannot_be_opened_is_refused(world, environment, words):
    with pytest.raises(Invalid, match=words) as caught:
        await world.create(PLAIN, environment=environment)
    assert caught.value.diagnostics[0].place.path
    assert await world.names() == set()
