"""A service that refuses, stalls or falls silent as a scenario tells it, and the resource type of its objects."""

import asyncio
import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

from hearth.cloud import session
from hearth.model.states import Action
from hearth.resources import base
from hearth.resources.contract import GIVEN_UP, Blocker, Call, Change, Gone, NeedsReplacement, Permanent, Wait
from hearth.resources.schema import Property


class Service:
    """Objects by id. What goes wrong is set by verb: create, find, observe, update, delete.

    `silent`: verbs that never answer. `endless`: verbs that are accepted and never done. `refusals`: what a verb
    answers, one after the other; None lets a call pass. `losses`: what callers of create hear after the work. `cut`:
    calls whose caller gave them up. `fails_to_settle`: resources whose update fails after it was accepted.
    `users`: who uses the objects of resources. `names`: what the objects of resources were last called.
    `takes_turns`: whether no two objects may hold the same. `clear`: whether a refusal says that nothing was made.
    `sturdy`: whether an object is looked at, rather than replaced, when its last action failed.
    `rigid`: whether an object turns out to need a replacement when its update begins.
    """

    is_usable = True

    def __init__(self) -> None:
        self.objects: dict[str, str] = {}
        self.silent: set[str] = set()
        self.endless: set[str] = set()
        self.refusals: dict[str, Iterator[Exception | None]] = {}
        self.users: dict[str, Sequence[Blocker]] = {}
        self.fails_to_settle: set[str] = set()
        self.findable = True
        self.takes_turns = False
        self.clear = False
        self.rigid = False
        self.sturdy = False
        self.losses: Iterator[Exception] = iter(())
        self.calls: list[str] = []
        self.names: dict[str, str] = {}
        self.cut: list[str] = []

    async def call(self, verb: str, call: Call) -> None:
        """What every call goes through before it does its work."""
        self.calls.append(f"{verb} {call.name}")
        self.names[call.name] = call.physical_name
        if verb in self.silent or f"{verb} {call.name}" in self.silent:
            try:
                with (session.under_way.get() or session.UnderWay()).calling(f"{verb} of the stubborn service"):
                    await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.cut.append(f"{verb} {call.name}")
                raise
        refusal = next(self.refusals.get(f"{verb} {call.name}") or self.refusals.get(verb) or iter(()), None)
        if refusal is not None:
            raise refusal

    def use_in(self, world: Any) -> "Service":
        """Give a world the type of this service's objects, and all its stacks access to it."""
        service = self

        @base.resource("Test::Stubborn")
        class Stubborn(base.Base):
            content = Property(str, "What it holds.", default="", updatable=True)
            fixed = Property(str, "What it is made of; another replaces it.", default="")
            external = True
            can_be_in_use = True
            waits_on = frozenset({Action.CREATE, Action.UPDATE, Action.DELETE})
            findable = service.findable
            takes_turns = service.takes_turns
            survives_failure = service.sturdy

            def may_exist(self, data: Any) -> bool:
                return not service.clear

            def collides(self, properties: Any, wanted: Any) -> str:
                return properties["content"] if properties["content"] == wanted["content"] else ""

            async def make_way(self, call: Call, wanted: Any) -> Wait | None:
                await service.call("make_way", call)
                if GIVEN_UP not in call.data:
                    call.data[GIVEN_UP] = service.objects[str(call.physical_id)]
                    return Wait(0)
                service.objects[str(call.physical_id)] = ""
                return None

            async def take_back(self, call: Call) -> Wait | None:
                service.objects[str(call.physical_id)] = call.data[GIVEN_UP]
                return None

            async def find(self, call: Call) -> str | None:
                await service.call("find", call)
                return call.physical_name if call.physical_name in service.objects else None

            async def create(self, call: Call) -> str | None:
                await service.call("create", call)
                service.objects[call.physical_name] = call.properties["content"]
                for loss in service.losses:
                    raise loss
                return call.physical_name

            async def update(self, call: Call, change: Change) -> str | None:
                await service.call("update", call)
                if service.rigid:
                    raise NeedsReplacement("it cannot be changed as it is")
                service.objects[str(call.physical_id)] = call.properties["content"]
                return None

            async def observe(self, call: Call) -> Any:
                await service.call("observe", call)
                if call.physical_id not in service.objects:
                    raise Gone("there is no such object")
                return {"content": service.objects[call.physical_id]}

            async def delete(self, call: Call) -> None:
                await service.call("delete", call)
                if call.physical_id not in service.objects:
                    raise Gone("there is no such object")
                if "delete" not in service.endless:
                    del service.objects[str(call.physical_id)]

            async def blockers(self, call: Call) -> Sequence[Blocker]:
                await service.call("blockers", call)
                return service.users.get(call.name, ())

            async def suspend(self, call: Call) -> None:
                await service.call("suspend", call)

            async def settle(self, call: Call, observed: Any) -> Wait | None:
                if call.action is Action.UPDATE and call.name in service.fails_to_settle:
                    raise Permanent("it came to nothing")
                return Wait(0.01) if call.action.lower() in service.endless or call.action is Action.DELETE else None

        world.types.add([Stubborn])

        async def session_of(stack: Any) -> Any:
            return service

        world.owners.session_of = session_of
        return service


def stubborn(content: str = "", **sections: Any) -> dict[str, Any]:
    return {"type": "Test::Stubborn", "properties": {"content": content}, **sections}


def stranger(caller: Any) -> Any:
    """Somebody of another project."""
    return dataclasses.replace(caller, project_id="0" * 32)
