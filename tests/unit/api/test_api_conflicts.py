"""Requests that repeat or contradict one another, and names that nothing has: what clients know, and nothing twice."""

import asyncio
from typing import Any

import pytest
import yarl

NETWORK = {"heat_template_version": "2018-08-31", "resources": {"net": {"type": "OS::Neutron::Net"}}}
#: Its signal never comes, so it is in progress until somebody ends it.
WAITS = {
    "heat_template_version": "2018-08-31",
    "resources": {
        "handle": {"type": "OS::Heat::WaitConditionHandle"},
        "wait": {
            "type": "OS::Heat::WaitCondition",
            "properties": {"handle": {"get_resource": "handle"}, "timeout": 3000},
        },
    },
}


async def begun(client: Any, template: Any = NETWORK, name: str = "web") -> str:
    status, answer, _ = await client.call("POST", "stacks", {"stack_name": name, "template": template})
    assert status == 201, answer
    return f"stacks/{name}/{answer['stack']['id']}"


async def until(client: Any, path: str, wanted: str) -> None:
    async with asyncio.timeout(30):
        while (await client.call("GET", path))[1]["stack"]["stack_status"] != wanted:  # noqa: ASYNC110 - as users do
            await asyncio.sleep(0.02)


async def kinds(*requests: Any) -> list[tuple[int, str]]:
    """Status and error type of requests that come at once, the good ones first."""
    answers = await asyncio.gather(*requests)
    return sorted((status, body["error"]["type"] if status >= 400 else "") for status, body, _ in answers)


async def networks(client: Any) -> list[str]:
    url = f"{client.base.removesuffix('/orchestration')}/network/v2.0/networks"
    async with client.http.get(url, headers={"X-Auth-Token": client.token}) as answer:
        return [one["name"] for one in (await answer.json())["networks"] if one["project_id"] == client.tenant]


async def test_of_creations_of_one_name_at_once_one_is_done(demo: Any) -> None:
    before = await networks(demo)
    body = {"stack_name": "web", "template": NETWORK}
    found = await kinds(*(demo.call("POST", "stacks", body) for _ in range(5)))
    assert found == [(201, ""), *[(409, "StackExists")] * 4]
    _, listed, _ = await demo.call("GET", "stacks")
    (stack,) = listed["stacks"]
    await until(demo, f"stacks/web/{stack['id']}", "CREATE_COMPLETE")
    assert len(await networks(demo)) == len(before) + 1


async def test_a_deletion_ends_the_creation_it_comes_into(demo: Any) -> None:
    path = await begun(demo, WAITS)
    assert (await demo.call("GET", path))[1]["stack"]["stack_status"] == "CREATE_IN_PROGRESS"
    assert (await demo.call("DELETE", path))[0] == 204
    await until(demo, path, "DELETE_COMPLETE")
    assert (await demo.call("GET", "stacks"))[1]["stacks"] == []
    await begun(demo)  # the name is free


async def test_deletions_at_once_are_one_deletion(demo: Any) -> None:
    path = await begun(demo)
    await until(demo, path, "CREATE_COMPLETE")
    found = await kinds(*(demo.call("DELETE", path) for _ in range(5)))
    assert set(found) <= {(204, ""), (404, "EntityNotFound")}
    assert found[0] == (204, "")
    await until(demo, path, "DELETE_COMPLETE")
    assert (await demo.call("DELETE", path))[0] == 404


@pytest.mark.parametrize(
    ("method", "part", "body"),
    [
        ("PUT", "", {"template": NETWORK}),
        ("PATCH", "", {"tags": "again"}),
        ("PATCH", "/preview", {"tags": "again"}),
        ("POST", "/actions", {"suspend": None}),
        ("POST", "/actions", {"cancel_update": None}),
        ("POST", "/snapshots", {"name": "late"}),
        ("POST", "/resources/net/signal", {"status": "SUCCESS"}),
        ("PATCH", "/resources/net", {"mark_unhealthy": True}),
        ("DELETE", "", None),
    ],
)
async def test_a_deleted_stack_is_changed_no_more(demo: Any, method: str, part: str, body: Any) -> None:
    path = await begun(demo)
    await until(demo, path, "CREATE_COMPLETE")
    assert (await demo.call("DELETE", path))[0] == 204
    await until(demo, path, "DELETE_COMPLETE")
    before, networks_before = (await demo.call("GET", path))[1], await networks(demo)
    status, answer, _ = await demo.call(method, path + part, body)
    assert (status, answer["error"]["type"]) in ((404, "EntityNotFound"), (404, "ResourceNotFound")), answer
    assert (await demo.call("GET", path))[1] == before
    assert await networks(demo) == networks_before


async def test_a_stack_under_deletion_takes_no_update(demo: Any) -> None:
    path = await begun(demo, WAITS)
    requests = [demo.call("DELETE", path), demo.call("PUT", path, {"template": WAITS})]
    await asyncio.gather(*requests)
    await until(demo, path, "DELETE_COMPLETE")
    assert (await demo.call("GET", "stacks"))[1]["stacks"] == []


@pytest.mark.parametrize("name", ["a/b", "über", "1st", "", "a b", "x" * 256, "a\u0000b", 7, None, ["a"]])
async def test_names_that_no_stack_may_have(demo: Any, name: Any) -> None:
    status, answer, _ = await demo.call("POST", "stacks", {"stack_name": name, "template": NETWORK})
    assert (status, answer["error"]["type"]) in ((400, "StackValidationFailed"), (400, "HTTPBadRequest")), answer
    assert (await demo.call("GET", "stacks"))[1]["stacks"] == []


@pytest.mark.parametrize("part", ["a%2Fb", "%2e%2e", "%E2%98%83", "%00", "%FF", "..%2F..%2Fv1", "x" * 2000])
async def test_addresses_of_names_that_no_stack_may_have(demo: Any, part: str) -> None:
    for method, path in (("GET", f"stacks/{part}"), ("DELETE", f"stacks/{part}/{part}"), ("GET", f"stacks/{part}/x")):
        url = f"{demo.base}/v1/{demo.tenant}/{path}"
        async with demo.http.request(
            method, yarl.URL(url, encoded=True), headers={"X-Auth-Token": demo.token}, allow_redirects=False
        ) as answer:
            assert answer.status == 404, (method, path, await answer.text())
