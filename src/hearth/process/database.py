"""`hearth db upgrade|version|purge`: what an operator does to the database itself, beside running services or without.

Nothing here speaks to the cloud or to the API. The database is named as services find it: by configuration files, or
by the data folder of `hearth up`.
"""

import asyncio
import contextlib
import pathlib
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import click
import sqlalchemy.exc

from hearth.cli import options, problems, render
from hearth.engine import retention
from hearth.process import home as homes
from hearth.process import orchestration, wiring
from hearth.store import Store, Unavailable

Command = TypeVar("Command", bound=Callable[..., object])

_SECONDS = {"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}
_NOWHERE = "http://127.0.0.1"  # where the embedded cloud is does not matter here


def _database(command: Command) -> Command:
    """The options that name a database."""
    path = click.Path(path_type=pathlib.Path)
    file = click.Path(path_type=pathlib.Path, exists=True, dir_okay=False)
    command = click.option("--data-dir", type=path, help="The folder that `up` was given.")(command)
    return click.option(
        "--config-file", "config_files", type=file, multiple=True, help="heat.conf and its like; later ones win."
    )(command)


@click.group("db")
def group() -> None:
    """Look after the database: of `hearth up` in its data folder, or the one that --config-file names."""


@group.command()
@_database
def upgrade(config_files: Sequence[pathlib.Path], data_dir: pathlib.Path | None) -> None:
    """Bring the schema to what this program needs. Services do the same when they start.

    \b
    Example:
      hearth db upgrade --config-file /etc/hearth/heat.conf
    """
    with _opened(config_files, data_dir) as store:
        before, needed = store.versions()
        store.migrate()
    text = f"The schema is at version {needed}"
    click.echo(f"{text} already." if before == needed else f"{text} now; it was {before or 'empty'}.", err=True)


@group.command()
@_database
@options.output_format
def version(config_files: Sequence[pathlib.Path], data_dir: pathlib.Path | None, output_format: str) -> None:
    """Print the version of the schema; exit status 1 when this program needs another one.

    \b
    Example:
      hearth db version
    """
    with _opened(config_files, data_dir) as store:
        present, needed = store.versions()
    render.record({"version": present, "needed": needed}, output_format)
    if present != needed:
        raise problems.CliError(f"The schema is at version {present or '(none)'}; {needed} is needed.", _UPGRADE)


_UPGRADE = "`hearth db upgrade` brings it there."


@group.command()
@click.argument("age", type=click.IntRange(min=0), default=90)
@click.option(
    "-g", "--granularity", type=click.Choice(tuple(_SECONDS)), default="days", show_default=True, help="Unit of AGE."
)
@click.option("-p", "--project", "project_id", metavar="ID", help="Only stacks of this project.")
@click.option(
    "-b", "--batch", "--batch_size", type=click.IntRange(min=1), default=20, show_default=True, help="Stacks at a time."
)
@_database
def purge(
    age: int,
    granularity: str,
    project_id: str | None,
    batch: int,
    config_files: Sequence[pathlib.Path],
    data_dir: pathlib.Path | None,
) -> None:
    """Remove for good what was deleted more than AGE (90) days ago: stacks with all that was kept of them.

    Engines do this by themselves (options purge_deleted_after, purge_interval). It works in short transactions beside
    running services; many may run at once. Documents that no stack refers to any more and dead engines go too.

    \b
    Examples:
      hearth db purge
      hearth db purge 12 -g hours -p 2b4e0a --config-file /etc/hearth/heat.conf
    """
    now = time.time()
    with _opened(config_files, data_dir) as store:
        present, needed = store.versions()
        if present != needed:
            raise problems.CliError(f"The schema is at version {present or '(none)'}; {needed} is needed.", _UPGRADE)
        before = now - age * _SECONDS[granularity]
        done = asyncio.run(retention.purge(store, before, now, project_id=project_id, batch=batch))
    click.echo(f"Removed {done.stacks} deleted stacks and {done.engines} dead engines.", err=True)


@contextlib.contextmanager
def _opened(config_files: Sequence[pathlib.Path], data_dir: pathlib.Path | None) -> Iterator[Store]:
    """The database, as it is."""
    home = homes.Home((data_dir or homes.default()).absolute())
    if config_files:
        conf = wiring.configuration(config_files, {})
    elif home.database.exists():
        conf = wiring.configuration((), wiring.home_options(home, _NOWHERE, {}))
    else:
        raise problems.CliError(
            f"There is no database in {home.folder}.", "Name a folder with --data-dir, or files with --config-file."
        )
    url, key = orchestration.database_url(conf), orchestration.encryption_key(conf)
    try:
        store = Store(url, [key])
    except (sqlalchemy.exc.ArgumentError, sqlalchemy.exc.NoSuchModuleError) as error:
        raise problems.CliError(f"[database] connection cannot be used: {error}") from error
    try:
        yield store
    except (sqlalchemy.exc.DBAPIError, Unavailable) as error:
        behind = error.orig if isinstance(error, sqlalchemy.exc.DBAPIError) else error
        raise problems.CliError(f"The database cannot be used: {behind}") from error
    finally:
        store.close()
