"""`hearth stack signal|metadata|mark|hooks|failures`: single resources of a stack."""

import json
import pathlib
import re
from collections.abc import Sequence
from typing import Any

import click

from hearth.cli import client, connection, options, render

#: The hooks at which a resource can stop, as clients name them.
HOOKS = ("pre-create", "pre-update", "pre-delete", "post-create", "post-update", "post-delete")

#: The words by which an event tells of a stop, as all clients read them.
_STOP = re.compile(r"paused until Hook ([\w-]+) is cleared")

_HOOK_HEADINGS = {"path": "Resource", "hook": "Waits at", "since": "Since"}
_FAILURE_HEADINGS = {
    "path": "Resource",
    "resource_type": "Type",
    "resource_status": "Status",
    "resource_status_reason": "Reason",
}


@click.command()
@click.option("--data", metavar="JSON", help="What the signal says.")
@click.option("--data-file", type=click.Path(exists=True, dir_okay=False, path_type=pathlib.Path), metavar="FILE")
@options.credentials(listed=False)
@click.argument("name")
@click.argument("resource")
def signal(name: str, resource: str, data: str | None, data_file: pathlib.Path | None) -> None:
    """Send a signal to a RESOURCE of the stack NAME: to a wait condition's handle, a scaling policy, a deployment.

    \b
    Examples:
      hearth stack signal web ready --data '{"status": "SUCCESS", "id": "1"}'
      hearth stack signal web scale_out
    """
    if data is not None and data_file is not None:
        raise click.UsageError("Give --data or --data-file, not both.")
    text = data_file.read_text() if data_file is not None else data
    try:
        body = None if text is None else json.loads(text)
    except ValueError as error:
        raise click.UsageError(f"The signal's data are no JSON: {error}") from error
    api = connection.connect()
    api.signal(api.find(name), resource, body)


@click.command()
@options.output_format
@options.credentials(listed=False)
@click.argument("name")
@click.argument("resource")
def metadata(name: str, resource: str, output_format: str) -> None:
    """Show the metadata of a RESOURCE of the stack NAME, with what signals brought.

    \b
    Example:
      hearth stack metadata web ready
    """
    api = connection.connect()
    render.document(api.metadata(api.find(name), resource), "json" if output_format == "table" else output_format)


@click.command()
@click.option("--healthy", is_flag=True, help="Take the mark away.")
@click.option("--reason", default="", metavar="TEXT", help="Why, for those who will wonder.")
@options.credentials(listed=False)
@click.argument("name")
@click.argument("resource")
def mark(name: str, resource: str, healthy: bool, reason: str) -> None:
    """Mark a RESOURCE of the stack NAME as unhealthy: the next update replaces it.

    \b
    Examples:
      hearth stack mark web server --reason "disk is broken"
      hearth stack mark web server --healthy
    """
    api = connection.connect()
    api.mark_unhealthy(api.find(name), resource, not healthy, reason)


@click.command()
@click.option("--clear", "resource", metavar="RESOURCE", help="Let this resource go on (nested ones: group/0).")
@click.option("--hook", type=click.Choice(HOOKS), help="Which hook to clear; all at which it waits, if not given.")
@options.output_format
@options.credentials(listed=False)
@click.argument("name")
def hooks(name: str, resource: str | None, hook: str | None, output_format: str) -> None:
    """List the hooks at which resources of the stack NAME wait, or let one go on.

    \b
    Examples:
      hearth stack hooks web
      hearth stack hooks web --clear server
    """
    api = connection.connect()
    stack = api.find(name)
    waiting = list(_waiting(api, stack))
    if resource is None:
        render.records([one for one, _ in waiting], _HOOK_HEADINGS, output_format)
        return
    chosen = [(one, of) for one, of in waiting if one["path"] == resource and hook in (None, one["hook"])]
    if not chosen:
        known = ", ".join(sorted({f"{one['path']} ({one['hook']})" for one, _ in waiting})) or "nothing"
        raise click.UsageError(f"{resource} does not wait at {hook or 'a hook'}. What waits: {known}.")
    for one, of in chosen:
        api.signal(of, one["path"].rpartition("/")[2], {"unset_hook": one["hook"]})


@click.command()
@options.output_format
@options.credentials(listed=False)
@click.argument("name")
def failures(name: str, output_format: str) -> None:
    """List what failed in the stack NAME and in the stacks nested in it, with the whole reasons.

    \b
    Example:
      hearth stack failures web
    """
    api = connection.connect()
    found = api.resources(api.find(name), [("nested_depth", str(client.NESTED_DEPTH))])
    failed = [one for one in found if str(one["resource_status"]).endswith("FAILED")]
    paths = _paths(found)
    render.records([{**one, "path": paths[_key(one)]} for one in failed], _FAILURE_HEADINGS, output_format)


def _waiting(api: client.Client, stack: client.StackRef) -> Sequence[tuple[dict[str, Any], client.StackRef]]:
    """`({path, hook, since}, its stack)` of every hook that is set and not cleared."""
    nested = [("nested_depth", str(client.NESTED_DEPTH))]
    found = api.resources(stack, nested)
    paths = _paths(found)
    stacks = {_key(one): _stack_of(one) for one in found}
    waiting: dict[tuple[str, str], dict[str, Any]] = {}
    for event in api.events(stack, [*nested, ("sort_keys", "event_time"), ("sort_dir", "asc")]):
        key, reason = _key(event), str(event.get("resource_status_reason") or "")
        if stop := _STOP.search(reason):
            waiting[key] = {"path": paths.get(key), "hook": stop[1], "since": event["event_time"]}
        elif key in waiting:
            del waiting[key]  # whatever happened next, it has gone on
    return [(one, stacks[key]) for key, one in waiting.items() if key in stacks]


def _self_link(record: dict[str, Any], rel: str) -> str:
    return next((str(link["href"]) for link in record.get("links", ()) if link["rel"] == rel), "")


def _stack_of(record: dict[str, Any]) -> client.StackRef:
    """The stack that a resource or event belongs to, by its link."""
    name, stack_id = _self_link(record, "stack").rsplit("/", 2)[-2:]
    return client.StackRef(name, stack_id)


def _key(record: dict[str, Any]) -> tuple[str, str]:
    """A resource among those of a tree: its stack's id and its name."""
    return _stack_of(record).id, str(record["resource_name"])


def _paths(found: Sequence[dict[str, Any]]) -> dict[tuple[str, str], str]:
    """The path of each resource of a tree, `group/0`, by its key."""
    inside = {_self_link(one, "nested").rsplit("/", 1)[-1]: one for one in found if _self_link(one, "nested")}

    def path(one: dict[str, Any]) -> str:
        owner = inside.get(_stack_of(one).id)
        return f"{path(owner)}/{one['resource_name']}" if owner is not None else str(one["resource_name"])

    return {_key(one): path(one) for one in found}
