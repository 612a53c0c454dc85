"""A type that does what no type should: its stack ends with the reason, others go on, and nothing stands still."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from templates import hot, output_of, thing

from hearth.engine import runner
from hearth.model.states import Action
from hearth.resources import base
from hearth.resources.contract import Attribute, Blocker, Call, Conflict, Wait
from hearth.store import work_list

#: What no database stores.
UNSTORABLE = object()
BROKEN = {"type": "Test::Broken"}
SHOWN = {"shown": output_of("thing")}


class Breakage:
    """What happens in a verb, each time it is called; nothing any more where the list ends."""

    is_usable = True

    def __init__(self, world: Any) -> None:
        self.happens: dict[str, list[Callable[[], Any]]] = {}
        self.objects: set[str] = set()
        self.made = 0
        breakage = self

        class Parts(base.Base):
            attributes: Mapping[str, Attribute] = {"output": Attribute("What it shows.")}

            async def attribute(self, call: Call, name: str, observed: Any) -> Any:
                return breakage.in_verb("attribute", call)

        @base.resource("Test::Broken")
        class Broken(Parts):
            external = True
            waits_on = frozenset({Action.CREATE})

            async def find(self, call: Call) -> str | None:
                return call.physical_name if call.physical_name in breakage.objects else None

            async def create(self, call: Call) -> str | None:
                breakage.objects.add(call.physical_name)
                breakage.made += 1
                breakage.in_verb("create", call)
                return call.physical_name

            async def observe_many(self, calls: Sequence[Call]) -> dict[str, Any]:
                breakage.in_verb("observe", calls[0])
                return {call.resource_id: {} for call in calls}

            async def settle(self, call: Call, observed: Any) -> Wait | None:
                breakage.in_verb("settle", call)
                return None

            async def delete(self, call: Call) -> None:
                breakage.in_verb("delete", call)
                breakage.objects.discard(call.physical_name)

            async def blockers(self, call: Call) -> Sequence[Blocker]:
                breakage.in_verb("blockers", call)
                return ()

        @base.resource("Test::Plain")
        class Plain(Parts):
            async def create(self, call: Call) -> str | None:
                breakage.in_verb("create", call)
                return call.physical_name

        world.types.add([Broken, Plain])

        async def session_of(stack: Any) -> Any:
            return breakage

        world.owners.session_of = session_of

    def in_verb(self, verb: str, call: Call) -> Any:
        several = self.happens.get(f"{verb} {call.stack.name}") or self.happens.get(verb)
        return several.pop(0)() if several else "whole"


def cancelled() -> Any:
    raise asyncio.CancelledError("the connection went")


def in_use() -> Any:
    raise Conflict("still in use")


def confused() -> Any:
    raise LookupError("no such key")


@pytest.fixture
async def breakage(world: Any) -> Breakage:
    world.plans_first = False
    return Breakage(world)


@pytest.mark.parametrize("kind", ["Test::Broken", "Test::Plain"])
async def test_a_resource_whose_result_cannot_be_stored_fails_with_the_reason(world, breakage, kind, caplog):
    breakage.happens["attribute"] = [lambda: UNSTORABLE]
    stack = await world.create(hot({"thing": {"type": kind}}, SHOWN))
    ended = await world.until(stack, "CREATE_FAILED")
    assert "thing" in ended["stack_status_reason"]
    assert "object" in ended["stack_status_reason"]
    assert (await world.statuses(stack))["thing"] == "CREATE_FAILED"
    assert any(one.exc_info for one in caplog.records)

    await world.delete(stack)
    await world.until(stack, "DELETE_COMPLETE")
    assert breakage.objects == set()


@pytest.mark.parametrize("kind", ["Test::Broken", "Test::Plain"])
async def test_what_cannot_be_stored_of_one_stack_is_no_trouble_of_others(world, breakage, kind):
    breakage.happens["attribute bad"] = [lambda: UNSTORABLE]
    template = hot({"thing": {"type": kind}}, SHOWN)
    names = ["a", "b", "bad", "c", "d"]
    stacks = await asyncio.gather(*(world.create(template, name=name) for name in names))
    for name, stack in zip(names, stacks, strict=True):
        await world.until(stack, "CREATE_FAILED" if name == "bad" else "CREATE_COMPLETE")


async def test_a_reason_that_no_database_stores_is_told_as_far_as_it_can(world, breakage, caplog):
    caplog.set_level(logging.CRITICAL + 1)  # half characters in a log cannot go from worker to worker of pytest

    def garbled() -> Any:
        raise ValueError("the name is \ud800\0")

    breakage.happens["create"] = [garbled]
    stack = await world.create(hot({"thing": BROKEN}))
    assert "the name is" in (await world.until(stack, "CREATE_FAILED"))["stack_status_reason"]


@pytest.mark.parametrize("verb", ["create", "observe", "settle", "attribute"])
async def test_a_call_that_is_broken_off_by_nobody_is_made_again(world, breakage, verb, caplog):
    breakage.happens[verb] = [cancelled]
    stack = await world.create(hot({"thing": BROKEN}, SHOWN))
    await world.until(stack, "CREATE_COMPLETE")
    assert breakage.made == 1
    assert any(one.exc_info for one in caplog.records)


async def test_a_call_that_is_broken_off_again_and_again_fails(new_world):
    world = new_world(temporary_retry_limit=0)
    await world.start_engine()
    breakage = Breakage(world)
    breakage.happens["create"] = [cancelled]
    try:
        stack = await world.create(hot({"thing": BROKEN}))
        assert "broken off" in (await world.until(stack, "CREATE_FAILED"))["stack_status_reason"]
    finally:
        await world.close()


async def test_a_plain_resource_that_breaks_off_holds_up_nobody(world, breakage):
    breakage.happens["create bad"] = [cancelled]
    template = hot({"thing": {"type": "Test::Plain"}}, SHOWN)
    stacks = await asyncio.gather(*(world.create(template, name=name) for name in ("a", "bad", "b")))
    for stack in stacks:
        await world.until(stack, "CREATE_COMPLETE")


async def test_who_stands_in_the_way_need_not_be_known_for_a_removal_to_fail(world, breakage):
    stack = await world.create(hot({"thing": BROKEN}))
    await world.until(stack, "CREATE_COMPLETE")
    breakage.happens |= {"delete": [in_use], "blockers": [confused]}
    await world.delete(stack)
    await world.until(stack, "DELETE_COMPLETE")


async def test_a_claim_that_nobody_works_on_is_given_back(new_world):
    world = new_world(engine_lease=0.3)
    stack = await world.create(hot({"one": thing(), "two": thing()}))
    forgetful = runner.Engine(world.context, world.kept, world.owners)
    claimed = await world.store.write(
        lambda connection: work_list.claim(connection, forgetful.id, 10, world.context.now())
    )
    assert len(claimed) == 2
    await forgetful.start()
    world.engines.append(forgetful)
    try:
        await world.until(stack, "CREATE_COMPLETE")
    finally:
        await world.close()
