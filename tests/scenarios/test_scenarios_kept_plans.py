"""Kept plans: applied exactly as they are, or refused with what has moved since."""

import dataclasses
import itertools
import json

import pytest
from open_handle import HANDLE
from stubborn_service import Service, stubborn
from templates import after, hot, output_of, thing

from hearth.engine import retention
from hearth.engine.plan_keeping import PlanDeviation, PlanOutdated, PlanUnusable
from hearth.engine.requests import StackRequest
from hearth.model.errors import BadRequest, LimitExceeded, NotFound
from hearth.model.holds import StackLocked, StackProtected
from hearth.model.plan import Verdict
from hearth.model.waivers import Waiver
from hearth.resources import base
from hearth.resources.contract import Decision, Gone, Permanent
from hearth.resources.schema import Attribute, Property

INNER = hot(
    {"thing": thing({"get_param": "word"})},
    {"said": output_of("thing")},
    parameters={"word": {"type": "string"}},
)
FILES = {"inner.yaml": json.dumps(INNER)}


def inner(word):
    return {"type": "inner.yaml", "properties": {"word": word}}


async def made(world, template, **more):
    stack = await world.create(template, **more)
    await world.until(stack, "CREATE_COMPLETE")
    return stack


async def keep(world, stack, template, **more):
    """Keep the plan of an update; its row."""
    request = StackRequest(template=template, **more)
    return (await world.service.plan_update(world.caller, stack, request, patch=False, keep=True)).row


async def apply(world, row, **more):
    """Apply a plan and let what happens be compared with it."""
    shown = await world.service.show_plan(world.caller, world.caller.project_id, row.id)
    state = ({}, 0)
    if row.action not in ("CREATE", "ADOPT"):
        identity = await world.service.identify(world.caller, world.caller.project_id, row.stack_id)
        state = await world.promises.state(identity)
    identity = await world.service.apply_plan(world.caller, shown.row, **more)
    world.promises.note(shown.document, identity, *state)
    return identity


async def test_a_creation_an_update_and_a_deletion_are_applied_as_planned(world):
    service, caller = world.service, world.caller
    request = StackRequest(
        stack_name="web", template=hot({"a": thing("1"), "in": inner("x")}), files=FILES, tags=("t",), timeout_mins=7
    )
    row = (await service.plan_create(caller, caller.project_id, request, keep=True)).row
    assert await world.names() == set()
    stack = await apply(world, row, digest=row.digest)
    assert stack.id == row.stack_id
    shown = await world.until(stack, "CREATE_COMPLETE")
    assert (shown["stack_name"], shown["tags"], shown["timeout_mins"]) == ("web", ["t"], 7)

    update = hot({"a": thing("2"), "b": after(thing(), "a"), "in": inner("y")})
    row = await keep(world, stack, update, files=FILES)
    await apply(world, row)
    await world.until(stack, "UPDATE_COMPLETE")
    assert set(await world.resources(stack, nested_depth=1)) == {"a", "b", "in", "thing"}
    assert await service.template(caller, stack) == update

    row = (await service.plan_delete(caller, stack, keep=True)).row
    await apply(world, row)
    await world.until(stack, "DELETE_COMPLETE")


async def test_another_engine_goes_on_with_an_applied_plan(new_world):
    world = new_world()
    first = await world.start_engine()
    stack = await made(world, hot({"a": thing("1", wait_secs=0.4), "in": inner("x")}), files=FILES)
    wanted = hot({"a": thing("2", wait_secs=0.4), "b": thing(output_of("a")), "in": after(inner("y"), "b")})
    await apply(world, await keep(world, stack, wanted, files=FILES))
    await world.until_resource(stack, "a", "UPDATE_IN_PROGRESS")
    await first.stop()
    await world.start_engine()
    await world.until(stack, "UPDATE_COMPLETE")
    await world.close()


# ---- what has moved


async def updated(world, stack):
    await world.update(stack, hot({"a": thing("other"), "in": inner("x"), "handle": HANDLE}), files=FILES)
    await world.until(stack, "UPDATE_COMPLETE")


async def marked(world, stack):
    await world.service.mark_unhealthy(world.caller, stack, "a", True, "broken")


async def signalled(world, stack):
    await world.service.signal(world.caller, stack, "handle", {"id": "1"})


async def nested_one_updated(world, stack):
    inside = (await world.resources(stack))["in"]["physical_resource_id"]
    identity = await world.service.identify(world.caller, world.caller.project_id, inside)
    await world.update(identity, INNER, parameters={"word": "by itself"})
    await world.until(identity, "UPDATE_COMPLETE")


async def suspended_and_resumed(world, stack):
    for action in ("suspend", "resume"):
        await world.service.action(world.caller, stack, action)
        await world.until(stack, f"{action.upper()}_COMPLETE")


async def deleted(world, stack):
    await world.delete(stack)
    await world.until(stack, "DELETE_COMPLETE")


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (updated, ["the stack has another definition: it was updated", "resource a: it was CREATE_COMPLETE"]),
        (marked, ["resource a: it was CREATE_COMPLETE, is CHECK_FAILED"]),
        (signalled, ["resource handle: its metadata changed"]),
        (nested_one_updated, ["nested stack in has another definition", "resource in/thing: it was CREATE_COMPLETE"]),
        (suspended_and_resumed, ["the stack was CREATE_COMPLETE, is RESUME_COMPLETE"]),
        (deleted, ["the stack is gone", "resource a is gone", "nested stack in is gone"]),
    ],
)
async def test_a_plan_is_refused_with_what_has_moved(world, event, told):
    stack = await made(world, hot({"a": thing("1"), "in": inner("x"), "handle": HANDLE}), files=FILES)
    row = await keep(world, stack, hot({"a": thing("2"), "in": inner("x")}), files=FILES)
    await event(world, stack)
    with pytest.raises(PlanOutdated) as caught:
        await world.service.apply_plan(world.caller, row)
    assert caught.value.status == 409
    for text in told:
        assert text in caught.value.message
    if event is not deleted:
        assert "handle" in await world.resources(stack)


async def test_what_was_only_looked_at_has_not_moved(world):
    def template(value):
        return hot({"a": thing(value), "b": after(thing("same"), "a")})

    stack = await made(world, template("1"))
    row = await keep(world, stack, template("3"))
    await world.update(stack, template("2"))  # b has its turn, and stays as it is
    await world.until(stack, "UPDATE_COMPLETE")
    with pytest.raises(PlanOutdated) as caught:
        await world.service.apply_plan(world.caller, row)
    assert caught.value.moved == [
        "the stack has another definition: it was updated",
        "resource a: it was CREATE_COMPLETE, is UPDATE_COMPLETE",
    ]


async def test_a_stack_that_went_on_without_any_of_its_resources_is_told_alone(world):
    template = hot({"a": thing("1"), "b": after(thing("same"), "a")})
    stack = await made(world, template)
    row = await keep(world, stack, hot({"a": thing("2")}))
    await world.update(stack, {**template, "description": "as before"})
    await world.until(stack, "UPDATE_COMPLETE")
    with pytest.raises(PlanOutdated) as caught:
        await world.service.apply_plan(world.caller, row)
    assert caught.value.moved == [
        "the stack has another definition: it was updated",
        "no resource has changed",
    ]


async def test_a_new_stack_is_refused_when_its_name_is_taken(world):
    request = StackRequest(stack_name="web", template=hot({"a": thing()}))
    row = (await world.service.plan_create(world.caller, world.caller.project_id, request, keep=True)).row
    await made(world, hot({}), name="web")
    with pytest.raises(PlanOutdated, match="there is a stack named web now"):
        await world.service.apply_plan(world.caller, row)


async def test_a_running_action_is_superseded_where_the_plan_saw_it(world):
    def template(value):
        properties = {"handle": {"get_resource": "handle"}, "timeout": 300}
        waiting = {"type": "OS::Heat::WaitCondition", "properties": properties}
        return hot({"handle": HANDLE, "a": waiting, "b": after(thing(value), "a")})

    stack = await world.create(template("1"))
    await world.until_resource(stack, "a", "CREATE_IN_PROGRESS")
    await apply(world, await keep(world, stack, template("2")))
    await world.service.signal(world.caller, stack, "handle", {"id": "1"})
    await world.until(stack, "UPDATE_COMPLETE")
    assert [one for one, status in await world.events(stack) if status == "CREATE_COMPLETE"].count("a") == 1


# ---- plans that cannot be applied


async def test_a_plan_is_applied_once(world):
    stack = await made(world, hot({"a": thing("1")}))
    row = await keep(world, stack, hot({"a": thing("2")}))
    await world.service.apply_plan(world.caller, row)
    await world.until(stack, "UPDATE_COMPLETE")
    again = await world.service.find_plan(world.caller, world.caller.project_id, row.id)
    with pytest.raises(PlanUnusable, match="applied already"):
        await world.service.apply_plan(world.caller, again)
    with pytest.raises(PlanUnusable, match="applied already"):
        await world.service.apply_plan(world.caller, row)


async def test_another_plan_than_was_seen_is_not_applied(world):
    stack = await made(world, hot({"a": thing("1")}))
    row = await keep(world, stack, hot({"a": thing("2")}))
    with pytest.raises(BadRequest, match="digest"):
        await world.service.apply_plan(world.caller, row, digest="0" * 64)


async def test_what_the_plan_itself_refuses_is_not_begun(world):
    environment = {"resource_registry": {"resources": {"a": {"restricted_actions": "replace"}}}}
    stack = await made(world, hot({"a": thing(update_replace_value="1")}), environment=environment)
    row = await keep(world, stack, hot({"a": thing(update_replace_value="2")}), environment=environment)
    with pytest.raises(PlanUnusable, match="a: replace is restricted"):
        await world.service.apply_plan(world.caller, row)
    assert (await world.show(stack))["stack_status"] == "CREATE_COMPLETE"


async def test_a_plan_is_there_for_its_own_project_and_for_so_long(world):
    stack = await made(world, hot({"a": thing("1")}))
    row = await keep(world, stack, hot({"a": thing("2")}))
    service, project = world.service, world.caller.project_id
    stranger = dataclasses.replace(world.caller, project_id="f" * 32)
    for caller, tenant in ((stranger, stranger.project_id), (stranger, project)):
        with pytest.raises(NotFound):
            await service.show_plan(caller, tenant, row.id)
        with pytest.raises(NotFound):
            await service.forget_plan(caller, tenant, row.id)
    assert [one.id for one in await service.list_plans(world.caller, project)] == [row.id]
    assert await service.list_plans(stranger, stranger.project_id) == []
    world.later(86400 + 1)
    with pytest.raises(NotFound):
        await service.find_plan(world.caller, project, row.id)
    assert await service.list_plans(world.caller, project) == []


async def test_plans_are_dropped_by_hand_and_by_age_with_what_only_they_had(world):
    stack = await made(world, hot({"a": thing("1")}))
    rows = [await keep(world, stack, hot({"a": thing(f"unheard-of-{number}")})) for number in range(2)]
    await world.service.forget_plan(world.caller, world.caller.project_id, rows[0].id)
    assert [one.id for one in await world.service.list_plans(world.caller, world.caller.project_id)] == [rows[1].id]
    now = world.context.now()
    await retention.purge(world.store, 0.0, now + 3 * 3600)
    assert await documents_with(world, "unheard-of-1") == 1
    await retention.purge(world.store, 0.0, now + 2 * 86400)
    assert await documents_with(world, "unheard-of") == 0


async def documents_with(world, text):
    def query(connection):
        bodies = connection.exec_driver_sql("SELECT body FROM document").scalars()
        return sum(text.encode() in bytes(body) for body in bodies)

    return await world.store.read(query)


async def test_only_so_many_plans_wait(new_world):
    world = new_world(max_plans_per_tenant=1)
    await world.start_engine()
    stack = await made(world, hot({"a": thing("1")}))
    row = await keep(world, stack, hot({"a": thing("2")}))
    with pytest.raises(LimitExceeded):
        await keep(world, stack, hot({"a": thing("3")}))
    await apply(world, row)
    await world.until(stack, "UPDATE_COMPLETE")
    await keep(world, stack, hot({"a": thing("3")}))
    await world.close()


async def test_holds_hold_against_plans_too(world):
    service = world.service
    stack = await made(world, hot({"a": thing("1")}))
    row = await keep(world, stack, hot({"a": thing("2")}))
    removal = (await service.plan_delete(world.caller, stack, keep=True)).row
    other = dataclasses.replace(world.caller, user_id="u2", user_name="other")
    await service.lock(world.caller, stack, "mine", 60)
    with pytest.raises(StackLocked):
        await service.apply_plan(other, row)
    await service.unlock(world.caller, stack)
    await service.protect(world.caller, stack, "")
    with pytest.raises(StackProtected):
        await service.apply_plan(world.caller, removal)
    assert (await world.show(stack))["stack_status"] == "CREATE_COMPLETE"


async def test_nothing_secret_of_a_plan_is_stored_in_the_open(world):
    def template(note):
        parameters = {"word": {"type": "string", "hidden": True}}
        return hot({"a": thing({"get_param": "word"}, client_name=note)}, parameters=parameters)

    stack = await made(world, template("1"), parameters={"word": "walrus-tusk"})
    row = await keep(world, stack, template("2"), parameters={"word": "narwhal-tusk"})

    def stored(connection):
        tables = ("document", "plan", "resource")
        return "".join(str(connection.exec_driver_sql(f"SELECT * FROM {one}").all()) for one in tables)

    assert "tusk" not in await world.store.read(stored)
    await apply(world, row)
    await world.until(stack, "UPDATE_COMPLETE")
    assert "tusk" not in await world.store.read(stored)


# ---- what may happen of what could not be known


@base.resource("Test::Hopeful")
class Hopeful(base.Base):
    """Hopes that a value which is not known yet asks for no replacement; `replace` does."""

    value = Property(str, "Anything.", updatable=True)
    attributes = {"value": Attribute(str, "The value.")}

    def decide(self, change, call):
        if change.properties.get("value") == "replace":
            return Decision(Verdict.REPLACE, "the value says so", ("value",))
        return super().decide(change, call)


@pytest.mark.parametrize(("word", "state"), [("fine", "UPDATE_COMPLETE"), ("replace", "UPDATE_FAILED")])
async def test_a_resource_is_stopped_that_comes_to_what_the_plan_does_not_allow(world, word, state):
    def template(value):
        hopeful = {"type": "Test::Hopeful", "properties": {"value": output_of("a")}}
        return hot({"a": thing(value), "h": hopeful, "last": after(thing(value), "h")})

    world.types.add([Hopeful])
    stack = await made(world, template("first"))
    before = await world.resources(stack)
    await apply(world, await keep(world, stack, template(word)))
    shown = await world.until(stack, "UPDATE_COMPLETE", "UPDATE_FAILED")
    assert shown["stack_status"] == state
    if state == "UPDATE_FAILED":
        reason = shown["stack_status_reason"]
        assert "PlanDeviation: resources.h: the applied plan says keep or update, but it has come to replace" in reason
        now = await world.resources(stack)
        assert (now["h"], now["last"]) == (before["h"], before["last"])
        # Without a plan to hold it to, the same update does what it takes.
        await world.update(stack, template(word))
        await world.until(stack, "UPDATE_COMPLETE")
        assert (await world.resources(stack))["h"]["physical_resource_id"] != before["h"]["physical_resource_id"]


async def test_the_bounds_hold_inside_nested_stacks_and_after_a_crash(new_world):
    world = new_world()
    world.types.add([Hopeful])
    nested = hot(
        {"h": {"type": "Test::Hopeful", "properties": {"value": {"get_param": "word"}}}},
        parameters={"word": {"type": "string"}},
    )

    def template(value):
        return hot({"a": thing(value, wait_secs=0.4), "in": inner(output_of("a"))})

    files = {"inner.yaml": json.dumps(nested)}
    first = await world.start_engine()
    stack = await made(world, template("first"), files=files)
    before = (await world.resources(stack, nested_depth=1))["h"]
    await apply(world, await keep(world, stack, template("replace"), files=files))
    await world.until_resource(stack, "a", "UPDATE_IN_PROGRESS")
    await first.stop()
    await world.start_engine()
    shown = await world.until(stack, "UPDATE_COMPLETE", "UPDATE_FAILED")
    assert "PlanDeviation: resources.in: h: the applied plan says keep or update" in shown["stack_status_reason"]
    assert (await world.resources(stack, nested_depth=1))["h"] == before
    await world.close()


async def test_an_object_that_is_gone_is_not_made_anew_by_a_plan_that_does_not_say_so(world):
    service = Service().use_in(world)
    stack = await made(world, hot({"a": stubborn("1")}))
    row = await keep(world, stack, hot({"a": stubborn("2")}))
    service.refusals["update"] = iter([Gone("there is no such object")])
    await apply(world, row)
    shown = await world.until(stack, "UPDATE_COMPLETE", "UPDATE_FAILED")
    assert "PlanDeviation: resources.a: the applied plan says update" in shown["stack_status_reason"]
    assert len(service.objects) == 1


async def test_batches_are_applied_as_foretold(world):
    def group(value, count=3):
        properties = {"count": count, "resource_def": thing(value)}
        policy = {"rolling_update": {"max_batch_size": 2, "min_in_service": 3}}
        return hot({"group": {"type": "OS::Heat::ResourceGroup", "properties": properties, "update_policy": policy}})

    stack = await made(world, group("v1"))
    for template in (group("v2"), group("v2", 5), group("v3", 2)):
        await apply(world, await keep(world, stack, template))
        await world.until(stack, "UPDATE_COMPLETE")


async def test_the_way_back_from_an_applied_plan_is_free(world):
    good = hot({"a": thing("1"), "b": thing("1")})
    stack = await made(world, good, disable_rollback=False)
    bad = hot({"a": thing("2"), "new": after(thing(fail=True), "a")})
    await apply(world, await keep(world, stack, bad, disable_rollback=False))
    await world.until(stack, "ROLLBACK_COMPLETE")
    assert set(await world.statuses(stack)) == {"a", "b"}


# ---- going on with an applied plan that failed


async def test_an_applied_plan_goes_on_within_itself(world):
    """What is done is kept, what failed is made anew; nested stacks and things made on the way are no deviation."""
    service = Service().use_in(world)
    nested = {"inner.yaml": json.dumps(hot({"x": stubborn(), "y": after(stubborn(), "x")}))}
    stack = await made(world, hot({"a": stubborn("1"), "old": stubborn(), "r": thing(update_replace_value="1")}))
    wanted = hot(
        {
            "a": stubborn("2"),
            "r": after(thing(update_replace_value="2"), "a"),
            "new": after(stubborn(), "r"),
            "in": after({"type": "inner.yaml"}, "new"),
        }
    )
    row = await keep(world, stack, wanted, files=nested)
    for call in ("update a", "create new", "create y", "delete old"):
        service.refusals[call] = iter([Permanent("not now")])
    await apply(world, row)
    while (shown := await world.until(stack))["stack_status"] == "UPDATE_FAILED":
        assert "PlanDeviation" not in shown["stack_status_reason"]
        await world.service.continue_action(world.caller, stack)
    assert shown["stack_status"] == "UPDATE_COMPLETE"
    assert not any(next(left, None) for left in service.refusals.values())
    assert set(await world.resources(stack, nested_depth=1)) == {"a", "r", "new", "in", "x", "y"}


async def test_what_goes_on_does_nothing_that_the_plan_does_not_say(world):
    service = Service().use_in(world)
    stack = await made(world, hot({"a": stubborn("1"), "b": stubborn("1"), "c": thing("1")}))
    row = await keep(world, stack, hot({"a": stubborn("2"), "b": stubborn("2"), "c": thing("1")}))
    service.refusals["update a"] = iter([Permanent("not now")])
    await apply(world, row)
    await world.until(stack, "UPDATE_FAILED")
    await world.service.mark_unhealthy(world.caller, stack, "c", True, "broken")
    with pytest.raises(PlanDeviation, match="c: the applied plan says keep, but it has come to replace") as caught:
        await world.service.continue_action(world.caller, stack)
    assert f"hearth stack plans --drop {row.id}" in caught.value.message
    assert (await world.show(stack))["stack_status"] == "UPDATE_FAILED"
    # Nor when that shows later, and after the plan's time is over.
    await world.service.mark_unhealthy(world.caller, stack, "c", False, "")
    world.later(world.settings.plan_expires_after + 1)
    await retention.purge(world.store, 0.0, world.context.now())
    service.refusals["update a"] = iter([Gone("there is no such object")])
    await world.service.continue_action(world.caller, stack)
    shown = await world.until(stack, "UPDATE_COMPLETE", "UPDATE_FAILED")
    assert "PlanDeviation: resources.a: the applied plan says keep or update" in shown["stack_status_reason"]
    # Who drops the plan is free of it.
    await world.service.forget_plan(world.caller, world.caller.project_id, row.id)
    await world.service.continue_action(world.caller, stack)
    await world.until(stack, "UPDATE_COMPLETE")


# ---- deletions that leave something


def leaves(changes):
    """`{path: what stays}` of a whole tree."""
    found = {one.path: one.leaves for one in changes.resources if one.leaves is not None}
    for one in changes.resources:
        found |= leaves(one.nested_removed) if one.nested_removed is not None else {}
    return found


async def test_a_planned_deletion_leaves_what_it_says(world):
    service = Service().use_in(world)
    files = {"inner.yaml": json.dumps(hot({"x": stubborn(), "y": stubborn()}))}
    inside = {"type": "inner.yaml"}
    stack = await made(world, hot({"a": stubborn(), "b": stubborn(), "in": inside, "all": inside}), files=files)
    wanted = {Waiver.RETAIN: ["a", "in/x", "all"], Waiver.FORCE: ["b"]}
    shown = await world.service.plan_delete(world.caller, stack, wanted, keep=True)
    assert leaves(shown.document.stack) == {
        "a": "object",
        "b": "forced",
        "in/x": "object",
        "all/x": "object",
        "all/y": "object",
    }
    assert await world.service.waived_by(shown.row) == {Waiver.RETAIN, Waiver.FORCE}
    service.refusals["delete b"] = itertools.repeat(Permanent("never"))
    await world.service.apply_plan(world.caller, shown.row)
    await world.until(stack, "DELETE_COMPLETE")
    left = {one["resource_path"]: one["cause"] for one in await world.service.orphans.listed(world.caller)}
    assert left == {"a": "retained", "b": "forced", "in/x": "retained", "all/x": "retained", "all/y": "retained"}
    assert len(service.objects) == 5


async def test_a_deletion_can_be_planned_by_force(world):
    service = Service().use_in(world)
    stack = await made(world, hot({"a": stubborn(), "b": stubborn()}))
    shown = await world.service.plan_delete(world.caller, stack, force=True, keep=True)
    assert leaves(shown.document.stack) == {"a": "forced", "b": "forced"}
    service.refusals["delete b"] = itertools.repeat(Permanent("never"))
    await world.service.apply_plan(world.caller, shown.row)
    await world.until(stack, "DELETE_COMPLETE")
    assert [one["resource_path"] for one in await world.service.orphans.listed(world.caller)] == ["b"]


async def test_a_planned_deletion_knows_its_resources(world):
    stack = await made(world, hot({"a": thing()}))
    with pytest.raises(BadRequest, match="retain: b: stack stack has no resource 'b'"):
        await world.service.plan_delete(world.caller, stack, {Waiver.RETAIN: ["b"]})
