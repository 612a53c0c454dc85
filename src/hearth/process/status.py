"""`hearth status`: does a Hearth run in a data folder, where, and does it answer?"""

import json
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
    health = None if running is None or not running.url else health_of(running.url)
    state = "stopped" if running is None else "running" if health is not None else "not answering"
    found = {
        "state": state,
        "url": running.url if running else None,
        "pid": running.pid if running else None,
        "cloud": (health or {}).get("cloud"),
        "data_dir": str(home.folder),
        "clouds_yaml": str(home.clouds) if home.clouds.exists() else None,
        "log": str(home.log) if home.log.exists() else None,
    }
    render.record(found, output_format)
    sys.exit(0 if state == "running" else 3)


def answers(url: str) -> bool:
    """Whether the server at `url` says that it is well."""
    return health_of(url) is not None


def health_of(url: str) -> dict[str, str] | None:
    """What the server at `url` says of each of its parts; None: it does not answer, or is not well."""
    request = urllib.request.Request(f"{url}/healthcheck", headers={"Accept": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=_ANSWER_SECONDS) as answer:
            reasons = json.load(answer).get("reasons", [])
    except (urllib.error.URLError, OSError, ValueError):
        return None
    return {one["class"]: one["details"] for one in reasons if isinstance(one, dict)}
