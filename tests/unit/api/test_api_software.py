"""Software configs and deployments over HTTP."""

from typing import Any

import pytest

CONFIGS, DEPLOYMENTS = "software_configs", "software_deployments"
MOST = 5


async def config(client: Any, **fields: Any) -> dict[str, Any]:
    status, body, _ = await client.call("POST", CONFIGS, fields)
    assert status == 200, body
    made: dict[str, Any] = body["software_config"]
    return made


async def deployment(client: Any, config_id: str, **fields: Any) -> dict[str, Any]:
    given = {"server_id": "server", **fields, "config_id": config_id}
    status, body, _ = await client.call("POST", DEPLOYMENTS, given)
    assert status == 200, body
    made: dict[str, Any] = body["software_deployment"]
    return made


async def test_a_config_from_its_beginning_to_its_end(demo: Any) -> None:
    given = {
        "name": "install",
        "group": "script",
        "config": "#!/bin/sh\necho $who\n",
        "inputs": [{"name": "who"}],
        "outputs": [{"name": "result", "type": "Number"}],
        "options": {"shell": "sh"},
    }
    made = await config(demo, **given)
    assert made.pop("creation_time").endswith("Z")
    assert made == given | {
        "id": made["id"],
        "inputs": [{"name": "who", "type": "String"}],
        "outputs": [{"name": "result", "type": "Number", "error_output": False}],
    }
    _, shown, _ = await demo.call("GET", f"{CONFIGS}/{made['id']}")
    shown["software_config"].pop("creation_time")
    assert shown["software_config"] == made
    status, body, _ = await demo.call("DELETE", f"{CONFIGS}/{made['id']}")
    assert (status, body) == (204, "")
    for method in ("GET", "DELETE"):
        status, body, _ = await demo.call(method, f"{CONFIGS}/{made['id']}")
        assert (status, body["error"]["type"]) == (404, "NotFound")
        assert made["id"] in body["error"]["message"]


async def test_a_config_needs_nothing(demo: Any) -> None:
    made = await config(demo)
    kept = {name: made[name] for name in ("name", "group", "config", "inputs", "outputs", "options")}
    assert kept == {"name": None, "group": None, "config": None, "inputs": [], "outputs": [], "options": {}}
    assert (await config(demo, config={"a": [1]}))["config"] == {"a": [1]}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"type": "Number", "default": "6"}, {"type": "Number", "default": 6}),
        ({"type": "Number", "default": "1.5"}, {"type": "Number", "default": 1.5}),
        ({"type": "Boolean", "default": "true"}, {"type": "Boolean", "default": True}),
        ({"type": "CommaDelimitedList", "default": "a,b"}, {"type": "CommaDelimitedList", "default": ["a", "b"]}),
        ({"type": "Json", "default": '{"a": 1}'}, {"type": "Json", "default": '{"a": 1}'}),
        ({"type": "Number", "value": "six"}, {"type": "Number", "value": "six"}),
        ({"replace_on_change": True}, {"type": "String", "replace_on_change": True}),
        ({"replace_on_change": False, "description": "d"}, {"type": "String", "description": "d"}),
    ],
)
async def test_inputs_are_kept_in_one_form(demo: Any, given: dict[str, Any], kept: dict[str, Any]) -> None:
    assert (await config(demo, inputs=[{"name": "it", **given}]))["inputs"] == [{"name": "it", **kept}]


@pytest.mark.parametrize(
    ("body", "kind", "told"),
    [
        ({"inputs": "x"}, "HTTPBadRequest", "inputs: text was given"),
        ({"inputs": [1]}, "HTTPBadRequest", "inputs[0]: a number was given"),
        ({"inputs": [{"name": "a"}, {}]}, "ValueError", "inputs[1]: "),
        ({"inputs": [{"name": "a", "type": "Text"}]}, "ValueError", "inputs[0].type: "),
        ({"inputs": [{"name": "a", "typ": "String"}]}, "ValueError", "inputs[0].typ: "),
        ({"inputs": [{"name": "a", "type": "Number", "default": "x"}]}, "ValueError", "inputs[0].default: "),
        ({"inputs": [{"name": "a", "replace_on_change": 5}]}, "ValueError", "inputs[0].replace_on_change: "),
        ({"outputs": {"a": 1}}, "HTTPBadRequest", "outputs: an object was given"),
        ({"outputs": [{"name": "a", "error_output": "maybe"}]}, "ValueError", "outputs[0].error_output: "),
        ({"outputs": [{"name": "a", "default": 1}]}, "ValueError", "outputs[0].default: "),
        ({"config": 5}, "HTTPBadRequest", "config: a number was given"),
        ({"options": []}, "HTTPBadRequest", "options: a list was given"),
        ({"name": "x" * 256}, "HTTPBadRequest", "256 characters"),
        ({"group": ["x"]}, "HTTPBadRequest", "group: a list was given"),
        (None, "HTTPBadRequest", "body"),
    ],
)
async def test_a_wrong_config_is_refused_where_it_is_wrong(demo: Any, body: Any, kind: str, told: str) -> None:
    status, answer, _ = await demo.call("POST", CONFIGS, body)
    assert (status, answer["error"]["type"]) == (400, kind)
    assert told in answer["error"]["message"]
    assert (await demo.call("GET", CONFIGS))[1] == {"software_configs": []}


async def test_all_that_is_wrong_is_told_at_once(demo: Any) -> None:
    _, answer, _ = await demo.call("POST", CONFIGS, {"inputs": [{}], "outputs": [{"name": "a", "type": "x"}]})
    assert "inputs[0]" in answer["error"]["message"]
    assert "outputs[0].type" in answer["error"]["message"]


async def test_configs_are_listed_page_by_page(demo: Any, admin: Any) -> None:
    made = [(await config(demo, name=str(number), group="g"))["id"] for number in range(3)]
    _, body, _ = await demo.call("GET", CONFIGS)
    assert [one["id"] for one in body["software_configs"]] == made[::-1]
    assert set(body["software_configs"][0]) == {"id", "name", "group", "creation_time"}
    _, body, _ = await demo.call("GET", f"{CONFIGS}?limit=1&marker={made[2]}")
    assert [one["id"] for one in body["software_configs"]] == [made[1]]
    _, body, _ = await admin.call("GET", CONFIGS)
    assert {one["project"] for one in body["software_configs"]} == {demo.tenant}
    for query, status in (("limit=-1", 400), ("limit=x", 400), ("global_tenant=x", 400), ("global_tenant=true", 403)):
        assert (await demo.call("GET", f"{CONFIGS}?{query}"))[0] == status, query


async def test_a_deployment_from_its_beginning_to_its_end(demo: Any) -> None:
    used = await config(demo, name="b", group="script")
    other = await config(demo, name="a")
    made = await deployment(demo, used["id"], action="CREATE", input_values={"a": 1})
    assert made.pop("creation_time").endswith("Z")
    assert made == {
        "id": made["id"],
        "config_id": used["id"],
        "server_id": "server",
        "action": "CREATE",
        "status": None,
        "status_reason": None,
        "input_values": {"a": 1},
        "output_values": None,
    }
    path = f"{DEPLOYMENTS}/{made['id']}"
    given = {"status": "COMPLETE", "status_reason": "done", "output_values": {"x": 1}, "action": None}
    status, body, _ = await demo.call("PUT", path, given)
    changed = body["software_deployment"]
    assert (status, changed["action"], changed["status"], changed["output_values"]) == (
        200,
        "CREATE",
        "COMPLETE",
        {"x": 1},
    )
    assert changed["updated_time"].endswith("Z")
    _, body, _ = await demo.call("GET", path)
    assert body["software_deployment"] == changed
    _, body, _ = await demo.call("PUT", path, {"config_id": other["id"]})
    assert body["software_deployment"]["config_id"] == other["id"]
    assert (await demo.call("DELETE", path))[0] == 204
    for method, sent in (("GET", None), ("PUT", {}), ("DELETE", None)):
        status, body, _ = await demo.call(method, path, sent)
        assert (status, body["error"]["type"]) == (404, "NotFound")


async def test_a_server_learns_what_to_do_in_the_order_of_names(demo: Any) -> None:
    made = {name: (await config(demo, name=name))["id"] for name in ("b", "c", "a")}
    for name in ("c", "a", "b"):
        await deployment(demo, made[name], server_id="elsewhere" if name == "b" else "here")
    _, body, _ = await demo.call("GET", f"{DEPLOYMENTS}/metadata/here")
    assert [one["id"] for one in body["metadata"]] == [made["a"], made["c"]]
    assert set(body["metadata"][0]) == {
        "id",
        "name",
        "group",
        "config",
        "inputs",
        "outputs",
        "options",
        "creation_time",
    }
    assert (await demo.call("GET", f"{DEPLOYMENTS}/metadata/nowhere"))[1] == {"metadata": []}
    _, body, _ = await demo.call("GET", f"{DEPLOYMENTS}?server_id=here")
    assert [one["config_id"] for one in body["software_deployments"]] == [made["c"], made["a"]]
    assert len((await demo.call("GET", DEPLOYMENTS))[1]["software_deployments"]) == 3


@pytest.mark.parametrize(
    ("change", "status", "kind"),
    [
        ({"config_id": None}, 400, "HTTPBadRequest"),
        ({"server_id": None}, 400, "HTTPBadRequest"),
        ({"config_id": "unknown"}, 404, "NotFound"),
        ({"server_id": 5}, 400, "HTTPBadRequest"),
        ({"input_values": "text"}, 400, "HTTPBadRequest"),
        ({"status": "x" * 256}, 400, "HTTPBadRequest"),
        ({"stack_user_project_id": "x" * 65}, 400, "HTTPBadRequest"),
    ],
)
async def test_a_wrong_deployment_is_refused(demo: Any, change: dict[str, Any], status: int, kind: str) -> None:
    used = await config(demo)
    answered, body, _ = await demo.call("POST", DEPLOYMENTS, {"config_id": used["id"], "server_id": "s"} | change)
    assert (answered, body["error"]["type"]) == (status, kind)
    assert (await demo.call("GET", DEPLOYMENTS))[1] == {"software_deployments": []}


async def test_a_config_in_use_stays(demo: Any) -> None:
    used = await config(demo)
    made = await deployment(demo, used["id"])
    status, body, _ = await demo.call("DELETE", f"{CONFIGS}/{used['id']}")
    assert (status, body["error"]["type"]) == (409, "InvalidRestrictedAction")
    await demo.call("DELETE", f"{DEPLOYMENTS}/{made['id']}")
    assert (await demo.call("DELETE", f"{CONFIGS}/{used['id']}"))[0] == 204


async def test_what_is_of_another_project_is_not_there(demo: Any, stranger: Any, admin: Any) -> None:
    used = await config(demo)
    made = await deployment(demo, used["id"])
    for method, path, sent in (
        ("GET", f"{CONFIGS}/{used['id']}", None),
        ("DELETE", f"{CONFIGS}/{used['id']}", None),
        ("POST", DEPLOYMENTS, {"config_id": used["id"], "server_id": "s"}),
        ("GET", f"{DEPLOYMENTS}/{made['id']}", None),
        ("PUT", f"{DEPLOYMENTS}/{made['id']}", {"status": "COMPLETE"}),
        ("DELETE", f"{DEPLOYMENTS}/{made['id']}", None),
    ):
        status, body, _ = await stranger.call(method, path, sent)
        assert (status, body["error"]["type"]) == (404, "NotFound"), (method, path)
    for path in (CONFIGS, DEPLOYMENTS, f"{DEPLOYMENTS}/metadata/server"):
        _, body, _ = await stranger.call("GET", path)
        assert list(body.values()) == [[]], path
    assert (await admin.call("GET", f"{CONFIGS}/{used['id']}"))[0] == 200
    # An administrator sees it, but a deployment uses configs of its own project.
    assert (await admin.call("POST", DEPLOYMENTS, {"config_id": used["id"], "server_id": "s"}))[0] == 404


async def test_nothing_is_deployed_to_another_project(demo: Any, stranger: Any) -> None:
    used = await config(demo, name="n")
    sent = {"config_id": used["id"], "server_id": "server", "stack_user_project_id": stranger.tenant}
    status, body, _ = await demo.call("POST", DEPLOYMENTS, sent)
    assert (status, body["error"]["type"]) == (404, "NotFound")
    assert (await stranger.call("GET", f"{DEPLOYMENTS}/metadata/server"))[1] == {"metadata": []}


async def test_a_project_has_no_more_than_the_operator_allows(demo: Any) -> None:
    made = [await config(demo) for _ in range(MOST)]
    status, body, _ = await demo.call("POST", CONFIGS, {})
    assert (status, body["error"]["type"]) == (400, "RequestLimitExceeded")
    for _ in range(MOST):
        await deployment(demo, made[0]["id"])
    given = {"config_id": made[0]["id"], "server_id": "s"}
    status, body, _ = await demo.call("POST", DEPLOYMENTS, given)
    assert (status, body["error"]["type"]) == (400, "RequestLimitExceeded")


async def answered(demo: Any, hearth: str, content: bytes) -> tuple[Any, str]:
    """A deployment whose server answers by an object of the user's, and that object's address."""
    container = f"{hearth}/object-store/v1/AUTH_{demo.tenant}/answers"
    headers = {"X-Auth-Token": demo.token}
    async with demo.http.put(container, headers=headers) as answer:
        assert answer.status == 201
    async with demo.http.put(f"{container}/one", headers=headers, data=content) as answer:
        assert answer.status == 201
    inputs = [
        {"name": "deploy_signal_transport", "value": "TEMP_URL_SIGNAL"},
        {"name": "deploy_signal_id", "value": f"{container}/one?temp_url_sig=x&temp_url_expires=1"},
    ]
    used = await config(demo, inputs=inputs, outputs=[{"name": "result"}, {"name": "bad", "error_output": True}])
    return await deployment(demo, used["id"], status="IN_PROGRESS"), f"{container}/one"


@pytest.mark.parametrize(
    ("content", "status", "reason"),
    [
        (b"", "IN_PROGRESS", None),
        (b'{"result": 1, "deploy_status_code": 0}', "COMPLETE", "Outputs received"),
        (b'{"result": 1, "bad": "full"}', "FAILED", "bad : full"),
        (b"nonsense", "FAILED", "What the server answered is no JSON map"),
    ],
)
async def test_whoever_looks_finds_what_the_server_put(
    demo: Any, hearth: str, content: bytes, status: str, reason: str | None
) -> None:
    made, _ = await answered(demo, hearth, content)
    for _ in range(2):
        _, body, _ = await demo.call("GET", f"{DEPLOYMENTS}/{made['id']}")
        found = body["software_deployment"]
        assert (found["status"], found["status_reason"]) == (status, reason)
    if status == "COMPLETE":
        assert found["output_values"]["result"] == 1


async def test_a_place_that_is_not_there_says_nothing(demo: Any, hearth: str) -> None:
    made, address = await answered(demo, hearth, b"{}")
    async with demo.http.delete(address, headers={"X-Auth-Token": demo.token}) as answer:
        assert answer.status == 204
    _, body, _ = await demo.call("GET", f"{DEPLOYMENTS}/{made['id']}")
    assert body["software_deployment"]["status"] == "IN_PROGRESS"
