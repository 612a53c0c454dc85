"""Pausing what runs, protecting from deletion, locking. What is at work waits for signals of the test."""

import dataclasses
import json

import pytest
from open_handle import HANDLE
from templates import after, hot, thing

from hearth.model import holds
from hearth.model.errors import BadRequest, NotFound, NotSupported
from hearth.store import endings, traversals, work_list

WAIT = {"type": "OS::Heat::WaitCondition", "properties": {"handle": {"get_resource": "handle"}, "timeout": 43200}}


def waiting(**more):
    """A stack at whose resource `wait` the test decides when it goes on; `next` comes after it."""
    return hot({"handle": HANDLE, "wait": WAIT, "next": after(thing(), "wait"), **more})


def inside(template, **more):
    """A stack in which that one is nested."""
    return hot({"in": {"type": "inner.yaml"}, **more}), {"inner.yaml": json.dumps(template)}


async def begun(world, template=None, **more):
    """A stack that waits."""
    stack = await world.create(template or waiting(), **more)
    await world.until_resource(stack, "wait", "CREATE_IN_PROGRESS")
    return stack


async def done(world, template=None, **more):
    """A stack that is there."""
    stack = await world.create(template or hot({"a": thing()}), **more)
    await world.until(stack, "CREATE_COMPLETE")
    return stack


async def go_on(world, stack):
    """What is at work ends."""
    await world.service.signal(world.caller, stack, "handle", None)


async def nothing_begins(world):
    """No engine would find anything to do."""
    now = world.context.now()
    assert await world.store.write(lambda c: work_list.claim(c, "nobody", 100, now)) == []


@pytest.fixture
def ann(world):
    """Somebody else of the same project."""
    return dataclasses.replace(world.caller, user_id="u2", user_name="ann")


# ---- pause ----


async def test_a_paused_action_ends_what_it_began_and_begins_nothing(world):
    stack = await begun(world)
    await world.service.pause(world.caller, stack, "looks wrong")
    await go_on(world, stack)
    await world.until_resource(stack, "wait", "CREATE_COMPLETE")
    await nothing_begins(world)
    assert (await world.statuses(stack))["next"] == "INIT_COMPLETE"
    shown = await world.show(stack)
    assert shown["stack_status"] == "CREATE_IN_PROGRESS"
    assert shown["stack_status_reason"] == "Stack CREATE paused by demo: looks wrong"
    assert shown["paused"].items() >= {"by": "demo", "user_id": "u1", "reason": "looks wrong"}.items()
    (listed,) = await world.service.list_stacks(world.caller, world.query())
    assert listed["paused"] == shown["paused"]
    await world.service.unpause(world.caller, stack)
    shown = await world.until(stack, "CREATE_COMPLETE")
    assert "paused" not in shown


async def test_the_events_tell_who_paused_and_who_let_it_go_on(world, ann):
    stack = await begun(world)
    await world.service.pause(world.caller, stack, "tea")
    await world.service.pause(ann, stack, "a repeat changes nothing")
    await world.service.unpause(ann, stack)
    found = await world.service.list_events(world.caller, stack, resource_name="stack", sort_dir="asc")
    assert [(one["resource_status"], one["resource_status_reason"]) for one in found[1:]] == [
        ("CREATE_IN_PROGRESS", "Stack CREATE paused by demo: tea"),
        ("CREATE_IN_PROGRESS", "Stack CREATE unpaused by ann"),
    ]
    assert (await world.show(stack))["stack_status_reason"] == "Stack CREATE started"


@pytest.mark.every_database
async def test_what_an_engine_holds_but_has_not_begun_waits_as_well(new_world):
    world = new_world()
    stack = await world.create(hot({name: thing() for name in "abc"}))
    now = world.context.now()
    claimed = await world.store.write(lambda c: work_list.claim(c, "slow", 100, now))
    assert len(claimed) == 3
    await world.service.pause(world.caller, stack)
    moves = [traversals.Move(node, traversals.Then.DONE) for node in claimed]
    told = await world.store.write(lambda c: traversals.advance(c, world.store.codec, moves, "slow", 100))
    assert told.lost == {node.id for node in claimed}
    await world.start_engine()
    await nothing_begins(world)
    await world.service.unpause(world.caller, stack)
    await world.until(stack, "CREATE_COMPLETE")
    await world.close()


@pytest.mark.every_database
async def test_a_pause_outlives_the_engines(new_world):
    world = new_world()
    first = await world.start_engine()
    stack = await begun(world)
    await world.service.pause(world.caller, stack)
    await first.stop()
    await go_on(world, stack)
    await world.start_engine()
    await world.until_resource(stack, "wait", "CREATE_COMPLETE")
    await nothing_begins(world)
    await world.service.unpause(world.caller, stack)
    await world.until(stack, "CREATE_COMPLETE")
    await world.close()


@pytest.mark.every_database
async def test_a_tree_is_paused_as_a_whole(world):
    template, files = inside(waiting(), outer=after(thing(), "in"))
    stack = await world.create(template, files=files)
    inner = await world.inner(stack, "in")
    await world.until_resource(inner, "wait", "CREATE_IN_PROGRESS")
    await world.service.pause(world.caller, stack)
    assert "paused" in await world.show(inner)
    await go_on(world, inner)
    await world.until_resource(inner, "wait", "CREATE_COMPLETE")
    await nothing_begins(world)
    assert (await world.statuses(inner))["next"] == "INIT_COMPLETE"
    await world.service.unpause(world.caller, stack)
    await world.until(stack, "CREATE_COMPLETE")


async def test_a_nested_stack_is_not_held_by_itself(world):
    template, files = inside(hot({"a": thing()}))
    stack = await done(world, template, files=files)
    inner = await world.inner(stack, "in")
    for asked in (world.service.pause, world.service.protect, world.service.lock):
        with pytest.raises(BadRequest, match="nested in stack"):
            await asked(world.caller, inner)


async def test_time_stands_still_while_an_action_is_paused(world):
    stack = await begun(world, timeout_mins=1)
    await world.service.pause(world.caller, stack)
    world.later(3600)
    assert await world.store.read(lambda c: endings.overdue(c, world.context.now())) == []
    await world.service.unpause(world.caller, stack)
    await go_on(world, stack)
    await world.until(stack, "CREATE_COMPLETE")


async def test_nested_stacks_begun_after_a_long_pause_have_their_time(world):
    template, files = inside(waiting(), handle=HANDLE, wait=WAIT)
    template["resources"]["in"]["depends_on"] = ["wait"]
    stack = await begun(world, template, files=files, timeout_mins=1)
    await world.service.pause(world.caller, stack)
    world.later(3600)
    await go_on(world, stack)
    await world.service.unpause(world.caller, stack)
    inner = await world.inner(stack, "in")
    now = world.context.now()
    assert all(one - now > 30 for one in (await world.store.read(endings.deadlines)).values())
    await world.until_resource(inner, "wait", "CREATE_IN_PROGRESS")
    await go_on(world, inner)
    await world.until(stack, "CREATE_COMPLETE")


@pytest.mark.parametrize("action", ["suspend", "resume", "check", "update", "snapshot"])
async def test_nothing_else_begins_on_a_paused_stack(world, action):
    stack = await begun(world)
    await world.service.pause(world.caller, stack, "tea")
    with pytest.raises(holds.StackPaused, match=r"paused by demo since .*: tea.*hearth stack unpause stack"):
        if action == "update":
            await world.update(stack, waiting())
        elif action == "snapshot":
            await world.service.create_snapshot(world.caller, stack, None)
        else:
            await world.service.action(world.caller, stack, action)


async def test_a_paused_stack_can_be_deleted(world):
    stack = await begun(world)
    await world.service.pause(world.caller, stack)
    await world.delete(stack)
    await world.until(stack, "DELETE_COMPLETE")


async def test_a_paused_deletion_goes_on_when_it_is_asked_for_again(new_world):
    world = new_world()
    engine = await world.start_engine()
    stack = await done(world)
    await engine.stop()
    await world.delete(stack)
    await world.service.pause(world.caller, stack)
    await world.start_engine()
    await nothing_begins(world)
    await world.delete(stack)
    await world.until(stack, "DELETE_COMPLETE")
    await world.close()


async def test_a_paused_action_can_be_cancelled(world):
    stack = await begun(world)
    await world.service.pause(world.caller, stack)
    await world.service.action(world.caller, stack, "cancel_without_rollback")
    shown = await world.until(stack, "CREATE_FAILED")
    assert "paused" not in shown
    await world.update(stack, hot({"a": thing()}))
    await world.until(stack, "UPDATE_COMPLETE")


async def test_a_paused_update_can_be_undone(world):
    stack = await done(world, hot({"a": thing()}))
    await world.update(stack, waiting(a=thing()))
    await world.until_resource(stack, "wait", "CREATE_IN_PROGRESS")
    await world.service.pause(world.caller, stack)
    await world.service.action(world.caller, stack, "cancel_update")
    await go_on(world, stack)
    shown = await world.until(stack, "ROLLBACK_COMPLETE")
    assert "paused" not in shown
    assert await world.statuses(stack) == {"a": "CREATE_COMPLETE"}


async def test_an_automatic_rollback_waits_for_the_end_of_the_pause(world):
    slow = thing(fail=True, action_wait_secs={"create": 0.05})
    stack = await world.create(hot({"good": thing(), "bad": after(slow, "good")}), disable_rollback=False)
    await world.until_resource(stack, "good", "CREATE_COMPLETE")
    await world.service.pause(world.caller, stack)
    await world.until(stack, "ROLLBACK_IN_PROGRESS", "CREATE_IN_PROGRESS")
    await world.service.unpause(world.caller, stack)
    await world.until(stack, "ROLLBACK_COMPLETE")


async def test_an_action_that_had_nothing_left_to_begin_ends_its_pause(world):
    stack = await begun(world, hot({"handle": HANDLE, "wait": WAIT}))
    await world.service.pause(world.caller, stack)
    await go_on(world, stack)
    shown = await world.until(stack, "CREATE_COMPLETE")
    assert "paused" not in shown
    with pytest.raises(NotSupported, match="Unpausing"):
        await world.service.unpause(world.caller, stack)


async def test_what_does_not_run_cannot_be_paused(world):
    stack = await done(world)
    with pytest.raises(NotSupported, match="Pausing when stack is CREATE_COMPLETE"):
        await world.service.pause(world.caller, stack)


# ---- protection ----


async def test_a_protected_stack_is_not_deleted(world):
    stack = await done(world)
    await world.service.protect(world.caller, stack, "production")
    with pytest.raises(holds.StackProtected, match=r"by demo: production\. `hearth stack unprotect stack`") as refused:
        await world.delete(stack)
    assert refused.value.status == 403
    assert (await world.show(stack))["protected"]["reason"] == "production"
    await world.service.unprotect(world.caller, stack)
    await world.delete(stack)
    await world.until(stack, "DELETE_COMPLETE")


async def test_protection_can_come_with_creation_and_go_with_an_update(world):
    stack = await done(world, deletion_protection=True)
    await world.update(stack, hot({"b": thing()}))
    await world.until(stack, "UPDATE_COMPLETE")
    with pytest.raises(holds.StackProtected):
        await world.delete(stack)
    await world.update(stack, hot({"b": thing()}), deletion_protection=False)
    await world.until(stack, "UPDATE_COMPLETE")
    await world.delete(stack)
    await world.until(stack, "DELETE_COMPLETE")


async def test_a_protected_stack_is_not_emptied(world):
    stack = await done(world, deletion_protection=True)
    with pytest.raises(holds.StackProtected):
        await world.update(stack, hot({}))
    assert await world.statuses(stack) == {"a": "CREATE_COMPLETE"}
    await world.update(stack, hot({}), deletion_protection=False)
    await world.until(stack, "UPDATE_COMPLETE")


async def test_a_protected_stack_is_not_abandoned(new_world):
    world = new_world(enable_stack_abandon=True)
    await world.start_engine()
    stack = await done(world, deletion_protection=True)
    with pytest.raises(holds.StackProtected):
        await world.service.abandon_stack(world.caller, stack)
    await world.close()


async def test_what_is_nested_in_a_protected_stack_is_protected(world):
    template, files = inside(hot({"a": thing()}), b=thing())
    stack = await done(world, template, files=files, deletion_protection=True)
    inner = await world.inner(stack, "in")
    with pytest.raises(holds.StackProtected):
        await world.delete(inner)
    await world.update(stack, hot({"b": thing()}))
    await world.until(stack, "UPDATE_COMPLETE")
    assert await world.show(inner) is None or (await world.show(inner))["stack_status"] == "DELETE_COMPLETE"


async def test_the_failed_creation_of_a_protected_stack_is_not_undone(world):
    stack = await world.create(
        hot({"good": thing(), "bad": after(thing(fail=True), "good")}),
        disable_rollback=False,
        deletion_protection=True,
    )
    shown = await world.until(stack, "CREATE_FAILED")
    assert shown["stack_status_reason"].endswith("(not rolled back: the stack is protected from deletion)")
    assert (await world.statuses(stack))["good"] == "CREATE_COMPLETE"


async def test_an_update_of_a_protected_stack_is_undone(world):
    stack = await done(world, deletion_protection=True)
    await world.update(stack, hot({"a": thing(), "bad": thing(fail=True)}), disable_rollback=False)
    await world.until(stack, "ROLLBACK_COMPLETE")
    assert await world.statuses(stack) == {"a": "CREATE_COMPLETE"}


async def test_cancelling_the_update_of_a_failed_creation_does_not_empty_a_protected_stack(world):
    stack = await world.create(hot({"a": thing(fail=True)}), deletion_protection=True)
    await world.until(stack, "CREATE_FAILED")
    await world.update(stack, waiting())
    await world.until_resource(stack, "wait", "CREATE_IN_PROGRESS")
    with pytest.raises(holds.StackProtected):
        await world.service.action(world.caller, stack, "cancel_update")


async def test_what_is_being_deleted_cannot_be_protected(world):
    stack = await done(world, hot({"a": thing(action_wait_secs={"delete": 30})}))
    await world.delete(stack)
    with pytest.raises(NotSupported, match="Protecting when stack is DELETE_IN_PROGRESS"):
        await world.service.protect(world.caller, stack)


# ---- lock ----


CHANGES = {
    "update": lambda world, ann, stack: world.service.update_stack(
        ann, stack, world.request(hot({"a": thing("v2")})), patch=False
    ),
    "delete": lambda world, ann, stack: world.service.delete_stack(ann, stack),
    "suspend": lambda world, ann, stack: world.service.action(ann, stack, "suspend"),
    "check": lambda world, ann, stack: world.service.action(ann, stack, "check"),
    "cancel": lambda world, ann, stack: world.service.action(ann, stack, "cancel_without_rollback"),
    "snapshot": lambda world, ann, stack: world.service.create_snapshot(ann, stack, None),
    "unhealthy": lambda world, ann, stack: world.service.mark_unhealthy(ann, stack, "a", True, None),
    "clear a hook": lambda world, ann, stack: world.service.signal(ann, stack, "a", {"unset_hook": "pre-update"}),
    "protect": lambda world, ann, stack: world.service.protect(ann, stack),
    "pause": lambda world, ann, stack: world.service.pause(ann, stack),
    "lock": lambda world, ann, stack: world.service.lock(ann, stack),
    "unlock": lambda world, ann, stack: world.service.unlock(ann, stack),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_nobody_but_the_owner_of_a_lock_changes_the_stack(world, ann, change):
    stack = await done(world)
    await world.service.lock(world.caller, stack, "migration", 7200)
    before = await world.show(stack)
    with pytest.raises(holds.StackLocked, match=r"locked by demo until \d{4}-.*Z: migration") as refused:
        await CHANGES[change](world, ann, stack)
    assert refused.value.status == 409
    assert await world.show(stack) == before


async def test_the_owner_of_a_lock_changes_the_stack(world):
    stack = await done(world)
    await world.service.lock(world.caller, stack, "migration", 7200)
    await world.update(stack, hot({"a": thing("v2")}))
    await world.until(stack, "UPDATE_COMPLETE")
    await world.service.unlock(world.caller, stack)
    assert "locked" not in await world.show(stack)


async def test_a_lock_ends_by_itself(world, ann):
    stack = await done(world)
    await world.service.lock(world.caller, stack, "migration", 7200)
    locked = (await world.show(stack))["locked"]
    assert locked["until"] - locked["since"] == 7200
    world.later(7201)
    assert "locked" not in await world.show(stack)
    await world.service.lock(ann, stack, "mine now", 60)
    assert (await world.show(stack))["locked"]["by"] == "ann"


async def test_a_lock_can_be_taken_over_or_lifted_by_force(world, ann):
    stack = await done(world)
    await world.service.lock(world.caller, stack, "migration")
    await world.service.lock(ann, stack, "emergency", 60, force=True)
    assert (await world.show(stack))["locked"]["by"] == "ann"
    await world.service.unlock(world.caller, stack, force=True)
    assert "locked" not in await world.show(stack)


async def test_a_lock_covers_what_is_nested(world, ann):
    template, files = inside(hot({"a": thing()}))
    stack = await done(world, template, files=files)
    inner = await world.inner(stack, "in")
    await world.service.lock(world.caller, stack)
    with pytest.raises(holds.StackLocked):
        await world.service.delete_stack(ann, inner)


async def test_signals_reach_a_locked_stack(world, ann):
    stack = await begun(world)
    await world.service.lock(world.caller, stack)
    await world.service.signal(ann, stack, "handle", None)
    await world.until(stack, "CREATE_COMPLETE")


@pytest.mark.parametrize("seconds", [0, 31 * 86400])
async def test_a_lock_has_a_sensible_end(world, seconds):
    stack = await done(world)
    with pytest.raises(BadRequest, match="from 1 to 2592000 seconds"):
        await world.service.lock(world.caller, stack, "", seconds)


async def test_a_group_does_not_grow_by_signals_while_its_stack_is_locked(world):
    group = {
        "type": "OS::Heat::AutoScalingGroup",
        "properties": {"min_size": 1, "max_size": 5, "resource": thing()},
    }
    policy = {
        "type": "OS::Heat::ScalingPolicy",
        "properties": {
            "auto_scaling_group_id": {"get_resource": "group"},
            "adjustment_type": "change_in_capacity",
            "scaling_adjustment": 1,
        },
    }
    stack = await done(world, hot({"group": group, "policy": policy}))
    await world.service.lock(world.caller, stack)
    await world.service.signal(world.caller, stack, "policy", None)
    inner = await world.inner(stack, "group")
    assert (await world.show(inner))["stack_status"] == "CREATE_COMPLETE"
    await world.service.unlock(world.caller, stack)
    await world.service.signal(world.caller, stack, "policy", None)
    await world.until(inner, "UPDATE_COMPLETE")
    assert len(await world.resources(inner)) == 2


async def test_holds_go_with_their_stack(world):
    stack = await done(world)
    await world.service.lock(world.caller, stack)
    await world.delete(stack)
    shown = await world.until(stack, "DELETE_COMPLETE")
    assert "locked" not in shown
    with pytest.raises(NotFound):
        await world.service.unlock(world.caller, stack)
