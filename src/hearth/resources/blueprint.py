"""A definition made ready: template, environment and files parsed, bound, typed and checked, with every problem noted.

The service builds blueprints of requests, the engine those of stored definitions, and the tools those of files; all use
the same function, so what was accepted is what is executed. Nothing here touches the cloud or the store. Nested stacks
are their callers' affair: here a template only becomes the type of the resource that owns it.
"""

import dataclasses
import functools
import itertools
from collections.abc import Iterable, Mapping
from typing import Any

from hearth.graph import dag
from hearth.model.diagnostics import Findings, Path, Where, nearest
from hearth.model.part import WHOLE, Part
from hearth.model.values import UNKNOWN, leaves
from hearth.resources import (
    checking,
    contract,
    findable,
    finders,
    nested,
    placeholder,
    registry,
    scopes,
    template_types,
)
from hearth.resources import checks as rules
from hearth.template import environment as environments
from hearth.template import parameters as template_parameters
from hearth.template import registry as registries
from hearth.template import source
from hearth.template import template as templates


@dataclasses.dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a definition stands: what pseudo parameters and nested definitions need to know."""

    stack_id: str
    stack_name: str
    project_id: str
    region: str | None = None
    depth: int = 0
    facade: Mapping[str, Any] | None = None
    known: bool = True  # False: there is no stack, so its name and ids are not known
    #: What functions may still build; who replaces fields for a nested definition hands it on.
    allowance: templates.Allowance = dataclasses.field(default_factory=templates.Allowance, compare=False)

    @classmethod
    def nowhere(cls, facade: Mapping[str, Any] | None = None) -> "Surroundings":
        """Those of a template that is looked at without a stack."""
        return cls("", "", "", facade=facade, known=False)

    @property
    def pseudo(self) -> templates.PseudoValues:
        """The pseudo parameters."""
        if not self.known:
            return templates.PseudoValues(resource_facade=self.facade, allowance=self.allowance)
        return templates.PseudoValues(
            stack_id=self.stack_id,
            stack_name=self.stack_name,
            project_id=self.project_id,
            region=self.region,
            resource_facade=self.facade,
            allowance=self.allowance,
        )


@dataclasses.dataclass(slots=True)
class Member:
    """One enabled resource of a blueprint. `values` are its properties as known before anything exists."""

    definition: templates.BoundResource
    type: contract.Resource
    requires: tuple[str, ...]
    values: contract.Values
    reads: tuple[tuple[Any, ...], ...] = ()  # attribute paths others (or outputs) read from it
    constant: bool = False  # `values` are final: nothing in them waits for other resources


@dataclasses.dataclass(frozen=True, slots=True)
class Check:
    """A value that only the cloud can confirm."""

    kind: str
    value: Any
    where: Where
    label: str = "Property error"
    parameter: str = ""
    """The parameter whose value it is; empty: a property's."""
    secret: bool = False

    def told(self, message: str) -> str:
        """What is wrong, as it may be shown."""
        if self.secret:
            message = _untold(self.kind)
        return f"Parameter {self.parameter!r} is invalid: {message}" if self.parameter else message


@dataclasses.dataclass(slots=True)
class Blueprint:
    """A stack as wanted."""

    template: templates.Template
    environment: environments.Environment
    files: Mapping[str, str]
    parameters: template_parameters.ParameterValues
    bound: templates.Bound
    members: dict[str, Member]
    surroundings: Surroundings
    checks: list[Check]
    sealed: bool = False  # whether the operator wants everything encrypted
    #: Where members come from that kept a former definition; see `partial`.
    origins: "Mapping[str, Blueprint]" = dataclasses.field(default_factory=dict)
    #: Names for which a whole update would still bring something.
    left_out: tuple[str, ...] = ()
    #: The part of the stack for which it was to hold.
    part: Part = WHOLE

    def origin(self, name: str) -> "Blueprint":
        """The definition that a member comes from: its environment and files are those of the member."""
        return self.origins.get(name, self)

    @property
    def is_whole(self) -> bool:
        """Whether it and all that its members come from hold for whole stacks, and so for all that is nested."""
        return self.part.is_whole and all(one.part.is_whole for one in self.origins.values())

    def part_inside(self, name: str) -> Part:
        """The part of a member's nested stack for which the definition of that is to hold."""
        return self.origin(name).part.inside(name)

    @property
    def shown_parameters(self) -> dict[str, str]:
        """Parameters as stacks show them, pseudo parameters included, hidden ones masked."""
        return self.parameters.to_wire(self.surroundings.pseudo)

    @property
    def requires(self) -> dict[str, tuple[str, ...]]:
        """The graph: `{resource name: names it needs}`."""
        return {name: member.requires for name, member in self.members.items()}

    @property
    def has_secrets(self) -> bool:
        """Whether secrets may have found their way into properties, and so must not be stored as plain text."""
        if self.sealed or self.parameters.hidden_names() or self.environment.encrypted_param_names:
            return True
        return any(one.has_secrets for one in self.origins.values())

    def secret_texts(self) -> frozenset[str]:
        """The texts in the values of hidden parameters, wherever they may stand in properties."""
        return _secret_texts(self.parameters)

    def child_environment(self, name: str, wanted: contract.ChildStack) -> environments.Environment:
        """The environment of the stack nested in a resource. What is hidden here stays hidden there."""
        hidden = set(self.parameters.hidden_names())
        secrets = self.secret_texts()
        if secrets:
            hidden |= {key for key, value in wanted.parameters.items() if _tells(value, secrets)}
        return self.environment.for_child(name, wanted.own_type, wanted.parameters, sorted(hidden))


class Builder:
    """Builds blueprints; keeps parsed templates by their text, so that each distinct file is parsed once."""

    def __init__(
        self,
        types: registry.TypeRegistry,
        max_template_size: int,
        operator: template_types.Operator = template_types.NO_OPERATOR,
        yaql_limits: tuple[int, int] = (200, 10_000),
        *,
        sealed: bool = False,
    ) -> None:
        """`operator`: the mappings that hold for every stack, below those of its own environment.

        `yaql_limits`: items of one collection, bytes of memory of one expression. `sealed`: whether every stack is
        to be stored as if it held secrets.
        """
        self._sealed = sealed
        self.types = types
        self._operator = operator
        self._yaql_limits = yaql_limits
        self._limits = source.Limits(bytes=max_template_size)
        self._parsed: dict[tuple[str, str], tuple[templates.Template | None, Findings]] = {}
        self._template_types = template_types.TemplateTypes(self.parse, operator)

    def completed(self, environment: environments.Environment) -> environments.Environment:
        """An environment over the operator's."""
        return environment.over(self._operator.registry)

    def build(
        self,
        raw: str | Mapping[str, Any],
        environment: environments.Environment,
        files: Mapping[str, str],
        surroundings: Surroundings,
        *,
        name: str = "template",
        strict: bool = True,
        unfetched: set[str] | None = None,
        surplus: bool = False,
        stored: bool = False,
    ) -> tuple[Blueprint | None, Findings]:
        """Make a blueprint of a definition; None when something is wrong with it. Every problem is noted.

        `strict`: values of unknown parameters are errors, and missing ones too. `unfetched` gets the URLs of templates
        that are not among the files: the caller may fetch them and build again, so they are no errors then.
        `surplus`: whether nested templates may be given more than they take. `stored`: whether it was accepted once;
        then a type that is not known any more has a stand-in, so that a stack which has it can be seen and deleted.
        """
        blueprint, findings = self.examine(
            raw,
            environment,
            files,
            surroundings,
            name=name,
            strict=strict,
            unfetched=unfetched,
            surplus=surplus,
            stored=stored,
        )
        return (None if findings.errors else blueprint), findings

    def examine(
        self,
        raw: str | Mapping[str, Any],
        environment: environments.Environment,
        files: Mapping[str, str],
        surroundings: Surroundings,
        *,
        name: str = "template",
        strict: bool = True,
        unfetched: set[str] | None = None,
        surplus: bool = False,
        stored: bool = False,
    ) -> tuple[Blueprint | None, Findings]:
        """As `build`, but with what is understood of a wrong definition too; None only for what is no template.

        Members are then those whose type is known, without the needs that no function states.
        """
        environment = self.completed(environment)
        findings = Findings()
        parsed, problems = self.parse(raw, name, files)
        findings.extend(problems)
        if parsed is None:
            return None, findings
        values, problems = template_parameters.ParameterValues.build(parsed, environment, strict=strict)
        findings.extend(problems)
        pseudo = dataclasses.replace(surroundings.pseudo, yaql_limits=self._yaql_limits)
        bound, problems = templates.bind(
            parsed, values, stack=pseudo, indifferent=functools.partial(self._is_indifferent, environment)
        )
        findings.extend(problems)
        secrets = _secret_texts(values)
        checks = _custom_checks(values, secrets, findings)
        members = self._members(bound, environment, files, findings, checks, unfetched, surplus=surplus, stored=stored)
        if secrets:
            checks = [dataclasses.replace(one, secret=_tells(one.value, secrets)) for one in checks]
        blueprint = Blueprint(parsed, environment, files, values, bound, members, surroundings, checks, self._sealed)
        self._check_references(blueprint, findings)
        if not findings.errors:
            self._look_around(blueprint, findings)
        _check_circles(blueprint, findings)
        if not findings.errors:
            _note_reads(blueprint)
        return blueprint, findings

    def parse(
        self, raw: str | Mapping[str, Any], name: str, files: Mapping[str, str]
    ) -> tuple[templates.Template | None, Findings]:
        """Parse a template; the same text is parsed once."""
        if not isinstance(raw, str):
            return templates.load(raw, source=name, files=files, limits=self._limits)
        key = (name, raw)
        found = self._parsed.get(key)
        if found is None:
            if len(self._parsed) >= 256:
                self._parsed.clear()
            found = self._parsed[key] = templates.load(raw, source=name, files=files, limits=self._limits)
        parsed, findings = found
        if parsed is not None and parsed.files is not files:
            parsed = dataclasses.replace(parsed, files=files)  # the same text beside other files
        return parsed, findings

    def type_for(
        self,
        type_name: str,
        resource_name: str,
        environment: environments.Environment,
        files: Mapping[str, str],
        findings: Findings,
        where: Where,
        unfetched: set[str] | None = None,
    ) -> contract.Resource | None:
        """The implementation of a type as the environment maps it; None when there is none (noted)."""
        target = environment.registry.resolve(type_name, resource_name, lambda name: self.types.find(name) is not None)
        if target is not None and target.is_template:
            facade = self.types.find(type_name)
            return self._template_types.find(
                target, facade, environment.parameter_defaults, files, findings, where, unfetched
            )
        found = self.types.find(target.name) if target is not None else None
        if found is None:
            findings.add(
                f"The Resource Type ({type_name}) could not be found.",
                where(),
                kind="StackValidationFailed",
                advice=findings.nearest(type_name, self.types.names()),
            )
        return found

    def _is_indifferent(self, environment: environments.Environment, definition: templates.ResourceDefinition) -> bool:
        target = self._target(environment, definition.type, definition.name)
        found = None if target is None or target.is_template else self.types.find(target.name)
        return found is not None and found.indifferent

    def _is_lost(self, environment: environments.Environment, definition: templates.BoundResource) -> bool:
        target = self._target(environment, definition.type, definition.name)
        return target is None or (not target.is_template and self.types.find(target.name) is None)

    def _target(self, environment: environments.Environment, type_name: str, name: str) -> registries.Target | None:
        return environment.registry.resolve(type_name, name, lambda one: self.types.find(one) is not None)

    def _members(
        self,
        bound: templates.Bound,
        environment: environments.Environment,
        files: Mapping[str, str],
        findings: Findings,
        checks: list[Check],
        unfetched: set[str] | None,
        *,
        surplus: bool,
        stored: bool,
    ) -> dict[str, Member]:
        members: dict[str, Member] = {}
        for name, definition in bound.resources.items():
            where = functools.partial(definition.place, ("type",))
            kind: contract.Resource | None
            if stored and self._is_lost(environment, definition):
                kind = placeholder.lost(definition.type)
            else:
                kind = self.type_for(definition.type, name, environment, files, findings, where, unfetched)
            if kind is None:
                continue
            if kind.indifferent:
                definition = dataclasses.replace(definition, properties=definition.written_properties())
            try:
                tree = templates.resolve(definition.properties, scopes.BLIND)
                policy = templates.resolve(definition.update_policy, scopes.BLIND)
            except templates.FunctionError as error:
                findings.add(error.message, definition.template.place(error.path))
                continue
            values, issues = checking.check(kind, tree)
            if surplus and isinstance(kind, nested.TemplateResource):
                issues = [one for one in issues if len(one.path) != 1 or one.path[0] in kind.properties]
            _note_issues(findings, definition, issues)
            if not issues:
                _note_issues(findings, definition, kind.validate(values))
            if policy and policy is not UNKNOWN:
                _, issues = checking.check_against(kind.update_policy, policy)
                _note_issues(findings, definition, issues, "update_policy")
            checks.extend(
                Check(lookup.kind, lookup.value, functools.partial(definition.place, ("properties", *lookup.path)))
                for lookup in checking.lookups(kind, values)
            )
            takes_copy = kind.snapshot_deletion_policy and kind.snapshot_deletion_allowed
            if definition.deletion_policy == "Snapshot" and not takes_copy:
                why = " on this cloud: it makes no backups" if kind.snapshot_deletion_policy else ""
                findings.add(
                    f"deletion policy Snapshot is not supported by {definition.type}{why}",
                    definition.place(("deletion_policy",)),
                    advice="Use Delete or Retain.",
                )
            members[name] = Member(
                definition,
                kind,
                tuple(sorted(definition.requires)),
                values,
                constant=not definition.uses,
            )
        return members

    def _check_references(self, blueprint: Blueprint, findings: Findings) -> None:
        """Attributes that are read must be declared by the type."""
        for part in _parts(blueprint):
            for use in part.uses:
                member = blueprint.members.get(use.resource)
                if member is None or not use.path or not isinstance(use.path[0], str):
                    continue
                if not member.type.has_attribute(use.path[0]):
                    is_output = isinstance(part, templates.BoundOutput)
                    findings.add(
                        f"The Referenced Attribute ({use.resource} {use.path[0]}) is incorrect.",
                        use.place,
                        kind="StackValidationFailed" if is_output else "InvalidTemplateAttribute",
                        advice=nearest(use.path[0], member.type.attributes),
                    )

    def _look_around(self, blueprint: Blueprint, findings: Findings) -> None:
        """What the types say of resources among the others: dependencies that no function states, and problems."""
        judging = [name for name, member in blueprint.members.items() if _has_own(member.type, "fits")]
        asking = [name for name, member in blueprint.members.items() if _has_own(member.type, "needs")]
        wishing = [name for name, member in blueprint.members.items() if _has_own(member.type, "wishes")]
        if not asking and not wishing and not judging:
            return
        several = {}
        for name, member in blueprint.members.items():
            tree = templates.resolve(member.definition.properties, scopes.REFERRING)
            values, _ = checking.check(member.type, tree, known=False)
            several[name] = contract.Neighbour(name, type(member.type), values, frozenset(member.requires))
        neighbours = contract.Neighbours(several)
        for name in judging:
            member = blueprint.members[name]
            _note_issues(findings, member.definition, member.type.fits(neighbours[name], neighbours))
        for name in asking:
            _require(blueprint.members[name], blueprint.members[name].type.needs(neighbours[name], neighbours))
        for name in wishing:
            member = blueprint.members[name]
            wished = member.type.wishes(neighbours[name], neighbours)
            for one in wished.difference(member.requires, (name,)):
                if name not in dag.reachable([one], blueprint.requires):
                    _require(member, {one})


def _tells(value: Any, secrets: Iterable[str]) -> bool:
    texts = [str(one) for one in leaves(value) if one is not UNKNOWN]
    return any(secret in text for secret in secrets for text in texts)


def _secret_texts(values: template_parameters.ParameterValues) -> frozenset[str]:
    native = values.native()
    hidden = [native[name] for name in values.hidden_names() if name in native]
    return frozenset(str(one) for one in leaves(hidden) if one not in (None, "", UNKNOWN))


def _custom_checks(
    values: template_parameters.ParameterValues, secrets: Iterable[str], findings: Findings
) -> list[Check]:
    """The custom constraints of parameters that only the cloud can answer; the others are answered here."""
    asked = []
    for name, value, where in values.custom_checks():
        parameter = str(where().path[-1])
        if finders.is_known(name):
            asked.append(Check(name, value, where, "", parameter))
            continue
        check = rules.CHECKS.get(name)
        problem = check(value) if check is not None else f"there is no custom constraint {name!r}"
        if problem:
            if check is not None and _tells(value, secrets):
                problem = _untold(name)
            advice = "" if check is not None else nearest(name, (*rules.CHECKS, *findable.FINDERS))
            findings.add(f"Parameter {parameter!r} is invalid: {problem}", where(), advice=advice)
    return asked


def _untold(constraint: str) -> str:
    """A problem of a value that must not be shown, nor what comes close to it."""
    return f"the hidden value does not satisfy {constraint!r}, or that cannot be told"


def _has_own(kind: contract.Resource, verb: str) -> bool:
    return getattr(type(kind), verb) is not getattr(contract.Resource, verb)


def _require(member: Member, more: set[str]) -> None:
    more = more - {member.definition.name}
    if more:
        member.requires = tuple(sorted({*member.requires, *more}))


def _note_issues(
    findings: Findings,
    definition: templates.BoundResource,
    issues: Iterable[contract.Issue],
    section: str = "properties",
) -> None:
    for issue in issues:
        path: Path = (section, *issue.path)
        findings.add(
            issue.message, definition.place(path), label="Property error", kind=issue.kind, advice=issue.advice
        )


def _check_circles(blueprint: Blueprint, findings: Findings) -> None:
    known = blueprint.members.keys()
    try:
        dag.order({name: [one for one in needs if one in known] for name, needs in blueprint.requires.items()})
    except dag.CycleError as circle:
        names = [str(one) for one in circle.nodes]
        findings.add(
            "Circular Dependency Found: " + " -> ".join(names),
            blueprint.bound.resources[names[0]].place(),
            kind="CircularDependencyException",
            advice="Break the circle: remove one of these references or depends_on entries.",
        )


def _parts(blueprint: Blueprint) -> list[templates.BoundResource | templates.BoundOutput]:
    return [*blueprint.bound.resources.values(), *blueprint.bound.outputs.values()]


def _note_reads(blueprint: Blueprint) -> None:
    """Note for every resource which of its attributes are read, so that its completion can keep them."""
    reads: dict[str, set[tuple[Any, ...]]] = {}
    for part in _parts(blueprint):
        for use in part.uses:
            if use.path is not None:
                # A step that another resource gives is not known yet: what stands before it is kept.
                known = itertools.takewhile(lambda step: not isinstance(step, templates.Function), use.path)
                reads.setdefault(use.resource, set()).add(tuple(known))
    for name, member in blueprint.members.items():
        if not member.type.nests:
            continue
        if () in reads.get(name, ()):  # the map of all attributes is made of each of them
            reads[name] = reads[name] - {()} | {(one,) for one in member.type.attributes}
        if nested.STACK_ID_OUTPUT in member.type.attributes:
            reads.setdefault(name, set()).add((nested.STACK_ID_OUTPUT,))
    for name, paths in reads.items():
        if name in blueprint.members:
            blueprint.members[name].reads = tuple(sorted(paths, key=str))
