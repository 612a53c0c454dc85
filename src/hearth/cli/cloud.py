"""`hearth cloud`: faults, clock and settings of the embedded cloud, through its admin API."""

import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any

import click
import msgspec

from hearth.cli import connection, options, problems, render

_TIMEOUT_SECONDS = 30

_FAULT_COLUMNS = {
    "id": "Id",
    "service": "Service",
    "kind": "Kind",
    "match": "Name",
    "method": "Method",
    "path": "Path",
    "status": "Status",
    "message": "Message",
    "latency": "Latency",
    "probability": "Probability",
    "count": "Left",
    "after_work": "After work",
    "silent": "Silent",
    "late": "Late",
}


def _url_option(command: options.Command) -> options.Command:
    text = "The embedded cloud's admin API; by default beside the Keystone that the credentials name."
    return click.option("--url", metavar="URL", help=text)(command)


@click.group("cloud")
@options.credentials(listed=False)
def group() -> None:
    """Steer the embedded cloud: make it fail, slow it down, let its time run faster.

    \b
    Examples:
      hearth cloud fault add --service nova --server-error 'web-.*' --message "No valid host was found."
      hearth cloud fault add --service neutron --method POST --path /ports --status 503 --count 2
      hearth cloud clock --rate 60
      hearth cloud settings build_seconds=10
    """


@group.group("fault")
def fault() -> None:
    """Let requests or servers of the embedded cloud fail."""


@fault.command("add")
@click.option(
    "--service", default="", help="nova, neutron, cinder, glance, keystone, swift or barbican; any when not given."
)
@click.option("--method", default="", help="HTTP method; any when not given.")
@click.option("--path", default="", metavar="REGEX", help="Requests whose path contains this.")
@click.option("--status", type=click.IntRange(400, 599), help="Answer with this HTTP status.")
@click.option("--message", default="", help="The reason the service gives.")
@click.option(
    "--retry-after",
    type=click.IntRange(0, 3600),
    default=0,
    metavar="SECONDS",
    help="With --status: ask to come again so much later.",
)
@click.option("--latency", type=click.FloatRange(0, 3600), default=0.0, metavar="SECONDS", help="Answer so much later.")
@click.option("--probability", type=click.FloatRange(0, 1), default=1.0, help="Hit only this share of the requests.")
@click.option("--count", type=click.IntRange(min=1), help="Hit only so many times.")
@click.option("--after-work", is_flag=True, help="Do the work, then lose the answer.")
@click.option("--drop", is_flag=True, help="Close the connection instead of answering.")
@click.option("--silent", is_flag=True, help="Take the request and never answer.")
@click.option(
    "--late",
    type=click.FloatRange(0, 3600),
    default=0.0,
    metavar="SECONDS",
    help="Cut the request off, and do its work so much later.",
)
@click.option("--server-error", metavar="REGEX", help="Servers whose name matches end in ERROR.")
@_url_option
@options.output_format
@options.credentials(listed=False)
def add_fault(url: str | None, output_format: str, server_error: str | None, status: int | None, **rule: Any) -> None:
    """Add a fault.

    \b
    Examples:
      hearth cloud fault add --service nova --method POST --path '/servers$' --status 500 --count 1
      hearth cloud fault add --service nova --server-error '.*' --message "No valid host was found." --count 1
      hearth cloud fault add --service neutron --latency 2
    """
    if server_error is not None:
        rule |= {"service": rule["service"] or "nova", "kind": "server_error", "match": server_error}
    elif not (status or rule["latency"] or rule["drop"] or rule["silent"] or rule["late"]):
        raise click.UsageError(
            "Say what shall happen: --status, --latency, --drop, --silent, --late or --server-error."
        )
    made = _ask("POST", "/faults", url, {**rule, "status": status or 0})
    render.record(_inner(made, "fault"), output_format)


@fault.command("list")
@_url_option
@options.output_format
@options.credentials(listed=False)
def list_faults(url: str | None, output_format: str) -> None:
    """List the faults in force."""
    answer = _ask("GET", "/faults", url)
    render.records(answer["faults"], _FAULT_COLUMNS, output_format)


@fault.command("remove")
@click.option("--all", "everything", is_flag=True, help="Remove every fault.")
@_url_option
@options.credentials(listed=False)
@click.argument("ids", nargs=-1, metavar="ID...")
def remove_faults(ids: Sequence[str], everything: bool, url: str | None) -> None:
    """Remove faults by id, or all of them."""
    if not ids and not everything:
        raise click.UsageError("Name the faults to remove (see `hearth cloud fault list`), or give --all.")
    if everything:
        _ask("DELETE", "/faults", url)
    for each in ids:
        _ask("DELETE", f"/faults/{each}", url)


@group.command()
@click.option("--rate", type=click.FloatRange(0, min_open=True), help="Cloud seconds in one real second.")
@click.option("--advance", type=click.FloatRange(0), metavar="SECONDS", help="Let the cloud's time jump ahead.")
@_url_option
@options.output_format
@options.credentials(listed=False)
def clock(rate: float | None, advance: float | None, url: str | None, output_format: str) -> None:
    """Show or change the cloud's virtual clock.

    \b
    Examples:
      hearth cloud clock
      hearth cloud clock --rate 60
      hearth cloud clock --advance 3600
    """
    changes = {key: value for key, value in {"rate": rate, "advance": advance}.items() if value is not None}
    answer = _ask("PUT", "/clock", url, changes) if changes else _ask("GET", "/clock", url)
    render.record(_inner(answer, "clock"), output_format)


@group.command()
@_url_option
@options.output_format
@options.credentials(listed=False)
@click.argument("changes", nargs=-1, metavar="[NAME=VALUE]...")
def settings(changes: Sequence[str], url: str | None, output_format: str) -> None:
    """Show or change how the cloud behaves.

    \b
    Examples:
      hearth cloud settings
      hearth cloud settings latency=0.05 build_seconds=10
    """
    values: dict[str, Any] = {}
    for change in changes:
        name, separator, text = change.partition("=")
        if not separator:
            raise click.UsageError(f"{change!r} is not NAME=VALUE.")
        try:
            values[name] = msgspec.json.decode(text.encode())
        except msgspec.DecodeError:
            values[name] = text
    answer = _ask("PUT", "/settings", url, values) if values else _ask("GET", "/settings", url)
    render.record(_inner(answer, "settings"), output_format)


def _ask(method: str, path: str, url: str | None, body: Any = None) -> Any:
    base = (url or connection.admin_url()).rstrip("/")
    content = None if body is None else msgspec.json.encode(body)
    request = urllib.request.Request(base + path, content, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:
            text = answer.read()
    except urllib.error.HTTPError as error:
        raise problems.CliError(_reason(error.read()) or f"The embedded cloud answered {error.code}.") from error
    except (OSError, ValueError) as error:
        raise problems.CliError(
            f"Cannot reach the embedded cloud at {base}: {getattr(error, 'reason', error)}.",
            "`hearth up` starts one; `hearth status` says where it is.",
        ) from error
    return msgspec.json.decode(text) if text else None


def _inner(answer: Any, key: str) -> Any:
    """The thing itself, whether or not the answer wraps it."""
    return answer.get(key, answer)


def _reason(content: bytes) -> str:
    """The message in an error body of one of the services' shapes, or nothing."""
    try:
        body = msgspec.json.decode(content)
    except msgspec.DecodeError:
        return ""
    while isinstance(body, dict):
        body = body.get("message") or body.get("error") or next(iter(body.values()), "")
    return str(body)
