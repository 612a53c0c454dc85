"""`hearth stack list|show|resources|events|outputs|template`: the commands that only look."""

from collections.abc import Sequence
from typing import Any

import click

from hearth.cli import client, connection, follow, options, render


@click.command("list")
@click.option("--tag", "tags", multiple=True, help="Only stacks that have this tag (repeat for more).")
@click.option("--status", "statuses", multiple=True, metavar="CREATE_COMPLETE", help="Only stacks in this state.")
@click.option("--deleted", is_flag=True, help="Deleted stacks too.")
@click.option("--nested", is_flag=True, help="Stacks inside stacks too.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many.")
@options.output_format
@options.credentials(listed=False)
def list_(
    tags: Sequence[str], statuses: Sequence[str], deleted: bool, nested: bool, limit: int | None, output_format: str
) -> None:
    """List the project's stacks, newest first.

    \b
    Examples:
      hearth stack list
      hearth stack list --status CREATE_FAILED -f json
    """
    params = [("stack_status", status) for status in statuses]
    if tags:
        params.append(("tags", ",".join(tags)))
    if deleted:
        params.append(("show_deleted", "true"))
    if nested:
        params.append(("show_nested", "true"))
    if limit:
        params.append(("limit", str(limit)))
    headings = {
        "id": "Id",
        "stack_name": "Name",
        "stack_status": "Status",
        "creation_time": "Created",
        "updated_time": "Updated",
        "tags": "Tags",
    }
    found = connection.connect().stacks(params)
    for stack in found:
        stack["held"] = _held(stack, terse=output_format == "table")
    if output_format != "table" or any(stack["held"] for stack in found):
        headings["held"] = "Held"
    render.records(found, headings, output_format)


def _held(stack: client.Record, *, terse: bool) -> Any:
    """What holds a stack: the words for it, or all that is known."""
    held = {word: stack[word] for word in ("paused", "protected", "locked") if word in stack}
    return ", ".join(held) if terse else held


@click.command()
@options.output_format
@options.credentials(listed=False)
@click.argument("name")
def show(name: str, output_format: str) -> None:
    """Show the stack NAME (a name or an id).

    \b
    Examples:
      hearth stack show web
      hearth stack show web -f json
    """
    api = connection.connect()
    record = api.show(api.find(name))
    record.pop("links", None)
    render.record(record, output_format)


@click.command()
@click.option("--depth", type=click.IntRange(min=0), default=0, help="So many levels of nested stacks too.")
@options.output_format
@options.credentials(listed=False)
@click.argument("name")
@click.argument("resource", required=False)
def resources(name: str, resource: str | None, depth: int, output_format: str) -> None:
    """List the resources of the stack NAME, or show one with its attributes.

    \b
    Examples:
      hearth stack resources web
      hearth stack resources web --depth 2
      hearth stack resources web server -f yaml
    """
    api = connection.connect()
    stack = api.find(name)
    if resource:
        record = api.resource(stack, resource)
        record.pop("links", None)
        render.record(record, output_format)
        return
    headings = {
        "resource_name": "Name",
        "resource_type": "Type",
        "resource_status": "Status",
        "physical_resource_id": "Physical id",
    }
    if depth:
        headings["parent_resource"] = "Parent"
    params = [("nested_depth", str(depth))] if depth else []
    found = api.resources(stack, params)
    if output_format != "table" or any(_is_told(one) for one in found):
        headings |= {"resource_status_reason": "Reason"}
    if output_format != "table":
        headings |= {"creation_time": "Created", "updated_time": "Updated"}
    render.records(found, headings, output_format)


def _is_told(resource: client.Record) -> bool:
    """Whether the reason says more than the state: of a failure, or of what keeps the resource waiting."""
    waits = resource["resource_status"].endswith("_IN_PROGRESS")
    return resource["resource_status"].endswith("_FAILED") or (
        waits and resource.get("resource_status_reason") not in ("state changed", "", None)
    )


@click.command()
@click.option(
    "--depth", type=click.IntRange(min=0), default=client.NESTED_DEPTH, show_default=True, help="Nested stacks."
)
@click.option("--limit", type=click.IntRange(min=1), help="Only the newest so many.")
@click.option("--resource", "resource_name", help="Only of this resource.")
@click.option("--follow", "following", is_flag=True, help="Stay until the running action ends.")
@options.output_format
@options.credentials(listed=False)
@click.argument("name")
def events(
    name: str, depth: int, limit: int | None, resource_name: str | None, following: bool, output_format: str
) -> None:
    """List what happened to the stack NAME, oldest first.

    \b
    Examples:
      hearth stack events web
      hearth stack events web --follow
      hearth stack events web --limit 20 -f json
    """
    api = connection.connect()
    stack = api.find(name)
    if following:
        state = str(api.show(stack, outputs=False)["stack_status"])
        if state.endswith("_IN_PROGRESS"):
            follow.follow(api, stack, state.removesuffix("_IN_PROGRESS"), follow.Lines(stack))
            return
    params = [("nested_depth", str(depth))] if depth else []
    if limit:
        params.append(("limit", str(limit)))
    if resource_name:
        params.append(("resource_name", resource_name))
    found = list(reversed(api.events(stack, params)))
    if output_format == "table":
        for event in found:
            click.echo(follow.event_line(event, stack.name))
        return
    keys = ("event_time", "resource_name", "resource_status", "resource_status_reason", "physical_resource_id", "id")
    render.records(found, dict(zip(keys, keys, strict=True)), output_format)


@click.command()
@options.output_format
@options.credentials(listed=False)
@click.argument("name")
@click.argument("key", required=False)
def outputs(name: str, key: str | None, output_format: str) -> None:
    """Show the outputs of the stack NAME, or the value of one.

    \b
    Examples:
      hearth stack outputs web
      hearth stack outputs web address -f value
    """
    api = connection.connect()
    stack = api.find(name)
    if key is None:
        render.records(api.outputs(stack), _OUTPUT_HEADINGS, output_format)
        return
    output = api.output(stack, key)
    if output_format == "value":
        click.echo(render.scalar(output.get("output_value")))
    else:
        render.record(output, output_format)


_OUTPUT_HEADINGS = {
    "output_key": "Output",
    "output_value": "Value",
    "description": "Description",
    "output_error": "Error",
}


@click.command()
@click.option("-f", "--format", "output_format", type=click.Choice(("yaml", "json")), default="yaml", show_default=True)
@options.credentials(listed=False)
@click.argument("name")
def template(name: str, output_format: str) -> None:
    """Print the template of the stack NAME.

    \b
    Example:
      hearth stack template web > web.yaml
    """
    api = connection.connect()
    render.document(api.template(api.find(name)), output_format)


@click.command()
@click.option("-f", "--format", "output_format", type=click.Choice(("yaml", "json")), default="yaml", show_default=True)
@options.credentials(listed=False)
@click.argument("name")
def environment(name: str, output_format: str) -> None:
    """Print the environment of the stack NAME; hidden values are masked.

    \b
    Example:
      hearth stack environment web
    """
    api = connection.connect()
    render.document(api.environment(api.find(name)), output_format)


@click.command()
@options.credentials(listed=False)
@click.argument("name")
@click.argument("file", required=False)
def files(name: str, file: str | None) -> None:
    """List the files that the stack NAME was made with, or print one.

    \b
    Examples:
      hearth stack files web
      hearth stack files web file:///srv/web/server.yaml
    """
    api = connection.connect()
    found = api.files(api.find(name))
    if file is None:
        for one in sorted(found):
            click.echo(one)
    elif file in found:
        click.echo(found[file], nl=False)
    else:
        raise click.UsageError(f"There is no file {file!r}. There are: {', '.join(sorted(found)) or 'none'}.")
