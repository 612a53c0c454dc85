"""Every route of the API as everybody who may not use it: nothing is read, changed or guessed.

The routes are those of the API's own table, so a new one is walked too. It has to say here what its variable parts are
(`World.path`) and, if it takes one, which body it takes (`_BODIES`); the owner's walk shows that requests are good.
"""

import asyncio
import dataclasses
import json
import math
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import pytest
import yarl

from hearth.api import routes

SECRET = "c4n4ry"
HANDLE = {"type": "OS::Heat::WaitConditionHandle", "properties": {"signal_transport": "HEAT_SIGNAL"}}
TEMPLATE: Mapping[str, Any] = {
    "heat_template_version": "2018-08-31",
    "description": SECRET,
    "parameters": {"word": {"type": "string", "default": SECRET}},
    "resources": {
        "mine": HANDLE,
        "other": HANDLE,
        "thing": {
            "type": "OS::Heat::TestResource",
            "properties": {"value": {"get_param": "word"}},
            "metadata": {"word": SECRET},
        },
    },
    "outputs": {
        "word": {"value": {"get_attr": ["thing", "output"]}},
        "how": {"value": {"get_attr": ["mine", "signal"]}},
    },
}
NETWORK = {
    "heat_template_version": "2018-08-31",
    "resources": {"net": {"type": "OS::Neutron::Net"}, "second": {"type": "OS::Neutron::Net"}},
}

#: What a route takes, by what follows the project in its path.
_BODIES: Mapping[tuple[str, str], Any] = {
    ("POST", "stacks"): {"stack_name": "fresh", "template": NETWORK},
    ("POST", "validate"): {"template": NETWORK},
    ("POST", "stacks/{stack_name:preview}"): {"stack_name": "unborn", "template": NETWORK},
    ("PUT", "stacks/{stack_name}/{stack_id}"): {"template": TEMPLATE},
    ("PATCH", "stacks/{stack_name}/{stack_id}"): {"parameters": {"word": "changed"}},
    ("PUT", "stacks/{stack_name}/{stack_id}/preview"): {"template": TEMPLATE},
    ("PATCH", "stacks/{stack_name}/{stack_id}/preview"): {"parameters": {"word": "changed"}},
    ("POST", "stacks/{stack_name}/{stack_id}/plans"): {"template": TEMPLATE},
    ("POST", "plans"): {"stack_name": "unborn", "template": NETWORK},
    ("POST", "stacks/{stack_name}/{stack_id}/drift"): {"accept_all": True},
    ("POST", "stacks/{stack_name}/{stack_id}/snapshots"): {"name": "another"},
    ("POST", "stacks/{stack_name}/{stack_id}/actions"): {"lock": {"reason": "mine"}},
    ("PATCH", "stacks/{stack_name}/{stack_id}/resources/{resource_name}"): {"mark_unhealthy": True},
    ("POST", "stacks/{stack_name}/{stack_id}/resources/{resource_name}/signal"): {"status": "SUCCESS"},
    ("POST", "software_configs"): {"name": "another"},
    ("POST", "software_deployments"): {"config_id": "{config_id}", "server_id": "a"},
    ("PUT", "software_deployments/{deployment_id}"): {"status": "FAILED"},
}
#: A word at the place of a stack's name. What is asked of the name is walked with the other names.
_WORD = re.compile(r"\{stack_name:[a-z]+\}")
#: A part of a path that names something of a project.
_OWNED = re.compile(r"\{(stack_name|stack_id|plan_id|orphan_id|config_id|deployment_id)(?!:[a-z]+\})")


ALLOWED = {"enable_stack_abandon": True, "enable_stack_adopt": True}


@pytest.fixture
def options() -> Mapping[str, Any]:
    """What the operator has configured."""
    return {"DEFAULT": ALLOWED}


@dataclasses.dataclass(frozen=True)
class World:
    """What demo has. `names`: the variable parts of paths; `user`: a stack's user as its wait handle tells it."""

    names: Mapping[str, str]
    user: Mapping[str, str]
    other_user: Mapping[str, str]

    def path(self, route: str, tenant: str, **others: str) -> str:
        """A route's path with everything filled in; a name that nobody knows is an error."""
        known = {**self.names, **others, "tenant_id": tenant}
        parts = re.split(r"\{(.*?)\}", route)
        for at in range(1, len(parts), 2):
            name, _, pattern = parts[at].partition(":")
            if name == "path":
                parts[at] = pattern.partition("|")[0]
            elif pattern.startswith("arn"):
                parts[at] = f"arn%3Aopenstack%3Aheat%3A%3A{self.names['tenant']}%3Astacks/web/{known['stack_id']}"
            else:
                parts[at] = pattern or known[name]
        return "".join(parts)

    def body(self, method: str, route: str) -> Any:
        """What is sent."""
        body = _BODIES.get((method, route.removeprefix("/v1/{tenant_id}/")))
        return None if body is None else json.loads(json.dumps(body).replace("{config_id}", self.names["config_id"]))


def every_route() -> Iterator[tuple[str, str, routes.Operation]]:
    """Path, method and operation; deletions last, and of these what is within a thing before the thing."""
    every = [
        (path, method, one)
        for path, methods in routes.ROUTES.items()
        for method, one in methods.items()
        if not (_WORD.search(path) and one.rule == "stacks:lookup")
    ]
    return iter(sorted(every, key=lambda one: one[0].count("/") if one[1] == "DELETE" else math.inf, reverse=True))


async def settled(client: Any, path: str) -> Any:
    async with asyncio.timeout(30):
        while True:
            _, answer, _ = await client.call("GET", path)
            if not answer["stack"]["stack_status"].endswith("IN_PROGRESS"):
                return answer["stack"]
            await asyncio.sleep(0.02)


async def made(demo: Any, name: str, template: Any) -> Any:
    status, answer, _ = await demo.call("POST", "stacks", {"stack_name": name, "template": template})
    assert status == 201, answer
    return await settled(demo, f"stacks/{name}/{answer['stack']['id']}")


def user_of(stack: Any) -> Any:
    outputs = {one["output_key"]: one["output_value"] for one in stack["outputs"]}
    return json.loads(outputs["how"])


@pytest.fixture
async def world(demo: Any) -> World:
    """Something of everything there is."""
    stack = await made(demo, "web", TEMPLATE)
    path = f"stacks/web/{stack['id']}"
    second = await made(demo, "spare", TEMPLATE)
    gone = await made(demo, "gone", NETWORK)
    assert (await demo.call("DELETE", f"stacks/gone/{gone['id']}?retain=net,second"))[0] == 204
    assert (await settled(demo, f"stacks/gone/{gone['id']}"))["stack_status"] == "DELETE_COMPLETE"
    snapshot = (await demo.call("POST", f"{path}/snapshots", {"name": SECRET}))[1]
    assert (await settled(demo, path))["stack_status"] == "SNAPSHOT_COMPLETE"
    plan = (await demo.call("POST", "plans", {"stack_name": "planned", "template": TEMPLATE}))[1]["plan"]
    config = (await demo.call("POST", "software_configs", {"name": SECRET, "config": SECRET}))[1]["software_config"]
    sent = {"config_id": config["id"], "server_id": "server", "input_values": {"word": SECRET}}
    deployment = (await demo.call("POST", "software_deployments", sent))[1]["software_deployment"]
    orphans = (await demo.call("GET", "orphans"))[1]["orphans"]
    events = (await demo.call("GET", f"{path}/resources/other/events"))[1]["events"]
    names = {
        "tenant": demo.tenant,
        "stack_name": "web",
        "stack_id": stack["id"],
        "spare_id": second["id"],
        "resource_name": "other",
        "event_id": events[0]["id"],
        "snapshot_id": snapshot["id"],
        "plan_id": plan["id"],
        "orphan_id": orphans[0]["id"],
        "spare_orphan_id": orphans[1]["id"],
        "config_id": config["id"],
        "deployment_id": deployment["id"],
        "server_id": "server",
        "output_key": "word",
        "type_name": "OS::Heat::RandomString",
        "template_version": "heat_template_version.2018-08-31",
    }
    return World(names, user_of(stack), user_of(second))


async def state(demo: Any, world: World) -> Any:
    """Everything that demo has, to be compared."""
    path = f"stacks/web/{world.names['stack_id']}"
    own = ["", "/resources?with_detail=true", "/events", "/snapshots", "/template", "/environment", "/drift"]
    own += [f"/resources/{name}/metadata" for name in ("mine", "other", "thing")]
    wanted = [path + part for part in own]
    wanted += ["stacks?show_hidden=true", "plans", "orphans", "software_configs", "software_deployments"]
    return {one: (await demo.call("GET", one))[1] for one in wanted}


@dataclasses.dataclass(frozen=True)
class Visitor:
    """Somebody who walks; `tenant`: the project in the addresses."""

    client: Any
    tenant: str
    token: str | None

    async def ask(self, world: World, route: str, method: str, **others: str) -> tuple[int, str, Any]:
        """Status, all that was said, and headers."""
        url = self.client.base + world.path(route, self.tenant, **others)
        headers = {} if self.token is None else {"X-Auth-Token": self.token}
        sent = world.body(method, route)
        async with self.client.http.request(
            method, yarl.URL(url, encoded=True), json=sent, headers=headers, allow_redirects=False
        ) as answer:
            if answer.content_type == "text/event-stream":  # which goes on for ever
                return answer.status, (await answer.content.readany()).decode(), answer.headers
            return answer.status, await answer.text(), answer.headers


async def token(client: Any, user: Any, scope: Any = None) -> str:
    """A token by password; `scope` None: unscoped."""
    identity = {"methods": ["password"], "password": {"user": user}}
    auth = {"auth": {"identity": identity, "scope": scope or "unscoped"}}
    url = f"{client.base.removesuffix('/orchestration')}/identity/v3/auth/tokens"
    async with client.http.post(url, json=auth) as answer:
        assert answer.status == 201, await answer.text()
        return str(answer.headers["X-Subject-Token"])


DEMO = {"name": "demo", "domain": {"name": "Default"}, "password": "secret"}


async def as_stack_user(demo: Any, user: Any, tenant: str | None = None) -> Visitor:
    """The user of a resource, in the project of its stack's users."""
    given = await token(
        demo, {"id": user["user_id"], "password": user["password"]}, {"project": {"id": user["project_id"]}}
    )
    return Visitor(demo, tenant or user["project_id"], given)


@pytest.fixture
async def unchanged(demo: Any, world: World) -> AsyncIterator[None]:
    """Whatever happens, demo has the same afterwards."""
    before = await state(demo, world)
    yield
    assert await state(demo, world) == before


async def test_the_owner_is_let_in_everywhere(demo: Any, world: World) -> None:
    owner = Visitor(demo, demo.tenant, demo.token)
    for route, method, operation in every_route():
        if operation.rule == "service:index":
            continue  # not for members
        spare = {}
        if route.endswith("/abandon"):
            spare = {"stack_name": "spare", "stack_id": world.names["spare_id"]}
        elif route.endswith("/object"):
            spare = {"orphan_id": world.names["spare_orphan_id"]}
        status, said, _ = await owner.ask(world, route, method, **spare)
        assert status not in (401, 403, 404, 405, 500), (method, route, status, said)
        assert "HTTPBadRequest" not in said, (method, route, said)


@pytest.mark.usefixtures("unchanged")
async def test_another_project_is_shut(demo: Any, stranger: Any, world: World) -> None:
    visitor = Visitor(stranger, demo.tenant, stranger.token)
    for route, method, _ in every_route():
        status, said, _ = await visitor.ask(world, route, method)
        assert (status, json.loads(said)["error"]["type"]) == (403, "HTTPForbidden"), (method, route)
        assert SECRET not in said


@pytest.mark.usefixtures("unchanged")
async def test_ids_of_another_project_are_worth_nothing(stranger: Any, world: World) -> None:
    visitor = Visitor(stranger, stranger.tenant, stranger.token)
    for route, method, operation in every_route():
        status, said, headers = await visitor.ask(world, route, method)
        assert SECRET not in said + str(headers), (method, route)
        if operation.rule == "service:index":
            assert status == 403
        elif _OWNED.search(route) or (method, route.rpartition("/")[2]) == ("POST", "software_deployments"):
            assert status == 404, (method, route, status, said)
        else:
            assert status in (200, 201), (method, route, status, said)
            assert not any(world.names[name] in said for name in ("stack_id", "plan_id", "orphan_id", "config_id"))
            assert world.names["tenant"] not in said


@pytest.mark.usefixtures("unchanged")
async def test_an_administrator_of_all_projects_goes_by_the_address(demo: Any, admin: Any, world: World) -> None:
    there, here = (Visitor(admin, tenant, admin.token) for tenant in (demo.tenant, admin.tenant))
    for route, method, _ in every_route():
        if method != "GET" or "{stack_id}" not in route:
            continue
        assert (await there.ask(world, route, method))[0] == 200, route
        status, said, _ = await here.ask(world, route, method)
        assert (status, SECRET in said) == (404, False), route


#: What readers may ask that is no GET.
_READING = ("stacks:lookup", "stacks:preview", "resource:signal")


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("options", [{"DEFAULT": ALLOWED, "oslo_policy": {"enforce_new_defaults": True}}])
async def test_a_reader_changes_nothing(demo: Any, reader: Any, world: World) -> None:
    visitor = Visitor(reader, demo.tenant, reader.token)
    for route, method, operation in every_route():
        if operation.rule == "resource:signal":
            continue  # a role of its own decides who signals; see the policy's tests
        status, said, _ = await visitor.ask(world, route, method)
        reads = method == "GET" or operation.rule in _READING
        if operation.rule in ("stacks:export", "stacks:generate_template", "service:index"):
            reads = False
        assert (status != 403) is reads, (method, route, status, said)


_STACK_USERS_RULES = ("stacks:lookup", "resource:metadata", "resource:signal", "software_deployments:metadata")


@pytest.mark.usefixtures("unchanged")
async def test_a_stacks_user_reaches_nothing_but_its_resource(demo: Any, world: World) -> None:
    visitor = await as_stack_user(demo, world.user)
    for route, method, operation in every_route():
        status, said, headers = await visitor.ask(world, route, method)
        assert SECRET not in said + str(headers), (method, route)
        if operation.rule == "stacks:lookup":
            assert status == 302, (method, route, said)
        elif operation.rule == "software_deployments:metadata":
            assert (status, json.loads(said)) == (200, {"metadata": []})
        else:
            assert status == 403, (method, route, status, said)


async def test_a_stacks_user_reaches_its_resource(demo: Any, world: World) -> None:
    visitor = await as_stack_user(demo, world.user)
    reached = []
    for route, method, operation in every_route():
        status, _, _ = await visitor.ask(world, route, method, resource_name="mine")
        if operation.rule in ("resource:metadata", "resource:signal"):
            assert status == 200, route
            reached.append(route)
        elif operation.rule not in _STACK_USERS_RULES:
            assert status == 403, (method, route)
    assert len(reached) == 2


async def test_a_stacks_user_sees_what_is_deployed_for_its_project(demo: Any, world: World) -> None:
    sent = {
        "config_id": world.names["config_id"],
        "server_id": "a",
        "stack_user_project_id": world.user["project_id"],
    }
    assert (await demo.call("POST", "software_deployments", sent))[0] == 200
    for user, seen in ((world.user, True), (world.other_user, False)):
        visitor = await as_stack_user(demo, user)
        route = "/v1/{tenant_id}/software_deployments/metadata/{server_id}"
        status, said, _ = await visitor.ask(world, route, "GET", server_id="a")
        assert (status, SECRET in said) == (200, seen)


@pytest.mark.usefixtures("unchanged")
async def test_the_user_of_another_stack_is_shut_out(demo: Any, world: World) -> None:
    visitor = await as_stack_user(demo, world.other_user)
    for route, method, operation in every_route():
        for name in ("mine", "other"):
            status, said, headers = await visitor.ask(world, route, method, resource_name=name)
            assert SECRET not in said + str(headers), (method, route)
            if operation.rule == "software_deployments:metadata":
                assert (status, json.loads(said)) == (200, {"metadata": []})
            else:
                assert status == (404 if operation.rule in _STACK_USERS_RULES else 403), (method, route, status, said)


@pytest.mark.usefixtures("unchanged")
async def test_stack_users_are_shut_out_of_the_project_itself(demo: Any, world: World) -> None:
    for user in (world.user, world.other_user):
        visitor = await as_stack_user(demo, user, demo.tenant)
        for route, method, _ in every_route():
            assert (await visitor.ask(world, route, method, resource_name="mine"))[0] == 403, (method, route)


async def _expired(demo: Any, _admin: Any) -> str:
    settings = f"{demo.base.removesuffix('/orchestration')}/admin/settings"
    async with demo.http.put(settings, json={"token_seconds": 0}) as answer:
        assert answer.status == 200, await answer.text()
    given = await token(demo, DEMO, {"project": {"id": demo.tenant}})
    async with demo.http.put(settings, json={"token_seconds": 14_400}) as answer:
        assert answer.status == 200
    return given


async def _revoked(demo: Any, _admin: Any) -> str:
    given = await token(demo, DEMO, {"project": {"id": demo.tenant}})
    url = f"{demo.base.removesuffix('/orchestration')}/identity/v3/auth/tokens"
    headers = {"X-Auth-Token": demo.token, "X-Subject-Token": given}
    async with demo.http.delete(url, headers=headers) as answer:
        assert answer.status == 204
    return given


async def _none(_demo: Any, _admin: Any) -> None:
    return None


async def _garbage(_demo: Any, _admin: Any) -> str:
    return "gAAAAABnonsense"


async def _oversized(_demo: Any, _admin: Any) -> str:
    return "x" * 8_193


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("given", [_none, _garbage, _oversized, _expired, _revoked])
async def test_without_a_good_token_nobody_gets_in(demo: Any, admin: Any, world: World, given: Any) -> None:
    visitor = Visitor(demo, demo.tenant, await given(demo, admin))
    for route, method, _ in every_route():
        status, said, headers = await visitor.ask(world, route, method)
        assert (status, json.loads(said)["error"]["type"]) == (401, "HTTPUnauthorized"), (method, route)
        assert headers["WWW-Authenticate"].startswith('Keystone uri="http')


async def _unscoped(demo: Any, _admin: Any) -> str:
    return await token(demo, DEMO)


async def _of_a_domain(demo: Any, _admin: Any) -> str:
    heat = {"name": "heat"}
    return await token(demo, {"name": "heat_domain_admin", "domain": heat, "password": "secret"}, {"domain": heat})


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("given", [_unscoped, _of_a_domain])
async def test_a_token_of_no_project_opens_no_project(demo: Any, admin: Any, world: World, given: Any) -> None:
    visitor = Visitor(demo, demo.tenant, await given(demo, admin))
    for route, method, _ in every_route():
        status, said, _ = await visitor.ask(world, route, method)
        assert (status, json.loads(said)["error"]["type"]) == (403, "HTTPForbidden"), (method, route, said)
