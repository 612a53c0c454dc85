"""How the diagnostics of the API look on a terminal: place, the line of the user's file, a caret, what to do.

The command line may have sent a text that differs from the file (paths of other files made absolute), so a `Source`
knows the original text and how columns moved. Pure functions; `hearth.cli.problems` prints what they return.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any


@dataclasses.dataclass(frozen=True, slots=True)
class Edit:
    """One replacement inside a line of the text sent: original position and the two lengths, in characters."""

    line: int
    column: int
    old_length: int
    new_length: int


@dataclasses.dataclass(frozen=True, slots=True)
class Source:
    """A local text: the name to show, the text as the user wrote it, what was changed on the way."""

    name: str
    text: str
    edits: tuple[Edit, ...] = ()

    def original_column(self, line: int, column: int) -> int:
        """The column (from 1) in the user's file for a column in the text that was sent."""
        shift = 0
        for edit in sorted((one for one in self.edits if one.line == line), key=lambda one: one.column):
            start = edit.column + shift
            if column < start:
                break
            if column < start + edit.new_length:
                return edit.column
            shift += edit.new_length - edit.old_length
        return column - shift


def draw(diagnostics: Sequence[Mapping[str, Any]], sources: Mapping[str, Source]) -> Iterator[str]:
    """The lines to print for all diagnostics, in their order."""
    errors = sum(one.get("severity", "error") == "error" for one in diagnostics)
    yield f"Error: {errors} problem{'s' if errors != 1 else ''} found; nothing was changed."
    for one in diagnostics:
        yield ""
        yield from draw_one(one, sources)


def draw_one(one: Mapping[str, Any], sources: Mapping[str, Source]) -> Iterator[str]:
    """The lines of one diagnostic."""
    source = sources.get(one.get("source") or "")
    line, column = one.get("line") or 0, one.get("column") or 0
    where = source.name if source else one.get("source") or "request"
    if line:
        column = source.original_column(line, column) if source else column
        where += f":{line}:{column}"
    yield "  ".join(part for part in (where, one.get("path")) if part)
    if source and line:
        yield from _excerpt(source.text, line, column)
    severity = "warning: " if one.get("severity") == "warning" else ""
    yield f"  {severity}{one.get('message', '')}"
    if one.get("advice"):
        yield f"  -> {one['advice']}"


def _excerpt(text: str, line: int, column: int) -> Iterator[str]:
    lines = text.splitlines()
    if not 0 < line <= len(lines):
        return
    number = str(line)
    # Tabs stay tabs under tabs, so that the caret stands where the terminal draws the character.
    indent = "".join("\t" if char == "\t" else " " for char in lines[line - 1][: max(column - 1, 0)])
    yield f"  {number} | {lines[line - 1]}"
    yield f"  {' ' * len(number)} | {indent}^"
