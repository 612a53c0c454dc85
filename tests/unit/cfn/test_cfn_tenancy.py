"""Every action of the query API, and signals by URL, as those who may not: nothing is read, changed or signalled."""

import base64
import dataclasses
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from hearth.cfn import actions

SECRET = "c4n4ry"
TEMPLATE = {
    "heat_template_version": "2018-08-31",
    "description": SECRET,
    "resources": {
        "mine": {"type": "OS::Heat::WaitConditionHandle", "properties": {"signal_transport": "HEAT_SIGNAL"}},
        "url": {"type": "OS::Heat::WaitConditionHandle", "properties": {"signal_transport": "CFN_SIGNAL"}},
        "object": {"type": "OS::Heat::WaitConditionHandle", "properties": {"signal_transport": "TEMP_URL_SIGNAL"}},
        "thing": {
            "type": "OS::Heat::TestResource",
            "properties": {"value": SECRET},
            "metadata": {"word": SECRET},
        },
    },
    "outputs": {name: {"value": {"get_attr": [name, "signal"]}} for name in ("mine", "url", "object")},
}
BODY = json.dumps({"heat_template_version": "2018-08-31", "resources": {"v": {"type": "OS::Heat::TestResource"}}})
#: What an action needs besides the stack.
NEEDED = {
    "CreateStack": {"StackName": "fresh", "TemplateBody": BODY},
    "UpdateStack": {"TemplateBody": BODY},
    "ValidateTemplate": {"TemplateBody": BODY},
    "DescribeStackResource": {"LogicalResourceId": "thing"},
}
#: Actions that are about no stack in particular, or all of one's own.
OF_NO_STACK = ("ListStacks", "CreateStack", "ValidateTemplate", "EstimateTemplateCost")


@dataclasses.dataclass(frozen=True)
class Pair:
    """A key pair, to ask with."""

    hearth: Any
    access: str
    secret: str

    def signed(self, method: str, path: str, params: Mapping[str, str]) -> str:
        """The address of a request, signed by version 2."""
        given = {
            **params,
            "AWSAccessKeyId": self.access,
            "SignatureMethod": "HmacSHA256",
            "SignatureVersion": "2",
        }
        query = "&".join(f"{name}={quote(given[name], safe='-_~.')}" for name in sorted(given))
        text = "\n".join((method, urlsplit(self.hearth.url).netloc, path, query))
        digest = hmac.new(self.secret.encode(), text.encode(), hashlib.sha256).digest()
        spelled = quote(path, safe="/")
        return f"{self.hearth.url}{spelled}?{query}&Signature={quote(base64.b64encode(digest).decode(), safe='')}"

    async def act(self, action: str, **params: str) -> tuple[int, str]:
        """Status and text of an action's answer."""
        url = self.signed("GET", "/cloudformation/v1/", {"Action": action, **NEEDED.get(action, {}), **params})
        status, said = await self.hearth.send("GET", url)
        return status, str(said)


async def pair_of(hearth: Any) -> Pair:
    """A key pair of whoever is logged in."""
    path = f"/users/{hearth.user}/credentials/OS-EC2"
    status, made = await hearth.identity("POST", path, {"tenant_id": hearth.project})
    assert status == 201, made
    return Pair(hearth, made["credential"]["access"], made["credential"]["secret"])


async def stranger_of(hearth: Any) -> Any:
    """A member of a project of its own."""
    admin = await hearth.log_in("admin")
    _, project = await admin.identity("POST", "/projects", {"project": {"name": "stranger"}})
    _, user = await admin.identity("POST", "/users", {"user": {"name": "stranger", "password": "secret"}})
    _, roles = await admin.identity("GET", "/roles?name=member")
    granted = f"/projects/{project['project']['id']}/users/{user['user']['id']}/roles/{roles['roles'][0]['id']}"
    assert (await admin.identity("PUT", granted))[0] == 204
    return await hearth.log_in("stranger")


async def stack_user_of(hearth: Any, told: Mapping[str, str]) -> Any:
    """The user of a wait handle, in the project of the stack's users."""
    identity = {"methods": ["password"], "password": {"user": {"id": told["user_id"], "password": told["password"]}}}
    body = {"auth": {"identity": identity, "scope": {"project": {"id": told["project_id"]}}}}
    async with hearth.http.post(f"{hearth.url}/identity/v3/auth/tokens", json=body) as answer:
        assert answer.status == 201
        token = answer.headers["X-Subject-Token"]
    return dataclasses.replace(hearth, token=token, project=told["project_id"], user=told["user_id"])


async def state(hearth: Any, path: str) -> Any:
    own = ["", "/resources?with_detail=true", "/events", "/template"]
    own += [f"/resources/{name}/metadata" for name in TEMPLATE["resources"]]  # type: ignore[attr-defined]
    return {one: (await hearth.api("GET", path + one))[1] for one in own}


def spellings(hearth: Any, path: str) -> list[str]:
    """All ways to name a stack."""
    return ["web", path.rpartition("/")[2], f"arn:openstack:heat::{hearth.project}:{path.removeprefix('/')}"]


async def test_another_project_gets_nothing_by_any_action(hearth: Any) -> None:
    path = await hearth.create(TEMPLATE)
    thing = (await hearth.api("GET", f"{path}/resources/thing"))[1]["resource"]["physical_resource_id"]
    before = await state(hearth, path)
    pair = await pair_of(await stranger_of(hearth))
    for action in actions.ACTIONS:
        for name in spellings(hearth, path):
            # A creation of that name in one's own project says nothing about other projects.
            more = {} if action == "CreateStack" else {"StackName": name}
            status, said = await pair.act(action, **more)
            assert SECRET not in said, action
            if action not in OF_NO_STACK:
                assert (status, "<Code>InvalidParameterValue</Code>" in said) == (400, True), (action, name, said)
    assert (await pair.act("DescribeStackResources", PhysicalResourceId=thing))[0] == 400
    assert await state(hearth, path) == before


async def test_a_stacks_user_asks_for_its_own_resource_alone(hearth: Any) -> None:
    path = await hearth.create(TEMPLATE)
    before = await state(hearth, path)
    user = await stack_user_of(hearth, json.loads((await hearth.outputs(path))["mine"]))
    pair = await pair_of(user)
    for action in actions.ACTIONS:
        for name in spellings(hearth, path):
            status, said = await pair.act(action, StackName=name)
            assert (status, "<Code>AccessDenied</Code>" in said) == (403, True), (action, name, said)
    for name in spellings(hearth, path):
        status, said = await pair.act("DescribeStackResource", StackName=name, LogicalResourceId="mine")
        assert (status, SECRET in said) == (200, False), said
    assert await state(hearth, path) == before


async def test_a_good_signature_signals_no_resource_but_its_users(hearth: Any) -> None:
    path = await hearth.create(TEMPLATE)
    second = await hearth.create(TEMPLATE, "second")
    before = await state(hearth, path), await state(hearth, second)
    stranger = await pair_of(await stranger_of(hearth))
    user = await pair_of(await stack_user_of(hearth, json.loads((await hearth.outputs(path))["mine"])))
    for step, method in (("waitcondition", "PUT"), ("signal", "POST")):
        for where in (path, second):
            for name in ("mine", "url", "thing"):
                if (where, name) == (path, "mine"):
                    continue  # its own
                arn = f"arn:openstack:heat::{hearth.project}:{where.removeprefix('/')}/resources/{name}"
                for pair in (stranger, user):
                    url = pair.signed(method, f"/cloudformation/v1/{step}/{arn}", {})
                    status, said = await hearth.send(method, url, json={"status": "SUCCESS"})
                    assert status in (400, 403), (step, where, name, said)
                    assert SECRET not in str(said)
    assert (await state(hearth, path), await state(hearth, second)) == before


async def test_a_url_signals_no_resource_of_that_name_in_another_stack(hearth: Any) -> None:
    first, second = await hearth.create(TEMPLATE), await hearth.create(TEMPLATE, "second")
    before = await state(hearth, second)
    url = json.loads((await hearth.outputs(first))["url"])["alarm_url"]
    there = url.replace(f"stacks/web/{first.rpartition('/')[2]}", second.removeprefix("/"))
    assert there != url
    assert (await hearth.send("PUT", there, json={}))[0] == 403
    assert await state(hearth, second) == before
    assert (await hearth.send("PUT", url, json={}))[0] == 200


@pytest.mark.parametrize("method", ["GET", "DELETE", "POST"])
async def test_a_temporary_url_stores_one_object_and_does_nothing_else(hearth: Any, method: str) -> None:
    path = await hearth.create(TEMPLATE)
    second = await hearth.create(TEMPLATE, "second")
    url, other = [json.loads((await hearth.outputs(one))["object"])["alarm_url"] for one in (path, second)]
    assert (await hearth.send(method, url))[0] == 401
    swapped = urlsplit(other)._replace(query=urlsplit(url).query).geturl()
    assert (await hearth.send("PUT", swapped, data=b"{}"))[0] == 401
    assert (await hearth.send("PUT", url, data=b"{}"))[0] == 201


@pytest.mark.parametrize("configuration", ["[oslo_policy]\nenforce_new_defaults = true\n"])
async def test_a_reader_changes_nothing_by_any_action(hearth: Any) -> None:
    path = await hearth.create(TEMPLATE)
    before = await state(hearth, path)
    admin = await hearth.log_in("admin")
    _, user = await admin.identity("POST", "/users", {"user": {"name": "reader", "password": "secret"}})
    _, roles = await admin.identity("GET", "/roles?name=reader")
    granted = f"/projects/{hearth.project}/users/{user['user']['id']}/roles/{roles['roles'][0]['id']}"
    assert (await admin.identity("PUT", granted))[0] == 204
    pair = await pair_of(await hearth.log_in("reader", "demo"))
    for action in actions.ACTIONS:
        status, said = await pair.act(action, StackName="fresh" if action == "CreateStack" else "web")
        changes = action in ("CreateStack", "UpdateStack", "DeleteStack", "CancelUpdateStack")
        assert (status == 403, "<Code>AccessDenied</Code>" in said) == (changes, changes), (action, status, said)
    assert await state(hearth, path) == before


@pytest.mark.parametrize("how", ["unsigned", "wrongly signed", "of no key pair", "with a key pair that is gone"])
async def test_without_a_good_signature_no_action_is_done(hearth: Any, how: str) -> None:
    path = await hearth.create(TEMPLATE)
    before = await state(hearth, path)
    pair = await pair_of(hearth)
    if how == "with a key pair that is gone":
        assert (await pair.act("ListStacks"))[0] == 200, "Keystone is asked again, whatever was good before"
        status, _ = await hearth.identity("DELETE", f"/users/{hearth.user}/credentials/OS-EC2/{pair.access}")
        assert status == 204
    elif how == "wrongly signed":
        pair = dataclasses.replace(pair, secret="another")
    elif how == "of no key pair":
        pair = dataclasses.replace(pair, access="0" * 32)
    for action in actions.ACTIONS:
        for name in spellings(hearth, path):
            if how == "unsigned":
                query = "&".join(f"{key}={quote(value)}" for key, value in NEEDED.get(action, {}).items())
                url = f"{hearth.url}/cloudformation/v1/?Action={action}&StackName={quote(name)}&{query}"
                status, said = await hearth.send("GET", url)
            else:
                status, said = await pair.act(action, StackName=name)
            assert (status, SECRET in str(said)) in ((403, False), (400, False)), (action, name, said)
            assert "Code>" in str(said)
    for step, method in (("waitcondition", "PUT"), ("signal", "POST")):
        arn = f"arn:openstack:heat::{hearth.project}:{path.removeprefix('/')}/resources/url"
        address = f"/cloudformation/v1/{step}/{arn}"
        url = f"{hearth.url}{quote(address)}" if how == "unsigned" else pair.signed(method, address, {})
        status, said = await hearth.send(method, url, json={"status": "SUCCESS"})
        assert status in (400, 403), (step, said)
    assert await state(hearth, path) == before
