"""Which value does each parameter of a template have, and where did it come from?

`ParameterValues.build` chooses (the user's value, else a default of the environment, else the template's) and checks;
`hearth.template.binding` reads the values, the API shows them. Custom constraints are handed out for the caller to ask
the cloud.
"""

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any, Final

from hearth.model import constraints
from hearth.model.diagnostics import Findings, Where
from hearth.model.values import UNKNOWN
from hearth.template.definitions import Template
from hearth.template.environment import Environment
from hearth.template.functions.base import Allowance
from hearth.template.parameter_schema import ParameterSchema

_AWS_REGIONS: Final = (
    "ap-southeast-1",
    "us-east-1",
    "us-west-1",
    "us-west-2",
    "sa-east-1",
    "eu-west-1",
    "ap-northeast-1",
)


@dataclasses.dataclass(frozen=True, slots=True)
class PseudoValues:
    """What a template may know of the stack it becomes; None: not known yet, so what needs it is UNKNOWN.

    `resource_facade`: `{metadata, deletion_policy, update_policy}` of the resource that owns the stack, None for a
    stack of its own. `yaql_limits`: most items of a collection and bytes of memory (options of [yaql]).
    `allowance`: what functions may still build, shared by all templates of a request.
    """

    stack_id: str | None = None
    stack_name: str | None = None
    project_id: str | None = None
    region: str | None = None
    resource_facade: Mapping[str, Any] | None = None
    availability_zones: tuple[str, ...] = ("nova",)
    yaql_limits: tuple[int, int] = (200, 10_000)
    allowance: Allowance = dataclasses.field(default_factory=Allowance, compare=False)

    def parameters(self, kind: str) -> dict[str, str | None]:
        """The pseudo parameters of a template language."""
        if kind == "hot":
            return {
                "OS::stack_id": self.stack_id,
                "OS::stack_name": self.stack_name,
                "OS::project_id": self.project_id,
            }
        arn = None
        if None not in (self.stack_id, self.stack_name, self.project_id):
            arn = f"arn:openstack:heat::{self.project_id}:stacks/{self.stack_name}/{self.stack_id}"
        region = self.region if self.region in _AWS_REGIONS else _AWS_REGIONS[0]
        return {"AWS::StackId": arn, "AWS::StackName": self.stack_name, "AWS::Region": region}


@dataclasses.dataclass(frozen=True, slots=True)
class _Chosen:
    value: Any
    where: Where
    #: The template's own default, which was checked with the template.
    is_default: bool = False


class ParameterValues:
    """The native values of all parameters of one template."""

    def __init__(self, kind: str, schemas: Mapping[str, ParameterSchema], chosen: Mapping[str, _Chosen]) -> None:
        self._schemas = schemas
        self._kind = kind
        self._chosen = chosen
        self._hidden = frozenset(name for name, schema in schemas.items() if schema.hidden)

    @classmethod
    def build(
        cls, template: Template, environment: Environment, *, strict: bool = True
    ) -> "tuple[ParameterValues, Findings]":
        """The values and what is wrong with them. Not `strict`: missing and unknown ones are no errors."""
        findings = Findings()
        chosen = {}
        schemas = {
            name: dataclasses.replace(schema, hidden=True) if name in environment.encrypted_param_names else schema
            for name, schema in template.parameters.items()
        }
        for name, schema in schemas.items():
            found = _choose(schema, environment)
            if found is not None:
                chosen[name] = _checked(schema, found, findings)
            elif strict:
                findings.add(
                    f"The Parameter ({name}) was not provided.",
                    schema.place,
                    kind="UserParameterMissing",
                    advice="Give it a value with --parameter or in an environment, or a default in the template.",
                )
        if strict:
            note_unknown(template, environment, findings)
        return cls(template.kind, schemas, chosen), findings

    def value(self, name: str) -> Any:
        """The native value of a parameter; UNKNOWN when it has none (yet). Raises KeyError for no such parameter."""
        if name not in self._schemas:
            raise KeyError(name)
        chosen = self._chosen.get(name)
        return UNKNOWN if chosen is None else chosen.value

    def has_value(self, name: str) -> bool:
        """Whether a value was given or there is a default."""
        return name in self._chosen

    def native(self) -> dict[str, Any]:
        """The values of all parameters that have one."""
        return {name: chosen.value for name, chosen in self._chosen.items()}

    def hidden_names(self) -> frozenset[str]:
        """The parameters whose values must not be shown."""
        return self._hidden

    def to_wire(self, stack: PseudoValues | None = None) -> dict[str, str]:
        """Name and text of each value as stacks show them, pseudo parameters included when the stack is given."""
        shown = {name: value for name, value in (stack.parameters(self._kind) if stack else {}).items() if value}
        for name, chosen in self._chosen.items():
            schema = self._schemas[name]
            if chosen.value is not UNKNOWN:
                shown[name] = constraints.SECRET_SHOWN if schema.hidden else schema.as_text(chosen.value)
        return shown

    def custom_checks(self) -> list[tuple[str, Any, Where]]:
        """What the cloud has to be asked: name of the constraint, value, place of the value; each item of a list."""
        checks = []
        for name, chosen in self._chosen.items():
            if chosen.value is UNKNOWN:
                continue
            for constraint in self._schemas[name].constraints:
                if isinstance(constraint, constraints.Custom):
                    values = chosen.value if isinstance(chosen.value, list) else [chosen.value]
                    checks += [(constraint.name, value, chosen.where) for value in values]
        return checks


def note_unknown(template: Template, environment: Environment, findings: Findings) -> None:
    """Note the values that are given for no parameter of the template."""
    for name in environment.parameters:
        if name not in template.parameters:
            findings.add(
                f"The Parameter ({name}) was not defined in template.",
                environment.place(name),
                kind="UnknownUserParameter",
                advice=findings.nearest(name, template.parameters),
            )


def _choose(schema: ParameterSchema, environment: Environment) -> _Chosen | None:
    """The value of highest rank; null counts as not given."""
    given = environment.parameters.get(schema.name)
    if given is not None:
        return _Chosen(given, functools.partial(environment.place, schema.name))
    default = environment.parameter_defaults.get(schema.name)
    if default is not None:
        path = ("parameter_defaults", schema.name)
        return _Chosen(default, functools.partial(environment.source.place, path))
    return _Chosen(schema.default, lambda: schema.place, is_default=True) if schema.has_default else None


def _checked(schema: ParameterSchema, found: _Chosen, findings: Findings) -> _Chosen:
    if found.is_default:
        return found
    native, problems = schema.check(found.value)
    for problem in problems:
        findings.add(f"Parameter {schema.name!r} is invalid: {problem}", found.where())
    return _Chosen(native, found.where)
