"""`hearth software config create|list|show|delete`."""

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import click
import yaml

from hearth.cli import client, connection, options, problems, render

_HEADINGS = {"id": "Id", "name": "Name", "group": "Group", "creation_time": "Created"}
_DEFINED = ("inputs", "outputs", "options")


@click.command()
@click.option("--file", "text_file", type=click.Path(path_type=pathlib.Path), help="The script or settings.")
@click.option("--definition", type=click.Path(path_type=pathlib.Path), help="YAML with inputs, outputs and options.")
@click.option("--group", default="Heat::Ungrouped", show_default=True, help="The tool that reads it, such as script.")
@options.output_format
@options.credentials(listed=False)
@click.argument("name")
def create(
    name: str, text_file: pathlib.Path | None, definition: pathlib.Path | None, group: str, output_format: str
) -> None:
    """Keep a config called NAME.

    \b
    Examples:
      hearth software config create install --file install.sh --group script
      hearth software config create install --file install.sh --definition install.yaml
    """
    body: client.Record = {"name": name, "group": group}
    if text_file is not None:
        body["config"] = _text(text_file)
    if definition is not None:
        body |= _defined(definition)
    render.record(connection.connect().create_config(body), output_format)


@click.command("list")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many.")
@options.output_format
@options.credentials(listed=False)
def list_(limit: int | None, output_format: str) -> None:
    """List the project's configs, newest first.

    \b
    Example:
      hearth software config list --limit 20
    """
    params = [("limit", str(limit))] if limit else []
    render.records(connection.connect().configs(params), _HEADINGS, output_format)


@click.command()
@click.option("--text", is_flag=True, help="Print its text only.")
@options.output_format
@options.credentials(listed=False)
@click.argument("config")
def show(config: str, text: bool, output_format: str) -> None:
    """Show the CONFIG of that id.

    \b
    Example:
      hearth software config show 0c2bd1b2-8d0d-4f3c-a7a5-5b0f5ac0e1c1 --text > install.sh
    """
    found = connection.connect().config(config)
    if text:
        click.echo(render.scalar(found["config"]), nl=False)
    else:
        render.record(found, output_format)


@click.command()
@options.credentials(listed=False)
@click.argument("configs", nargs=-1, required=True)
def delete(configs: Sequence[str]) -> None:
    """Delete the CONFIGS of these ids.

    \b
    Example:
      hearth software config delete 0c2bd1b2-8d0d-4f3c-a7a5-5b0f5ac0e1c1
    """
    api = connection.connect()
    for one in configs:
        api.delete_config(one)


def _text(path: pathlib.Path) -> str:
    try:
        return path.expanduser().read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise problems.CliError(f"Cannot read {path}: {error}.") from error


def _defined(path: pathlib.Path) -> Mapping[str, Any]:
    """Inputs, outputs and options of a definition file."""
    try:
        found = yaml.safe_load(_text(path))
    except yaml.YAMLError as error:
        raise problems.CliError(f"{path} is not YAML: {error}.") from error
    if found is None:
        return {}
    if not isinstance(found, dict) or not set(found) <= set(_DEFINED):
        raise problems.CliError(f"{path} may hold these keys and no others: {', '.join(_DEFINED)}.")
    return found
