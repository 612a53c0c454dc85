"""A service whose objects can be copied, and the resource type of its objects, for scenarios of what is left behind."""

from typing import Any

from hearth.model.states import Action
from hearth.resources import base
from hearth.resources.contract import Call, Gone, Permanent, Wait
from hearth.resources.schema import Attribute, Property

WAITS = frozenset({Action.CREATE, Action.DELETE, Action.SNAPSHOT})


class Service:
    """Objects and copies by name, those that may still come in `late`; `log` says what happens in it, in order.

    `lost_copies` are raised instead of answers to calls that make copies, `defects` by removals of copies, of which
    `removals` have been asked for.
    """

    is_usable = True

    def __init__(self) -> None:
        self.objects: dict[str, str] = {}
        self.copies: dict[str, str] = {}
        self.late: dict[str, str] = {}
        self.log: list[str] = []
        self.broken = False
        self.defects: list[BaseException] = []
        self.refuses_copies = False
        self.lost_copies: list[Exception] = []
        self.removals = 0

    def use_in(self, world: Any) -> None:
        """Give a world the type of this service's objects, and all its stacks access to it."""
        service = self

        @base.resource("Test::Object")
        class Object(base.Base):
            content = Property(str, "What it holds.", required=True)
            origin = Property(str, "The copy it is made of.")
            attributes = {"content": Attribute(str, "What it holds now.")}
            external = True
            waits_on = WAITS
            supports_snapshot = True
            copies_in = "copies"
            copy_id = "copy"
            snapshot_deletion_policy = True

            async def find(self, call: Call) -> str | None:
                return call.physical_name if call.physical_name in service.objects else None

            async def create(self, call: Call) -> str | None:
                source = call.properties.get("origin")
                if source and source not in service.copies:
                    raise Permanent(f"there is no copy {source}")
                service.objects[call.physical_name] = service.copies[source] if source else call.properties["content"]
                return call.physical_name

            async def observe(self, call: Call) -> Any:
                if call.physical_id not in service.objects:
                    raise Gone("there is no such object")
                return {"content": service.objects[call.physical_id]}

            async def attribute(self, call: Call, name: str, observed: Any) -> Any:
                return (observed or await self.observe(call))["content"]

            async def delete(self, call: Call) -> None:
                if service.objects.pop(str(call.physical_id), None) is None:
                    raise Gone("there is no such object")
                service.log.append("delete object")

            async def snapshot(self, call: Call) -> None:
                if service.refuses_copies:
                    raise Permanent("no room for a copy")
                await self.observe(call)
                if service.lost_copies:
                    service.late[call.snapshot_name] = service.objects[str(call.physical_id)]
                    raise service.lost_copies.pop()
                if call.snapshot_name not in service.copies:
                    service.copies[call.snapshot_name] = service.objects[str(call.physical_id)]
                    service.log.append("copy object")
                call.data["copy"] = call.snapshot_name

            async def is_copied(self, call: Call) -> bool:
                return call.snapshot_name in service.copies

            async def delete_snapshot(self, call: Call) -> Wait | None:
                service.removals += 1
                if service.defects:
                    raise service.defects.pop()
                if service.broken:
                    raise Permanent("the copies cannot be reached")
                return Wait(0.01) if service.copies.pop(call.snapshot_name, None) else None

            def restored(self, properties: Any, data: Any) -> dict[str, Any]:
                return {**properties, "origin": data["copy"]} if "copy" in data else dict(properties)

        async def session_of(stack: Any) -> Any:
            return service

        world.types.add([Object])
        world.owners.session_of = session_of


def an_object(content: str, **sections: Any) -> dict[str, Any]:
    return {"type": "Test::Object", "properties": {"content": content}, **sections}
