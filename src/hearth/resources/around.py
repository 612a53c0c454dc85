"""What stands around a resource, as its type sees it: its neighbours in the stack, and the stack nested in it.

Part of the contract between types and engine, and imported from there (`hearth.resources.contract`).
"""

import dataclasses
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from hearth.model.states import Action, Status

if TYPE_CHECKING:
    from hearth.resources.contract import Resource


@dataclasses.dataclass(frozen=True, slots=True)
class Neighbour:
    """Another resource of the same stack, for implicit dependencies.

    `properties` are as far as they are known; references to resources of the stack stand as `Reference`.
    """

    name: str
    type: type["Resource"]
    properties: Mapping[str, Any]
    needs: frozenset[str]


@dataclasses.dataclass(frozen=True, slots=True)
class Reference:
    """Stands for the reference id of a resource of the stack that does not exist yet."""

    resource: str


class Neighbours(dict[str, Neighbour]):
    """All resources of a stack by name, with look-ups that do not walk through all of them each time."""

    def __init__(self, several: Mapping[str, Neighbour]) -> None:
        super().__init__(several)
        self._by_type: dict[str, list[Neighbour]] = {}
        for one in several.values():
            self._by_type.setdefault(one.type.type_name, []).append(one)
        self._by_value: dict[tuple[str, str], dict[Any, list[Neighbour]]] = {}

    def of_type(self, name: str) -> list[Neighbour]:
        """Those of a type."""
        return self._by_type.get(name, [])

    def with_value(self, type_name: str, key: str, value: Any) -> list[Neighbour]:
        """Those of a type whose property has this value."""
        index = self._by_value.get((type_name, key))
        if index is None:
            index = self._by_value[type_name, key] = {}
            for one in self.of_type(type_name):
                found = one.properties.get(key)
                if isinstance(found, Hashable):
                    index.setdefault(found, []).append(one)
        return index.get(value, []) if isinstance(value, Hashable) else []


class ChildResource(Protocol):
    """A resource of a nested stack, as the type that owns the stack sees it."""

    @property
    def name(self) -> str:
        """Its logical name."""

    @property
    def type(self) -> str:
        """Its type, as its template names it."""

    @property
    def action(self) -> Action:
        """Its last action."""

    @property
    def status(self) -> Status:
        """How far that got."""

    @property
    def created_at(self) -> float:
        """When it was made, seconds since the epoch."""

    def reference(self) -> Any:
        """What get_resource gives for it."""

    async def attribute(self, path: Sequence[Any]) -> Any:
        """What get_attr gives for it; None when it cannot be read."""


class ChildView(Protocol):
    """The nested stack a resource owns."""

    @property
    def stack_id(self) -> str:
        """The stack's id."""

    @property
    def arn(self) -> str:
        """The stack's ARN."""

    @property
    def resources(self) -> Mapping[str, ChildResource]:
        """Its current resources by logical name."""

    @property
    def template(self) -> Mapping[str, Any]:
        """The template it was last given, as plain data."""

    def output(self, name: str) -> Any:
        """The value of one output. Raises KeyError for an unknown one."""

    @property
    def output_names(self) -> Iterable[str]:
        """The outputs it has."""


@dataclasses.dataclass(frozen=True, slots=True)
class ChildStack:
    """The nested stack a type wants: its template (as plain data or text) and the values of its parameters.

    `files` None: those of the owning stack. `resource_name_path` narrows the environment's per-resource part as for
    a template resource. `own_type`: the registry entry to leave out against recursion.
    """

    template: Any
    parameters: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    files: Mapping[str, str] | None = None
    source: str = "nested"
    own_type: str | None = None
