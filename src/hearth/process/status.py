"""`hearth status`: does a Hearth run in a data folder, where, and does it answer?"""

import pathlib
import sys
import urllib.error
import urllib.request

import click

from hearth.cli import options, render
from hearth.process import home as homes

_ANSWER_SECONDS = 5


@click.command()
@click.option("--data-dir", type=click.Path(path_type=pathlib.Path), help="The folder that `up` was given.")
@options.output_format
def command(data_dir: pathlib.Path | None, output_format: str) -> None:
    """Say whether a Hearth runs here, and where. Exit status 0 when it runs and answers, 3 when not.

    \b
    Examples:
      hearth status
      hearth status --data-dir .demo -f json
    """
    home = homes.Home((data_dir or homes.default()).absolute())
    running = home.running()
    state = "stopped" if running is None else "running" if running.url and answers(running.url) else "not answering"
    found = {
        "state": state,
        "url": running.url if running else None,
        "pid": running.pid if running else None,
        "data_dir": str(home.folder),
        "clouds_yaml": str(home.clouds) if home.clouds.exists() else None,
        "log": str(home.log) if home.log.exists() else None,
    }
    render.record(found, output_format)
    sys.exit(0 if state == "running" else 3)


def answers(url: str) -> bool:
    """Whether the server at `url` says that it is well."""
    try:
        with urllib.request.urlopen(f"{url}/healthcheck", timeout=_ANSWER_SECONDS) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
