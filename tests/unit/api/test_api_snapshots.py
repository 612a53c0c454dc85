"""Snapshots, and what an operator has to allow first, over HTTP."""

import asyncio
from typing import Any

TEMPLATE = {
    "heat_template_version": "2018-08-31",
    "resources": {"a": {"type": "OS::Heat::RandomString"}},
}
FIELDS = {"id", "name", "action", "status", "status_reason", "data", "creation_time"}


async def created(demo: Any) -> str:
    status, body, _ = await demo.call("POST", "stacks", {"stack_name": "web", "template": TEMPLATE})
    assert status == 201, body
    path = f"stacks/web/{body['stack']['id']}"
    await until(demo, path, "CREATE_COMPLETE")
    return path


async def until(demo: Any, path: str, wanted: str) -> None:
    async with asyncio.timeout(20):
        while (await demo.call("GET", path))[1]["stack"]["stack_status"] != wanted:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_a_snapshot_from_its_beginning_to_its_end(demo: Any) -> None:
    path = await created(demo)
    status, taken, _ = await demo.call("POST", f"{path}/snapshots", {"name": "one"})
    assert (status, set(taken), taken["name"], taken["status"]) == (200, FIELDS, "one", "IN_PROGRESS")
    await until(demo, path, "SNAPSHOT_COMPLETE")
    _, listed, _ = await demo.call("GET", f"{path}/snapshots")
    assert [(one["id"], one["status"]) for one in listed["snapshots"]] == [(taken["id"], "COMPLETE")]
    snapshot = f"{path}/snapshots/{taken['id']}"
    status, shown, _ = await demo.call("GET", snapshot)
    assert status == 200
    assert shown["snapshot"]["creation_time"].endswith("Z")
    assert shown["snapshot"]["data"]["resources"]["a"]["status"] == "COMPLETE"
    status, _, _ = await demo.call("POST", f"{snapshot}/restore")
    assert status == 202
    await until(demo, path, "RESTORE_COMPLETE")
    status, _, _ = await demo.call("DELETE", snapshot)
    assert status == 204
    async with asyncio.timeout(10):
        while (await demo.call("GET", snapshot))[0] != 404:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_bad_requests_about_snapshots_are_told(demo: Any) -> None:
    path = await created(demo)
    assert (await demo.call("POST", f"{path}/snapshots"))[0] == 400
    assert (await demo.call("POST", f"{path}/snapshots", {"name": "x" * 256}))[0] == 400
    for method, at in (("GET", "none"), ("DELETE", "none"), ("POST", "none/restore")):
        status, body, _ = await demo.call(method, f"{path}/snapshots/{at}")
        assert (status, body["error"]["type"]) == (404, "NotFound")


async def test_abandon_export_and_adopt_are_refused_unless_the_operator_allows_them(demo: Any) -> None:
    path = await created(demo)
    for method, at in (("DELETE", "abandon"), ("GET", "export")):
        status, body, _ = await demo.call(method, f"{path}/{at}")
        assert (status, body["error"]["type"]) == (400, "NotSupported")
    status, body, _ = await demo.call("POST", "stacks", {"stack_name": "taken", "adopt_stack_data": "{}"})
    assert status == 400
    assert body["error"]["message"].startswith("Stack Adopt is not supported. ")
    assert "enable_stack_adopt" in body["error"]["message"]
