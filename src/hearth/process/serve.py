"""`hearth serve api|cfn|engine|cloud|all`: the parts of a deployment, each alone or together, configured by files."""

import pathlib

import click

from hearth.cli import problems
from hearth.process import home as homes
from hearth.process import serving, wiring

PARTS = ("api", "cfn", "engine", "cloud", "all")
_ALL = {"api", "cfn", "engine"}
_PORT = 8004
_CFN_PORT = 8000


@click.command()
@click.option(
    "--config-file",
    "config_files",
    type=click.Path(path_type=pathlib.Path, exists=True, dir_okay=False),
    multiple=True,
    help="heat.conf and its like; later ones win.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), help=f"0: a free one. Default: {_PORT}, of cfn alone {_CFN_PORT}."
)
@click.option("--data-dir", type=click.Path(path_type=pathlib.Path), help="Where `cloud` keeps its state.")
@click.argument("parts", nargs=-1, required=True, type=click.Choice(PARTS), metavar="[api|cfn|engine|cloud|all]...")
def command(
    parts: tuple[str, ...],
    config_files: tuple[pathlib.Path, ...],
    host: str,
    port: int | None,
    data_dir: pathlib.Path | None,
) -> None:
    """Run services of a deployment in the foreground, for a service manager to look after.

    `api` is the orchestration API, `cfn` the CloudFormation API, `engine` an engine, `all` the three; `cloud` is the
    embedded cloud. Beside another part cfn is served below /cloudformation. The address answers /healthcheck, also for
    an engine alone.

    \b
    Examples:
      hearth serve all --config-file /etc/hearth/heat.conf --host 0.0.0.0
      hearth serve engine --config-file /etc/hearth/heat.conf --port 8005
      hearth serve cfn --config-file /etc/hearth/heat.conf --host 0.0.0.0
      hearth serve cloud --port 8700 --data-dir /var/lib/hearth-cloud
    """
    wiring.log_to_stderr()
    wanted = set(parts) - {"all"} | (_ALL if "all" in parts else set())
    orchestrates = bool(wanted & _ALL)
    if port is None:
        port = _CFN_PORT if wanted == {"cfn"} else _PORT
    if orchestrates and not config_files:
        raise click.UsageError("Name the configuration with --config-file; `hearth up` needs none.")
    home = homes.Home((data_dir or homes.default()).absolute())
    if "cloud" in wanted:
        home.prepare()
    listener = serving.bind(host, port)
    url = serving.address(listener)
    conf = wiring.configuration(config_files, {}) if orchestrates else None
    app = wiring.services(
        conf,
        home.cloud_data,
        url,
        **{part: part in wanted for part in ("api", "cfn", "engine", "cloud")},
    )
    if not serving.run(app, listener, lambda: click.echo(f"Serving {', '.join(sorted(wanted))} at {url}", err=True)):
        raise problems.CliError("The start failed; the reason stands above.")
