"""Looks at a definition before anything is stored: the whole tree checked, described, previewed."""

import dataclasses
import itertools
import json
from collections.abc import Iterator, Mapping
from typing import Any

from hearth.cloud import session as cloud_session
from hearth.engine import definitions, settings
from hearth.model import names
from hearth.model.diagnostics import Findings, nearest
from hearth.model.errors import HearthError
from hearth.model.values import UNKNOWN, is_known
from hearth.resources import blueprint, contract, nested, scopes
from hearth.resources.blueprint import Blueprint, Check, Member, Surroundings
from hearth.template import describe, parameters
from hearth.template import environment as environments
from hearth.template import template as templates


class ImmutableParameterModified(HearthError):
    """An update gives another value to a parameter that may not change."""

    kind = "ImmutableParameterModified"
    status = 400


_WRONG = "StackValidationFailed"
#: An attribute that only types have which take their attributes from their members.
_ANY_NAME = "no such attribute"
#: The code by which a request ignores that a type's service is missing.
UNAVAILABLE = "99001"


@dataclasses.dataclass(frozen=True, slots=True)
class Needed:
    """A type of a template that needs a service."""

    type_name: str
    member: Member


class Tree:
    """One check of a definition with everything nested in it. Afterwards `checks` are what to ask the cloud."""

    def __init__(self, builder: blueprint.Builder, limits: settings.EngineSettings) -> None:
        self._builder = builder
        self._limits = limits
        self.checks: list[Check] = []
        self.needs_services: list[Needed] = []
        self.types: set[str] = set()
        #: Resources whose types have something to ask of their own, with the blueprints they are in.
        self.asking: list[tuple[Blueprint, Member]] = []
        self.unfetched: set[str] = set()
        self._strict = True
        self._resources = 0
        self._seen: dict[Any, _Seen] = {}

    def check(self, material: definitions.Material, where: Surroundings) -> tuple[Blueprint | None, Findings]:
        """Check a definition; the blueprint of its root, None when something is wrong with it.

        When `unfetched` has URLs afterwards, they are to be fetched into the files, for a new check by a new tree.
        """
        environment, findings = environments.parse(material.environment, "environment")
        understood, problems = self._builder.examine(
            material.template, environment, material.files, where, unfetched=self.unfetched
        )
        findings.extend(problems)
        if problems.errors or understood is None:
            # What the cloud does not know is told along with what is wrong already.
            self.checks += understood.checks if understood is not None else []
            return None, findings
        self._note(understood, findings)
        return understood, findings

    def _note(self, built: Blueprint, findings: Findings) -> None:
        self.checks += built.checks
        self._count(len(built.members), findings)
        if findings.errors:
            return
        for member in built.members.values():
            self.types.add(member.type.type_name)
            if member.type.services:
                self.needs_services.append(Needed(member.definition.type, member))
            if member.type.confirms and is_known(member.values):
                self.asking.append((built, member))
            if member.type.nests:
                self._note_nested(built, member, findings)

    def _count(self, more: int, findings: Findings) -> None:
        self._resources += more
        limit = self._limits.max_resources_per_stack
        if 0 <= limit < self._resources:
            findings.add(
                f"Maximum resources per stack exceeded: the template asks for more than the {limit} allowed",
                kind="RequestLimitExceeded",
                advice="Split it into several stacks, or ask the operator to raise max_resources_per_stack.",
            )

    def _note_nested(self, owner: Blueprint, member: Member, findings: Findings) -> None:
        depth = owner.surroundings.depth + 1
        name = member.definition.name
        if depth > self._limits.max_nested_stack_depth:
            findings.add(
                f"Recursion depth exceeds {self._limits.max_nested_stack_depth}.",
                member.definition.place(("type",)),
                kind="RequestLimitExceeded",
                advice="Nest less deeply, or look for a template that contains itself.",
            )
            return
        if self._has_too_many(member, findings):
            return
        wanted = _wanted(owner, member, self.unfetched)
        if wanted is None:
            return  # it is checked when the others are there
        key = _sameness(owner, member, wanted)
        if key is not None and key in self._seen:
            self._count(self._seen[key].resources, findings)
            return
        before = (len(findings), self._resources, len(self.unfetched))
        environment = owner.child_environment(name, wanted)
        where = dataclasses.replace(
            owner.surroundings,
            stack_name=f"{owner.surroundings.stack_name}-{name}",
            depth=depth,
            stack_id=names.new_id(),
            facade=facade_of(member),
        )
        files = owner.files if wanted.files is None else wanted.files
        built, problems = self._builder.build(
            wanted.template,
            environment,
            files,
            where,
            name=wanted.source,
            strict=self._strict,
            unfetched=self.unfetched,
            surplus=not self._strict,
        )
        for one in problems:
            one = dataclasses.replace(one, kind=_WRONG)  # a wrong nested stack is a wrong resource to clients
            # A generated template has no lines of its own: its problems stand at the resource that asks for it.
            if one.place.line == 0:
                own = member.definition.place()
                path = (*own.path, *one.place.path)
                one = dataclasses.replace(one, place=dataclasses.replace(own, path=path))
            findings.extend([one])
        if built is not None:
            self._note(built, findings)
            _check_member_attributes(owner, member, built, findings)
        if key is not None and before == (len(findings), before[1], len(self.unfetched)):
            self._seen[key] = _Seen(self._resources - before[1])

    def _has_too_many(self, member: Member, findings: Findings) -> bool:
        """Whether a group asks for more members than can ever be; they are not even written down then."""
        wanted, most = member.type.wanted_members(member.values), self._limits.most_members
        if wanted is None or wanted <= most:
            return False
        path = ("properties", "count") if "count" in member.values else ("properties",)
        findings.add(
            f"Maximum resources per stack exceeded: the group asks for {wanted} members, at most {most} are allowed",
            member.definition.place(path),
            kind="RequestLimitExceeded",
            advice="Split it into several stacks, or ask the operator to raise max_resources_per_stack.",
        )
        return True

    def describe(
        self,
        material: definitions.Material,
        environment: environments.Environment,
        where: Surroundings,
        *,
        show_nested: bool,
    ) -> tuple[dict[str, Any] | None, Findings]:
        """The answer of validate: what a template asks for, without values."""
        self._strict = False
        parsed, findings = self._builder.parse(material.template, "template", material.files)
        if parsed is None:
            return None, findings
        built, findings = self._builder.build(
            material.template,
            environment,
            material.files,
            where,
            strict=False,
            unfetched=self.unfetched,
            surplus=True,  # to tell what a template asks for, its nested ones need not take all that they are given
        )
        parameters.note_unknown(parsed, environment, findings)
        answer = describe.describe(parsed, environment)
        if built is not None:
            self._note(built, findings)
            # Clients look in the registry for the templates that stand for types by their own names.
            mapped = answer["Environment"]["resource_registry"]
            for member in built.members.values():
                name = member.definition.type
                if isinstance(member.type, nested.TemplateResource) and member.type.template_key == name:
                    answer["Environment"]["resource_registry"] = mapped = {name: name, **mapped}
            inner = self._nested_parameters(built) if show_nested else {}
            if inner:
                answer["NestedParameters"] = inner
        return answer, findings

    def _nested_parameters(self, built: Blueprint, only_first: bool = False) -> dict[str, Any]:
        """What the templates that stand behind resources ask for, and those behind theirs."""
        nested: dict[str, Any] = {}
        for name, member in itertools.islice(built.members.items(), 1 if only_first else None):
            if not member.type.nests:
                continue
            wanted = _wanted(built, member, self.unfetched)
            if wanted is None:
                continue
            environment = built.child_environment(name, wanted)
            where = dataclasses.replace(built.surroundings, facade=facade_of(member))
            files = built.files if wanted.files is None else wanted.files
            inner, _ = self._builder.build(
                wanted.template, environment, files, where, name=wanted.source, strict=False, surplus=True
            )
            if inner is None:
                continue
            described = describe.describe(inner.template, environment)
            del described["Environment"]
            deeper = self._nested_parameters(inner, only_first=member.type.members_alike)
            if deeper:
                described["NestedParameters"] = deeper
            nested[name] = {"Type": member.definition.type, **described}
        return nested


def _check_member_attributes(owner: Blueprint, member: Member, built: Blueprint, findings: Findings) -> None:
    """Note attributes that are read of all members of a group, and that its members do not have."""
    if not member.type.has_attribute(_ANY_NAME):
        return
    parts: list[Any] = [*owner.bound.resources.values(), *owner.bound.outputs.values()]
    for part in parts:
        for use in part.uses:
            if use.resource != member.definition.name or not use.path:
                continue
            name = str(use.path[0])
            if name in member.type.attributes or name.startswith("resource.") or name == "show":
                continue
            lacking = next((one for one in built.members.values() if not one.type.has_attribute(name)), None)
            if lacking is not None:
                findings.add(
                    f"The Referenced Attribute ({use.resource} {name}) is incorrect: the members have no such one.",
                    use.place,
                    advice=nearest(name, lacking.type.attributes),
                )


@dataclasses.dataclass(frozen=True, slots=True)
class _Seen:
    """A nested stack in which nothing is wrong, and how many resources are in its tree."""

    resources: int


def _sameness(owner: Blueprint, member: Member, wanted: contract.ChildStack) -> Any:
    """What makes two nested stacks alike for a check; None when it cannot be told.

    Five hundred groups of the same three members are then checked once. Templates that look at their own stack's name
    are each checked for themselves, and so is what is given functions or UNKNOWN.
    """
    registry = owner.environment.registry.for_child(member.definition.name, wanted.own_type)
    try:
        template = wanted.template if isinstance(wanted.template, str) else json.dumps(wanted.template, sort_keys=True)
        rest = json.dumps([wanted.parameters, registry.to_wire()], sort_keys=True)
        facade = json.dumps(facade_of(member), sort_keys=True)
    except (TypeError, ValueError):
        return None
    if "::stack_" in template or "AWS::Stack" in template:
        return None
    return (wanted.source if isinstance(wanted.template, str) else "", template, rest, facade, owner.surroundings.depth)


def facade_of(member: Member) -> dict[str, Any]:
    """What a nested template may read of the resource that it stands behind."""
    definition = member.definition
    return {
        "metadata": templates.resolve(definition.metadata, scopes.BLIND),
        "deletion_policy": definition.deletion_policy,
        "update_policy": templates.resolve(definition.update_policy, scopes.BLIND),
    }


def unborn_call(owner: Blueprint, member: Member, session: cloud_session.Session | None) -> contract.Call:
    """For what is asked of a type about a resource that is not there; pure verbs need no session."""
    return contract.Call(
        name=member.definition.name,
        resource_id=names.new_id(),
        physical_name=f"{owner.surroundings.stack_name}-{member.definition.name}",
        physical_id=None,
        properties=member.values,
        stack=contract.StackView("", owner.surroundings.stack_name, owner.surroundings.project_id),
        cloud=session,  # type: ignore[arg-type]  # types without a service never look at it
        now=0.0,
        files=owner.files,
        referred=dict(_told(owner, member)),
    )


def _told(owner: Blueprint, member: Member) -> Iterator[tuple[str, Any]]:
    """What those will tell that a resource refers to, where there is no doubt which they are."""
    for name, type_name in member.type.reads.items():
        several = [owner.members[needed] for needed in member.requires if needed in owner.members]
        fitting = {one.definition.name: one.values for one in several if one.type.type_name == type_name}
        given = member.values.get(name)
        if given is UNKNOWN and len(fitting) == 1:
            yield name, next(iter(fitting.values()))
        elif isinstance(given, list):
            yield name, [fitting[one] for one in given if isinstance(one, str) and one in fitting]


def _wanted(owner: Blueprint, member: Member, unfetched: set[str]) -> contract.ChildStack | None:
    """What a resource's nested stack is to hold; None when that depends on other resources, or is yet to be fetched."""
    try:
        return member.type.child(unborn_call(owner, member, None))
    except contract.NotKnownYet:
        return None
    except contract.Unfetched as missing:
        unfetched.add(missing.url)
        return None


def check_immutable(before: Blueprint, after: Blueprint) -> None:
    """Refuse other values of immutable parameters.

    Raises:
        ImmutableParameterModified: naming all of them.
    """
    changed = [
        name
        for name, declared in after.template.parameters.items()
        if declared.immutable
        and name in before.template.parameters
        and before.parameters.value(name) != after.parameters.value(name)
    ]
    if changed:
        raise ImmutableParameterModified(
            "The following parameters are immutable and may not be updated: " + ", ".join(changed)
        )


#: What a preview shows as the id of a stack that is not there.
NO_ID = "None"


def resources_of(builder: blueprint.Builder, built: Blueprint, owner: str | None = None) -> list[Any]:
    """The resources a creation would make, in the order of the template; a nested stack as the list of its own.

    `owner`: the resource that the stack is nested in. What depends on other resources is not looked into.
    """
    shown: list[Any] = []
    where = built.surroundings
    identity = names.StackIdentity(where.project_id, where.stack_name, NO_ID)
    for name, member in built.members.items():
        inner = _inside(builder, built, member) if member.type.nests else None
        if inner is not None:
            shown.append(resources_of(builder, inner, name))
            continue
        one: dict[str, Any] = {
            "resource_name": name,
            "resource_type": member.definition.type,
            "physical_resource_id": "",
            "resource_action": "INIT",
            "resource_status": "COMPLETE",
            "resource_status_reason": "",
            "creation_time": None,
            "updated_time": None,
            "required_by": [other for other, its in built.members.items() if name in its.requires],
            "resource_identity": dataclasses.replace(identity, path=f"/resources/{name}").to_wire(),
            "stack_identity": identity.to_wire(),
            "stack_name": where.stack_name,
            "description": member.definition.description or "",
            "metadata": _shown(member.definition.metadata) or {},
            "properties": _shown(member.values),
            "attributes": dict.fromkeys(member.type.attributes),
        }
        shown.append(one if owner is None else {**one, "parent_resource": owner})
    return shown


def _inside(builder: blueprint.Builder, owner: Blueprint, member: Member) -> Blueprint | None:
    """The nested stack of a resource; None when it cannot be told before other resources are there."""
    wanted = _wanted(owner, member, set())
    if wanted is None:
        return None
    name = member.definition.name
    environment = owner.child_environment(name, wanted)
    where = dataclasses.replace(
        owner.surroundings,
        stack_name=f"{owner.surroundings.stack_name}-{name}",
        depth=owner.surroundings.depth + 1,
        facade=facade_of(member),
    )
    files = owner.files if wanted.files is None else wanted.files
    built, _ = builder.build(wanted.template, environment, files, where, name=wanted.source)
    return built


def _shown(value: Any) -> Any:
    """A value for people: what is not known yet is null."""
    if value is UNKNOWN:
        return None
    if isinstance(value, Mapping):
        return {key: _shown(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_shown(one) for one in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else None
