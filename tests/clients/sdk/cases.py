"""openstacksdk against one service: the cloud layer and every method of the orchestration proxy.

Run by `../scripted.py` with the Python of the client's environment; the cloud is in OS_CLOUD. Each case is a function,
told in the order of the file, and prints a line `{case, problem}`; a case that goes wrong does not end the others.
"""

import contextlib
import json
import pathlib
import sys
import traceback
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import openstack
from openstack import exceptions
from openstack.orchestration.v1 import _proxy

TEMPLATES = pathlib.Path(__file__).parents[1] / "templates"
PLAIN, PARENT, FAILING, WRONG, SLOW = (
    str(TEMPLATES / f"{name}.yaml") for name in ("plain", "parent", "failing", "wrong", "slow")
)
ENVIRONMENT = str(TEMPLATES / "environment.yaml")
SECONDS = 120
SERVER = "11111111-2222-3333-4444-555555555555"

cloud = openstack.connect()
proxy: _proxy.Proxy = cloud.orchestration
cases: list[Callable[[], None]] = []


def case(function: Callable[[], None]) -> Callable[[], None]:
    cases.append(function)
    return function


@contextlib.contextmanager
def refused(*kinds: type[Exception]) -> Iterator[None]:
    """What is inside is refused."""
    try:
        yield
    except kinds:
        return
    raise AssertionError("was not refused")


@contextlib.contextmanager
def stack(**more: Any) -> Iterator[Any]:
    """A stack made through the proxy, and deleted."""
    name = f"sdk-{uuid.uuid4().hex[:8]}"
    made = proxy.create_stack(name=name, **(more or proxy.read_env_and_templates(template_file=PLAIN)))
    proxy.wait_for_status(made, "CREATE_COMPLETE", ["CREATE_FAILED"], interval=0.5, wait=SECONDS)
    try:
        yield proxy.get_stack(made.id)
    finally:
        proxy.delete_stack(made.id)
        proxy.wait_for_delete(made, interval=0.5, wait=SECONDS)


# ---- the cloud layer


@case
def cloud_create_stack() -> None:
    made = cloud.create_stack(
        "sdk", template_file=PLAIN, environment_files=[ENVIRONMENT], tags="a,b", rollback=True, wait=True, text="given"
    )
    assert made.status == "CREATE_COMPLETE", made.status
    assert {one["output_key"]: one["output_value"] for one in made.outputs}["text"] == "given"
    assert made.tags == ["a", "b"], made.tags
    assert made.is_rollback_disabled is False
    with refused(exceptions.ConflictException):
        cloud.create_stack("sdk", template_file=PLAIN)


@case
def cloud_create_stack_that_fails() -> None:
    made = cloud.create_stack("sdk-failing", template_file=FAILING, rollback=False, wait=True)
    assert made.status == "CREATE_FAILED"
    assert cloud.delete_stack("sdk-failing", wait=True) is True


@case
def cloud_create_stack_that_is_wrong() -> None:
    with refused(exceptions.BadRequestException):
        cloud.create_stack("sdk-wrong", template_file=WRONG)
    assert cloud.get_stack("sdk-wrong") is None


@case
def cloud_get_stack() -> None:
    by_name = cloud.get_stack("sdk")
    by_id = cloud.get_stack(by_name.id)
    assert by_name.id == by_id.id and by_id.name == "sdk"
    assert by_id.status == "CREATE_COMPLETE"
    assert cloud.get_stack("sdk", resolve_outputs=False).name == "sdk"
    assert cloud.get_stack("nobody") is None


@case
def cloud_list_stacks() -> None:
    assert [one.name for one in cloud.list_stacks()] == ["sdk"]
    assert [one.name for one in cloud.list_stacks(name="sdk")] == ["sdk"]
    assert cloud.list_stacks(name="nobody") == []


@case
def cloud_search_stacks() -> None:
    assert [one.name for one in cloud.search_stacks()] == ["sdk"]
    assert [one.name for one in cloud.search_stacks("sdk")] == ["sdk"]
    assert [one.name for one in cloud.search_stacks(filters={"status": "CREATE_COMPLETE"})] == ["sdk"]
    assert cloud.search_stacks(filters={"status": "CREATE_FAILED"}) == []


@case
def cloud_update_stack() -> None:
    changed = cloud.update_stack("sdk", template_file=PLAIN, wait=True, value="second", rollback=False)
    assert changed.status == "UPDATE_COMPLETE", changed.status
    assert {one["output_key"]: one["output_value"] for one in changed.outputs}["said"] == "second"
    with refused(exceptions.NotFoundException, exceptions.SDKException):
        cloud.update_stack("nobody", template_file=PLAIN)


@case
def cloud_delete_stack() -> None:
    assert cloud.delete_stack("sdk", wait=True) is True
    assert cloud.delete_stack("sdk") is False
    assert cloud.get_stack("sdk") is None


@case
def cloud_get_template_contents() -> None:
    files, template = cloud.get_template_contents(template_file=PARENT)
    assert len(files) == 1 and "resources" in template


# ---- the proxy


@case
def proxy_read_env_and_templates_and_create_stack() -> None:
    attributes = proxy.read_env_and_templates(template_file=PARENT, environment_files=[ENVIRONMENT])
    assert attributes["files"]
    with stack(**attributes) as made:
        assert made.status == "CREATE_COMPLETE"
        assert made.description == "A stack in a stack"


@case
def proxy_create_stack_preview() -> None:
    attributes = proxy.read_env_and_templates(template_file=PLAIN)
    seen = proxy.create_stack(preview=True, name="preview", **attributes)
    assert seen.name == "preview" and seen.description == "One thing and what it says"
    assert proxy.find_stack("preview") is None


@case
def proxy_find_stack() -> None:
    with stack() as made:
        assert proxy.find_stack(made.name).id == made.id
        assert proxy.find_stack(made.id, resolve_outputs=False).id == made.id
    assert proxy.find_stack("nobody") is None
    with refused(exceptions.NotFoundException):
        proxy.find_stack("nobody", ignore_missing=False)


@case
def proxy_stacks_and_get_stack() -> None:
    with stack() as made:
        assert made.id in [one.id for one in proxy.stacks()]
        assert [one.id for one in proxy.stacks(name=made.name, sort_keys="name", sort_dir="asc", limit=1)] == [made.id]
        shown = proxy.get_stack(made, resolve_outputs=False)
        assert shown.name == made.name and shown.parameters["value"] == "first"
        assert shown.timeout_mins is None and shown.parent_id is None and shown.links and shown.created_at
    with refused(exceptions.NotFoundException):
        proxy.get_stack("nobody")


@case
def proxy_update_stack() -> None:
    # Not `preview=True`: openstacksdk 4.22 hands it on as another argument, and updates the stack.
    with stack() as made:
        attributes = proxy.read_env_and_templates(template_file=PLAIN)
        proxy.update_stack(made, parameters={"value": "other"}, **attributes)
        changed = proxy.get_stack(made.id)
        proxy.wait_for_status(changed, "UPDATE_COMPLETE", ["UPDATE_FAILED"], interval=0.5, wait=SECONDS)
        assert changed.parameters["value"] == "other"


@case
def proxy_delete_stack() -> None:
    with refused(exceptions.NotFoundException):
        proxy.delete_stack("nobody", ignore_missing=False)
    assert proxy.delete_stack("nobody") is None
    with stack() as made:
        proxy.delete_stack(made, ignore_missing=False)
        proxy.wait_for_delete(made, interval=0.5, wait=SECONDS)


@case
def proxy_actions() -> None:
    with stack() as made:
        for verb, state in (("check", "CHECK"), ("suspend", "SUSPEND"), ("resume", "RESUME")):
            getattr(proxy, f"{verb}_stack")(made)
            proxy.wait_for_status(made, f"{state}_COMPLETE", [f"{state}_FAILED"], interval=0.5, wait=SECONDS)


@case
def proxy_export_and_abandon_stack() -> None:
    with stack() as made:
        exported = proxy.export_stack(made)
        assert exported["name"] == made.name and set(exported["resources"]) == {"thing", "second"}
    made = proxy.create_stack(name="sdk-abandon", **proxy.read_env_and_templates(template_file=PLAIN))
    proxy.wait_for_status(made, "CREATE_COMPLETE", ["CREATE_FAILED"], interval=0.5, wait=SECONDS)
    document = proxy.abandon_stack(made)
    assert document["status"] == "COMPLETE"
    proxy.wait_for_delete(made, interval=0.5, wait=SECONDS)


@case
def proxy_get_stack_template_environment_files() -> None:
    attributes = proxy.read_env_and_templates(template_file=PARENT, environment_files=[ENVIRONMENT])
    with stack(**attributes) as made:
        template = proxy.get_stack_template(made)
        assert set(template.resources) == {"inner", "beside"}
        assert proxy.get_stack_template(made.name).description == "A stack in a stack"
        assert proxy.get_stack_environment(made).parameters == {"value": "of the environment"}
        assert proxy.get_stack_environment(made.name).parameter_defaults == {"text": "by default"}
        assert [name.rpartition("/")[2] for name in proxy.get_stack_files(made)] == ["child.yaml"]
        assert len(proxy.get_stack_files(made.name)) == 1


@case
def proxy_resources() -> None:
    with stack(**proxy.read_env_and_templates(template_file=PARENT)) as made:
        assert {one.name for one in proxy.resources(made)} == {"inner", "beside"}
        assert {one.name for one in proxy.resources(made.name)} == {"inner", "beside"}
        found = next(one for one in proxy.resources(made) if one.name == "beside")
        assert found.status == "CREATE_COMPLETE" and found.resource_type == "OS::Heat::TestResource"
        assert found.physical_resource_id and found.links and found.required_by == []
    with refused(exceptions.NotFoundException):
        list(proxy.resources("nobody"))


@case
def proxy_stack_events() -> None:
    with stack() as made:
        events = list(proxy.stack_events(made))
        assert {one.resource_status for one in events} == {"CREATE_IN_PROGRESS", "CREATE_COMPLETE"}
        of_one = list(proxy.stack_events(made, "thing"))
        assert {one.logical_resource_id for one in of_one} == {"thing"} and len(of_one) == 2
        limited = list(proxy.stack_events(made, "thing", resource_action="CREATE", limit=1))
        assert limited and limited[0].event_time


@case
def proxy_software_configs() -> None:
    made = proxy.create_software_config(name="sdk", group="script", config="echo", inputs=[{"name": "a"}])
    shown = proxy.get_software_config(made.id)
    assert (shown.name, shown.group, shown.config, shown.inputs[0]["name"]) == ("sdk", "script", "echo", "a")
    assert made.id in [one.id for one in proxy.software_configs(limit=100)]
    proxy.delete_software_config(made.id, ignore_missing=False)
    with refused(exceptions.NotFoundException):
        proxy.get_software_config(made.id)
    proxy.delete_software_config(made.id)


@case
def proxy_software_deployments() -> None:
    config = proxy.create_software_config(name="sdk", group="script", config="echo")
    made = proxy.create_software_deployment(
        config_id=config.id, server_id=SERVER, action="CREATE", status="IN_PROGRESS", input_values={"a": "b"}
    )
    shown = proxy.get_software_deployment(made.id)
    assert (shown.server_id, shown.status, shown.input_values) == (SERVER, "IN_PROGRESS", {"a": "b"})
    assert [one.id for one in proxy.software_deployments(server_id=SERVER)] == [made.id]
    changed = proxy.update_software_deployment(made.id, config_id=config.id, status="COMPLETE", status_reason="done")
    assert changed.status == "COMPLETE"
    proxy.delete_software_deployment(made.id, ignore_missing=False)
    proxy.delete_software_deployment(made.id)
    proxy.delete_software_config(config.id)


@case
def proxy_validate_template() -> None:
    files, template = proxy.get_template_contents(template_file=PLAIN)
    assert not files
    told = proxy.validate_template(template, {"parameters": {"value": "x"}})
    assert told.parameters["value"]["Default"] == "first"
    assert told.description == "One thing and what it says"
    with refused(exceptions.BadRequestException):
        proxy.validate_template({"heat_template_version": "1999-01-01"}, {})
    with refused(exceptions.InvalidRequest):
        proxy.validate_template(None, {})


@case
def service_cleanup() -> None:
    made = proxy.create_stack(name="sdk-cleanup", **proxy.read_env_and_templates(template_file=PLAIN))
    proxy.wait_for_status(made, "CREATE_COMPLETE", ["CREATE_FAILED"], interval=0.5, wait=SECONDS)
    proxy._service_cleanup(dry_run=False, resource_evaluation_fn=lambda one, *_: one.name == "sdk-cleanup")
    proxy.wait_for_delete(made, interval=0.5, wait=SECONDS)


def main() -> None:
    for one in cases:
        if sys.argv[1:] and sys.argv[1] not in one.__name__:
            continue
        problem = None
        try:
            one()
        except Exception as error:  # a case may end in any way; the others go on
            place = traceback.extract_tb(error.__traceback__)
            line = next((frame.line for frame in reversed(place) if frame.filename == __file__), "")
            problem = f"{type(error).__name__}: {error} at {line}"
        print(json.dumps({"case": one.__name__.replace("_", " "), "problem": problem}), flush=True)


if __name__ == "__main__":
    main()
