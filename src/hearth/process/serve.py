"""`hearth serve api|cfn|cloudwatch|engine|cloud|all`: parts of a deployment, alone or together, configured by files."""

import asyncio
import pathlib
import socket
import sys
from typing import Any

import click
from oslo_config import cfg

from hearth.cli import problems
from hearth.process import exposing, logs, serving, wiring
from hearth.process import home as homes
from hearth.process import workers as workers_of

PARTS = ("api", "cfn", "cloudwatch", "engine", "cloud", "all")
_ALL = {"api", "cfn", "cloudwatch", "engine"}
#: Parts that alone have a section of their own in the configuration.
_SECTIONS = {"cfn": "heat_api_cfn", "cloudwatch": "heat_api_cloudwatch"}
#: Where the embedded cloud alone listens, which needs no configuration.
_CLOUD = ("127.0.0.1", 8004)


@click.command()
@click.option(
    "--config-file",
    "config_files",
    type=click.Path(path_type=pathlib.Path, exists=True, dir_okay=False),
    multiple=True,
    help="heat.conf and its like; later ones win.",
)
@click.option(
    "--host",
    help="Address to listen on. Default: bind_host of [heat_api]; alone, cfn and cloudwatch have their own sections.",
)
@click.option("--port", type=click.IntRange(0, 65535), help="0: a free one. Default: bind_port of the same section.")
@click.option("--certfile", "cert_file", type=click.Path(), help="Certificate (PEM) to serve TLS with.")
@click.option("--keyfile", "key_file", type=click.Path(), help="Its private key; not needed if it is in the same file.")
@click.option("--data-dir", type=click.Path(path_type=pathlib.Path), help="Where `cloud` keeps its state.")
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="Processes that share the address. Default: num_engine_workers for engine alone, else 1.",
)
@click.option("--listener-fd", type=int, hidden=True)
@click.option("--metrics-fd", type=int, hidden=True)
@click.argument(
    "parts", nargs=-1, required=True, type=click.Choice(PARTS), metavar="[api|cfn|cloudwatch|engine|cloud|all]..."
)
def command(
    parts: tuple[str, ...],
    config_files: tuple[pathlib.Path, ...],
    host: str | None,
    port: int | None,
    cert_file: str | None,
    key_file: str | None,
    data_dir: pathlib.Path | None,
    workers: int | None,
    listener_fd: int | None,
    metrics_fd: int | None,
) -> None:
    """Run services of a deployment in the foreground, for a service manager to look after.

    `api` is the orchestration API, `cfn` the CloudFormation API, `cloudwatch` the CloudWatch API of lite alarms,
    `engine` an engine, `all` the four; `cloud` is the embedded cloud. Beside another API cfn is served below
    /cloudformation and cloudwatch below /cloudwatch. The address answers /healthcheck, also for an engine alone. With
    several `--workers` one that dies is started again; a signal to stop reaches them all, and each finishes what it is
    at.

    \b
    Examples:
      hearth serve all --config-file /etc/hearth/heat.conf --host 0.0.0.0
      hearth serve engine --config-file /etc/hearth/heat.conf --port 8005 --workers 4
      hearth serve cfn --config-file /etc/hearth/heat.conf --host 0.0.0.0
      hearth serve api --config-file /etc/hearth/heat.conf --certfile /etc/ssl/heat.pem --keyfile /etc/ssl/heat.key
      hearth serve cloud --port 8700 --data-dir /var/lib/hearth-cloud
    """
    logs.to_stderr()
    wanted = set(parts) - {"all"} | (_ALL if "all" in parts else set())
    orchestrates = bool(wanted & _ALL)
    if orchestrates and not config_files:
        raise click.UsageError("Name the configuration with --config-file; `hearth up` needs none.")
    home = homes.Home((data_dir or homes.default()).absolute())
    if "cloud" in wanted:
        home.prepare()
    conf = wiring.configuration(config_files, {}) if orchestrates else None
    if conf is not None:
        wiring.log(conf)
    tls = _tls(conf, wanted, cert_file, key_file)
    bind_host, bind_port = _address(conf, wanted)
    backlog = serving.BACKLOG if conf is None else _section(conf, wanted).backlog
    if listener_fd is None:
        listener = serving.bind(host or bind_host, bind_port if port is None else port, backlog)
    else:
        listener = socket.socket(fileno=listener_fd)
    metrics = exposing.listener(conf) if metrics_fd is None else socket.socket(fileno=metrics_fd)
    count = 1 if listener_fd is not None else _workers(conf, wanted, workers)
    if count > 1:
        _keep(count, listener, metrics)
        return
    url = serving.address(listener, "https" if tls else "http")
    app = wiring.services(
        conf,
        home.cloud_data,
        url,
        metrics,
        **{part: part in wanted for part in PARTS if part != "all"},
    )

    def ready() -> None:
        click.echo(f"Serving {', '.join(sorted(wanted))} at {url}", err=True)
        if listener_fd is not None:
            workers_of.serves()

    if not serving.run(app, listener, ready, tls, backlog):
        raise problems.CliError("The start failed; the reason stands above.")


def _workers(conf: cfg.ConfigOpts | None, wanted: set[str], given: int | None) -> int:
    """How many processes share the address."""
    if "cloud" in wanted:
        if given is not None and given > 1:
            raise click.UsageError(
                f"--workers {given}: the embedded cloud is one process; serve it by a command of its own."
            )
        return 1
    if given is not None or conf is None or len(wanted) != 1:
        return given or 1
    (part,) = wanted
    chosen = conf.num_engine_workers if part == "engine" else _section(conf, wanted).workers
    return int(chosen or 1)


def _keep(count: int, listener: socket.socket, metrics: socket.socket | None) -> None:
    """Let so many processes do the same as this one was told to, on its sockets."""
    handed = {"--listener-fd": listener, **({"--metrics-fd": metrics} if metrics is not None else {})}
    given = [*sys.argv[1:], *(f"{name}={one.fileno()}" for name, one in handed.items())]
    for one in handed.values():
        one.set_inheritable(True)

    async def kept() -> bool:
        return await workers_of.Keeper(count, given, [one.fileno() for one in handed.values()]).run()

    if not asyncio.run(kept()):
        raise problems.CliError("A worker did not start, or did not end in order; the reason stands above.")


def _address(conf: cfg.ConfigOpts | None, wanted: set[str]) -> tuple[str, int]:
    """Host and port as configured."""
    if conf is None:
        return _CLOUD
    section = _section(conf, wanted)
    return section.bind_host, section.bind_port


def _section(conf: cfg.ConfigOpts, wanted: set[str]) -> Any:
    """The section of the configuration that says how these parts are served."""
    (part, *others) = wanted
    return conf.heat_api if others else conf[_SECTIONS.get(part, "heat_api")]


def _tls(
    conf: cfg.ConfigOpts | None, wanted: set[str], cert_file: str | None, key_file: str | None
) -> serving.Tls | None:
    """How to serve TLS: as the command line says, else as the service's section or [ssl] does; None: not."""
    if conf is not None and cert_file is None:
        own = _section(conf, wanted)
        section = own if own.cert_file and wanted != {"engine"} else conf.ssl
        cert_file, key_file = section.cert_file, key_file or section.key_file
    if cert_file is None:
        return None
    chosen = (conf.ssl.ca_file, conf.ssl.ciphers, conf.ssl.version) if conf else ()
    tls = serving.Tls(cert_file, key_file, *chosen)
    serving.check_tls(tls)
    return tls
