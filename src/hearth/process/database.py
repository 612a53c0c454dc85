"""`hearth db upgrade|version|purge|rotate-keys|migrate-convergence-1`: what an operator does to the database itself.

It is done beside running services or without any. Nothing here speaks to the cloud or to the API. The database is named
as services find it: by configuration files, or by the data folder of `hearth up`.
"""

import asyncio
import contextlib
import functools
import pathlib
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import click
import sqlalchemy.exc
from oslo_config import cfg

from hearth.cli import options, problems, render
from hearth.cloud import config
from hearth.engine import modes, retention
from hearth.model.errors import HearthError
from hearth.process import home as homes
from hearth.process import orchestration, wiring
from hearth.store import Store, Unavailable, UnknownDatabase, rotation, stacks
from hearth.store.codec import InvalidEncryptionKey

Command = TypeVar("Command", bound=Callable[..., object])

_SECONDS = {"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}
_NOWHERE = "http://127.0.0.1"  # where the embedded cloud is does not matter here


def named(command: Command) -> Command:
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
@named
def upgrade(config_files: Sequence[pathlib.Path], data_dir: pathlib.Path | None) -> None:
    """Bring the schema to what this program needs. Services do the same when they start.

    \b
    Example:
      hearth db upgrade --config-file /etc/hearth/heat.conf
    """
    with opened(configuration(config_files, data_dir)) as store:
        before, needed = store.versions()
        store.migrate()
    text = f"The schema is at version {needed}"
    click.echo(f"{text} already." if before == needed else f"{text} now; it was {before or 'empty'}.", err=True)


@group.command()
@named
@options.output_format
def version(config_files: Sequence[pathlib.Path], data_dir: pathlib.Path | None, output_format: str) -> None:
    """Print the version of the schema; exit status 1 when this program needs another one.

    \b
    Example:
      hearth db version
    """
    with opened(configuration(config_files, data_dir)) as store:
        present, needed = store.versions()
    render.record({"version": present, "needed": needed}, output_format)
    if present != needed:
        raise _other_schema(present, needed)


def _other_schema(present: str | None, needed: str) -> problems.CliError:
    return problems.CliError(
        f"The schema is at version {present or '(none)'}; {needed} is needed.", "`hearth db upgrade` brings it there."
    )


def require_schema(store: Store) -> None:
    """Raises problems.CliError unless the schema is what this program needs."""
    present, needed = store.versions()
    if present != needed:
        raise _other_schema(present, needed)


@group.command()
@click.argument("age", type=click.IntRange(min=0), default=90)
@click.option(
    "-g", "--granularity", type=click.Choice(tuple(_SECONDS)), default="days", show_default=True, help="Unit of AGE."
)
@click.option("-p", "--project", "project_id", metavar="ID", help="Only stacks of this project.")
@click.option(
    "-b", "--batch", "--batch_size", type=click.IntRange(min=1), default=20, show_default=True, help="Stacks at a time."
)
@named
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
    with opened(configuration(config_files, data_dir)) as store:
        require_schema(store)
        before = now - age * _SECONDS[granularity]
        done = asyncio.run(retention.purge(store, before, now, project_id=project_id, batch=batch))
    click.echo(f"Removed {done.stacks} deleted stacks and {done.engines} dead engines.", err=True)


@group.command("migrate-convergence-1")
@click.argument("stack_ids", nargs=-1, metavar="[STACK_ID]...")
@named
def migrate_convergence(
    stack_ids: Sequence[str], config_files: Sequence[pathlib.Path], data_dir: pathlib.Path | None
) -> None:
    """Take root stacks, with all that is nested in them, out of the legacy mode; without STACK_ID all that are in it.

    Stacks in which something runs are left as they are, and named; exit status 1 then. It works beside running
    services and may be repeated. `hearth stack migrate` is the same for a user's own stacks.

    \b
    Examples:
      hearth db migrate-convergence-1 --config-file /etc/hearth/heat.conf
      hearth db migrate-convergence-1 1c0bd8a0-7ad7-4b5e-8f0a-2d5d9c2a8a11
    """
    with opened(configuration(config_files, data_dir)) as store:
        require_schema(store)
        migrated, left = asyncio.run(_migrate(store, stack_ids))
    click.echo(f"Migrated {migrated} stacks.", err=True)
    if left:
        raise problems.CliError("Not migrated: " + "; ".join(left), "Run it again for them once that has changed.")


async def _migrate(store: Store, stack_ids: Sequence[str]) -> tuple[int, list[str]]:
    """How many were migrated, and what kept others from it."""
    migrated, left = 0, list[str]()
    found = {one.id: one for one in await store.read(stacks.legacy_roots)}
    for stack_id in stack_ids or found:
        if stack_id not in found:
            left.append(f"{stack_id} is no live root stack of the legacy mode")
            continue
        try:
            migrated += await store.write(functools.partial(modes.migrate, root=found[stack_id]), [stack_id])
        except HearthError as error:
            left.append(f"{stack_id}: {error}")
    return migrated, left


@group.command("rotate-keys")
@click.option("--batch", type=click.IntRange(min=1), default=100, show_default=True, help="Rows at a time.")
@named
def rotate_keys(batch: int, config_files: Sequence[pathlib.Path], data_dir: pathlib.Path | None) -> None:
    """Seal all stored secrets with the newest key, auth_encryption_key; those of former_encryption_keys open them.

    It works in short transactions beside running services, which have to know both keys by then, and may be broken off
    and repeated at any time. Once it has ended with nothing left to do, the former keys can be forgotten.

    
    Example:
      hearth db rotate-keys --config-file /etc/hearth/heat.conf
    """
    with opened(configuration(config_files, data_dir)) as store:
        require_schema(store)
        try:
            renewed, current = asyncio.run(_rotate(store, batch))
        except InvalidEncryptionKey as error:
            raise problems.CliError(
                error.message, "What was sealed anew until now stays so; run it again with that key."
            ) from error
    click.echo(f"Sealed {renewed} secrets anew; {current} were sealed with the newest key already.", err=True)


async def _rotate(store: Store, batch: int) -> tuple[int, int]:
    renewed = current = 0
    for table, columns in rotation.places():
        last = None
        while True:
            work = functools.partial(
                rotation.renew, codec=store.codec, table=table, columns=columns, after=last, most=batch
            )
            done = await store.write(work)
            renewed, current, last = renewed + done.renewed, current + done.current, done.last
            if last is None:
                break
    return renewed, current


def configuration(config_files: Sequence[pathlib.Path], data_dir: pathlib.Path | None) -> cfg.ConfigOpts:
    """The configuration that names the database.

    Raises:
        problems.CliError: there is none.
    """
    home = homes.Home((data_dir or homes.default()).absolute())
    if config_files:
        return wiring.configuration(config_files, {})
    if home.database.exists():
        return wiring.configuration((), wiring.home_options(home, _NOWHERE, {}))
    raise problems.CliError(
        f"There is no database in {home.folder}.", "Name a folder with --data-dir, or files with --config-file."
    )


@contextlib.contextmanager
def opened(conf: cfg.ConfigOpts) -> Iterator[Store]:
    """The database, as it is.

    Raises:
        problems.CliError: it cannot be used.
    """
    try:
        url, keys = orchestration.database_url(conf), orchestration.encryption_keys(conf)
    except config.ConfigError as error:
        raise problems.CliError(f"Configuration: {error}") from error
    try:
        store = Store(url, keys, wanted=orchestration.connections(conf))
    except UnknownDatabase as error:
        raise problems.CliError(f"Configuration: {error.message}") from error
    except (sqlalchemy.exc.ArgumentError, sqlalchemy.exc.NoSuchModuleError) as error:
        raise problems.CliError(f"[database] connection cannot be used: {error}") from error
    try:
        yield store
    except (sqlalchemy.exc.DBAPIError, Unavailable) as error:
        behind = error.orig if isinstance(error, sqlalchemy.exc.DBAPIError) else error
        raise problems.CliError(f"The database cannot be used: {behind}") from error
    finally:
        store.close()
