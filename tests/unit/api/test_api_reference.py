"""Every route of Heat's API, as its published facts have it: in the table, in the description, and answered."""

import asyncio
import http
import io
import json
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from hearth.api import openapi, routes
from hearth.engine import inputs

FACTS = json.loads((pathlib.Path(__file__).parents[2] / "facts" / "rest_api.json").read_text())
_ARN = "arn%3Aopenstack%3Aheat%3A%3Ap%3Astacks%2Fweb%2F1"
#: Variable parts of the facts' paths whose words and patterns have to be put in place to have an address.
_WRITTEN = {
    "{stack_name:arn:.*}": _ARN,
    "{path:resources|events|template|actions|environment|files}": "resources events template actions environment files",
    "{path:resources|events|template|actions}": "resources events template actions",
}


def _pairs() -> Iterator[Any]:
    """Each method at each path of the facts, words of paths written out."""
    for fact in FACTS["routes"]:
        for path in _written_out(fact["path"]):
            for method in fact["methods"]:
                yield pytest.param(method, path, fact, id=f"{method} {path.removeprefix('/v1/{tenant_id}/')}")


def _written_out(path: str) -> list[str]:
    for part, words in _WRITTEN.items():
        if part in path:
            return [path.replace(part, word) for word in words.split()]
    return [path]


PAIRS = list(_pairs())


def test_the_facts_are_whole() -> None:
    assert sum(len(fact["methods"]) for fact in FACTS["routes"]) == 61
    assert len(FACTS["error_types"]) == 42


@pytest.mark.parametrize(("method", "path", "fact"), PAIRS)
def test_every_route_is_there_with_its_rule(method: str, path: str, fact: Mapping[str, Any]) -> None:
    found = routes.find(path)
    assert found is not None
    _, operations, _ = found
    # The handler of actions asks for the rule of the action.
    wanted = None if fact["rule"] == "actions:<name>" else fact["rule"]
    assert operations[method].rule == wanted


@pytest.mark.parametrize(("method", "path", "fact"), PAIRS)
def test_every_route_is_described(method: str, path: str, fact: Mapping[str, Any]) -> None:
    described = openapi.document()["paths"]
    # An ARN stands where a name does; the description has one path for both.
    path = path.replace(_ARN, "{stack_name}")
    operation = described[path][method.lower()]
    assert str(fact["success"]) in operation["responses"]
    named = {one["name"] for one in operation["parameters"] if one["in"] == "query"}
    assert set(fact.get("query", ())) <= named
    if "body" in fact:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        assert set(fact["body"]) <= set(schema["properties"])


@pytest.mark.parametrize("path", ["/", "/versions", "/healthcheck"])
async def test_what_needs_no_token_is_described(demo: Any, path: str) -> None:
    operation = openapi.document()["paths"][path]["get"]
    assert operation["security"] == []
    demo.token = ""
    status, _, headers = await demo.call("GET", path)
    assert headers["Content-Type"].partition(";")[0] in operation["responses"][str(status)]["content"]


HANDLE = {"type": "OS::Heat::WaitConditionHandle", "properties": {"signal_transport": "HEAT_SIGNAL"}}
TEMPLATE: Mapping[str, Any] = {
    "heat_template_version": "2018-08-31",
    "parameters": {"word": {"type": "string", "default": "a"}},
    "resources": {"handle": HANDLE, "value": {"type": "OS::Heat::Value", "properties": {"value": "a"}}},
    "outputs": {"word": {"value": {"get_attr": ["value", "value"]}}},
}
NEW = {"stack_name": "fresh", "template": TEMPLATE}

#: What is sent, by method and what follows the project in the path.
_BODIES: Mapping[tuple[str, str], Any] = {
    ("POST", "stacks"): NEW,
    ("POST", "stacks/preview"): {**NEW, "stack_name": "unborn"},
    ("POST", "validate"): {"template": TEMPLATE},
    ("PUT", "stacks/{stack_name}/{stack_id}"): {"template": TEMPLATE},
    ("PUT", "stacks/{stack_name}/{stack_id}/preview"): {"template": TEMPLATE},
    ("POST", "stacks/{stack_name}/{stack_id}/snapshots"): {"name": "second"},
    ("POST", "stacks/{stack_name}/{stack_id}/actions"): {"check": None},
    ("PATCH", "stacks/{stack_name}/{stack_id}/resources/{resource_name}"): {"mark_unhealthy": True},
    ("POST", "software_configs"): {"name": "second", "config": "text"},
    ("POST", "software_deployments"): {"config_id": "{config_id}", "server_id": "server"},
    ("PUT", "software_deployments/{deployment_id}"): {"status": "COMPLETE"},
}
#: What is spent by a request is another one than the rest is asked about.
_SPENT = {
    ("DELETE", "stacks/{stack_name}/{stack_id}/abandon"): {"stack_name": "spare", "stack_id": "{spare_id}"},
    ("DELETE", "software_configs/{config_id}"): {"config_id": "{spare_config_id}"},
}


@pytest.fixture
def options() -> Mapping[str, Any]:
    """Everything is allowed."""
    return {"DEFAULT": {"enable_stack_abandon": True, "enable_stack_adopt": True}}


async def settled(client: Any, path: str) -> Any:
    async with asyncio.timeout(30):
        while True:
            _, answer, _ = await client.call("GET", path)
            if not answer["stack"]["stack_status"].endswith("IN_PROGRESS"):
                return answer["stack"]
            await asyncio.sleep(0.02)


async def made(client: Any, name: str, template: Mapping[str, Any] = TEMPLATE) -> str:
    """A new stack's id, once it is complete."""
    status, answer, _ = await client.call("POST", "stacks", {"stack_name": name, "template": template})
    assert status == 201, answer
    stack = await settled(client, f"stacks/{name}/{answer['stack']['id']}")
    assert stack["stack_status"] == "CREATE_COMPLETE", stack
    return str(stack["id"])


@pytest.fixture
async def names(demo: Any) -> Mapping[str, str]:
    """What variable parts of paths stand for; there is one of everything."""
    stack = await made(demo, "web")
    path = f"stacks/web/{stack}"
    snapshot = (await demo.call("POST", f"{path}/snapshots", {"name": "first"}))[1]["id"]
    await settled(demo, path)
    spare_config = (await demo.call("POST", "software_configs", {"name": "spare"}))[1]["software_config"]["id"]
    config = (await demo.call("POST", "software_configs", {"name": "first"}))[1]["software_config"]["id"]
    sent = {"config_id": config, "server_id": "server"}
    deployment = (await demo.call("POST", "software_deployments", sent))[1]["software_deployment"]["id"]
    return {
        "stack_name": "web",
        "stack_id": stack,
        "spare_id": await made(demo, "spare"),
        "resource_name": "handle",
        "event_id": (await demo.call("GET", f"{path}/resources/handle/events"))[1]["events"][0]["id"],
        "snapshot_id": snapshot,
        "output_key": "word",
        "config_id": config,
        "spare_config_id": spare_config,
        "deployment_id": deployment,
        "server_id": "server",
        "type_name": "OS::Heat::RandomString",
        "template_version": "heat_template_version.2018-08-31",
    }


def _filled(text: str, names: Mapping[str, str]) -> str:
    for name, value in names.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _in_walking_order() -> list[tuple[str, str, Mapping[str, Any]]]:
    """Readings first; deletions last, what only leads elsewhere and parts before the whole."""
    every = [tuple(one.values) for one in PAIRS]

    def order(one: tuple[str, str, Mapping[str, Any]]) -> Any:
        return one[0] == "DELETE", one[0] != "GET", one[2]["rule"] != "stacks:lookup", -one[1].count("/")

    return sorted(every, key=order)


async def test_every_route_answers_as_the_facts_say(demo: Any, admin: Any, names: Mapping[str, str]) -> None:
    arn = f"arn%3Aopenstack%3Aheat%3A%3A{demo.tenant}%3Astacks%2Fweb%2F{names['stack_id']}"
    stack = f"stacks/web/{names['stack_id']}"
    for method, path, fact in _in_walking_order():
        short = path.removeprefix("/v1/{tenant_id}/")
        spent = {name: _filled(value, names) for name, value in _SPENT.get((method, short), {}).items()}
        url = _filled(short, {**names, **spent}).replace(_ARN, arn)
        body = _BODIES.get((method, short))
        sent = None if body is None else json.loads(_filled(json.dumps(body), names))
        client = admin if fact["rule"] == "service:index" else demo
        status, answer, headers = await client.call(method, url, sent)
        asked = (method, url, answer)
        assert status == fact["success"], asked
        assert headers["X-OpenStack-Request-ID"].startswith("req-"), asked
        match status:
            case 302:
                part = short.removeprefix("stacks/").partition("/")[2]
                where = f"{demo.base}/v1/{demo.tenant}/{stack}"
                assert headers["Location"] == (f"{where}/{part}" if part else where), asked
                assert headers["Content-Type"].startswith("text/plain"), asked
            case 202:
                assert headers["Content-Type"].startswith("text/plain"), asked
            case 204:
                assert answer == "", asked
            case _:
                assert headers["Content-Type"] == "application/json", asked
                _assert_fields(answer, fact, asked)
        if status == 201:
            assert headers["Location"] == answer["stack"]["links"][0]["href"], asked
        if method != "GET" and (await demo.call("GET", stack))[0] == 200:
            await settled(demo, stack)


def _assert_fields(answer: Any, fact: Mapping[str, Any], asked: Any) -> None:
    """Every field that is always told is there; in the first item of a list, of which there has to be one."""
    if "answer" not in fact:
        return
    for name, fields in fact["answer"].items():
        assert name in answer, asked
        if fields:
            found = answer[name][0] if isinstance(answer[name], list) else answer[name]
            assert set(fields) <= set(found), (set(fields) - set(found), asked)


#: A resource without events that match has none, and is answered by 404: here are some that match.
_MATCHING = {
    "resource_status": "COMPLETE",
    "resource_action": "CREATE",
    "resource_name": "handle",
    "resource_type": HANDLE["type"],
}
#: Clients send it, and nobody looks at it.
_UNREAD = "resource_types/{type_name} with_description"


def _values(short: str, name: str, schema: Mapping[str, Any]) -> tuple[list[str], str | None]:
    """Values that a parameter takes, and one that it does not."""
    schema = schema.get("items", schema)
    wrong = None if f"{short} {name}" == _UNREAD or name == "sort_keys" else "odd"
    if name == "global_tenant":
        return ["false"], wrong
    if words := schema.get("enum"):
        return list(words), wrong
    if schema["type"] == "integer":
        return ["1"], "-1"
    return [_MATCHING.get(name, "some")], None


async def test_every_parameter_of_a_query_is_taken(demo: Any, names: Mapping[str, str]) -> None:
    for method, path, fact in _in_walking_order():
        short = path.removeprefix("/v1/{tenant_id}/")
        if method != "GET" or "query" not in fact:
            continue
        described = openapi.document()["paths"][path]["get"]["parameters"]
        schemas = {one["name"]: one["schema"] for one in described}
        for name in fact["query"]:
            right, wrong = _values(short, name, schemas[name])
            url = f"{_filled(short, names)}?{name}="
            for value in right if name != "marker" else ():
                status, answer, _ = await demo.call("GET", url + value)
                assert status == 200, (url, value, answer)
            if wrong is not None:
                status, answer, _ = await demo.call("GET", url + wrong)
                assert (status, answer["error"]["type"]) == (400, "HTTPBadRequest"), (url, wrong, answer)


@pytest.mark.parametrize("part", ["outputs", "snapshots", "preview", "export", "abandon"])
async def test_other_parts_are_not_led_to_from_a_name(demo: Any, part: str) -> None:
    await made(demo, "web")
    for method, wanted, kind in (("GET", 404, "EntityNotFound"), ("POST", 405, "HTTPMethodNotAllowed")):
        status, answer, headers = await demo.call(method, f"stacks/web/{part}")
        assert (status, answer["error"]["type"]) == (wanted, kind)
        assert "Location" not in headers


VERSION = {"heat_template_version": "2018-08-31"}
#: The handle is never signalled, so that there is always something in progress.
WAITING = {
    **VERSION,
    "resources": {
        "handle": HANDLE,
        "wait": {
            "type": "OS::Heat::WaitCondition",
            "properties": {"handle": {"get_resource": "handle"}, "timeout": 600},
        },
    },
}
FIXED = {**VERSION, "parameters": {"word": {"type": "string", "default": "a", "immutable": True}}}
NET = "OS::Neutron::Net"


def new(environment: Any = None, **template: Any) -> tuple[str, str, Any]:
    """The creation of a stack with some parts of a template."""
    body = {"stack_name": "x", "template": {**VERSION, **template}}
    return "POST", "stacks", body if environment is None else {**body, "environment": environment}


def one(type_name: str, **properties: Any) -> Any:
    """The section of resources with one resource."""
    return {"a": {"type": type_name, "properties": properties}}


_VALUE = "OS::Heat::Value"
_CLOSED = {"parameters": {"p": ["cryptography_decrypt_v1", "gAAA"]}, "encrypted_param_names": ["p"]}
#: How each type of error is come by: method, URL, body. The stacks there are: web, waiting, fixed, twins.
PROVOKED: Mapping[str, tuple[str, str, Any]] = {
    "ActionInProgress": ("POST", "{waiting}/snapshots", {}),
    "CircularDependencyException": new(resources=one(_VALUE, value={"get_resource": "a"})),
    "DownloadLimitExceeded": ("POST", "stacks", {**NEW, "files_container": "large"}),
    "EntityNotFound": ("GET", "stacks/none", None),
    "Forbidden": ("GET", "services", None),
    "ImmutableParameterModified": ("PATCH", "{fixed}", {"parameters": {"word": "b"}}),
    "InvalidBreakPointHook": ("POST", "{web}/resources/value/signal", {"unset_hook": "pre-update"}),
    "InvalidEncryptionKey": new(_CLOSED, parameters={"p": {"type": "string"}}),
    "InvalidSchemaError": new(parameters={"p": {"type": "odd"}}),
    "InvalidTemplateReference": new(resources=one(_VALUE, value={"get_resource": "none"})),
    "InvalidTemplateSection": new(resource={}),
    "InvalidTemplateVersion": new(heat_template_version="1999-01-01"),
    "NotFound": ("GET", "{web}/outputs/none", None),
    "NotSupported": ("POST", "{web}/actions", {"cancel_update": None}),
    "PhysicalResourceIDAmbiguity": ("PATCH", "{twins}/resources/{net}", {"mark_unhealthy": True}),
    "PropertyUnspecifiedError": new(resources=one("OS::Neutron::Subnet", network="{net}")),
    "RequestLimitExceeded": new(description="x" * 20_000),
    "ResourceActionNotSupported": ("POST", "{web}/resources/value/signal", {}),
    "ResourcePropertyConflict": new(
        resources=one("OS::Neutron::Subnet", network="{net}", cidr="10.0.0.0/24", prefixlen=24)
    ),
    "ResourceTypeUnavailable": ("GET", "resource_types/OS::Zaqar::Queue", None),
    "StackExists": ("POST", "stacks", {**NEW, "stack_name": "web"}),
    "StackValidationFailed": new(resources=one(_VALUE, odd=1)),
    "UnknownUserParameter": new({"parameters": {"p": 1}}),
    "UserParameterMissing": new(parameters={"p": {"type": "string"}}),
    "ValueError": ("POST", "software_configs", {"name": "x", "inputs": [{"name": "a", "type": "odd"}]}),
}
#: Types that no request gets as its answer, by the reason.
_OBJECTS = "Heat's versioned objects, which are not here"
_REASONS = "the reason of a resource that failed, told by its status"
UNSEEN: Mapping[str, str] = {
    **dict.fromkeys(
        ("IncompatibleObjectVersion", "ObjectActionError", "ObjectFieldInvalid", "OrphanedObjectError"), _OBJECTS
    ),
    **dict.fromkeys(("ReadOnlyFieldError", "UnsupportedObjectError", "AttributeError"), _OBJECTS),
    **dict.fromkeys(("EventSendFailed", "RevertFailed", "ServerBuildFailed", "StopActionFailed"), _REASONS),
    "Invalid": "a base of others",
    "InvalidGlobalResource": "the registry of the operator is read when the service starts",
    "InvalidTenant": "the project of the URL is compared first: HTTPForbidden",
    "MissingCredentialError": "a stack without a stored credential is only met later, by the engine",
    "PhysicalResourceNameAmbiguity": "told as what is wrong with a property: StackValidationFailed",
    "ResourceNotAvailable": "a resource that is not made yet is there nevertheless",
}
#: Statuses that differ, see docs/compatibility.md: it is the request that is wrong.
_MEANT = {"InvalidEncryptionKey": 400}


def test_every_type_of_error_has_its_place() -> None:
    assert not PROVOKED.keys() & UNSEEN.keys()
    assert PROVOKED.keys() | UNSEEN.keys() == FACTS["error_types"].keys()


async def _cloud(client: Any, method: str, url: str, data: bytes | None = None) -> Any:
    """What a service of the cloud answers to a request that has to succeed."""
    sent = None if data is None else io.BytesIO(data)
    async with client.http.request(method, url, data=sent, headers={"X-Auth-Token": client.token}) as answer:
        assert answer.status < 300, await answer.text()
        return await answer.json() if answer.content_type == "application/json" else None


async def _with_all_that_is_wrong(demo: Any, admin: Any) -> Mapping[str, str]:
    """Stacks that are asked for what they refuse, a container that holds too much, a catalog without queues."""
    keystone = f"{demo.base.removesuffix('/orchestration')}/identity/v3"
    catalog = (await _cloud(demo, "GET", f"{keystone}/auth/catalog"))["catalog"]
    endpoints = {service["type"]: service["endpoints"] for service in catalog}
    for endpoint in endpoints["messaging"]:
        await _cloud(admin, "DELETE", f"{keystone}/endpoints/{endpoint['id']}")
    store = endpoints["object-store"][0]["url"]
    await _cloud(demo, "PUT", f"{store}/large")
    await _cloud(demo, "PUT", f"{store}/large/file", bytes(inputs.MOST_BYTES + 1))
    network = await made(demo, "network", {**VERSION, "resources": {"net": {"type": NET}}})
    _, found, _ = await demo.call("GET", f"stacks/network/{network}/resources/net")
    net = found["resource"]["physical_resource_id"]
    twins = {name: {"type": NET, "external_id": net} for name in ("a", "b")}
    _, waiting, _ = await demo.call("POST", "stacks", {"stack_name": "waiting", "template": WAITING})
    return {
        "web": f"stacks/web/{await made(demo, 'web')}",
        "waiting": f"stacks/waiting/{waiting['stack']['id']}",
        "fixed": f"stacks/fixed/{await made(demo, 'fixed', FIXED)}",
        "twins": f"stacks/twins/{await made(demo, 'twins', {**VERSION, 'resources': twins})}",
        "net": net,
    }


async def test_every_type_of_error_has_its_status(demo: Any, admin: Any) -> None:
    names = await _with_all_that_is_wrong(demo, admin)
    for kind, (method, url, body) in PROVOKED.items():
        sent = None if body is None else json.loads(_filled(json.dumps(body), names))
        status, answer, _ = await demo.call(method, _filled(url, names), sent)
        told = (answer or {}).get("error", {})
        assert told.get("type") == kind, (method, url, body, answer)
        assert status == answer["code"] == _MEANT.get(kind, FACTS["error_types"][kind]), (kind, answer)
        assert told["message"], kind
        assert (answer["title"], told["traceback"]) == (http.HTTPStatus(status).phrase, None), kind
