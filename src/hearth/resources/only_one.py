"""Objects of which one place has only one: a port's trunk, a volume type's encryption.

A replacement at the same place cannot be made beside what it replaces, and there is no part that could be given up: the
present object is deleted first. A base of types, beside `RemoteResource`.
"""

from typing import ClassVar

from hearth.model.states import Action
from hearth.model.values import UNKNOWN
from hearth.resources.contract import GIVEN_UP, Call, Gone, Observed, Permanent, Values, Wait
from hearth.resources.remote import RemoteResource


class OnlyOne(RemoteResource):
    """A type whose objects take turns at the place that a property names."""

    takes_turns = True
    #: The property, and what an object is called there.
    place: ClassVar[str]
    noun: ClassVar[str]
    #: Further properties that tell places apart, as the address and port of a member of a pool.
    also: ClassVar[tuple[str, ...]] = ()

    def collides(self, properties: Values, wanted: Values) -> str:
        """See `Resource.collides`: whether both are at the same place. Without a value they are at none."""
        for name in (self.place, *self.also):
            one, other = properties.get(name), wanted.get(name)
            if one is None or other is None or (one != other and UNKNOWN not in (one, other)):
                return ""
        return f"the {self.noun} of the {self.place}"

    async def make_way(self, call: Call, wanted: Values) -> Wait | None:
        """See `Resource.make_way`: there is nothing to give up but all."""
        if call.retained:
            await self.observe(call)  # raises Gone
            raise Permanent(
                f"{self.noun} {call.physical_id} is where the new one is to be, and is not deleted, as its "
                "deletion_policy is Retain: delete it when nobody needs it, and update again",
                kind="Conflict",
            )
        if GIVEN_UP not in call.data:
            call.data[GIVEN_UP] = "all"
            return Wait(0)
        try:
            observed = await self.observe(call)
            if observed is None or not self.goes(observed):
                await self.delete(call)
        except Gone:
            return None
        return Wait() if Action.DELETE in self.waits_on else None

    def goes(self, observed: Observed) -> bool:
        """Whether the deletion of an object that is still there has begun."""
        return False

    async def take_back(self, call: Call) -> Wait | None:
        """See `Resource.take_back`: another one is made."""
        raise Gone(f"{self.noun} {call.physical_id} made way for another one")
