"""A template and the values of its parameters become resources to act on: choose, fold, and say what needs what.

`bind` evaluates conditions, leaves out what they disable, and computes every call that depends on parameters, files and
conditions only. What stays are get_resource and get_attr and the calls around them; from those come the dependencies,
so an `if` branch not taken adds none. Bound values need nothing of the template any more; `hearth.template.resolving`
finishes them when resources exist.
"""

import dataclasses
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final

from hearth.model.diagnostics import Diagnostic, Findings, Path, Place, Severity, nearest
from hearth.model.values import UNKNOWN, is_known
from hearth.template.definitions import OutputDefinition, ResourceDefinition, Template
from hearth.template.functions import base, logic, references
from hearth.template.parameters import ParameterValues, PseudoValues
from hearth.template.resolving import Use

Tree = Any
_NONE: Final[frozenset[str]] = frozenset()


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class BoundResource:
    """One enabled resource. `requires`: names of resources it needs."""

    name: str
    type: str
    properties: dict[str, Tree]
    metadata: Tree
    depends_on: frozenset[str]
    deletion_policy: str
    update_policy: Tree
    description: str
    external_id: str | None
    requires: frozenset[str]
    #: Every get_resource and get_attr, with its place.
    uses: tuple[Use, ...]
    template: Template
    path: Path

    def written_properties(self) -> dict[str, Any]:
        """The properties as they stand in the template, calls and all."""
        keys = (*self.path, self.template.key("properties"))
        written: Any = self.template.raw
        for key in keys:
            written = written.get(key) if isinstance(written, dict) else None
        return written if isinstance(written, dict) else {}

    def place(self, path: Path = ()) -> Place:
        """Where a part of the resource stands; the path begins with HOT's key ("properties", ...)."""
        if path:
            path = (self.template.key(str(path[0])), *path[1:])
        return self.template.place((*self.path, *path))


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class BoundOutput:
    """One output. A disabled one stays listed; its value is None."""

    name: str
    description: str
    value: Tree
    enabled: bool
    uses: tuple[Use, ...]
    template: Template
    path: Path

    def place(self, path: Path = ()) -> Place:
        """Where a part of the output stands; the path begins with HOT's key ("value", ...)."""
        if path:
            path = (self.template.key(str(path[0])), *path[1:])
        return self.template.place((*self.path, *path))


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """A template with parameters: the enabled resources and all outputs, in the template's order."""

    template: Template
    resources: dict[str, BoundResource]
    outputs: dict[str, BoundOutput]


def bind(
    template: Template,
    parameters: ParameterValues,
    *,
    stack: PseudoValues,
    indifferent: Callable[[ResourceDefinition], bool] = lambda _: False,
) -> tuple[Bound, Findings]:
    """The template with these parameters, and what turned out wrong. Values that are not known yet become UNKNOWN.

    A condition that cannot be told yet counts as true. `indifferent`: whether nobody will look at the properties of a
    resource; then calls in them that cannot be computed are only doubtful.
    """
    findings = Findings()
    folding = _Folding(template, parameters, stack, findings, indifferent)
    enabled = [
        definition
        for definition in template.resources.values()
        if folding.test(definition.condition, (*definition.path, template.key("condition"))) is not False
    ]
    folding.enabled = {definition.name for definition in enabled}
    resources = {definition.name: _bound_resource(definition, folding) for definition in enabled}
    outputs = {definition.name: _bound_output(definition, folding) for definition in template.outputs.values()}
    return Bound(template, resources, outputs), findings


def _bound_resource(definition: ResourceDefinition, folding: "_Folding") -> BoundResource:
    folding.uses = []
    external_id = _external_id(definition, folding)
    folding.subject = definition
    properties = _properties(definition, folding)
    folding.subject = None
    metadata = folding.operand(definition.metadata)
    update_policy = folding.operand(definition.update_policy)
    deletion_policy = "Retain" if external_id is not None else _deletion_policy(definition, folding)
    depends_on = _depends_on(definition, external_id, folding)
    uses = tuple(folding.uses)
    return BoundResource(
        definition.name,
        definition.type,
        properties,
        {} if metadata is None else metadata,
        depends_on,
        deletion_policy,
        {} if update_policy is None else update_policy,
        definition.description,
        external_id,
        depends_on.union(use.resource for use in uses),
        uses,
        folding.template,
        definition.path,
    )


def _bound_output(definition: OutputDefinition, folding: "_Folding") -> BoundOutput:
    folding.uses = []
    folding.forgiving = True
    template = folding.template
    enabled = folding.test(definition.condition, (*definition.path, template.key("condition"))) is not False
    value = folding.operand(definition.value) if enabled else None
    return BoundOutput(
        definition.name, definition.description, value, enabled, tuple(folding.uses), template, definition.path
    )


def _properties(definition: ResourceDefinition, folding: "_Folding") -> dict[str, Tree]:
    properties = folding.operand(definition.properties)
    if isinstance(properties, dict):
        return properties
    if properties is not None and properties is not UNKNOWN:
        folding.wrong(
            f"the properties must be a map that is known before any resource exists, not {base.kind_of(properties)}"
            if not isinstance(properties, base.Function)
            else "which properties there are must not depend on other resources",
            (*definition.path, folding.template.key("properties")),
        )
    return {}


def _deletion_policy(definition: ResourceDefinition, folding: "_Folding") -> str:
    policy = folding.operand(definition.deletion_policy)
    if policy is None or policy is UNKNOWN:
        return "Delete"
    known = folding.template.rules.deletion_policies
    if isinstance(policy, str) and policy in known:
        return known[policy]
    path = (*definition.path, folding.template.key("deletion_policy"))
    if isinstance(policy, base.Function):
        folding.wrong("the deletion policy must not depend on other resources", path)
    else:
        text = repr(policy) if isinstance(policy, str) else base.kind_of(policy)
        folding.wrong(f"{text} is no deletion policy", path, advice=f"Known: {', '.join(known)}.")
    return "Delete"


def _external_id(definition: ResourceDefinition, folding: "_Folding") -> str | None:
    if definition.external_id is None:
        return None
    external_id = folding.operand(definition.external_id)
    if external_id is None or external_id is UNKNOWN:
        return None
    if isinstance(external_id, str):
        return external_id
    folding.wrong("external_id must be text that does not depend on resources", (*definition.path, "external_id"))
    return None


def _depends_on(definition: ResourceDefinition, external_id: str | None, folding: "_Folding") -> frozenset[str]:
    path = (*definition.path, folding.template.key("depends_on"))
    if external_id is not None and definition.depends_on:
        folding.wrong(
            f"resource {definition.name!r} has an external_id and so cannot depend on others",
            path,
            kind="InvalidExternalResourceDependency",
            advice="Remove one of the two.",
        )
    for name in definition.depends_on:
        if name not in folding.template.resources:
            folding.wrong(
                f"there is no resource named {name!r}",
                path,
                kind="InvalidTemplateReference",
                advice=nearest(name, folding.template.resources),
            )
    if not definition.depends_on:
        return _NONE  # built anew, an empty set would weigh as much as one of four names
    return frozenset(name for name in definition.depends_on if name in folding.enabled)


class _Folding(base.Evaluation):
    """Evaluates all that needs no resource."""

    def __init__(
        self,
        template: Template,
        parameters: ParameterValues,
        stack: PseudoValues,
        findings: Findings,
        indifferent: Callable[[ResourceDefinition], bool],
    ) -> None:
        super().__init__(stack.allowance)
        #: The resource whose properties are folded.
        self.subject: ResourceDefinition | None = None
        self._indifferent = indifferent
        self.template = template
        self.enabled: Collection[str] = template.resources.keys()
        self.uses: list[Use] = []
        #: Whether a call that cannot be computed is only doubtful: an output without a value harms nobody. Attributes
        #: that cannot exist and conditions that are none are wrong there, too.
        self.forgiving = False
        self._findings = findings
        self._stack = stack
        self._declared = template.raw.get(template.key("parameters")) or {}
        self._conditions: dict[str, Any] = {}
        self._values: dict[str, Any] = {
            name: UNKNOWN if value is None else value for name, value in stack.parameters(template.kind).items()
        } | parameters.native()  # a template may declare a pseudo parameter, and then it is one of its own
        self._incomplete = {name for name, value in self._values.items() if not is_known(value)}

    # -- findings --

    def wrong(self, message: str, path: Path, *, kind: str = "StackValidationFailed", advice: str = "") -> None:
        """Note a problem at a path of the template."""
        self._findings.add(message, self.template.place(path), kind=kind, advice=advice)

    def report(self, found: Iterable[Diagnostic]) -> None:
        """See `Evaluation.report`."""
        self._findings.extend(found)

    def misused(self, function: base.Function, misuse: base.Misuse) -> Any:
        """See `Evaluation.misused`."""
        careless = self.subject is not None and self._indifferent(self.subject)
        needed = (references.GetAttr, references.GetResource, logic.If) if careless else (references.GetAttr, logic.If)
        forgiven = (careless or self.forgiving) and not isinstance(function, needed)
        severity = Severity.WARNING if forgiven else Severity.ERROR
        kind, text = misuse.kind, ""
        if self.forgiving:
            kind = "StackValidationFailed"
        elif kind == "UserParameterMissing" and self.subject is not None:
            # heat-tempest-plugin compares this line.
            property_path = dataclasses.replace(function.place, path=function.place.path[:-1]).path_text()
            kind, text = "StackValidationFailed", f"Property error: : {property_path}: : {misuse.message}"
        found = Diagnostic(misuse.message, function.place, kind, "", misuse.advice, severity, text)
        self._findings.extend([found])
        if not forgiven:
            return self.give_unknown()
        return None if careless else self.keep(base.Broken(function, misuse))

    # -- conditions --

    def test(self, condition: Tree, path: Path, *, defines: bool = False) -> Any:
        """Whether a condition holds; UNKNOWN when that cannot be told, or after noting that it is wrong."""
        if condition is True:
            return True
        try:
            return logic.holds(condition, self, may_be_null=not defines)
        except base.Misuse as misuse:
            self._findings.add(misuse.message, self.template.place(path), label=misuse.label, advice=misuse.advice)
            return UNKNOWN

    def condition_value(self, tree: Tree) -> Any:
        """See `Evaluation.condition_value`; what depends on a condition depends on its being right."""
        forgiving, self.forgiving = self.forgiving, False
        try:
            return self.value(tree)
        finally:
            self.forgiving = forgiving

    def condition(self, name: str) -> Any:
        """See `Evaluation.condition`."""
        # Those it rests on come first, one after the other: a chain of them may be longer than Python can call.
        waiting, begun = [name], set()
        while waiting:
            here = waiting[-1]
            needs = [] if here in begun else list(logic.conditions_named(self.template.conditions[here]))
            begun.add(here)
            needs = [one for one in needs if one not in self._conditions and one not in begun]
            if here in self._conditions or not needs:
                waiting.pop()
                self._judge_condition(here)
            waiting += needs
        return self._conditions[name]

    def _judge_condition(self, name: str) -> None:
        if name not in self._conditions:
            self._conditions[name] = UNKNOWN  # what a circle sees of itself; `load` has reported it
            path = (self.template.key("conditions"), name)
            self._conditions[name] = self.test(self.template.conditions[name], path, defines=True)

    # -- what functions ask for --

    def parameter(self, name: str) -> Any:
        """See `Evaluation.parameter`."""
        if name in self._incomplete:
            self.unknown += 1
        if name in self._values:
            return self._values[name]
        if name in self._declared:
            return self.give_unknown()  # it has no value, or a wrong declaration: both are reported
        raise base.Misuse(
            # heat-tempest-plugin compares this sentence.
            f"The Parameter ({name}) was not provided.",
            "UserParameterMissing",
            kind="UserParameterMissing",
            advice=self._findings.nearest(name, self.parameter_names()),
        )

    def parameter_names(self) -> Collection[str]:
        """See `Evaluation.parameter_names`."""
        return {**self._declared, **self._values}.keys()

    def file(self, key: str) -> str:
        """See `Evaluation.file`."""
        if key in self.template.files:
            return self.template.files[key]
        raise base.Misuse(
            f"the request has no file {key!r}",
            advice=nearest(key, self.template.files) or "Send it in the files of the request.",
        )

    def mappings(self) -> Mapping[str, Any]:
        """See `Evaluation.mappings`."""
        return self.template.mappings

    def facade(self, part: str) -> Any:
        """See `Evaluation.facade`."""
        facade = self._stack.resource_facade
        if facade is None:
            raise base.Misuse(
                "this template is not used as a resource, so there is no facade",
                advice="resource_facade is for templates that stand behind a resource type.",
            )
        found = facade.get(part)
        if found is None:
            return "Delete" if part == "deletion_policy" else {}
        if not is_known(found):
            self.unknown += 1
        return found

    def zones(self) -> list[str]:
        """See `Evaluation.zones`."""
        return list(self._stack.availability_zones)

    def yaql_limits(self) -> tuple[int, int]:
        """See `Evaluation.yaql_limits`."""
        return self._stack.yaql_limits

    def reference(self, function: base.Function, resource: str) -> Any:
        """See `Evaluation.reference`."""
        self._need_enabled(resource)
        self.uses.append(Use(resource, None, function))
        return self.keep(function.with_args(resource))

    def attribute(self, function: base.Function, resource: str, path: tuple[Any, ...]) -> Any:
        """See `Evaluation.attribute`."""
        self._need_enabled(resource)
        self.uses.append(Use(resource, path, function))
        return self.keep(function)

    def _need_enabled(self, resource: str) -> None:
        if resource in self.enabled:
            return
        if resource in self.template.resources:
            message, advice = f"resource {resource!r} is disabled by its condition", "Use the same condition here."
        else:
            message, advice = (
                f"there is no resource named {resource!r}",
                self._findings.nearest(resource, self.template.resources),
            )
        raise base.Misuse(message, "InvalidTemplateReference", kind="InvalidTemplateReference", advice=advice)
