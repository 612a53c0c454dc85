"""Other services are told what happens to stacks: all of it, in order, and what happened while the broker was away."""

import asyncio
import contextlib
import json

import pytest
import stubborn_service
import templates

from hearth.engine import relaying, rounds, runner, scaling
from hearth.resources import contract
from hearth.store import outbox, stacks

ONE = {"heat_template_version": "2021-04-16", "resources": {"a": {"type": "OS::Heat::RandomString"}}}
BROKEN = {
    "heat_template_version": "2021-04-16",
    "resources": {"t": {"type": "OS::Heat::TestResource", "properties": {"fail": True}}},
}
GROUP = {
    "heat_template_version": "2021-04-16",
    "resources": {
        "group": {
            "type": "OS::Heat::AutoScalingGroup",
            "properties": {"min_size": 1, "max_size": 3, "resource": {"type": "OS::Heat::RandomString"}},
        },
    },
    "outputs": {"group": {"value": {"get_resource": "group"}}},
}


class Inbox:
    """A listener; while it is `away` nothing can be brought to it."""

    def __init__(self):
        self.rows = []
        self.away = False
        self.loses_answers = False

    async def send(self, row):
        if self.away:
            raise ConnectionError("away")
        self.rows.append(row)
        if self.loses_answers:
            self.loses_answers = False
            raise ConnectionError("the answer was lost")

    async def close(self):
        return

    def types(self):
        return [row.event_type.removeprefix("orchestration.") for row in self.rows]

    async def until(self, wanted, seconds=20):
        async with asyncio.timeout(seconds):
            while wanted not in self.types():  # noqa: ASYNC110 - what is sent says so itself
                await asyncio.sleep(0.01)


@pytest.fixture
async def told(new_world, monkeypatch):
    """A world that notifies, and the inbox."""
    monkeypatch.setattr(rounds, "SWEEP", 0.05)
    world = new_world(notifies=True)
    engine = await world.start_engine()
    inbox = Inbox()
    relay = relaying.Relay(world.context, inbox, engine.id)
    relay.start()
    async with contextlib.AsyncExitStack() as ending:
        ending.push_async_callback(world.close)
        ending.push_async_callback(relay.stop)
        yield world, inbox


async def test_each_state_of_a_stack_is_told_in_order(told):
    world, inbox = told
    identity = await world.create(ONE, tags=["a", "b"])
    await world.until(identity)
    await world.service.action(world.caller, identity, "suspend")
    await world.until(identity, "SUSPEND_COMPLETE")
    await world.delete(identity)
    await inbox.until("stack.delete.end")
    assert inbox.types() == [
        f"stack.{action}.{suffix}" for action in ("create", "suspend", "delete") for suffix in ("start", "end")
    ]
    assert {row.level for row in inbox.rows} == {"INFO"}
    assert inbox.rows[-2].payload["updated_at"] == inbox.rows[-1].payload["updated_at"] is not None
    shown = inbox.rows[1].payload
    assert shown.pop("create_at").endswith("Z")
    assert shown == {
        "tenant_id": world.caller.project_id,
        "user_id": "demo",
        "user_identity": "u1",
        "username": "demo",
        "stack_identity": identity.id,
        "stack_name": "stack",
        "state": "CREATE_COMPLETE",
        "state_reason": "Stack CREATE completed successfully",
        "updated_at": None,
        "description": "No description",
        "tags": ["a", "b"],
    }


async def test_a_failure_is_told_as_an_error_and_its_rollback_too(told):
    world, inbox = told
    await world.create(BROKEN, disable_rollback=False)
    await inbox.until("stack.rollback.end")
    assert inbox.types() == ["stack.create.start", "stack.create.error", "stack.rollback.start", "stack.rollback.end"]
    assert [row.level for row in inbox.rows] == ["INFO", "ERROR", "INFO", "INFO"]


async def test_a_change_of_a_groups_size_is_told(told):
    world, inbox = told
    identity = await world.create(GROUP)
    stack = await world.until(identity)
    await inbox.until("stack.create.end")
    group = stack["outputs"][0]["output_value"]
    row = await world.store.read(lambda connection: stacks.by_id(connection, identity.id))
    sizes = scaling.Scaling(world.context, world.kept).groups_of(row)
    await sizes.adjust(group, contract.Adjustment("change_in_capacity", 1))
    await world.bus.publish(runner.WAKE_TOPIC, {})
    await inbox.until("autoscaling.end")
    start, end = [one.payload for one in inbox.rows if "autoscaling" in one.event_type]
    assert (start["capacity"], end["capacity"]) == (1, 2)
    assert {one["adjustment_type"] for one in (start, end)} == {"change_in_capacity"}
    assert {one["groupname"] for one in (start, end)} == {group}
    assert {one["stack_identity"] for one in (start, end)} == {identity.id}


@pytest.mark.parametrize("deed", ["time out", "cancel", "force"])
async def test_a_nested_stack_that_is_stopped_with_its_root_is_told_of_too(told, deed):
    world, inbox = told
    before, ahead = world.context.now, [0.0]
    world.context.now = lambda: before() + ahead[0]
    remote = stubborn_service.Service().use_in(world)
    verb = "delete" if deed == "force" else "create"
    remote.silent = {verb}
    inner = json.dumps(templates.hot({"deep": stubborn_service.stubborn()}))
    stack = await world.create(templates.hot({"outer": {"type": "inner.yaml"}}), files={"inner.yaml": inner})
    if deed == "force":
        await world.until(stack, "CREATE_COMPLETE")
        await world.service.delete_stack(world.caller, stack, force=True)
    async with asyncio.timeout(20):
        while f"{verb} deep" not in remote.calls:  # noqa: ASYNC110 - the service tells nobody
            await asyncio.sleep(0.01)
    nested = await world.inner(stack, "outer")
    if deed == "cancel":
        await world.service.action(world.caller, stack, "cancel_without_rollback")
    else:
        ahead[0] = 3601
    ended = "DELETE_COMPLETE" if deed == "force" else "CREATE_FAILED"
    await world.until(stack, ended)
    await inbox.until("stack.delete.end" if deed == "force" else "stack.create.error")
    of_nested = [row for row in inbox.rows if row.payload["stack_identity"] == nested.id]
    states = [row.payload["state"] for row in of_nested]
    if deed == "force":
        assert states == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE", "DELETE_IN_PROGRESS", ended]
    else:
        assert states == ["CREATE_IN_PROGRESS", ended]
        assert [row.level for row in of_nested] == ["INFO", "ERROR"]
    events = await world.events(nested)
    assert events[-1] == (nested.name, ended)


async def test_what_happens_while_the_broker_is_away_is_told_when_it_is_back(told):
    world, inbox = told
    inbox.away = True
    identity = await world.create(ONE)
    await world.until(identity)
    await world.delete(identity)
    await world.until(identity, "DELETE_COMPLETE")
    assert inbox.rows == []
    inbox.away = False
    await inbox.until("stack.delete.end")
    assert inbox.types() == ["stack.create.start", "stack.create.end", "stack.delete.start", "stack.delete.end"]


async def test_what_may_have_arrived_is_sent_again_under_the_same_id(told):
    world, inbox = told
    inbox.loses_answers = True
    identity = await world.create(ONE)
    await world.until(identity)
    await inbox.until("stack.create.end")
    assert inbox.types() == ["stack.create.start", "stack.create.start", "stack.create.end"]
    assert inbox.rows[0].id == inbox.rows[1].id


async def test_nothing_is_kept_where_nobody_wants_to_know(world):
    identity = await world.create(ONE)
    await world.until(identity)
    assert await world.store.read(lambda connection: outbox.oldest(connection, 1)) == []
