"""As whom stacks act after the request: what is made in Keystone, that it is taken back, and what it survives."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

NETWORK = {"heat_template_version": "2018-08-31", "resources": {"net": {"type": "OS::Neutron::Net"}}}
METHODS = ("trusts", "application_credentials")


@pytest.fixture(params=METHODS)
def method(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def options(method: str) -> Mapping[str, Any]:
    return {"DEFAULT": {"deferred_auth_method": method}}


async def keystone(client: Any, method: str, path: str, body: Any = None, token: str | None = None) -> tuple[int, Any]:
    url = f"{client.base.removesuffix('/orchestration')}/identity/v3{path}"
    headers = {"X-Auth-Token": token or client.token}
    async with client.http.request(method, url, json=body, headers=headers) as answer:
        return answer.status, await answer.json() if answer.status not in (204,) else None


async def settled(client: Any, path: str) -> str:
    async with asyncio.timeout(30):
        while True:
            _, answer, _ = await client.call("GET", path)
            if not answer["stack"]["stack_status"].endswith("IN_PROGRESS"):
                return str(answer["stack"]["stack_status"])
            await asyncio.sleep(0.02)


async def made(client: Any, name: str = "web") -> str:
    status, answer, _ = await client.call("POST", "stacks", {"stack_name": name, "template": NETWORK})
    assert status == 201, answer
    path = f"stacks/{name}/{answer['stack']['id']}"
    assert await settled(client, path) == "CREATE_COMPLETE"
    return path


async def user_id(client: Any) -> str:
    url = f"{client.base.removesuffix('/orchestration')}/identity/v3/auth/tokens"
    headers = {"X-Auth-Token": client.token, "X-Subject-Token": client.token}
    async with client.http.get(url, headers=headers) as answer:
        return str((await answer.json())["token"]["user"]["id"])


async def delegated(client: Any, admin: Any, method: str) -> list[Any]:
    """What a user has delegated."""
    id = await user_id(client)
    if method == "trusts":
        return list((await keystone(admin, "GET", f"/OS-TRUST/trusts?trustor_user_id={id}"))[1]["trusts"])
    found = await keystone(client, "GET", f"/users/{id}/application_credentials")
    return list(found[1]["application_credentials"])


async def test_a_stack_has_one_delegation_until_it_is_gone(demo: Any, admin: Any, method: str) -> None:
    path = await made(demo)
    (one,) = await delegated(demo, admin, method)
    assert one["project_id"] == demo.tenant
    if method == "application_credentials":
        assert (one["unrestricted"] or False, one["expires_at"]) == (False, None)
        assert {role["name"] for role in one["roles"]} >= {"member"}
    await demo.call("PATCH", path, {"tags": "again"})
    assert await settled(demo, path) == "UPDATE_COMPLETE"
    assert [each["id"] for each in await delegated(demo, admin, method)] == [one["id"]]
    assert (await demo.call("DELETE", path))[0] == 204
    assert await settled(demo, path) == "DELETE_COMPLETE"
    assert await delegated(demo, admin, method) == []


async def test_work_goes_on_when_the_users_token_has_ended(demo: Any, admin: Any, method: str) -> None:
    path = await made(demo)
    await demo.call("DELETE", path)
    headers_token = demo.token
    url = f"{demo.base.removesuffix('/orchestration')}/identity/v3/auth/tokens"
    async with demo.http.delete(url, headers={"X-Auth-Token": admin.token, "X-Subject-Token": headers_token}):
        pass
    there = f"{demo.base}/v1/{demo.tenant}/{path}"
    async with asyncio.timeout(30):
        while True:
            async with admin.http.get(there, headers={"X-Auth-Token": admin.token}) as answer:
                if (await answer.json())["stack"]["stack_status"] == "DELETE_COMPLETE":
                    break
            await asyncio.sleep(0.02)


async def test_who_changes_a_stack_takes_its_authority_over(demo: Any, member: Any, admin: Any, method: str) -> None:
    path = await made(demo)
    assert (await member.call("PATCH", path, {"tags": "mine"}))[0] == 202
    assert await settled(member, path) == "UPDATE_COMPLETE"
    assert await delegated(demo, admin, method) == []
    assert len(await delegated(member, admin, method)) == 1


async def test_a_stack_survives_its_user(demo: Any, member: Any, admin: Any, method: str) -> None:
    path = await made(member)
    assert (await keystone(admin, "DELETE", f"/users/{await user_id(member)}"))[0] == 204
    assert (await demo.call("PATCH", path, {"tags": "orphaned"}))[0] == 202
    assert await settled(demo, path) == "UPDATE_COMPLETE"
    assert (await demo.call("DELETE", path))[0] == 204
    assert await settled(demo, path) == "DELETE_COMPLETE"
    assert await delegated(demo, admin, method) == []


async def test_a_delegation_that_has_ended_is_told_with_the_next_step(
    demo: Any, member: Any, admin: Any, method: str
) -> None:
    path = await made(member)
    assert (await keystone(admin, "DELETE", f"/users/{await user_id(member)}"))[0] == 204
    # An administrator of another project delegates nothing for the stack.
    more = {**NETWORK, "resources": {**NETWORK["resources"], "second": {"type": "OS::Neutron::Net"}}}
    assert (await admin.call("PUT", f"/v1/{demo.tenant}/{path}", {"template": more}))[0] == 202
    assert await settled(demo, path) == "UPDATE_FAILED"
    reason = (await demo.call("GET", path))[1]["stack"]["stack_status_reason"]
    assert "may have been removed" in reason
    assert "update or delete the stack" in reason
    assert (await demo.call("PUT", path, {"template": more}))[0] == 202
    assert await settled(demo, path) == "UPDATE_COMPLETE"


async def test_an_administrator_elsewhere_takes_nothing_over(demo: Any, admin: Any, method: str) -> None:
    path = await made(demo)
    url = f"/v1/{demo.tenant}/{path}"
    assert (await admin.call("PATCH", url, {"tags": "tidied"}))[0] == 202
    assert await settled(demo, path) == "UPDATE_COMPLETE"
    assert len(await delegated(demo, admin, method)) == 1
    assert await delegated(admin, admin, method) == []


async def test_a_token_that_may_not_delegate_is_refused(demo: Any, method: str) -> None:
    id = await user_id(demo)
    given = await keystone(
        demo, "POST", f"/users/{id}/application_credentials", {"application_credential": {"name": "n", "secret": "s"}}
    )
    identity = {
        "methods": ["application_credential"],
        "application_credential": {"id": given[1]["application_credential"]["id"], "secret": "s"},
    }
    url = f"{demo.base.removesuffix('/orchestration')}/identity/v3/auth/tokens"
    async with demo.http.post(url, json={"auth": {"identity": identity}}) as answer:
        token = answer.headers["X-Subject-Token"]
    status, body, _ = await demo.call("POST", "stacks", {"stack_name": "w", "template": NETWORK}, X_Auth_Token=token)
    assert status == 403
    assert "application credential that is unrestricted" in body["error"]["message"]
    assert (await demo.call("GET", "stacks"))[1] == {"stacks": []}


async def token_by_trust(giver: Any, admin: Any, trustee: str) -> tuple[str, str]:
    """The id of a trust that may not be passed on, and a token by it."""
    found = await keystone(admin, "GET", f"/users?name={trustee}")
    wanted = {
        "trustor_user_id": await user_id(giver),
        "trustee_user_id": found[1]["users"][0]["id"],
        "project_id": giver.tenant,
        "impersonation": True,
        "roles": [{"name": "member"}],
    }
    _, answer = await keystone(giver, "POST", "/OS-TRUST/trusts", {"trust": wanted})
    identity = {
        "methods": ["password"],
        "password": {"user": {"name": trustee, "domain": {"name": "Default"}, "password": "secret"}},
    }
    scope = {"OS-TRUST:trust": {"id": answer["trust"]["id"]}}
    url = f"{giver.base.removesuffix('/orchestration')}/identity/v3/auth/tokens"
    async with giver.http.post(url, json={"auth": {"identity": identity, "scope": scope}}) as signed_in:
        return answer["trust"]["id"], signed_in.headers["X-Subject-Token"]


async def test_a_trust_given_to_this_service_is_used_where_it_may_not_be_passed_on(demo: Any, admin: Any) -> None:
    """A stack in another region asks so: the other service is called by the trust that it has itself."""
    trust_id, token = await token_by_trust(demo, admin, "heat")
    status, answer, _ = await demo.call("POST", "stacks", {"stack_name": "w", "template": NETWORK}, X_Auth_Token=token)
    assert status == 201, answer
    path = f"stacks/w/{answer['stack']['id']}"
    assert await settled(demo, path) == "CREATE_COMPLETE"
    assert [one["id"] for one in await delegated(demo, admin, "trusts")] == [trust_id]
    assert (await demo.call("DELETE", path))[0] == 204
    assert await settled(demo, path) == "DELETE_COMPLETE"
    # It is not the stack's, and who gave it may still need it.
    assert [one["id"] for one in await delegated(demo, admin, "trusts")] == [trust_id]


@pytest.mark.parametrize("method", ["trusts"], indirect=True)
async def test_a_trust_given_to_somebody_else_is_no_authority(demo: Any, admin: Any) -> None:
    _, token = await token_by_trust(demo, admin, "admin")
    status, _, _ = await demo.call("POST", "stacks", {"stack_name": "w", "template": NETWORK}, X_Auth_Token=token)
    assert status == 403
    assert (await demo.call("GET", "stacks"))[1] == {"stacks": []}


async def test_roles_that_keystone_does_not_keep_are_named_with_the_next_step(demo: Any, method: str) -> None:
    # What a real Keystone answers to a user whose roles come by a group of an identity provider.
    path, refusal = {
        "trusts": ("/OS-TRUST/trusts", {"status": 404, "message": "Could not find role: 1f2e."}),
        "application_credentials": (
            f"/users/{await user_id(demo)}/application_credentials",
            {"status": 400, "message": "Invalid application credential: Could not find role assignment."},
        ),
    }[method]
    url = f"{demo.base.removesuffix('/orchestration')}/admin/faults"
    async with demo.http.post(url, json={"service": "keystone", "method": "POST", "path": path, **refusal}) as answer:
        assert answer.status == 201, await answer.text()
    status, answer, _ = await demo.call("POST", "stacks", {"stack_name": "web", "template": NETWORK})
    assert (status, answer["error"]["type"]) == (403, "Forbidden"), answer
    for words in ("member", "Could not find role", "openstack role add", "--authorization-ttl"):
        assert words in answer["error"]["message"]
    assert (await demo.call("GET", "stacks"))[1]["stacks"] == []
