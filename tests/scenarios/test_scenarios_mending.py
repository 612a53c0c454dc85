"""What fails can go on: again from where it stopped, or without the resources that stand in the way."""

import asyncio
import itertools
import json

import pytest
import stubborn_service
from stubborn_service import stubborn
from templates import after, hot, thing

from hearth.engine.queries import StackQuery
from hearth.model.errors import BadRequest, NotFound, NotSupported
from hearth.model.waivers import Waiver
from hearth.resources.contract import Busy, Conflict, Permanent, Temporary
from hearth.store import stacks

NO = Permanent("the service does not want to")


@pytest.fixture
async def mendable(world):
    """A world on a service that can be made to fail."""
    world.remote = stubborn_service.Service().use_in(world)
    return world


async def go_on(world, stack, **waived):
    wanted = {Waiver(name): names for name, names in waived.items()}
    await world.service.continue_action(world.caller, stack, wanted)


async def orphans(world):
    """(cause, path, physical id) of what was let go."""
    found = await world.service.orphans.listed(world.caller)
    return [(one["cause"], one["resource_path"], one["physical_resource_id"]) for one in found]


async def ids(world, stack):
    return {name: one["physical_resource_id"] for name, one in (await world.resources(stack)).items()}


def refuses(world, call, times=None):
    """Let calls fail, so many times or until `mend`."""
    world.remote.refusals[call] = itertools.repeat(NO) if times is None else iter([NO] * times)


def mend(world):
    world.remote.refusals.clear()


# ---- retry ----


async def test_a_creation_goes_on_where_it_failed(mendable):
    refuses(mendable, "create b", 1)
    stack = await mendable.create(hot({"a": stubborn(), "b": after(stubborn(), "a"), "c": after(stubborn(), "b")}))
    await mendable.until(stack, "CREATE_FAILED")
    made = (await ids(mendable, stack))["a"]
    await go_on(mendable, stack)
    await mendable.until(stack, "CREATE_COMPLETE")
    assert (await ids(mendable, stack))["a"] == made
    assert mendable.remote.calls.count("create a") == 1
    assert len(mendable.remote.objects) == 3
    assert (await mendable.events(stack))[-1] == ("stack", "CREATE_COMPLETE")


@pytest.mark.parametrize("call", ["update b", "observe b"])
async def test_an_update_goes_on_in_place(mendable, call):
    """Also where the update was accepted before it failed: it is made again, and nothing is replaced."""
    stack = await mendable.create(hot({"a": stubborn("1"), "b": stubborn("1")}))
    await mendable.until(stack, "CREATE_COMPLETE")
    before = await ids(mendable, stack)
    if call == "update b":
        refuses(mendable, call)
    else:
        mendable.remote.fails_to_settle = {"b"}
    await mendable.update(stack, hot({"a": stubborn("2"), "b": stubborn("2")}))
    await mendable.until(stack, "UPDATE_FAILED")
    mend(mendable)
    mendable.remote.fails_to_settle = set()
    updates = mendable.remote.calls.count("update b")
    await go_on(mendable, stack)
    await mendable.until(stack, "UPDATE_COMPLETE")
    assert await ids(mendable, stack) == before
    assert set(mendable.remote.objects.values()) == {"2"}
    assert mendable.remote.calls.count("update a") == 1
    assert mendable.remote.calls.count("update b") == updates + 1


async def test_a_plain_update_after_a_failed_one_replaces(mendable):
    stack = await mendable.create(hot({"a": stubborn("1")}))
    await mendable.until(stack, "CREATE_COMPLETE")
    before = await ids(mendable, stack)
    refuses(mendable, "update a", 1)
    await mendable.update(stack, hot({"a": stubborn("2")}))
    await mendable.until(stack, "UPDATE_FAILED")
    await mendable.update(stack, hot({"a": stubborn("2")}))
    await mendable.until(stack, "UPDATE_COMPLETE")
    assert await ids(mendable, stack) != before


async def test_a_failed_rollback_goes_on_to_the_same_state(mendable):
    stack = await mendable.create(hot({"a": stubborn("1")}))
    await mendable.until(stack, "CREATE_COMPLETE")
    refuses(mendable, "delete new", 1)
    refuses(mendable, "create bad")
    wanted = hot({"a": stubborn("2"), "new": stubborn(), "bad": after(stubborn(), "new", "a")})
    await mendable.update(stack, wanted, disable_rollback=False)
    await mendable.until(stack, "ROLLBACK_FAILED")
    await go_on(mendable, stack)
    await mendable.until(stack, "ROLLBACK_COMPLETE")
    assert list(mendable.remote.objects.values()) == ["1"]
    assert set(await mendable.resources(stack)) == {"a"}


def nesting(word, seconds):
    """A nested stack behind a resource, whose update takes its time; and the files."""
    inner = hot({"slow": thing({"get_param": "word"}, action_wait_secs={"update": seconds})})
    inner["parameters"] = {"word": {"type": "string"}}
    nested = {"type": "inner.yaml", "properties": {"word": word}}
    return hot({"first": stubborn(word), "in": after(nested, "first")}), {"inner.yaml": json.dumps(inner)}


async def nested_at_work(world, seconds):
    """A stack whose update is at work in its nested stack, before a newer action that will fail."""
    template, files = nesting("1", seconds)
    stack = await world.create(template, files=files)
    await world.until(stack, "CREATE_COMPLETE")
    await world.update(stack, nesting("2", seconds)[0], files=files)
    await world.until_resource(stack, "in", "UPDATE_IN_PROGRESS")
    refuses(world, "update first")
    return stack


async def test_a_rollback_has_failed_when_the_nested_stack_of_its_update_has_ended(mendable):
    stack = await nested_at_work(mendable, 0.5)
    await mendable.service.action(mendable.caller, stack, "cancel_update")
    await mendable.until(stack, "ROLLBACK_FAILED")
    states = {name: one["resource_status"] for name, one in (await mendable.resources(stack, nested_depth=1)).items()}
    assert states == {"first": "UPDATE_FAILED", "in": "UPDATE_COMPLETE", "slow": "UPDATE_COMPLETE"}
    mend(mendable)
    await go_on(mendable, stack)
    await mendable.until(stack, "ROLLBACK_COMPLETE")


async def failed_early(world, seconds):
    """A stack whose newer update has failed while the nested stack of the former one goes on."""
    stack = await nested_at_work(world, seconds)
    template, files = nesting("3", seconds)
    await world.update(stack, template, files=files)
    await world.until_resource(stack, "first", "UPDATE_FAILED")
    return stack


async def test_an_update_that_waits_for_a_former_nested_stack_can_be_cancelled(mendable):
    stack = await failed_early(mendable, 600)
    await mendable.service.action(mendable.caller, stack, "cancel_without_rollback")
    await mendable.until(stack, "UPDATE_FAILED")
    found = await mendable.resources(stack, nested_depth=1)
    assert {one["resource_status"] for one in found.values()} == {"UPDATE_FAILED"}
    assert found["in"]["resource_status_reason"] == "UPDATE aborted (user triggered cancel)"


async def test_an_update_ends_when_the_nested_stack_that_it_waits_for_is_cancelled(mendable):
    stack = await failed_early(mendable, 600)
    inner = await mendable.inner(stack, "in")
    await mendable.service.action(mendable.caller, inner, "cancel_without_rollback")
    await mendable.until(stack, "UPDATE_FAILED")
    assert (await mendable.statuses(stack))["in"] == "UPDATE_FAILED"


async def test_an_update_that_waits_for_a_former_nested_stack_can_be_taken_over(mendable):
    stack = await failed_early(mendable, 0.5)
    mend(mendable)
    template, files = nesting("4", 0)
    await mendable.update(stack, template, files=files)
    await mendable.until(stack, "UPDATE_COMPLETE")
    await mendable.delete(stack)
    await mendable.until(stack, "DELETE_COMPLETE")


async def test_a_deletion_does_not_wait_for_a_former_nested_stack(mendable):
    stack = await failed_early(mendable, 600)
    await mendable.delete(stack)
    await mendable.until(stack, "DELETE_COMPLETE")


@pytest.mark.parametrize("hold", ["pause", "lock"])
async def test_what_holds_a_stack_keeps_no_failed_update_from_ending(mendable, hold):
    stack = await failed_early(mendable, 0.5)
    if hold == "lock":
        await mendable.service.lock(mendable.caller, stack)
    else:
        await mendable.service.pause(mendable.caller, stack)
        await mendable.service.unpause(mendable.caller, stack)
    await mendable.until(stack, "UPDATE_FAILED")
    assert (await mendable.statuses(stack))["in"] == "UPDATE_COMPLETE"


async def until_told(world, stack, words):
    """Wait for an event whose reason has these words."""
    async with asyncio.timeout(20):
        while not any(  # noqa: ASYNC110 - the event is in the store
            words in one["resource_status_reason"] for one in await world.service.list_events(world.caller, stack)
        ):
            await asyncio.sleep(0.01)


def made_of(what):
    """A resource that is replaced when it is made of something else."""
    return {"type": "Test::Stubborn", "properties": {"fixed": what}}


@pytest.mark.parametrize("refusal", [Conflict("it is in use"), Busy("it is in the midst of something")])
async def test_a_way_back_keeps_at_once_what_was_refused_to_go(world, refusal):
    remote = stubborn_service.Service()
    remote.sturdy = True
    remote.use_in(world)
    stack = await world.create(hot({"a": made_of("round")}))
    await world.until(stack, "CREATE_COMPLETE")
    before = await ids(world, stack)
    remote.refusals["delete a"] = iter([refusal])
    await world.update(stack, hot({"a": made_of("square")}))
    await until_told(world, stack, "attempt")
    await world.service.action(world.caller, stack, "cancel_update")
    await world.until(stack, "ROLLBACK_COMPLETE")
    assert await ids(world, stack) == before
    assert remote.calls.count("delete a") == 2  # the refused one, and that of what had taken its place


async def test_a_removal_without_an_answer_is_tried_before_the_way_back(world):
    remote = stubborn_service.Service()
    remote.sturdy = True
    remote.use_in(world)
    stack = await world.create(hot({"a": made_of("round")}))
    await world.until(stack, "CREATE_COMPLETE")
    remote.refusals["delete a"] = iter([Temporary("no answer")])
    await world.update(stack, hot({"a": made_of("square")}))
    await until_told(world, stack, "attempt")
    await world.service.action(world.caller, stack, "cancel_update")
    await world.until(stack, "ROLLBACK_COMPLETE")
    assert remote.calls.count("delete a") >= 2
    assert set((await ids(world, stack)).values()) == set(remote.objects)


async def test_a_failed_rollback_of_a_creation_goes_on(mendable):
    refuses(mendable, "delete a", 1)
    refuses(mendable, "create b")
    template = hot({"a": stubborn(), "b": after(stubborn(), "a")})
    stack = await mendable.create(template, disable_rollback=False)
    await mendable.until(stack, "ROLLBACK_FAILED")
    await go_on(mendable, stack)
    await mendable.until(stack, "ROLLBACK_COMPLETE")
    assert mendable.remote.objects == {}


async def test_a_failed_rollback_names_a_command_that_gets_past_all_that_failed(mendable):
    stack = await mendable.create(hot({"a": stubborn("1"), "b": stubborn("1")}), name="web")
    await mendable.until(stack, "CREATE_COMPLETE")
    refuses(mendable, "create bad")
    for name in ("new", "next"):
        refuses(mendable, f"delete {name}")
    wanted = hot({"a": stubborn("1"), "new": stubborn(), "next": stubborn(), "bad": after(stubborn(), "new", "next")})
    await mendable.update(stack, wanted, disable_rollback=False)
    shown = await mendable.until(stack, "ROLLBACK_FAILED")
    assert "Unfinished: new, next." in shown["stack_status_reason"]
    assert "`hearth stack continue web --retain new --retain next`" in shown["stack_status_reason"]
    await go_on(mendable, stack, retain=["new", "next"])
    await mendable.until(stack, "ROLLBACK_COMPLETE")


async def test_a_failed_deletion_goes_on_and_keeps_its_exceptions(mendable):
    stack = await mendable.create(hot({"a": stubborn(), "kept": stubborn(), "b": after(stubborn(), "kept")}))
    await mendable.until(stack, "CREATE_COMPLETE")
    kept = (await ids(mendable, stack))["kept"]
    refuses(mendable, "delete b", 1)
    await mendable.service.delete_stack(mendable.caller, stack, retain=["kept"])
    await mendable.until(stack, "DELETE_FAILED")
    await go_on(mendable, stack)
    await mendable.until(stack, "DELETE_COMPLETE")
    assert set(mendable.remote.objects) == {kept}
    assert await orphans(mendable) == [("retained", "kept", kept)]


async def test_nested_stacks_go_on_too(mendable):
    inner = hot({"a": stubborn("1"), "b": after(stubborn("1"), "a")})
    refuses(mendable, "create b", 1)
    stack = await mendable.create(hot({"outer": {"type": "inner.yaml"}}), files={"inner.yaml": str(inner)})
    await mendable.until(stack, "CREATE_FAILED")
    await go_on(mendable, stack)
    await mendable.until(stack, "CREATE_COMPLETE")
    assert mendable.remote.calls.count("create a") == 1


async def test_what_was_suspended_already_is_left_alone(mendable):
    mendable.remote.refusals["suspend a"] = iter([NO])
    stack = await mendable.create(hot({"a": stubborn(), "b": after(stubborn(), "a")}))
    await mendable.until(stack, "CREATE_COMPLETE")
    await mendable.service.action(mendable.caller, stack, "suspend")
    await mendable.until(stack, "SUSPEND_FAILED")
    await go_on(mendable, stack)
    await mendable.until(stack, "SUSPEND_COMPLETE")
    assert (mendable.remote.calls.count("suspend a"), mendable.remote.calls.count("suspend b")) == (2, 1)


async def test_only_what_failed_can_go_on(mendable):
    stack = await mendable.create(hot({"a": stubborn()}))
    with pytest.raises(NotSupported):
        await go_on(mendable, stack)
    await mendable.until(stack, "CREATE_COMPLETE")
    with pytest.raises(NotSupported):
        await go_on(mendable, stack)


@pytest.mark.parametrize("goes_back", [True, False])
async def test_an_object_whose_replacement_turned_out_to_be_needed_and_failed_stays_as_it_was(mendable, goes_back):
    stack = await mendable.create(hot({"a": stubborn("1")}))
    await mendable.until(stack, "CREATE_COMPLETE")
    made = await ids(mendable, stack)
    mendable.remote.rigid = True
    refuses(mendable, "create a", 1)
    await mendable.update(stack, hot({"a": stubborn("2")}), disable_rollback=not goes_back)
    await mendable.until(stack, "ROLLBACK_COMPLETE" if goes_back else "UPDATE_FAILED")
    if not goes_back:
        await mendable.update(stack, hot({"a": stubborn("1")}))
        await mendable.until(stack, "UPDATE_COMPLETE")
    assert await ids(mendable, stack) == made
    assert await mendable.statuses(stack) == {"a": "CREATE_COMPLETE"}


# ---- skip ----


async def test_a_rollback_skips_what_cannot_come_back(mendable):
    stack = await mendable.create(hot({"a": stubborn("1"), "b": stubborn("1")}))
    await mendable.until(stack, "CREATE_COMPLETE")
    made = await ids(mendable, stack)
    mendable.remote.fails_to_settle = {"a"}
    await mendable.update(stack, hot({"a": stubborn("2"), "b": stubborn("2")}), disable_rollback=False)
    refuses(mendable, "create a")
    await mendable.until(stack, "ROLLBACK_FAILED")
    await go_on(mendable, stack, skip=["a"])
    await mendable.until(stack, "ROLLBACK_COMPLETE")
    assert made["a"] in mendable.remote.objects
    assert mendable.remote.objects[made["b"]] == "1"


async def test_an_update_goes_on_without_a_resource_and_the_next_one_takes_it_up(mendable):
    stack = await mendable.create(hot({"a": stubborn("1"), "b": after(stubborn("1"), "a")}))
    await mendable.until(stack, "CREATE_COMPLETE")
    made = await ids(mendable, stack)
    refuses(mendable, "update a")
    wanted = hot({"a": stubborn("2"), "b": after(stubborn("2"), "a")})
    await mendable.update(stack, wanted)
    await mendable.until(stack, "UPDATE_FAILED")
    await go_on(mendable, stack, skip=["a"])
    await mendable.until(stack, "UPDATE_COMPLETE")
    shown = (await mendable.resources(stack))["a"]
    assert shown["resource_status"] == "UPDATE_COMPLETE"
    assert shown["resource_status_reason"].startswith("skipped by request; before: ResourceFailure: resources.a: ")
    assert [mendable.remote.objects[made[name]] for name in "ab"] == ["1", "2"]
    mend(mendable)
    await mendable.update(stack, wanted)
    await mendable.until(stack, "UPDATE_COMPLETE")
    assert await ids(mendable, stack) == made
    assert mendable.remote.objects[made["a"]] == "2"


async def test_what_has_never_been_made_is_skipped_with_all_that_needs_it(mendable):
    refuses(mendable, "create a")
    template = hot({"a": stubborn(), "b": after(stubborn(), "a"), "c": after(stubborn(), "b"), "d": stubborn()})
    stack = await mendable.create(template)
    await mendable.until(stack, "CREATE_FAILED")
    with pytest.raises(BadRequest, match="skip: a has never been made, and b cannot be made without it"):
        await go_on(mendable, stack, skip=["a"])
    await go_on(mendable, stack, skip=["a", "b", "c"])
    await mendable.until(stack, "CREATE_COMPLETE")
    assert len(mendable.remote.objects) == 1
    mend(mendable)
    await mendable.update(stack, template)
    await mendable.until(stack, "UPDATE_COMPLETE")
    assert len(mendable.remote.objects) == 4


async def test_nothing_is_said_to_stay_of_what_has_never_been_made(mendable):
    mendable.remote.clear = True
    stack = await mendable.create(hot({"b": stubborn()}))
    await mendable.until(stack, "CREATE_COMPLETE")
    refuses(mendable, "create a")
    await mendable.update(stack, hot({"a": stubborn(), "b": stubborn()}))
    await mendable.until(stack, "UPDATE_FAILED")
    await go_on(mendable, stack)
    await mendable.until(stack, "UPDATE_FAILED")
    await go_on(mendable, stack, skip=["a"])
    await mendable.until(stack, "UPDATE_COMPLETE")
    events = await mendable.service.list_events(mendable.caller, stack)
    reasons = {one["resource_status_reason"] for one in events if one["resource_status"] == "DELETE_COMPLETE"}
    assert reasons == {"state changed"}
    assert await orphans(mendable) == []


# ---- retain and force ----


async def test_a_deletion_retains_what_it_is_told_to(mendable):
    inner = hot({"deep": stubborn(), "other": stubborn()})
    template = hot({"a": stubborn(), "b": stubborn(), "outer": {"type": "inner.yaml"}, "word": thing()})
    stack = await mendable.create(template, files={"inner.yaml": str(inner)})
    await mendable.until(stack, "CREATE_COMPLETE")
    kept = (await ids(mendable, stack))["a"]
    await mendable.service.delete_stack(mendable.caller, stack, retain=["a", "outer/deep", "word"])
    await mendable.until(stack, "DELETE_COMPLETE")
    found = await orphans(mendable)
    assert sorted((cause, path) for cause, path, _ in found) == [("retained", "a"), ("retained", "outer/deep")]
    assert set(mendable.remote.objects) == {one for _, _, one in found}
    assert kept in mendable.remote.objects
    assert await mendable.names() == set()


async def test_a_nested_stack_is_retained_as_a_whole(mendable):
    inner = hot({"deep": stubborn(), "other": stubborn()})
    stack = await mendable.create(hot({"outer": {"type": "inner.yaml"}}), files={"inner.yaml": str(inner)})
    await mendable.until(stack, "CREATE_COMPLETE")
    await mendable.service.delete_stack(mendable.caller, stack, retain=["outer"])
    await mendable.until(stack, "DELETE_COMPLETE")
    assert sorted(path for _, path, _ in await orphans(mendable)) == ["outer/deep", "outer/other"]
    assert len(mendable.remote.objects) == 2
    assert await mendable.service.list_stacks(mendable.caller, StackQuery(show_nested=True)) == []


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("serverr", "retain: serverr: stack stack has no resource 'serverr'. Did you mean 'server'?"),
        ("server/x", "retain: server/x: server owns no nested stack."),
        ("outer/depe", "retain: outer/depe: stack .* has no resource 'depe'. Did you mean 'deep'?"),
    ],
)
async def test_names_of_no_resource_are_refused_before_anything_happens(mendable, path, told):
    template = hot({"server": stubborn(), "outer": {"type": "inner.yaml"}})
    stack = await mendable.create(template, files={"inner.yaml": str(hot({"deep": stubborn()}))})
    await mendable.until(stack, "CREATE_COMPLETE")
    with pytest.raises(BadRequest, match=told):
        await mendable.service.delete_stack(mendable.caller, stack, retain=[path])
    assert (await mendable.show(stack))["stack_status"] == "CREATE_COMPLETE"


async def test_a_resource_cannot_be_both_skipped_and_retained(mendable):
    refuses(mendable, "create a")
    stack = await mendable.create(hot({"a": stubborn()}))
    await mendable.until(stack, "CREATE_FAILED")
    with pytest.raises(BadRequest, match="a stands in skip and in retain"):
        await go_on(mendable, stack, skip=["a"], retain=["a"])


async def test_a_forced_deletion_lets_go_of_what_cannot_be_deleted(mendable):
    stack = await mendable.create(hot({"a": stubborn(), "b": after(stubborn(), "a"), "c": stubborn()}))
    await mendable.until(stack, "CREATE_COMPLETE")
    stays = (await ids(mendable, stack))["b"]
    refuses(mendable, "delete b")
    await mendable.delete(stack)
    await mendable.until(stack, "DELETE_FAILED")
    await mendable.service.delete_stack(mendable.caller, stack, force=True)
    await mendable.until(stack, "DELETE_COMPLETE")
    assert set(mendable.remote.objects) == {stays}
    assert await orphans(mendable) == [("forced", "b", stays)]


async def test_force_for_one_resource_leaves_others_to_fail(mendable):
    stack = await mendable.create(hot({"a": stubborn(), "b": stubborn()}))
    await mendable.until(stack, "CREATE_COMPLETE")
    stays = (await ids(mendable, stack))["a"]
    refuses(mendable, "delete")
    await mendable.delete(stack)
    await mendable.until(stack, "DELETE_FAILED")
    await go_on(mendable, stack, force=["a"])
    await mendable.until(stack, "DELETE_FAILED")
    assert await mendable.statuses(stack) == {"a": "DELETE_COMPLETE", "b": "DELETE_FAILED"}
    mend(mendable)
    await go_on(mendable, stack)
    await mendable.until(stack, "DELETE_COMPLETE")
    assert set(mendable.remote.objects) == {stays}


async def test_what_an_update_cannot_remove_is_let_go(mendable):
    stack = await mendable.create(hot({"a": stubborn(), "old": stubborn()}))
    await mendable.until(stack, "CREATE_COMPLETE")
    stays = (await ids(mendable, stack))["old"]
    refuses(mendable, "delete old")
    await mendable.update(stack, hot({"a": stubborn()}))
    await mendable.until(stack, "UPDATE_FAILED")
    await go_on(mendable, stack, retain=["old"])
    await mendable.until(stack, "UPDATE_COMPLETE")
    assert set(await mendable.resources(stack)) == {"a"}
    assert await orphans(mendable) == [("retained", "old", stays)]


# ---- orphans ----


async def test_orphans_are_deleted_forgotten_and_seen_by_their_project_only(mendable):
    template = hot({"a": {**stubborn(), "deletion_policy": "Retain"}, "b": {**stubborn(), "deletion_policy": "Retain"}})
    stack = await mendable.create(template)
    await mendable.until(stack, "CREATE_COMPLETE")
    await mendable.delete(stack)
    await mendable.until(stack, "DELETE_COMPLETE")
    mendable.owners.caller_session = mendable.owners.session_of
    found = {one["resource_path"]: one["id"] for one in await mendable.service.orphans.listed(mendable.caller)}
    stranger = stubborn_service.stranger(mendable.caller)
    assert await mendable.service.orphans.listed(stranger) == []
    with pytest.raises(NotFound):
        await mendable.service.orphans.delete(stranger, found["a"])
    assert await mendable.service.orphans.delete(mendable.caller, found["a"])
    assert len(mendable.remote.objects) == 1
    await mendable.service.orphans.forget(mendable.caller, found["b"])
    assert len(mendable.remote.objects) == 1
    assert await orphans(mendable) == []


async def test_adopted_orphans_are_orphans_no_more(new_world):
    world = new_world(enable_stack_adopt=True, enable_stack_abandon=True)
    world.remote = stubborn_service.Service().use_in(world)
    await world.start_engine()
    stack = await world.create(hot({"a": stubborn()}))
    await world.until(stack, "CREATE_COMPLETE")
    document = await world.service.abandon_stack(world.caller, stack)
    await world.until(stack, "DELETE_COMPLETE")
    [(cause, path, left)] = await orphans(world)
    assert (cause, path, left in world.remote.objects) == ("abandoned", "a", True)
    again = await world.create(None, adopt_stack_data=str(document))
    await world.until(again, "ADOPT_COMPLETE")
    assert await orphans(world) == []
    await world.delete(again)
    await world.until(again, "DELETE_COMPLETE")
    assert world.remote.objects == {}
    assert await orphans(world) == []
    await world.close()


async def test_a_lost_creation_that_cannot_be_found_again_is_told_of(mendable):
    mendable.remote.findable = False
    mendable.remote.use_in(mendable)
    mendable.remote.silent = {"create"}
    stack = await mendable.create(hot({"a": stubborn()}))
    await mendable.until_resource(stack, "a", "CREATE_IN_PROGRESS")
    await mendable.engines.pop().stop()
    mendable.remote.silent = set()
    await mendable.start_engine()
    await mendable.until(stack, "CREATE_COMPLETE")
    [(cause, path, left)] = await orphans(mendable)
    assert (cause, path, left) == ("lost", "a", None)
    assert (await mendable.service.orphans.listed(mendable.caller))[0]["physical_name"].startswith("stack-a-")


async def test_stacks_of_forced_deletions_leave_no_records(mendable):
    stack = await mendable.create(hot({"a": stubborn()}))
    await mendable.until(stack, "CREATE_COMPLETE")
    refuses(mendable, "delete")
    await mendable.service.delete_stack(mendable.caller, stack, force=True)
    await mendable.until(stack, "DELETE_COMPLETE")
    assert (await mendable.store.read(lambda c: stacks.by_id(c, stack.id))).deleted_at is not None
