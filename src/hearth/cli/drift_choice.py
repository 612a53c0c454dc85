"""Options by which users say what is to become of drift, and their form in requests.

Shared by `hearth stack drift`, `update` and `plan`. A target is written RESOURCE.PROPERTY, or RESOURCE for all that has
drifted of it; resources of nested stacks stand after the names of their owners: group/0/server.flavor.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from hearth.cli import client, options

_TARGET = "RESOURCE[.PROPERTY]"
_KINDS = {
    "accept": "Let the live value be the expected one from now on.",
    "ignore": "Never report or repair this property again.",
    "revert": "Put back what the template says.",
}
#: What an option's parameter is called where its own name would not do.
_ALL = {"accept_all": "--accept all that has drifted.", "revert_all": "--revert all that has drifted."}


def choices(*, undo: bool = False) -> Callable[[options.Command], options.Command]:
    """Add the options; the command gets them as keywords, for `body`. `undo`: whether decisions can be taken back."""

    def decorate(command: options.Command) -> options.Command:
        kinds = {**_KINDS, "undo": "Take back what was decided."} if undo else _KINDS
        for name, text in reversed(_ALL.items()):
            command = click.option(f"--{name.replace('_', '-')}", name, is_flag=True, help=text)(command)
        for name, text in reversed(kinds.items()):
            command = click.option(f"--{name}", name, multiple=True, metavar=_TARGET, help=text)(command)
        return command

    return decorate


def body(api: client.Client, stack: client.StackRef, chosen: Mapping[str, Any]) -> client.Record:
    """The decisions of a request; empty when there are none."""
    wanted: client.Record = {name: True for name in _ALL if chosen.get(name)}
    named: dict[str, Sequence[str]] = {name: chosen[name] for name in (*_KINDS, "undo") if chosen.get(name)}
    if named:
        paths = [one["resource_path"] for one in api.drift(stack, detail=True)["resources"]]
        wanted |= {name: [_target(text, paths) for text in texts] for name, texts in named.items()}
    return wanted


def _target(text: str, paths: Sequence[str]) -> client.Record:
    """The resource that a text begins with, and the property behind it; names may hold dots."""
    fitting = [path for path in paths if text == path or text.startswith(f"{path}.")]
    if not fitting:
        resource, _, name = text.partition(".")
        return {"resource": resource, "property": name} if name else {"resource": resource}
    resource = max(fitting, key=len)
    name = text[len(resource) + 1 :]
    return {"resource": resource, "property": name} if name else {"resource": resource}
