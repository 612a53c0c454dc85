"""What users decide about drift, and what the next update makes of it: through the REST API, on the embedded cloud."""

import pathlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from living import Living, Stack, running, signed_in

from hearth.cloud import errors

# One Hearth serves all tests, so they share its event loop.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hearth_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async with running(tmp_path_factory.mktemp("hearth")) as url:
        yield url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def living(hearth_url: str) -> AsyncIterator[Living]:
    async with signed_in(hearth_url, "demo") as user:
        yield user


def net(name: str = "wanted", **properties: Any) -> dict[str, Any]:
    return {"type": "OS::Neutron::Net", "properties": {"name": name, **properties}}


def template(**resources: Any) -> dict[str, Any]:
    return {"heat_template_version": "2018-08-31", "resources": resources}


def target(resource: str, name: str | None = None) -> dict[str, str]:
    return {"resource": resource} | ({"property": name} if name else {})


async def change(living: Living, network_id: str, **fields: Any) -> None:
    """Change a network behind Hearth's back."""
    await living.cloud.request("network", "PUT", f"/v2.0/networks/{network_id}", json={"network": fields})


async def live(living: Living, network_id: str) -> dict[str, Any]:
    return (await living.cloud.request("network", "GET", f"/v2.0/networks/{network_id}")).body["network"]  # type: ignore[no-any-return]


async def drifted(living: Living, name: str) -> tuple[Stack, str]:
    """A stack whose network was renamed and switched off."""
    stack = await living.create(name, template(net=net()))
    network_id = await stack.physical_id("net")
    await change(living, network_id, name="other", admin_state_up=False)
    seen = await stack.look()
    assert seen.differences("net") == {"name": ("wanted", "other"), "admin_state_up": (True, False)}
    return stack, network_id


async def test_an_update_leaves_drift_alone_unless_it_is_asked_for(living: Living) -> None:
    stack, network_id = await drifted(living, "alone")
    assert (await stack.plan())["net"]["verdict"] == "keep"
    await stack.update()
    assert (await live(living, network_id))["name"] == "other"
    assert (await stack.drift()).differences("net").keys() == {"name", "admin_state_up"}
    await stack.delete()


async def test_what_is_decided_to_be_reverted_is_put_back_by_the_next_update(living: Living) -> None:
    stack, network_id = await drifted(living, "reverted")
    seen = await stack.look(revert=[target("net", "name")])
    marked = {one["property"]: one["revert"] for one in seen.resources["net"]["properties"]}
    assert marked == {"name": True, "admin_state_up": False}
    planned = (await stack.plan())["net"]
    assert planned["reason"] == "name drifted: expected 'wanted', is 'other'"
    assert planned["properties"] == {"name": {"before": "other", "after": "wanted"}}
    await stack.update()
    shown = await live(living, network_id)
    assert (shown["name"], shown["admin_state_up"]) == ("wanted", False)
    assert (await stack.look()).differences("net").keys() == {"admin_state_up"}
    assert (await stack.plan())["net"]["verdict"] == "keep", "the decision was for one update"
    await stack.delete()


async def test_accepted_values_stay_until_the_template_says_something_else(living: Living) -> None:
    stack, network_id = await drifted(living, "accepted")
    seen = await stack.look(accept=[target("net", "name")], revert_all=True)
    assert seen.resources["net"]["accepted"] == [{"property": "name", "template": "wanted", "accepted": "other"}]
    assert seen.differences("net").keys() == {"admin_state_up"}
    planned = (await stack.plan(converge=True))["net"]
    assert planned["reason"] == (
        "admin_state_up drifted: expected True, is False; name stays 'other' as accepted, the template says 'wanted'"
    )
    await stack.update(converge=True)
    shown = await live(living, network_id)
    assert (shown["name"], shown["admin_state_up"]) == ("other", True)
    assert not (await stack.look()).drifted
    await change(living, network_id, name="third")
    assert (await stack.look()).differences("net") == {"name": ("other", "third")}
    await stack.update(template=template(net=net("fourth")))
    assert (await live(living, network_id))["name"] == "fourth"
    assert (await stack.look()).resources["net"]["accepted"] == []
    await stack.delete()


async def test_a_template_that_catches_up_with_what_was_accepted_changes_nothing(living: Living) -> None:
    stack, _ = await drifted(living, "caught-up")
    await stack.look(accept_all=True)
    assert not (await stack.drift()).drifted
    planned = (await stack.plan(template=template(net=net("other", admin_state_up=False))))["net"]
    assert planned["verdict"] == "keep"
    await stack.update(template=template(net=net("other", admin_state_up=False)))
    seen = await stack.look()
    assert (seen.drifted, seen.resources["net"]["accepted"]) == (False, [])
    await stack.delete()


async def test_ignored_properties_are_neither_reported_nor_repaired_until_that_is_undone(living: Living) -> None:
    stack, network_id = await drifted(living, "ignored")
    seen = await stack.look(ignore=[target("net", "name"), target("net", "admin_state_up")])
    assert (seen.drifted, seen.resources["net"]["ignored"]) == (False, ["admin_state_up", "name"])
    await stack.update(converge=True)
    assert (await live(living, network_id))["name"] == "other"
    # What the template itself changes still counts.
    await stack.update(template=template(net=net("fifth")), converge=True)
    assert (await live(living, network_id))["name"] == "fifth"
    seen = await stack.look(undo=[target("net", "admin_state_up")])
    assert seen.differences("net").keys() == {"admin_state_up"}
    await stack.delete()


async def test_an_acceptance_can_be_taken_back(living: Living) -> None:
    stack, network_id = await drifted(living, "undone")
    await stack.look(accept=[target("net")])
    seen = await stack.look(refresh=False, undo=[target("net", "name")])
    assert seen.differences("net") == {"name": ("wanted", "other")}
    await stack.update(converge=True)
    assert (await live(living, network_id))["name"] == "wanted"
    await stack.delete()


async def test_decisions_come_with_an_update_and_its_preview(living: Living) -> None:
    stack, network_id = await drifted(living, "together")
    wanted = {"accept": [target("net", "admin_state_up")], "revert": [target("net", "name")]}
    reason = (await stack.plan(drift=wanted))["net"]["reason"]
    assert reason.startswith("name drifted: expected 'wanted', is 'other'; admin_state_up stays False as accepted")
    seen = await stack.drift()
    assert seen.resources["net"]["accepted"] == [], "a preview stores nothing"
    await stack.update(drift=wanted)
    shown = await live(living, network_id)
    assert (shown["name"], shown["admin_state_up"]) == ("wanted", False)
    assert not (await stack.look()).drifted
    await stack.delete()


async def test_nested_stacks_are_looked_at_decided_about_and_repaired(living: Living) -> None:
    group = {
        "type": "OS::Heat::ResourceGroup",
        "properties": {"count": 2, "resource_def": net("member-%index%")},
    }
    stack = await living.create("nested", template(group=group))
    listed = (await living.api("GET", f"{stack.path}/resources", nested_depth="2"))["resources"]
    ids = {one["resource_name"]: one["physical_resource_id"] for one in listed}
    for member in ("0", "1"):
        await change(living, ids[member], name="other")
    seen = await stack.look(revert=[target("group/1", "name")])
    assert seen.differences("group/0") == {"name": ("member-0", "other")}
    assert seen.counts["drifted"] == 2
    assert (await stack.plan())["1"]["reason"] == "name drifted: expected 'member-1', is 'other'"
    await stack.update()
    names = [(await live(living, ids[member]))["name"] for member in ("0", "1")]
    assert names == ["other", "member-1"]
    await living.cloud.request("network", "DELETE", f"/v2.0/networks/{ids['1']}")
    planned = await stack.plan(converge=True)
    assert {name: planned[name]["verdict"] for name in ("0", "1")} == {"0": "update", "1": "replace"}
    await stack.update(converge=True)
    assert not (await stack.look()).drifted
    await stack.delete()


async def test_check_notes_drift_and_fails_only_for_what_is_gone(living: Living) -> None:
    stack = await living.create("checked", template(net=net(), other=net("second")))
    network_id = await stack.physical_id("net")
    await change(living, network_id, name="other")
    await stack.check("CHECK_COMPLETE")
    assert (await stack.drift()).differences("net") == {"name": ("wanted", "other")}
    await living.cloud.request("network", "DELETE", f"/v2.0/networks/{network_id}")
    await stack.check("CHECK_FAILED")
    assert (await stack.resource("net"))["resource_status"] == "CHECK_FAILED"
    seen = await stack.drift()
    assert {path: one["condition"] for path, one in seen.resources.items()} == {"net": "gone", "other": "same"}
    await stack.update()
    assert not (await stack.look()).drifted
    await stack.delete()


async def test_what_cannot_be_seen_is_said_and_secrets_are_masked(living: Living) -> None:
    document = template(
        net=net({"get_param": "name"}),
        server={
            "type": "OS::Nova::Server",
            "properties": {
                "image": "cirros",
                "flavor": "m1.tiny",
                "admin_pass": "hunter2",
                "networks": [{"network": "private"}],
                "scheduler_hints": {"a": "b"},
            },
        },
    )
    document["parameters"] = {"name": {"type": "string", "hidden": True, "default": "secret-name"}}
    stack = await living.create("secrets", document)
    await change(living, await stack.physical_id("net"), name="also-secret")
    seen = await stack.look()
    assert seen.differences("net") == {"name": ("******", "******")}
    assert set(seen.resources["server"]["unseen"]) == {"admin_pass", "scheduler_hints"}
    assert "secret" not in str(await stack.plan(converge=True)).replace("secrets", "")
    await stack.delete()


@pytest.mark.parametrize(
    ("decisions", "told"),
    [
        ({"accept": [target("nat", "name")]}, "could not be found. Did you mean 'net'?"),
        ({"accept": [target("net", "shared")]}, "What differs is admin_state_up, name."),
        ({"revert": [target("net/0", "name")]}, "could not be found"),
        ({"undo": [target("net", "name")]}, "nothing has been decided about it"),
        ({"reverts": []}, "Unknown decisions about drift: reverts."),
        ({"revert": ["net"]}, "revert[0]: text was given"),
        ({"accept": [{"property": "name"}]}, "accept[0]: resource is missing"),
    ],
)
async def test_decisions_about_what_is_not_there_are_refused(
    living: Living, decisions: dict[str, Any], told: str
) -> None:
    stack, _ = await drifted(living, "refused")
    for body in (decisions, {"drift": decisions}):
        path = f"{stack.path}/drift" if body is decisions else stack.path
        with pytest.raises(errors.CloudError) as refused:
            await living.api("POST" if body is decisions else "PATCH", path, body)
        assert told in str(refused.value)
    assert (await stack.show())["stack_status"] == "CREATE_COMPLETE"
    await stack.delete()


async def test_other_projects_see_nothing_of_it(living: Living, hearth_url: str) -> None:
    stack = await living.create("private", template(net=net()))
    async with signed_in(hearth_url, "admin") as other:
        for method, body in (("GET", None), ("POST", {}), ("POST", {"accept_all": True})):
            with pytest.raises(errors.NotFound):
                await other.api(method, f"{stack.path}/drift", body)
    await stack.delete()


async def test_operators_can_have_every_update_repair_drift(tmp_path: pathlib.Path) -> None:
    async with running(tmp_path, observe_on_update=True) as url, signed_in(url, "demo") as living:
        stack, network_id = await drifted(living, "observed")
        assert (await stack.plan())["net"]["verdict"] == "update"
        await stack.update()
        assert (await live(living, network_id))["name"] == "wanted"
        await stack.delete()


async def test_a_kept_plan_puts_right_what_it_was_made_on(living: Living) -> None:
    stack, network_id = await drifted(living, "kept")
    body = {"existing": True, "converge": True}
    made = (await living.api("POST", f"{stack.path}/plans", body, keep="true"))["plan"]
    (planned,) = made["document"]["stack"]["resources"]
    assert (
        planned["reason"]
        == "admin_state_up drifted: expected True, is False; name drifted: expected 'wanted', is 'other'"
    )
    await living.api("POST", f"/plans/{made['id']}/apply", {"digest": made["digest"]})
    await stack.until("UPDATE_COMPLETE")
    assert (await live(living, network_id))["name"] == "wanted"
    assert not (await stack.look()).drifted
    await stack.delete()


async def test_a_kept_plan_carries_decisions(living: Living) -> None:
    stack, network_id = await drifted(living, "decided")
    body = {"existing": True, "drift": {"accept": [target("net", "name")], "revert": [target("net", "admin_state_up")]}}
    plan = (await living.api("POST", f"{stack.path}/plans", body))["plan"]
    (change_,) = plan["document"]["stack"]["resources"]
    assert change_["properties"] == {"admin_state_up": {"before": False, "after": True, "known": True, "secret": False}}
    assert not (await stack.drift()).resources["net"]["accepted"]  # nothing is decided yet
    await living.api("POST", f"/plans/{plan['id']}/apply", {})
    await stack.until("UPDATE_COMPLETE")
    shown = await live(living, network_id)
    assert (shown["name"], shown["admin_state_up"]) == ("other", True)
    assert [one["property"] for one in (await stack.look()).resources["net"]["accepted"]] == ["name"]
    # An acceptance ends when the template says something else, in a kept plan too.
    body = {"template": template(net=net("third"))}
    plan = (await living.api("POST", f"{stack.path}/plans", body))["plan"]
    await living.api("POST", f"/plans/{plan['id']}/apply", {})
    await stack.until("UPDATE_COMPLETE")
    assert (await live(living, network_id))["name"] == "third"
    assert not (await stack.look()).resources["net"]["accepted"]
    await stack.delete()


async def test_a_kept_plan_accepts_only_what_it_has_shown(living: Living) -> None:
    stack, network_id = await drifted(living, "moved")
    body = {"existing": True, "drift": {"accept": [target("net", "name")]}}
    plan = (await living.api("POST", f"{stack.path}/plans", body))["plan"]
    await change(living, network_id, name="yet another")
    await stack.look()
    with pytest.raises(errors.Conflict, match="resource net: the live value of name is another one now"):
        await living.api("POST", f"/plans/{plan['id']}/apply", {})
    await stack.delete()
