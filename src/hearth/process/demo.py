"""`hearth demo`: a fresh Hearth in a scratch folder, an example stack that grows in it, and how to go on.

Runs the very commands a user would type, as processes of their own. On a terminal everything stays up until Ctrl-C;
without one the stack is deleted and everything stopped, so that a script or CI can run it.
"""

import os
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Mapping

import click

from hearth.cli import problems
from hearth.process import down, up
from hearth.process import home as homes

_STACK = "demo"
_READY_SECONDS = 60
_STOP_SECONDS = 30
#: Installed, the examples are in the package; in a checkout they are beside the sources.
_PACKAGED = pathlib.Path(__file__).parents[1] / "examples"
_EXAMPLES = _PACKAGED if _PACKAGED.is_dir() else pathlib.Path(__file__).parents[3] / "examples"
_EXAMPLE = _EXAMPLES / "demo.yaml"


@click.command()
@click.option(
    "--data-dir",
    type=click.Path(path_type=pathlib.Path),
    default=".demo",
    show_default=True,
    help="Scratch folder; emptied first.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="A free one when not given.")
@click.option(
    "-t", "--template", type=click.Path(path_type=pathlib.Path), default=_EXAMPLE, help="Another template to deploy."
)
def command(data_dir: pathlib.Path, port: int, template: pathlib.Path) -> None:
    """Start everything in a scratch folder, deploy an example and show it.

    \b
    Examples:
      hearth demo
      hearth demo -t web.yaml
    """
    if not template.is_file():
        raise problems.CliError(
            f"There is no template {template}.", "Name one with -t, or run this in Hearth's source folder."
        )
    home = homes.Home(data_dir.absolute())
    _empty(home)
    home.prepare()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
    environment |= {"OS_CLIENT_CONFIG_FILE": str(home.clouds), "OS_CLOUD": "hearth"}
    stays = sys.stdin.isatty() and sys.stdout.isatty()

    _say(f"hearth up --detach --data-dir {data_dir}")
    with home.log.open("wb") as log:
        child = subprocess.Popen(
            [*_HEARTH, "up", "--data-dir", str(home.folder), "--port", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C here is ours to handle, not the child's
        )
    try:
        url = up.wait_until_ready(home, child, _READY_SECONDS)
        _hearth(environment, "stack", "create", "-t", _short(template), _STACK)
        if stays:
            click.echo(_how_to_go_on(home, url, template))
            child.wait()
        else:
            _hearth(environment, "stack", "delete", "--yes", _STACK)
    except KeyboardInterrupt:
        click.echo("\nStopping.", err=True)
    finally:
        down.stop(home, _STOP_SECONDS)
        child.wait(_STOP_SECONDS)


_HEARTH = (sys.executable, "-m", "hearth.process")


def _hearth(environment: Mapping[str, str], *arguments: str) -> None:
    _say(f"hearth {' '.join(arguments)}")
    status = subprocess.run([*_HEARTH, *arguments], env=environment, check=False).returncode
    if status != 0:
        raise problems.CliError(f"`hearth {' '.join(arguments)}` ended with status {status}.")


def _say(line: str) -> None:
    click.secho(f"\n$ {line}", bold=True, err=True)


def _short(path: pathlib.Path) -> str:
    here = pathlib.Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _empty(home: homes.Home) -> None:
    """Remove what an earlier demo left, and nothing that is not a Hearth's folder."""
    if not home.folder.exists():
        return
    if not home.lock.exists() and any(home.folder.iterdir()):
        raise problems.CliError(
            f"{home.folder} is not empty and not a Hearth's folder.", "Name another one with --data-dir."
        )
    down.stop(home, _STOP_SECONDS)
    shutil.rmtree(home.folder)


def _how_to_go_on(home: homes.Home, url: str, template: pathlib.Path) -> str:
    return f"""
Everything stays up at {url} until you press Ctrl-C. In another terminal:

  export OS_CLIENT_CONFIG_FILE={home.clouds} OS_CLOUD=hearth
  hearth stack update -t {_short(template)} --parameter count=5 {_STACK}
  hearth cloud fault add --service nova --server-error '.*' --message "No valid host was found." --count 1
  openstack server list
  openstack stack event list {_STACK}
"""
