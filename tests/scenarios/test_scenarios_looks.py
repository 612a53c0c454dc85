"""One look answers for many waiting resources, of several stacks too, and one stack's trouble is its own."""

import asyncio
import time
from typing import Any

import pytest
from templates import hot

from hearth.cloud import access, session, settings
from hearth.model.states import Action
from hearth.resources import base
from hearth.resources.contract import Call, Permanent, Wait

LAMP = {"type": "Test::Lamp"}


class Lights:
    """Lamps that come on when they are told to, and who looked at which at the same time."""

    def __init__(self, world: Any) -> None:
        self.on = False
        self.looks: list[set[str]] = []
        self.blind: set[int] = set()  # sessions that are refused
        self.roles = ("member",)
        lights = self

        @base.resource("Test::Lamp")
        class Lamp(base.Base):
            external = True
            waits_on = frozenset({Action.CREATE})

            async def create(self, call: Call) -> str | None:
                return call.physical_name

            async def observe_many(self, calls: Any) -> Any:
                if id(calls[0].cloud) in lights.blind:
                    raise Permanent("not for you", "Forbidden")
                lights.looks.append({call.stack.name for call in calls})
                return {call.resource_id: {} for call in calls}

            async def settle(self, call: Call, observed: Any) -> Wait | None:
                return None if lights.on else Wait(0.01)

        world.types.add([Lamp])
        world.owners.session_of = self.session_of

    async def session_of(self, stack: Any) -> session.Session:
        """Each stack has a credential of its own, given by the same user."""
        options = settings.CloudSettings(auth_url="http://k", service=settings.AuthSection("password", {}))
        end = time.time() + 3600
        granted = access.Access("t", end, "u", "u", stack.project_id, "p", None, self.roles, "trust", {})
        wire: Any = None  # no service is called
        made = session.Session(wire, options, granted, None)
        if stack.name == "blind":
            self.blind.add(id(made))
            self.keep = made
        return made

    async def until_seen(self, *names: str) -> None:
        async with asyncio.timeout(20):
            while set(names) not in self.looks:  # noqa: ASYNC110 - nobody tells of looks
                await asyncio.sleep(0.01)


@pytest.fixture
async def lights(world: Any) -> Lights:
    world.plans_first = False
    return Lights(world)


async def test_stacks_of_one_user_are_looked_at_together(world: Any, lights: Lights) -> None:
    stacks = [await world.create(hot({"lamp": LAMP}), name=name) for name in ("a", "b", "c")]
    await lights.until_seen("a", "b", "c")
    lights.on = True
    for stack in stacks:
        await world.until(stack, "CREATE_COMPLETE")


async def test_who_has_other_roles_looks_apart(world: Any, lights: Lights) -> None:
    first = await world.create(hot({"lamp": LAMP}), name="a")
    await lights.until_seen("a")
    lights.roles = ("reader",)
    second = await world.create(hot({"lamp": LAMP}), name="b")
    await lights.until_seen("b")
    lights.on = True
    for stack in (first, second):
        await world.until(stack, "CREATE_COMPLETE")
    assert {"a", "b"} not in lights.looks


async def test_a_credential_that_is_no_longer_good_is_the_trouble_of_its_stack(world: Any, lights: Lights) -> None:
    blind = await world.create(hot({"lamp": LAMP}), name="blind")
    others = [await world.create(hot({"lamp": LAMP}), name=name) for name in ("a", "b")]
    await lights.until_seen("a")
    lights.on = True
    for stack in others:
        await world.until(stack, "CREATE_COMPLETE")
    assert (await world.show(blind))["stack_status"] == "CREATE_IN_PROGRESS"
    assert "not for you" in (await world.resources(blind))["lamp"]["resource_status_reason"]
