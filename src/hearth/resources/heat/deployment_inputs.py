"""What a server is told by a deployment: the config with the values of its inputs, and how to answer.

Pure: a config and values in, the config for the server out. Agents in servers find the inputs by these names.

Spec: https://docs.openstack.org/heat/latest/template_guide/software_deployment.html
"""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, Final

from hearth.resources.contract import Permanent, SoftwareConfig

_DESCRIPTIONS: Final[Mapping[str, str]] = {
    "deploy_server_id": "The server's id",
    "deploy_action": "The action that this is done for",
    "deploy_stack_id": "The stack's name and id",
    "deploy_resource_name": "The name of the deployment in the stack",
    "deploy_signal_transport": "How the server tells what came of it",
    "deploy_signal_id": "The address that the outputs are sent to",
    "deploy_signal_verb": "The HTTP method they are sent with",
    "deploy_auth_url": "Where to authenticate",
    "deploy_username": "The user to authenticate as",
    "deploy_user_id": "The id of that user",
    "deploy_password": "The password of that user",
    "deploy_project_id": "The id of that user's project",
    "deploy_region_name": "The region of the orchestration service",
    "deploy_queue_id": "The queue that the outputs are put into",
}


def derived(config: SoftwareConfig, name: str, given: Mapping[str, Any], means: Mapping[str, Any]) -> SoftwareConfig:
    """The config as it goes to a server.

    Args:
        given: values of inputs by name; those that the config does not declare are passed on as well.
        means: values of the inputs that every deployment has.
    """
    declared = {one["name"] for one in config.inputs}
    inputs = [{**one, "value": given.get(one["name"], one.get("default"))} for one in config.inputs]
    inputs += ({"name": key, "type": "String", "value": value} for key, value in given.items() if key not in declared)
    inputs += (
        {"name": key, "description": _DESCRIPTIONS[key], "type": "String", "value": value}
        for key, value in means.items()
    )
    return dataclasses.replace(config, name=name, inputs=inputs)


def values(inputs: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The values of inputs by name."""
    return {one["name"]: one.get("value") for one in inputs}


def filled(tree: Any, key: str, known: Mapping[str, Any], *, strict: bool) -> Any:
    """A structured config with values in the place of `{key: name of an input}`.

    Raises:
        Permanent: an input has no value, and `strict` wants one; otherwise it is null.
    """
    if isinstance(tree, Mapping):
        if len(tree) == 1 and key in tree:
            name = tree[key]
            if strict and (not isinstance(name, str) or name not in known):
                raise Permanent(f"the config reads the input {name!r}, which has no value", "UserParameterMissing")
            return known.get(name) if isinstance(name, str) else None
        return {one: filled(value, key, known, strict=strict) for one, value in tree.items()}
    if isinstance(tree, list):
        return [filled(one, key, known, strict=strict) for one in tree]
    return tree


def replaced_by(config: SoftwareConfig, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Inputs whose new value asks for another deployment in the place of this one."""
    watched = [one["name"] for one in config.inputs if one.get("replace_on_change")]
    return [name for name in watched if before.get(name) != after.get(name)]
