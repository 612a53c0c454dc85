"""Stacks whose resources are of a type that this service does not know any more: a plugin that was removed."""

from typing import Any

import pytest
from templates import hot, thing

from hearth.model.errors import Invalid
from hearth.model.waivers import Waiver
from hearth.resources import base
from hearth.resources.contract import Call
from hearth.resources.schema import Property


@base.resource("Plugin::Lamp")
class Lamp(base.Base):
    """A type of a plugin."""

    external = True
    colour = Property(str, "What it shines in.")

    async def create(self, call: Call) -> str | None:
        return call.physical_name


LAMP = {"type": "Plugin::Lamp", "properties": {"colour": "red"}}
TEMPLATE = hot({"lamp": LAMP, "a": thing("1")}, {"lamp": {"get_resource": "lamp"}})


@pytest.fixture
async def left(new_world: Any) -> Any:
    """A world that has lost the plugin, and its stack."""
    world = new_world()
    world.types.add([Lamp])
    await world.start_engine()
    stack = await world.create(TEMPLATE)
    await world.until(stack, "CREATE_COMPLETE")
    await world.lose_plugins()
    yield world, stack
    await world.close()


async def test_what_is_there_can_be_seen(left):
    world, stack = left
    assert (await world.show(stack))["stack_status"] == "CREATE_COMPLETE"
    assert await world.output(stack, "lamp") == (await world.resources(stack))["lamp"]["physical_resource_id"]


async def test_the_stack_can_be_updated_to_what_does_without(left):
    world, stack = left
    with pytest.raises(Invalid, match="Plugin::Lamp"):
        await world.update(stack, TEMPLATE)
    await world.update(stack, hot({"a": thing("2")}))
    shown = await world.until(stack, "UPDATE_FAILED")
    assert "resources.lamp: its type Plugin::Lamp is not known any more" in shown["stack_status_reason"]
    await world.service.continue_action(world.caller, stack, {Waiver.RETAIN: ["lamp"]})
    await world.until(stack, "UPDATE_COMPLETE")


async def test_the_stack_can_be_deleted_and_leaves_the_object(left):
    world, stack = left
    await world.delete(stack)
    shown = await world.until(stack, "DELETE_FAILED")
    assert "its type Plugin::Lamp is not known any more" in shown["stack_status_reason"]
    await world.service.delete_stack(world.caller, stack, retain=["lamp"])
    await world.until(stack, "DELETE_COMPLETE")
