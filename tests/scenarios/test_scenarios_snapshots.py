"""Snapshots of stacks, coming back to them, and copies that outlive what they were made of."""

import asyncio
import dataclasses

import pytest
from service_with_copies import Service, an_object
from templates import after, hot, output_of, thing

from hearth.engine.orphans import OrphanNotDeletable
from hearth.model.errors import ActionInProgress, LimitExceeded, NotFound, NotSupported
from hearth.model.waivers import Waiver
from hearth.store import tables


@pytest.fixture
def service(world):
    made = Service()
    made.use_in(world)
    return made


async def snapshot(world, stack, name=None):
    taken = await world.service.create_snapshot(world.caller, stack, name)
    await world.until(stack, "SNAPSHOT_COMPLETE", "SNAPSHOT_FAILED")
    return taken["id"]


async def snapshots(world, stack):
    return await world.service.list_snapshots(world.caller, stack)


async def until_removed(world, stack, seconds=10):
    async with asyncio.timeout(seconds):
        while any(one["status"] == "IN_PROGRESS" for one in await snapshots(world, stack)):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def restore(world, stack, snapshot_id):
    await world.service.restore_snapshot(world.caller, stack, snapshot_id)


async def created(world, template, **more):
    stack = await world.create(template, **more)
    await world.until(stack, "CREATE_COMPLETE")
    return stack


async def test_a_snapshot_goes_through_the_stack_in_order_and_holds_everything(world):
    template = hot({"a": thing("1"), "b": after({"type": "OS::Heat::RandomString"}, "a")})
    stack = await created(world, template)
    count = len(await world.events(stack))
    taken = await world.service.create_snapshot(world.caller, stack, "before")
    assert (taken["action"], taken["status"], taken["name"]) == ("CREATE", "IN_PROGRESS", "before")
    await world.until(stack, "SNAPSHOT_COMPLETE")
    assert (await world.events(stack))[count:] == [
        ("stack", "SNAPSHOT_IN_PROGRESS"),
        ("a", "SNAPSHOT_IN_PROGRESS"),
        ("a", "SNAPSHOT_COMPLETE"),
        ("b", "SNAPSHOT_IN_PROGRESS"),
        ("b", "SNAPSHOT_COMPLETE"),
        ("stack", "SNAPSHOT_COMPLETE"),
    ]
    shown = await world.service.show_snapshot(world.caller, stack, taken["id"])
    assert (shown["status"], shown["status_reason"]) == ("COMPLETE", "Stack SNAPSHOT completed successfully")
    document = shown["data"]
    assert document["template"] == template
    assert (document["action"], document["status"]) == ("SNAPSHOT", "COMPLETE")
    assert set(document["resources"]["b"]) == {
        "name",
        "resource_id",
        "type",
        "action",
        "status",
        "metadata",
        "resource_data",
    }
    assert len(document["resources"]["b"]["resource_data"]["value"]) == 32


async def test_a_nested_stack_stands_in_the_snapshot_as_a_document_of_its_own(world):
    group = {"type": "OS::Heat::ResourceGroup", "properties": {"count": 2, "resource_def": thing("x")}}
    stack = await created(world, hot({"group": group}))
    await snapshot(world, stack)
    nested = (await snapshots(world, stack))[0]["data"]["resources"]["group"]
    assert set(nested["resources"]) == {"0", "1"}
    assert nested["resources"]["0"]["type"] == "OS::Heat::TestResource"


async def test_restoring_brings_back_the_definition(world):
    stack = await created(world, hot({"a": thing("old"), "gone": thing()}, {"said": output_of("a")}))
    kept = await snapshot(world, stack)
    await world.update(stack, hot({"a": thing("new"), "more": thing()}, {"said": output_of("a")}))
    await world.until(stack, "UPDATE_COMPLETE")
    await restore(world, stack, kept)
    await world.until(stack, "RESTORE_COMPLETE")
    assert await world.output(stack, "said") == "old"
    assert set(await world.statuses(stack)) == {"a", "gone"}


async def test_restoring_brings_back_what_an_object_held(world, service):
    stack = await created(world, hot({"a": an_object("written at first")}))
    kept = await snapshot(world, stack)
    (name,) = service.objects
    service.objects[name] = "spoiled since"
    await restore(world, stack, kept)
    await world.until(stack, "RESTORE_COMPLETE")
    assert list(service.objects.values()) == ["written at first"]


async def test_a_failed_restoration_goes_back_to_what_was(world, service):
    stack = await created(world, hot({"a": an_object("first")}), disable_rollback=False)
    kept = await snapshot(world, stack)
    await world.update(stack, hot({"a": an_object("second"), "b": thing()}), disable_rollback=False)
    await world.until(stack, "UPDATE_COMPLETE")
    service.copies.clear()
    await restore(world, stack, kept)
    await world.until(stack, "ROLLBACK_COMPLETE", "RESTORE_FAILED", "RESTORE_COMPLETE")
    assert set(await world.statuses(stack)) == {"a", "b"}
    assert list(service.objects.values()) == ["second"]


async def test_a_busy_stack_refuses_a_snapshot(world):
    stack = await world.create(hot({"a": thing(wait_secs=30)}))
    with pytest.raises(ActionInProgress):
        await world.service.create_snapshot(world.caller, stack, None)


async def test_a_stack_has_as_many_snapshots_as_the_operator_allows(new_world):
    world = new_world(max_snapshots_per_stack=1)
    await world.start_engine()
    stack = await created(world, hot({}))
    await snapshot(world, stack)
    with pytest.raises(LimitExceeded) as caught:
        await world.service.create_snapshot(world.caller, stack, None)
    assert "maximum snapshots per stack, 1" in caught.value.message
    assert len(await snapshots(world, stack)) == 1
    await world.close()


async def test_a_failed_resource_is_passed_over_and_stays_failed(world):
    stack = await world.create(hot({"good": thing(), "bad": thing(fail=True)}))
    await world.until(stack, "CREATE_FAILED", "CREATE_COMPLETE")
    await snapshot(world, stack)
    assert await world.statuses(stack) == {"good": "SNAPSHOT_COMPLETE", "bad": "CREATE_FAILED"}


async def test_a_snapshot_without_room_fails_and_cannot_be_restored(world, service):
    stack = await created(world, hot({"a": an_object("1")}))
    service.refuses_copies = True
    failed = await world.service.create_snapshot(world.caller, stack, None)
    shown = await world.until(stack, "SNAPSHOT_FAILED", "SNAPSHOT_COMPLETE")
    assert shown["stack_status_reason"].startswith("Resource SNAPSHOT failed: ")
    assert (await snapshots(world, stack))[0]["status"] == "FAILED"
    with pytest.raises(NotSupported):
        await restore(world, stack, failed["id"])
    before = dict(service.objects)
    await world.update(stack, hot({"a": an_object("1"), "b": thing()}))
    await world.until(stack, "UPDATE_COMPLETE")
    assert service.objects == before


async def test_an_update_during_a_snapshot_ends_it(world, service):
    stack = await created(world, hot({"a": an_object("1")}))
    taken = await world.service.create_snapshot(world.caller, stack, None)
    await world.update(stack, hot({"a": an_object("1"), "b": thing()}))
    await world.until(stack, "UPDATE_COMPLETE")
    (left,) = await snapshots(world, stack)
    if left["status"] == "FAILED":
        assert left["status_reason"] == "Superseded by UPDATE"
    await world.service.delete_snapshot(world.caller, stack, taken["id"])
    await until_removed(world, stack)
    assert service.copies == {}


async def test_a_snapshot_is_removed_with_its_copies_and_no_others(world, service):
    stack = await created(world, hot({"a": an_object("1"), "b": thing()}))
    first, second = await snapshot(world, stack), await snapshot(world, stack)
    assert len(service.copies) == 2
    await world.service.delete_snapshot(world.caller, stack, first)
    await until_removed(world, stack)
    assert [one["id"] for one in await snapshots(world, stack)] == [second]
    assert len(service.copies) == 1
    with pytest.raises(NotFound) as caught:
        await world.service.show_snapshot(world.caller, stack, first)
    assert caught.value.kind == "NotFound"
    await restore(world, stack, second)
    await world.until(stack, "RESTORE_COMPLETE")


async def test_a_snapshot_whose_copies_cannot_be_removed_says_why_and_can_be_removed_later(world, service):
    stack = await created(world, hot({"a": an_object("1")}))
    kept = await snapshot(world, stack)
    service.broken = True
    await world.service.delete_snapshot(world.caller, stack, kept)
    await until_removed(world, stack)
    (left,) = await snapshots(world, stack)
    assert (left["action"], left["status"]) == ("DELETE", "FAILED")
    assert "the copies cannot be reached" in left["status_reason"]
    service.broken = False
    await world.service.delete_snapshot(world.caller, stack, kept)
    await until_removed(world, stack)
    assert await snapshots(world, stack) == []


@pytest.mark.parametrize("defect", [LookupError("no such key"), asyncio.CancelledError("the connection went")])
async def test_a_removal_that_ends_by_a_defect_says_so_and_can_be_repeated(world, service, defect):
    stack = await created(world, hot({"a": an_object("1")}))
    kept = await snapshot(world, stack)
    service.defects = [defect]
    await world.service.delete_snapshot(world.caller, stack, kept)
    await until_removed(world, stack)
    (left,) = await snapshots(world, stack)
    assert (left["action"], left["status"]) == ("DELETE", "FAILED")
    assert str(defect) in left["status_reason"]
    await world.delete(stack)
    await world.until(stack, "DELETE_COMPLETE")


async def test_a_removal_goes_on_in_another_engine(new_world):
    world, service = new_world(), Service()
    service.use_in(world)
    engine = await world.start_engine()
    stack = await created(world, hot({"a": an_object("1")}))
    kept = await snapshot(world, stack)
    await engine.stop()
    await world.service.delete_snapshot(world.caller, stack, kept)
    await world.start_engine()
    await until_removed(world, stack)
    assert service.copies == {}
    await world.close()


async def test_deleting_a_stack_removes_its_snapshots(world, service):
    stack = await created(world, hot({"a": an_object("1")}))
    await snapshot(world, stack)
    await snapshot(world, stack)
    await world.delete(stack)
    await world.until(stack, "DELETE_COMPLETE")
    assert (service.objects, service.copies) == ({}, {})


async def test_a_deletion_that_cannot_remove_a_snapshot_fails_and_can_be_repeated(world, service):
    stack = await created(world, hot({"a": an_object("1")}))
    await snapshot(world, stack, "precious")
    service.broken = True
    await world.delete(stack)
    shown = await world.until(stack, "DELETE_FAILED", "DELETE_COMPLETE")
    assert shown["stack_status_reason"].startswith("Snapshot precious DELETE failed: ")
    service.broken = False
    await world.delete(stack)
    await world.until(stack, "DELETE_COMPLETE")
    assert service.copies == {}


async def test_a_forced_deletion_leaves_copies_that_cannot_be_removed(world, service):
    stack = await created(world, hot({"a": an_object("precious")}))
    await world.service.create_snapshot(world.caller, stack, "kept")
    await world.until(stack, "SNAPSHOT_COMPLETE")
    service.broken = True
    await world.service.delete_stack(world.caller, stack, force=True)
    await world.until(stack, "DELETE_COMPLETE")
    [left] = await world.service.orphans.listed(world.caller)
    assert (left["resource_type"], left["cause"], left["resource_path"]) == ("copy of Test::Object", "forced", "a")
    assert left["physical_name"] in service.copies
    with pytest.raises(OrphanNotDeletable, match="the copies cannot be reached"):
        await world.service.orphans.delete(world.caller, left["id"])
    service.broken = False
    assert not await world.service.orphans.delete(world.caller, left["id"])  # the service has begun
    assert await world.service.orphans.delete(world.caller, left["id"])
    assert service.copies == {}
    assert await world.service.orphans.listed(world.caller) == []


async def test_copies_of_an_abandoned_stack_can_be_deleted_and_leave_the_object(world, service):
    world.context.settings = dataclasses.replace(world.context.settings, enable_stack_abandon=True)
    stack = await created(world, hot({"a": an_object("precious")}))
    await snapshot(world, stack)
    await world.service.abandon_stack(world.caller, stack)
    left = {one["resource_type"]: one for one in await world.service.orphans.listed(world.caller)}
    told = left["copy of Test::Object"]
    assert (told["service"], told["unknown"]) == ("copies", None)
    assert told["physical_resource_id"] in service.copies
    copy = told["id"]
    while not await world.service.orphans.delete(world.caller, copy):
        pass
    assert service.copies == {}
    assert list(service.objects.values()) == ["precious"]


async def test_of_a_copy_that_an_older_version_let_go_it_is_said_what_is_unknown(world, service):
    world.context.settings = dataclasses.replace(world.context.settings, enable_stack_abandon=True)
    stack = await created(world, hot({"a": an_object("precious")}))
    await snapshot(world, stack)
    await world.service.abandon_stack(world.caller, stack)
    as_then = world.store.codec.sealed({"row_id": "r", "data": {}, "properties": {}})
    copies = tables.orphan.c.type.startswith("copy of ")
    await world.store.write(lambda c: c.execute(tables.orphan.update().where(copies).values(secret=as_then)))
    left = {one["resource_type"]: one for one in await world.service.orphans.listed(world.caller)}
    told = left["copy of Test::Object"]
    assert (told["service"], told["physical_resource_id"]) == ("copies", None)
    assert told["unknown"] == (
        "its id, which an older version did not note; look in the copies service for a name like "
        f"{told['physical_name']}"
    )
    with pytest.raises(OrphanNotDeletable, match=told["physical_name"]):
        await world.service.orphans.delete(world.caller, told["id"])


# ---- deletion policy Snapshot ----


async def test_the_policy_snapshot_leaves_a_copy_behind(world, service):
    stack = await created(world, hot({"a": an_object("precious", deletion_policy="Snapshot")}))
    await world.delete(stack)
    await world.until(stack, "DELETE_COMPLETE")
    assert service.objects == {}
    assert list(service.copies.values()) == ["precious"]
    assert service.log == ["copy object", "delete object"]


async def test_what_cannot_be_copied_is_not_deleted(world, service):
    stack = await created(world, hot({"a": an_object("precious", deletion_policy="Snapshot")}))
    service.refuses_copies = True
    await world.delete(stack)
    shown = await world.until(stack, "DELETE_FAILED", "DELETE_COMPLETE")
    assert "no room for a copy" in shown["stack_status_reason"]
    assert list(service.objects.values()) == ["precious"]
    service.refuses_copies = False
    await world.delete(stack)
    await world.until(stack, "DELETE_COMPLETE")
    assert list(service.copies.values()) == ["precious"]


async def test_the_policy_holds_for_what_is_replaced(world, service):
    stack = await created(world, hot({"a": an_object("first", deletion_policy="Snapshot")}))
    await world.update(stack, hot({"a": an_object("second", deletion_policy="Snapshot")}))
    await world.until(stack, "UPDATE_COMPLETE")
    assert list(service.objects.values()) == ["second"]
    assert list(service.copies.values()) == ["first"]


async def test_what_is_gone_already_needs_no_copy(world, service):
    stack = await created(world, hot({"a": an_object("1", deletion_policy="Snapshot")}))
    service.objects.clear()
    await world.delete(stack)
    shown = await world.until(stack, "DELETE_COMPLETE", "DELETE_FAILED")
    assert shown["stack_status"] == "DELETE_COMPLETE"


# ---- a snapshot that failed is taken again


async def test_a_failed_snapshot_is_taken_again_under_its_name(world, service):
    stack = await created(world, hot({"a": an_object("x"), "b": after(an_object("y"), "a"), "c": thing()}))
    service.refuses_copies = True
    failed = await snapshot(world, stack, "nightly")
    assert (await world.show(stack))["stack_status"] == "SNAPSHOT_FAILED"
    service.refuses_copies = False
    await world.service.continue_action(world.caller, stack)
    await world.until(stack, "SNAPSHOT_COMPLETE")
    await until_removed(world, stack)
    (taken,) = await snapshots(world, stack)
    assert (taken["name"], taken["status"]) == ("nightly", "COMPLETE")
    assert taken["id"] != failed
    assert sorted(service.copies.values()) == ["x", "y"]
    await restore(world, stack, taken["id"])
    await world.until(stack, "RESTORE_COMPLETE")


async def test_a_snapshot_can_be_taken_without_what_stands_in_its_way(world, service):
    stack = await created(world, hot({"a": an_object("x"), "c": thing()}))
    service.refuses_copies = True
    await snapshot(world, stack, "nightly")
    await world.service.continue_action(world.caller, stack, {Waiver.SKIP: ["a"]})
    await world.until(stack, "SNAPSHOT_COMPLETE")
    await until_removed(world, stack)
    assert [one["name"] for one in await snapshots(world, stack)] == ["nightly"]
    assert service.copies == {}


async def test_a_failed_snapshot_that_was_removed_is_not_taken_again(world, service):
    stack = await created(world, hot({"a": an_object("x")}))
    service.refuses_copies = True
    failed = await snapshot(world, stack)
    await world.service.delete_snapshot(world.caller, stack, failed)
    await until_removed(world, stack)
    with pytest.raises(NotSupported, match="hearth stack snapshot stack"):
        await world.service.continue_action(world.caller, stack)
