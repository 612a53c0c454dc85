"""Going on with what failed, deletions that leave something behind, and orphans, over HTTP."""

import asyncio
from typing import Any

import pytest

TEMPLATE = {
    "heat_template_version": "2018-08-31",
    "resources": {"net": {"type": "OS::Neutron::Net"}, "other": {"type": "OS::Neutron::Net"}},
}


async def fault(demo: Any, **rule: Any) -> None:
    base = demo.base.removesuffix("/orchestration")
    async with demo.http.request("DELETE", f"{base}/admin/faults") as answer:
        assert answer.status == 204
    if rule:
        async with demo.http.post(f"{base}/admin/faults", json=rule) as answer:
            assert answer.status == 201


async def created(demo: Any, wanted: str = "CREATE_COMPLETE") -> str:
    status, body, _ = await demo.call("POST", "stacks", {"stack_name": "web", "template": TEMPLATE})
    assert status == 201, body
    path = f"stacks/web/{body['stack']['id']}"
    await until(demo, path, wanted)
    return path


async def until(demo: Any, path: str, wanted: str) -> Any:
    async with asyncio.timeout(20):
        while True:
            shown = (await demo.call("GET", path))[1]["stack"]
            if shown["stack_status"] == wanted:
                return shown
            assert shown["stack_status"].endswith("IN_PROGRESS"), shown
            await asyncio.sleep(0.05)


async def test_a_failed_creation_is_retried(demo: Any) -> None:
    await fault(demo, service="neutron", method="POST", path="/networks", status=403, count=1)
    path = await created(demo, "CREATE_FAILED")
    assert (await demo.call("POST", f"{path}/actions", {"retry": None}))[0] == 200
    await until(demo, path, "CREATE_COMPLETE")
    status, body, _ = await demo.call("POST", f"{path}/actions", {"retry": {}})
    assert (status, body["error"]["type"]) == (400, "NotSupported")


async def test_a_deletion_that_fails_goes_on_by_force_and_its_orphan_is_deleted_later(demo: Any) -> None:
    path = await created(demo)
    await fault(demo, service="neutron", method="DELETE", path="/networks", status=403)
    assert (await demo.call("DELETE", f"{path}?retain=net"))[0] == 204
    await until(demo, path, "DELETE_FAILED")
    assert (await demo.call("POST", f"{path}/actions", {"continue": {"force": ["other"]}}))[0] == 200
    await until(demo, path, "DELETE_COMPLETE")
    _, body, _ = await demo.call("GET", "orphans")
    found = {one["resource_path"]: one for one in body["orphans"]}
    assert {path: one["cause"] for path, one in found.items()} == {"net": "retained", "other": "forced"}
    assert found["net"]["orphaned_time"].endswith("Z")
    status, body, _ = await demo.call("DELETE", f"orphans/{found['net']['id']}/object")
    assert (status, body["error"]["type"]) == (409, "OrphanNotDeletable")
    await fault(demo)
    assert (await demo.call("DELETE", f"orphans/{found['net']['id']}/object"))[0] == 204
    assert (await demo.call("DELETE", f"orphans/{found['other']['id']}"))[0] == 204
    assert (await demo.call("GET", "orphans"))[1] == {"orphans": []}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"retry": {"skip": ["net"]}}, "Unknown in retry: skip"),
        ({"continue": {"drop": ["net"]}}, "Unknown in continue: drop. Known: skip, retain, force."),
        ({"continue": {"skip": "net"}}, "skip: text was given"),
        ({"continue": ["net"]}, "continue: a list was given"),
    ],
)
async def test_wrong_bodies_are_told(demo: Any, body: Any, told: str) -> None:
    path = await created(demo)
    status, answer, _ = await demo.call("POST", f"{path}/actions", body)
    assert status == 400
    assert told in answer["error"]["message"]


async def test_unknown_names_and_orphans_are_refused(demo: Any) -> None:
    path = await created(demo)
    status, body, _ = await demo.call("DELETE", f"{path}?retain=nett")
    assert (status, "Did you mean 'net'?" in body["error"]["message"]) == (400, True)
    assert (await demo.call("DELETE", f"{path}?force=maybe"))[0] == 400
    assert (await demo.call("DELETE", "orphans/none"))[0] == 404
    assert (await demo.call("DELETE", "orphans/none/object"))[0] == 404


async def test_orphans_of_all_projects_are_for_administrators(demo: Any, admin: Any) -> None:
    path = await created(demo)
    assert (await demo.call("DELETE", f"{path}?retain=net"))[0] == 204
    await until(demo, path, "DELETE_COMPLETE")
    assert (await admin.call("GET", "orphans"))[1] == {"orphans": []}
    assert len((await admin.call("GET", "orphans?global_tenant=true"))[1]["orphans"]) == 1
    assert (await demo.call("GET", "orphans?global_tenant=true"))[0] == 403
