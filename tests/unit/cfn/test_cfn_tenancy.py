"""Every action of the query API, and signals by URL, as those who may not: nothing is read, changed or signalled."""

import dataclasses
import json
from typing import Any
from urllib.parse import quote, urlsplit

import cfn_callers
import pytest
from cfn_callers import pair_of, stack_user_of, stranger_of

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


async def asked(pair: cfn_callers.Pair, action: str, **params: str) -> tuple[int, str]:
    """Status and text of an action's answer."""
    return await pair.act(action, **{**NEEDED.get(action, {}), **params})


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
            status, said = await asked(pair, action, **more)
            assert SECRET not in said, action
            if action not in OF_NO_STACK:
                assert (status, "<Code>InvalidParameterValue</Code>" in said) == (400, True), (action, name, said)
    assert (await asked(pair, "DescribeStackResources", PhysicalResourceId=thing))[0] == 400
    assert await state(hearth, path) == before


async def test_a_stacks_user_asks_for_its_own_resource_alone(hearth: Any) -> None:
    path = await hearth.create(TEMPLATE)
    before = await state(hearth, path)
    user = await stack_user_of(hearth, json.loads((await hearth.outputs(path))["mine"]))
    pair = await pair_of(user)
    for action in actions.ACTIONS:
        for name in spellings(hearth, path):
            status, said = await asked(pair, action, StackName=name)
            assert (status, "<Code>AccessDenied</Code>" in said) == (403, True), (action, name, said)
    for name in spellings(hearth, path):
        status, said = await asked(pair, "DescribeStackResource", StackName=name, LogicalResourceId="mine")
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
        status, said = await asked(pair, action, StackName="fresh" if action == "CreateStack" else "web")
        changes = action in ("CreateStack", "UpdateStack", "DeleteStack", "CancelUpdateStack")
        assert (status == 403, "<Code>AccessDenied</Code>" in said) == (changes, changes), (action, status, said)
    assert await state(hearth, path) == before


@pytest.mark.parametrize("how", ["unsigned", "wrongly signed", "of no key pair", "with a key pair that is gone"])
async def test_without_a_good_signature_no_action_is_done(hearth: Any, how: str) -> None:
    path = await hearth.create(TEMPLATE)
    before = await state(hearth, path)
    pair = await pair_of(hearth)
    if how == "with a key pair that is gone":
        assert (await asked(pair, "ListStacks"))[0] == 200, "Keystone is asked again, whatever was good before"
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
                status, said = await asked(pair, action, StackName=name)
            assert (status, SECRET in str(said)) in ((403, False), (400, False)), (action, name, said)
            assert "Code>" in str(said)
    for step, method in (("waitcondition", "PUT"), ("signal", "POST")):
        arn = f"arn:openstack:heat::{hearth.project}:{path.removeprefix('/')}/resources/url"
        address = f"/cloudformation/v1/{step}/{arn}"
        url = f"{hearth.url}{quote(address)}" if how == "unsigned" else pair.signed(method, address, {})
        status, said = await hearth.send(method, url, json={"status": "SUCCESS"})
        assert status in (400, 403), (step, said)
    assert await state(hearth, path) == before
