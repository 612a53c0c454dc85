"""Plans over HTTP: made, kept, shown, applied, refused, dropped."""

import asyncio

import msgspec
import pytest

from hearth.model.plan_document import PlanDocument
from hearth.store.codec import digest, encode


def template(value):
    thing = {"type": "OS::Heat::TestResource", "properties": {"value": value}}
    return {"heat_template_version": "2018-08-31", "resources": {"thing": thing}}


async def settled(demo, stack):
    async with asyncio.timeout(20):
        while True:
            _, answer, _ = await demo.call("GET", f"stacks/{stack}")
            if not answer["stack"]["stack_status"].endswith("IN_PROGRESS"):
                return answer["stack"]["stack_status"]
            await asyncio.sleep(0.02)


async def made(demo, name="web"):
    _, answer, _ = await demo.call("POST", "stacks", {"stack_name": name, "template": template("1")})
    stack = f"{name}/{answer['stack']['id']}"
    assert await settled(demo, stack) == "CREATE_COMPLETE"
    return stack


async def test_a_plan_of_a_new_stack_is_kept_shown_and_applied(demo):
    status, answer, _ = await demo.call("POST", "plans", {"stack_name": "web", "template": template("1")})
    assert status == 201
    plan = answer["plan"]
    document = msgspec.convert(plan["document"], PlanDocument, strict=True)
    assert (document.summary.create, document.critical_path) == (1, ["create thing"])
    # The digest is of the document's JSON with its keys in order and nothing between.
    assert plan["digest"] == digest(encode(plan["document"]))
    _, listed, _ = await demo.call("GET", "plans?stack=web")
    assert [one["id"] for one in listed["plans"]] == [plan["id"]]
    status, shown, _ = await demo.call("GET", f"plans/{plan['id']}")
    assert (status, shown["plan"]) == (200, plan)
    status, answer, headers = await demo.call("POST", f"plans/{plan['id']}/apply", {"digest": plan["digest"]})
    assert (status, answer["stack"]["stack_name"]) == (202, "web")
    assert headers["Location"].endswith(f"/stacks/web/{plan['stack_id']}")
    assert await settled(demo, f"web/{plan['stack_id']}") == "CREATE_COMPLETE"
    status, answer, _ = await demo.call("POST", f"plans/{plan['id']}/apply")
    assert (status, answer["error"]["type"]) == (409, "PlanUnusable")


async def test_an_outdated_plan_is_refused_with_what_has_moved(demo):
    stack = await made(demo)
    _, answer, _ = await demo.call("POST", f"stacks/{stack}/plans", {"template": template("2")})
    plan = answer["plan"]
    await demo.call("PATCH", f"stacks/{stack}/resources/thing", {"mark_unhealthy": True})
    status, answer, _ = await demo.call("POST", f"plans/{plan['id']}/apply")
    assert (status, answer["error"]["type"]) == (409, "PlanOutdated")
    assert answer["error"]["moved"] == ["resource thing: it was CREATE_COMPLETE, is CHECK_FAILED"]


async def test_a_plan_need_not_be_kept(demo):
    stack = await made(demo)
    for body, change in (
        ({"template": template("2")}, "update"),
        ({"existing": True}, "keep"),
        ({"action": "delete"}, "delete"),
    ):
        status, answer, _ = await demo.call("POST", f"stacks/{stack}/plans?keep=false", body)
        assert status == 200
        assert list(answer["plan"]) == ["document"]
        assert [one["change"] for one in answer["plan"]["document"]["stack"]["resources"]] == [change]
    assert (await demo.call("GET", "plans"))[1] == {"plans": []}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("POST", "plans", {"template": template("1")}, 400, "stack_name is missing"),
        ("POST", "stacks/{stack}/plans", {"action": "grow"}, 400, "action: 'grow'"),
        ("POST", "stacks/{stack}/plans", {}, 400, "No template"),
        ("POST", "stacks/{stack}/plans?keep=maybe", {"action": "delete"}, 400, "keep"),
        ("POST", "stacks/web/nothing/plans", {"action": "delete"}, 404, "web"),
        ("GET", "plans/nothing", None, 404, "The Plan (nothing) could not be found."),
        ("DELETE", "plans/nothing", None, 404, "nothing"),
        ("POST", "plans/nothing/apply", None, 404, "nothing"),
        ("PUT", "plans", {}, 405, "PUT"),
    ],
)
async def test_wrong_requests(demo, method, path, body, status, said):
    stack = await made(demo)
    got, answer, _ = await demo.call(method, path.format(stack=stack), body)
    assert got == status
    assert said in answer["error"]["message"]


async def test_plans_of_others_are_not_there(demo, admin):
    stack = await made(demo)
    _, answer, _ = await demo.call("POST", f"stacks/{stack}/plans", {"action": "delete"})
    plan_id = answer["plan"]["id"]
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/apply")):
        status, _, _ = await admin.call(method, f"plans/{plan_id}{path}")
        assert status == 404
    status, _, _ = await demo.call("DELETE", f"plans/{plan_id}")
    assert status == 204


async def test_a_name_that_stands_for_something_else_makes_a_plan_outdated(hearth, demo):
    async def network(method, path, body=None):
        headers = {"X-Auth-Token": demo.token}
        async with demo.http.request(method, f"{hearth}/network/v2.0/{path}", json=body, headers=headers) as answer:
            assert answer.status < 300, await answer.text()
            return (await answer.json())["network"]["id"] if answer.status != 204 else ""

    first = await network("POST", "networks", {"network": {"name": "here"}})
    subnet = {"type": "OS::Neutron::Subnet", "properties": {"network": "here", "cidr": "10.1.2.0/24"}}
    wanted = {"heat_template_version": "2018-08-31", "resources": {"subnet": subnet}}
    _, answer, _ = await demo.call("POST", "plans", {"stack_name": "web", "template": wanted})
    await network("DELETE", f"networks/{first}")
    second = await network("POST", "networks", {"network": {"name": "here"}})
    status, refused, _ = await demo.call("POST", f"plans/{answer['plan']['id']}/apply")
    assert status == 409
    assert refused["error"]["moved"] == [f"network here was {first}, is {second}"]
