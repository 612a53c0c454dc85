"""Software configs and deployments as resources of stacks, where no server has to answer."""

import email

import pytest
import yaml
from templates import after, hot

from hearth.engine.software import NewDeployment
from hearth.model.errors import Invalid

SCRIPT = "#!/bin/sh\necho hello\n"


def config(text=SCRIPT, **properties):
    return {"type": "OS::Heat::SoftwareConfig", "properties": {"group": "script", "config": text, **properties}}


def deployment(of="config", kind="SoftwareDeployment", **properties):
    given = {"config": {"get_resource": of}, "server": "server-1", "signal_transport": "NO_SIGNAL", **properties}
    return {"type": f"OS::Heat::{kind}", "properties": given}


def made_of(kind, **properties):
    return {"type": f"OS::Heat::{kind}", "properties": properties}


async def created(world, template, **more):
    stack = await world.create(template, **more)
    await world.until(stack, "CREATE_COMPLETE")
    return stack


async def updated(world, stack, template):
    await world.update(stack, template)
    await world.until(stack, "UPDATE_COMPLETE")


async def deleted(world, stack):
    await world.delete(stack)
    await world.until(stack, "DELETE_COMPLETE")


async def configs(world):
    return await world.service.software.list_configs(world.caller, limit=None, marker=None, everywhere=False)


async def deployments(world):
    return await world.service.software.list_deployments(world.caller, None)


async def kept(world, stack, name):
    """The config that a resource keeps."""
    row = (await world.resources(stack))[name]
    return await world.service.software.show_config(world.caller, row["physical_resource_id"])


async def for_server(world, server="server-1"):
    return await world.service.software.server_metadata(world.caller, server)


def values(config):
    return {one["name"]: one["value"] for one in config["inputs"]}


async def test_a_config_is_kept_with_what_its_resource_says(world):
    inputs = [{"name": "who"}, {"name": "count", "type": "Number", "default": "3", "replace_on_change": True}]
    outputs = [{"name": "result", "error_output": True, "description": "what came of it"}]
    stack = await created(world, hot({"config": config(inputs=inputs, outputs=outputs, options={"shell": "sh"})}))
    found = await kept(world, stack, "config")
    assert found["name"].startswith("stack-config-")
    assert (found["group"], found["config"], found["options"]) == ("script", SCRIPT, {"shell": "sh"})
    assert found["inputs"] == [
        {"name": "who", "description": "", "type": "String", "default": ""},
        {"name": "count", "description": "", "type": "Number", "default": 3, "replace_on_change": True},
    ]
    assert found["outputs"] == [
        {"name": "result", "description": "what came of it", "type": "String", "error_output": True}
    ]
    shown = await world.service.show_resource(world.caller, stack, "config")
    assert (shown["attributes"]["id"], shown["attributes"]["config"]) == (found["id"], SCRIPT)


async def test_a_changed_config_is_another_one_and_the_former_goes(world):
    template = hot({"config": config("one")}, {"text": {"get_attr": ["config", "config"]}})
    stack = await created(world, template)
    before = await kept(world, stack, "config")
    template["resources"]["config"] = config("two")
    await updated(world, stack, template)
    assert [one["id"] for one in await configs(world)] != [before["id"]]
    assert len(await configs(world)) == 1
    assert await world.output(stack, "text") == "two"
    await deleted(world, stack)
    assert await configs(world) == []


async def test_structured_configs_and_components_keep_maps(world):
    parts = [{"actions": ["CREATE"], "config": "install", "tool": "script"}, {"actions": ["DELETE"], "tool": "script"}]
    stack = await created(
        world,
        hot(
            {
                "map": made_of("StructuredConfig", config={"a": {"get_input": "who"}}),
                "component": made_of("SoftwareComponent", configs=parts),
            }
        ),
    )
    assert (await kept(world, stack, "map"))["config"] == {"a": {"get_input": "who"}}
    found = await kept(world, stack, "component")
    assert found["group"] == "component"
    assert found["config"] == {"configs": [parts[0], {**parts[1], "config": None}]}


async def test_cloud_config_is_yaml_under_its_mark(world):
    wanted = {"packages": ["a"], "write_files": [{"path": "/x", "content": "one\ntwo\n"}]}
    stack = await created(world, hot({"config": made_of("CloudConfig", cloud_config=wanted)}))
    text = (await kept(world, stack, "config"))["config"]
    assert text.startswith("#cloud-config\n")
    assert yaml.safe_load(text) == wanted


async def test_parts_become_one_text_that_can_be_taken_apart(world):
    parts = [
        {"config": {"get_resource": "script"}, "filename": "a.sh", "subtype": "x-shellscript"},
        {"config": "#include http://x/\n", "subtype": "x-include-url"},
        {"config": "ünïcode"},
    ]
    inner = made_of("MultipartMime", parts=parts)
    outer = made_of("MultipartMime", group="g", parts=[{"config": {"get_resource": "inner"}, "type": "multipart"}])
    stack = await created(world, hot({"script": config(), "inner": inner, "outer": outer}))
    for name, group in (("inner", "Heat::Ungrouped"), ("outer", "g")):
        found = await kept(world, stack, name)
        assert found["group"] == group
        whole = email.message_from_string(found["config"])
        messages = whole.get_payload()
        assert isinstance(messages, list)
        assert [(one.get_content_type(), one.get_filename(), text_of(one)) for one in messages] == [
            ("text/x-shellscript", "a.sh", SCRIPT),
            ("text/x-include-url", None, "#include http://x/\n"),
            ("text/plain", None, "ünïcode"),
        ]


def text_of(message):
    return message.get_payload(decode=True).decode()


async def test_the_server_gets_the_config_with_the_values_of_its_inputs(world):
    inputs = [{"name": "who", "default": "you"}, {"name": "count", "type": "Number"}]
    given = deployment(input_values={"who": "world", "extra": {"a": 1}}, name="greeting")
    stack = await created(world, hot({"config": config(inputs=inputs), "deployment": given}))
    (found,) = await for_server(world)
    assert (found["name"], found["group"], found["config"]) == ("greeting", "script", SCRIPT)
    assert values(found) == {
        "who": "world",
        "count": 0,
        "extra": {"a": 1},
        "deploy_server_id": "server-1",
        "deploy_action": "CREATE",
        "deploy_stack_id": f"stack/{stack.id}",
        "deploy_resource_name": "deployment",
        "deploy_signal_transport": "NO_SIGNAL",
    }
    (made,) = await deployments(world)
    assert (made["action"], made["status"], made["config_id"]) == ("CREATE", "COMPLETE", found["id"])
    assert made["id"] == (await world.resources(stack))["deployment"]["physical_resource_id"]


async def test_each_update_deploys_anew_and_drops_what_was_made_before(world):
    template = hot({"config": config(inputs=[{"name": "who"}]), "deployment": deployment(input_values={"who": "a"})})
    stack = await created(world, template)
    (before,) = await deployments(world)
    template["resources"]["deployment"] = deployment(input_values={"who": "b"})
    await updated(world, stack, template)
    (after,) = await deployments(world)
    assert (after["id"], after["action"]) == (before["id"], "UPDATE")
    (found,) = await for_server(world)
    assert (values(found)["who"], values(found)["deploy_action"]) == ("b", "UPDATE")
    # The resource's own config and the one for the server.
    assert len(await configs(world)) == 2


async def test_a_new_config_is_deployed_before_the_former_goes(world):
    template = hot({"config": config("one"), "deployment": deployment()})
    stack = await created(world, template)
    template["resources"]["config"] = config("two")
    await updated(world, stack, template)
    assert [one["config"] for one in await for_server(world)] == ["two"]
    assert len(await configs(world)) == 2


async def test_only_the_actions_that_are_listed_deploy(world):
    template = hot(
        {
            "config": config(),
            "never": deployment(actions=["UPDATE"]),
            "suspended": deployment(actions=["CREATE", "SUSPEND"]),
        }
    )
    stack = await created(world, template)
    assert [one["action"] for one in await deployments(world)] == ["CREATE"]
    await world.service.action(world.caller, stack, "suspend")
    await world.until(stack, "SUSPEND_COMPLETE")
    assert [one["action"] for one in await deployments(world)] == ["SUSPEND"]
    await world.service.action(world.caller, stack, "resume")
    await world.until(stack, "RESUME_COMPLETE")
    template["resources"]["never"] = deployment(actions=["UPDATE"], input_values={"a": 1})
    await updated(world, stack, template)
    assert sorted(one["action"] for one in await deployments(world)) == ["SUSPEND", "UPDATE"]


async def test_the_parts_of_a_component_say_when_it_is_deployed(world):
    parts = [{"actions": ["UPDATE"], "tool": "script"}]
    template = hot({"config": made_of("SoftwareComponent", configs=parts), "deployment": deployment()})
    stack = await created(world, template)
    assert await deployments(world) == []
    template["resources"]["deployment"] = deployment(name="other")
    await updated(world, stack, template)
    assert [one["action"] for one in await deployments(world)] == ["UPDATE"]


async def test_a_structured_deployment_puts_values_in_their_places(world):
    wanted = {"a": {"get_input": "who"}, "b": [{"get_input": "none"}, {"c": {"get_input": "deploy_action"}}]}
    template = hot(
        {
            "config": made_of("StructuredConfig", config=wanted, inputs=[{"name": "who"}]),
            "deployment": deployment(kind="StructuredDeployment", input_values={"who": {"x": 1}}),
        }
    )
    await created(world, template)
    (found,) = await for_server(world)
    assert found["config"] == {"a": {"x": 1}, "b": [None, {"c": "CREATE"}]}


async def test_a_strict_one_refuses_inputs_without_a_value(world):
    given = deployment(kind="StructuredDeployment", input_values_validate="STRICT", input_key="take")
    template = hot({"config": made_of("StructuredConfig", config={"a": {"take": "none"}}), "deployment": given})
    stack = await world.create(template)
    shown = await world.until(stack, "CREATE_FAILED")
    assert "reads the input 'none', which has no value" in shown["stack_status_reason"]
    assert await deployments(world) == []


async def test_some_inputs_ask_for_another_deployment_when_they_change(world):
    inputs = [{"name": "who", "replace_on_change": True}, {"name": "other"}]
    template = hot({"config": config(inputs=inputs), "deployment": deployment(input_values={"who": "a"})})
    stack = await created(world, template)
    (before,) = await deployments(world)
    template["resources"]["deployment"] = deployment(input_values={"who": "a", "other": "x"})
    await updated(world, stack, template)
    assert [one["id"] for one in await deployments(world)] == [before["id"]]
    template["resources"]["deployment"] = deployment(input_values={"who": "b", "other": "x"})
    await updated(world, stack, template)
    (after,) = await deployments(world)
    assert after["id"] != before["id"]
    assert after["action"] == "CREATE"


async def test_a_deployment_needs_no_config(world):
    given = deployment()
    del given["properties"]["config"]
    await created(world, hot({"deployment": given}))
    (found,) = await for_server(world)
    assert (found["group"], found["config"]) == ("Heat::Ungrouped", "")


async def test_what_a_stack_deployed_goes_with_it(world):
    stack = await created(world, hot({"config": config(), "deployment": deployment()}))
    await deleted(world, stack)
    assert await deployments(world) == []
    assert await configs(world) == []


async def test_a_config_that_others_deploy_is_not_deleted_with_its_stack(world):
    stack = await created(world, hot({"config": config()}))
    found = await kept(world, stack, "config")
    software = world.service.software
    made = await software.create_deployment(world.caller, NewDeployment(found["id"], "server"))
    await world.delete(stack)
    shown = await world.until(stack, "DELETE_FAILED")
    assert "is used by a deployment" in shown["stack_status_reason"]
    await software.delete_deployment(world.caller, made["id"])
    await deleted(world, stack)


GROUPS = ["SoftwareDeploymentGroup", "SoftwareDeployments", "StructuredDeploymentGroup", "StructuredDeployments"]


def group(kind, servers, **properties):
    given = {"config": {"get_resource": "config"}, "servers": servers, "signal_transport": "NO_SIGNAL"}
    return made_of(kind, **given, **properties)


@pytest.mark.parametrize("kind", GROUPS)
async def test_a_group_deploys_to_each_of_its_servers(world, kind):
    form = "StructuredConfig" if kind.startswith("Structured") else "SoftwareConfig"
    text = {"a": "b"} if form == "StructuredConfig" else SCRIPT
    template = hot(
        {"config": made_of(form, config=text), "group": group(kind, {"x": "server-1", "y": "server-2"})},
        {"codes": {"get_attr": ["group", "deploy_status_codes"]}},
    )
    stack = await created(world, template)
    assert sorted(one["server_id"] for one in await deployments(world)) == ["server-1", "server-2"]
    assert await world.output(stack, "codes") == {"x": None, "y": None}
    template["resources"]["group"] = group(kind, {"y": "server-2", "z": "server-3"})
    await updated(world, stack, template)
    assert sorted(one["server_id"] for one in await deployments(world)) == ["server-2", "server-3"]


async def test_a_group_deploys_batch_after_batch(world):
    servers = {str(number): f"server-{number}" for number in range(5)}
    given = group("SoftwareDeploymentGroup", servers)
    policy = {"batch_create": {"max_batch_size": 2}, "rolling_update": {"max_batch_size": 3}}
    template = hot({"config": config("one"), "group": {**given, "update_policy": policy}})
    stack = await created(world, template)
    found = await world.service.list_events(world.caller, stack, nested_depth=1, sort_dir="asc")
    nested = [one for one in found if one["resource_name"].startswith("stack-group-")]
    assert [one["resource_status"] for one in nested] == [
        "CREATE_IN_PROGRESS",
        "CREATE_COMPLETE",
        *["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"] * 2,
    ]
    assert len(await deployments(world)) == 5
    template["resources"]["config"] = config("two")
    await updated(world, stack, template)
    assert {one["action"] for one in await deployments(world)} == {"UPDATE"}


async def test_a_project_has_no_more_configs_than_the_operator_allows(new_world):
    world = new_world(max_software_configs_per_tenant=1)
    await world.start_engine()
    stack = await world.create(hot({"a": config(), "b": after(config(), "a")}))
    shown = await world.until(stack, "CREATE_FAILED")
    assert "which is the most allowed" in shown["stack_status_reason"]
    await world.close()


@pytest.mark.parametrize(
    ("option", "several"),
    [
        ("max_software_configs_per_tenant", {"a": config(), "b": config(), "c": config()}),
        (
            "max_software_deployments_per_tenant",
            {"config": config(), **{name: deployment(server=f"server-{name}") for name in "abc"}},
        ),
    ],
)
async def test_resources_made_at_once_stay_within_the_limit_together(new_world, option, several):
    world = new_world(**{option: 2})
    await world.start_engine()
    stack = await world.create(hot(several))
    shown = await world.until(stack, "CREATE_FAILED")
    assert "RequestLimitExceeded: resources." in shown["stack_status_reason"]
    statuses = await world.statuses(stack)
    assert sorted(statuses[name] for name in "abc") == ["CREATE_COMPLETE", "CREATE_COMPLETE", "CREATE_FAILED"]
    (failed,) = [row for row in (await world.resources(stack)).values() if row["resource_status"] == "CREATE_FAILED"]
    assert not failed["physical_resource_id"]
    assert [state for name, state in await world.events(stack) if name == failed["resource_name"]] == [
        "CREATE_IN_PROGRESS",
        "CREATE_FAILED",
    ]
    listed = configs if "configs" in option else deployments
    assert len(await listed(world)) == 2
    await world.delete(stack)
    await world.until(stack, "DELETE_COMPLETE")
    assert (await configs(world), await deployments(world)) == ([], [])
    await world.close()


@pytest.mark.parametrize(
    ("resource", "says"),
    [
        (deployment(actions=["CREATE", "CHECK"]), "CHECK"),
        (config(inputs=[{"name": "a", "type": "Number", "default": "x"}]), "not a number"),
        (config(inputs=[{"type": "Number"}]), "required"),
        (
            made_of(
                "SoftwareComponent",
                configs=[{"actions": ["CREATE"], "tool": "a"}, {"actions": ["CREATE"], "tool": "b"}],
            ),
            "has a config already",
        ),
        (made_of("SoftwareComponent", configs=[]), "configs"),
    ],
)
async def test_wrong_properties_are_refused_at_once(world, resource, says):
    with pytest.raises(Invalid, match=says):
        await world.create(hot({"config": config(), "thing": resource}))
