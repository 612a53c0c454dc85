"""What schedulers are told of servers and volumes, where the operator wants them told of stacks.

A type of the tests' own stands for them, which keeps what it would send: no service shows a user all of it.
"""

import json
from typing import Any

from templates import hot

from hearth.resources import base, scheduler_hints
from hearth.resources.contract import Call
from hearth.resources.schema import Property


@base.resource("Test::Scheduled")
class Scheduled(base.Base):
    """Its id is the text of its hints."""

    external = True
    scheduler_hints = Property(dict, "Wishes.")

    async def create(self, call: Call) -> str | None:
        """Keep what a scheduler would be told."""
        return json.dumps(scheduler_hints.of(call))


async def told(world: Any, stack: Any, name: str) -> Any:
    resources = await world.resources(stack)
    return json.loads(resources[name]["physical_resource_id"]), resources[name]


async def made(world: Any) -> Any:
    world.types.add([Scheduled])
    await world.start_engine()
    scheduled = {"type": "Test::Scheduled", "properties": {"scheduler_hints": {"group": "g"}}}
    group = {"type": "OS::Heat::ResourceGroup", "properties": {"count": 1, "resource_def": scheduled}}
    stack = await world.create(hot({"one": scheduled, "many": group}), name="top")
    await world.until(stack, "CREATE_COMPLETE")
    return stack


async def test_schedulers_are_told_of_the_whole_way_from_the_root(new_world: Any) -> None:
    world = new_world(stack_scheduler_hints=True)
    try:
        stack = await made(world)
        hints, _ = await told(world, stack, "one")
        assert hints.pop("heat_resource_uuid")
        assert hints == {
            "group": "g",
            "heat_root_stack_id": stack.id,
            "heat_stack_id": stack.id,
            "heat_stack_name": "top",
            "heat_path_in_stack": ["top"],
            "heat_resource_name": "one",
        }
        inner = await world.inner(stack, "many")
        hints, _ = await told(world, inner, "0")
        assert hints["heat_root_stack_id"] == stack.id
        assert (hints["heat_stack_id"], hints["heat_stack_name"]) == (inner.id, inner.name)
        assert hints["heat_path_in_stack"] == ["top", f"many,{inner.name}"]
    finally:
        await world.close()


async def test_without_the_option_they_are_told_the_template_s_wishes_alone(new_world: Any) -> None:
    world = new_world()
    try:
        hints, _ = await told(world, await made(world), "one")
        assert hints == {"group": "g"}
    finally:
        await world.close()
