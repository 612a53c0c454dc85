"""Are these values right for this resource type? Converts, fills defaults, moves older names, reports every problem.

Called by the engine twice: when a template is validated, with whatever is not known yet standing as `UNKNOWN` or as a
template function, and again just before a resource is made. It asks no cloud: `lookups` says what there is to ask,
`hearth.resources.finders` does it. The type's own `validate` is the caller's next step.
"""

import copy
import dataclasses
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from hearth.model import constraints
from hearth.model.constraints import shown
from hearth.model.diagnostics import Path, nearest
from hearth.model.values import UNKNOWN
from hearth.resources import checks
from hearth.resources.contract import Issue, Reference, Resource, Values
from hearth.resources.schema import ABSENT, ANYTHING, Property, Schema, visible


@dataclasses.dataclass(frozen=True, slots=True)
class Lookup:
    """A value that names something in the cloud. `translate`: the id is to stand in its place."""

    path: Path
    kind: str
    value: str
    translate: bool


def check(
    resource_type: Resource | type[Resource], given: Mapping[str, Any], known: bool = True
) -> tuple[Values, list[Issue]]:
    """The values in the form the verbs take, and all that is wrong with them.

    Args:
        given: properties by name, functions resolved as far as they can be.
        known: whether everything is resolved; if not, objects that are no plain data stand for values to come.
    """
    issues: list[Issue] = []
    return _Check(known, issues).fields(_schema(resource_type), given, ()), issues


def lookups(resource_type: Resource | type[Resource], values: Mapping[str, Any]) -> list[Lookup]:
    """What the cloud has to be asked about values that `check` gave."""
    found: list[Lookup] = []
    _collect(_schema(resource_type), values, (), found)
    return found


def check_against(
    properties: Mapping[str, Property], given: Mapping[str, Any], path: Path = ()
) -> tuple[Values, list[Issue]]:
    """As `check`, for a map of its own schema, such as an update policy."""
    issues: list[Issue] = []
    schema = properties if isinstance(properties, Schema) else Schema(properties)
    return _Check(False, issues).fields(schema, given, path), issues


def convert(declared: Property, value: Any) -> tuple[Any, list[Issue]]:
    """One value in its declared type, and what is wrong with it."""
    issues: list[Issue] = []
    return _Check(True, issues).value(declared, value, (declared.name,)), issues


def _schema(resource_type: Resource | type[Resource]) -> Schema:
    properties = resource_type.properties
    return properties if isinstance(properties, Schema) else Schema(properties)


class _Wrong(Exception):
    """A value of the wrong type; the message says what is needed."""


class _Check:
    """One pass over a tree of values."""

    def __init__(self, known: bool, issues: list[Issue]) -> None:
        self._known = known
        self._issues = issues

    def fields(self, schema: Schema, given: Mapping[str, Any], path: Path) -> Values:
        """The values of a map whose keys are declared."""
        if schema is ANYTHING:
            return dict(given)
        if schema.moves:
            given = self._moved(schema, given, path)
        values: Values = {}
        for name, value in given.items():
            declared = schema.get(name)
            if declared is None:
                advice = nearest(str(name), visible(schema))
                self._issues.append(Issue((*path, name), f"There is no property {name!r}.", advice))
                continue
            if value is None:
                if declared.null is ABSENT:
                    continue
                value = declared.null
            if not declared.implemented:
                self._issues.append(Issue((*path, name), f"The property {name!r} is not implemented.", "Leave it out."))
                continue
            values[name] = self.value(declared, value, (*path, name))
        for name in schema.required:
            if name not in values:
                self._issues.append(Issue(path, f"The property {name!r} is required.", f"Give {name!r} a value."))
        for name, default in schema.defaults:
            if name not in values:
                values[name] = copy.deepcopy(default) if isinstance(default, (dict, list)) else default
        return values

    def _moved(self, schema: Schema, given: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
        moving = [name for name in schema.moves if given.get(name) is not None]
        if not moving:
            return {name: value for name, value in given.items() if name not in schema.moves}
        moved = {name: value for name, value in given.items() if name not in schema.moves and value is not None}
        for old in moving:
            new = schema.moves[old]
            if new in moved:
                message = f"{old!r} is an older name of {new!r}; both have a value."
                self._issues.append(Issue((*path, old), message, f"Keep {new!r} only."))
            else:
                moved[new] = given[old]
        return moved

    def value(self, declared: Property, value: Any, path: Path) -> Any:
        """One value in its declared type; the value as it is when it is wrong or not known."""
        if not isinstance(value, _PLAIN) and (value is UNKNOWN or isinstance(value, Reference) or not self._known):
            return value
        try:
            value = _CONVERT[declared.kind](declared, value)
        except _Wrong as wrong:
            self._issues.append(Issue(path, str(wrong)))
            return value
        if declared.items is not None:
            value = [self._item(declared.items, item, (*path, at)) for at, item in enumerate(value)]
        elif declared.fields:
            value = self.fields(declared.fields, value, path)  # type: ignore[arg-type]  # a Schema after __post_init__
        if declared.constraints:
            self._constrain(declared, value, path)
        return value

    def _item(self, declared: Property, item: Any, path: Path) -> Any:
        return item if item is None else self.value(declared, item, path)

    def _constrain(self, declared: Property, value: Any, path: Path) -> None:
        for constraint in declared.constraints:
            if isinstance(constraint, constraints.Custom):
                pure = checks.CHECKS.get(constraint.name)
                message = pure(value) if pure else None
            elif isinstance(constraint, constraints.AllowedValues):
                message = _check_allowed(declared, constraint, value)
            else:
                message = constraint.check(value, secret=declared.secret)
            if message:
                self._issues.append(Issue(path, message if message.endswith(".") else f"{message}."))


def _check_allowed(declared: Property, constraint: constraints.AllowedValues, value: Any) -> str | None:
    """As the constraint does, but 6 allows the text "6" of a String, and items that are not known pass."""
    if isinstance(value, list):
        value = [item for item in value if isinstance(item, _PLAIN)]
    message = constraint.check(value, secret=declared.secret)
    if message and declared.kind is str and value in map(str, constraint.allowed):
        return None
    return message


def _collect(schema: Schema, values: Mapping[str, Any], path: Path, found: list[Lookup]) -> None:
    for declared in schema.lookups:
        if declared.name in values:
            _collect_value(declared, values[declared.name], (*path, declared.name), found)


def _collect_value(declared: Property, value: Any, path: Path, found: list[Lookup]) -> None:
    kind = declared.lookup
    if kind is not None and kind not in checks.CHECKS:
        translate = declared.constraint is None
        if isinstance(value, str) and value:
            found.append(Lookup(path, kind, value, translate))
        elif isinstance(value, list):
            found.extend(
                Lookup((*path, at), kind, item, translate)
                for at, item in enumerate(value)
                if isinstance(item, str) and item
            )
    elif declared.items is not None and isinstance(value, list):
        for at, item in enumerate(value):
            _collect_value(declared.items, item, (*path, at), found)
    elif declared.fields and isinstance(value, Mapping):
        _collect(declared.fields, value, path, found)  # type: ignore[arg-type]  # a Schema after __post_init__


# ---- conversion: the declaration and a plain value in, the value in the declared type out ----


def _text(declared: Property, value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, int, float)):
        return str(value)
    raise _Wrong(_needs(declared, value, "text"))


def _integer(declared: Property, value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            pass
    raise _Wrong(_needs(declared, value, "an integer"))


def _number(declared: Property, value: Any) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        for convert in (int, float):
            try:
                number: float = convert(value)
            except ValueError:
                continue
            if number - number == 0:  # neither infinite nor "not a number"
                return number
    raise _Wrong(_needs(declared, value, "a number"))


def _boolean(declared: Property, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise _Wrong(_needs(declared, value, "true or false"))


def _list(declared: Property, value: Any) -> list[Any]:
    if isinstance(value, (list, tuple)):
        return list(value)
    if declared.convertible and isinstance(value, str):
        return value.split(",") if value else []
    raise _Wrong(_needs(declared, value, "a list"))


def _map(declared: Property, value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    if declared.convertible and isinstance(value, str):
        try:
            loaded = json.loads(value)
        except ValueError:
            loaded = None
        if isinstance(loaded, dict):
            return loaded
    raise _Wrong(_needs(declared, value, "a map"))


def _anything(declared: Property, value: Any) -> Any:
    return value


def _needs(declared: Property, value: Any, what: str) -> str:
    return f"{shown(value, declared.secret)} is not {what}."


_PLAIN: Final = (str, int, float, list, dict, tuple, Mapping)
_CONVERT: Final[Mapping[type, Callable[[Property, Any], Any]]] = {
    str: _text,
    int: _integer,
    float: _number,
    bool: _boolean,
    list: _list,
    dict: _map,
    object: _anything,
}
