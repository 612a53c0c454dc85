"""What inputs and outputs of software configs look like: their schemas, and bringing given ones into one form.

Used for configs that the API is sent, and by the types that make configs. A config's inputs and outputs are lists of
maps with a name each; nothing here knows of deployments.

Spec: https://docs.openstack.org/heat/latest/template_guide/openstack.html#OS::Heat::SoftwareConfig
"""

import datetime
import json
from collections.abc import Mapping, Sequence
from typing import Any

from hearth.model.values import is_known
from hearth.resources import checking
from hearth.resources.contract import Issue, SoftwareConfig, SoftwareDeployment
from hearth.resources.schema import Property, Schema

_TYPES = ("String", "Number", "CommaDelimitedList", "Json", "Boolean")


def inputs_property(**more: Any) -> Property:
    """The property `inputs` of types that make configs."""
    return Property(
        list, "What the configuration tool is told.", items=Property(dict, fields=_shown(_input_fields())), **more
    )


def outputs_property(**more: Any) -> Property:
    """The property `outputs` of types that make configs."""
    return Property(
        list, "What the configuration tool tells.", items=Property(dict, fields=_shown(_output_fields())), **more
    )


def _input_fields() -> dict[str, Property]:
    return {
        "name": Property(str, "The input's name.", required=True),
        "description": Property(str, "What it is for."),
        "type": Property(str, "What kind of value it takes.", default="String", allowed=_TYPES),
        "default": Property(object, "The value unless a deployment gives one."),
        "replace_on_change": Property(bool, "Whether another value replaces a deployment.", default=False),
        "value": Property(object, "The value given by a deployment."),
    }


def _output_fields() -> dict[str, Property]:
    return {
        "name": Property(str, "The output's name.", required=True),
        "description": Property(str, "What it tells."),
        "type": Property(str, "What kind of value it has.", default="String", allowed=_TYPES),
        "error_output": Property(bool, "Whether any value of it means a failure.", default=False),
    }


def _shown(fields: dict[str, Property]) -> dict[str, Property]:
    return {name: one for name, one in fields.items() if name != "value"}


_INPUT, _OUTPUT = Schema(_input_fields()), Schema(_output_fields())


def inputs(given: Sequence[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], list[Issue]]:
    """Inputs in the form in which they are kept, and what is wrong with them."""
    kept, issues = _checked("inputs", _INPUT, given)
    for number, one in enumerate(kept):
        if not one.get("replace_on_change"):
            one.pop("replace_on_change", None)
        if "default" in one:
            one["default"] = _converted(one, ("inputs", number, "default"), issues)
    return kept, issues


def outputs(given: Sequence[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], list[Issue]]:
    """Outputs in the form in which they are kept, and what is wrong with them."""
    return _checked("outputs", _OUTPUT, given)


def issues(properties: Mapping[str, Any]) -> list[Issue]:
    """What is wrong with the inputs that a resource's properties declare, beyond their schema."""
    given = properties.get("inputs")
    return inputs(given)[1] if given and is_known(given) else []


def declared(properties: Mapping[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Inputs and outputs as a resource's properties declare them; what is left out there is empty."""
    given_inputs, _ = inputs(properties.get("inputs") or ())
    given_outputs, _ = outputs(properties.get("outputs") or ())
    filled = [
        _ordered(_INPUT, {"default": _empty(one["type"]), **one, "description": _text(one)}) for one in given_inputs
    ]
    return filled, [_ordered(_OUTPUT, {**one, "description": _text(one)}) for one in given_outputs]


def _empty(kind: str) -> Any:
    return {"String": "", "Number": 0, "CommaDelimitedList": [], "Json": {}, "Boolean": False}[kind]


def _text(one: Mapping[str, Any]) -> str:
    return str(one.get("description") or "")


def _ordered(schema: Schema, values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in schema if name in values}


def shown(config: SoftwareConfig) -> dict[str, Any]:
    """A config as the API shows it."""
    return {
        "id": config.id,
        "name": config.name,
        "group": config.group,
        "creation_time": _time(config.created_at),
        "config": config.config,
        "inputs": list(config.inputs),
        "outputs": list(config.outputs),
        "options": dict(config.options),
    }


def shown_deployment(deployment: SoftwareDeployment) -> dict[str, Any]:
    """A deployment as the API shows it."""
    shown = {
        "id": deployment.id,
        "server_id": deployment.server_id,
        "config_id": deployment.config_id,
        "input_values": dict(deployment.inputs),
        "output_values": dict(deployment.outputs) if deployment.outputs is not None else None,
        "action": deployment.action,
        "status": str(deployment.status),
        "status_reason": deployment.reason,
        "creation_time": _time(deployment.created_at),
    }
    return shown if deployment.updated_at is None else {**shown, "updated_time": _time(deployment.updated_at)}


def _time(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _checked(
    section: str, schema: Schema, given: Sequence[Mapping[str, Any]]
) -> tuple[list[dict[str, Any]], list[Issue]]:
    kept, issues = [], []
    for number, one in enumerate(given):
        values, wrong = checking.check_against(schema, one, (section, number))
        kept.append(_ordered(schema, values))
        issues += wrong
    return kept, issues


#: How the default of an input is taken for each type. Text for a map stays text: it is the tool that reads it.
_FORMS = {
    "String": Property(str),
    "Number": Property(float),
    "CommaDelimitedList": Property(list, convertible=True),
    "Boolean": Property(bool),
}


def _converted(one: Mapping[str, Any], path: tuple[Any, ...], issues: list[Issue]) -> Any:
    value, form = one["default"], _FORMS.get(one.get("type", ""))
    if form is None or value == "":
        return value
    if form.kind is str and isinstance(value, (dict, list)):
        return json.dumps(value)
    converted, wrong = checking.convert(form, value)
    issues += (Issue(path, issue.message, issue.advice) for issue in wrong)
    return converted
