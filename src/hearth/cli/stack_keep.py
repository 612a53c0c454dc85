"""`hearth stack snapshot|snapshots|restore|export|abandon|adopt`: keeping stacks, and passing them on."""

import contextlib
import json
import os
import pathlib
from collections.abc import Iterator, Sequence
from typing import IO

import click

from hearth.cli import client, connection, follow, options, problems, render, stack_change

_HEADINGS = {
    "id": "Id",
    "name": "Name",
    "action": "Action",
    "status": "Status",
    "status_reason": "Reason",
    "creation_time": "Created",
}


@click.command()
@click.option("--name", "label", metavar="TEXT", help="A name to know the snapshot by.")
@options.wait
@options.output_format
@options.credentials(listed=False)
@click.argument("name")
def snapshot(name: str, label: str | None, wait: bool, output_format: str) -> None:
    """Take a snapshot of the stack NAME: its definition, images of its servers, backups of its volumes.

    \b
    Examples:
      hearth stack snapshot web
      hearth stack snapshot web --name before-upgrade
    """
    api = connection.connect()
    stack = api.find(name)
    before = follow.mark(api, stack)
    taken = api.snapshot(stack, label)
    if wait:
        ended = follow.watch(api, stack, "SNAPSHOT", before)
        taken = _chosen(api, stack, str(taken["id"]))
        if ended is None or taken["status"] != "COMPLETE":
            raise problems.CliError(
                f"{stack.name}: snapshot {taken['id']}: {taken['status']}: {taken.get('status_reason')}",
                f"`hearth stack snapshots {stack.name} --delete {taken['id']}` removes what was made of it.",
            )
    render.record({key: taken.get(key) for key in _HEADINGS}, output_format)


@click.command()
@click.option("--delete", "unwanted", metavar="SNAPSHOT", help="Remove this snapshot with its images and backups.")
@options.output_format
@options.credentials(listed=False)
@click.argument("name")
@click.argument("snapshot", required=False)
def snapshots(name: str, snapshot: str | None, unwanted: str | None, output_format: str) -> None:
    """List the snapshots of the stack NAME, or show one (by name or id) with all it holds.

    \b
    Examples:
      hearth stack snapshots web
      hearth stack snapshots web before-upgrade -f yaml
      hearth stack snapshots web --delete before-upgrade
    """
    api = connection.connect()
    stack = api.find(name)
    if unwanted is not None:
        api.delete_snapshot(stack, _chosen(api, stack, unwanted)["id"])
    elif snapshot is not None:
        render.record(_chosen(api, stack, snapshot), output_format)
    else:
        render.records(api.snapshots(stack), _HEADINGS, output_format)


@click.command()
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@options.wait
@options.output_format
@options.credentials(listed=False)
@click.argument("name")
@click.argument("snapshot")
def restore(name: str, snapshot: str, yes: bool, wait: bool, output_format: str) -> None:
    """Bring the stack NAME back to a SNAPSHOT (a name or an id). What came later is lost.

    \b
    Example:
      hearth stack restore web before-upgrade
    """
    api = connection.connect()
    stack = api.find(name)
    chosen = _chosen(api, stack, snapshot)
    if not yes:
        text = f"Bring {stack.name} back to {chosen['name'] or chosen['id']} of {chosen['creation_time']}?"
        click.confirm(text, abort=True, err=True)
    before = follow.mark(api, stack) if wait else follow.Mark()
    api.restore(stack, chosen["id"])
    stack_change.finish(api, stack, "RESTORE", before, wait, output_format)


_output = click.option("-o", "--output", type=click.Path(path_type=pathlib.Path), help="Write it to a file.")


@click.command()
@_output
@options.credentials(listed=False)
@click.argument("name")
def export(name: str, output: pathlib.Path | None) -> None:
    """Print everything that makes the stack NAME, as JSON. It holds secrets; `adopt` takes it.

    \b
    Example:
      hearth stack export web -o web.json
    """
    api = connection.connect()
    with _opened(output) as file:
        _write(api.export(api.find(name)), file)


@click.command()
@_output
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@options.credentials(listed=False)
@click.argument("name")
def abandon(name: str, output: pathlib.Path | None, yes: bool) -> None:
    """Forget the stack NAME and leave everything it made. Prints what `adopt` takes: keep it, it comes only once.

    \b
    Example:
      hearth stack abandon web -o web.json
    """
    api = connection.connect()
    stack = api.find(name)
    if not yes:
        click.confirm(f"Forget {stack.name} and leave its resources to nobody?", abort=True, err=True)
    # That the file cannot be written is found out before the stack is gone, not after.
    with _opened(output) as file:
        _write(api.abandon(stack), file)


@click.command()
@click.option(
    "-d",
    "--document",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=pathlib.Path),
    help="What abandon or export gave.",
)
@click.option("-P", "--parameter", "parameters", metavar="KEY=VALUE", multiple=True, help="Wins over the document.")
@click.option("--timeout", type=click.IntRange(min=1), metavar="MINUTES", help="Give up after so long.")
@options.wait
@options.output_format
@options.credentials(listed=False)
@click.argument("name")
def adopt(
    name: str, document: pathlib.Path, parameters: Sequence[str], timeout: int | None, wait: bool, output_format: str
) -> None:
    """Make the stack NAME of resources that are there already, as a document of abandon or export tells.

    \b
    Example:
      hearth stack adopt -d web.json web
    """
    try:
        text = document.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise problems.CliError(f"Cannot read {document}: {error}.") from error
    body: client.Record = {
        "stack_name": name,
        "adopt_stack_data": text,
        "parameters": stack_change.given_parameters(parameters, ()),
        "disable_rollback": True,
    }
    if timeout is not None:
        body["timeout_mins"] = timeout
    api = connection.connect()
    stack_change.finish(api, api.create(body), "ADOPT", follow.Mark(), wait, output_format)


def _chosen(api: client.Client, stack: client.StackRef, wanted: str) -> client.Record:
    """The snapshot of that name or id."""
    every = api.snapshots(stack)
    found = [one for one in every if one["id"] == wanted] or [one for one in every if one["name"] == wanted]
    if not found:
        raise problems.CliError(
            f"The stack {stack.name} has no snapshot {wanted}.", f"`hearth stack snapshots {stack.name}` lists them."
        )
    if len(found) > 1:
        ids = ", ".join(one["id"] for one in found)
        raise problems.CliError(f"{len(found)} snapshots of {stack.name} are called {wanted}.", f"Give an id: {ids}.")
    return found[0]


@contextlib.contextmanager
def _opened(output: pathlib.Path | None) -> Iterator[IO[str] | None]:
    """The file, for its owner's eyes only, what is in it still untouched; None stands for standard output.

    One that was not there before goes again when nothing comes to be written.
    """
    if output is None:
        yield None
        return
    is_new = not output.exists()
    try:
        file = os.fdopen(os.open(output, os.O_WRONLY | os.O_CREAT, 0o600), "w")
    except OSError as error:
        raise problems.CliError(f"Cannot write {output}: {error}.") from error
    try:
        with file:
            yield file
    except BaseException:
        if is_new and not output.stat().st_size:
            output.unlink()
        raise
    click.echo(f"Written to {output}.", err=True)


def _write(document: client.Record, file: IO[str] | None) -> None:
    text = json.dumps(document, indent=2)
    if file is None:
        click.echo(text)
    else:
        file.write(text + "\n")
        file.truncate()
