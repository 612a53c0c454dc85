"""`hearth takeover heat|documents`: takes stacks over from a Heat, by its database or by documents of abandoned stacks.

`heat` works on both databases and asks no cloud and no API; `documents` is a client of Hearth's API.
"""

import asyncio
import pathlib
from collections.abc import Sequence
from typing import Any, Final

import click
import msgspec
import rich.console
import rich.progress
import sqlalchemy.exc
from oslo_config import cfg

from hearth.bus import memory
from hearth.cli import client, connection, options, problems, render
from hearth.cloud import config, credentials
from hearth.engine import context
from hearth.model.errors import HearthError
from hearth.process import database, orchestration
from hearth.store import Store
from hearth.takeover.ciphers import Ciphers
from hearth.takeover.report import Line, Outcome
from hearth.takeover.source import Selection, Source
from hearth.takeover.taking import Taking

_HEADINGS: Final = {
    "name": "Stack",
    "state": "State",
    "outcome": "Outcome",
    "stacks": "Stacks",
    "resources": "Resources",
    "events": "Events",
    "told": "What to know",
}


@click.group("takeover")
def group() -> None:
    """Take stacks over from a Heat, without touching what they are made of."""


@group.command()
@click.option("--database", "url", required=True, metavar="URL", help="Heat's database; it is only read.")
@click.option(
    "--encryption-key",
    "keys",
    multiple=True,
    metavar="KEY",
    envvar="HEARTH_TAKEOVER_KEY",
    show_envvar=True,
    help="auth_encryption_key of that Heat. Default: that of Hearth. May be repeated.",
)
@click.option("--stack", "stacks", multiple=True, metavar="NAME", help="Only this stack, by name or id; repeatable.")
@click.option("--project", "projects", multiple=True, metavar="ID", help="Only stacks of this project; repeatable.")
@click.option("--take-unfinished", is_flag=True, help="Take stacks that are IN_PROGRESS too, as failed ones.")
@click.option("--dry-run", is_flag=True, help="Only say what would be taken.")
@database.named
@options.output_format
def heat(
    url: str,
    keys: Sequence[str],
    stacks: Sequence[str],
    projects: Sequence[str],
    take_unfinished: bool,
    dry_run: bool,
    config_files: Sequence[pathlib.Path],
    data_dir: pathlib.Path | None,
    output_format: str,
) -> None:
    """Take over the stacks of a Heat (2023.1 and later) from its database.

    Everything that Heat keeps of a stack is taken, with its ids; nothing in the cloud is asked, made or changed. Stop
    Heat before. It may be repeated: stacks that are there already stay as they are. The exit status is 1 when a stack
    was left out.

    \b
    Examples:
      hearth takeover heat --database mysql://heat:secret@db/heat --dry-run
      hearth takeover heat --database mysql://heat:secret@db/heat --config-file /etc/heat/heat.conf
    """
    conf = database.configuration(config_files, data_dir)
    source = _source(url)
    try:
        with database.opened(conf) as store:
            database.require_schema(store)
            selection = Selection(stacks, projects)
            run = _take(conf, store, source, selection, keys, dry_run=dry_run, unfinished=take_unfinished)
            lines, configs, unreadable = asyncio.run(run)
    except sqlalchemy.exc.DBAPIError as error:
        raise problems.CliError(f"Heat's database cannot be used: {error.orig}") from error
    finally:
        source.close()
    _tell(lines, output_format)
    if configs:
        click.echo(f"{configs} software configs that belong to no stack came along.", err=True)
    for problem in unreadable:
        click.echo(f"Left out: {problem}", err=True)
    if unreadable or any(one.outcome is Outcome.LEFT for one in lines):
        click.get_current_context().exit(1)


def _source(url: str) -> Source:
    try:
        return Source(url)
    except HearthError as error:
        raise problems.CliError(error.message) from error
    except sqlalchemy.exc.DBAPIError as error:
        raise problems.CliError(f"Heat's database cannot be used: {error.orig}") from error


async def _take(
    conf: cfg.ConfigOpts,
    store: Store,
    source: Source,
    selection: Selection,
    keys: Sequence[str],
    *,
    dry_run: bool,
    unfinished: bool,
) -> tuple[list[Line], int, list[str]]:
    chosen = orchestration.engine_settings(conf)
    try:
        kept = orchestration.known_definitions(conf, store, chosen)
        connector = credentials.Connector(config.cloud_settings(conf))
    except config.ConfigError as error:
        raise problems.CliError(f"Configuration: {error}") from error
    surroundings = context.Context(store, memory.MemoryBus(), connector, kept.builder.types, chosen)
    ciphers = Ciphers([*keys, conf.auth_encryption_key, *conf.former_encryption_keys])
    taking = Taking(source, surroundings, kept, ciphers, dry_run=dry_run, unfinished=unfinished)
    lines: list[Line] = []
    with _progress() as progress:
        task = progress.add_task("Stacks", total=source.count(selection))
        async for line in taking.take(selection):
            lines.append(line)
            progress.update(task, advance=1, description=line.name)
    if dry_run or selection.stacks:
        return lines, 0, []
    return lines, *await taking.software(selection.projects)


def _progress() -> rich.progress.Progress:
    console = rich.console.Console(stderr=True)
    columns = (
        rich.progress.MofNCompleteColumn(),
        rich.progress.BarColumn(),
        rich.progress.TimeRemainingColumn(),
        rich.progress.TextColumn("{task.description}"),
    )
    return rich.progress.Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _tell(lines: Sequence[Line], output_format: str) -> None:
    if output_format in ("json", "yaml"):
        render.document([one.to_wire() for one in lines], output_format)
        return
    rows = [one.to_wire() | {"told": _told(one)} for one in lines]
    render.records(rows, _HEADINGS, output_format)
    counts = {one: sum(line.outcome is one for line in lines) for one in Outcome}
    said = ", ".join(f"{number} {one}" for one, number in counts.items() if number)
    click.echo(said[:1].upper() + said[1:] + "." if said else "There are no such stacks.", err=True)


def _told(line: Line) -> str:
    told = "; ".join((*line.reasons, *line.notes))
    return f"{told}. {line.next}" if told and line.outcome is Outcome.LEFT else told


@group.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=pathlib.Path))
@click.option("--dry-run", is_flag=True, help="Only say what would be taken.")
@options.output_format
@options.credentials(listed=False)
def documents(files: Sequence[pathlib.Path], dry_run: bool, output_format: str) -> None:
    """Adopt the stacks of many documents, as `openstack stack abandon` of Heat or of Hearth gave them.

    Each becomes a stack of its document's name in your project. What is there already stays as it is, so it may be
    repeated. The exit status is 1 when one could not be taken.

    \b
    Examples:
      hearth takeover documents --dry-run abandoned/*.json
      hearth takeover documents abandoned/*.json
    """
    api = connection.connect()
    rows = [_document(api, path, dry_run=dry_run) for path in files]
    headings = {"file": "File", "name": "Stack", "outcome": "Outcome", "told": "What to know"}
    render.records(rows, headings, output_format)
    if any(row["outcome"] == Outcome.LEFT for row in rows):
        click.get_current_context().exit(1)


def _document(api: client.Client, path: pathlib.Path, *, dry_run: bool) -> dict[str, Any]:
    row = {"file": str(path), "name": "", "outcome": Outcome.LEFT.value, "told": ""}
    try:
        text = path.read_text()
        document = msgspec.json.decode(text)
        name = row["name"] = str(document["name"])
    except (OSError, UnicodeDecodeError, msgspec.DecodeError) as error:
        return row | {"told": f"It cannot be read: {error}"}
    except (KeyError, TypeError):
        return row | {"told": "It is no document of an abandoned stack: it has no 'name'."}
    try:
        if _is_there(api, name):
            return row | {"outcome": Outcome.THERE.value}
        body = {"stack_name": name, "adopt_stack_data": text, "disable_rollback": True}
        if dry_run:
            api.validate({"template": document["template"], **_surroundings(document)})
            return row | {"outcome": Outcome.WOULD_BE.value}
        api.create(body)
    except KeyError as error:
        return row | {"told": f"It is no document of an abandoned stack: it has no {error}."}
    except problems.ApiProblem as problem:
        return row | {"told": problem.message}
    return row | {"outcome": Outcome.TAKEN.value, "told": f"`hearth stack show {name}` tells when it is adopted."}


def _surroundings(document: dict[str, Any]) -> dict[str, Any]:
    return {"environment": document.get("environment") or {}, "files": document.get("files") or {}}


def _is_there(api: client.Client, name: str) -> bool:
    try:
        api.find(name)
    except problems.ApiProblem as problem:
        if problem.status == 404:
            return False
        raise
    return True
