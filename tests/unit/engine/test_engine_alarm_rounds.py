"""Rounds that watch over lite alarms: one engine's at a time, and nothing twice, whoever comes between."""

import asyncio
import dataclasses

import pytest

from hearth.bus import memory
from hearth.cloud import errors as cloud_errors
from hearth.engine import alarm_rounds, alarm_signals, context, settings
from hearth.engine.rounds import Next
from hearth.model.lite_alarms import Rule, State
from hearth.model.states import Action, Status
from hearth.store import lite_alarms, open_store, quotas, resources, stacks
from hearth.store.rows import ResourceRow, StackRow

KEY = b"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


class Clock:
    """Time that passes when it is told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclasses.dataclass
class Receiver:
    """Where signals arrive: what came, and what is wrong with it."""

    came: list[str] = dataclasses.field(default_factory=list)
    failure: Exception | None = None

    async def send(self, action: lite_alarms.ActionRow) -> None:
        await asyncio.sleep(0)
        if self.failure is not None:
            raise self.failure
        self.came.append(action.action)


@pytest.fixture
def store(every_database_url):
    opened = open_store(every_database_url, [KEY])
    yield opened
    opened.close()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def receiver():
    return Receiver()


@pytest.fixture
def engine(store, clock, receiver):
    """The rounds of another engine, each time."""

    def made(name: str = "one") -> alarm_rounds.AlarmRounds:
        surroundings = context.Context(store, memory.MemoryBus(), None, None, settings.EngineSettings(), now=clock)
        return alarm_rounds.AlarmRounds(surroundings, receiver, name)

    return made


async def keep(store, clock, **given):
    """A stack with an alarm of a period of a minute."""
    fields = {"statistic": "Average", "comparison": "GreaterThanThreshold", "threshold": 10.0, "period": 60}
    actions = {State.ALARM: ["grow"], State.NORMAL: ["shrink"], State.NODATA: ["ask"]}
    rule = Rule(
        **({"namespace": "n", "metric": "m", "dimensions": {}, "periods": 1, "actions": actions} | fields | given)
    )
    times = dict.fromkeys(("watched_since", "configured_at", "changed_at"), clock.now)
    alarm = lite_alarms.AlarmRow("a", "s", "p", "web", State.NODATA, "", rule, **times, due_at=clock.now + 60)

    def work(connection):
        stacks.insert(connection, stack())
        resources.insert(connection, store.codec, [resource()])
        limit = quotas.Limit("lite alarms", lite_alarms.count, -1)
        lite_alarms.keep(connection, store.codec, alarm, limit)

    await store.write(work)


def stack():
    fields = dict.fromkeys(StackRow.__dataclass_fields__)
    fields |= {"id": "s", "name": "s", "project_id": "p", "root_id": "s", "depth": 0, "tags": [], "reason": ""}
    fields |= {"action": Action.CREATE, "status": Status.COMPLETE, "created_at": 1.0, "definition_id": "d"}
    return StackRow(**(fields | {"disable_rollback": True, "description": ""}))


def resource():
    fields = dict.fromkeys(ResourceRow.__dataclass_fields__)
    fields |= {"id": "a", "stack_id": "s", "name": "a", "type": "T", "reason": "", "requires": []}
    fields |= {"action": Action.CREATE, "status": Status.COMPLETE, "deletion_policy": "Delete"}
    return ResourceRow(**(fields | {"data": {}, "attributes": {}, "created_at": 1.0, "updated_at": 1.0}))


async def measure(store, clock, value):
    limit = quotas.Limit("datapoints", lite_alarms.count_datapoints, -1)
    point = lite_alarms.Datapoint("a", "p", clock.now, value, None, {})
    await store.write(lambda c: lite_alarms.add_datapoints(c, store.codec, [point], limit, clock.now))


async def alarm(store):
    return await store.read(lambda c: lite_alarms.by_id(c, store.codec, "a"))


async def test_states_come_and_go_and_each_is_signalled(store, clock, receiver, engine):
    await keep(store, clock)
    one = engine()
    assert await one.work() is Next.WOKEN
    for passed, value, state, signals in (
        (59, 20.0, State.NODATA, []),  # not a period yet
        (1, None, State.ALARM, ["grow"]),
        (30, 20.0, State.ALARM, []),  # between two judgements
        (30, None, State.ALARM, ["grow"]),
        (55, 5.0, State.ALARM, []),
        (5, None, State.NORMAL, ["shrink"]),
        (59, 5.0, State.NORMAL, []),
        (1, None, State.NORMAL, []),
        (60, None, State.NODATA, ["ask"]),
        (60, None, State.NODATA, []),
    ):
        clock.now += passed
        if value is not None:
            await measure(store, clock, value)
        receiver.came.clear()
        await one.work()
        assert ((await alarm(store)).state, receiver.came) == (state, signals)


async def test_several_engines_at_once_signal_a_change_once(store, clock, receiver, engine):
    await keep(store, clock)
    clock.now += 60
    await measure(store, clock, 20.0)
    await asyncio.gather(*(engine(str(name)).work() for name in range(4)))
    assert receiver.came == ["grow"]


async def test_another_engine_goes_on_with_the_state_and_what_was_not_sent(store, clock, receiver, engine):
    await keep(store, clock)
    clock.now += 60
    await measure(store, clock, 20.0)
    receiver.failure = cloud_errors.Unavailable(503, "workflow", "it is away")
    await engine("first").work()
    receiver.failure = None
    assert (await alarm(store)).state is State.ALARM
    clock.now += alarm_rounds.FIRST_PAUSE
    await engine("second").work()
    assert receiver.came == ["grow"]
    await engine("third").work()
    assert receiver.came == ["grow"]


async def test_a_signal_that_was_being_sent_when_its_engine_died_is_sent_again(store, clock, receiver, engine):
    await keep(store, clock)
    clock.now += 60
    await measure(store, clock, 20.0)
    receiver.failure = asyncio.CancelledError()
    with pytest.raises(asyncio.CancelledError):
        await engine("first").work()
    receiver.failure = None
    await engine("second").work()
    assert receiver.came == [], "it may be under way"
    clock.now += alarm_rounds.HOLD
    await engine("second").work()
    assert "grow" in receiver.came


async def test_a_signal_is_given_up_after_some_tries_and_the_alarm_tells(store, clock, receiver, engine):
    await keep(store, clock)
    clock.now += 60
    await measure(store, clock, 20.0)
    receiver.failure = cloud_errors.Unavailable(503, "workflow", "it is away")
    one = engine()
    for again in range(alarm_rounds.TRIES):
        assert "action failed" not in (await alarm(store)).reason
        await one.work()
        clock.now += alarm_rounds.FIRST_PAUSE * 2**again
    assert (await alarm(store)).reason.endswith("An action failed: workflow: it is away (HTTP 503)")
    assert not await store.read(lambda c: lite_alarms.has_actions(c, 1e12))


async def test_a_refused_signal_is_not_tried_again(store, clock, receiver, engine):
    await keep(store, clock)
    clock.now += 60
    await measure(store, clock, 20.0)
    receiver.failure = alarm_signals.Refused("nobody there")
    await engine().work()
    assert (await alarm(store)).reason.endswith("An action failed: nobody there")
    assert not await store.read(lambda c: lite_alarms.has_actions(c, 1e12))


async def test_a_suspended_alarm_is_left_alone(store, clock, receiver, engine):
    await keep(store, clock, statistic="SampleCount", comparison="LessThanThreshold", threshold=1.0)
    await store.write(lambda c: lite_alarms.suspend(c, "a", clock.now))
    clock.now += 600
    await engine().work()
    assert ((await alarm(store)).state, receiver.came) == (State.SUSPENDED, [])
    await store.write(lambda c: lite_alarms.resume(c, store.codec, "a", clock.now))
    clock.now += 60
    await engine().work()
    assert ((await alarm(store)).state, receiver.came) == (State.ALARM, ["grow"])


async def test_after_a_standstill_an_alarm_is_judged_once(store, clock, receiver, engine):
    await keep(store, clock)
    clock.now += 3600
    await measure(store, clock, 20.0)
    one = engine()
    await one.work()
    await one.work()
    assert receiver.came == ["grow"]
    assert (await alarm(store)).due_at == clock.now + 60


async def test_an_alarm_whose_resource_is_gone_goes_too(store, clock, receiver, engine):
    await keep(store, clock, statistic="SampleCount", comparison="LessThanThreshold", threshold=1.0)
    await store.write(lambda c: resources.delete(c, ["a"]))
    clock.now += 60
    await engine().work()
    assert await alarm(store) is None
    assert receiver.came == []
