"""Rules about several properties at once, as rows of a type's declaration: `checks = (required_when(...), ...)`.

Each rule is a function of the checked values that gives `Issue`s; `hearth.resources.base.Base.validate` runs them.
A rule that depends on a value which is not known yet is silent.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from hearth.model.constraints import shown
from hearth.model.values import UNKNOWN
from hearth.resources.contract import Issue

#: Error types that clients know.
_CONFLICT = "ResourcePropertyConflict"
_UNSPECIFIED = "PropertyUnspecifiedError"

Rule = Callable[[Mapping[str, Any]], Iterable[Issue]]


def required_when(name: str, **conditions: tuple[Any, ...]) -> Rule:
    """The property must be given while each named property has one of the values listed for it."""

    def rule(values: Mapping[str, Any]) -> Iterable[Issue]:
        if name not in values and _met(values, conditions):
            yield Issue(
                (), f"The property {name!r} is required {_when(values, conditions)}.", f"Give {name!r} a value."
            )

    return rule


def forbidden_when(name: str, **conditions: tuple[Any, ...]) -> Rule:
    """The property must not be given while each named property has one of the values listed for it."""

    def rule(values: Mapping[str, Any]) -> Iterable[Issue]:
        if name in values and _met(values, conditions):
            yield Issue((name,), f"The property {name!r} cannot be used {_when(values, conditions)}.", "Leave it out.")

    return rule


def at_most_one(*names: str) -> Rule:
    """The properties exclude each other."""

    def rule(values: Mapping[str, Any]) -> Iterable[Issue]:
        given = [name for name in names if name in values]
        if len(given) > 1:
            yield Issue((given[1],), f"{_listed(given)} cannot be used together.", "Keep one of them.", _CONFLICT)

    return rule


def exactly_one(*names: str) -> Rule:
    """One of the properties must be given, and only one."""
    exclusive = at_most_one(*names)

    def rule(values: Mapping[str, Any]) -> Iterable[Issue]:
        if not any(name in values for name in names):
            yield Issue((), f"One of {_listed(names)} is required.", "Give one of them.", _UNSPECIFIED)
        yield from exclusive(values)

    return rule


def at_least_one(*names: str) -> Rule:
    """One of the properties must be given."""

    def rule(values: Mapping[str, Any]) -> Iterable[Issue]:
        if not any(name in values for name in names):
            yield Issue((), f"At least one of {_listed(names)} is required.", "Give one of them.", _UNSPECIFIED)

    return rule


def only_when(name: str, value: Any, **conditions: tuple[Any, ...]) -> Rule:
    """The property can have this value only while each named property has one of the values listed for it."""

    def rule(values: Mapping[str, Any]) -> Iterable[Issue]:
        others = [values.get(other) for other in conditions]
        if values.get(name) == value and UNKNOWN not in others and not _met(values, conditions):
            needed = " and ".join(f"{other!r} is {_listed(wanted)}" for other, wanted in conditions.items())
            yield Issue((name,), f"{name!r} can be {shown(value)} only while {needed}.", "Give it another value.")

    return rule


def together(name: str, needs: str) -> Rule:
    """The first property is of use only with the second."""

    def rule(values: Mapping[str, Any]) -> Iterable[Issue]:
        if name in values and needs not in values:
            yield Issue((name,), f"The property {name!r} needs {needs!r} too.", f"Give {needs!r}, or drop {name!r}.")

    return rule


def _met(values: Mapping[str, Any], conditions: Mapping[str, tuple[Any, ...]]) -> bool:
    for other, wanted in conditions.items():
        value = values.get(other)
        if value is UNKNOWN or not any(value == one for one in wanted):
            return False
    return True


def _when(values: Mapping[str, Any], conditions: Mapping[str, tuple[Any, ...]]) -> str:
    return "while " + " and ".join(f"{other!r} is {shown(values.get(other))}" for other in conditions)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))
