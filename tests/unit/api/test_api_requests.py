"""Whole requests to the API of a running service: who gets in, what is answered, in which form."""

import asyncio
from typing import Any

import pytest

TEMPLATE = {
    "heat_template_version": "2021-04-16",
    "description": "A value and a random text.",
    "parameters": {"length": {"type": "number", "default": 8}},
    "resources": {
        "text": {"type": "OS::Heat::RandomString", "properties": {"length": {"get_param": "length"}}},
        "value": {"type": "OS::Heat::Value", "properties": {"value": {"get_attr": ["text", "value"]}}},
    },
    "outputs": {"text": {"description": "The text", "value": {"get_attr": ["value", "value"]}}},
}


async def created(client: Any, name: str = "web", **body: Any) -> str:
    """Create a stack and wait for its end; its path below the project's URL."""
    status, answer, headers = await client.call("POST", "stacks", {"stack_name": name, "template": TEMPLATE, **body})
    assert status == 201, answer
    path = f"stacks/{name}/{answer['stack']['id']}"
    assert headers["Location"] == f"{client.base}/v1/{client.tenant}/{path}"
    assert answer["stack"]["links"] == [{"rel": "self", "href": headers["Location"]}]
    return path


async def settled(client: Any, path: str) -> dict[str, Any]:
    """The stack once nothing is in progress."""
    async with asyncio.timeout(30):
        while True:
            status, answer, _ = await client.call("GET", path)
            assert status == 200, answer
            if not answer["stack"]["stack_status"].endswith("IN_PROGRESS"):
                return answer["stack"]  # type: ignore[no-any-return]


async def test_a_stack_from_create_to_delete(demo: Any) -> None:
    path = await created(demo)
    stack = await settled(demo, path)
    assert stack["stack_status"] == "CREATE_COMPLETE"
    assert stack["description"] == TEMPLATE["description"]
    assert stack["creation_time"].endswith("Z")
    assert stack["parameters"]["length"] == "8"
    assert len(stack["outputs"][0]["output_value"]) == 8

    _, listed, _ = await demo.call("GET", "stacks?with_count=true")
    assert listed["count"] == 1
    assert listed["stacks"][0]["id"] == stack["id"]
    assert "project" not in listed["stacks"][0]

    _, found, _ = await demo.call("GET", f"{path}/resources")
    assert {one["resource_name"]: one["resource_status"] for one in found["resources"]} == {
        "text": "CREATE_COMPLETE",
        "value": "CREATE_COMPLETE",
    }
    _, found, _ = await demo.call("GET", f"{path}/resources/text")
    assert found["resource"]["required_by"] == ["value"]
    assert [one["rel"] for one in found["resource"]["links"]] == ["self", "stack"]

    _, found, _ = await demo.call("GET", f"{path}/events?resource_name=text&sort_dir=asc")
    assert [one["resource_status"] for one in found["events"]] == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]
    event = found["events"][0]
    status, one, _ = await demo.call("GET", f"{path}/resources/text/events/{event['id']}")
    assert status == 200
    assert one["event"]["resource_type"] == "OS::Heat::RandomString"

    assert (await demo.call("GET", f"{path}/outputs"))[1]["outputs"][0]["output_key"] == "text"
    assert (await demo.call("GET", f"{path}/outputs/text"))[1]["output"]["output_value"]
    assert (await demo.call("GET", f"{path}/template"))[1]["resources"] == TEMPLATE["resources"]
    assert (await demo.call("GET", f"{path}/environment"))[0] == 200
    assert (await demo.call("GET", f"{path}/files"))[1] == {}
    assert (await demo.call("GET", f"{path}/resources/text/metadata"))[1] == {"metadata": {}}

    status, changes, _ = await demo.call("PATCH", f"{path}/preview", {"parameters": {"length": 9}})
    assert status == 200, changes
    assert [one["resource_name"] for one in changes["resource_changes"]["replaced"]] == ["text"]

    status, _, headers = await demo.call("PATCH", path, {"parameters": {"length": 9}})
    assert status == 202
    assert headers["Content-Type"].startswith("text/plain")
    stack = await settled(demo, path)
    assert stack["stack_status"] == "UPDATE_COMPLETE"
    assert len(stack["outputs"][0]["output_value"]) == 9

    status, body, _ = await demo.call("DELETE", path)
    assert (status, body) == (204, "")
    assert (await settled(demo, path))["stack_status"] == "DELETE_COMPLETE"
    assert (await demo.call("DELETE", path))[0] == 404


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_a_name_leads_to_the_stack(demo: Any, method: str) -> None:
    path = await created(demo)
    for text in (
        "web",
        path.rpartition("/")[2],
        f"arn%3Aopenstack%3Aheat%3A%3A{demo.tenant}%3A{path.replace('/', '%2F')}",
    ):
        status, _, headers = await demo.call(method, f"stacks/{text}?resolve_outputs=false")
        assert status == 302
        assert headers["Location"] == f"{demo.base}/v1/{demo.tenant}/{path}?resolve_outputs=false"


async def test_a_name_with_a_part_leads_to_the_part(demo: Any) -> None:
    path = await created(demo)
    for part in ("resources", "events", "template", "actions", "environment", "files"):
        status, _, headers = await demo.call("GET", f"stacks/web/{part}")
        assert status == 302
        assert headers["Location"].endswith(f"{path}/{part}")


@pytest.mark.parametrize("word, methods", [("preview", "GET PUT PATCH DELETE"), ("detail", "POST PUT PATCH DELETE")])
async def test_words_of_paths_are_names_of_stacks(demo: Any, word: str, methods: str) -> None:
    for method in methods.split():
        assert (await demo.call(method, f"stacks/{word}"))[0] == 404
    path = await created(demo, word)
    for method in methods.split():
        status, _, headers = await demo.call(method, f"stacks/{word}")
        assert (status, headers["Location"]) == (302, f"{demo.base}/v1/{demo.tenant}/{path}")


async def test_events_of_a_resource_end_with_an_empty_page(demo: Any) -> None:
    path = await created(demo)
    await settled(demo, path)
    url, seen = f"{path}/resources/text/events?limit=1", []
    while True:
        status, page, _ = await demo.call("GET", url if not seen else f"{url}&marker={seen[-1]}")
        assert status == 200, page
        if not page["events"]:
            break
        seen += [one["id"] for one in page["events"]]
    assert len(seen) == 2


async def test_lists_have_pages(demo: Any) -> None:
    for name in ("a", "b", "c"):
        await created(demo, name)
    _, page, _ = await demo.call("GET", "stacks?limit=2&sort_keys=stack_name")
    assert [one["stack_name"] for one in page["stacks"]] == ["a", "b"]
    (link,) = page["links"]
    assert link["rel"] == "next"
    assert link["href"].startswith(demo.base)
    _, page, _ = await demo.call("GET", link["href"].removeprefix(demo.base))
    assert [one["stack_name"] for one in page["stacks"]] == ["c"]
    assert "links" not in page


async def test_what_is_refused(demo: Any) -> None:
    path = await created(demo)
    cases: list[tuple[str, str, Any, int, str]] = [
        ("POST", "stacks", {"stack_name": "web", "template": TEMPLATE}, 409, "StackExists"),
        ("POST", "stacks", None, 400, "HTTPBadRequest"),
        ("POST", "stacks", {"stack_name": "x"}, 400, "HTTPBadRequest"),
        ("POST", "stacks", {"stack_name": "1x", "template": TEMPLATE}, 400, "StackValidationFailed"),
        ("POST", "stacks", {"stack_name": "x", "template": "a: [1"}, 400, ""),
        ("POST", "stacks", {"stack_name": "x", "template": "x" * 30_000}, 400, "RequestLimitExceeded"),
        ("POST", "stacks", {"stack_name": "x", "template_url": "http://127.0.0.1/t"}, 400, "HTTPBadRequest"),
        ("GET", "stacks/none", None, 404, "EntityNotFound"),
        ("GET", "stacks/none/1234", None, 404, "EntityNotFound"),
        ("GET", "stacks/%C3%BCber", None, 404, "EntityNotFound"),
        ("GET", "stacks/%FF%00", None, 404, "EntityNotFound"),
        ("GET", f"{path}/outputs/none", None, 404, "NotFound"),
        ("GET", f"{path}/resources?colour=red", None, 400, "HTTPBadRequest"),
        ("GET", f"{path}/resources/none", None, 404, "ResourceNotFound"),
        ("GET", "stacks?limit=x", None, 400, "HTTPBadRequest"),
        ("GET", "stacks?global_tenant=true", None, 403, "Forbidden"),
        ("GET", "services", None, 403, "Forbidden"),
        ("GET", "resource_types/No::Such::Type", None, 404, "EntityNotFound"),
        ("GET", "resource_types/OS::Nova::Flavor", None, 403, "Forbidden"),
        ("GET", "template_versions/none/functions", None, 404, "NotFound"),
        ("POST", f"{path}/actions", {"dance": None}, 400, "HTTPBadRequest"),
        ("PUT", path, {}, 400, "HTTPBadRequest"),
        ("PUT", "stacks", {}, 405, "HTTPMethodNotAllowed"),
        ("GET", "/v1/other/stacks", None, 403, "HTTPForbidden"),
    ]
    for method, url, body, status, kind in cases:
        found, answer, _ = await demo.call(method, url, body)
        assert found == status, (method, url, answer)
        assert answer["code"] == status
        assert answer["error"]["type"] == kind or not kind, (method, url, answer)
        assert answer["error"]["message"]
    found, answer, _ = await demo.call("POST", "stacks", data=b'{"stack_name": ')
    assert (found, answer["error"]["type"]) == (400, "HTTPBadRequest")


async def test_every_problem_of_a_template_is_told(demo: Any) -> None:
    text = """\
heat_template_version: 2021-04-16
resources:
  a:
    type: OS::Heat::Value
    propertys: {}
  b:
    type: OS::Heat::Value
    dependson: a
"""
    status, answer, _ = await demo.call("POST", "stacks", {"stack_name": "x", "template": text})
    assert status == 400
    assert {one["line"] for one in answer["error"]["diagnostics"]} >= {5, 8}
    status, answer, _ = await demo.call("POST", "validate", {"template": text})
    assert (status, answer["error"]["type"]) == (400, "HTTPBadRequest")
    assert len(answer["error"]["diagnostics"]) >= 2
    assert (await demo.call("GET", "stacks"))[1]["stacks"] == []


async def test_validate_tells_parameters(demo: Any) -> None:
    status, answer, _ = await demo.call("POST", "validate", {"template": TEMPLATE})
    assert status == 200
    assert answer["Parameters"]["length"]["Type"] == "Number"


@pytest.mark.parametrize(
    "query, found",
    [
        ("status=COMPLETE", True),
        ("status=COMPLETE&action=CREATE", True),
        ("stack_status=CREATE_COMPLETE", True),
        ("status=FAILED", False),
        ("status=CREATE_FAILED", False),
        ("status=COMPLETE&action=UPDATE", False),
    ],
)
async def test_lists_can_be_of_a_state(demo: Any, query: str, found: bool) -> None:
    await settled(demo, await created(demo))
    _, listed, _ = await demo.call("GET", f"stacks?{query}")
    assert [one["stack_name"] for one in listed["stacks"]] == (["web"] if found else [])


async def test_administrators_are_told_of_all_projects(demo: Any, admin: Any, stranger: Any) -> None:
    path = await created(demo)
    await created(stranger, "strange")
    _, listed, _ = await admin.call("GET", "stacks?sort_keys=stack_name")
    assert [(one["stack_name"], one["project"]) for one in listed["stacks"]] == [
        ("strange", stranger.tenant),
        ("web", demo.tenant),
    ]
    _, listed, _ = await admin.call("GET", f"stacks?tenant={demo.tenant}")
    assert [one["stack_name"] for one in listed["stacks"]] == ["web"]
    status, _, headers = await admin.call("GET", f"stacks/{path.rpartition('/')[2]}")
    assert (status, headers["Location"]) == (302, f"{demo.base}/v1/{demo.tenant}/{path}")
    assert (await stranger.call("GET", path))[0] == 404
    _, listed, _ = await stranger.call("GET", f"stacks?tenant={demo.tenant}")
    assert listed["stacks"] == []


async def test_a_template_begins_with_its_version(demo: Any) -> None:
    path = await created(demo)
    _, found, _ = await demo.call("GET", f"{path}/template")
    assert list(found) == ["heat_template_version", "description", "parameters", "resources", "outputs"]


async def test_preview_tells_outputs_without_values(demo: Any) -> None:
    _, answer, _ = await demo.call("POST", "stacks/preview", {"stack_name": "x", "template": TEMPLATE})
    assert answer["stack"]["outputs"] == [{"output_key": "text", "description": "The text", "output_value": None}]


async def test_an_attribute_of_any_type_tells_none(demo: Any) -> None:
    _, found, _ = await demo.call("GET", "resource_types/OS::Heat::TestResource")
    assert "type" not in found["attributes"]["output"]
    assert found["attributes"]["show"]["type"] == "map"


async def test_preview_stores_nothing(demo: Any) -> None:
    status, answer, _ = await demo.call("POST", "stacks/preview", {"stack_name": "x", "template": TEMPLATE})
    assert status == 200, answer
    assert answer["stack"]["id"] == "None"
    assert {one["resource_name"] for one in answer["stack"]["resources"]} == {"text", "value"}
    assert (await demo.call("GET", "stacks"))[1]["stacks"] == []


async def test_tokens_are_needed_and_checked(demo: Any) -> None:
    for token in ("", "wrong"):
        demo.token = token
        status, answer, headers = await demo.call("GET", "stacks")
        assert status == 401
        assert answer["error"]["message"]
        assert headers["WWW-Authenticate"].startswith("Keystone uri=")


async def test_an_administrator_sees_where_things_are(admin: Any, demo: Any) -> None:
    await created(admin)
    _, listed, _ = await admin.call("GET", "stacks")
    assert listed["stacks"][0]["project"] == admin.tenant
    status, answer, _ = await admin.call("GET", "services")
    assert status == 200
    assert all("." in one["created_at"] for one in answer["services"])
    assert (await admin.call("GET", f"/v1/{demo.tenant}/stacks"))[0] == 200


async def test_one_project_does_not_see_the_other(admin: Any, demo: Any) -> None:
    path = await created(admin)
    assert (await demo.call("GET", "stacks"))[1]["stacks"] == []
    assert (await demo.call("GET", path))[0] == 404
    assert (await demo.call("DELETE", path))[0] == 404


async def test_what_needs_no_token(demo: Any) -> None:
    demo.token = ""
    status, answer, headers = await demo.call("GET", "/")
    assert status == 300
    assert answer["versions"][0]["links"] == [{"rel": "self", "href": f"{demo.base}/v1/"}]
    assert headers["x-openstack-request-id"].startswith("req-")
    assert (await demo.call("GET", "/v2/x"))[0] == 300
    for path in ("/v1", "/v1/", "/nothing"):
        status, _, headers = await demo.call("GET", path)
        assert status == 404
        assert headers["Content-Type"].startswith("text/plain")
    assert (await demo.call("GET", "/healthcheck"))[0] == 200
    status, _, headers = await demo.call("OPTIONS", "stacks")
    assert (status, headers["Allow"]) == (204, "GET, POST")


async def test_versions_of_the_address(demo: Any) -> None:
    assert (await demo.call("GET", f"/v1.0/{demo.tenant}/stacks"))[0] == 200
    assert (await demo.call("GET", f"/{demo.tenant}/stacks"))[0] == 404
    accept = "application/vnd.openstack.orchestration-v1.0"
    assert (await demo.call("GET", f"/{demo.tenant}/stacks", Accept=accept))[0] == 200


async def test_what_hearth_knows(demo: Any) -> None:
    _, answer, _ = await demo.call("GET", "resource_types")
    assert "OS::Heat::RandomString" in answer["resource_types"]
    assert "OS::Nova::Flavor" not in answer["resource_types"]
    _, answer, _ = await demo.call("GET", "resource_types?with_description=true&name=OS::Heat::R")
    assert "OS::Heat::RandomString" in {one["resource_type"] for one in answer["resource_types"]}
    _, answer, _ = await demo.call("GET", "resource_types/OS::Heat::RandomString")
    assert answer["properties"]["length"]["type"] == "integer"
    status, answer, _ = await demo.call("GET", "resource_types/OS::Heat::RandomString/template?template_type=hot")
    assert status == 200
    assert "length" in answer["parameters"]
    _, answer, _ = await demo.call("GET", "template_versions")
    assert "heat_template_version.2021-04-16" in {one["version"] for one in answer["template_versions"]}
    _, answer, _ = await demo.call("GET", "template_versions/heat_template_version.2021-04-16/functions")
    assert "get_param" in {one["functions"] for one in answer["template_functions"]}
    _, answer, _ = await demo.call("GET", "build_info")
    assert set(answer) == {"api", "engine"}


REMOTE: dict[str, Any] = {"heat_template_version": "2018-08-31"}


@pytest.mark.parametrize(
    ("context", "text", "says"),
    [
        (
            {"region_name": "DARKHOLE"},
            "heat_template_version: 2018-08-31",
            'Cannot establish connection to Heat endpoint at region "DARKHOLE" due to '
            '"publicURL endpoint for orchestration service in DARKHOLE region not found"',
        ),
        (
            {"region_name": "RegionOne"},
            "heat_template_version: 2018-08-31\nresource: {}",
            'Failed validating stack template using Heat endpoint at region "RegionOne" due to '
            '"ERROR: The template section is invalid: resource"',
        ),
    ],
)
async def test_a_remote_stack_is_checked_where_it_will_be(demo: Any, context: Any, text: str, says: str) -> None:
    remote = {"type": "OS::Heat::Stack", "properties": {"template": text, "context": context}}
    body = {"stack_name": "x", "template": {**REMOTE, "resources": {"remote": remote}}}
    status, answer, _ = await demo.call("POST", "stacks", body)
    assert (status, answer["error"]["message"]) == (400, says)
    assert (await demo.call("GET", "stacks"))[1]["stacks"] == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"heat_template_version": "1999-01-01"}, "The template version is invalid"),
        ({"resource": {}}, "The template section is invalid: resource"),
        (
            {"resources": {"a": {"type": "OS::Heat::RandomString", "properties": {"length": {"get_param": "no"}}}}},
            "Property error: : resources.a.properties.length: : The Parameter (no) was not provided.",
        ),
    ],
)
async def test_clients_find_the_sentences_they_look_for(demo: Any, change: Any, says: str) -> None:
    body = {"stack_name": "x", "template": {**REMOTE, **change}}
    status, answer, _ = await demo.call("POST", "stacks/preview", body)
    assert status == 400
    assert says in answer["error"]["message"]
