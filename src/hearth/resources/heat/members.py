"""What groups of all kinds share about their members: definitions as they are kept, order, age, attributes."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from hearth.model import values
from hearth.model.states import Action, Status
from hearth.resources.contract import ChildResource, ChildView, Permanent

#: More members than any group may have, whatever the operator allows.
MOST: Final = 100_000


def need_possible(size: int, name: str) -> None:
    """Check that a group can have so many members. Raises Permanent."""
    if size > MOST:
        raise Permanent(f"the group {name} would have {size} members; the limit is {MOST}", "RequestLimitExceeded")


def as_stored(definition: dict[str, Any]) -> dict[str, Any]:
    """A definition as it comes back from the store, so that both can be compared."""
    stored: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(definition))
    return stored


def numbered(child: ChildView) -> list[ChildResource]:
    """Members whose names are numbers, by rising number."""
    return sorted(child.resources.values(), key=lambda one: (len(one.name), one.name))


def by_age(child: ChildView) -> list[ChildResource]:
    """The members that work, oldest first."""
    return sorted((one for one in child.resources.values() if is_well(one)), key=age)


def age(member: ChildResource) -> tuple[float, str]:
    """What members are sorted by from the oldest to the newest."""
    return member.created_at, member.name


def is_well(member: ChildResource) -> bool:
    """Whether a member counts as one that is there."""
    return member.status is not Status.FAILED and member.action not in (Action.INIT, Action.DELETE)


def ailing(child: ChildView | None) -> frozenset[str]:
    """The names of the members that do not work. They are made anew in any case, so no batch need wait for them."""
    return (
        frozenset(name for name, one in child.resources.items() if not is_well(one))
        if child is not None
        else frozenset()
    )


async def read(members: Iterable[ChildResource], path: Sequence[Any]) -> Any:
    """The value of an attribute path: references, or an attribute of each."""
    name, *rest = path
    several = list(members)
    if name == "refs":
        return values.walk([one.reference() for one in several], rest)
    if name == "refs_map":
        return values.walk({one.name: one.reference() for one in several}, rest)
    if name == "attributes":
        return {one.name: await one.attribute(rest) for one in several} if rest else None
    return [await one.attribute(path) for one in several]
