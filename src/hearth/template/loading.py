"""From the text of a template to its definitions, and every problem that can be seen without parameters.

`load` is called for root templates, nested ones and those somebody only wants validated. Sections are read one after
the other; a wrong part is noted and left out, so that the rest is still checked.
"""

import graphlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from hearth.model.diagnostics import Findings, Path, Severity, nearest
from hearth.model.errors import Invalid
from hearth.model.values import UNKNOWN
from hearth.template import parameter_schema, reader, source, versions
from hearth.template.definitions import CFN_KEYS, OutputDefinition, ResourceDefinition, Template
from hearth.template.functions import base, logic
from hearth.template.parameter_schema import ParameterSchema
from hearth.template.source import USUAL_LIMITS, Limits

_GROUPS_LABEL = "Parameter Groups error"
_CONDITIONS_LABEL = "Conditions validation error"
_OUTPUT_LABEL = "Output validation error"


def load(
    raw: Any, *, source: str = "template", files: Mapping[str, str] | None = None, limits: Limits = USUAL_LIMITS
) -> tuple[Template | None, Findings]:
    """The template of a text or object, and all findings. None when not even its version and sections are clear.

    A template that comes with errors may be bound to find more of them, but not be used.
    """
    return _Loader(source, files or {}, limits).load(raw)


class _Loader:
    """One template being read."""

    def __init__(self, name: str, files: Mapping[str, str], limits: Limits) -> None:
        self._name = name
        self._files = files
        self._limits = limits
        self._findings = Findings()
        self._source = source.Source(name)
        self._raw: dict[str, Any] = {}
        self._rules: versions.Version
        self._reader: reader.TreeReader

    def load(self, raw: Any) -> tuple[Template | None, Findings]:
        try:
            data, self._source = source.parse(raw, self._name, limits=self._limits)
        except Invalid as invalid:
            return None, Findings(invalid.diagnostics)
        if not isinstance(data, Mapping):
            self._wrong(
                f"a template is a map of sections, not {base.kind_of(data)}",
                advice="Begin with a version, for instance 'heat_template_version: 2021-04-16'.",
            )
            return None, self._findings
        self._raw = dict(data)
        rules = self._version()
        if rules is None:
            return None, self._findings
        self._rules = rules
        self._check_sections()
        return self._template(), self._findings

    # -- helpers --

    def _wrong(
        self, message: str, path: Path = (), *, kind: str = "StackValidationFailed", label: str = "", advice: str = ""
    ) -> None:
        self._findings.add(message, self._source.place(path), kind=kind, label=label, advice=advice)

    def _key(self, name: str) -> str:
        return name if self._rules.kind == "hot" else CFN_KEYS.get(name, name)

    def _text(self, raw: Any, path: Path) -> str:
        """A description. What is no text is only worth a warning: nothing depends on it."""
        if isinstance(raw, (dict, list)):
            self._doubt(f"{path[-1]} should be text, not {base.kind_of(raw)}", path)
            return json.dumps(raw)
        return "" if raw is None else str(raw)

    def _doubt(self, message: str, path: Path, *, label: str = "", advice: str = "") -> None:
        self._findings.add(message, self._source.place(path), label=label, advice=advice, severity=Severity.WARNING)

    def _section(self, name: str) -> tuple[str, dict[str, Any]]:
        key = self._key(name)
        found = self._raw.get(key) if key in self._rules.sections else None
        if isinstance(found, dict):
            return key, found
        if found:
            label = {"outputs": _OUTPUT_LABEL, "conditions": _CONDITIONS_LABEL}.get(name, "")
            self._wrong(f"section {key} must be a map, not {base.kind_of(found)}", (key,), label=label)
        return key, {}

    # -- the frame --

    def _version(self) -> versions.Version | None:
        given = [key for key in versions.KEYS if key in self._raw]
        wrong = "InvalidTemplateVersion"
        if not given:
            self._wrong(
                "the template does not say its version",
                kind="HTTPBadRequest",
                advice="Add a line such as 'heat_template_version: 2021-04-16'.",
            )
            return None
        if len(given) > 1:
            self._wrong(f"the version is ambiguous: {' and '.join(given)} are given", (given[1],), kind=wrong)
            return None
        key, value = given[0], self._raw[given[0]]
        found = versions.find(key, value) if isinstance(value, str) else None
        if found is None:
            known = versions.spellings(key)
            advice = nearest(value, known) if isinstance(value, str) else ""
            self._wrong(
                f"{value!r} is no known {key}", (key,), kind=wrong, advice=advice or f"Known: {', '.join(known)}."
            )
        return found

    def _check_sections(self) -> None:
        for key in self._raw:
            if key not in self._rules.sections:
                self._wrong(
                    f"version {self._rules.name} has no section {key!r}",
                    (key,),
                    kind="InvalidTemplateSection",
                    advice=nearest(key, self._rules.sections),
                )

    def _template(self) -> Template:
        resources_key, resources = self._section("resources")
        conditions_key, conditions = self._section("conditions")
        self._reader = reader.TreeReader(self._rules, self._source, self._findings, resources, conditions)
        parameters = self._parameters(resources_key, resources)
        description_key = "description" if self._rules.kind == "hot" else "Description"
        return Template(
            version=str(self._raw[self._rules.key]),
            rules=self._rules,
            description=self._text(self._raw.get(description_key), (description_key,)),
            raw=self._raw,
            source=self._source,
            files=self._files,
            parameters=parameters,
            parameter_groups=self._groups(),
            conditions=self._conditions(conditions_key, conditions),
            mappings=self._section("mappings")[1],
            resources={
                name: definition
                for name, raw in resources.items()
                if (definition := self._resource(name, raw, (resources_key, name))) is not None
            },
            outputs=self._outputs(),
        )

    # -- sections --

    def _parameters(self, resources_key: str, resources: Mapping[str, Any]) -> dict[str, ParameterSchema]:
        key, section = self._section("parameters")
        found = {}
        for name, raw in section.items():
            schema = parameter_schema.read(name, raw, (key, name), self._rules, self._source, self._findings)
            if schema is not None:
                found[name] = schema
            if name in resources:
                self._wrong(
                    f"{name!r} names both a parameter and a resource",
                    (resources_key, name),
                    advice="Rename one of them.",
                )
        return found

    def _groups(self) -> list[dict[str, Any]]:
        raw = self._raw.get("parameter_groups") if "parameter_groups" in self._rules.sections else None
        if not raw:
            return []
        if not isinstance(raw, list):
            self._wrong("the groups must be a list", ("parameter_groups",), label=_GROUPS_LABEL)
            return []
        declared = self._section("parameters")[1]
        grouped: set[str] = set()
        for index, group in enumerate(raw):
            path: Path = ("parameter_groups", index)
            names = group.get("parameters") if isinstance(group, dict) else None
            if not isinstance(names, list):
                self._wrong("a group is a map with a list of parameters", path, label=_GROUPS_LABEL)
                continue
            for position, name in enumerate(names):
                where = (*path, "parameters", position)
                if not isinstance(name, str) or name not in declared:
                    self._wrong(
                        f"{name!r} is not declared as a parameter",
                        where,
                        label=_GROUPS_LABEL,
                        advice=nearest(str(name), declared),
                    )
                elif name in grouped:
                    self._wrong(f"parameter {name!r} is in a group already", where, label=_GROUPS_LABEL)
                else:
                    grouped.add(name)
        return [group for group in raw if isinstance(group, dict)]

    def _conditions(self, key: str, section: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, raw in section.items():
            path = (key, name)
            if isinstance(raw, str):
                self._wrong(
                    "a condition is defined by a boolean or a condition function, not by text",
                    path,
                    label=reader.CONDITION_LABEL,
                    advice="Use for instance {not: {not: other_condition}} to give a condition a second name.",
                )
                found[name] = UNKNOWN
            else:
                found[name] = self._reader.read_condition(raw, path)
        graph = {name: set(_condition_names(tree)) for name, tree in found.items()}
        try:
            graphlib.TopologicalSorter(graph).prepare()
        except graphlib.CycleError as cycle:
            names = cycle.args[1][::-1]
            self._wrong(
                f"the conditions refer to each other in a circle: {' -> '.join(names)}",
                (key, names[0]),
                label=_CONDITIONS_LABEL,
            )
        return found

    def _resource(self, name: str, raw: Any, path: Path) -> ResourceDefinition | None:
        if "/" in name:
            self._wrong(f"the resource name {name!r} must not contain '/'", path)
        if not name:
            self._wrong("a resource name must not be empty", path)
        if not isinstance(raw, dict):
            self._wrong(f"a resource must be a map with a type, not {base.kind_of(raw)}", path)
            return None
        if self._rules.kind == "hot":
            for key in raw:
                if key not in self._rules.resource_keys:
                    self._wrong(
                        f"{key!r} is no key of a resource",
                        (*path, key),
                        advice=nearest(key, self._rules.resource_keys),
                    )
        for key, value in raw.items():
            if value is None and key in self._rules.resource_keys:
                self._wrong(f"{key} is empty (null)", (*path, key), advice="Give it a value or leave it out.")
        raw = {key: value for key, value in raw.items() if value is not None}
        read = _Keys(self, raw, path)
        resource_type = read.raw("type")
        if not isinstance(resource_type, str) or not resource_type:
            what = f"has {base.kind_of(resource_type)} as its type" if resource_type else "has no type"
            self._wrong(f"resource {name!r} {what}", path, advice="Give it a type, for instance OS::Nova::Server.")
            return None
        return ResourceDefinition(
            name,
            resource_type,
            path,
            properties=read.map("properties"),
            metadata=read.map("metadata"),
            depends_on=read.names("depends_on"),
            deletion_policy=read.tree("deletion_policy"),
            update_policy=read.map("update_policy"),
            description=read.strict_text("description"),
            external_id=read.tree("external_id") if "external_id" in self._rules.resource_keys else None,
            condition=read.condition(),
        )

    def _outputs(self) -> dict[str, OutputDefinition]:
        key, section = self._section("outputs")
        found = {}
        for name, raw in section.items():
            path = (key, name)
            if not isinstance(raw, dict):
                self._wrong(f"an output must be a map with a value, not {base.kind_of(raw)}", path, label=_OUTPUT_LABEL)
                continue
            if self._rules.kind == "hot":
                for unknown in raw.keys() - self._rules.output_keys:
                    self._doubt(
                        f"{unknown!r} is no key of an output and does nothing",
                        (*path, unknown),
                        label=_OUTPUT_LABEL,
                        advice=nearest(unknown, self._rules.output_keys),
                    )
            if self._key("value") not in raw:
                self._wrong(f"output {name!r} has no {self._key('value')}", path, label=_OUTPUT_LABEL)
                continue
            read = _Keys(self, raw, path)
            found[name] = OutputDefinition(name, path, read.tree("value"), read.text("description"), read.condition())
        return found


class _Keys:
    """The entries of one resource or output, by HOT's names."""

    def __init__(self, loader: _Loader, raw: Mapping[str, Any], path: Path) -> None:
        self._loader = loader
        self._raw = raw
        self._path = path

    def _where(self, name: str) -> Path:
        return (*self._path, self._loader._key(name))

    def raw(self, name: str) -> Any:
        return self._raw.get(self._loader._key(name))

    def text(self, name: str) -> str:
        return self._loader._text(self.raw(name), self._where(name))

    def strict_text(self, name: str) -> str:
        raw = self.raw(name)
        if raw is not None and not isinstance(raw, str):
            self._loader._wrong(f"{self._where(name)[-1]} must be text, not {base.kind_of(raw)}", self._where(name))
            return ""
        return raw or ""

    def tree(self, name: str) -> Any:
        return self._loader._reader.read(self.raw(name), self._where(name))

    def map(self, name: str) -> Any:
        tree = self.tree(name)
        if tree is None:
            return {}
        if not isinstance(tree, (dict, base.Function)) and tree is not UNKNOWN:
            self._loader._wrong(f"{self._where(name)[-1]} must be a map, not {base.kind_of(tree)}", self._where(name))
            return {}
        return tree

    def names(self, name: str) -> tuple[str, ...]:
        raw = self.raw(name)
        if raw is None:
            return ()
        names = [raw] if isinstance(raw, str) else raw
        if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
            self._loader._wrong(
                f"{self._where(name)[-1]} must be the name of a resource or a list of names", self._where(name)
            )
            return ()
        return tuple(names)

    def condition(self) -> Any:
        key = self._loader._key("condition")
        if key not in self._raw or not self._loader._rules.has_conditions:
            return True
        return self._loader._reader.read_condition(self._raw[key], self._where("condition"))


def _condition_names(tree: Any) -> Iterator[str]:
    """The names of conditions that a condition asks for."""
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, logic.Not):
        yield from _condition_names(tree.args)
    elif isinstance(tree, (logic.And, logic.Or)):
        for operand in tree.args:
            yield from _condition_names(operand)
