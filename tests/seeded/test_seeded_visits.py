"""Suspend, resume, check, snapshot and restore. Spec: lifecycle facts, section 9."""

from simulation.openings import created
from simulation.stories import scenario
from simulation.wording import hot, the, thing

from hearth.model.errors import HearthError

PAIR = {"a": thing("1"), "b": thing("1", uses=[the("a")])}


def statuses(world):
    return {one.resource: one.status for one in world.cloud.all("things")}


@scenario
async def test_suspending_goes_from_users_to_used_and_resuming_back(world):
    stack = await created(world, PAIR)
    await stack.acts("suspend")
    await stack.ends("SUSPEND_COMPLETE")
    assert statuses(world) == {"a": "SUSPENDED", "b": "SUSPENDED"}
    await stack.acts("resume")
    await stack.ends("RESUME_COMPLETE")
    assert statuses(world) == {"a": "ACTIVE", "b": "ACTIVE"}
    await stack.updates(hot({"a": thing("2"), "b": thing("1", uses=[the("a")])}))
    await stack.ends("UPDATE_COMPLETE")


@scenario
async def test_a_suspended_stack_can_be_deleted_but_not_updated(world):
    stack = await created(world, PAIR)
    await stack.acts("suspend")
    await stack.ends("SUSPEND_COMPLETE")
    await stack.is_refused(stack.updates(hot(PAIR)), HearthError)
    await stack.deletes()
    await stack.ends("DELETE_COMPLETE")
    assert world.cloud.contents == {}


@scenario
async def test_a_suspension_that_fails_can_be_repeated(world):
    stack = await created(world, PAIR)
    world.cloud.refuses("a", "suspend")
    await stack.acts("suspend")
    await stack.ends("SUSPEND_FAILED")
    world.cloud.relents("a")
    await stack.acts("suspend")
    await stack.ends("SUSPEND_COMPLETE")
    assert statuses(world) == {"a": "SUSPENDED", "b": "SUSPENDED"}


@scenario
async def test_a_resumption_that_fails_can_be_repeated(world):
    stack = await created(world, PAIR)
    await stack.acts("suspend")
    await stack.ends("SUSPEND_COMPLETE")
    world.cloud.refuses("b", "resume")
    await stack.acts("resume")
    await stack.ends("RESUME_FAILED")
    world.cloud.relents("b")
    await stack.acts("resume")
    await stack.ends("RESUME_COMPLETE", "RESUME_FAILED")


@scenario
async def test_resuming_overtakes_suspending(world):
    stack = await created(world, PAIR)
    await stack.acts("suspend")
    await stack.ends("SUSPEND_COMPLETE")
    await stack.acts("resume")
    await world.some_moment()
    await stack.acts("suspend")
    await stack.ends("SUSPEND_COMPLETE", "SUSPEND_FAILED")
    await stack.deletes()
    await stack.ends("DELETE_COMPLETE")


@scenario
async def test_a_check_finds_what_is_gone_and_the_next_update_heals_it(world):
    stack = await created(world, {**PAIR, "c": thing("1")})
    world.cloud.loses("b")
    await stack.acts("check")
    await stack.ends("CHECK_FAILED")
    assert "Resource CHECK failed: b: " in stack.reason
    assert stack.resources["c"] == "CHECK_COMPLETE"
    await stack.updates(hot({**PAIR, "c": thing("1")}))
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"a": "1", "b": "1", "c": "1"}


@scenario
async def test_a_check_of_a_healthy_stack_changes_nothing(world):
    stack = await created(world, PAIR)
    objects = stack.objects()
    await stack.acts("check")
    await stack.ends("CHECK_COMPLETE")
    await stack.updates(hot(PAIR))
    await stack.ends("UPDATE_COMPLETE")
    assert stack.objects() == objects
    assert stack.resources == {"a": "CHECK_COMPLETE", "b": "CHECK_COMPLETE"}


@scenario
async def test_an_update_overtakes_a_check(world):
    stack = await created(world, PAIR)
    await stack.acts("check")
    await world.some_moment()
    await stack.updates(hot({"a": thing("2"), "b": thing("2", uses=[the("a")])}))
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"a": "2", "b": "2"}


@scenario
async def test_a_deletion_overtakes_a_suspension(world):
    stack = await created(world, PAIR)
    await stack.acts("suspend")
    await world.some_moment()
    await stack.deletes()
    await stack.ends("DELETE_COMPLETE")
    assert world.cloud.contents == {}


DISKS = {"disk": thing("1", kind="Disk"), "user": thing("1", uses=[the("disk")])}


@scenario
async def test_a_snapshot_copies_what_can_be_copied_and_restoring_uses_the_copy(world):
    stack = await created(world, DISKS)
    kept = await stack.takes_snapshot()
    await stack.ends("SNAPSHOT_COMPLETE")
    [copy] = world.cloud.all("copies")
    await stack.updates(hot({"disk": thing("2", kind="Disk"), "more": thing()}))
    await stack.ends("UPDATE_COMPLETE")
    await stack.restores(kept)
    await stack.ends("RESTORE_COMPLETE")
    assert world.cloud.of("disk")[0].fields["origin"] == copy.fields["name"]
    assert world.cloud.contents == {"disk": "1", "user": "1"}
    await stack.deletes_snapshot(kept)
    assert world.cloud.all("copies") == []


@scenario
async def test_the_copies_of_snapshots_go_with_the_stack(world):
    stack = await created(world, DISKS)
    await stack.takes_snapshot("one")
    await stack.ends("SNAPSHOT_COMPLETE")
    await stack.takes_snapshot("other")
    await stack.ends("SNAPSHOT_COMPLETE")
    assert len(world.cloud.all("copies")) == 2
    await stack.deletes()
    await stack.ends("DELETE_COMPLETE")
    assert world.cloud.all("copies") == []


@scenario
async def test_an_update_overtakes_a_snapshot(world):
    stack = await created(world, DISKS)
    kept = await stack.takes_snapshot()
    await world.some_moment()
    await stack.updates(hot({"disk": thing("2", kind="Disk"), "user": thing("1", uses=[the("disk")])}))
    await stack.ends("UPDATE_COMPLETE")
    await stack.deletes_snapshot(kept)
    assert world.cloud.all("copies") == []


@scenario
async def test_a_deletion_overtakes_a_snapshot(world):
    stack = await created(world, DISKS)
    await stack.takes_snapshot()
    await world.some_moment()
    await stack.deletes()
    await stack.ends("DELETE_COMPLETE")
    assert world.cloud.all("copies", "disks", "things") == []


@scenario
async def test_a_restore_that_fails_is_rolled_back(world):
    stack = await created(world, DISKS, disable_rollback=False)
    kept = await stack.takes_snapshot()
    await stack.ends("SNAPSHOT_COMPLETE")
    await stack.updates(hot({"disk": thing("2", kind="Disk")}))
    await stack.ends("UPDATE_COMPLETE")
    world.cloud.refuses("user", "POST")
    await stack.restores(kept)
    await stack.ends("ROLLBACK_COMPLETE")
    assert world.cloud.contents == {"disk": "2"}
