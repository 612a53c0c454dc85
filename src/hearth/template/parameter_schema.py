"""What one parameter of a template takes: its type, default and constraints, from HOT and CloudFormation.

`hearth.template.loading` reads the declarations with `read`; `hearth.template.parameters` gives them values. A schema
turns what users write into the native value of its type and says what is wrong with it; asking the cloud about custom
constraints is the caller's work.
"""

import dataclasses
import json
import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from hearth.model import constraints
from hearth.model.constraints import Constraint
from hearth.model.diagnostics import Findings, Path, Place, nearest
from hearth.model.values import is_known
from hearth.template import versions
from hearth.template.source import Source

_TRUE: Final = frozenset({"t", "true", "on", "y", "yes", "1"})
_FALSE: Final = frozenset({"f", "false", "off", "n", "no", "0"})
_LONGEST_NUMBER: Final = 300

#: HOT's names of the types, with CloudFormation's.
TYPES: Final = {
    "string": "String",
    "number": "Number",
    "comma_delimited_list": "CommaDelimitedList",
    "json": "Json",
    "boolean": "Boolean",
}
_FROM_CFN: Final = {cfn: hot for hot, cfn in TYPES.items()}
#: Which types a constraint goes with.
_FITS: Final = {
    "length": ("string", "comma_delimited_list", "json"),
    "range": ("number",),
    "modulo": ("number",),
    "allowed_values": ("string", "number", "boolean", "comma_delimited_list"),
    "allowed_pattern": ("string",),
    "custom_constraint": ("string", "number", "boolean", "comma_delimited_list"),
}


@dataclasses.dataclass(frozen=True, slots=True)
class ParameterSchema:
    """One declared parameter. `type` is HOT's name of the type; `default` is native, None without a default."""

    name: str
    type: str
    source: Source
    path: Path
    label: str = ""
    description: str = ""
    default: Any = None
    has_default: bool = False
    constraints: tuple[Constraint, ...] = ()
    hidden: bool = False
    immutable: bool = False
    tags: tuple[str, ...] = ()

    @property
    def place(self) -> Place:
        """Where it is declared."""
        return self.source.place(self.path)

    def check(self, value: Any) -> tuple[Any, list[str]]:
        """The native value and what is wrong with it. With a wrong type the value comes back as given."""
        if not is_known(value):
            return value, []
        try:
            native = _CONVERSIONS[self.type](value)
        except ValueError as error:
            return value, [f"{constraints.shown(value, self.hidden)} {error}"]
        problems = [one.check(native, secret=self.hidden) for one in self.constraints]
        return native, [problem for problem in problems if problem]

    def as_text(self, value: Any) -> str:
        """A native value as stacks show it: lists joined, json dumped."""
        if self.type == "json":
            return json.dumps(value)
        return ",".join(map(str, value)) if isinstance(value, list) else str(value)


# --- values ----------------------------------------------------------------------------------------------------------


def _as_string(value: Any) -> str:
    if value is None or isinstance(value, (dict, list)):
        raise ValueError("is not text; put it in quotes, or declare the parameter as json or comma_delimited_list")
    return str(value)


def _as_number(value: Any) -> int | float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        return value
    if isinstance(value, str) and len(value) <= _LONGEST_NUMBER:
        for conversion in (int, float):
            try:
                number = conversion(value)
            except ValueError:
                continue
            if math.isfinite(number):
                return number
    raise ValueError("is not a number")


def _as_boolean(value: Any) -> bool:
    text = str(value).strip().lower()
    if text not in _TRUE | _FALSE or isinstance(value, (dict, list)):
        raise ValueError("is not a boolean; use true or false")
    return text in _TRUE


def _as_list(value: Any) -> list[str]:
    if isinstance(value, str):
        return value.split(",") if value else []
    if not isinstance(value, list):
        raise ValueError("is neither a list nor comma-separated text")
    return [str(item) for item in value]


def _as_json(value: Any) -> Any:
    if not isinstance(value, str) or not value:
        return value
    try:
        return json.loads(value, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise ValueError("is neither a map or list nor JSON text") from error


def _refuse(constant: str) -> None:
    raise ValueError(constant)


_CONVERSIONS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "string": _as_string,
    "number": _as_number,
    "boolean": _as_boolean,
    "comma_delimited_list": _as_list,
    "json": _as_json,
}


# --- declarations ----------------------------------------------------------------------------------------------------


def read(name: str, raw: Any, path: Path, version: versions.Version, source: Source, findings: Findings) -> Any:
    """The schema of one declaration; problems go to the findings, None when there is no usable type."""
    return _Declaration(name, path, version, source, findings).read(raw)


class _Declaration:
    """One declaration being read."""

    def __init__(self, name: str, path: Path, version: versions.Version, source: Source, findings: Findings) -> None:
        self._name = name
        self._path = path
        self._version = version
        self._source = source
        self._findings = findings

    def _wrong(self, message: str, *steps: str | int, advice: str = "") -> None:
        self._findings.add(
            f"Parameter {self._name!r} is invalid: {message}",
            self._source.place((*self._path, *steps)),
            kind="InvalidSchemaError",
            advice=advice,
        )

    def read(self, raw: Any) -> ParameterSchema | None:
        if not isinstance(raw, dict):
            self._wrong("its declaration must be a map with at least a type")
            return None
        for key in raw:
            if key not in self._version.parameter_keys:
                self._wrong(f"unknown key {key!r}", key, advice=nearest(key, self._version.parameter_keys))
        return self._read_hot(raw) if self._version.kind == "hot" else self._read_cfn(raw)

    def _read_hot(self, raw: dict[str, Any]) -> ParameterSchema | None:
        type_name = self._type(raw, "type", tuple(TYPES))
        if type_name is None:
            return None
        tags = raw.get("tags") or []
        if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
            self._wrong("tags must be a list of texts", "tags")
            tags = []
        return self._finished(
            raw.get("default"),
            "default",
            ParameterSchema(
                self._name,
                type_name,
                self._source,
                self._path,
                label=self._text(raw, "label"),
                description=self._text(raw, "description"),
                constraints=tuple(self._hot_constraints(raw.get("constraints"), type_name)),
                hidden=self._flag(raw, "hidden"),
                immutable=self._flag(raw, "immutable"),
                tags=tuple(tags),
            ),
        )

    def _read_cfn(self, raw: dict[str, Any]) -> ParameterSchema | None:
        type_name = self._type(raw, "Type", tuple(_FROM_CFN))
        if type_name is None:
            return None
        return self._finished(
            raw.get("Default"),
            "Default",
            ParameterSchema(
                self._name,
                _FROM_CFN[type_name],
                self._source,
                self._path,
                label=self._text(raw, "Label"),
                description=self._text(raw, "Description"),
                constraints=tuple(self._cfn_constraints(raw, _FROM_CFN[type_name])),
                hidden=self._flag(raw, "NoEcho"),
            ),
        )

    def _finished(self, default: Any, key: str, schema: ParameterSchema) -> ParameterSchema:
        if default is None:
            return schema
        native, problems = schema.check(default)
        for problem in problems:
            self._wrong(f"the default is wrong: {problem}", key)
        return dataclasses.replace(schema, default=native, has_default=True)

    def _type(self, raw: dict[str, Any], key: str, known: tuple[str, ...]) -> str | None:
        given = raw.get(key)
        if given is None:
            self._wrong(f"it has no {key}", advice=f"Known types: {', '.join(known)}.")
        elif given not in known:
            self._wrong(
                f"unknown type {constraints.shown(given)}",
                key,
                advice=nearest(str(given), known) or f"Known types: {', '.join(known)}.",
            )
        else:
            return str(given)
        return None

    def _text(self, raw: dict[str, Any], key: str) -> str:
        given = raw.get(key)
        if isinstance(given, (dict, list)):
            self._wrong(f"{key} must be text", key)
            return ""
        return "" if given is None else str(given)

    def _flag(self, raw: dict[str, Any], key: str) -> bool:
        try:
            return False if raw.get(key) is None else _as_boolean(raw[key])
        except ValueError:
            self._wrong(f"{key} must be true or false, not {constraints.shown(raw[key])}", key)
            return False

    # -- constraints --

    def _hot_constraints(self, raw: Any, type_name: str) -> list[Constraint]:
        if raw is None:
            return []
        if not isinstance(raw, list):
            self._wrong("constraints must be a list of maps", "constraints")
            return []
        found = []
        for index, entry in enumerate(raw):
            keys = [key for key in entry if key != "description"] if isinstance(entry, dict) else []
            if len(keys) != 1:
                self._wrong("each constraint is a map with one rule", "constraints", index)
            elif keys[0] not in self._version.parameter_constraints:
                self._wrong(
                    f"unknown constraint {keys[0]!r} in version {self._version.name}",
                    "constraints",
                    index,
                    keys[0],
                    advice=nearest(keys[0], self._version.parameter_constraints),
                )
            else:
                where = ("constraints", index, keys[0])
                text = entry.get("description") or ""
                constraint = self._constraint(keys[0], entry[keys[0]], str(text), type_name, where)
                if constraint is not None:
                    found.append(constraint)
        return found

    def _cfn_constraints(self, raw: dict[str, Any], type_name: str) -> list[Constraint]:
        text = str(raw.get("ConstraintDescription") or "")
        found = []
        for rule, keys in (
            ("length", {"min": "MinLength", "max": "MaxLength"}),
            ("range", {"min": "MinValue", "max": "MaxValue"}),
        ):
            limits = {limit: raw[key] for limit, key in keys.items() if key in raw}
            if limits:
                found.append(
                    self._constraint(rule, limits, text, type_name, (next(k for k in keys.values() if k in raw),))
                )
        for rule, key in (("allowed_values", "AllowedValues"), ("allowed_pattern", "AllowedPattern")):
            if key in raw:
                found.append(self._constraint(rule, raw[key], text, type_name, (key,)))
        return [constraint for constraint in found if constraint is not None]

    def _constraint(
        self, rule: str, raw: Any, text: str, type_name: str, where: tuple[str | int, ...]
    ) -> Constraint | None:
        if type_name not in _FITS[rule]:
            self._wrong(
                f"{rule} does not go with type {type_name}", *where, advice=f"It fits: {', '.join(_FITS[rule])}."
            )
            return None
        try:
            return _BUILDERS[rule](raw, text, type_name)
        except ValueError as error:
            self._wrong(f"{rule}: {error}", *where)
            return None


def _limits(raw: Any, keys: tuple[str, str]) -> dict[str, Any]:
    if not isinstance(raw, dict) or not raw:
        raise ValueError(f"a map of {keys[0]} and {keys[1]} is needed")
    for key in raw:
        if key not in keys:
            raise ValueError(f"unknown key {key!r}; known: {keys[0]}, {keys[1]}")
    found = {}
    for key, value in raw.items():
        try:
            found[key] = _as_number(value)
        except ValueError as error:
            raise ValueError(f"{key} must be a number, not {constraints.shown(value)}") from error
    return found


def _integers(raw: Any, keys: tuple[str, str]) -> dict[str, int]:
    found = _limits(raw, keys)
    for key, value in found.items():
        if value != int(value):
            raise ValueError(f"{key} must be an integer, not {value}")
    return {key: int(value) for key, value in found.items()}


def _ordered(found: dict[str, Any]) -> dict[str, Any]:
    if "min" in found and "max" in found and found["min"] > found["max"]:
        raise ValueError(f"min {found['min']} is above max {found['max']}")
    return found


def _length(raw: Any, text: str, type_name: str) -> Constraint:
    return constraints.Length(**_ordered(_integers(raw, ("min", "max"))), description=text)


def _range(raw: Any, text: str, type_name: str) -> Constraint:
    return constraints.Range(**_ordered(_limits(raw, ("min", "max"))), description=text)


def _modulo(raw: Any, text: str, type_name: str) -> Constraint:
    found = _integers(raw, ("step", "offset"))
    if len(found) != 2:
        raise ValueError("both step and offset must be given")
    step, offset = found["step"], found["offset"]
    if step == 0:
        raise ValueError("step must not be 0")
    if abs(offset) >= abs(step) or offset * step < 0:
        raise ValueError(f"offset {offset} must have the sign of step {step} and be nearer to 0")
    return constraints.Modulo(step, offset, description=text)


def _allowed_values(raw: Any, text: str, type_name: str) -> Constraint:
    if not isinstance(raw, list):
        raise ValueError(f"a list is needed, not {constraints.shown(raw)}")
    convert = _as_string if type_name == "comma_delimited_list" else _CONVERSIONS[type_name]
    allowed = []
    for value in raw:
        try:
            allowed.append(convert(value))
        except ValueError as error:
            raise ValueError(f"{constraints.shown(value)} {error}") from error
    return constraints.AllowedValues(allowed, text, raw)


def _allowed_pattern(raw: Any, text: str, type_name: str) -> Constraint:
    if not isinstance(raw, str):
        raise ValueError(f"a regular expression is needed, not {constraints.shown(raw)}")
    return constraints.AllowedPattern(raw, text)


def _custom(raw: Any, text: str, type_name: str) -> Constraint:
    if not isinstance(raw, str) or not raw:
        raise ValueError(f"the name of a constraint is needed, not {constraints.shown(raw)}")
    return constraints.Custom(raw, text)


_BUILDERS: Final[Mapping[str, Callable[[Any, str, str], Constraint]]] = {
    "length": _length,
    "range": _range,
    "modulo": _modulo,
    "allowed_values": _allowed_values,
    "allowed_pattern": _allowed_pattern,
    "custom_constraint": _custom,
}
