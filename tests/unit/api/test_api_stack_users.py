"""The life of a stack's users, as the administrator of their domain sees it: lazily made, and nothing left behind."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

HANDLE = {"type": "OS::Heat::WaitConditionHandle", "properties": {"signal_transport": "HEAT_SIGNAL"}}
SIGNED = {"type": "OS::Heat::WaitConditionHandle", "properties": {"signal_transport": "CFN_SIGNAL"}}
GROUP = {
    "type": "OS::Heat::AutoScalingGroup",
    "properties": {"min_size": 1, "max_size": 3, "resource": {"type": "OS::Heat::RandomString"}},
}
POLICY = {
    "type": "OS::Heat::ScalingPolicy",
    "properties": {
        "auto_scaling_group_id": {"get_resource": "group"},
        "adjustment_type": "change_in_capacity",
        "scaling_adjustment": 1,
    },
}
BROKEN = {"type": "OS::Heat::TestResource", "properties": {"fail": True}}
ALL: Mapping[str, Any] = {"first": HANDLE, "second": SIGNED, "group": GROUP, "policy": POLICY}


def hot(resources: Mapping[str, Any]) -> Any:
    return {"heat_template_version": "2018-08-31", "resources": dict(resources)}


@pytest.fixture
def options() -> Mapping[str, Any]:
    return {"DEFAULT": {"enable_stack_abandon": True}}


class Domain:
    """The domain of stack users."""

    def __init__(self, admin: Any) -> None:
        self._admin = admin
        self._root = admin.base.removesuffix("/orchestration")

    async def _get(self, path: str, key: str) -> list[Any]:
        headers = {"X-Auth-Token": self._admin.token}
        async with self._admin.http.get(f"{self._root}/identity/v3{path}", headers=headers) as answer:
            assert answer.status == 200
            return list((await answer.json())[key])

    async def content(self) -> dict[str, list[str]]:
        """Names of users and projects, and who has key pairs."""
        (domain,) = await self._get("/domains?name=heat", "domains")
        users = await self._get(f"/users?domain_id={domain['id']}", "users")
        projects = await self._get(f"/projects?domain_id={domain['id']}", "projects")
        pairs = await self._get("/credentials?type=ec2", "credentials")
        known = {one["id"]: one["name"] for one in users}
        return {
            "users": sorted(name for name in known.values() if name != "heat_domain_admin"),
            "projects": sorted(one["name"] for one in projects),
            "pairs": sorted(known.get(one["user_id"], "nobody") for one in pairs),
        }

    async def fault(self, **rule: Any) -> None:
        async with self._admin.http.delete(f"{self._root}/admin/faults"):
            pass
        if rule:
            async with self._admin.http.post(
                f"{self._root}/admin/faults", json={"service": "keystone", **rule}
            ) as answer:
                assert answer.status == 201, await answer.text()


NOTHING: Mapping[str, list[str]] = {"users": [], "projects": [], "pairs": []}


@pytest.fixture
def domain(admin: Any) -> Domain:
    return Domain(admin)


async def settled(demo: Any, path: str) -> str:
    async with asyncio.timeout(30):
        while True:
            _, answer, _ = await demo.call("GET", path)
            if not answer["stack"]["stack_status"].endswith("IN_PROGRESS"):
                return str(answer["stack"]["stack_status"])
            await asyncio.sleep(0.02)


async def made(demo: Any, resources: Mapping[str, Any], **more: Any) -> tuple[str, str]:
    """A stack's path and the state it ends in."""
    status, answer, _ = await demo.call("POST", "stacks", {"stack_name": "web", "template": hot(resources), **more})
    assert status == 201, answer
    path = f"stacks/web/{answer['stack']['id']}"
    return path, await settled(demo, path)


async def changed(demo: Any, path: str, resources: Mapping[str, Any]) -> str:
    status, answer, _ = await demo.call("PUT", path, {"template": hot(resources)})
    assert status == 202, answer
    return await settled(demo, path)


async def gone(demo: Any, path: str) -> str:
    assert (await demo.call("DELETE", path))[0] == 204
    return await settled(demo, path)


async def test_a_stack_without_users_has_no_project(demo: Any, domain: Domain) -> None:
    _, state = await made(demo, {"thing": {"type": "OS::Heat::TestResource"}})
    assert (state, await domain.content()) == ("CREATE_COMPLETE", NOTHING)


async def test_users_come_and_go_with_their_resources_and_the_project_with_the_stack(demo: Any, domain: Domain) -> None:
    path, state = await made(demo, ALL)
    assert state == "CREATE_COMPLETE"
    full = await domain.content()
    stack_id = path.rpartition("/")[2]
    assert full["projects"] == [f"{demo.tenant}-{stack_id}"[:64]]
    assert [name.split("-")[1] for name in full["users"]] == ["first", "policy", "second"]
    assert [name.split("-")[1] for name in full["pairs"]] == ["policy", "second"]
    assert await changed(demo, path, {"first": HANDLE}) == "UPDATE_COMPLETE"
    less = await domain.content()
    assert [name.split("-")[1] for name in less["users"]] == ["first"]
    assert (less["pairs"], less["projects"]) == ([], full["projects"])
    assert await changed(demo, path, {"first": SIGNED}) == "UPDATE_COMPLETE"
    assert len((await domain.content())["users"]) == 1
    assert await gone(demo, path) == "DELETE_COMPLETE"
    assert await domain.content() == NOTHING


async def test_nested_stacks_share_the_project(demo: Any, domain: Domain) -> None:
    nested = {"type": "OS::Heat::ResourceGroup", "properties": {"count": 2, "resource_def": HANDLE}}
    path, state = await made(demo, {"inside": nested, "outside": HANDLE})
    assert state == "CREATE_COMPLETE"
    content = await domain.content()
    assert (len(content["projects"]), len(content["users"])) == (1, 3)
    assert await gone(demo, path) == "DELETE_COMPLETE"
    assert await domain.content() == NOTHING


async def test_a_creation_that_is_rolled_back_leaves_nobody(demo: Any, domain: Domain) -> None:
    broken = {**ALL, "broken": BROKEN | {"depends_on": ["first", "second", "policy"]}}
    path, state = await made(demo, broken, disable_rollback=False)
    assert state == "ROLLBACK_COMPLETE"
    assert (await domain.content())["users"] == []
    assert await gone(demo, path) == "DELETE_COMPLETE"
    assert await domain.content() == NOTHING


@pytest.mark.parametrize(
    "fault",
    [
        {"method": "POST", "path": "/credentials", "status": 403},
        {"method": "PUT", "path": "/roles/", "status": 403},
        {"method": "POST", "path": "/projects", "status": 403},
        {"method": "POST", "path": "/users", "status": 403},
    ],
)
async def test_a_creation_that_keystone_refuses_leaves_nobody_once_it_is_deleted(
    demo: Any, domain: Domain, fault: Mapping[str, Any]
) -> None:
    await domain.fault(**fault)
    path, state = await made(demo, {"second": SIGNED})
    assert state == "CREATE_FAILED"
    await domain.fault()
    assert await gone(demo, path) == "DELETE_COMPLETE"
    assert await domain.content() == NOTHING


@pytest.mark.parametrize("path_part", ["/users/", "/projects/"])
async def test_a_deletion_that_keystone_refuses_is_repeated(demo: Any, domain: Domain, path_part: str) -> None:
    path, _ = await made(demo, ALL)
    await domain.fault(method="DELETE", path=path_part, status=403)
    assert await gone(demo, path) == "DELETE_FAILED"
    assert (await domain.content())["projects"] != []
    await domain.fault()
    assert await gone(demo, path) == "DELETE_COMPLETE"
    assert await domain.content() == NOTHING


async def test_what_somebody_else_removed_is_no_trouble(demo: Any, admin: Any, domain: Domain) -> None:
    path, _ = await made(demo, ALL)
    root = admin.base.removesuffix("/orchestration")
    headers = {"X-Auth-Token": admin.token}
    for kind in ("users", "projects"):
        for name in (await domain.content())[kind]:
            async with admin.http.get(f"{root}/identity/v3/{kind}?name={name}", headers=headers) as answer:
                (one,) = (await answer.json())[kind]
            async with admin.http.delete(f"{root}/identity/v3/{kind}/{one['id']}", headers=headers) as answer:
                assert answer.status == 204
    assert await gone(demo, path) == "DELETE_COMPLETE"
    assert await domain.content() == NOTHING


async def test_an_abandoned_stack_keeps_its_users(demo: Any, domain: Domain) -> None:
    path, _ = await made(demo, ALL)
    before = await domain.content()
    assert (await demo.call("DELETE", f"{path}/abandon"))[0] == 200
    async with asyncio.timeout(30):
        while True:
            if not (await demo.call("GET", "stacks"))[1]["stacks"]:
                break
            await asyncio.sleep(0.02)
    assert await domain.content() == before
