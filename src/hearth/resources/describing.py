"""Resource types as the API shows them: schema, description, and a template made of a type."""

import inspect
from typing import Any, Literal

from hearth.resources import schema
from hearth.resources.base import Base

_HOT_TYPES = {
    "String": "string",
    "Integer": "number",
    "Number": "number",
    "Boolean": "boolean",
    "List": "comma_delimited_list",
    "Map": "json",
    "Any": "string",
}
_CFN_TYPES = {
    "String": "String",
    "Integer": "Number",
    "Number": "Number",
    "Boolean": "Boolean",
    "List": "CommaDelimitedList",
    "Map": "Json",
    "Any": "String",
}


def description(kind: Base) -> str:
    """What the type is for: the text of its declaration."""
    return inspect.cleandoc(kind.__doc__ or "")


def is_hidden(kind: Base) -> bool:
    """Whether the type only serves stacks that already have it."""
    return bool(kind.support) and kind.support[0][0] == schema.HIDDEN


def schema_to_wire(kind: Base, asked: str) -> dict[str, Any]:
    """Properties and attributes, under the name that was asked for, which may be an alias.

    Spec: REST reference, GET /resource_types/{type_name}.
    """
    return {
        "resource_type": asked,
        "properties": {name: schema.property_to_wire(one) for name, one in schema.visible(kind.properties).items()},
        "attributes": {name: schema.attribute_to_wire(one) for name, one in kind.attributes.items()},
        "support_status": schema.support_to_wire(kind.support),
    }


def template_of(kind: Base, asked: str, language: Literal["hot", "cfn"]) -> dict[str, Any]:
    """A template with one parameter a property and one output an attribute; its resource has the name asked for.

    Spec: REST reference, GET /resource_types/{type_name}/template.
    """
    return _hot(kind, asked) if language == "hot" else _cfn(kind, asked)


def _hot(kind: Base, asked: str) -> dict[str, Any]:
    resource = type(kind).__name__
    shown = schema.visible(kind.properties)
    outputs: dict[str, Any] = {
        name: {"description": one.description or name, "value": {"get_attr": [resource, name]}}
        for name, one in kind.attributes.items()
    }
    outputs["OS::stack_id"] = {"description": "The resource", "value": {"get_resource": resource}}
    return {
        "heat_template_version": "2016-10-14",
        "description": f"Initial template of {resource}",
        "parameters": {name: _hot_parameter(one) for name, one in shown.items()},
        "resources": {resource: {"type": asked, "properties": {name: {"get_param": name} for name in shown}}},
        "outputs": outputs,
    }


def _hot_parameter(one: schema.Property) -> dict[str, Any]:
    parameter: dict[str, Any] = {"type": _HOT_TYPES[one.type_name]}
    if one.description:
        parameter["description"] = one.description
    if one.has_default:
        parameter["default"] = one.default
    if one.constraints:
        parameter["constraints"] = [constraint.to_wire() for constraint in one.constraints]
    return parameter


def _cfn(kind: Base, asked: str) -> dict[str, Any]:
    resource = type(kind).__name__
    shown = schema.visible(kind.properties)
    values = {
        name: {"Fn::Split": [",", {"Ref": name}]} if one.type_name == "List" else {"Ref": name}
        for name, one in shown.items()
    }
    outputs = {
        name: {"Description": one.description or name, "Value": {"Fn::GetAtt": [resource, name]}}
        for name, one in kind.attributes.items()
    }
    outputs["OS::stack_id"] = {"Description": "The resource", "Value": {"Ref": resource}}
    return {
        "HeatTemplateFormatVersion": "2012-12-12",
        "Description": f"Initial template of {resource}",
        "Parameters": {name: _cfn_parameter(one) for name, one in shown.items()},
        "Resources": {resource: {"Type": asked, "Properties": values}},
        "Outputs": outputs,
    }


def _cfn_parameter(one: schema.Property) -> dict[str, Any]:
    parameter: dict[str, Any] = {"Type": _CFN_TYPES[one.type_name]}
    if one.description:
        parameter["Description"] = one.description
    if one.has_default:
        parameter["Default"] = one.default
    for constraint in one.constraints:
        wire = constraint.to_wire()
        if "allowed_values" in wire:
            parameter["AllowedValues"] = wire["allowed_values"]
        elif "allowed_pattern" in wire:
            parameter["AllowedPattern"] = wire["allowed_pattern"]
        elif "range" in wire:
            _bounds(parameter, wire["range"], "Value")
        elif "length" in wire:
            _bounds(parameter, wire["length"], "Length")
    return parameter


def _bounds(parameter: dict[str, Any], bounds: dict[str, Any], noun: str) -> None:
    for side, word in (("min", "Min"), ("max", "Max")):
        if bounds.get(side) is not None:
            parameter[word + noun] = bounds[side]
