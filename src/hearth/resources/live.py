"""What a live object says of each property, and whether that is what is expected. Pure, written once for all types.

Each `Property` states where its actual value stands (`Property.live`); here it is read, brought into the form that
templates use, and compared. Called by `hearth.resources.remote`, which asks the cloud where two names may mean the
same thing.

Values are compared by what they mean: texts of numbers are numbers, addresses and networks have many spellings, nothing
given and an empty value are the same, lists have no order unless declared, and of a map whose fields are declared only
those count that the template gives.
"""

import dataclasses
import ipaddress
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from hearth.model.drift import Difference
from hearth.resources import checking, schema
from hearth.resources.contract import Call, Drift, Observed
from hearth.resources.schema import ABSENT, PHYSICAL_NAME, Property, Unseen

#: Where a call keeps the name of an adopted object.
GIVEN_NAME: Final = "given_name"
NOT_SHOWN: Final = "the service does not show it"
NOT_UNDERSTOOD: Final = "what the service shows of it is not understood"
NOT_STATED: Final = "the resource type does not say how to observe it"


def compare(properties: Mapping[str, Property], call: Call, observed: Observed, *, sparse: bool = False) -> Drift:
    """What differs between the expected properties of a call and the object.

    Args:
        sparse: whether the service leaves out fields without a value; otherwise a field that is not there cannot be
            seen.
    """
    drift = Drift({}, {})
    for name, declared in properties.items():
        expected = _expected(declared, call)
        if expected is ABSENT or declared.live is None:
            continue
        try:
            actual = read(declared, call, observed, sparse=sparse)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            # A type's own function met what its service never showed before; the other properties still count.
            actual = Unseen(f"{NOT_UNDERSTOOD} ({type(error).__name__}: {error})")
        if isinstance(actual, Unseen):
            if not _is_empty(expected):
                drift.unseen[name] = actual.reason
        elif actual is not ABSENT and not same(declared, expected, actual):
            drift.differences[name] = Difference(expected, actual)
    return drift


def _expected(declared: Property, call: Call) -> Any:
    """The value that is wanted; ABSENT where nothing is said of it."""
    if declared.moved_to is not None or not declared.implemented:
        return ABSENT
    if declared.name in call.properties:
        return call.properties[declared.name]
    return own_name(call) if declared.default is PHYSICAL_NAME else ABSENT


def own_name(call: Call) -> str:
    """The name of an object that the template gives none: made from its row, or what it had when it was adopted."""
    return call.data.get(GIVEN_NAME, call.physical_name)


def read(declared: Property, call: Call, observed: Observed, *, sparse: bool = False) -> Any:
    """The actual value of a property in the form that templates use.

    `Unseen` when it cannot be seen, ABSENT when nothing is expected of it.
    """
    live = declared.live
    if live is None or isinstance(live, Unseen):
        return live if live is not None else ABSENT
    if callable(live):
        return live(call, observed)
    field = declared.wire_name if live == schema.SAME else live
    if field is None:
        return Unseen(NOT_STATED)
    steps = field.split(".") if live != schema.SAME else (field,)
    value: Any = observed
    for step in steps:
        if not isinstance(value, Mapping) or step not in value:
            return None if sparse else Unseen(NOT_SHOWN)
        value = value[step]
    return from_field(declared, value)


def from_field(declared: Property, value: Any) -> Any:
    """A field of an object as a property value: declared names in the place of the service's."""
    if value is None:
        return None
    if declared.items is not None and isinstance(value, list):
        return [from_field(declared.items, item) for item in value]
    if declared.fields and isinstance(value, Mapping):
        named = {name: one.wire_name for name, one in declared.fields.items() if one.moved_to is None}
        return {
            name: from_field(declared.fields[name], value[wire])
            for name, wire in named.items()
            if wire is not None and wire in value
        }
    converted, issues = checking.convert(_PLAIN[declared.kind], value)
    return value if issues else converted


#: Declarations without what limits the values that templates may give.
_PLAIN: Final[Mapping[type, Property]] = {kind: Property(kind) for kind in (str, int, float, bool, list, dict, object)}
_ANYTHING: Final = _PLAIN[object]


def extras(name: str = "value_specs") -> Callable[[Call, Observed], Any]:
    """Reads a map of further fields: those of the template's keys that the object shows."""

    def read_extras(call: Call, observed: Observed) -> Any:
        given = call.properties.get(name) or {}
        return {key: observed.get(key, value) for key, value in given.items()}

    return read_extras


def parts(name: str, field: str | None = None) -> Callable[[Call, Observed], Any]:
    """Reads a map that the service completes: those of the template's keys."""

    def read_parts(call: Call, observed: Observed) -> Any:
        given, present = call.properties.get(name) or {}, observed.get(field or name) or {}
        return {key: present[key] for key in given if key in present}

    return read_parts


def when_given(name: str, field: str | None = None) -> Callable[[Call, Observed], Any]:
    """Reads a field of which nothing is expected while the template gives no value, or an empty one."""

    def read_given(call: Call, observed: Observed) -> Any:
        return observed.get(field or name) if call.properties.get(name) else ABSENT

    return read_given


# ---- sameness ----


def same(declared: Property, expected: Any, actual: Any) -> bool:
    """Whether two values of a property mean the same."""
    if _is_empty(expected) and _is_empty(actual):
        return True
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        return _same_maps(declared, expected, actual)
    if isinstance(expected, Sequence) and isinstance(actual, Sequence) and not isinstance(expected, str):
        return not isinstance(actual, str) and _same_lists(declared, expected, actual)
    if isinstance(expected, bool) or isinstance(actual, bool):
        return str(expected).lower() == str(actual).lower()
    return bool(expected == actual) or _spelled_alike(declared, expected, actual)


def _is_empty(value: Any) -> bool:
    return value is None or value == "" or value == [] or value == {}


def _same_maps(declared: Property, expected: Mapping[str, Any], actual: Mapping[str, Any]) -> bool:
    if declared.fields:
        return all(
            same(declared.fields[name], value, actual.get(name))
            for name, value in expected.items()
            if name in declared.fields and declared.fields[name].wire_name is not None
        )
    return all(same(_ANYTHING, expected.get(key), actual.get(key)) for key in {*expected, *actual})


def _same_lists(declared: Property, expected: Sequence[Any], actual: Sequence[Any]) -> bool:
    if len(expected) != len(actual):
        return False
    item = declared.items or _ANYTHING
    if declared.ordered:
        return all(same(item, one, other) for one, other in zip(expected, actual, strict=True))
    left = list(actual)
    for one in expected:
        at = next((at for at, other in enumerate(left) if same(item, one, other)), None)
        if at is None:
            return False
        del left[at]
    return True


def _spelled_alike(declared: Property, expected: Any, actual: Any) -> bool:
    """Whether two spellings stand for one value. Texts alone are no numbers: the version 1.10 is not 1.1."""
    spelling = _SPELLINGS.get(declared.constraint or "")
    if spelling is None:
        if isinstance(expected, str) and isinstance(actual, str):
            return False
        spelling = float
    try:
        return bool(spelling(str(expected)) == spelling(str(actual)))
    except ValueError:
        return False


def _address_or_network(text: str) -> Any:
    return ipaddress.ip_network(text, strict=False)


def _host_name(text: str) -> str:
    return text.lower().removesuffix(".")


#: Custom constraints whose values have several spellings.
_SPELLINGS: Final[Mapping[str, Callable[[str], Any]]] = {
    "ip_addr": ipaddress.ip_address,
    "net_cidr": _address_or_network,
    "ip_or_cidr": _address_or_network,
    "mac_addr": lambda text: text.lower().replace("-", ":"),
    "dns_name": _host_name,
    "dns_domain": _host_name,
    "rel_dns_name": _host_name,
}


# ---- names and ids ----


@dataclasses.dataclass(frozen=True, slots=True)
class Doubt:
    """A difference that is none if both values name the same thing of a kind that the cloud can be asked for."""

    property: str
    kind: str
    expected: tuple[str, ...]
    actual: tuple[str, ...]


def doubts(properties: Mapping[str, Property], drift: Drift) -> list[Doubt]:
    """Differences that may be one thing under its name and its id."""
    found: list[Doubt] = []
    for name, one in drift.differences.items():
        kind = properties[name].lookup
        expected, actual = _texts(one.expected), _texts(one.actual)
        if kind is not None and expected and len(expected) == len(actual):
            found.append(Doubt(name, kind, expected, actual))
    return found


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return tuple(value)
    return ()
