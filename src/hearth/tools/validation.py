"""Is this template right, as far as that can be told on this machine? Every problem, nested templates included.

Called by every tool that wants a template's resources with their types. What is right is for blueprints to say, as in
the engine; here the files on disk behind types, and the members that groups define, are followed. The cloud is not
asked, and parameters without a value count as not known yet, unless the caller wants them `complete`.
"""

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any, Final

from hearth.model.diagnostics import Findings, Path, Place, Where
from hearth.model.values import UNKNOWN
from hearth.resources import blueprint as blueprints
from hearth.resources import checking, contract, registry
from hearth.resources import nested as nested_types
from hearth.template import environment as environments
from hearth.template import parameters as template_parameters
from hearth.template import source
from hearth.template import template as templates
from hearth.tools import local_files

#: Templates within templates; deeper ones are refused by the engine too.
_MOST_DEPTH: Final = 8
#: The property that defines the members of a group, by type.
_MEMBERS: Final = {"OS::Heat::ResourceGroup": "resource_def", "OS::Heat::AutoScalingGroup": "resource"}
#: What a nested template may ask of the resource that owns it.
_FACADE: Final = {"metadata": UNKNOWN, "deletion_policy": UNKNOWN, "update_policy": UNKNOWN}


@dataclasses.dataclass(frozen=True)
class Checked:
    """What is known of a template. `template` and `bound` are None when it is too wrong for them."""

    template: templates.Template | None
    bound: templates.Bound | None
    findings: Findings
    #: `{resource name: type}`, for enabled resources of known types.
    types: Mapping[str, contract.Resource] = dataclasses.field(default_factory=dict)
    #: `{resource name: what stands behind its type}`, for resources whose type, or members, are template files.
    nested: "Mapping[str, Checked]" = dataclasses.field(default_factory=dict)
    #: `{group name: type of its members}`, for members that are no template files.
    members: Mapping[str, str] = dataclasses.field(default_factory=dict)
    #: `{resource name: resources it needs by rules of its type}`, beyond references and depends_on.
    implied: Mapping[str, frozenset[str]] = dataclasses.field(default_factory=dict)


def check(
    text: str,
    types: registry.TypeRegistry,
    *,
    name: str = "template",
    files: local_files.LocalFiles | None = None,
    environment: environments.Environment | None = None,
    complete: bool = False,
) -> Checked:
    """Check the text of a template. `complete`: parameters without a value are errors."""
    checker = _Checker(blueprints.Builder(types, source.USUAL_LIMITS.bytes))
    return checker.check(text, name, files, environment or environments.Environment(), complete=complete)


class _Checker:
    """One check over a template and all nested ones, so that each nested file is reported once."""

    def __init__(self, builder: blueprints.Builder) -> None:
        self._builder = builder
        self._findings = Findings()
        self._seen: dict[str, Checked] = {}

    def check(
        self,
        text: str,
        name: str,
        files: local_files.LocalFiles | None,
        environment: environments.Environment,
        *,
        complete: bool = False,
        inside: tuple[str, ...] = (),
    ) -> Checked:
        """`inside`: the files that lead to this template."""
        around = blueprints.Surroundings.nowhere(_FACADE if inside else None)
        # What stands behind a URL is left alone, so nobody reads which ones there are.
        texts = files if files is not None else {}
        built, findings = self._builder.examine(
            text, environment, texts, around, name=name, strict=complete, unfetched=set()
        )
        if built is None:
            self._note(findings)
            return Checked(None, None, self._findings)
        if not complete:
            template_parameters.note_unknown(built.template, environment, findings)
        level = _Level(self, files, environment, inside, findings)
        for member in built.members.values():
            level.follow(member)
        self._note(findings)
        return Checked(
            built.template,
            built.bound,
            self._findings,
            {name: member.type for name, member in built.members.items()},
            level.nested,
            level.members,
            {name: frozenset(one.requires) - one.definition.requires for name, one in built.members.items()},
        )

    def type_for(self, type_name: str, where: Where, owner: str, level: "_Level") -> contract.Resource | None:
        """The type of a group's members; None when there is none (noted)."""
        files = level.files if level.files is not None else {}
        return self._builder.type_for(type_name, owner, level.environment, files, level.findings, where, set())

    def file(
        self,
        key: str,
        files: local_files.LocalFiles,
        environment: environments.Environment,
        inside: tuple[str, ...],
    ) -> Checked | None:
        """What a template file is, checked once; None when it is nested in itself, or too deep."""
        identity = str(files.path(key) or key)
        if identity in inside or len(inside) >= _MOST_DEPTH:
            return None
        if identity not in self._seen:
            self._seen[identity] = self.check(
                files[key], key, files.beside(key), environment, inside=(*inside, identity)
            )
        return self._seen[identity]

    def _note(self, findings: Findings) -> None:
        # What several ways lead to (an environment used twice, an alias, a file's own check) is one problem.
        known = set(self._findings)
        self._findings.extend(one for one in dict.fromkeys(findings) if one not in known)


class _Level:
    """What stands behind the resources of one template."""

    def __init__(
        self,
        checker: _Checker,
        files: local_files.LocalFiles | None,
        environment: environments.Environment,
        inside: tuple[str, ...],
        findings: Findings,
    ) -> None:
        self._checker = checker
        self._inside = inside
        self.files = files
        self.environment = environment
        self.findings = findings
        self.nested: dict[str, Checked] = {}
        self.members: dict[str, str] = {}

    def follow(self, member: blueprints.Member) -> None:
        """Check the template file behind a resource's type, or the members that a group defines."""
        one = member.definition
        self._follow_file(member.type, one, ("type",), member.values, ("properties",))
        key = _MEMBERS.get(member.type.type_name, "")
        definition = member.values.get(key)
        if not isinstance(definition, dict) or not isinstance(definition.get("type"), str):
            return
        where: Path = ("properties", key)
        type_at = functools.partial(one.place, (*where, "type"))
        kind = self._checker.type_for(definition["type"], type_at, one.name, self)
        if kind is None:
            return
        given = definition.get("properties")
        values: Mapping[str, Any] | None = None
        if isinstance(given, dict):
            mark = member.values.get("index_var", "%index%")
            numbered = _numbered(given, mark if isinstance(mark, str) and mark else "%index%")
            values, issues = checking.check(kind, numbered)
            for issue in issues or kind.validate(values):
                at = one.place((*where, "properties", *issue.path))
                self.findings.add(issue.message, at, label="Property error", advice=issue.advice)
        if isinstance(kind, nested_types.TemplateResource):
            self._follow_file(kind, one, (*where, "type"), values, (*where, "properties"))
        else:
            self.members[one.name] = kind.type_name

    def _follow_file(
        self,
        kind: contract.Resource,
        one: templates.BoundResource,
        named_at: Path,
        given: Mapping[str, Any] | None,
        given_at: Path,
    ) -> None:
        if self.files is None or not isinstance(kind, nested_types.TemplateResource):
            return
        key = kind.template_key
        child = self.environment.for_child(one.name, key, {})
        found = self._checker.file(key, self.files, child, self._inside)
        if found is None:
            self.findings.add(
                f"template {key!r} is nested in itself or deeper than {_MOST_DEPTH} levels",
                one.place(named_at),
                advice="Let a resource group repeat what recursion was meant for.",
            )
            return
        self.nested[one.name] = found
        if given is not None:
            self._check_parameters(found, given, one.place(given_at))

    def _check_parameters(self, inside: Checked, given: Mapping[str, Any], place: Place) -> None:
        """Parameters of a nested template that nobody gives a value."""
        parameters = inside.template.parameters if inside.template is not None else {}
        for name, schema in parameters.items():
            if not schema.has_default and given.get(name) is None and name not in self.environment.parameter_defaults:
                self.findings.add(
                    f"The property {name!r} is required.",
                    place,
                    label="Property error",
                    advice=f"The template {schema.place.source!r} has no default for it: give it a value.",
                )


def _numbered(value: Any, mark: str) -> Any:
    """The definition of a group's member as its first member has it."""
    if isinstance(value, str):
        return value.replace(mark, "0")
    if isinstance(value, dict):
        return {key: _numbered(item, mark) for key, item in value.items()}
    return [_numbered(item, mark) for item in value] if isinstance(value, list) else value
