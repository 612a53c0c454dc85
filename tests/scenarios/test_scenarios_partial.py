"""Updates of a part of a stack: targets with what they need, and what is left out."""

import asyncio
import json

import pytest
from templates import after, hot, output_of, thing

from hearth.engine.requests import StackRequest
from hearth.model.errors import BadRequest
from hearth.model.plan import Verdict
from hearth.store import stacks

INNER = hot({"thing": thing({"get_param": "word"})}, parameters={"word": {"type": "string"}})
FILES = {"inner.yaml": json.dumps(INNER)}


def inner(word):
    return {"type": "inner.yaml", "properties": {"word": word}}


async def made(world, template, **more):
    stack = await world.create(template, **more)
    await world.until(stack, "CREATE_COMPLETE")
    return stack


async def updated(world, stack, template, **more):
    await world.update(stack, template, **more)
    await world.until(stack, "UPDATE_COMPLETE")
    return await world.statuses(stack)


async def planned(world, stack, template=None, *, patch=False, **more):
    request = StackRequest(template=template, **more)
    document = (await world.service.plan_update(world.caller, stack, request, patch=patch)).document
    return {one.name: one.change for one in document.stack.resources}, document.left_out


def web(value, *more):
    resources = {"net": thing(value), "port": thing(output_of("net")), "server": thing(output_of("port"))}
    resources |= {"db": thing(value), **{name: thing(value) for name in more}}
    return hot(resources, {name: output_of(name) for name in resources})


async def test_a_target_brings_what_it_needs_and_leaves_the_rest(world):
    stack = await made(world, web("1"))
    now = await updated(world, stack, web("2", "new"), targets=("port",))
    # The server keeps its definition; it follows the port, from which it reads.
    assert now == {
        "net": "UPDATE_COMPLETE",
        "port": "UPDATE_COMPLETE",
        "server": "UPDATE_COMPLETE",
        "db": "CREATE_COMPLETE",
    }
    shown = await world.show(stack)
    assert shown["left_out"] == ["db", "new"]
    outputs = {one["output_key"]: one["output_value"] for one in shown["outputs"]}
    assert outputs == {"net": "2", "port": "2", "server": "2", "db": "1", "new": None}
    # The stack's template is the new one, so an update of the whole has the rest to offer.
    changes, left_out = await planned(world, stack, patch=True)
    assert (changes["db"], changes["new"], changes["net"]) == (Verdict.UPDATE, Verdict.CREATE, Verdict.KEEP)
    assert left_out == []
    now = await updated(world, stack, None, patch=True)
    assert (now["db"], now["new"]) == ("UPDATE_COMPLETE", "CREATE_COMPLETE")
    assert "left_out" not in await world.show(stack)


async def test_what_is_left_out_is_neither_changed_nor_removed(world):
    stack = await made(world, web("1", "old"))
    before = await world.resources(stack)
    await updated(world, stack, web("2"), excludes=("db", "old"))
    now = await world.resources(stack)
    assert (now["db"], now["old"]) == (before["db"], before["old"])
    assert (await world.show(stack))["left_out"] == ["db", "old"]


async def test_what_was_left_out_stays_so_on_the_way_back(world):
    stack = await made(world, web("1"))
    await updated(world, stack, web("2"), targets=("net",))
    bad = web("3")
    bad["resources"]["bad"] = after(thing(fail=True), "net", "db")
    await world.update(stack, bad, disable_rollback=False)
    await world.until(stack, "ROLLBACK_COMPLETE")
    assert (await world.output(stack, "net"), await world.output(stack, "db")) == ("2", "1")


async def test_another_engine_knows_what_was_left_out(new_world):
    world = new_world()
    first = await world.start_engine()
    slow = web("2")
    slow["resources"]["net"] = thing("2", wait_secs=0.4)
    stack = await made(world, web("1"))
    await world.update(stack, slow, targets=("net",))
    await world.until_resource(stack, "net", "UPDATE_IN_PROGRESS")
    await first.stop()
    world.kept.forget(await world.store.read(lambda c: definition_of(c, stack.id)))
    await world.start_engine()
    await world.until(stack, "UPDATE_COMPLETE")
    assert (await world.output(stack, "net"), await world.output(stack, "db")) == ("2", "1")
    await world.close()


def definition_of(connection, stack_id):
    return connection.exec_driver_sql(f"SELECT definition_id FROM stack WHERE id = '{stack_id}'").scalar()


async def test_nested_stacks_that_are_left_out_keep_their_templates(world):
    stack = await made(world, hot({"a": thing("1"), "in": inner("x")}), files=FILES)
    other = {"inner.yaml": json.dumps(hot({"else": thing("y")}, parameters={"word": {"type": "string"}}))}
    await updated(world, stack, hot({"a": thing("2"), "in": inner("y")}), files=other, targets=("a",))
    assert set(await world.resources(stack, nested_depth=1)) == {"a", "in", "thing"}
    await updated(world, stack, hot({"a": thing("2"), "in": inner("y")}), files=other)
    assert set(await world.resources(stack, nested_depth=1)) == {"a", "in", "else"}


async def test_a_part_of_a_new_stack_can_be_made_first(world):
    stack = await made(world, web("1"), targets=("port",))
    assert set(await world.statuses(stack)) == {"net", "port"}
    assert (await world.show(stack))["left_out"] == ["db", "server"]
    now = await updated(world, stack, None, patch=True)
    assert set(now) == {"net", "port", "server", "db"}


def replacing(value):
    net = thing(update_replace_value=value)
    return hot({"net": net, "port": thing({"get_resource": "net"})})


@pytest.mark.parametrize(
    ("template", "part", "said"),
    [
        (web("2"), {"targets": ("prot",)}, "targets: there is no resource prot. Did you mean 'port'"),
        (web("2"), {"excludes": ("nothing",)}, "excludes: there is no resource nothing"),
        (web("2"), {"targets": ("net",), "excludes": ("net",)}, "net is a target and left out at the same time"),
        (
            hot({**web("2")["resources"], "fresh": thing(), "user": after(thing(), "fresh")}),
            {"targets": ("user",), "excludes": ("fresh",)},
            "The target user cannot be reached: it needs fresh, which is left out and does not exist",
        ),
        (
            hot({"port": thing("1"), "server": thing(output_of("port")), "db": thing("1")}),
            {"targets": ("net",)},
            "The target net cannot be reached: port, which is left out, uses it",
        ),
    ],
)
async def test_parts_that_cannot_be(world, template, part, said):
    stack = await made(world, web("1"))
    with pytest.raises(BadRequest) as caught:
        await world.update(stack, template, **part)
    assert said in caught.value.message
    assert (await world.show(stack))["stack_status"] == "CREATE_COMPLETE"


async def test_nothing_goes_that_something_left_out_uses(world):
    stack = await made(world, replacing("1"))
    with pytest.raises(BadRequest, match="port is left out, but it uses net, which is to go or may be replaced"):
        await world.update(stack, replacing("2"), excludes=("port",))
    before = (await world.resources(stack))["port"]
    # As a target alone it takes along what has to follow.
    await updated(world, stack, replacing("2"), targets=("net",))
    assert (await world.resources(stack))["port"] != before


async def test_a_kept_plan_of_a_part_is_applied(world):
    stack = await made(world, web("1"))
    request = StackRequest(template=web("2"), targets=("db",))
    shown = await world.service.plan_update(world.caller, stack, request, patch=False, keep=True)
    assert shown.document.left_out == ["net"]
    await world.service.apply_plan(world.caller, shown.row)
    await world.until(stack, "UPDATE_COMPLETE")
    assert (await world.output(stack, "net"), await world.output(stack, "db")) == ("1", "2")
    assert (await world.show(stack))["left_out"] == ["net"]


async def test_only_what_the_template_has_more_for_counts_as_left_out(world):
    def template(word):
        reader = {"type": "OS::Heat::TestResource", "properties": {"value": output_of("a")}}
        joined = {"list_join": ["-", [output_of("a"), {"get_param": "word"}]]}
        resources = {"a": thing("1"), "reader": reader, "user": thing(joined), "own": thing({"get_param": "word"})}
        return hot(resources, parameters={"word": {"type": "string", "default": word}})

    stack = await made(world, template("x"))
    await updated(world, stack, template("y"), targets=("a",))
    assert (await world.show(stack))["left_out"] == ["own", "user"]


# ---- inside nested stacks

PAIR = {
    "pair.yaml": json.dumps(
        hot(
            {"one": thing({"get_param": "word"}), "two": thing({"get_param": "word"})},
            {name: output_of(name) for name in ("one", "two")},
            parameters={"word": {"type": "string"}},
        )
    )
}


def pair(word):
    return {"type": "pair.yaml", "properties": {"word": word}}


def group(word, count=2):
    definition = {"type": "pair.yaml", "properties": {"word": word}}
    return {"type": "OS::Heat::ResourceGroup", "properties": {"count": count, "resource_def": definition}}


async def words(world, stack, *path):
    """The values of both things in a nested stack of pairs."""
    for name in path:
        stack = await world.inner(stack, name)
    return await world.output(stack, "one"), await world.output(stack, "two")


async def test_a_target_inside_a_nested_stack(world):
    stack = await made(world, hot({"pair": pair("1"), "db": thing("1")}, {"db": output_of("db")}), files=PAIR)
    wanted = hot({"pair": pair("2"), "db": thing("2")}, {"db": output_of("db")})
    part = {"targets": ("pair/one",), "files": PAIR}
    document = (
        await world.service.plan_update(world.caller, stack, world.request(wanted, **part), patch=False)
    ).document
    assert document.left_out == ["db", "pair/two"]
    await updated(world, stack, wanted, **part)
    assert (await words(world, stack, "pair"), await world.output(stack, "db")) == (("2", "1"), "1")
    assert (await world.show(stack))["left_out"] == ["db", "pair/two"]
    # The next update of the whole brings the rest.
    await updated(world, stack, None, patch=True)
    assert (await words(world, stack, "pair"), await world.output(stack, "db")) == (("2", "2"), "2")
    assert "left_out" not in await world.show(stack)


async def test_what_is_left_out_deep_inside_stays(world):
    stack = await made(world, hot({"group": group("1"), "db": thing("1")}, {"db": output_of("db")}), files=PAIR)
    before = await words(world, stack, "group", "0")
    wanted = hot({"group": group("2", 3), "db": thing("2")}, {"db": output_of("db")})
    await updated(world, stack, wanted, files=PAIR, excludes=("group/0/two", "group/1"))
    assert before == ("1", "1")
    assert await words(world, stack, "group", "0") == ("2", "1")
    assert await words(world, stack, "group", "1") == ("1", "1")
    assert await words(world, stack, "group", "2") == ("2", "2")
    assert await world.output(stack, "db") == "2"
    assert (await world.show(stack))["left_out"] == ["group/0/two", "group/1"]
    await updated(world, stack, None, patch=True)
    assert await words(world, stack, "group", "0") == await words(world, stack, "group", "1") == ("2", "2")


async def test_a_whole_nested_stack_can_be_a_target_but_for_a_part(world):
    stack = await made(world, hot({"pair": pair("1"), "db": thing("1")}, {"db": output_of("db")}), files=PAIR)
    wanted = hot({"pair": pair("2"), "db": thing("2")}, {"db": output_of("db")})
    await updated(world, stack, wanted, files=PAIR, targets=("pair", "pair/one"), excludes=("pair/two",))
    assert (await words(world, stack, "pair"), await world.output(stack, "db")) == (("2", "1"), "1")


async def test_a_part_of_a_new_nested_stack_can_be_made_first(world):
    stack = await made(world, hot({"pair": pair("1"), "db": thing("1")}), files=PAIR, targets=("pair/one",))
    assert set(await world.resources(stack, nested_depth=1)) == {"pair", "one"}
    assert (await world.show(stack))["left_out"] == ["db", "pair/two"]
    await updated(world, stack, None, patch=True)
    assert set(await world.resources(stack, nested_depth=1)) == {"pair", "one", "two", "db"}


async def test_what_was_left_out_inside_stays_so_on_the_way_back(world):
    stack = await made(world, hot({"group": group("1")}), files=PAIR)
    await updated(world, stack, hot({"group": group("2")}), files=PAIR, targets=("group/0/one",))
    assert await words(world, stack, "group", "0") == ("2", "1")
    bad = hot({"group": group("3"), "bad": after(thing(fail=True), "group")})
    await world.update(stack, bad, files=PAIR, disable_rollback=False)
    await world.until(stack, "ROLLBACK_COMPLETE")
    assert await words(world, stack, "group", "0") == ("2", "1")
    assert await words(world, stack, "group", "1") == ("1", "1")
    assert (await world.show(stack))["left_out"] == ["group/0/two", "group/1"]


async def test_members_that_a_policy_adds_leave_out_what_was_left_out(world):
    def template(word):
        member = thing(word)
        several = {"type": "OS::Heat::AutoScalingGroup"}
        several["properties"] = {"min_size": 1, "max_size": 5, "desired_capacity": 2, "resource": member}
        policy = {"type": "OS::Heat::ScalingPolicy"}
        policy["properties"] = {
            "adjustment_type": "change_in_capacity",
            "auto_scaling_group_id": {"get_resource": "group"},
            "scaling_adjustment": 1,
        }
        return hot({"group": several, "more": policy}, {"values": {"get_attr": ["group", "outputs_list", "output"]}})

    stack = await made(world, template("1"))
    first = sorted(await world.resources(await world.inner(stack, "group")))[0]
    await updated(world, stack, template("2"), excludes=(f"group/{first}",))
    assert sorted(await world.output(stack, "values")) == ["1", "2"]
    await world.service.signal(world.caller, stack, "more", {})
    while len(await world.output(stack, "values")) < 3:
        await world.until(await world.inner(stack, "group"))
    assert sorted(await world.output(stack, "values")) == ["1", "2", "2"]


async def test_a_kept_plan_of_a_part_inside_is_applied(world):
    stack = await made(world, hot({"group": group("1")}), files=PAIR)
    request = StackRequest(template=hot({"group": group("2")}), files=PAIR, targets=("group/1/two",))
    shown = await world.service.plan_update(world.caller, stack, request, patch=False, keep=True)
    assert shown.document.left_out == ["group/0", "group/1/one"]
    assert shown.document.summary.update == 3  # the thing, and the owners of the stacks that it is in
    await world.service.apply_plan(world.caller, shown.row)
    await world.until(stack, "UPDATE_COMPLETE")
    assert await words(world, stack, "group", "0") == ("1", "1")
    assert await words(world, stack, "group", "1") == ("1", "2")


async def test_another_engine_knows_what_was_left_out_inside(new_world):
    world = new_world()
    first = await world.start_engine()
    stack = await made(world, hot({"group": group("1")}), files=PAIR)
    slow = {"pair.yaml": PAIR["pair.yaml"].replace('"value":', '"wait_secs": 0.4, "value":')}
    await world.update(stack, hot({"group": group("2")}), files=slow, targets=("group/0/one",))
    await world.until_resource(stack, "group", "UPDATE_IN_PROGRESS")
    await first.stop()
    for definition in list(world.kept._kept):
        world.kept.forget(definition)
    await world.start_engine()
    await world.until(stack, "UPDATE_COMPLETE")
    assert await words(world, stack, "group", "0") == ("2", "1")
    assert await words(world, stack, "group", "1") == ("1", "1")
    await world.close()


async def test_whoever_asks_while_a_definition_is_read_knows_what_was_left_out(world):
    stack = await made(world, web("1"))
    await updated(world, stack, web("2"), excludes=("db",))
    row = await world.store.read(lambda connection: stacks.by_id(connection, stack.id))
    for definition in list(world.kept._kept):
        world.kept.forget(definition)

    async def asked(reads):
        for _ in range(reads):  # as long as others have read for some time
            await world.store.read(lambda connection: None)
        return (await world.kept.blueprint(row.definition_id, row)).left_out

    assert await asyncio.gather(*map(asked, range(20))) == [("db",)] * 20


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"targets": ("group/0/ome",)}, "targets: there is no resource group/0/ome. Did you mean 'group/0/one'?"),
        ({"excludes": ("group/7",)}, "excludes: there is no resource group/7. Did you mean 'group/1'?"),
        ({"targets": ("grup/0",)}, "targets: there is no resource grup. Did you mean 'group'?"),
        ({"targets": ("db/0",)}, "targets: db has no nested stack, so there is no db/0. Name db."),
        (
            {"targets": ("one",)},
            "targets: there is no resource one. Did you mean 'group/0/one' or 'group/1/one' or 'old/one'?",
        ),
        ({"targets": ("group//one",)}, "targets: 'group//one' is no path of names; write it as group/0/server."),
        (
            {"targets": ("group/0/one",), "excludes": ("group/0",)},
            "group/0/one is a target, but group/0, which it is in, is left out.",
        ),
        (
            {"targets": ("group/0/one",), "excludes": ("group/0/one",)},
            "group/0/one is a target and left out at the same time.",
        ),
        ({"targets": ("old/one",)}, "targets: old is not in the new template and goes as a whole: name old."),
        ({"excludes": ("later/one",)}, "excludes: what is in later shows only when other resources are there"),
    ],
)
async def test_paths_that_cannot_be(world, part, said):
    counted = {"type": "OS::Heat::ResourceGroup"}
    counted["properties"] = {
        "count": output_of("db"),
        "resource_def": {"type": "pair.yaml", "properties": {"word": "x"}},
    }
    resources = {"group": group("1"), "db": thing("1"), "old": pair("1")}
    stack = await made(world, hot(resources), files=PAIR)
    wanted = hot({"group": group("2"), "db": thing("2"), "later": counted})
    with pytest.raises(BadRequest) as caught:
        await world.update(stack, wanted, files=PAIR, **part)
    assert said in caught.value.message
    with pytest.raises(BadRequest):
        await world.service.plan_update(world.caller, stack, world.request(wanted, files=PAIR, **part), patch=False)
    assert (await world.show(stack))["stack_status"] == "CREATE_COMPLETE"
