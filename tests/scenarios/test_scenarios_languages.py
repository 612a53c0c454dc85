"""The template languages in a running engine: environments, templates from elsewhere, nesting, and input that bites."""

import asyncio
import contextlib
import ipaddress
import json
from collections.abc import AsyncIterator

import pytest
from templates import hot, output_of, thing

from hearth.cloud import addresses
from hearth.engine.requests import StackRequest
from hearth.model.errors import BadRequest, HearthError, Invalid, LimitExceeded
from hearth.resources import blueprint, template_types

INNER = hot(
    {"thing": thing({"get_param": "word"})},
    {"said": output_of("thing")},
    parameters={"word": {"type": "string", "default": "inner"}},
)
LOOPBACK = addresses.FetchRules(5.0, (ipaddress.ip_network("127.0.0.0/8"),))


@contextlib.asynccontextmanager
async def served(text: str) -> AsyncIterator[tuple[str, list[str]]]:
    """The URL of a server that gives this text for every path, and the requests it got."""
    asked: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head.split()[1].decode())
        body = text.encode()
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield f"http://127.0.0.1:{port}/inner.yaml", asked


async def refused(world, template, **more) -> Invalid:
    with pytest.raises(Invalid) as caught:
        await world.create(template, **more)
    assert await world.names() == set()
    return caught.value


async def described(world, template, **more):
    return await world.service.validate(world.caller, StackRequest(template=template, **more), show_nested=True)


# ---- templates from elsewhere


async def test_a_template_is_fetched_once_for_all_who_name_it(new_world):
    world = new_world(fetch_rules=LOOPBACK)
    world.plans_first = False  # a plan fetches it, too
    await world.start_engine()
    async with served(json.dumps(INNER)) as (url, asked):
        resources = {f"r{number}": {"type": url, "properties": {"word": f"w{number}"}} for number in range(3)}
        registry = {"resource_registry": {"My::Inner": url}}
        resources["mapped"] = {"type": "My::Inner"}
        stack = await world.create(hot(resources, {"said": {"get_attr": ["r2", "said"]}}), environment=registry)
        await world.until(stack, "CREATE_COMPLETE")
        assert asked == ["/inner.yaml"]
        assert await world.output(stack, "said") == "w2"
        assert url in await world.service.files(world.caller, stack)
    await world.close()


async def test_a_forbidden_address_is_not_fetched(world):
    async with served(json.dumps(INNER)) as (url, asked):
        with pytest.raises(BadRequest, match="forbid"):
            await world.create(hot({"in": {"type": url}}))
        assert asked == []


async def test_a_long_template_is_not_read_to_its_end(new_world):
    world = new_world(fetch_rules=LOOPBACK, max_template_size=1000)
    async with served("x" * 100_000) as (url, _):
        with pytest.raises(LimitExceeded, match="1000"):
            await world.create(hot({"in": {"type": url}}))
    await world.close()


async def test_only_the_operator_may_name_local_files(world, tmp_path):
    path = tmp_path / "inner.yaml"
    path.write_text(json.dumps(INNER))
    error = await refused(world, hot({"in": {"type": f"file://{path}"}}))
    assert "operator" in error.message


async def test_the_operators_environment_lies_below_the_users(world, tmp_path):
    folder = tmp_path / "environment.d"
    folder.mkdir()
    (tmp_path / "inner.yaml").write_text(json.dumps(INNER))
    mapped = {"My::Inner": f"file://{tmp_path}/inner.yaml", "My::Alias": "OS::Heat::TestResource"}
    (folder / "default.yaml").write_text(json.dumps({"resource_registry": mapped}))
    world.kept.builder = blueprint.Builder(world.types, 524_288, template_types.load_operator(folder))
    template = hot({"in": {"type": "My::Inner"}, "alias": {"type": "My::Alias"}}, {"o": {"get_attr": ["in", "said"]}})
    stack = await world.create(template)
    await world.until(stack, "CREATE_COMPLETE")
    assert await world.output(stack, "o") == "inner"
    users = {"resource_registry": {"My::Inner": "OS::Heat::None"}}
    other = await world.create(hot({"in": {"type": "My::Inner"}}), "other", environment=users)
    await world.until(other, "CREATE_COMPLETE")
    assert (await world.service.environment(world.caller, stack))["resource_registry"] == {"resources": {}}


def test_a_broken_environment_of_the_operator_is_named(tmp_path):
    (tmp_path / "wrong.yaml").write_text("resource_registry: [a]")
    with pytest.raises(ValueError, match=r"wrong\.yaml"):
        template_types.load_operator(tmp_path)


# ---- environments


async def test_several_files_are_merged_by_the_types_of_the_parameters(world):
    parameters = {"list": {"type": "comma_delimited_list"}, "data": {"type": "json"}}
    template = hot({}, {"list": {"get_param": "list"}, "data": {"get_param": "data"}}, parameters=parameters)
    strategy = {"parameter_merge_strategies": {"default": "deep_merge"}}
    files = {
        "a": json.dumps({"parameters": {"list": "a,b", "data": {"x": {"y": 1}}}, **strategy}),
        "b": json.dumps({"parameters": {"list": "c", "data": {"x": {"z": 2}}}, **strategy}),
    }
    stack = await world.create(template, files=files, environment_files=["a", "b"])
    await world.until(stack, "CREATE_COMPLETE")
    assert await world.output(stack, "list") == ["a", "b", "c"]
    assert await world.output(stack, "data") == {"x": {"y": 1, "z": 2}}


async def test_other_files_beside_the_same_template_are_read_anew(world):
    template = hot({"r": thing({"get_file": "text"})}, {"o": output_of("r")})
    stack = await world.create(template, files={"text": "one"})
    await world.until(stack, "CREATE_COMPLETE")
    await world.update(stack, template, files={"text": "two"})
    await world.until(stack, "UPDATE_COMPLETE")
    assert await world.output(stack, "o") == "two"


# ---- nesting


async def test_a_nested_template_reads_the_resource_it_stands_behind(world):
    inner = hot({}, {"meta": {"resource_facade": "metadata"}, "kept": {"resource_facade": "deletion_policy"}})
    resource = {"type": "inner.yaml", "metadata": {"a": [1]}, "deletion_policy": "Retain"}
    outputs = {"meta": {"get_attr": ["in", "meta"]}, "kept": {"get_attr": ["in", "kept"]}}
    stack = await world.create(hot({"in": resource}, outputs), files={"inner.yaml": json.dumps(inner)})
    await world.until(stack, "CREATE_COMPLETE")
    assert await world.output(stack, "meta") == {"a": [1]}
    assert await world.output(stack, "kept") == "Retain"


async def test_a_nested_template_says_what_stands_for_it(world):
    inner = hot({}, {"OS::stack_id": "an-id", "other": 1})
    outputs = {"reference": {"get_resource": "in"}, "whole": {"get_attr": ["in"]}}
    stack = await world.create(hot({"in": {"type": "inner.yaml"}}, outputs), files={"inner.yaml": json.dumps(inner)})
    await world.until(stack, "CREATE_COMPLETE")
    assert await world.output(stack, "reference") == "an-id"
    assert (await world.output(stack, "whole"))["other"] == 1


async def test_a_template_may_wrap_the_type_it_replaces(world):
    said = {"list_join": ["", ["wrapped ", {"get_param": "value"}]]}
    attributes = dict.fromkeys([*world.types.get("OS::Heat::TestResource").attributes, "show"], "")
    wrap = hot(
        {"real": thing(said)},
        {**attributes, "output": output_of("real")},
        parameters={"value": {"type": "string"}},
    )
    environment = {"resource_registry": {"OS::Heat::TestResource": "wrap.yaml"}}
    template = hot({"r": thing("x")}, {"o": output_of("r")})
    stack = await world.create(template, environment=environment, files={"wrap.yaml": json.dumps(wrap)})
    await world.until(stack, "CREATE_COMPLETE")
    assert await world.output(stack, "o") == "wrapped x"


@pytest.mark.parametrize(
    ("wrap", "words"),
    [
        (hot({}, {"show": 1}), "'value'"),
        (hot({}, {"show": 1, "value": 1}, parameters={"more": {"type": "string"}}), "'more'"),
        (hot({}, {"show": 1, "value": 1}, parameters={"length": {"type": "json", "default": {}}}), "'length'"),
    ],
)
async def test_a_template_that_cannot_stand_in_for_a_type_is_refused(world, wrap, words):
    template = hot({"r": {"type": "OS::Heat::RandomString"}})
    environment = {"resource_registry": {"OS::Heat::RandomString": "wrap.yaml"}}
    error = await refused(world, template, environment=environment, files={"wrap.yaml": json.dumps(wrap)})
    assert words in error.message


# ---- every problem at once, and input that bites


async def test_problems_of_all_kinds_are_told_together(world):
    template = hot(
        {"a": thing({"get_param": "nope"}), "b": {"type": "OS::No::Type"}, "c": thing("x", depend=1)},
        {"o": {"get_attr": ["c", "nothing"]}},
        parameters={"p": {"type": "number"}},
    )
    error = await refused(world, template, environment={"parameters": {"p": "x", "q": 1}})
    text = " ".join(one.message for one in error.diagnostics)
    for words in ("nope", "OS::No::Type", "depend", "nothing", "not a number", "(q)"):
        assert words in text


async def test_an_output_that_cannot_be_computed_harms_nobody(world):
    stack = await world.create(hot({"r": thing("x")}, {"good": 1, "bad": {"get_file": "missing"}}))
    shown = await world.until(stack, "CREATE_COMPLETE")
    outputs = {one["output_key"]: one for one in shown["outputs"]}
    assert (outputs["good"]["output_value"], outputs["bad"]["output_value"]) == (1, None)
    assert "missing" in outputs["bad"]["output_error"]


def _repeated(count):
    letters = [f"item{number}" for number in range(count)]
    return {"repeat": {"template": "a b c", "for_each": {"a": letters, "b": letters, "c": letters}}}


BITING = {
    "aliases": "heat_template_version: 2021-04-16\na: &a [x, x, x, x, x, x, x, x, x]\n"
    + "\n".join(
        f"{name}: &{name} [{', '.join(['*' + before] * 9)}]"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    ),
    "depth": "heat_template_version: 2021-04-16\noutputs: {o: {value: " + "[" * 50_000 + "]" * 50_000 + "}}",
    "json depth": '{"heat_template_version": "2021-04-16", "outputs": ' + "[" * 50_000 + "]" * 50_000 + "}",
    "product": hot({"r": thing(_repeated(3000))}),
    "pattern": hot(
        {},
        parameters={"p": {"type": "string", "default": "a" * 40 + "!", "constraints": [{"allowed_pattern": "(a+)+b"}]}},
    ),
    "yaql": hot({"r": thing({"yaql": {"expression": "range(0).select($ + 1).sum()"}})}),
    "nested": hot({"r": thing({"yaql": {"expression": "[1].repeat().sum()"}})}),
    "object": "heat_template_version: 2021-04-16\noutputs: {o: {value: !!python/object/apply:os.system [ls]}}",
    "count": hot(
        {"g": {"type": "OS::Heat::ResourceGroup", "properties": {"count": 10**9, "resource_def": thing("x")}}}
    ),
}


@pytest.mark.parametrize("name", BITING)
async def test_input_that_bites_is_refused_at_once(new_world, name):
    world = new_world(max_resources_per_stack=1000)
    with pytest.raises(HearthError) as caught:
        async with asyncio.timeout(10):
            await world.create(BITING[name])
    await world.close()
    assert caught.value.status == 400


async def test_templates_that_contain_themselves_in_many_places_are_refused(world):
    itself = hot({f"again{number}": {"type": "itself.yaml"} for number in range(30)})
    error = await refused(world, hot({"in": {"type": "itself.yaml"}}), files={"itself.yaml": json.dumps(itself)})
    assert error.kind == "RequestLimitExceeded"


@pytest.mark.parametrize(
    ("resources", "shown"),
    [
        ({"v": {"type": "OS::Heat::Value", "properties": {"value": 1}}}, None),
        ({"in": {"type": "inner.yaml", "properties": {"word": {"get_param": "p"}}}}, {"in": None}),
        ({"in": {"type": "inner.yaml", "properties": {"word": "w"}}}, {"in": "w"}),
    ],
)
async def test_nested_parameters_show_the_values_that_are_known(world, resources, shown):
    template = hot(resources, parameters={"p": {"type": "string"}})
    answer = await described(world, template, files={"inner.yaml": json.dumps(INNER)})
    nested = answer.get("NestedParameters")
    assert (nested and {name: one["Parameters"]["word"].get("Value") for name, one in nested.items()}) == shown


async def test_members_of_a_chain_are_shown_one_by_one_those_of_a_group_once(world):
    chain = {"resources": ["inner.yaml", "inner.yaml"]}
    group = {"count": 2, "resource_def": {"type": "inner.yaml"}}
    resources = {
        "chain": {"type": "OS::Heat::ResourceChain", "properties": chain},
        "group": {"type": "OS::Heat::ResourceGroup", "properties": group},
    }
    nested = (await described(world, hot(resources), files={"inner.yaml": json.dumps(INNER)}))["NestedParameters"]
    assert {name: set(one["NestedParameters"]) for name, one in nested.items()} == {"chain": {"0", "1"}, "group": {"0"}}
