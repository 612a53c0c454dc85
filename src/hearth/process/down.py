"""`hearth down`: stop the process that holds a data folder, and wait until it is gone."""

import contextlib
import os
import pathlib
import signal
import time

import click

from hearth.cli import problems
from hearth.process import home as homes

_LOOK_SECONDS = 0.1


@click.command()
@click.option("--data-dir", type=click.Path(path_type=pathlib.Path), help="The folder that `up` was given.")
@click.option("--timeout", type=click.IntRange(min=1), default=30, show_default=True, help="Seconds to wait.")
def command(data_dir: pathlib.Path | None, timeout: int) -> None:
    """Stop what `hearth up` started. Stacks and the embedded cloud stay on disk; the next start goes on with them.

    \b
    Examples:
      hearth down
      hearth down --data-dir .demo
    """
    home = homes.Home(data_dir or homes.default())
    if not stop(home, timeout):
        click.echo(f"No Hearth runs in {home.folder}.", err=True)
        return
    click.echo("Stopped.", err=True)


def stop(home: homes.Home, timeout: float) -> bool:
    """End the process that holds the folder; False when none does.

    Raises:
        problems.CliError: it is still there after `timeout` seconds.
    """
    running = home.running()
    if running is None:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(running.pid, signal.SIGTERM)
    until = time.monotonic() + timeout
    while home.running() is not None:
        if time.monotonic() > until:
            raise problems.CliError(
                f"Process {running.pid} has not stopped within {timeout:g} s.",
                f"Look into {home.log}, or `kill {running.pid}`.",
            )
        time.sleep(_LOOK_SECONDS)
    return True
