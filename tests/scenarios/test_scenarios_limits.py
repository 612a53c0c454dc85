"""The operator's limits: each bites with the error that clients know, and stores nothing.

Sizes of bodies and limits of software configs are seen by `tests/unit/api`, those of time by
`test_scenarios_timeouts`, those of events by `test_scenarios_retention`.
"""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from templates import hot, thing

from hearth.model.errors import HearthError

THREE = hot({f"t{n}": thing() for n in range(3)})
ONE = hot({"t0": thing()})
DEEP = {
    "a.yaml": "{heat_template_version: 2018-08-31, resources: {b: {type: b.yaml}}}",
    "b.yaml": "{heat_template_version: 2018-08-31, resources: {c: {type: OS::Heat::TestResource}}}",
}
NESTED = hot({"a": {"type": "a.yaml"}})


async def create(world: Any, template: Any = ONE, name: str = "one", **more: Any) -> Any:
    return await world.create(template, name=name, **more)


async def grow(world: Any) -> None:
    stack = await create(world)
    await world.until(stack, "CREATE_COMPLETE")
    await world.update(stack, THREE)


async def make_two(world: Any) -> None:
    await create(world)
    await create(world, name="two")


async def take_two_snapshots(world: Any) -> None:
    stack = await create(world)
    await world.until(stack, "CREATE_COMPLETE")
    await world.service.create_snapshot(world.caller, stack, "first")
    await world.until(stack, "SNAPSHOT_COMPLETE")
    await world.service.create_snapshot(world.caller, stack, "second")


Deed = Callable[[Any], Awaitable[Any]]
#: (option, value, what is done, what the message names)
CASES: dict[str, tuple[str, int, Deed, str]] = {
    "a large template": ("max_template_size", 60, lambda world: create(world, str(THREE)), "60"),
    "a large group": (
        "max_resources_per_stack",
        2,
        lambda world: create(
            world, hot({"g": {"type": "OS::Heat::ResourceGroup", "properties": {"count": 3, "resource_def": thing()}}})
        ),
        "2",
    ),
    "a large stack": ("max_resources_per_stack", 2, lambda world: create(world, THREE), "2"),
    "a large tree": ("max_resources_per_stack", 2, lambda world: create(world, NESTED, files=DEEP), "2"),
    "a stack that grows": ("max_resources_per_stack", 2, grow, "2"),
    "deep nesting": ("max_nested_stack_depth", 1, lambda world: create(world, NESTED, files=DEEP), "1"),
    "no nesting": ("max_nested_stack_depth", 0, lambda world: create(world, NESTED, files=DEEP), "0"),
    "many stacks": ("max_stacks_per_tenant", 1, make_two, "1"),
    "no stacks": ("max_stacks_per_tenant", 0, create, "0"),
    "many snapshots": ("max_snapshots_per_stack", 1, take_two_snapshots, "1"),
}


@pytest.mark.parametrize("case", CASES)
async def test_a_limit_refuses_with_the_error_that_clients_know(new_world, case):
    option, value, deed, named = CASES[case]
    world = new_world(**{option: value})
    world.plans_first = False
    await world.start_engine()
    with pytest.raises(HearthError) as refused:
        await deed(world)
    assert (refused.value.kind, refused.value.status) == ("RequestLimitExceeded", 400)
    assert named in str(refused.value)
    await world.close()


@pytest.mark.parametrize("case", CASES)
async def test_one_more_is_allowed_and_without_a_limit_all_are(new_world, case):
    option, _, deed, _ = CASES[case]
    unlimited = {"max_template_size": 600, "max_nested_stack_depth": 5}.get(option, -1)
    world = new_world(**{option: unlimited})
    world.plans_first = False
    await world.start_engine()
    await deed(world)
    await world.close()


async def test_of_many_who_want_the_last_place_at_once_one_gets_it(new_world):
    world = new_world(max_stacks_per_tenant=3)
    world.plans_first = False
    ended = await asyncio.gather(*(create(world, name=f"s{n}") for n in range(12)), return_exceptions=True)
    refused = [one for one in ended if isinstance(one, HearthError)]
    assert {one.kind for one in refused} == {"RequestLimitExceeded"}
    assert len(refused) == 9
    assert len(await world.names()) == 3
    await world.close()


async def test_a_deleted_stack_makes_room_and_administrators_need_none(new_world):
    world = new_world(max_stacks_per_tenant=1)
    world.plans_first = False
    await world.start_engine()
    stack = await create(world)
    await world.until(stack, "CREATE_COMPLETE")
    administrator = dataclasses.replace(world.caller, is_admin=True)
    await world.service.create_stack(administrator, world.caller.project_id, world.request(ONE, stack_name="two"))
    await world.delete(stack)
    await world.until(stack, "DELETE_COMPLETE")
    with pytest.raises(HearthError):
        await create(world, name="three")  # the administrator's counts as well
    await world.close()
