"""Deployments of stacks that wait for a server's answer, by every way it can come."""

import asyncio
import base64
import email
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

TEMPLATE: dict[str, Any] = {
    "heat_template_version": "2018-08-31",
    "resources": {
        "config": {
            "type": "OS::Heat::SoftwareConfig",
            "properties": {
                "group": "script",
                "config": "echo",
                "outputs": [{"name": "result"}, {"name": "trouble", "error_output": True}],
            },
        },
    },
    "outputs": {
        "result": {"value": {"get_attr": ["deployment", "result"]}},
        "stdout": {"value": {"get_attr": ["deployment", "deploy_stdout"]}},
    },
}


def template(transport: str, **properties: Any) -> dict[str, Any]:
    given = {"config": {"get_resource": "config"}, "server": "server", "signal_transport": transport, **properties}
    deployment = {"type": "OS::Heat::SoftwareDeployment", "properties": given}
    return {**TEMPLATE, "resources": {**TEMPLATE["resources"], "deployment": deployment}}


async def when(check: Callable[[], Awaitable[Any]]) -> None:
    """Ask until the answer is yes."""
    async with asyncio.timeout(20):
        while not await check():  # noqa: ASYNC110 - the state is in another service
            await asyncio.sleep(0.02)


async def begun(demo: Any, transport: str, **properties: Any) -> str:
    """A stack whose deployment waits for the server; its path."""
    body = {"stack_name": "web", "template": template(transport, **properties)}
    status, answer, _ = await demo.call("POST", "stacks", body)
    assert status == 201, answer
    path = f"stacks/web/{answer['stack']['id']}"
    await when(lambda: inputs(demo))
    return path


async def inputs(demo: Any) -> dict[str, Any]:
    """What the server is told."""
    _, body, _ = await demo.call("GET", "software_deployments/metadata/server")
    return {one["name"]: one["value"] for found in body["metadata"] for one in found["inputs"]}


async def deployment(demo: Any) -> dict[str, Any]:
    _, body, _ = await demo.call("GET", "software_deployments")
    (found,) = body["software_deployments"]
    return dict(found)


async def until(demo: Any, path: str, *wanted: str) -> dict[str, Any]:
    async with asyncio.timeout(20):
        while True:
            _, body, _ = await demo.call("GET", path)
            if body["stack"]["stack_status"] in wanted:
                return dict(body["stack"])
            assert body["stack"]["stack_status"].endswith("IN_PROGRESS"), body["stack"]
            await asyncio.sleep(0.02)


async def signal(demo: Any, path: str, body: Any) -> None:
    assert (await demo.call("POST", f"{path}/resources/deployment/signal", body))[0] == 200


def outputs(stack: dict[str, Any]) -> dict[str, Any]:
    return {one["output_key"]: one["output_value"] for one in stack["outputs"]}


GOOD = {"deploy_stdout": "hello", "deploy_status_code": 0, "result": "42", "unknown": 1}


async def test_a_server_signals_as_the_user_it_was_given(demo: Any, hearth: str) -> None:
    path = await begun(demo, "HEAT_SIGNAL")
    told = await inputs(demo)
    identity = {
        "methods": ["password"],
        "password": {"user": {"id": told["deploy_user_id"], "password": told["deploy_password"]}},
    }
    scope = {"project": {"id": told["deploy_project_id"]}}
    body = {"auth": {"identity": identity, "scope": scope}}
    async with demo.http.post(f"{told['deploy_auth_url'].rstrip('/')}/auth/tokens", json=body) as answer:
        token = answer.headers["X-Subject-Token"]
    project = told["deploy_project_id"]
    resource = f"/v1/{project}/stacks/{told['deploy_stack_id']}/resources/{told['deploy_resource_name']}"
    # In the server the same user reads what there is to do.
    metadata = f"/v1/{project}/software_deployments/metadata/{told['deploy_server_id']}"
    _, found, _ = await demo.call("GET", metadata, X_Auth_Token=token)
    assert [one["config"] for one in found["metadata"]] == ["echo"]
    assert (await demo.call("GET", f"/v1/{project}/software_deployments", X_Auth_Token=token))[0] == 403
    status, answer_body, _ = await demo.call("POST", f"{resource}/signal", GOOD, X_Auth_Token=token)
    assert status == 200, answer_body
    stack = await until(demo, path, "CREATE_COMPLETE")
    assert outputs(stack) == {"result": "42", "stdout": "hello"}
    made = await deployment(demo)
    assert (made["status"], made["output_values"]) == (
        "COMPLETE",
        {"result": "42", "deploy_stdout": "hello", "deploy_stderr": None, "deploy_status_code": 0},
    )
    _, body, _ = await demo.call("GET", f"{path}/resources/deployment/events?resource_action=SIGNAL")
    reasons = [one["resource_status_reason"] for one in body["events"]]
    assert reasons == [f"Signal: deployment {made['id']} succeeded"]


async def test_a_server_signals_by_putting_to_a_url(demo: Any) -> None:
    path = await begun(demo, "TEMP_URL_SIGNAL")
    told = await inputs(demo)
    assert told["deploy_signal_verb"] == "PUT"
    async with demo.http.put(told["deploy_signal_id"], json=GOOD) as answer:
        assert answer.status == 201
    assert outputs(await until(demo, path, "CREATE_COMPLETE"))["result"] == "42"
    # The next run does not take what was put before for its answer.
    body = {"template": template("TEMP_URL_SIGNAL", input_values={"a": 1})}
    assert (await demo.call("PUT", path, body))[0] == 202

    async def told_anew() -> bool:
        return bool((await inputs(demo))["deploy_action"] == "UPDATE")

    await when(told_anew)
    assert (await deployment(demo))["status"] == "IN_PROGRESS"
    async with demo.http.put(told["deploy_signal_id"], json={**GOOD, "result": "43"}) as answer:
        assert answer.status == 201
    assert outputs(await until(demo, path, "UPDATE_COMPLETE"))["result"] == "43"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"deploy_status_code": 3}, "deploy_status_code : the tool ended with the exit status 3"),
        ({"deploy_status_code": "1"}, "deploy_status_code : the tool ended with the exit status 1"),
        ({"deploy_status_code": 0, "trouble": "no space"}, "trouble : no space"),
    ],
)
async def test_a_bad_answer_fails_the_stack(demo: Any, body: Any, reason: str) -> None:
    path = await begun(demo, "HEAT_SIGNAL")
    await signal(demo, path, body)
    stack = await until(demo, path, "CREATE_FAILED")
    assert stack["stack_status_reason"] == (
        f"Resource CREATE failed: Error: resources.deployment: Deployment to server failed: {reason}"
    )
    made = await deployment(demo)
    assert (made["status"], made["status_reason"]) == ("FAILED", reason)


@pytest.mark.parametrize("body", [None, {}, {"deploy_status_code": 0}, {"trouble": ""}])
async def test_any_other_answer_is_good(demo: Any, body: Any) -> None:
    path = await begun(demo, "HEAT_SIGNAL")
    await signal(demo, path, body)
    await until(demo, path, "CREATE_COMPLETE")


async def test_only_the_first_answer_counts(demo: Any) -> None:
    path = await begun(demo, "HEAT_SIGNAL")
    await asyncio.gather(*(signal(demo, path, {"result": str(number)}) for number in range(5)))
    await until(demo, path, "CREATE_COMPLETE")
    first = (await deployment(demo))["output_values"]["result"]
    await signal(demo, path, {"deploy_status_code": 1, "result": "late"})
    made = await deployment(demo)
    assert (made["status"], made["output_values"]["result"]) == ("COMPLETE", first)


@pytest.mark.parametrize(("status", "wanted"), [("COMPLETE", "CREATE_COMPLETE"), ("FAILED", "CREATE_FAILED")])
async def test_a_user_can_end_the_waiting_by_hand(demo: Any, status: str, wanted: str) -> None:
    path = await begun(demo, "HEAT_SIGNAL")
    made = await deployment(demo)
    # A status that is none of ours goes on waiting.
    await demo.call("PUT", f"software_deployments/{made['id']}", {"status": "THINKING"})
    assert (await demo.call("GET", path))[1]["stack"]["stack_status"] == "CREATE_IN_PROGRESS"
    await demo.call("PUT", f"software_deployments/{made['id']}", {"status": status, "status_reason": "by hand"})
    await until(demo, path, wanted)


async def test_what_is_stopped_is_not_waited_for_any_more(demo: Any) -> None:
    path = await begun(demo, "HEAT_SIGNAL")
    assert (await demo.call("POST", f"{path}/actions", {"cancel_without_rollback": None}))[0] == 200
    await until(demo, path, "CREATE_FAILED")
    made = await deployment(demo)
    assert (made["status"], made["status_reason"]) == ("FAILED", "Given up: user triggered cancel")


async def test_a_stack_can_be_deleted_while_it_waits(demo: Any, admin: Any, hearth: str) -> None:
    path = await begun(demo, "HEAT_SIGNAL", actions=["CREATE", "DELETE"])
    user = (await inputs(demo))["deploy_user_id"]
    headers = {"X-Auth-Token": admin.token}
    async with admin.http.get(f"{hearth}/identity/v3/users/{user}", headers=headers) as answer:
        assert answer.status == 200
    assert (await demo.call("DELETE", path))[0] == 204
    # There is no such server, so nobody is waited for.
    await until(demo, path, "DELETE_COMPLETE")
    assert (await demo.call("GET", "software_deployments"))[1] == {"software_deployments": []}
    assert (await demo.call("GET", "software_configs"))[1] == {"software_configs": []}
    async with admin.http.get(f"{hearth}/identity/v3/users/{user}", headers=headers) as answer:
        assert answer.status == 404


async def test_an_agent_in_a_server_learns_what_to_do(demo: Any, admin: Any, hearth: str) -> None:
    """From the server's metadata; and what cloud-init gets may be a config, too."""
    server = {
        "image": "cirros-0.3.5",
        "flavor": "m1.tiny",
        "networks": [{"network": "private"}],
        "user_data_format": "SOFTWARE_CONFIG",
        "user_data": {"get_resource": "config"},
    }
    given = template("NO_SIGNAL", server={"get_resource": "server"})
    given["resources"]["server"] = {"type": "OS::Nova::Server", "properties": server}
    status, answer, _ = await demo.call("POST", "stacks", {"stack_name": "web", "template": given})
    assert status == 201, answer
    path = f"stacks/web/{answer['stack']['id']}"
    stack = await until(demo, path, "CREATE_COMPLETE")
    assert stack["stack_status"] == "CREATE_COMPLETE"
    _, body, _ = await demo.call("GET", f"{path}/resources/server/metadata")
    settings = body["metadata"]["os-collect-config"]
    (told,) = body["metadata"]["deployments"]
    assert (told["config"], told["group"]) == ("echo", "script")
    assert {one["name"]: one["value"] for one in told["inputs"]}["deploy_action"] == "CREATE"
    _, body, _ = await demo.call("GET", f"{path}/resources/server")
    headers = {"X-Auth-Token": admin.token, "X-OpenStack-Nova-API-Version": "2.3"}
    address = f"{hearth}/compute/v2.1/servers/{body['resource']['physical_resource_id']}"
    async with demo.http.get(address, headers=headers) as found:
        shown = (await found.json())["server"]
    whole = email.message_from_bytes(base64.b64decode(shown["OS-EXT-SRV-ATTR:user_data"]))
    parts = [one.get_payload(decode=True) for one in whole.walk() if not one.is_multipart()]
    assert b"echo" in parts
    # The agent's own credentials are those that the metadata show.
    assert json.loads(bytes(parts[-1]))["os-collect-config"] == settings  # type: ignore[arg-type]  # one part's bytes
