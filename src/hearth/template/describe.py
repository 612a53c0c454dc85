"""A template's face for people who want to use it: the answer of the API's validate call.

Called by the API after the template was checked; the answer goes to the one who sent template and environment. Nested
templates are the caller's: it adds their descriptions under NestedParameters.

Spec: https://docs.openstack.org/api-ref/orchestration/v1/#validate-template
"""

from collections.abc import Mapping
from typing import Any

from hearth.model import constraints
from hearth.model.values import is_known
from hearth.template.definitions import Template
from hearth.template.environment import Environment
from hearth.template.parameter_schema import TYPES, ParameterSchema
from hearth.template.parameters import PseudoValues

NO_DESCRIPTION = "No description"


def describe(template: Template, environment: Environment) -> dict[str, Any]:
    """`{Description, Parameters, ParameterGroups?, Environment}`; values and defaults stand as they were written."""
    declared = template.raw.get(template.key("parameters")) or {}
    pseudo = PseudoValues().parameters(template.kind)
    answer: dict[str, Any] = {
        "Description": template.description or NO_DESCRIPTION,
        "Parameters": {
            name: _parameter(schema, declared[name], environment)
            for name, schema in template.parameters.items()
            if name not in pseudo
        },
    }
    if template.parameter_groups:
        answer["ParameterGroups"] = template.parameter_groups
    shown = environment.to_wire()
    answer["Environment"] = {
        key: shown[key] for key in ("resource_registry", "parameters", "parameter_defaults", "event_sinks")
    }
    return answer


def _parameter(schema: ParameterSchema, declared: Mapping[str, Any], environment: Environment) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "Type": TYPES[schema.type],
        "Description": schema.description,
        "NoEcho": "true" if schema.hidden else "false",
        "Label": schema.label or schema.name,
    }
    default = environment.parameter_defaults.get(schema.name)
    if default is None:
        default = declared.get("default", declared.get("Default"))
    if default is not None:
        shown["Default"] = default
    value = environment.parameters.get(schema.name)
    if value is not None and is_known(value):  # a nested template may get what nobody knows yet
        shown["Value"] = value
    if schema.tags:
        shown["Tags"] = list(schema.tags)
    for constraint in schema.constraints:
        shown |= _constraint(constraint)
    descriptions = [constraint.description for constraint in schema.constraints if constraint.description]
    if descriptions:
        shown["ConstraintDescription"] = " ".join(descriptions)
    return shown


def _constraint(constraint: constraints.Constraint) -> dict[str, Any]:
    """A constraint in the answer's names."""
    found: dict[str, float | None]
    match constraint:
        case constraints.Length():
            found = {"MinLength": constraint.min, "MaxLength": constraint.max}
        case constraints.Range():
            found = {"MinValue": constraint.min, "MaxValue": constraint.max}
        case constraints.Modulo():
            found = {"Step": constraint.step, "Offset": constraint.offset}
        case constraints.AllowedValues():
            return {"AllowedValues": list(constraint.written)}
        case constraints.AllowedPattern():
            return {"AllowedPattern": constraint.pattern}
        case constraints.Custom():
            return {"CustomConstraint": constraint.name}
        case _:
            return {}
    return {name: limit for name, limit in found.items() if limit is not None}
