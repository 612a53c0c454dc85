"""A creation whose call was cut off may still come to something: nothing is made twice, nothing stays behind."""

import asyncio

import pytest
import service_with_copies
import stubborn_service
from service_with_copies import an_object
from stubborn_service import stubborn
from templates import hot

from hearth.cloud import errors
from hearth.engine.orphans import OrphanNotDeletable
from hearth.resources.contract import Permanent, Temporary

WAIT = 300.0


@pytest.fixture
def takes_turns():
    """Whether no two objects of the service may hold the same."""
    return False


@pytest.fixture
async def late(new_world, takes_turns):
    """A world on a service whose answers get lost."""
    world = new_world(lost_call_wait=WAIT, temporary_retry_limit=1)
    world.context.jitter = lambda: 0.0
    world.remote = stubborn_service.Service()
    world.remote.takes_turns = takes_turns
    world.remote.use_in(world)
    await world.start_engine()
    yield world
    await world.close()


def lost(status=0):
    failure = Temporary("no answer", after=0.0)
    failure.__cause__ = errors.Unavailable(status, "things", "no answer", None, maybe_done=True)
    return failure


async def waits(world, stack):
    """Wait until resource `a` is looked for, with the reason."""
    async with asyncio.timeout(20):
        while True:
            reason = (await world.resources(stack))["a"]["resource_status_reason"]
            if "it is looked for until" in reason:
                return reason
            await asyncio.sleep(0.01)


def comes(world):
    """What the lost call was to make is made at last."""
    world.remote.objects[world.remote.names["a"]] = "late"


async def test_what_comes_late_is_taken(late):
    late.remote.refusals["create"] = iter([lost()])
    stack = await late.create(hot({"a": stubborn()}))
    assert "its creation had no answer and may still come to something" in await waits(late, stack)
    comes(late)
    await late.until(stack, "CREATE_COMPLETE")
    assert late.remote.calls.count("create a") == 1
    assert list(late.remote.objects.values()) == ["late"]


async def test_what_does_not_come_in_time_is_made(late):
    late.remote.refusals["create"] = iter([lost(504)])
    stack = await late.create(hot({"a": stubborn("made")}))
    await waits(late, stack)
    late.later(WAIT + 1)
    await late.until(stack, "CREATE_COMPLETE")
    assert late.remote.calls.count("create a") == 2
    assert list(late.remote.objects.values()) == ["made"]


@pytest.mark.parametrize("failure", [lost(500), Temporary("too busy", after=0.0)])
async def test_what_the_service_itself_refused_is_made_at_once(late, failure):
    late.remote.refusals["create"] = iter([failure])
    stack = await late.create(hot({"a": stubborn()}))
    await late.until(stack, "CREATE_COMPLETE")
    assert len(late.remote.objects) == 1


async def test_a_killed_engine_s_call_is_waited_for_by_the_next(late):
    late.remote.silent.add("create a")
    stack = await late.create(hot({"a": stubborn()}))
    async with asyncio.timeout(20):
        while "create a" not in late.remote.calls:  # noqa: ASYNC110 - the call is at the service
            await asyncio.sleep(0.01)
    await late.engines.pop().stop()
    late.remote.silent.clear()
    await late.start_engine()
    await waits(late, stack)
    comes(late)
    await late.until(stack, "CREATE_COMPLETE")
    assert late.remote.calls.count("create a") == 1


async def in_doubt(late):
    """A stack whose creation failed while the call may still be on its way."""
    late.remote.refusals["create"] = iter([lost()])
    stack = await late.create(hot({"a": stubborn()}), timeout_mins=1)
    await waits(late, stack)
    late.later(61)
    await late.until(stack, "CREATE_FAILED")
    return stack


async def test_a_deletion_waits_for_what_may_come(late):
    stack = await in_doubt(late)
    await late.delete(stack)
    await waits(late, stack)
    comes(late)
    await late.until(stack, "DELETE_COMPLETE")
    assert late.remote.objects == {}


async def test_a_deletion_ends_when_nothing_comes_any_more(late):
    stack = await in_doubt(late)
    await late.delete(stack)
    await waits(late, stack)
    late.later(WAIT)
    await late.until(stack, "DELETE_COMPLETE")


async def test_a_look_that_fails_tells_nothing_of_what_may_come(late):
    away = Temporary("the service is away", after=0.0)
    late.remote.refusals |= {"create": iter([lost()]), "find": iter([away, away])}
    stack = await late.create(hot({"a": stubborn()}))
    await late.until(stack, "CREATE_FAILED")
    await late.delete(stack)
    await waits(late, stack)
    comes(late)
    await late.until(stack, "DELETE_COMPLETE")
    assert late.remote.objects == {}


async def test_by_force_what_may_come_is_told_as_an_orphan(late):
    stack = await in_doubt(late)
    await late.service.delete_stack(late.caller, stack, force=True)
    await late.until(stack, "DELETE_COMPLETE")
    (orphan,) = await late.service.orphans.listed(late.caller)
    assert (orphan["cause"], orphan["physical_resource_id"]) == ("forced", None)
    assert "may still come to something" in orphan["reason"]
    with pytest.raises(OrphanNotDeletable, match="may still come to something"):
        await late.service.orphans.delete(late.caller, orphan["id"])
    comes(late)
    assert await late.service.orphans.delete(late.caller, orphan["id"])
    assert late.remote.objects == {}


async def test_a_newer_action_does_not_wait_and_leaves_nothing_behind(late):
    late.remote.refusals["create"] = iter([lost()])
    stack = await late.create(hot({"a": stubborn("old")}))
    await waits(late, stack)
    former = late.remote.names["a"]
    await late.update(stack, hot({"a": stubborn("new")}))
    async with asyncio.timeout(20):
        while "new" not in late.remote.objects.values():  # noqa: ASYNC110 - it is made before the other is looked for
            await asyncio.sleep(0.01)
    late.remote.objects[former] = "late"
    await late.until(stack, "UPDATE_COMPLETE")
    assert list(late.remote.objects.values()) == ["new"]


def seat(fixed):
    return hot({"a": {"type": "Test::Stubborn", "properties": {"content": "window", "fixed": fixed}}})


async def replaced_in_doubt(world):
    """A stack whose update needs the place of an object that may still come."""
    world.remote.refusals["create"] = iter([lost()])
    stack = await world.create(seat("round"))
    await waits(world, stack)
    former = world.remote.names["a"]
    await world.update(stack, seat("square"))
    async with asyncio.timeout(20):
        while "its place may be taken" not in (await world.resources(stack))["a"]["resource_status_reason"]:  # noqa: ASYNC110 - the reason is in the store
            await asyncio.sleep(0.01)
    assert world.remote.calls.count("create a") == 1
    return stack, former


@pytest.mark.parametrize("takes_turns", [True])
async def test_what_may_still_come_makes_way_before_another_is_made(late):
    stack, former = await replaced_in_doubt(late)
    late.remote.objects[former] = "window"
    await late.until(stack, "UPDATE_COMPLETE")
    assert [one for one in late.remote.calls if one in ("make_way a", "create a")][-2:] == [
        "make_way a",
        "create a",
    ]
    assert list(late.remote.objects.values()) == ["window"]


@pytest.mark.parametrize("takes_turns", [True])
async def test_the_place_of_what_does_not_come_is_free(late):
    stack, _ = await replaced_in_doubt(late)
    late.later(WAIT + 1)
    await late.until(stack, "UPDATE_COMPLETE")
    assert late.remote.calls.count("create a") == 2
    assert list(late.remote.objects.values()) == ["window"]


async def test_a_refusal_after_a_lost_answer_leaves_no_doubt(late):
    late.remote.refusals["create"] = iter([Temporary("too busy", after=0.0), Permanent("never")])
    stack = await late.create(hot({"a": stubborn()}))
    await late.until(stack, "CREATE_FAILED")
    await late.delete(stack)
    await late.until(stack, "DELETE_COMPLETE")


@pytest.fixture
async def copied(new_world):
    """A world with a stack whose object is copied, and the answer gets lost."""
    world = new_world(lost_call_wait=WAIT, temporary_retry_limit=1)
    world.context.jitter = lambda: 0.0
    world.remote = service_with_copies.Service()
    world.remote.use_in(world)
    await world.start_engine()
    yield world
    await world.close()


async def being_copied(world, **sections):
    """The stack, and its snapshot whose copy may still come; with a deletion policy its deletion instead."""
    world.remote.lost_copies = [lost()]
    stack = await world.create(hot({"a": an_object("1", **sections)}))
    await world.until(stack, "CREATE_COMPLETE")
    if sections:
        await world.delete(stack)
    else:
        world.taken = (await world.service.create_snapshot(world.caller, stack, None))["id"]
    assert "the call for its copy" in await waits(world, stack)
    return stack


def copy_comes(world):
    world.remote.copies |= world.remote.late


async def test_a_copy_that_comes_late_is_the_only_one(copied):
    stack = await being_copied(copied)
    copy_comes(copied)
    await copied.until(stack, "SNAPSHOT_COMPLETE")
    assert copied.remote.log == []
    (taken,) = await copied.service.list_snapshots(copied.caller, stack)
    assert taken["data"]["resources"]["a"]["resource_data"] == {"copy": next(iter(copied.remote.copies))}


async def test_a_copy_that_does_not_come_in_time_is_made(copied):
    stack = await being_copied(copied)
    copied.later(WAIT + 1)
    await copied.until(stack, "SNAPSHOT_COMPLETE")
    assert copied.remote.log == ["copy object"]


async def test_a_copy_that_is_to_stay_behind_is_waited_for(copied):
    stack = await being_copied(copied, deletion_policy="Snapshot")
    assert list(copied.remote.objects.values()) == ["1"], "it is not deleted before"
    copy_comes(copied)
    await copied.until(stack, "DELETE_COMPLETE")
    assert copied.remote.log == ["delete object"]
    assert list(copied.remote.copies.values()) == ["1"]


async def test_a_refused_copy_leaves_no_doubt(copied):
    copied.remote.refuses_copies = True
    stack = await copied.create(hot({"a": an_object("1", deletion_policy="Snapshot")}))
    await copied.until(stack, "CREATE_COMPLETE")
    await copied.delete(stack)
    await copied.until(stack, "DELETE_FAILED")
    copied.remote.refuses_copies = False
    await copied.delete(stack)
    await copied.until(stack, "DELETE_COMPLETE")
    assert copied.remote.log == ["copy object", "delete object"]


async def test_the_removal_of_a_snapshot_waits_for_copies_that_may_come(copied):
    stack = await being_copied(copied)
    await copied.update(stack, hot({"a": an_object("1"), "b": an_object("2")}))
    await copied.until(stack, "UPDATE_COMPLETE")
    await copied.service.delete_snapshot(copied.caller, stack, copied.taken)
    copied.later(WAIT / 2)
    copy_comes(copied)
    async with asyncio.timeout(20):
        while await copied.service.list_snapshots(copied.caller, stack):
            copied.later(WAIT / 20)
            await asyncio.sleep(0.05)
    assert copied.remote.copies == {}


async def test_a_copy_may_come_although_its_object_has_gone(copied):
    """The engine that removed the object dies while a copy of it may still come."""
    stack = await being_copied(copied)
    await copied.delete(stack)
    async with asyncio.timeout(20):
        while (await copied.statuses(stack)).get("a") != "DELETE_COMPLETE":  # noqa: ASYNC110 - the state is in the store
            await asyncio.sleep(0.01)
    await copied.engines.pop().stop()
    before = copied.remote.removals
    await copied.start_engine()
    async with asyncio.timeout(20):
        while copied.remote.removals == before:  # noqa: ASYNC110 - it is looked for, and not there yet
            await asyncio.sleep(0.01)
    copy_comes(copied)
    await copied.until(stack, "DELETE_COMPLETE")
    assert copied.remote.copies == {}
