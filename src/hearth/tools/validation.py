"""Is this template right, as far as that can be told on this machine? Every problem, nested templates included.

Called by every tool that wants a template's resources with their types. The cloud is not asked, and parameters without
a value count as not known yet, unless the caller wants them `complete`.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from hearth.graph import dag
from hearth.model.diagnostics import Findings, Path, Place, nearest
from hearth.model.values import UNKNOWN
from hearth.template import environment as environments
from hearth.template import parameters as template_parameters
from hearth.template import template as templates
from hearth.tools import catalogue, local_files

#: Templates within templates; deeper ones are refused by the engine too.
_MOST_DEPTH = 8
#: The property that defines the members of a group, by type.
_MEMBERS = {"OS::Heat::ResourceGroup": "resource_def", "OS::Heat::AutoScalingGroup": "resource"}


@dataclasses.dataclass(frozen=True)
class Checked:
    """What is known of a template. `template` and `bound` are None when it is too wrong for them."""

    template: templates.Template | None
    bound: templates.Bound | None
    findings: Findings
    #: `{resource name: type}`, for enabled resources of known types.
    types: Mapping[str, catalogue.Type]
    #: `{resource name: what stands behind its type}`, for resources whose type, or members, are template files.
    nested: "Mapping[str, Checked]"
    #: `{group name: type of its members}`, for members that are no template files.
    members: Mapping[str, str]


class _Blind:
    """No resource exists yet."""

    def reference(self, resource: str) -> Any:
        return UNKNOWN

    def attribute(self, resource: str, path: tuple[Any, ...]) -> Any:
        return UNKNOWN


def check(
    text: str,
    types: catalogue.Catalogue,
    *,
    name: str = "template",
    files: local_files.LocalFiles | None = None,
    environment: environments.Environment | None = None,
    complete: bool = False,
) -> Checked:
    """Check the text of a template. `complete`: parameters without a value are errors."""
    findings = Findings()
    checker = _Checker(types, findings)
    return checker.check(text, name, files, environment or environments.Environment(), complete=complete, inside=())


class _Checker:
    """One check over a template and all nested ones, so that each nested file is reported once."""

    def __init__(self, types: catalogue.Catalogue, findings: Findings) -> None:
        self._types = types
        self._findings = findings
        self._seen: dict[str, Checked] = {}

    def check(
        self,
        text: str,
        name: str,
        files: local_files.LocalFiles | None,
        environment: environments.Environment,
        *,
        complete: bool,
        inside: tuple[str, ...],
    ) -> Checked:
        findings = Findings()
        template, problems = templates.load(text, source=name, files=files if files is not None else {})
        findings.extend(problems)
        if template is None:
            return self._done(None, None, findings, {}, {}, {})
        values, problems = template_parameters.ParameterValues.build(template, environment, strict=complete)
        findings.extend(problems)
        facade = {"metadata": UNKNOWN, "deletion_policy": UNKNOWN, "update_policy": UNKNOWN} if inside else None
        bound, problems = templates.bind(
            template, values, stack=template_parameters.PseudoValues(resource_facade=facade)
        )
        findings.extend(problems)
        types: dict[str, catalogue.Type] = {}
        nested: dict[str, Checked] = {}
        members: dict[str, str] = {}
        for one in bound.resources.values():
            place = one.place(("type",))
            kind = self._type(one.type, one, place, files, environment, findings, nested, inside)
            if kind is None:
                continue
            types[one.name] = kind
            known = _known_values(one, findings)
            if known is None:
                continue
            _check_values(known, one, ("properties",), kind, self._types, findings)
            if one.name in nested:
                _check_parameters(known, one, ("properties",), nested[one.name], environment, findings)
            _check_policy(one, kind, findings)
            key = _MEMBERS.get(kind.type_name, "")
            definition = known.get(key)
            if not isinstance(definition, dict) or not isinstance(definition.get("type"), str):
                continue
            where = ("properties", key)
            place = one.place((*where, "type"))
            member = self._type(definition["type"], one, place, files, environment, findings, nested, inside)
            if member is None:
                continue
            if one.name not in nested:
                members[one.name] = member.type_name
            given = definition.get("properties")
            if isinstance(given, dict):
                mark = known.get("index_var", "%index%")
                numbered = _numbered(given, mark if isinstance(mark, str) and mark else "%index%")
                _check_values(numbered, one, (*where, "properties"), member, self._types, findings)
                if one.name in nested:
                    at = (*where, "properties")
                    _check_parameters(numbered, one, at, nested[one.name], environment, findings)
        _check_attributes(bound, types, findings)
        _check_circles(bound, findings)
        return self._done(template, bound, findings, types, nested, members)

    def _done(
        self,
        template: templates.Template | None,
        bound: templates.Bound | None,
        findings: Findings,
        types: Mapping[str, catalogue.Type],
        nested: Mapping[str, Checked],
        members: Mapping[str, str],
    ) -> Checked:
        # What several ways lead to (an environment used twice, an alias) is one problem.
        self._findings.extend(dict.fromkeys(findings))
        return Checked(template, bound, self._findings, types, nested, members)

    def _type(
        self,
        written: str,
        one: templates.BoundResource,
        place: Place,
        files: local_files.LocalFiles | None,
        environment: environments.Environment,
        findings: Findings,
        nested: dict[str, Checked],
        inside: tuple[str, ...],
    ) -> catalogue.Type | None:
        target = environment.registry.resolve(written, one.name, lambda name: self._types.find(name) is not None)
        if target is None:
            findings.add(f"there is no resource type {written!r}", place, advice=nearest(written, self._types.names()))
            return None
        if not target.is_template:
            return self._types.find(target.name)
        key = target.name
        if local_files.is_remote(key):
            return None
        if files is None or key not in files:
            findings.add(f"the template file {key!r} cannot be read", place, advice="Paths count from this file.")
            return None
        if key in inside or len(inside) >= _MOST_DEPTH:
            findings.add(
                f"template {key!r} is nested in itself or deeper than {_MOST_DEPTH} levels",
                place,
                advice="Let a resource group repeat what recursion was meant for.",
            )
            return None
        identity = str(files.path(key))
        if identity not in self._seen:
            child = environment.for_child(one.name, written, {})
            self._seen[identity] = self.check(
                files[key], key, files.beside(key), child, complete=False, inside=(*inside, key)
            )
        found = self._seen[identity]
        nested[one.name] = found
        return self._types.of_template(key, found.template) if found.template is not None else None


def _known_values(one: templates.BoundResource, findings: Findings) -> dict[str, Any] | None:
    """The properties of a resource, UNKNOWN where other resources decide; None when they cannot be computed."""
    try:
        values: dict[str, Any] = templates.resolve(one.properties, _Blind())
    except templates.FunctionError as error:
        findings.add(error.message, one.template.place(error.path))
        return None
    return values


def _check_values(
    given: dict[str, Any],
    one: templates.BoundResource,
    path: Path,
    kind: catalogue.Type,
    types: catalogue.Catalogue,
    findings: Findings,
) -> None:
    values, issues = types.check(kind, given)
    for issue in issues or kind.validate(values):
        findings.add(issue.message, one.place((*path, *issue.path)), label="Property error", advice=issue.advice)


def _check_parameters(
    given: Mapping[str, Any],
    one: templates.BoundResource,
    path: Path,
    inside: Checked,
    environment: environments.Environment,
    findings: Findings,
) -> None:
    """Parameters of a nested template that nobody gives a value."""
    parameters = inside.template.parameters if inside.template is not None else {}
    for name, schema in parameters.items():
        if not schema.has_default and given.get(name) is None and name not in environment.parameter_defaults:
            findings.add(
                f"The property {name!r} is required.",
                one.place(path),
                label="Property error",
                advice=f"The template {schema.place.source!r} has no default for it: give it a value.",
            )


def _check_policy(one: templates.BoundResource, kind: catalogue.Type, findings: Findings) -> None:
    if one.deletion_policy == "Snapshot" and not kind.snapshot_deletion_policy:
        findings.add(
            f"{one.type} cannot make snapshots when it is deleted",
            one.place(("deletion_policy",)),
            advice="Use Delete or Retain.",
        )


def _numbered(value: Any, mark: str) -> Any:
    """The definition of a group's member as its first member has it."""
    if isinstance(value, str):
        return value.replace(mark, "0")
    if isinstance(value, dict):
        return {key: _numbered(item, mark) for key, item in value.items()}
    return [_numbered(item, mark) for item in value] if isinstance(value, list) else value


def _check_attributes(bound: templates.Bound, types: Mapping[str, catalogue.Type], findings: Findings) -> None:
    parts: list[templates.BoundResource | templates.BoundOutput] = [*bound.resources.values(), *bound.outputs.values()]
    for part in parts:
        for use in part.uses:
            kind = types.get(use.resource)
            if kind is None or not use.path or not isinstance(use.path[0], str) or kind.has_attribute(use.path[0]):
                continue
            findings.add(
                f"{kind.type_name} (resource {use.resource!r}) has no attribute {use.path[0]!r}",
                use.place,
                kind="InvalidTemplateAttribute",
                advice=nearest(use.path[0], kind.attributes),
            )


def _check_circles(bound: templates.Bound, findings: Findings) -> None:
    known = bound.resources.keys()
    try:
        dag.order({name: tuple(sorted(one.requires & known)) for name, one in bound.resources.items()})
    except dag.CycleError as circle:
        names = [str(one) for one in circle.nodes]
        place: Place = bound.resources[names[0]].place()
        findings.add(
            "resources need each other in a circle: " + " -> ".join(names),
            place,
            kind="CircularDependencyException",
            advice="Break the circle: remove one of these references or depends_on entries.",
        )
