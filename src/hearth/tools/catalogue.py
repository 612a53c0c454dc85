"""What the tools ask about resource types: the shape of a type's declaration, and where types are looked up.

The faces fill a `Catalogue` from the type registry; the tools see types only through these protocols.
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from hearth.model.constraints import Constraint
from hearth.model.diagnostics import Path
from hearth.template import template as templates

DEPRECATED = "DEPRECATED"
HIDDEN = "HIDDEN"


class Property(Protocol):
    """One declared property."""

    @property
    def name(self) -> str: ...
    @property
    def type_name(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def required(self) -> bool: ...
    @property
    def updatable(self) -> bool: ...
    @property
    def immutable(self) -> bool: ...
    @property
    def has_default(self) -> bool: ...
    @property
    def default(self) -> Any: ...
    @property
    def secret(self) -> bool: ...
    @property
    def implemented(self) -> bool: ...
    @property
    def status(self) -> str: ...
    @property
    def moved_to(self) -> str | None: ...
    @property
    def constraints(self) -> tuple[Constraint, ...]: ...
    @property
    def items(self) -> "Property | None": ...
    @property
    def fields(self) -> "Mapping[str, Property]": ...


class Attribute(Protocol):
    """One declared attribute."""

    @property
    def type_name(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def status(self) -> str: ...


class Issue(Protocol):
    """What a check of values found."""

    @property
    def path(self) -> Path: ...
    @property
    def message(self) -> str: ...
    @property
    def advice(self) -> str: ...


class Type(Protocol):
    """One resource type."""

    @property
    def type_name(self) -> str: ...
    @property
    def properties(self) -> "Mapping[str, Property]": ...
    @property
    def attributes(self) -> "Mapping[str, Attribute]": ...
    @property
    def support(self) -> tuple[tuple[str, str | None], ...]: ...
    @property
    def snapshot_deletion_policy(self) -> bool: ...

    def has_attribute(self, name: str) -> bool: ...

    def validate(self, properties: dict[str, Any]) -> Iterable[Issue]: ...


@dataclasses.dataclass(frozen=True)
class Catalogue:
    """The resource types there are.

    `find`: a type by name or alias. `names`: all names. `check`: values (UNKNOWN where not known) against a type's
    declaration, giving them converted, with all issues. `of_template`: the type that a template file stands for.
    """

    find: Callable[[str], Type | None]
    names: Callable[[], Sequence[str]]
    check: Callable[[Any, Mapping[str, Any]], tuple[dict[str, Any], Sequence[Issue]]]
    of_template: Callable[[str, templates.Template], Type]

    def visible_names(self) -> list[str]:
        """The types to offer: those that are not hidden, by name."""
        found = [(name, self.find(name)) for name in self.names()]
        return sorted(name for name, kind in found if kind is not None and status_of(kind) != HIDDEN)


def status_of(kind: Type) -> str:
    """The present support status of a type."""
    return kind.support[0][0] if kind.support else "SUPPORTED"


def visible(properties: Mapping[str, Property]) -> dict[str, Property]:
    """The properties to offer: neither hidden nor without implementation."""
    return {name: one for name, one in properties.items() if one.status != HIDDEN and one.implemented}


def property_at(properties: Mapping[str, Property], path: Sequence[str | int]) -> Property | None:
    """The declaration of what stands at a path of a resource's properties; None when nothing is declared there."""
    found: Property | None = None
    level: Mapping[str, Property] = properties
    for step in path:
        if isinstance(step, int):
            found = found.items if found is not None else None
        else:
            found = level.get(step)
        if found is None:
            return None
        level = found.fields
    return found
