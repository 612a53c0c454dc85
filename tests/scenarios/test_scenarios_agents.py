"""Agents in servers: each way of learning what is deployed, each way of answering, and what is left of them: nothing.

The agent is played by the tests, with the credentials that the server gets and nothing else.
"""

import asyncio
import base64
import contextlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from xml.etree import ElementTree

import aiohttp
import pytest
import pytest_asyncio
from living import LOOK_AGAIN, Living, Stack, running, signed_in

from hearth.cloud import errors

# One Hearth serves all stories, so they share its event loop.
pytestmark = pytest.mark.asyncio(loop_scope="module")

CLIENT = {"Client-ID": "3381af92-2b9e-11e3-b191-71861300734c"}
ANSWER = {"deploy_stdout": "hello", "deploy_stderr": "", "deploy_status_code": 0, "result": "done"}
WAYS = [
    ("POLL_SERVER_CFN", "CFN_SIGNAL"),
    ("POLL_SERVER_HEAT", "HEAT_SIGNAL"),
    ("POLL_TEMP_URL", "TEMP_URL_SIGNAL"),
    ("ZAQAR_MESSAGE", "ZAQAR_SIGNAL"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def living(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Living]:
    async with running(tmp_path_factory.mktemp("hearth")) as url, signed_in(url, "demo") as found:
        yield found


def server(transport: str, **properties: Any) -> dict[str, Any]:
    given = {"image": "cirros", "flavor": "m1.small", "user_data_format": "SOFTWARE_CONFIG"}
    return {
        "type": "OS::Nova::Server",
        "metadata": {"mine": {"a": 1}},
        "properties": {**given, "software_config_transport": transport, **properties},
    }


def machine(transport: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "OS::Heat::DeployedServer",
        "properties": {"software_config_transport": transport, **properties},
    }


def software(signal: str, who: str = "world", **properties: Any) -> dict[str, Any]:
    """A config and its deployment to the resource `server`."""
    return {
        "config": {
            "type": "OS::Heat::SoftwareConfig",
            "properties": {
                "group": "script",
                "config": "echo hello $who",
                "inputs": [{"name": "who"}],
                "outputs": [{"name": "result"}],
            },
        },
        "deployment": {
            "type": "OS::Heat::SoftwareDeployment",
            "properties": {
                "config": {"get_resource": "config"},
                "server": {"get_resource": "server"},
                "input_values": {"who": who},
                "signal_transport": signal,
                **properties,
            },
        },
    }


def template(resources: dict[str, Any], **outputs: Any) -> dict[str, Any]:
    return {
        "heat_template_version": "2018-08-31",
        "resources": resources,
        "outputs": {name: {"value": value} for name, value in outputs.items()},
    }


async def metadata(stack: Stack, name: str = "server") -> dict[str, Any]:
    """What the owner sees of a resource's metadata."""
    found: dict[str, Any] = (await stack.living.api("GET", f"{stack.path}/resources/{name}/metadata"))["metadata"]
    return found


async def fetch(method: str, url: str, **options: Any) -> str:
    """A request that nobody signs in for."""
    async with aiohttp.ClientSession() as client, client.request(method, url, **options) as answer:
        text = await answer.text()
        assert answer.status < 300, (answer.status, text)
        return text


class Agent:
    """Reads what a server is told, by the way that the server was told of."""

    def __init__(self, living: Living, told: dict[str, Any]) -> None:
        self._living = living
        self._told = told
        self._ways = {"cfn": self._cfn, "heat": self._heat, "request": self._request, "zaqar": self._zaqar}

    async def read(self) -> dict[str, Any] | None:
        """What is there to be read; None: nothing new."""
        (way,) = (one for one in self._told["collectors"] if one in self._ways)
        return await self._ways[way](self._told[way])

    async def until_told(self, good: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Read until it is what is waited for."""
        async with asyncio.timeout(20):
            while True:
                found = await self.read()
                if found is not None and good(found):
                    return found
                await asyncio.sleep(LOOK_AGAIN)

    async def deployment(self) -> dict[str, Any]:
        """The one deployment, as soon as it is there: the values of its inputs by name, and the config."""
        found = await self.until_told(lambda read: len(read["deployments"]) == 1)
        return means_of(found)

    async def _cfn(self, given: dict[str, Any]) -> dict[str, Any]:
        resource = given["path"].removesuffix(".Metadata")
        query = {
            "Action": "DescribeStackResource",
            "StackName": given["stack_name"],
            "LogicalResourceId": resource,
            "AWSAccessKeyId": given["access_key_id"],
            "SignatureMethod": "HmacSHA256",
            "SignatureVersion": "2",
        }
        text = await fetch("GET", signed(given["metadata_url"], query, given["secret_access_key"]))
        told: dict[str, Any] = json.loads(ElementTree.fromstring(text).findtext(".//Metadata") or "")
        return told

    async def _heat(self, given: dict[str, Any]) -> dict[str, Any]:
        me = await self._living.as_stack_user(given["user_id"], given["password"], given["project_id"])
        path = f"/stacks/{given['stack_id']}/resources/{given['resource_name']}/metadata"
        found: dict[str, Any] = (await me.get("orchestration", path)).body["metadata"]
        return found

    async def _request(self, given: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(await fetch("GET", given["metadata_url"]))
        return found

    async def _zaqar(self, given: dict[str, Any]) -> dict[str, Any] | None:
        me = await self._living.as_stack_user(given["user_id"], given["password"], given["project_id"])
        path = f"/v2/queues/{given['queue_id']}/messages"
        answer = await me.delete("messaging", path, params={"pop": 1}, headers=CLIENT)
        return answer.body["messages"][0]["body"] if answer.body["messages"] else None


def means_of(read: dict[str, Any]) -> dict[str, Any]:
    """The first deployment that was read: the values of its inputs by name, and the config."""
    config = read["deployments"][0]
    return {"config": config["config"], **{one["name"]: one.get("value") for one in config["inputs"]}}


def signed(url: str, query: dict[str, str], secret: str) -> str:
    """A request of the query API with a signature of version 2."""
    parts = urlsplit(url)
    canonical = urlencode(sorted(query.items()), quote_via=quote)
    text = "\n".join(("GET", parts.netloc, parts.path, canonical))
    signature = base64.b64encode(hmac.digest(secret.encode(), text.encode(), "sha256")).decode()
    return f"{url}?{canonical}&Signature={quote(signature, safe='')}"


async def answer(living: Living, means: dict[str, Any], body: Any = ANSWER) -> None:
    """Answer by the way that a deployment states."""
    transport = means["deploy_signal_transport"]
    if transport in ("CFN_SIGNAL", "TEMP_URL_SIGNAL"):
        await fetch(means["deploy_signal_verb"], means["deploy_signal_id"], data=json.dumps(body))
        return
    me = await living.as_stack_user(means["deploy_user_id"], means["deploy_password"], means["deploy_project_id"])
    if transport == "HEAT_SIGNAL":
        path = f"/stacks/{means['deploy_stack_id']}/resources/{means['deploy_resource_name']}/signal"
        await me.post("orchestration", path, json=body)
        return
    path = f"/v2/queues/{means['deploy_queue_id']}/messages"
    await me.post("messaging", path, json={"messages": [{"body": body, "ttl": 300}]}, headers=CLIENT)


async def told_of(stack: Stack, name: str = "server") -> dict[str, Any]:
    """What the server is told of its agent, as soon as the server is there."""
    async with asyncio.timeout(20):
        while True:
            with contextlib.suppress(errors.NotFound, KeyError):
                found: dict[str, Any] = (await metadata(stack, name))["os-collect-config"]
                return found
            await asyncio.sleep(LOOK_AGAIN)


async def left(living: Living) -> tuple[list[str], list[str]]:
    """Names of containers, and of users that stacks have made."""
    containers = (await living.cloud.get("object-store", "", params={"format": "json"})).body
    users = await living.domain_admin.get("identity", "/v3/users", params={"domain_id": living.domain_admin.domain_id})
    made = [one["name"] for one in users.body["users"] if one["name"] != "heat_domain_admin"]
    return [one["name"] for one in containers or ()], made


@pytest.mark.parametrize(("transport", "signal"), WAYS)
@pytest.mark.parametrize("kind", [server, machine])
async def test_an_agent_reads_and_answers(living: Living, kind: Any, transport: str, signal: str) -> None:
    resources = {"server": kind(transport), **software(signal)}
    outputs = {
        "result": {"get_attr": ["deployment", "result"]},
        "agent": {"get_attr": ["server", "os_collect_config"]},
    }
    stack = await living.begin("told", template(resources, **outputs))
    told = await told_of(stack)
    means = await Agent(living, told).deployment()
    assert (means["config"], means["who"]) == ("echo hello $who", "world")
    await answer(living, means)
    shown = await stack.until("CREATE_COMPLETE")
    values = {one["output_key"]: one["output_value"] for one in shown["outputs"]}
    assert values == {"result": "done", "agent": told}
    await stack.delete()
    assert await left(living) == ([], [])


@pytest.mark.parametrize(("transport", "signal"), WAYS)
async def test_each_change_waits_for_an_answer_of_its_own(living: Living, transport: str, signal: str) -> None:
    outputs = {"result": {"get_attr": ["deployment", "result"]}}
    stack = await living.begin("again", template({"server": machine(transport), **software(signal)}, **outputs))
    agent = Agent(living, await told_of(stack))
    means = await agent.deployment()
    await answer(living, means, {**ANSWER, "result": "first"})
    await stack.until("CREATE_COMPLETE")
    await answer(living, means, {**ANSWER, "result": "first once more"})  # as agents do that heard no reply
    changed = template({"server": machine(transport), **software(signal, who="moon")}, **outputs)
    await living.api("PATCH", stack.path, {"template": changed})
    read = await agent.until_told(lambda read: values_of(read, "who") == ["moon"])
    await answer(living, means_of(read), {**ANSWER, "result": "second"})
    shown = await stack.until("UPDATE_COMPLETE")
    assert [one["output_value"] for one in shown["outputs"]] == ["second"]
    await stack.delete()
    assert await left(living) == ([], [])


async def test_what_failed_in_the_server_fails_the_deployment(living: Living) -> None:
    stack = await living.begin("failing", template({"server": machine("POLL_SERVER_CFN"), **software("ZAQAR_SIGNAL")}))
    means = await Agent(living, await told_of(stack)).deployment()
    await answer(living, means, {**ANSWER, "deploy_status_code": 3})
    shown = await stack.until("CREATE_FAILED")
    assert "exit status 3" in shown["stack_status_reason"]
    await stack.delete()


@pytest.mark.parametrize("transport", ["POLL_TEMP_URL", "ZAQAR_MESSAGE"])
async def test_the_agent_is_told_of_every_change(living: Living, transport: str) -> None:
    """Another value, another deployment from outside any stack, and the end of each."""
    stack = await living.create("changing", template({"server": machine(transport), **software("NO_SIGNAL")}))
    agent = Agent(living, await told_of(stack))
    assert (await agent.deployment())["who"] == "world"
    await stack.update(template=template({"server": machine(transport), **software("NO_SIGNAL", who="moon")}))
    await agent.until_told(lambda read: values_of(read, "who") == ["moon"])

    config = (await living.api("POST", "/software_configs", {"name": "aside", "config": "true"}))["software_config"]
    body = {"config_id": config["id"], "server_id": await stack.physical_id("server")}
    made = (await living.api("POST", "/software_deployments", body))["software_deployment"]
    await agent.until_told(lambda read: "aside" in [one["name"] for one in read["deployments"]])
    await living.api("DELETE", f"/software_deployments/{made['id']}")
    await agent.until_told(lambda read: values_of(read, "who") == ["moon"])

    await stack.update(template=template({"server": machine(transport)}))
    await agent.until_told(lambda read: read["deployments"] == [])
    await stack.delete()
    assert await left(living) == ([], [])


def values_of(read: dict[str, Any], name: str) -> list[Any]:
    inputs = [one for config in read["deployments"] for one in config["inputs"]]
    return [one["value"] for one in inputs if one["name"] == name]


async def test_an_agent_is_led_from_one_way_to_another(living: Living) -> None:
    stack = await living.create("moving", template({"server": server("POLL_TEMP_URL")}))
    before, server_id = await told_of(stack), await stack.physical_id("server")
    await stack.update(template=template({"server": server("POLL_SERVER_HEAT")}))
    assert await stack.physical_id("server") == server_id
    now = await told_of(stack)
    assert now["collectors"] == ["ec2", "heat", "local"]
    assert now["request"] == {"metadata_url": None}, "what the server was started with counts no more"
    # The agent hears of it where it looked so far.
    read = await Agent(living, before).until_told(lambda read: "heat" in read["os-collect-config"])
    assert read["os-collect-config"] == now
    assert (await Agent(living, now).read()) == await metadata(stack)
    await stack.delete()
    assert await left(living) == ([], [])


async def test_servers_share_a_container(living: Living) -> None:
    one = machine("POLL_TEMP_URL", deployment_swift_data={"container": "shared", "object": "one"})
    other = machine("POLL_TEMP_URL", deployment_swift_data={"container": "shared", "object": "other"})
    stack = await living.create("sharing", template({"server": one, "other": {**other, "depends_on": "server"}}))
    for name, resource in (("one", "server"), ("other", "other")):
        told = await told_of(stack, resource)
        assert f"/shared/{name}?" in told["request"]["metadata_url"]
        assert await Agent(living, told).read() == await metadata(stack, resource)
    await stack.update(template=template({"server": one}))
    assert await Agent(living, await told_of(stack)).read() == await metadata(stack)
    await stack.delete()
    assert await left(living) == ([], [])


async def test_other_metadata_reaches_the_agent(living: Living) -> None:
    resources = {"server": server("POLL_TEMP_URL")}
    stack = await living.create("metadata", template(resources))
    agent = Agent(living, await told_of(stack))
    assert (await agent.read() or {})["mine"] == {"a": 1}
    resources["server"]["metadata"] = {"mine": {"a": 2}}
    await stack.update(template=template(resources))
    await agent.until_told(lambda read: read["mine"] == {"a": 2})
    await stack.delete()


async def test_an_agent_reaches_its_own_resource_only(living: Living) -> None:
    resources = {"server": machine("POLL_SERVER_HEAT"), "other": machine("POLL_SERVER_HEAT")}
    stack = await living.create("apart", template(resources))
    told = (await told_of(stack))["heat"]
    agent = Agent(living, {"collectors": ["heat"], "heat": {**told, "resource_name": "other"}})
    with pytest.raises(errors.Forbidden):
        await agent.read()
    me = await living.as_stack_user(told["user_id"], told["password"], told["project_id"])
    for method, path in (("GET", f"/stacks/{told['stack_id']}"), ("DELETE", f"/stacks/{told['stack_id']}")):
        with pytest.raises(errors.Forbidden):
            await me.request("orchestration", method, path)
    await stack.delete()


async def test_messages_count_once_each(living: Living) -> None:
    resources = {
        "handle": {"type": "OS::Heat::WaitConditionHandle", "properties": {"signal_transport": "ZAQAR_SIGNAL"}},
        "condition": {
            "type": "OS::Heat::WaitCondition",
            "properties": {"handle": {"get_resource": "handle"}, "count": 3, "timeout": 60},
        },
    }
    outputs = {"means": {"get_attr": ["handle", "signal"]}, "data": {"get_attr": ["condition", "data"]}}
    stack = await living.begin("counted", template(resources, **outputs))
    async with asyncio.timeout(20):
        while (means := await output(stack, "means")) is None:  # noqa: ASYNC110 - the handle is being made
            await asyncio.sleep(LOOK_AGAIN)
    means = json.loads(means)
    me = await living.as_stack_user(means["user_id"], means["password"], means["project_id"])
    path = f"/v2/queues/{means['queue_id']}/messages"
    for body in ({"data": "one"}, {"data": "two"}, {"id": "named", "data": "three"}):
        await me.post("messaging", path, json={"messages": [{"body": body, "ttl": 300}]}, headers=CLIENT)
    await stack.until("CREATE_COMPLETE")
    assert json.loads(await output(stack, "data")) == {"1": "one", "2": "two", "named": "three"}
    await stack.delete()
    assert await left(living) == ([], [])


async def output(stack: Stack, key: str) -> Any:
    shown = await stack.show()
    return {one["output_key"]: one["output_value"] for one in shown.get("outputs", ())}.get(key)


async def test_messages_go_where_a_template_says(living: Living) -> None:
    resources = {
        "queue": {"type": "OS::Zaqar::Queue", "properties": {"metadata": {"colour": "red"}}},
        "told": {
            "type": "OS::Zaqar::Subscription",
            "properties": {"queue_name": {"get_resource": "queue"}, "subscriber": "mailto:me@example.org"},
        },
        "signed": {
            "type": "OS::Zaqar::SignedQueueURL",
            "properties": {"queue": {"get_resource": "queue"}, "paths": ["messages"], "methods": ["GET", "POST"]},
        },
    }
    names = ("signature", "expires", "paths", "methods", "project")
    outputs = {name: {"get_attr": ["signed", name]} for name in names}
    outputs |= {"href": {"get_attr": ["queue", "href"]}, "name": {"get_resource": "queue"}}
    stack = await living.create("queues", template(resources, **outputs))
    given = {one["output_key"]: one["output_value"] for one in (await stack.show())["outputs"]}
    headers = {
        **CLIENT,
        "URL-Signature": given["signature"],
        "URL-Expires": given["expires"],
        "URL-Methods": ",".join(given["methods"]),
        "URL-Paths": ",".join(given["paths"]),
        "X-Project-ID": given["project"],
    }
    url = f"{given['href']}/messages"
    await fetch("POST", url, json={"messages": [{"body": "hello", "ttl": 300}]}, headers=headers)
    read = json.loads(await fetch("GET", f"{url}?echo=true", headers=headers))
    assert [one["body"] for one in read["messages"]] == ["hello"]

    resources["queue"]["properties"]["metadata"] = {"colour": "blue"}
    await stack.update(template=template(resources, **outputs))
    shown = await living.cloud.get("messaging", f"/v2/queues/{given['name']}", headers=CLIENT)
    assert shown.body["colour"] == "blue"
    await stack.delete()
    assert (await living.cloud.get("messaging", "/v2/queues", headers=CLIENT)).body["queues"] == []
