"""A plan as people read it: what becomes of each resource, with values and reasons, as a tree of stacks.

Called by the commands that plan. What is kept is counted, and shown only on request. Machines get the plan itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click
import msgspec
import rich.console
import rich.text
import rich.tree

from hearth.cli import render

Record = Mapping[str, Any]

#: Sign and colour of each change, and the user's word for it.
_SIGNS = {
    "create": ("+", "green"),
    "update": ("~", "yellow"),
    "replace": ("±", "magenta"),
    "delete": ("-", "red"),
    "refuse": ("!", "bold red"),
    "keep": (" ", "dim"),
}
_WORDS = {"CREATE": "Creation", "ADOPT": "Adoption", "UPDATE": "Update", "DELETE": "Deletion"}
_BECAUSE = {"replace": "replaced", "refuse": "refused", "delete": "deleted"}
_LEFT = {
    "object": "its object stays where it is",
    "snapshot": "a snapshot of it stays",
    "forced": "its object stays if it cannot be deleted",
}
_LONGEST_VALUE = 70


def show(plan: Record, output_format: str, *, everything: bool = False) -> None:
    """Print a plan in one of the output formats. `everything`: what is kept, too."""
    document = plan["document"]
    if output_format in ("json", "yaml"):
        render.document(dict(plan), output_format)
    elif output_format == "value":
        for one in _all(document["stack"]):
            click.echo(f"{one['change']} {one['path']}")
    else:
        console = render.console()
        console.print(_tree(document, everything))
        for line in _closing(document):
            console.print(line)


def _all(stack: Record) -> Iterator[Record]:
    for one in stack["resources"]:
        yield one
        for nested in (one["nested"], one["nested_removed"]):
            if nested is not None:
                yield from _all(nested)


def _tree(document: Record, everything: bool) -> rich.tree.Tree:
    stack = document["stack"]
    root = rich.tree.Tree(f"{_WORDS.get(document['action'], document['action'])} of stack {stack['name']}")
    _grow(root, stack, everything)
    return root


def _grow(tree: rich.tree.Tree, stack: Record, everything: bool) -> None:
    batches = stack["batches"]
    if batches is not None:
        text = f"in {batches['count']} batches"
        if batches["temporary"]:
            text += f"; for a while there are also {', '.join(batches['temporary'])}"
        tree.add(rich.text.Text(text, style="dim"))
    for one in stack["resources"]:
        if everything or _matters(one):
            branch = tree.add(_resource(one, is_end=stack["action"] == "DELETE"))
            for nested in (one["nested"], one["nested_removed"]):
                if nested is not None:
                    _grow(branch, nested, everything)


def _matters(one: Record) -> bool:
    """Whether anything happens to a resource, or may, or in what is nested in it."""
    nested = [stack for stack in (one["nested"], one["nested_removed"]) if stack is not None]
    if one["change"] == "update" and nested and not one["nested_unknown"]:
        return any(_matters(inner) for stack in nested for inner in stack["resources"])
    return one["change"] != "keep" or bool(one["may_be"])


def _resource(one: Record, *, is_end: bool) -> rich.text.Text:
    sign, colour = _SIGNS[one["change"]]
    text = rich.text.Text()
    text.append(f"{sign} {one['name']}", style=colour)
    text.append(f"  {one['type']}", style="dim")
    for line in _notes(one, is_end):
        text.append(f"\n    {line}")
    return text


def _notes(one: Record, is_end: bool) -> Iterator[str]:
    """What there is to say; `is_end`: the whole stack goes, which is reason enough."""
    change = one["change"]
    if change in _BECAUSE and not is_end:
        yield f"{_BECAUSE[change]}: {one['reason']}"
    if one["may_be"]:
        yield f"or {' or '.join(one['may_be'])}, when the values are known"
    if one["leaves"] is not None:
        yield _LEFT[one["leaves"]]
    if one["nested_unknown"] is not None:
        yield one["nested_unknown"]
    for key, value in one["properties"].items():
        if change == "create":
            yield f"{key}: {_value(value['after'])}"
        else:
            yield from _difference(key, value["before"], value["after"])


def _difference(key: str, before: Any, after: Any) -> Iterator[str]:
    """A changed value; of a list that keeps a part of what it has, the items that go and come."""
    if isinstance(before, list) and isinstance(after, list):
        old, new = [_encoded(one) for one in before], [_encoded(one) for one in after]
        less, more = [one for one in old if one not in new], [one for one in new if one not in old]
        if len(less) < len(old) and (less or more):
            yield f"{key}: {len(less)} less, {len(more)} more"
            yield from (f"  - {_cut(one)}" for one in less)
            yield from (f"  + {_cut(one)}" for one in more)
            return
    yield f"{key}: {_value(before)} → {_value(after)}"


def _value(value: Any) -> str:
    if value is None:
        return "(none)"
    return _cut(value if isinstance(value, str) else _encoded(value))


def _encoded(value: Any) -> str:
    """Keys in order, so that equal values read alike."""
    return msgspec.json.encode(value, order="deterministic").decode()


def _cut(text: str) -> str:
    text = text.replace("\n", "⏎")
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


def _closing(document: Record) -> Iterator[rich.console.RenderableType]:
    path: Sequence[str] = document["critical_path"]
    if len(path) > 1:
        shown = list(path) if len(path) <= 8 else [*path[:4], "…", *path[-3:]]
        yield rich.text.Text(f"Longest chain of work ({len(path)}): {' → '.join(shown)}", style="dim")
    if document["left_out"]:
        yield rich.text.Text(f"Left out, for an update of the whole to bring: {', '.join(document['left_out'])}")
    summary = document["summary"]
    counts = [f"{summary[word]} to {word}" for word in _SIGNS if summary[word]]
    changing = [word for word in _SIGNS if word != "keep" and summary[word]]
    said = ", ".join(counts) if changing else f"Nothing to do: {summary['keep']} to keep"
    if summary["uncertain"]:
        said += f"; {summary['uncertain']} may come otherwise, when values are known"
    yield rich.text.Text(said + ".")
