"""Data on standard output as a table, JSON, YAML or bare values.

Machine formats print the API's own keys and values; tables choose columns and words. A table that does not go to a
terminal is never cut.
"""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click
import msgspec
import rich.box
import rich.console
import rich.table
import rich.text
import yaml

#: Wide enough that no table is wrapped when a file or a pipe reads it.
_UNCUT = 32_000

COLOURS = {"COMPLETE": "green", "FAILED": "red", "PROGRESS": "yellow"}


def records(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], output_format: str) -> None:
    """Print rows; `columns` maps a key of the rows to its heading, in order."""
    chosen = [{key: row.get(key) for key in columns} for row in rows]
    if output_format == "value":
        for row in chosen:
            click.echo(" ".join(scalar(value) for value in row.values()))
    elif output_format == "table":
        table = _table()
        for heading in columns.values():
            table.add_column(heading, overflow="fold")
        for row in chosen:
            table.add_row(*(_cell(value) for value in row.values()))
        console().print(table)
    else:
        document(chosen, output_format)


def record(row: Mapping[str, Any], output_format: str) -> None:
    """Print one thing, a line for each key."""
    if output_format == "value":
        for value in row.values():
            click.echo(scalar(value))
    elif output_format == "table":
        table = _table()
        table.add_column("Field", no_wrap=True)
        table.add_column("Value", overflow="fold")
        for key, value in row.items():
            table.add_row(key, _cell(value))
        console().print(table)
    else:
        document(dict(row), output_format)


def document(data: Any, output_format: str) -> None:
    """Print nested data as JSON or YAML (also for the formats that have no form of their own for it)."""
    if output_format == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(data)).decode())
    else:
        click.echo(as_yaml(data), nl=False)


def as_yaml(data: Any) -> str:
    """YAML in the order of the data."""
    text: str = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, default_flow_style=False)
    return text


def scalar(value: Any) -> str:
    """A value as text: strings bare, the rest as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def state(text: str) -> rich.text.Text:
    """`CREATE_COMPLETE` and its like in its colour."""
    return rich.text.Text(text, style=COLOURS.get(text.rpartition("_")[2], ""))


def _cell(value: Any) -> rich.text.Text:
    if isinstance(value, str) and value.rpartition("_")[2] in COLOURS and value.isupper():
        return state(value)
    if isinstance(value, dict | list) and value:
        return rich.text.Text(as_yaml(value).rstrip())
    return rich.text.Text(scalar(value))


def _table() -> rich.table.Table:
    return rich.table.Table(box=rich.box.SIMPLE_HEAD, pad_edge=False, show_edge=False)


def console() -> rich.console.Console:
    """Where people read; what does not go to a terminal is never cut."""
    return rich.console.Console(width=None if sys.stdout.isatty() else _UNCUT)
