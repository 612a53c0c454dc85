"""Answers: links, times, the form of errors, and which row of the table a path leads to."""

import json
import logging
from typing import Any

import pytest

from hearth.api import links, problems, routes, views
from hearth.cloud import errors as cloud_errors
from hearth.model import diagnostics, errors, names
from hearth.telemetry import trail

IDENTITY = names.StackIdentity("p", "web", "1234")
NESTED = names.StackIdentity("p", "web-child", "5678")
TO = links.Links("http://h/orchestration")
URL = "http://h/orchestration/v1/p/stacks/web/1234"


def test_times_are_utc_to_the_second() -> None:
    assert views.time_text(0.9) == "1970-01-01T00:00:00Z"
    assert views.time_text(None) is None


def test_a_stack_has_links_and_times() -> None:
    found = {"identity": IDENTITY, "id": "1234", "creation_time": 0.0, "updated_time": None, "parameters": {"a": 1}}
    assert views.stack(found, TO) == {
        "id": "1234",
        "links": [{"rel": "self", "href": URL}],
        "creation_time": "1970-01-01T00:00:00Z",
        "updated_time": None,
        "parameters": {"a": 1},
    }


def test_a_listed_stack_tells_its_project_to_administrators_only() -> None:
    found = {"identity": IDENTITY, "project": "p", "stack_name": "web", "description": "long", "stack_status": "X"}
    shown = views.listed_stack(found, TO, with_project=False)
    assert "project" not in shown
    assert shown["description"] == ""
    assert views.listed_stack(found, TO, with_project=True)["project"] == "p"


def test_a_resource_links_to_itself_its_stack_and_its_nested_stack() -> None:
    found = {
        "identity": IDENTITY,
        "nested_identity": NESTED,
        "resource_name": "a/b",
        "creation_time": 0.0,
        "updated_time": None,
    }
    shown = views.resource(found, TO)
    assert {one["rel"]: one["href"] for one in shown["links"]} == {
        "self": f"{URL}/resources/a%2Fb",
        "stack": URL,
        "nested": "http://h/orchestration/v1/p/stacks/web-child/5678",
    }
    assert shown["updated_time"] == shown["creation_time"]
    assert "identity" not in shown
    assert "nested_identity" not in shown


def test_events_of_nested_stacks_link_to_the_root() -> None:
    found = {"identity": NESTED, "id": "e", "resource_name": "r", "event_time": 1.0}
    shown = views.event(found, TO, IDENTITY)
    assert shown["event_time"] == "1970-01-01T00:00:01Z"
    assert [one["rel"] for one in shown["links"]] == ["self", "resource", "stack", "root_stack"]
    assert shown["links"][-1]["href"] == URL
    assert [one["rel"] for one in views.event(found, TO)["links"]] == ["self", "resource", "stack"]


def test_raw_results_are_converted_at_every_depth() -> None:
    found = {"added": [{"creation_time": 0, "resource_identity": IDENTITY}], "other": ({"event_time": None},)}
    assert views.raw(found) == {
        "added": [
            {
                "creation_time": "1970-01-01T00:00:00Z",
                "resource_identity": {"tenant": "p", "stack_name": "web", "stack_id": "1234", "path": ""},
            }
        ],
        "other": [{"event_time": None}],
    }


def test_times_of_engines_have_microseconds() -> None:
    assert views.service({"created_at": 0.5, "deleted_at": None}) == {
        "created_at": "1970-01-01T00:00:00.500000",
        "deleted_at": None,
    }


SCOPES: list[tuple[dict[str, str], str]] = [
    ({"host": "h:8004"}, "http://h:8004/orchestration"),
    ({}, "http://server:80/orchestration"),
    ({"host": "h", "x-forwarded-proto": "https", "x-forwarded-host": "out"}, "http://h/orchestration"),
]


@pytest.mark.parametrize(("headers", "expected"), SCOPES)
def test_links_begin_with_the_address_of_the_request(headers: dict[str, str], expected: str) -> None:
    scope = {
        "type": "http",
        "scheme": "http",
        "server": ("server", 80),
        "root_path": "/orchestration",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    assert links.base_url(scope) == expected


def body_of(error: BaseException) -> tuple[int, dict[str, Any]]:
    answer = problems.response(error)
    return answer.status_code, json.loads(bytes(answer.body))


def test_errors_have_the_form_clients_know() -> None:
    status, body = body_of(errors.StackExists("web"))
    assert status == 409
    assert body["code"] == 409
    assert body["title"] == "Conflict"
    assert body["explanation"]
    assert body["error"]["type"] == "StackExists"
    assert "web" in body["error"]["message"]
    assert body["error"]["traceback"] is None


def test_every_problem_of_a_template_is_told() -> None:
    places = [diagnostics.Place("t.yaml", line, 1, ("resources", name)) for line, name in ((3, "a"), (2, "b"))]
    found = [diagnostics.Diagnostic(f"wrong {place.line}", place, label="Property error") for place in places]
    status, body = body_of(errors.Invalid(found))
    assert status == 400
    assert body["error"]["type"] == "StackValidationFailed"
    assert body["error"]["message"] == "Property error: : resources.b: : wrong 2"
    assert [(one["line"], one["path"]) for one in body["error"]["diagnostics"]] == [
        (2, "resources.b"),
        (3, "resources.a"),
    ]


def test_the_unexpected_is_logged_and_not_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR), trail.following(trail.Trail("req-1", "req-1")):
        status, body = body_of(RuntimeError("password is secret"))
    assert status == 500
    assert "secret" not in json.dumps(body)
    assert "req-1" in body["error"]["message"]
    assert "password is secret" in caplog.text


CLOUD = [
    (cloud_errors.Unauthorized(401, "identity", "no"), 401),
    (cloud_errors.Forbidden(403, "network", "no"), 403),
    (cloud_errors.NotFound(404, "image", "no"), 404),
    (cloud_errors.Conflict(409, "network", "no"), 400),
    (cloud_errors.TooMany(429, "compute", "no"), 503),
    (cloud_errors.Unavailable(0, "compute", "no"), 503),
]


@pytest.mark.parametrize(("error", "status"), CLOUD)
def test_refusals_of_other_services(error: cloud_errors.CloudError, status: int) -> None:
    found, body = body_of(error)
    assert found == status
    assert error.service in body["error"]["message"]


PATHS: list[tuple[str, str, str | None, dict[str, str]]] = [
    ("GET", "/v1/p/stacks", "stacks:index", {}),
    ("GET", "/v1/p/stacks/detail", "stacks:detail", {}),
    ("POST", "/v1/p/stacks/preview", "stacks:preview", {}),
    ("DELETE", "/v1/p/stacks/web", "stacks:lookup", {"stack_name": "web"}),
    ("GET", "/v1/p/stacks/web/resources", "stacks:lookup", {"stack_name": "web", "path": "resources"}),
    ("GET", "/v1/p/stacks/web/files", "stacks:lookup", {"path": "files"}),
    ("GET", "/v1/p/stacks/web/1234", "stacks:show", {"stack_name": "web", "stack_id": "1234"}),
    ("GET", "/v1/p/stacks/arn%3Aopenstack%3Aheat%3A%3Ap%3Astacks%2Fweb%2F1", "stacks:lookup",
     {"stack_name": "arn:openstack:heat::p:stacks/web/1"}),
    ("GET", "/v1/p/stacks/arn:openstack:heat::p:stacks/web/1", "stacks:lookup",
     {"stack_name": "arn:openstack:heat::p:stacks/web/1"}),
    ("PATCH", "/v1/p/stacks/web/1/preview", "stacks:preview_update_patch", {}),
    ("GET", "/v1/p/stacks/web/1/resources/a%2Fb", "resource:show", {"resource_name": "a/b"}),
    ("POST", "/v1/p/stacks/web/1/resources/a/signal", "resource:signal", {"resource_name": "a"}),
    ("GET", "/v1/p/stacks/web/1/resources/a/events/e", "events:show", {"event_id": "e"}),
    ("GET", "/v1/p/resource_types/OS%3A%3ANova%3A%3AServer", "stacks:resource_schema",
     {"type_name": "OS::Nova::Server"}),
    ("POST", "/v1/p/stacks/web/1/actions", None, {}),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "rule", "params"), PATHS)
def test_paths_lead_to_operations(method: str, path: str, rule: str | None, params: dict[str, str]) -> None:
    found = routes.find(path)
    assert found is not None
    _, operations, parts = found
    assert operations[method].rule == rule
    assert parts.items() >= {**params, "tenant_id": "p"}.items()


@pytest.mark.parametrize("path", ["/v1/p", "/v1/p/nothing", "/v1/p/stacks/", "/v1//stacks", "/v1/p/stacks/a/b/c"])
def test_other_paths_lead_nowhere(path: str) -> None:
    assert routes.find(path) is None
