"""A library that answers with a cancellation of its own, when its connection goes, ends no work of the engine's."""

import asyncio
from typing import Any

from templates import hot, thing

from hearth.bus import memory
from hearth.cloud import credentials
from hearth.engine import runner
from hearth.store import stacks


class Faulty(memory.MemoryBus):
    """A bus whose library breaks off each message of a topic."""

    def __init__(self, topic: str) -> None:
        super().__init__()
        self._topic = topic

    async def publish(self, topic: str, message: Any) -> None:
        if topic == self._topic:
            raise asyncio.CancelledError
        await super().publish(topic, message)


async def test_actions_end_in_time_although_nobody_can_be_told_of_it(new_world, caplog):
    world = new_world()
    world.context.wakeups = Faulty(runner.STOP_TOPIC)
    await world.start_engine()
    try:
        template = hot({"slow": thing(wait_secs=3600)})
        made = [await world.create(template, name=name, timeout_mins=1) for name in ("one", "other")]
        for stack in made:
            await world.until_resource(stack, "slow", "CREATE_IN_PROGRESS")
        world.later(61)
        for stack in made:
            assert "imed out" in (await world.until(stack, "CREATE_FAILED"))["stack_status_reason"]
        assert "A loop of the engine ended" not in caplog.text
    finally:
        await world.close()


class Refusing(credentials.Connector):
    """Keystone as it is reached over a connection that breaks at one trust."""

    taken: list[str]

    async def delete_trust(self, credential: Any, trust_id: str) -> None:
        if trust_id == "broken":
            raise asyncio.CancelledError
        self.taken.append(trust_id)


async def test_one_trust_that_cannot_be_taken_back_keeps_no_other_back(new_world):
    world = new_world()
    await world.context.connector.close()
    world.context.connector = connector = Refusing(world.context.connector.settings)
    connector.taken = []
    for name in ("a", "broken", "z"):
        secret = {"kind": "trust", "trust_id": name, "user_id": "u1"}
        await world.store.write(
            lambda connection, name=name, secret=secret: stacks.insert_credential(
                connection, world.store.codec, name, secret, world.context.now()
            )
        )
    world.later(world.settings.unused_delegation + 1)
    await world.owners.take_back_unused()
    assert sorted(connector.taken) == ["a", "z"]
    await world.close()
