"""`hearth up`: embedded cloud, API and engine in one process behind one port, in the foreground or detached."""

import os
import pathlib
import subprocess
import sys
import time

import click

from hearth.cli import lazy, problems
from hearth.process import home as homes
from hearth.process import status

DEFAULT_PORT = 8700

_LOOK_SECONDS = 0.1
_TAIL_LINES = 15


@click.command()
@click.option("--data-dir", type=click.Path(path_type=pathlib.Path), help="Where everything is kept.")
@click.option("--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True, help="0: a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--detach", is_flag=True, help="Go to the background; return when all is ready.")
@click.option("--timeout", type=click.IntRange(min=1), default=60, show_default=True, help="With --detach: seconds.")
@click.option("--cloud-latency", type=click.FloatRange(0, 60), metavar="SECONDS", help="Each answer takes so long.")
@click.option("--build-seconds", type=click.FloatRange(0), metavar="SECONDS", help="From BUILD to ACTIVE.")
@click.option("--clock-rate", type=click.FloatRange(0, min_open=True), help="Cloud seconds in a real second.")
@click.option(
    "--config-file",
    "config_files",
    type=click.Path(path_type=pathlib.Path, exists=True, dir_okay=False),
    multiple=True,
    help="Engine and API options, as in heat.conf.",
)
@click.option(
    "--max-resources-per-stack", type=click.IntRange(min=-1), metavar="N", help="-1: no limit; 1000 by default."
)
def command(
    data_dir: pathlib.Path | None,
    port: int,
    host: str,
    detach: bool,
    timeout: int,
    cloud_latency: float | None,
    build_seconds: float | None,
    clock_rate: float | None,
    config_files: tuple[pathlib.Path, ...],
    max_resources_per_stack: int | None,
) -> None:
    """Start Hearth with an embedded OpenStack cloud, everything behind one port.

    What is made stays in the data folder and is there again after the next start.

    \b
    Examples:
      hearth up
      hearth up --detach --data-dir /tmp/try --port 0
      hearth up --build-seconds 30 --clock-rate 10
    """
    home = homes.Home((data_dir or homes.default()).absolute())
    home.prepare()
    if detach:
        _detach(home, timeout)
        return
    chosen = {"latency": cloud_latency, "build_seconds": build_seconds, "clock_rate": clock_rate}
    cloud = {name: value for name, value in chosen.items() if value is not None}
    overrides = {} if max_resources_per_stack is None else {"max_resources_per_stack": max_resources_per_stack}
    # The parts take over a second to load, which those who only start or watch such a process need not pay.
    serve = lazy.load("hearth.process.foreground:serve")
    serve(home, host, port, cloud_settings=cloud, config_files=config_files, overrides=overrides)


def _detach(home: homes.Home, timeout: int) -> None:
    """Start this very command again in the background, without `--detach`, and wait until it answers."""
    if (other := home.running()) is not None:
        raise problems.CliError(
            f"A Hearth runs in {home.folder} already (process {other.pid}, {other.url or 'starting'}).",
            "Use it, stop it with `hearth down`, or name another folder with --data-dir.",
        )
    arguments = [one for one in sys.argv[1:] if one != "--detach"]
    with home.log.open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "hearth.process", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    url = wait_until_ready(home, child, timeout)
    click.echo(home.greeting(url), err=True)


def wait_until_ready(home: homes.Home, child: subprocess.Popen[bytes], timeout: float) -> str:
    """The address of a Hearth that was just started, once it answers.

    Raises:
        problems.CliError: it ended or is not ready in time; the end of its log is part of the message.
    """
    until = time.monotonic() + timeout
    while True:
        if child.poll() is not None:
            raise problems.CliError(f"Hearth ended while starting (status {child.returncode}).\n{_tail(home.log)}")
        running = home.running()
        if running is not None and running.pid == child.pid and running.url and status.answers(running.url):
            return running.url
        if time.monotonic() > until:
            os.kill(child.pid, 15)
            raise problems.CliError(f"Hearth was not ready within {timeout:g} s and was stopped.\n{_tail(home.log)}")
        time.sleep(_LOOK_SECONDS)


def _tail(log: pathlib.Path) -> str:
    lines = log.read_text(errors="replace").splitlines()[-_TAIL_LINES:]
    return "\n".join(["The end of " + str(log) + ":", *lines])
