"""Stacks of a Heat's database go on here as if nothing had happened: the same to see, nothing to do, then changed."""

import json
import uuid

import pytest
from service_with_copies import Service, an_object
from templates import hot, thing

import database_kinds
from hearth.model.names import StackIdentity, physical_name
from hearth.store import resources, snapshots, software, stacks
from hearth.takeover.ciphers import Ciphers
from hearth.takeover.report import Outcome
from hearth.takeover.source import Selection, Source
from hearth.takeover.taking import Taking
from heat_database import KEY, TRUSTOR, HeatDatabase, sealed


class Cloud(Service):
    """The service, in a cloud whose Keystone takes the trusts of Heat."""

    async def get(self, service, path):
        return None


@pytest.fixture
def service(world):
    made = Cloud()
    made.use_in(world)
    return made


@pytest.fixture
def heat(tmp_path):
    return HeatDatabase(tmp_path / "heat.sqlite")


async def take(world, heat, *names, keys=(KEY,), **options):
    """What is said of each stack, by name."""
    source = Source(heat.url)
    taking = Taking(source, world.context, world.kept, Ciphers(keys), **options)
    try:
        return {line.name: line async for line in taking.take(Selection(names))}
    finally:
        source.close()


def identity(stack_id, name):
    return StackIdentity(world_project(), name, stack_id)


def world_project():
    return "a0b1c2d3e4f5460798a9b0c1d2e3f405"


def plain(heat, service, **more):
    """A stack of an object and of what reads it."""
    template = hot(
        {
            "a": an_object("1"),
            "told": thing({"get_attr": ["a", "content"]}),
            "text": {"type": "OS::Heat::RandomString"},
        },
        {"content": {"get_attr": ["told", "output"]}, "text": {"get_resource": "text"}},
        description="as it was",
    )
    stack_id = heat.stack("web", heat.template(template), **more)
    a = heat.resource(stack_id, "a", "web-a", {"content": "1"}, attributes={"content": "1"})
    heat.resource(stack_id, "told", "web-told", {"value": "1"}, data={"value": "1"}, requires=[a])
    heat.resource(stack_id, "text", "web-text", {"length": 32}, secrets={"value": "s3cret"})
    service.objects["web-a"] = "1"
    return stack_id, template


async def nothing_changes(world, service, stack, template, **more):
    """Neither the plan nor the update has anything to do."""
    before = dict(service.objects)
    rows = {name: one["physical_resource_id"] for name, one in (await world.resources(stack)).items()}
    nests = {name for name, one in (await world.resources(stack)).items() if one["nested_identity"] is not None}
    preview = await world.nested_preview(stack, template, **more)
    preview["updated"] = [name for name in preview["updated"] if name not in nests]  # what is in them is told too
    assert {name: several for name, several in preview.items() if several and name != "unchanged"} == {}
    await world.update(stack, template, **more)
    await world.until(stack, "UPDATE_COMPLETE")
    assert (service.objects, service.log) == (before, [])
    assert {name: one["physical_resource_id"] for name, one in (await world.resources(stack)).items()} == rows


async def test_a_stack_is_shown_as_heat_showed_it(world, service, heat):
    stack_id, _ = plain(heat, service, action="UPDATE", timeout=60)
    heat.add("stack_tag", tag="blue", stack_id=stack_id)
    event = heat.event(stack_id, "a", "COMPLETE", physical_resource_id="web-a")
    line = (await take(world, heat))["web"]
    assert (line.reasons, line.stacks, line.resources, line.events) == ((), 1, 3, 1)
    stack = identity(stack_id, "web")
    shown = await world.show(stack)
    assert (shown["id"], shown["stack_status"], shown["stack_owner"]) == (stack_id, "UPDATE_COMPLETE", "demo")
    assert (shown["description"], shown["timeout_mins"], shown["tags"]) == ("as it was", 60, ["blue"])
    assert shown["creation_time"] == 1795813449.0
    assert await world.output(stack, "content") == "1"
    assert await world.output(stack, "text") == "s3cret"
    assert {name: one["physical_resource_id"] for name, one in (await world.resources(stack)).items()} == {
        "a": "web-a",
        "told": "web-told",
        "text": "web-text",
    }
    (told,) = await world.service.list_events(world.caller, stack)
    assert (told["id"], told["physical_resource_id"]) == (event, "web-a")


async def test_a_stack_goes_on_as_if_nothing_had_happened(world, service, heat):
    stack_id, template = plain(heat, service)
    await take(world, heat)
    stack = identity(stack_id, "web")
    await nothing_changes(world, service, stack, template)
    template["resources"]["a"] = an_object("2")
    await world.update(stack, template)
    await world.until(stack, "UPDATE_COMPLETE")
    assert list(service.objects.values()) == ["2"]
    assert await world.output(stack, "text") == "s3cret"
    await world.delete(stack)
    await world.until(stack, "DELETE_COMPLETE")
    assert service.objects == {}


async def test_its_trust_is_used_from_now_on(world, service, heat):
    stack_id, _ = plain(heat, service, trust="trust-of-demo")
    await take(world, heat)
    codec = world.store.codec
    row = await world.store.read(lambda c: stacks.by_id(c, stack_id))
    secret = await world.store.read(lambda c: stacks.credential(c, codec, row.credential_id))
    assert (secret["trust_id"], secret["user_id"], row.user_id) == ("trust-of-demo", TRUSTOR, TRUSTOR)


CHILD = json.dumps(hot({"a": an_object("x")}, {"content": {"get_attr": ["a", "content"]}}))


async def test_trees_are_taken_with_their_owners(world, service, heat):
    group = {"type": "OS::Heat::ResourceGroup", "properties": {"count": 2, "resource_def": an_object("m%index%")}}
    joined = {"list_join": [",", {"get_attr": ["group", "content"]}]}
    template = hot(
        {"group": group, "file": {"type": "child.yaml"}, "told": thing(joined)},
        {"inner": {"get_attr": ["file", "content"]}},
    )
    files = {"child.yaml": CHILD}
    root = heat.stack("web", heat.template(template, **files))
    several = heat.resource(
        root,
        "group",
        None,
        {"count": 2, "resource_def": an_object("m%index%")},
        attributes={"content": ["m0", "m1"]},
        data={"name_blacklist": ""},
    )
    one = heat.resource(root, "file", None, {}, attributes={"content": "x"})
    heat.resource(root, "told", "web-told", {"value": "m0,m1"}, requires=[several])
    members = hot(
        {"0": an_object("m0"), "1": an_object("m1")},
        {"content": [{"get_attr": ["0", "content"]}, {"get_attr": ["1", "content"]}]},
    )
    inside = heat.stack("web-group-x", heat.template(members, **files), owner=several, inside=root)
    for name in ("0", "1"):
        heat.resource(inside, name, f"m{name}", {"content": f"m{name}"})
        service.objects[f"m{name}"] = f"m{name}"
    child = heat.stack("web-file-x", heat.template(json.loads(CHILD), **files), owner=one, inside=root)
    heat.resource(child, "a", "inner", {"content": "x"}, attributes={"content": "x"})
    service.objects["inner"] = "x"

    line = (await take(world, heat))["web"]
    assert (line.stacks, line.resources, line.reasons, line.notes) == (3, 6, (), ())
    stack = identity(root, "web")
    assert (await world.inner(stack, "group")).id == inside
    assert await world.output(stack, "inner") == "x"
    await nothing_changes(world, service, stack, template, files=files)
    template["resources"]["group"]["properties"]["count"] = 3
    await world.update(stack, template, files=files)
    await world.until(stack, "UPDATE_COMPLETE")
    assert sorted(service.objects.values()) == ["m0", "m1", "m2", "x"]
    await world.delete(stack)
    await world.until(stack, "DELETE_COMPLETE")
    assert service.objects == {}


async def test_members_of_a_scaling_group_keep_their_names(world, service, heat):
    properties = {"min_size": 1, "max_size": 3, "desired_capacity": 2, "resource": an_object("m")}
    template = hot(
        {"group": {"type": "OS::Heat::AutoScalingGroup", "properties": properties}},
        {"all": {"get_attr": ["group", "outputs_list", "content"]}, "size": {"get_attr": ["group", "current_size"]}},
    )
    root = heat.stack("web", heat.template(template))
    group = heat.resource(
        root,
        "group",
        None,
        properties,
        attributes={"current_size": 2, "tuple:('outputs_list', 'content')": ["m", "m"]},
        rsrc_metadata={"cooldown_end": {"2026-11-27T21:04:43": "ExactCapacity : 2"}, "scaling_in_progress": False},
    )
    members = hot({"n6jctufi5eda": an_object("m"), "yiwntuplkibz": an_object("m")}, {"refs_map": {"n6jctufi5eda": "x"}})
    inside = heat.stack("web-group-x", heat.template(members), owner=group, inside=root)
    for name in ("n6jctufi5eda", "yiwntuplkibz"):
        heat.resource(inside, name, name, {"content": "m"})
        service.objects[name] = "m"
    await take(world, heat)
    stack = identity(root, "web")
    assert (await world.output(stack, "all"), await world.output(stack, "size")) == (["m", "m"], 2)
    await nothing_changes(world, service, stack, template)
    assert set(await world.resources(identity(inside, "web-group-x"))) == {"n6jctufi5eda", "yiwntuplkibz"}


async def test_what_was_signalled_stays_known(world, service, heat):
    world.plans_first = False  # Heat has no physical id for a condition, which plans and lists show differently
    template = hot(
        {
            "handle": {"type": "OS::Heat::WaitConditionHandle", "properties": {"signal_transport": "NO_SIGNAL"}},
            "wait": {
                "type": "OS::Heat::WaitCondition",
                "properties": {"handle": {"get_resource": "handle"}, "timeout": 60},
            },
        },
        {"data": {"get_attr": ["wait", "data"]}},
    )
    root = heat.stack("web", heat.template(template))
    told = {"1": {"status": "SUCCESS", "reason": "ok", "data": "hello"}}
    handle = heat.resource(root, "handle", "web-handle", {"signal_transport": "NO_SIGNAL"}, rsrc_metadata=told)
    heat.resource(root, "wait", None, {"handle": "web-handle", "timeout": 60, "count": 1}, requires=[handle])
    await take(world, heat)
    stack = identity(root, "web")
    assert json.loads(await world.output(stack, "data")) == {"1": "hello"}
    await nothing_changes(world, service, stack, template)
    shown = await world.service.resource_metadata(world.caller, stack, "handle")
    assert shown == told


async def test_deployments_keep_their_ids_and_nobody_is_told(world, service, heat):
    config = {"group": "script", "config": "echo $who", "inputs": [{"name": "who"}], "outputs": [{"name": "result"}]}
    wanted = {"config": {"get_resource": "config"}, "server": "server-1", "signal_transport": "NO_SIGNAL"}
    template = hot(
        {
            "config": {"type": "OS::Heat::SoftwareConfig", "properties": config},
            "run": {"type": "OS::Heat::SoftwareDeployment", "properties": wanted},
        },
        {"result": {"get_attr": ["run", "result"]}},
    )
    root = heat.stack("web", heat.template(template))
    config_id, derived_id, deployment_id = (str(uuid.uuid4()) for _ in range(3))
    body = {"config": "echo $who", "inputs": [{"name": "who"}], "outputs": [{"name": "result"}], "options": {}}
    for one in (config_id, derived_id):
        heat.add("software_config", id=one, name="c", group="script", config=body, tenant=world_project())
    heat.add(
        "software_deployment",
        id=deployment_id,
        config_id=derived_id,
        server_id="server-1",
        action="CREATE",
        status="COMPLETE",
        input_values={},
        output_values={"result": "done"},
        tenant=world_project(),
    )
    made = heat.resource(root, "config", config_id, config)
    given = {**wanted, "config": config_id}
    heat.resource(root, "run", deployment_id, given, requires=[made])
    line = (await take(world, heat))["web"]
    assert (line.deployments, line.notes) == (1, ())
    stack = identity(root, "web")
    assert await world.output(stack, "result") == "done"
    assert (await world.resources(stack))["run"]["physical_resource_id"] == deployment_id
    await nothing_changes(world, service, stack, template)
    await world.delete(stack)
    await world.until(stack, "DELETE_COMPLETE")
    assert await world.store.read(lambda c: software.count_configs(c, world_project())) == 0


async def test_key_pairs_know_whose_they_are(world, service, heat):
    template = hot(
        {
            "user": {"type": "AWS::IAM::User"},
            "pair": {"type": "AWS::IAM::AccessKey", "properties": {"UserName": {"get_resource": "user"}}},
        },
        {"secret": {"get_attr": ["pair", "SecretAccessKey"]}},
    )
    root = heat.stack("web", heat.template(template))
    row_id = str(uuid.uuid4())
    user = heat.resource(root, "user", "u-1", {}, data={"user_id": "u-1"}, uuid=row_id)
    name = physical_name("web", "user", row_id)
    heat.resource(root, "pair", "access", {"UserName": name}, secrets={"secret_key": "s3cret"}, requires=[user])
    await take(world, heat)
    assert await world.output(identity(root, "web"), "secret") == "s3cret"
    codec = world.store.codec
    rows = await world.store.read(lambda c: resources.by_names(c, codec, root, ["pair"]))
    assert rows[0].data["user_id"] == "u-1"


async def test_a_repeat_changes_nothing(world, service, heat):
    stack_id, template = plain(heat, service)
    await take(world, heat)
    stack = identity(stack_id, "web")
    template["resources"]["told"] = thing("newer")
    await world.update(stack, template)
    await world.until(stack, "UPDATE_COMPLETE")
    assert (await take(world, heat))["web"].outcome is Outcome.THERE
    assert await world.output(stack, "content") == "newer"


async def test_a_dry_run_stores_nothing(world, service, heat):
    plain(heat, service)
    assert (await take(world, heat, dry_run=True))["web"].outcome is Outcome.WOULD_BE
    assert await world.names() == set()


async def test_unknown_types_are_named_and_nothing_is_stored(world, service, heat):
    template = hot({"a": an_object("1"), "b": {"type": "Our::Own::Thing"}})
    heat.resource(heat.stack("web", heat.template(template)), "a", "web-a", {"content": "1"})
    line = (await take(world, heat))["web"]
    assert (line.outcome, line.unknown_types) == (Outcome.LEFT, ("Our::Own::Thing",))
    assert await world.names() == set()


async def test_what_heat_makes_of_a_nested_stack_and_we_do_not_is_left_to_heat(world, service, heat):
    kind, given = "AWS::ElasticLoadBalancing::LoadBalancer", {"AvailabilityZones": ["nova"]}
    given["Listeners"] = [{"InstancePort": 80, "LoadBalancerPort": 80, "Protocol": "HTTP"}]
    root = heat.stack("web", heat.template(hot({"front": {"type": kind, "properties": given}})))
    front = heat.resource(root, "front", None, given)
    nested = heat.stack("web-front", heat.template(hot({"server": an_object("1")})), owner=front, inside=root)
    heat.resource(nested, "server", "web-server", {"content": "1"})
    line = (await take(world, heat))["web"]
    assert (line.outcome, line.reasons) == (
        Outcome.LEFT,
        (f"front is a nested stack in Heat, and no {kind} is one here",),
    )
    assert await world.names() == set()


async def test_unfinished_stacks_are_left_out_unless_asked_for(world, service, heat):
    stack_id, template = plain(heat, service, status="IN_PROGRESS")
    line = (await take(world, heat))["web"]
    assert (line.outcome, line.reasons) == (Outcome.LEFT, ("web is CREATE_IN_PROGRESS",))
    await take(world, heat, unfinished=True)
    stack = identity(stack_id, "web")
    assert (await world.show(stack))["stack_status"] == "CREATE_FAILED"
    await world.update(stack, template)
    await world.until(stack, "UPDATE_COMPLETE")
    assert service.objects == {"web-a": "1"}


async def test_without_the_key_a_stack_with_secrets_is_left_out(world, service, heat):
    plain(heat, service)
    line = (await take(world, heat, keys=["another key that is long enough.."]))["web"]
    assert line.outcome is Outcome.LEFT
    assert "--encryption-key" in line.reasons[0]


async def test_a_trust_that_cannot_be_read_is_told(world, service, heat):
    template = hot({"a": an_object("1")})
    heat.resource(heat.stack("web", heat.template(template)), "a", "web-a", {"content": "1"})
    line = (await take(world, heat, keys=[]))["web"]
    assert line.outcome is Outcome.TAKEN
    assert "its trust cannot be read" in line.notes[0]


async def test_encrypted_parameters_and_properties_are_opened(world, service, heat):
    template = hot(
        {"a": an_object({"get_param": "word"})},  # type: ignore[arg-type]  # a function
        parameters={"word": {"type": "string", "hidden": True}},
    )
    method = "cryptography_decrypt_v1"
    environment = {"parameters": {"word": [method, sealed("s3cret")]}, "encrypted_param_names": ["word"]}
    root = heat.stack("web", heat.template(template, environment))
    kept = heat.add("resource_properties_data", data={"content": [method, sealed('"s3cret"')]}, encrypted=True)
    heat.resource(root, "a", "web-a", rsrc_prop_data_id=kept)
    service.objects["web-a"] = "s3cret"
    await take(world, heat)
    await nothing_changes(world, service, identity(root, "web"), template, parameters={"word": "s3cret"})


async def test_a_name_that_is_taken_stays_with_who_has_it(world, service, heat):
    plain(heat, service)
    await world.until(await world.create(hot({"mine": thing()}), "web"), "CREATE_COMPLETE")
    line = (await take(world, heat))["web"]
    assert line.outcome is Outcome.LEFT
    assert "another stack web" in line.reasons[0]


async def test_a_replacement_that_heat_left_half_done_is_finished(world, service, heat):
    template = hot({"a": an_object("2")})
    root = heat.stack("web", heat.template(template), action="UPDATE", status="FAILED")
    old = heat.resource(root, "a", "old", {"content": "1"}, replaced_by=2)
    new = heat.resource(root, "a", "new", {"content": "2"}, replaces=old)
    heat.change("resource", old, replaced_by=new)
    service.objects |= {"old": "1", "new": "2"}
    await take(world, heat)
    stack = identity(root, "web")
    await world.update(stack, template)
    await world.until(stack, "UPDATE_COMPLETE")
    assert service.objects == {"new": "2"}


@pytest.mark.parametrize("without", [(), ("resource_snapshot",)])
async def test_snapshots_come_along(world, service, tmp_path, without):
    heat = HeatDatabase(tmp_path / "older.sqlite", without=without)
    stack_id, template = plain(heat, service)
    entry = {"name": "a", "resource_id": "web-a", "type": "Test::Object", "resource_data": {}}
    document = {"name": "web", "template": template, "environment": {}, "resources": {"a": entry} if without else {}}
    snapshot = str(uuid.uuid4())
    heat.add("snapshot", id=snapshot, stack_id=stack_id, name="s1", action="CREATE", status="COMPLETE", data=document)
    if not without:
        heat.add("resource_snapshot", id=str(uuid.uuid4()), snapshot_id=snapshot, resource_name="a", data=entry)
    await take(world, heat)
    (shown,) = await world.service.list_snapshots(world.caller, identity(stack_id, "web"))
    assert (shown["id"], shown["name"], shown["status"]) == (snapshot, "s1", "COMPLETE")
    assert shown["data"]["resources"] == {"a": entry}
    stack = identity(stack_id, "web")
    await world.delete(stack)
    await world.until(stack, "DELETE_COMPLETE")
    assert await world.store.read(lambda c: snapshots.count(c, stack_id)) == 0


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
async def test_a_database_of_a_server_is_read_as_a_file_is(world, service, tmp_path, kind):
    theirs = HeatDatabase(database_kinds.bare(kind, tmp_path, "heat"))
    try:
        stack_id, template = plain(theirs, service, action="UPDATE")
        theirs.add("stack_tag", tag="blue", stack_id=stack_id)
        event = theirs.event(stack_id, "a", "COMPLETE", physical_resource_id="web-a")
        theirs.stack("legacy", theirs.template(hot({})), convergence=False)
        found = await take(world, theirs)
        assert {name: line.outcome for name, line in found.items()} == {"web": Outcome.TAKEN, "legacy": Outcome.TAKEN}
        stack = identity(stack_id, "web")
        shown = await world.show(stack)
        assert (shown["stack_status"], shown["tags"], shown["creation_time"]) == (
            "UPDATE_COMPLETE",
            ["blue"],
            1795813449.0,
        )
        assert await world.output(stack, "text") == "s3cret"
        (told,) = await world.service.list_events(world.caller, stack)
        assert told["id"] == event
        await nothing_changes(world, service, stack, template)
    finally:
        theirs.close()


async def test_a_database_of_many_stacks_comes_through(world, service, heat):
    template = heat.template(hot({}))
    for number in range(12):
        heat.stack(f"s{number}", template)
    lines = await take(world, heat, "s1", "s7")
    assert sorted(lines) == ["s1", "s7"]
    assert len(await take(world, heat)) == 12
    assert len(await world.names()) == 12
