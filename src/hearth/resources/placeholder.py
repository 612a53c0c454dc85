"""Types that do nothing: those of services that are gone, so that templates that name one are still read, and a stack
that has one can be deleted.

Their names resolve, nothing is made, and they are not listed. A package states its own with `placeholder`.
"""

from typing import Any

from hearth.resources import base, schema
from hearth.resources.contract import Call, Change, Decision, Observed, Permanent, Verdict


class Indifferent(base.Base):
    """Takes every property, gives null for every attribute, and does nothing."""

    properties = schema.ANYTHING
    indifferent = True
    dynamic_attributes = True

    def decide(self, change: Change, call: Call) -> Decision:
        """Nothing is there that a change could matter to."""
        return Decision(Verdict.UPDATE, "takes any property", tuple(change.properties))

    async def attribute(self, call: Call, name: str, observed: Observed | None) -> Any:
        """Null for every name."""
        return None


class Lost(Indifferent):
    """Stands in for a type that is not known any more: its plugin is gone, or what enables it is switched off.

    What is there can be seen, and left where it is; whatever would act on it fails.
    """

    async def create(self, call: Call) -> str | None:
        """Nobody knows how."""
        raise self._unknown()

    async def update(self, call: Call, change: Change) -> str | None:
        """Nobody knows how."""
        raise self._unknown()

    async def delete(self, call: Call) -> None:
        """Nobody knows how."""
        raise self._unknown()

    async def suspend(self, call: Call) -> None:
        """Nobody knows how."""
        raise self._unknown()

    async def resume(self, call: Call) -> None:
        """Nobody knows how."""
        raise self._unknown()

    def _unknown(self) -> Permanent:
        return Permanent(f"its type {self.type_name} is not known any more", "EntityNotFound")


def lost(type_name: str) -> base.Base:
    """The stand-in of a type of a stored definition that is not known any more."""

    class Unknown(Lost):
        """The stand-in of this type."""

    return base.resource(type_name)(Unknown)()


def placeholder(type_name: str, *history: tuple[str, str | None], what: str) -> type[base.Base]:
    """The stand-in of a type. `history`: its support statuses, the present one first."""

    class Placeholder(Indifferent):
        pass

    Placeholder.__doc__ = f"{what} Takes any property and does nothing."
    Placeholder.__name__ = type_name.rpartition("::")[2]
    return base.resource(type_name, support=history or ((schema.HIDDEN, None),))(Placeholder)
