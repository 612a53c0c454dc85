"""The event stream on the wire: its form, who may have it, how it goes on and how it ends."""

import json
from typing import Any

import aiohttp
import pytest

from hearth.api import event_stream

TEMPLATE = {"heat_template_version": "2021-04-16", "resources": {"a": {"type": "OS::Heat::RandomString"}}}


async def created(demo, name: str = "streamed") -> dict[str, Any]:
    status, body, _ = await demo.call("POST", "stacks", {"stack_name": name, "template": TEMPLATE})
    assert status == 201
    return body["stack"]


def opened(demo, stack, name: str = "streamed", query: str = "", **headers: str):
    url = f"{demo.base}/v1/{demo.tenant}/stacks/{name}/{stack['id']}/events/stream{query}"
    sent = {"X-Auth-Token": demo.token, **{key.replace("_", "-"): value for key, value in headers.items()}}
    return demo.http.get(url, headers=sent, timeout=aiohttp.ClientTimeout(total=20))


async def messages(answer, until: str) -> list[dict[str, str]]:
    """Fields of the messages of a stream, up to one whose data hold a text, or the end."""
    found: list[dict[str, str]] = []
    message: dict[str, str] = {}
    async for line in answer.content:
        text = line.decode().rstrip("\n")
        name, _, value = text.partition(": ")
        if text and name:
            message[name] = value
        elif not text and message:
            if "data" in message:
                found.append(message)
                if until in message["data"]:
                    return found
            message = {}
    return found


async def test_events_are_messages_in_the_form_of_the_list(demo):
    stack = await created(demo)
    async with opened(demo, stack) as answer:
        assert answer.status == 200
        assert answer.content_type == "text/event-stream"
        assert answer.headers["Cache-Control"] == "no-cache, no-transform"
        assert answer.headers["X-OpenStack-Request-ID"].startswith("req-")
        assert (await answer.content.readline()).startswith(b"retry: ")
        found = await messages(answer, "Stack CREATE completed")
    _, listed, _ = await demo.call("GET", f"stacks/streamed/{stack['id']}/events?sort_dir=asc")
    assert [one["id"] for one in found] == [one["id"] for one in listed["events"]]
    told = [json.loads(one["data"]) for one in found]
    assert [one.pop("resource_type") for one in told] == [
        "OS::Heat::Stack",
        "OS::Heat::RandomString",
        "OS::Heat::RandomString",
        "OS::Heat::Stack",
    ]
    assert told == listed["events"]


@pytest.mark.parametrize("how", ["header", "query"])
async def test_a_client_goes_on_after_the_last_message_it_had(demo, how):
    stack = await created(demo)
    async with opened(demo, stack) as answer:
        found = await messages(answer, "Stack CREATE completed")
    seen = found[1]["id"]
    again = opened(demo, stack, Last_Event_ID=seen) if how == "header" else opened(demo, stack, query=f"?marker={seen}")
    async with again as answer:
        assert await messages(answer, "Stack CREATE completed") == found[2:]


async def test_the_end_of_the_stack_ends_the_stream_and_nothing_comes_after(demo):
    stack = await created(demo)
    async with opened(demo, stack) as answer:
        await messages(answer, "Stack CREATE completed")
        await demo.call("DELETE", f"stacks/streamed/{stack['id']}")
        rest = await messages(answer, "nothing holds this")
    assert rest[-1] == {"event": "end", "data": '{"reason":"deleted"}'}
    async with opened(demo, stack, Last_Event_ID=rest[-2]["id"]) as answer:
        assert answer.status == 204


@pytest.mark.parametrize("options", [{"keystone_authtoken": {"token_cache_time": -1}}])
async def test_a_stream_ends_with_the_token(demo, hearth, monkeypatch):
    monkeypatch.setattr(event_stream, "HEARTBEAT", 0.05)
    stack = await created(demo)
    async with opened(demo, stack) as answer:
        await messages(answer, "Stack CREATE completed")
        headers = {"X-Auth-Token": demo.token, "X-Subject-Token": demo.token}
        async with demo.http.delete(f"{hearth}/identity/v3/auth/tokens", headers=headers) as revoked:
            assert revoked.status == 204
        assert await messages(answer, "nothing holds this") == [{"event": "end", "data": '{"reason":"token"}'}]


@pytest.mark.parametrize(
    ("query", "headers", "status", "kind"),
    [
        ("?nested_depth=deep", {}, 400, "HTTPBadRequest"),
        ("?replay=perhaps", {}, 400, "HTTPBadRequest"),
        ("", {"X_Auth_Token": "bad"}, 401, "HTTPUnauthorized"),
    ],
)
async def test_what_is_refused_is_refused_before_the_stream_begins(demo, query, headers, status, kind):
    stack = await created(demo)
    async with opened(demo, stack, query=query, **headers) as answer:
        assert answer.status == status
        assert (await answer.json())["error"]["type"] == kind


async def test_no_other_project_may_follow(demo, stranger):
    stack = await created(demo)
    status, body, _ = await stranger.call("GET", f"/v1/{demo.tenant}/stacks/streamed/{stack['id']}/events/stream")
    assert (status, body["error"]["type"]) == (403, "HTTPForbidden")
    status, body, _ = await stranger.call("GET", f"stacks/streamed/{stack['id']}/events/stream")
    assert (status, body["error"]["type"]) == (404, "EntityNotFound")
