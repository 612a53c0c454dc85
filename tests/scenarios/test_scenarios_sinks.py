"""The events of a stack are brought to the queues that its environment names."""

import asyncio
import json

import aiohttp
import pytest
from living import LOOK_AGAIN, running, signed_in

from hearth.engine import rounds, sinking
from hearth.resources.zaqar import client

NESTED = {
    "heat_template_version": "2021-04-16",
    "resources": {
        "group": {
            "type": "OS::Heat::ResourceGroup",
            "properties": {"count": 2, "resource_def": {"type": "OS::Heat::RandomString"}},
        }
    },
}
SINKS = {"event_sinks": [{"type": "zaqar-queue", "target": "told", "ttl": 600}]}


@pytest.fixture
async def living(tmp_path, monkeypatch):
    monkeypatch.setattr(rounds, "SWEEP", 0.05)
    async with running(tmp_path) as url, signed_in(url, "demo") as one:
        one.url = url
        yield one


async def asked(living, method, path, body=None, **params):
    answer = await living.cloud.request(
        "messaging", method, f"/v2/queues/{path}", json=body, params=params, headers=client.HEADERS
    )
    return answer.body


async def make_queue(living):
    await asked(living, "PUT", "told", {})


async def messages_until(living, wanted):
    """What has arrived, up to a state of the stack; messages are taken out of the queue."""
    found = []
    async with asyncio.timeout(20):
        while True:
            some = await asked(living, "DELETE", "told/messages", pop=20)
            found += [one["body"] for one in some["messages"]]
            if any(state(one) == wanted for one in found if one["payload"]["resource_name"] == "web"):
                return found
            await asyncio.sleep(LOOK_AGAIN)


async def faults(living, method, rule=None, one=""):
    """What goes wrong in the messaging service from now on; DELETE: nothing any more, or not that one."""
    async with (
        aiohttp.ClientSession() as http,
        http.request(
            method, f"{living.url}/admin/faults/{one}".rstrip("/"), json=rule and {"service": "zaqar", **rule}
        ) as answer,
    ):
        assert answer.status < 300, await answer.text()
        return json.loads(await answer.text() or "null")


def state(message):
    return f"{message['payload']['resource_action']}_{message['payload']['resource_status']}"


async def test_events_of_the_whole_tree_arrive_once_and_in_order(living):
    await make_queue(living)
    stack = await living.create("web", NESTED, environment=SINKS)
    found = await messages_until(living, "CREATE_COMPLETE")
    listed = (await living.api("GET", f"{stack.path}/events", nested_depth=2, sort_dir="asc"))["events"]
    assert [one["id"] for one in found] == [one["id"] for one in listed]
    assert {one["payload"]["resource_name"] for one in found} >= {"web", "group", "0", "1"}
    assert (found[0]["type"], found[0]["version"], state(found[0])) == ("os.heat.event", "0.1", "CREATE_IN_PROGRESS")

    await stack.delete()
    found = await messages_until(living, "DELETE_COMPLETE")
    assert state(found[-1]) == "DELETE_COMPLETE"


async def test_events_wait_for_a_queue_that_is_not_there_yet(living):
    await living.create("web", NESTED, environment=SINKS)
    await make_queue(living)
    assert state((await messages_until(living, "CREATE_COMPLETE"))[-1]) == "CREATE_COMPLETE"


async def test_the_last_events_of_a_deleted_stack_arrive_behind_those_of_others(living, monkeypatch):
    monkeypatch.setattr(sinking, "_AT_ONCE", 1)
    monkeypatch.setattr(sinking, "LONGEST_PAUSE", 0.01)
    monkeypatch.setattr(sinking, "TRIES", 100_000)
    await living.create("other", NESTED, environment=SINKS)
    stack = await living.create("web", NESTED, environment=SINKS)
    await stack.delete()
    await make_queue(living)
    assert state((await messages_until(living, "DELETE_COMPLETE"))[-1]) == "DELETE_COMPLETE"


async def test_a_queue_that_never_answers_keeps_no_other_waiting(living, monkeypatch):
    monkeypatch.setattr(sinking, "PATIENCE", 0.2)
    await living.cloud.request("messaging", "PUT", "/v2/queues/stuck", json={}, headers=client.HEADERS)
    await make_queue(living)
    await faults(living, "POST", {"path": "/queues/stuck", "silent": True})
    try:
        for name in ("before", "behind"):
            stuck = {"event_sinks": [{"type": "zaqar-queue", "target": "stuck"}]}
            await living.create(name, NESTED, environment=stuck)
        stack = await living.create("web", NESTED, environment=SINKS)
        await messages_until(living, "CREATE_COMPLETE")
        await stack.update(tags="new")
        await messages_until(living, "UPDATE_COMPLETE")
    finally:
        await faults(living, "DELETE")


async def test_what_has_arrived_before_a_refusal_is_not_brought_again(living, monkeypatch):
    monkeypatch.setattr(sinking, "_PAGE", 1)
    monkeypatch.setattr(sinking, "LONGEST_PAUSE", 0.1)
    monkeypatch.setattr(sinking, "TRIES", 100_000)
    told = {"path": "/queues/told/messages", "method": "POST"}
    closed = await faults(living, "POST", {**told, "status": 400})
    stack = await living.create("web", NESTED, environment=SINKS)
    await faults(living, "POST", {**told, "count": 3})  # so many are let through
    await faults(living, "POST", {**told, "count": 1, "status": 400})
    await faults(living, "DELETE", one=closed["fault"]["id"])
    await make_queue(living)
    found = await messages_until(living, "CREATE_COMPLETE")
    listed = (await living.api("GET", f"{stack.path}/events", nested_depth=2, sort_dir="asc"))["events"]
    assert [one["id"] for one in found] == [one["id"] for one in listed]


async def test_only_what_follows_is_brought_to_a_sink_that_an_update_adds_and_nothing_once_one_takes_it_away(living):
    await make_queue(living)
    stack = await living.create("web", NESTED)
    await stack.update(environment=SINKS)
    found = await messages_until(living, "UPDATE_COMPLETE")
    assert not any(state(one).startswith("CREATE") for one in found)

    await living.api("PUT", stack.path, {"template": NESTED})
    await stack.until("UPDATE_COMPLETE")
    await living.create("another", NESTED, environment=SINKS)
    async with asyncio.timeout(20):
        found = []
        while not any(one["body"]["payload"]["stack_id"] not in stack.path for one in found):
            found += (await asked(living, "DELETE", "told/messages", pop=20))["messages"]
            await asyncio.sleep(LOOK_AGAIN)
    assert not any(one["body"]["payload"]["resource_name"] == "web" for one in found)


@pytest.mark.parametrize(
    ("sink", "told"),
    [
        ({"type": "zaqar-queue"}, "needs a target"),
        ({"type": "zaqar-queue", "target": "q", "ttl": "long"}, "'long'"),
        ({"type": "pigeon", "target": "q"}, "'pigeon'"),
    ],
)
async def test_what_is_no_sink_is_refused(living, sink, told):
    with pytest.raises(Exception, match=told):
        await living.begin("web", NESTED, environment={"event_sinks": [sink]})
