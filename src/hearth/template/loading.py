"""From the text of a template to its definitions, and every problem that can be seen without parameters.

`load` is called for root templates, nested ones and those somebody only wants validated. Sections are read one after
the other; a wrong part is noted and left out, so that the rest is still checked.
"""

import dataclasses
import graphlib
from collections.abc import Mapping
from typing import Any

from hearth.model.diagnostics import Findings, Path, nearest
from hearth.model.errors import Invalid
from hearth.model.values import UNKNOWN
from hearth.template import parameter_schema, parts, reader, source, versions
from hearth.template.definitions import Template, key_of
from hearth.template.functions import base, logic
from hearth.template.parameter_schema import ParameterSchema
from hearth.template.source import USUAL_LIMITS, Limits

_GROUPS_LABEL = "Parameter Groups error"
_CONDITIONS_LABEL = "Conditions validation error"


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
        self._trees: reader.TreeReader

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

    def _section(self, name: str) -> tuple[str, dict[str, Any]]:
        key = key_of(self._rules, name)
        found = self._raw.get(key) if key in self._rules.sections else None
        if isinstance(found, dict):
            return key, found
        if found:
            label = {"outputs": parts.OUTPUT_LABEL, "conditions": _CONDITIONS_LABEL}.get(name, "")
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
                # heat-tempest-plugin compares the first words.
                f'The template version is invalid: "{key}: {value}"',
                (key,),
                kind=wrong,
                advice=advice or f"Known: {', '.join(known)}.",
            )
        return found

    def _check_sections(self) -> None:
        for key in self._raw:
            if key not in self._rules.sections:
                # Clients, and heat-tempest-plugin, look for this sentence, without a path before it.
                self._findings.add(
                    f"The template section is invalid: {key}",
                    dataclasses.replace(self._source.place((key,)), path=()),
                    kind="InvalidTemplateSection",
                    advice=self._findings.nearest(key, self._rules.sections),
                )

    def _template(self) -> Template:
        resources_key, resources = self._section("resources")
        conditions_key, conditions = self._section("conditions")
        part_reader = parts.PartReader(self._rules, self._source, self._findings, frozenset(resources), conditions)
        self._trees = part_reader.trees
        parameters = self._parameters(resources_key, resources)
        description_key = key_of(self._rules, "description")
        return Template(
            version=str(self._raw[self._rules.key]),
            rules=self._rules,
            description=part_reader.text(self._raw.get(description_key), (description_key,)),
            raw=self._raw,
            source=self._source,
            files=self._files,
            parameters=parameters,
            parameter_groups=self._groups(),
            conditions=self._conditions(conditions_key, conditions),
            mappings=self._section("mappings")[1],
            resources=part_reader.resources(resources_key, resources),
            outputs=part_reader.outputs(*self._section("outputs")),
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
                found[name] = self._trees.read_condition(raw, path)
        graph = {name: set(logic.conditions_named(tree)) for name, tree in found.items()}
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
