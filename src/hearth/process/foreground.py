"""The process that `hearth up` is: embedded cloud, API and engine over one folder, until it is told to stop."""

import pathlib
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from hearth.cli import problems
from hearth.process import home as homes
from hearth.process import logs, serving, wiring


def serve(
    home: homes.Home,
    host: str,
    port: int,
    *,
    cloud_settings: Mapping[str, Any],
    config_files: Sequence[pathlib.Path],
    overrides: Mapping[str, Any],
) -> None:
    """Run everything at `host` and `port` until SIGTERM or Ctrl-C.

    Raises:
        problems.CliError: the folder or the address is taken, the configuration is wrong, the start failed.
    """
    with homes.Lock(home) as lock:
        listener = serving.bind(host, port)
        url = serving.address(listener)
        logs.to_stderr()
        home.write_clouds(url)
        app = wiring.everything(
            home, url, cloud_settings=cloud_settings, config_files=config_files, overrides=overrides, own_log=True
        )

        def ready() -> None:
            lock.announce(url)
            if sys.stderr.isatty():
                click.echo(home.greeting(url), err=True)

        if not serving.run(app, listener, ready):
            raise problems.CliError("Hearth did not start; the reason stands above.")
