"""Pauses, protection and locks over HTTP: the extension actions, who may do what, what a stack shows."""

import asyncio
import re
from typing import Any

import pytest

TEMPLATE = {"heat_template_version": "2018-08-31", "resources": {"a": {"type": "OS::Heat::RandomString"}}}
WAITING = {
    "heat_template_version": "2018-08-31",
    "resources": {
        "handle": {"type": "AWS::CloudFormation::WaitConditionHandle"},
        "wait": {
            "type": "OS::Heat::WaitCondition",
            "properties": {"handle": {"get_resource": "handle"}, "timeout": 600},
        },
    },
}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


async def created(demo: Any, template: Any = TEMPLATE, wanted: str = "CREATE_COMPLETE", **more: Any) -> str:
    status, body, _ = await demo.call("POST", "stacks", {"stack_name": "web", "template": template, **more})
    assert status == 201, body
    path = f"stacks/web/{body['stack']['id']}"
    async with asyncio.timeout(20):
        while (await shown(demo, path))["stack_status"] != wanted:  # noqa: ASYNC110 - the state is in the store
            await asyncio.sleep(0.02)
    return path


async def shown(client: Any, path: str) -> Any:
    return (await client.call("GET", path))[1]["stack"]


async def act(client: Any, path: str, name: str, given: Any = None) -> tuple[int, Any]:
    status, body, _ = await client.call("POST", f"{path}/actions", {name: given})
    return status, body


async def test_a_pause_is_shown_and_lifted(demo: Any) -> None:
    path = await created(demo, WAITING, "CREATE_IN_PROGRESS")
    assert await act(demo, path, "pause", {"reason": "tea"}) == (200, None)
    paused = (await shown(demo, path))["paused"]
    assert (paused["by"], paused["reason"]) == ("demo", "tea")
    assert TIME.fullmatch(paused["since"])
    _, listed, _ = await demo.call("GET", "stacks")
    assert listed["stacks"][0]["paused"] == paused
    assert await act(demo, path, "unpause") == (200, None)
    assert "paused" not in await shown(demo, path)
    status, body = await act(demo, path, "unpause")
    assert (status, body["error"]["type"]) == (400, "NotSupported")


async def test_protection_is_refused_with_the_way_out(demo: Any) -> None:
    path = await created(demo, deletion_protection=True)
    for method, at in (("DELETE", path), ("DELETE", f"stacks/{path.rpartition('/')[2]}")):
        status, body, headers = await demo.call(method, at)
        if status == 302:
            status, body, _ = await demo.call(method, headers["Location"].removeprefix(demo.base))
        assert (status, body["error"]["type"]) == (403, "StackProtected")
        assert "hearth stack unprotect web" in body["error"]["message"]
    assert await act(demo, path, "unprotect") == (200, None)
    assert (await demo.call("DELETE", path))[0] == 204


async def test_a_lock_is_for_its_owner_and_for_administrators_by_force(demo: Any, admin: Any) -> None:
    path = await created(demo)
    assert await act(demo, path, "lock", {"reason": "migration", "seconds": 60}) == (200, None)
    locked = (await shown(demo, path))["locked"]
    assert (locked["by"], locked["reason"]) == ("demo", "migration")
    assert TIME.fullmatch(locked["until"])
    there = f"/v1/{demo.tenant}/{path}"
    status, body, _ = await admin.call("POST", f"{there}/actions", {"check": None})
    assert (status, body["error"]["type"]) == (409, "StackLocked")
    assert "locked by demo until" in body["error"]["message"]
    assert (await act(demo, path, "unlock", {"force": True}))[0] == 403
    assert (await admin.call("POST", f"{there}/actions", {"unlock": {"force": True}}))[0] == 200
    assert "locked" not in await shown(demo, path)


@pytest.mark.parametrize(
    ("action", "given", "said"),
    [
        ("pause", {"why": "x"}, "Unknown in pause: why. Known: reason."),
        ("unpause", {"reason": "x"}, "It takes nothing."),
        ("lock", "soon", "text was given, null or an object is needed"),
        ("lock", {"seconds": "soon"}, "seconds: 'soon' is not a whole number"),
        ("lock", {"seconds": 0}, "from 1 to 2592000"),
        ("lock", {"reason": "x" * 1001}, "1000 are allowed"),
        ("lock", {"reason": 5}, "reason: a number was given"),
        ("unlock", {"force": "maybe"}, "force: 'maybe'"),
    ],
)
async def test_bad_requests_for_holds_are_told(demo: Any, action: str, given: Any, said: str) -> None:
    path = await created(demo)
    status, body = await act(demo, path, action, given)
    assert status == 400
    assert said in body["error"]["message"]
