"""What may pass is tried again, by a stated policy, and the resource tells why it waits."""

import asyncio
import itertools

import pytest
import stubborn_service
from stubborn_service import stubborn
from templates import hot

from hearth.resources.contract import Conflict, Permanent, Temporary

AWAY = "the service is away"


@pytest.fixture
async def patient(new_world):
    """A world in which pauses are short, on a service that can be made to fail."""
    world = new_world(slow_call=0.1, temporary_retry_limit=3, action_retry_limit=1)
    world.context.jitter = lambda: 0.0
    world.remote = stubborn_service.Service().use_in(world)
    await world.start_engine()
    yield world
    await world.close()


async def told(world, stack, name="a"):
    """(status, reason) of a resource's events, oldest first."""
    found = await world.service.list_events(world.caller, stack, resource_name=name, sort_dir="asc")
    return [(one["resource_status"], one["resource_status_reason"]) for one in found]


async def reason(world, stack, beginning):
    """The reason of resource `a` once it begins so."""
    async with asyncio.timeout(20):
        while True:
            text = (await world.resources(stack))["a"]["resource_status_reason"]
            if text.startswith(beginning):
                return text
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("verb", ["create", "update", "delete"])
async def test_a_failure_that_passes_is_overcome(patient, verb):
    failures = iter([Temporary(AWAY, after=0.0), Temporary(AWAY, after=0.0)])
    patient.remote.refusals[verb] = failures
    stack = await patient.create(hot({"a": stubborn("old")}))
    await patient.until(stack, "CREATE_COMPLETE")
    await patient.update(stack, hot({"a": stubborn("new")}))
    await patient.until(stack, "UPDATE_COMPLETE")
    assert list(patient.remote.objects.values()) == ["new"]
    await patient.delete(stack)
    await patient.until(stack, "DELETE_COMPLETE")
    assert patient.remote.objects == {}
    assert patient.remote.calls.count(f"{verb} a") == 3


async def test_a_retry_is_told_of_while_it_waits(patient):
    patient.remote.refusals["create"] = iter([Temporary(AWAY, after=60.0)])
    stack = await patient.create(hot({"a": stubborn()}))
    waits = await reason(patient, stack, "ResourceFailure")
    assert waits == f"ResourceFailure: resources.a: {AWAY}; attempt 2 of 4 follows in 60 s"
    assert await told(patient, stack) == [("CREATE_IN_PROGRESS", "state changed"), ("CREATE_IN_PROGRESS", waits)]


@pytest.mark.parametrize(
    ("failure", "calls"),
    [(Temporary(AWAY, after=0.0), 4), (Conflict("in use"), 4), (Permanent("never"), 1), (RuntimeError("a defect"), 1)],
)
async def test_what_does_not_pass_fails_after_so_many_attempts(patient, failure, calls):
    patient.remote.refusals["delete"] = itertools.repeat(failure)
    stack = await patient.create(hot({"a": stubborn()}))
    await patient.until(stack, "CREATE_COMPLETE")
    if isinstance(failure, Conflict):
        failure.after = 0.0
    await patient.delete(stack)
    shown = await patient.until(stack, "DELETE_FAILED")
    assert f"resources.a: {failure}" in shown["stack_status_reason"]
    assert patient.remote.calls.count("delete a") == calls


async def test_a_retry_waits_in_the_store_and_any_engine_goes_on_with_it(patient):
    patient.remote.refusals["create"] = iter([Temporary(AWAY, after=1.0)])
    stack = await patient.create(hot({"a": stubborn()}))
    await reason(patient, stack, "ResourceFailure")
    await patient.engines.pop().stop()
    await patient.start_engine()
    await patient.until(stack, "CREATE_COMPLETE")
    assert patient.remote.calls.count("create a") == 2


async def test_an_update_does_not_wait_for_the_next_attempt_of_what_it_supersedes(patient):
    patient.remote.refusals["create"] = iter([Temporary(AWAY, after=600.0), Temporary(AWAY, after=600.0)])
    stack = await patient.create(hot({"a": stubborn("old")}))
    await reason(patient, stack, "ResourceFailure")
    await patient.update(stack, hot({"a": stubborn("new")}))
    await patient.until(stack, "UPDATE_COMPLETE")
    assert list(patient.remote.objects.values()) == ["new"]
    assert ("CREATE_FAILED", f"ResourceFailure: resources.a: {AWAY}") in await told(patient, stack)


async def test_an_object_whose_creation_was_tried_again_is_made_once(patient):
    """The answer was lost, not the work."""
    patient.remote.losses = iter([Temporary(AWAY, after=0.0)])
    stack = await patient.create(hot({"a": stubborn()}))
    await patient.until(stack, "CREATE_COMPLETE")
    assert len(patient.remote.objects) == 1
    assert patient.remote.calls.count("create a") == 1


async def test_a_look_that_fails_is_repeated_and_told_of(patient):
    patient.remote.refusals["observe"] = itertools.repeat(Temporary(AWAY))
    patient.remote.endless = {"create"}
    stack = await patient.create(hot({"a": stubborn()}))
    waits = await reason(patient, stack, "ResourceFailure")
    assert waits == f"ResourceFailure: resources.a: {AWAY}; it is looked at again"
    del patient.remote.refusals["observe"]
    await reason(patient, stack, "state changed")
    patient.remote.endless = set()
    await patient.until(stack, "CREATE_COMPLETE")


@pytest.mark.parametrize("verb", ["create", "observe"])
async def test_a_call_without_an_answer_is_told_of(patient, verb):
    patient.remote.silent = {verb}
    stack = await patient.create(hot({"a": stubborn()}))
    waits = await reason(patient, stack, "waits for an answer since 2")
    assert waits.endswith(f": {verb} of the stubborn service")
    await patient.service.action(patient.caller, stack, "cancel_without_rollback")
    await patient.until(stack, "CREATE_FAILED")
    aborted = (await patient.resources(stack))["a"]["resource_status_reason"]
    assert aborted == f"CREATE aborted (user triggered cancel); before: {waits}"


async def test_silent_calls_leave_room_for_others(new_world):
    world = new_world(slow_call=0.1, max_steps=2)
    world.remote = stubborn_service.Service().use_in(world)
    await world.start_engine()
    world.remote.silent = {f"create s{n}" for n in range(4)}
    await world.create(hot({f"s{n}": stubborn() for n in range(4)}), name="silent")
    stack = await world.create(hot({"a": stubborn()}), name="other")
    await world.until(stack, "CREATE_COMPLETE")
    await world.close()
