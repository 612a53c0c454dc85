"""What the cloud's services tell on their broker makes a look due at once; the look stays the truth."""

import asyncio
import logging
from typing import Any

import pytest
from living import running
from templates import hot

import broker
import cloud_messages
from hearth.cloud import config
from hearth.engine import watch
from hearth.model.states import Action
from hearth.process import notifications
from hearth.resources import base
from hearth.resources.contract import Call, Wait

hearing = pytest.importorskip("hearth.bus.hearing")


class Ovens:
    """Ovens that get hot when they are told to, and how often each was looked at."""

    def __init__(self, world: Any) -> None:
        self.hot: set[str] = set()
        self.looks: list[str] = []
        ovens = self

        @base.resource("Test::Oven")
        class Oven(base.Base):
            external = True
            waits_on = frozenset({Action.CREATE})

            async def create(self, call: Call) -> str | None:
                return call.physical_name

            async def observe(self, call: Call) -> Any:
                ovens.looks.append(str(call.physical_id))
                return {}

            async def settle(self, call: Call, observed: Any) -> Wait | None:
                return None if call.physical_id in ovens.hot else Wait()

        async def session_of(stack: Any) -> Any:
            return self

        self.is_usable = True
        world.types.add([Oven])
        world.owners.session_of = session_of

    async def until_looked_at(self, times: int) -> str:
        """The id of the oven, once it was looked at so often."""
        async with asyncio.timeout(30):
            while len(self.looks) < times:  # noqa: ASYNC110 - nobody tells of looks
                await asyncio.sleep(0.01)
        return self.looks[-1]


@pytest.fixture
async def service(world: Any, monkeypatch: Any) -> Any:
    """A service whose notifications the engine hears; without them it looks once, and again after an hour."""
    monkeypatch.setattr(watch, "LONGEST", 3600.0)
    monkeypatch.setattr(watch, "GROWTH", 1e6)
    world.plans_first = False
    async with cloud_messages.service() as made:
        await made.begin()
        (engine,) = world.engines
        listener = hearing.RabbitListener(hearing.Rules(broker.URL, [made.exchange]), engine.id, engine.heard)
        listener.start()
        async with asyncio.timeout(30):
            await listener.listening()
        yield made
        await listener.stop()


@pytest.mark.parametrize(
    ("shape", "key"),
    [
        (cloud_messages.nova_versioned, "versioned_notifications.info"),
        (cloud_messages.nova_legacy, "notifications.info"),
        (cloud_messages.cinder, "notifications.info"),
    ],
)
async def test_what_is_told_of_is_looked_at_now(world: Any, service: Any, shape: Any, key: str) -> None:
    ovens = Ovens(world)
    stack = await world.create(hot({"oven": {"type": "Test::Oven"}}))
    oven = await ovens.until_looked_at(1)
    ovens.hot.add(oven)
    await service.publish(cloud_messages.enveloped(shape(oven)), key)
    await world.until(stack, "CREATE_COMPLETE")


async def test_a_message_that_is_not_true_changes_nothing(world: Any, service: Any) -> None:
    ovens = Ovens(world)
    stack = await world.create(hot({"oven": {"type": "Test::Oven"}}))
    oven = await ovens.until_looked_at(1)
    forged = cloud_messages.enveloped(cloud_messages.nova_legacy(oven))
    await service.publish(forged)
    await ovens.until_looked_at(2)
    assert (await world.statuses(stack))["oven"] == "CREATE_IN_PROGRESS"
    ovens.hot.add(oven)
    for _ in range(3):  # and one that comes several times no more than one
        await service.publish(forged)
    await world.until(stack, "CREATE_COMPLETE")


async def test_what_is_told_of_others_brings_no_look(world: Any, service: Any) -> None:
    ovens = Ovens(world)
    stack = await world.create(hot({"oven": {"type": "Test::Oven"}}))
    oven = await ovens.until_looked_at(1)
    await service.publish(cloud_messages.enveloped(cloud_messages.cinder("another")))
    await service.publish(cloud_messages.enveloped(cloud_messages.cinder(oven, "volume.create.start")))
    ovens.hot.add(oven)
    await service.publish(cloud_messages.enveloped(cloud_messages.cinder(oven)))
    await world.until(stack, "CREATE_COMPLETE")
    assert len(ovens.looks) <= 3


async def test_an_engine_listens_where_its_configuration_says(tmp_path: Any, caplog: Any) -> None:
    async with cloud_messages.service() as made:
        await made.begin()
        configuration = f"[cloud_notifications]\ntransport_url = {broker.URL}\nexchanges = {made.exchange},absent\n"
        with caplog.at_level(logging.INFO):
            async with running(tmp_path, configuration), asyncio.timeout(30):
                while f"notifications of the exchanges {made.exchange}" not in caplog.text:  # noqa: ASYNC110 - a log
                    await asyncio.sleep(0.01)


def test_an_address_that_is_none_is_refused(tmp_path: Any) -> None:
    file = tmp_path / "heat.conf"
    file.write_text("[cloud_notifications]\ntransport_url = http://nowhere\n")
    with pytest.raises(config.ConfigError, match=r"\[cloud_notifications\] transport_url must have the form"):
        notifications.listeners(config.load([str(file)]), "engine", lambda _names: None)
