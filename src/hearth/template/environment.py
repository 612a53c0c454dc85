"""What a user gives beside the template: values of parameters, type mappings, event sinks; several files become one.

Faces parse and merge environments; `hearth.template.parameters` and the engine read them. Values are not checked
against parameters here.

Spec: https://docs.openstack.org/heat/latest/template_guide/environment.html
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from hearth.model.diagnostics import Findings, Place, nearest
from hearth.model.errors import Invalid
from hearth.template import registry, source
from hearth.template.functions.base import kind_of
from hearth.template.registry import Registry
from hearth.template.source import USUAL_LIMITS, Limits, Source

_MAPS: Final = ("parameters", "parameter_defaults", "resource_registry", "parameter_merge_strategies")
_LISTS: Final = ("encrypted_param_names", "event_sinks")
_SECTIONS: Final = (*_MAPS, *_LISTS)
_STRATEGIES: Final = ("overwrite", "merge", "deep_merge")


@dataclasses.dataclass(frozen=True, eq=False)
class Environment:
    """One environment, or several merged. `places` says where the value of a parameter was given.

    Parameters in `encrypted_param_names` are hidden whatever their template says, in nested stacks too.
    """

    parameters: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    parameter_defaults: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    registry: Registry = dataclasses.field(default_factory=Registry)
    event_sinks: Sequence[Mapping[str, Any]] = ()
    encrypted_param_names: Sequence[str] = ()
    merge_strategies: Mapping[str, str] = dataclasses.field(default_factory=dict)
    places: Mapping[str, Place] = dataclasses.field(default_factory=dict)
    registry_entries: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    source: Source = dataclasses.field(default_factory=lambda: Source("environment"))

    def place(self, parameter: str) -> Place:
        """Where the value of a parameter was given."""
        return self.places.get(parameter) or self.source.place(("parameters", parameter))

    def with_parameters(self, values: Mapping[str, Any], name: str = "parameters") -> "Environment":
        """This environment with more values on top, given by a request (`name` says by which part of it)."""
        places = {parameter: Place(name, path=(parameter,)) for parameter in values}
        return dataclasses.replace(self, parameters={**self.parameters, **values}, places={**self.places, **places})

    def with_overlay(self, newer: "Environment") -> "Environment":
        """This (stored) environment with a newer one loaded over it, as a PATCH update does."""
        return dataclasses.replace(
            self,
            parameters={**self.parameters, **newer.parameters},
            parameter_defaults={**self.parameter_defaults, **newer.parameter_defaults},
            registry=self.registry.overlaid(newer.registry_entries),
            registry_entries={**self.registry_entries, **newer.registry_entries},
            event_sinks=[*self.event_sinks, *newer.event_sinks],
            encrypted_param_names=[*dict.fromkeys([*self.encrypted_param_names, *newer.encrypted_param_names])],
            places={**self.places, **_places(newer)},
        )

    def over(self, operator: Registry | None) -> "Environment":
        """This environment with its registry laid over the operator's."""
        return dataclasses.replace(self, registry=self.registry.below(operator))

    def for_child(
        self, resource_name: str, own_type: str | None, parameters: Mapping[str, Any], secret: Iterable[str] = ()
    ) -> "Environment":
        """The environment of the stack nested in a resource: the defaults and the narrowed registry stay.

        `secret`: parameters to be hidden in it, besides those that are hidden here.
        """
        return Environment(
            parameters=dict(parameters),
            parameter_defaults=self.parameter_defaults,
            registry=self.registry.for_child(resource_name, own_type),
            encrypted_param_names=list(dict.fromkeys([*self.encrypted_param_names, *secret])),
            source=Source(f"properties of {resource_name}"),
        )

    def to_wire(self) -> dict[str, Any]:
        """The environment as plain data: what is stored, values of hidden parameters included."""
        return {
            "parameters": dict(self.parameters),
            "parameter_defaults": dict(self.parameter_defaults),
            "resource_registry": self.registry.to_wire(),
            "event_sinks": [dict(sink) for sink in self.event_sinks],
            "encrypted_param_names": list(self.encrypted_param_names),
        }


def parse(
    text_or_object: Any, name: str = "environment", *, limits: Limits = USUAL_LIMITS
) -> tuple[Environment, Findings]:
    """The environment of a text or object and what is wrong with it; an empty text is an empty environment."""
    findings = Findings()
    try:
        data, origin = source.parse({} if text_or_object is None else text_or_object, name, limits=limits)
    except Invalid as invalid:
        return Environment(source=Source(name)), Findings(invalid.diagnostics)
    if data is None:
        data = {}
    if not isinstance(data, Mapping):
        findings.add(
            f"an environment is a map of sections, not {kind_of(data)}",
            origin.place(),
            advice=f"Sections: {', '.join(_SECTIONS)}.",
        )
        return Environment(source=origin), findings
    sections = {key: value for key, value in data.items() if _section_is_right(key, value, origin, findings)}
    entries = sections.get("resource_registry", {})
    registry.check(entries, origin, findings)
    strategies = sections.get("parameter_merge_strategies", {})
    sinks = [
        sink
        for index, sink in enumerate(sections.get("event_sinks", ()))
        if _sink_is_right(sink, origin, ("event_sinks", index), findings)
    ]
    return (
        Environment(
            parameters=sections.get("parameters", {}),
            parameter_defaults=sections.get("parameter_defaults", {}),
            registry=Registry({} if findings else entries),
            registry_entries={} if findings else entries,
            event_sinks=sinks,
            encrypted_param_names=[
                name
                for index, name in enumerate(sections.get("encrypted_param_names", ()))
                if _name_is_right(name, origin, ("encrypted_param_names", index), findings)
            ],
            merge_strategies={key: value for key, value in strategies.items() if isinstance(value, str)},
            source=origin,
        ),
        findings,
    )


def _section_is_right(key: str, value: Any, origin: Source, findings: Findings) -> bool:
    if key not in _SECTIONS:
        findings.add(
            f"an environment has no section {key!r}",
            origin.place((key,)),
            advice=nearest(key, _SECTIONS),
        )
        return False
    wanted: type = dict if key in _MAPS else list
    if not isinstance(value, wanted):
        findings.add(
            f"section {key} must be {kind_of(wanted())}, not {kind_of(value)}",
            origin.place((key,)),
            advice="Leave the section out if it is empty." if value is None else "",
        )
        return False
    return True


def _name_is_right(name: Any, origin: Source, path: tuple[str | int, ...], findings: Findings) -> bool:
    if isinstance(name, str):
        return True
    findings.add(f"the name of a parameter is text, not {kind_of(name)}", origin.place(path))
    return False


def _sink_is_right(sink: Any, origin: Source, path: tuple[str | int, ...], findings: Findings) -> bool:
    if not isinstance(sink, dict) or not isinstance(sink.get("type"), str):
        findings.add("an event sink is a map with at least a type", origin.place(path))
        return False
    if sink["type"] != "zaqar-queue":
        findings.add(f"unknown event sink type {sink['type']!r}", origin.place(path), advice="Known: zaqar-queue.")
        return False
    target, ttl = sink.get("target"), sink.get("ttl", 1)
    if not isinstance(target, str) or not target:
        findings.add("an event sink needs a target: the name of a queue that is there", origin.place(path))
        return False
    if not isinstance(ttl, int) or isinstance(ttl, bool) or ttl < 1:
        findings.add(
            f"ttl of an event sink is a number of seconds, 1 or more, not {ttl!r}", origin.place((*path, "ttl"))
        )
        return False
    return True


def _places(environment: Environment) -> dict[str, Place]:
    return {name: environment.place(name) for name in environment.parameters}


# --- several files ---------------------------------------------------------------------------------------------------


def merge(environments: Sequence[Environment], types: Mapping[str, str] | None = None) -> tuple[Environment, Findings]:
    """One environment of several, the later over the earlier ones, and what cannot be merged.

    `types` (`{parameter: HOT type}`, of the root and the nested templates) decides how values are merged where a
    strategy asks for it; without it the values themselves decide.
    """
    findings = Findings()
    merger = _Merger(types or {}, findings)
    for environment in environments:
        merger.add(environment)
    return merger.merged(), findings


class _Merger:
    def __init__(self, types: Mapping[str, str], findings: Findings) -> None:
        self._types = types
        self._findings = findings
        self._strategies: dict[str, str] = {}
        self._values: dict[str, dict[str, Any]] = {"parameters": {}, "parameter_defaults": {}}
        self._places: dict[str, Place] = {}
        self._entries: dict[str, Any] = {}
        self._sinks: list[Mapping[str, Any]] = []
        self._encrypted: list[str] = []

    def add(self, environment: Environment) -> None:
        for section, values in (
            ("parameters", environment.parameters),
            ("parameter_defaults", environment.parameter_defaults),
        ):
            for name, value in values.items():
                self._add_value(section, name, value, environment)
        self._places |= _places(environment)
        # A file's `resources` replaces an earlier file's as a whole, like every other key of the registry.
        self._entries |= environment.registry_entries
        self._sinks += environment.event_sinks
        self._encrypted += environment.encrypted_param_names

    def merged(self) -> Environment:
        return Environment(
            parameters=self._values["parameters"],
            parameter_defaults=self._values["parameter_defaults"],
            registry=Registry(self._entries),
            registry_entries=self._entries,
            event_sinks=self._sinks,
            encrypted_param_names=list(dict.fromkeys(self._encrypted)),
            merge_strategies=self._strategies,
            places=self._places,
        )

    def _add_value(self, section: str, name: str, value: Any, environment: Environment) -> None:
        strategy = self._strategy(name, section, environment)
        merged = self._values[section]
        if name not in merged or strategy == "overwrite":
            merged[name] = value
            return
        try:
            merged[name] = _combined(merged[name], value, self._types.get(name), strategy == "deep_merge")
        except ValueError as error:
            self._findings.add(
                f"parameter {name!r} cannot be merged: {error}",
                environment.source.place((section, name)),
                kind="InvalidMergeStrategyForParam",
                advice="Use the strategy overwrite for it.",
            )

    def _strategy(self, name: str, section: str, environment: Environment) -> str:
        """A file's word for the name, else what was used for it before, else the file's default, else overwrite."""
        given = environment.merge_strategies
        before = self._strategies.get(name)
        wanted = given.get(name)
        if not given:
            wanted = "overwrite"
        elif wanted not in _STRATEGIES:
            default = given.get("default")
            wanted = before or (default if default in _STRATEGIES else "overwrite")
        if before is not None and before != wanted:
            self._findings.add(
                f"parameter {name!r} has the merge strategies {before} and {wanted} in different files",
                environment.source.place((section, name)),
                kind="ConflictingMergeStrategyForParam",
                advice="Give it the same strategy in every file.",
            )
        self._strategies.setdefault(name, str(wanted))
        return str(wanted)


def _combined(old: Any, new: Any, type_name: str | None, deep: bool) -> Any:
    """Two values of a parameter as one. Raises ValueError when its type cannot be merged."""
    if type_name in ("number", "boolean") or (type_name is None and isinstance(old, (bool, int, float))):
        raise ValueError(f"a {type_name or 'number or boolean'} has no parts")
    if new is None:
        return old
    if isinstance(old, dict) and isinstance(new, dict):
        return _deeply(old, new) if deep else {**old, **new}
    if isinstance(old, list) and isinstance(new, list):
        return [*old, *new]
    if isinstance(old, str) and isinstance(new, str) and type_name != "json":
        return f"{old},{new}" if type_name == "comma_delimited_list" else old + new
    raise ValueError(f"{kind_of(old)} and {kind_of(new)} do not fit together")


def _deeply(old: Any, new: Any) -> Any:
    if new is None:
        return old
    if isinstance(old, dict) and isinstance(new, dict):
        return {
            **old,
            **{key: _deeply(old[key], value) if key in old else value for key, value in new.items()},
        }
    if isinstance(old, list) and isinstance(new, list):
        return [*old, *new]
    if isinstance(old, str) and isinstance(new, str):
        return old + new
    return new
