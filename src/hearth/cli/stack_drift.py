"""`hearth stack drift`: what differs between a stack and its live objects, and what is to become of it."""

from collections.abc import Iterator
from typing import Any

import click

from hearth.cli import client, connection, drift_choice, options, render

#: The exit status when something has drifted, as scripts ask for it.
DRIFTED = 2


@click.command()
@click.option("--refresh/--cached", default=True, show_default=True, help="Look now, or show what was seen last.")
@click.option("--detail", is_flag=True, help="Also what is as expected, and what cannot be seen.")
@drift_choice.choices(undo=True)
@options.output_format
@options.credentials(listed=False)
@click.argument("name")
def drift(name: str, refresh: bool, detail: bool, output_format: str, **chosen: Any) -> None:
    """Show what differs between the stack NAME and its live objects, nested stacks included.

    Exit status: 0 when nothing has drifted, 2 when something has, 1 when the command itself failed.

    \b
    Examples:
      hearth stack drift web
      hearth stack drift web --cached --detail -f json
      hearth stack drift web --ignore server.metadata --accept net.name
      hearth stack drift web --revert group/0/server.flavor
      hearth stack update --existing web                 puts back what was decided to be reverted
    """
    api = connection.connect()
    stack = api.find(name)
    decisions = drift_choice.body(api, stack, chosen)
    if refresh or decisions:
        found = api.look_at_drift(stack, {"refresh": refresh, **decisions}, detail=detail)
    else:
        found = api.drift(stack, detail=detail)
    if output_format == "table":
        _show(found)
    else:
        render.document(found, output_format)
    click.get_current_context().exit(DRIFTED if found["drifted"] else 0)


def _show(found: client.Record) -> None:
    rows = [row for one in found["resources"] for row in _rows(one)]
    if rows:
        headings = {
            "resource": "Resource",
            "type": "Type",
            "property": "Property",
            "expected": "Expected",
            "actual": "Actual",
            "note": "Note",
        }
        render.records(rows, headings, "table")
    counts = {name: count for name, count in found["counts"].items() if count}
    click.echo(", ".join(f"{count} {_WORDS[name]}" for name, count in counts.items()) or "no resources", err=True)
    if any(row["note"] == _BY_REVERT for row in rows):
        click.echo(
            f"`hearth stack update --existing {found['stack_name']}` puts back what is to be reverted.", err=True
        )


_WORDS = {
    "same": "as expected",
    "drifted": "drifted",
    "gone": "gone",
    "failed": "failed",
    "unready": "not in the expected state",
    "unknown": "not known",
}
_BY_REVERT = "to be reverted"
_NOTES = {"update": "reverting updates it", "replace": "reverting replaces it", "refuse": "cannot be reverted"}


def _rows(one: client.Record) -> Iterator[client.Record]:
    """The lines of one resource: its condition where that is the news, then what differs, then what is decided."""
    about = {"resource": one["resource_path"], "type": one["resource_type"]}
    empty = {**about, "property": "", "expected": None, "actual": None, "note": ""}
    if one["condition"] not in ("drifted", "same"):
        yield {**empty, "actual": one["condition"], "note": _BY_REVERT if one["revert"] else one["reason"]}
    for each in one["properties"]:
        note = _BY_REVERT if each["revert"] else _NOTES[each["update"]]
        yield {**about, **{key: each[key] for key in ("property", "expected", "actual")}, "note": note}
    for each in one["accepted"]:
        told = {"expected": each["accepted"], "note": f"accepted; the template says {render.scalar(each['template'])}"}
        yield {**empty, "property": each["property"], **told}
    for name in one["ignored"]:
        yield {**empty, "property": name, "note": "ignored"}
    for name, reason in one.get("unseen", {}).items():
        yield {**empty, "property": name, "note": f"cannot be seen: {reason}"}
    if "unseen" in one and one["condition"] == "same":
        yield {**empty, "note": "as expected"}
