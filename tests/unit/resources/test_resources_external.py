"""What workflows make, change and remove: a run that an answer was lost of is found, and is not begun once more."""

import copy
import dataclasses
from typing import Any

import pytest

from hearth.model.states import Action
from hearth.resources.contract import Change, InError
from specimens.form import of

Driver = Any  # the classes of the fixtures in conftest
Driven = Any

pytestmark = pytest.mark.asyncio(loop_scope="module")


def _workflow(action: str = "std.noop") -> dict[str, Any]:
    tasks = [{"name": "one", "action": action}]
    properties: dict[str, Any] = of("OS::Mistral::Workflow", type="direct", tasks=tasks)["properties"]
    return properties


async def _make(driver: Driver, **workflows: str) -> tuple[Driven, list[Driven]]:
    """A resource with a workflow for each of these actions, each with one task of such an action of Mistral's."""
    made = {
        name: await driver.make("OS::Mistral::Workflow", name, **_workflow(task)) for name, task in workflows.items()
    }
    actions = {name: {"workflow": one.id} for name, one in made.items()}
    return await driver.make("OS::Mistral::ExternalResource", actions=actions), list(made.values())


async def _runs(driver: Driver, it: Driven) -> int:
    listed = (await driver.cloud.get("workflow", "/v2/executions")).body["executions"]
    return sum(it.call.marker in one["description"] for one in listed)


async def _twice(it: Driven, action: Action) -> None:
    """Begin an action, lose the answer, and begin it again as the process after it does."""
    it.call = dataclasses.replace(it.call, action=action)
    lost = dataclasses.replace(it.call, data=copy.copy(it.call.data))
    for call in (lost, it.call):
        match action:
            case Action.UPDATE:
                await it.kind.update(call, Change({"input": {}}))
            case Action.SUSPEND:
                await it.kind.suspend(call)
            case Action.RESUME:
                await it.kind.resume(call)
            case Action.DELETE:
                await it.kind.delete(call)
    await it.settle()


async def test_each_action_runs_its_workflow_once(drivers: dict[str, Driver]) -> None:
    driver = drivers["demo"]
    actions = ("CREATE", "UPDATE", "SUSPEND", "RESUME", "DELETE")
    it, around = await _make(driver, **dict.fromkeys(actions, "std.noop"))
    steps = (Action.UPDATE, Action.SUSPEND, Action.RESUME, Action.UPDATE, Action.SUSPEND, Action.DELETE)
    for number, action in enumerate(steps, start=2):
        await _twice(it, action)
        assert await _runs(driver, it) == number, action
    for one in around:
        await one.delete()


async def test_without_a_workflow_that_makes_it_updates_are_told_apart_too(drivers: dict[str, Driver]) -> None:
    driver = drivers["demo"]
    it, around = await _make(driver, UPDATE="std.noop")
    for number in (1, 2):
        await _twice(it, Action.UPDATE)
        await _twice(it, Action.SUSPEND)  # runs nothing
        assert await _runs(driver, it) == number
    for one in around:
        await one.delete()


async def test_a_workflow_that_failed_to_remove_it_runs_again(drivers: dict[str, Driver]) -> None:
    driver = drivers["demo"]
    it, around = await _make(driver, DELETE="std.fail")
    it.call = dataclasses.replace(it.call, action=Action.DELETE)
    for number in (1, 2):
        await it.kind.delete(it.call)
        with pytest.raises(InError):
            await it.settle()
        assert await _runs(driver, it) == number
    for one in around:
        await one.delete()
