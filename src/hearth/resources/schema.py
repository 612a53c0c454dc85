"""How a resource type states its properties and attributes: the declarations, and the form the API shows of them.

Types declare with `Property` and `Attribute`; `hearth.resources.checking` checks values against these declarations,
`hearth.resources.base` makes request bodies from them, the API and the reference documentation show them. Nothing is
checked here, and nothing here knows a cloud.
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from hearth.model import constraints

#: `Property.default` of a name that is made from the stack, the resource and its row when the template gives none.
PHYSICAL_NAME: Final = object()
#: `Property.wire` of a property that stands in the request under its own name.
SAME: Final = "="

_TYPES: Final[dict[type, str]] = {
    str: "String",
    int: "Integer",
    float: "Number",
    bool: "Boolean",
    list: "List",
    dict: "Map",
    object: "Any",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Unseen:
    """Why the actual value of a property cannot be observed."""

    reason: str


#: `Property.live` of secrets.
NEVER_SHOWN: Final = Unseen("the service never shows it")
#: `Property.live` of what is used once, while the object is made.
USED_ONCE: Final = Unseen("the service uses it while the object is made, and does not show it afterwards")
#: What says how the actual value is read; see `Property.live`.
Live = str | Callable[[Any, Mapping[str, Any]], Any] | Unseen | None

#: `((status, since), ...)`, the present status first. Empty: supported since the type exists.
Support = tuple[tuple[str, str | None], ...]

SUPPORTED: Final = "SUPPORTED"
DEPRECATED: Final = "DEPRECATED"
HIDDEN: Final = "HIDDEN"


class _Absent:
    """The type of `ABSENT`."""

    def __repr__(self) -> str:
        return "ABSENT"


#: No value: neither given nor a default.
ABSENT: Final = _Absent()


@dataclasses.dataclass(eq=False)
class Property:
    """One property: everything that is regular about it.

    As a class attribute of a type it takes its name from the attribute; names that are no Python identifiers are
    given by `name`.
    """

    kind: type
    """str, int, float (any number), bool, list, dict, or object for anything."""
    description: str = ""
    _: dataclasses.KW_ONLY
    required: bool = False
    default: Any = ABSENT
    updatable: bool = False
    """Whether a change is made in place; otherwise it replaces the resource."""
    immutable: bool = False
    """Whether a change is refused."""
    allowed: Iterable[Any] = ()
    minimum: float | None = None
    maximum: float | None = None
    length: tuple[int | None, int | None] | None = None
    pattern: str | None = None
    constraint: str | None = None
    """A custom constraint: a pure one of `hearth.resources.checks` or one of `hearth.resources.finders`."""
    refers: str | None = None
    """The finder of the thing that name or id stands for: checked to exist, and translated to its id."""
    translates: str | None = None
    """As `refers`, for a property (or the items of a list) whose published schema states no constraint."""
    items: "Property | None" = None
    fields: "Mapping[str, Property]" = dataclasses.field(default_factory=dict)
    wire: str | None = SAME
    """The name in the service's request; None when the property is not sent as such."""
    live: Live = SAME
    """Where the actual value stands in the observed object: under the name on the wire, in a field (a dot goes a level
    down), or a function of call and observation gives it (ABSENT: nothing is expected here). `Unseen`: it cannot be
    observed. None: it says how Hearth acts, and nothing in the cloud stands for it."""
    ordered: bool = False
    """Whether the order of the list's items counts when the actual value is compared."""
    cleared: Any = None
    """What is sent when an update takes the property away; ABSENT: nothing."""
    option: str = ""
    """The option by which an operator may give another default."""
    null: Any = ABSENT
    """What an explicit null means; without this it means that the property is not given."""
    name: str = ""
    moved_to: str | None = None
    """For an older name: the property beside it that takes its value."""
    since: str | None = None
    support: Support = ()
    implemented: bool = True
    secret: bool = False
    convertible: bool = False
    """Whether text is taken for a list (separated by commas) or map (JSON), as template parameters do."""

    def __post_init__(self) -> None:
        self.fields = Schema(self.fields) if self.fields else NO_FIELDS
        if self.since and not self.support:
            self.support = ((SUPPORTED, self.since),)
        self.constraints: tuple[constraints.Constraint, ...] = tuple(self._constraints())

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = self.name or name

    def _constraints(self) -> Iterable[constraints.Constraint]:
        if self.minimum is not None or self.maximum is not None:
            yield constraints.Range(self.minimum, self.maximum)
        if self.length is not None:
            yield constraints.Length(*self.length)
        allowed = tuple(self.allowed)
        if allowed:
            yield constraints.AllowedValues(allowed)
        if self.pattern is not None:
            yield constraints.AllowedPattern(self.pattern)
        if self.constraint or self.refers:
            yield constraints.Custom(self.constraint or self.refers or "")

    @property
    def type_name(self) -> str:
        """The type as documentation names it: String, Integer, Number, Boolean, List, Map or Any."""
        return _TYPES[self.kind]

    @property
    def lookup(self) -> str | None:
        """The custom constraint or finder by which the value is checked."""
        return self.constraint or self.refers or self.translates

    @property
    def wire_name(self) -> str | None:
        """The name in the service's request; None when the property is not sent as such."""
        return self.name if self.wire == SAME else self.wire

    @property
    def has_default(self) -> bool:
        """Whether the schema itself has a value for a property that is not given."""
        return self.default is not ABSENT and self.default is not PHYSICAL_NAME

    @property
    def status(self) -> str:
        """The present support status."""
        return status_of(self.support)


class Schema(dict[str, Property]):
    """Properties by name, with the tables a check of values needs made once."""

    def __init__(self, properties: Mapping[str, Property] | Iterable[Property] = ()) -> None:
        if isinstance(properties, Mapping):
            for name, one in properties.items():
                one.name = one.name or name
            super().__init__(properties)
        else:
            super().__init__((one.name, one) for one in properties)
        self.required = tuple(one.name for one in self.values() if one.required)
        self.defaults = tuple((one.name, one.default) for one in self.values() if one.has_default)
        self.moves = {one.name: one.moved_to for one in self.values() if one.moved_to}
        self.lookups = tuple(one for one in self.values() if _has_lookup(one))


def _has_lookup(one: Property) -> bool:
    return (
        one.lookup is not None
        or (one.items is not None and _has_lookup(one.items))
        or any(map(_has_lookup, one.fields.values()))
    )


#: The fields of all properties that have none.
NO_FIELDS: Final = Schema()
#: The schema of types that take whatever they are given.
ANYTHING: Final = Schema()


@dataclasses.dataclass(eq=False, frozen=True)
class Attribute:
    """One attribute: its type and where its value comes from.

    `source`: the observed field (a dot goes a level down), or a function of the observation; None: the field named
    like the attribute. Attributes that need more are computed by the type's `attribute` verb.
    `follows`: it tells of objects that the resource uses, and may change with them while the resource stays as it is.
    """

    kind: type
    description: str = ""
    _: dataclasses.KW_ONLY
    source: str | Callable[[Mapping[str, Any]], Any] | None = None
    cached: bool = True
    follows: bool = False
    since: str | None = None
    support: Support = ()

    @property
    def type_name(self) -> str:
        """The type in lower case, as the API shows it."""
        name = _TYPES[self.kind].lower()
        return "any" if name == "number" else name

    @property
    def history(self) -> Support:
        """The support status, present one first."""
        return self.support or (((SUPPORTED, self.since),) if self.since else ())

    @property
    def status(self) -> str:
        """The present support status."""
        return status_of(self.history)

    def read(self, name: str, observed: Mapping[str, Any]) -> Any:
        """The value in an observation; None when it is not there."""
        if callable(self.source):
            return self.source(observed)
        value: Any = observed
        for step in (self.source or name).split(".") if self.source else (name,):
            value = value.get(step) if isinstance(value, Mapping) else None
        return value


def support_to_wire(history: Support) -> dict[str, Any]:
    """A support status with the earlier ones inside it, as the resource schema API shows it."""
    wire: dict[str, Any] | None = None
    for status, since in reversed(history or ((SUPPORTED, None),)):
        wire = {"status": status, "message": None, "version": since, "previous_status": wire}
    assert wire is not None
    return wire


def property_to_wire(one: Property) -> dict[str, Any]:
    """A property as the resource schema API shows it."""
    wire: dict[str, Any] = {
        "type": one.type_name.lower(),
        "required": one.required,
        "update_allowed": one.updatable,
        "immutable": one.immutable,
    }
    if one.description:
        wire["description"] = one.description
    if one.has_default:
        wire["default"] = one.default
    if one.constraints:
        wire["constraints"] = [constraint.to_wire() for constraint in one.constraints]
    if one.items is not None:
        wire["schema"] = {"*": property_to_wire(one.items)}
    elif one.fields:
        wire["schema"] = {name: property_to_wire(inner) for name, inner in visible(one.fields).items()}
    return wire


def attribute_to_wire(one: Attribute) -> dict[str, Any]:
    """An attribute as the resource schema API shows it."""
    # Clients know a type that could be any by its not being there.
    wire: dict[str, Any] = {} if one.type_name == "any" else {"type": one.type_name}
    if one.description:
        wire["description"] = one.description
    return wire


def visible(properties: Mapping[str, Property]) -> dict[str, Property]:
    """The properties that are shown: those whose status is not HIDDEN, and that work."""
    return {name: one for name, one in properties.items() if one.status != HIDDEN and one.implemented}


def status_of(history: Support) -> str:
    """The present support status."""
    return history[0][0] if history else SUPPORTED


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
