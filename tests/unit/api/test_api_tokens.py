"""Whose token gets in: services that pass on what has ended meanwhile, access rules, a Keystone that is away."""

from collections.abc import Mapping
from typing import Any

import pytest

from hearth.cloud import tokens

DOMAIN = {"name": "Default"}


@pytest.fixture
def rules() -> Mapping[str, Any]:
    """Options of [keystone_authtoken]."""
    return {}


@pytest.fixture
def options(rules: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"keystone_authtoken": dict(rules)}


async def log_in(client: Any, user: str, project: str) -> str:
    """A token of a user."""
    identity = {"methods": ["password"], "password": {"user": {"name": user, "domain": DOMAIN, "password": "secret"}}}
    body = {"auth": {"identity": identity, "scope": {"project": {"name": project, "domain": DOMAIN}}}}
    async with client.http.post(f"{root(client)}/identity/v3/auth/tokens", json=body) as answer:
        assert answer.status == 201, await answer.text()
        return str(answer.headers["X-Subject-Token"])


def root(client: Any) -> str:
    return str(client.base.removesuffix("/orchestration"))


async def ended(client: Any) -> str:
    """A token of demo that has ended."""
    for seconds in (0, 14_400):
        async with client.http.put(f"{root(client)}/admin/settings", json={"token_seconds": seconds}) as answer:
            assert answer.status == 200
        if seconds == 0:
            given = await log_in(client, "demo", "demo")
    return given


async def test_a_service_passes_on_a_token_that_has_ended(demo: Any) -> None:
    given = await ended(demo)
    assert (await demo.call("GET", "stacks", X_Auth_Token=given))[0] == 401
    service, other = await log_in(demo, "heat", "service"), await log_in(demo, "demo", "demo")
    assert (await demo.call("GET", "stacks", X_Auth_Token=given, X_Service_Token=service))[0] == 200
    # Who is no service keeps nothing alive, and a bad token beside a good one is none.
    assert (await demo.call("GET", "stacks", X_Auth_Token=given, X_Service_Token=other))[0] == 401
    assert (await demo.call("GET", "stacks", X_Service_Token="nonsense"))[0] == 401


@pytest.mark.parametrize(
    ("rules", "status"),
    [({}, 200), ({"service_token_roles_required": True}, 401), ({"service_token_roles": ["member"]}, 200)],
)
async def test_services_are_known_by_their_roles(demo: Any, rules: Mapping[str, Any], status: int) -> None:
    service = await log_in(demo, "demo", "demo")
    assert (await demo.call("GET", "stacks", X_Service_Token=service))[0] == status


async def test_a_user_who_is_shut_out_does_not_get_in(demo: Any, admin: Any) -> None:
    given = await log_in(demo, "demo", "demo")
    headers = {"X-Auth-Token": admin.token}
    async with admin.http.get(f"{root(admin)}/identity/v3/users?name=demo", headers=headers) as answer:
        user = (await answer.json())["users"][0]["id"]
    url = f"{root(admin)}/identity/v3/users/{user}"
    async with admin.http.patch(url, json={"user": {"enabled": False}}, headers=headers) as answer:
        assert answer.status == 200
    status, body, headers = await demo.call("GET", "stacks", X_Auth_Token=given)
    assert (status, body["error"]["type"]) == (401, "HTTPUnauthorized")
    assert headers["WWW-Authenticate"].startswith('Keystone uri="http')


@pytest.mark.parametrize("rules", [{"www_authenticate_uri": "https://public.example.org/identity"}])
async def test_clients_are_told_where_to_sign_in(demo: Any) -> None:
    _, _, headers = await demo.call("GET", "stacks", X_Auth_Token="nonsense")
    assert headers["WWW-Authenticate"] == 'Keystone uri="https://public.example.org/identity"'


@pytest.mark.parametrize("fault", [{"status": 503}, {"status": 500}, {"drop": True}])
async def test_a_keystone_that_is_away_is_no_fault_of_the_client(demo: Any, fault: Mapping[str, Any]) -> None:
    rule = {"service": "keystone", "method": "GET", "path": "/auth/tokens", **fault}
    async with demo.http.post(f"{root(demo)}/admin/faults", json=rule) as answer:
        assert answer.status == 201, await answer.text()
    status, body, headers = await demo.call("GET", "stacks")
    assert (status, body["error"]["type"]) == (503, "HTTPServiceUnavailable")
    assert int(headers["Retry-After"]) > 0
    assert "WWW-Authenticate" not in headers
    async with demo.http.delete(f"{root(demo)}/admin/faults") as answer:
        assert answer.status == 204
    assert (await demo.call("GET", "stacks"))[0] == 200


RULES = [
    ("orchestration", "GET", "/v1/*/stacks", "GET", "/v1/p/stacks", True),
    ("orchestration", "GET", "/v1/{project}/stacks", "GET", "/v1/p/stacks", True),
    ("orchestration", "GET", "/v1/*/stacks", "GET", "/v1/p/stacks/web", False),
    ("orchestration", "GET", "/v1/**", "GET", "/v1/p/stacks/web", True),
    ("orchestration", "GET", "/v1/*/stacks", "POST", "/v1/p/stacks", False),
    ("compute", "GET", "/v1/**", "GET", "/v1/p/stacks", False),
    ("orchestration", "GET", "/v1/p.stacks", "GET", "/v1/p/stacks", False),
]


@pytest.mark.parametrize(("service", "method", "path", "called", "address", "allowed"), RULES)
def test_access_rules_bind_a_token(
    service: str, method: str, path: str, called: str, address: str, allowed: bool
) -> None:
    token = {
        "user": {"id": "u", "name": "n", "domain": {"id": "d", "name": "D"}},
        "project": {"id": "p", "name": "P", "domain": {"id": "d", "name": "D"}},
        "expires_at": "2026-01-01T00:00:00.000000Z",
        "application_credential": {"access_rules": [{"service": service, "method": method, "path": path}]},
    }
    caller = tokens.caller_from_wire("t", {"token": token})
    assert caller.may_call("orchestration", called, address) is allowed
    token["application_credential"] = {"id": "without rules"}
    assert tokens.caller_from_wire("t", {"token": token}).may_call("orchestration", called, address)
