"""The keys of a YAML text by indentation, however broken the text is: what stands where, and what encloses a place.

A parser gives up where somebody is typing; this goes line by line and never fails. Flow collections are values to it;
`hearth.lsp.cursor` looks into the one at the cursor. All positions count from 0, columns in characters.
"""

import dataclasses
import re
from collections.abc import Iterator, Sequence

Path = tuple[str | int, ...]

_DASH = re.compile(r"-(?:\s+|$)")
_KEY = re.compile(
    r"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s#\[\]{},&*!|>%@`"':-][^#:]*(?:::?[^\s#:][^#:]*)*)\s*:(?=\s|$)"""
)
_BLOCK = re.compile(r"(?:[&!]\S+\s+)*[|>][-+0-9]*\s*(?:#.*)?$")


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """A key with what stands behind it on its line. `value_column` is where that begins."""

    path: Path
    line: int
    column: int
    end: int
    value: str
    value_column: int


@dataclasses.dataclass(slots=True)
class _Open:
    """A key or item that later lines may belong to. `items` counts the list items under it."""

    column: int
    step: str | int
    items: int = 0


class Outline:
    """The entries of one text."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.entries = list(self._read([line.rstrip("\r\n") for line in lines]))

    def at(self, path: Path) -> Entry | None:
        """The entry of a path."""
        return next((entry for entry in self.entries if entry.path == path), None)

    def children(self, path: Path) -> list[Entry]:
        """The entries right below a path."""
        return [entry for entry in self.entries if len(entry.path) == len(path) + 1 and entry.path[:-1] == path]

    def _read(self, lines: Sequence[str]) -> Iterator[Entry]:
        stack: list[_Open] = []
        text_below: int | None = None
        for number, line in enumerate(lines):
            if not line.strip() or line.lstrip().startswith(("#", "---")):
                continue
            indent = len(line) - len(line.lstrip())
            if text_below is not None:
                if indent > text_below:
                    continue
                text_below = None
            for column, key, end in _tokens(line):
                dash = key is None
                while stack and (
                    stack[-1].column > column
                    or (stack[-1].column == column and not (dash and isinstance(stack[-1].step, str)))
                ):
                    stack.pop()
                if key is None:
                    owner = stack[-1] if stack else None
                    index = owner.items if owner is not None else 0
                    if owner is not None:
                        owner.items += 1
                    stack.append(_Open(column, index))
                    continue
                stack.append(_Open(column, key))
                rest = line[end:]
                value = rest.lstrip(": \t")
                yield Entry(
                    tuple(one.step for one in stack),
                    number,
                    column,
                    end,
                    _without_comment(value),
                    end + len(rest) - len(value),
                )
                if _BLOCK.match(value):
                    text_below = column


def _tokens(line: str) -> Iterator[tuple[int, str | None, int]]:
    """Dashes (None) and the key of a line: column, key, end of the key."""
    at = len(line) - len(line.lstrip())
    while dash := _DASH.match(line, at):
        yield at, None, at + 1
        at = dash.end()
    key = _KEY.match(line, at)
    if key is not None:
        yield at, key[1].strip("\"'"), key.end(1)


def _without_comment(value: str) -> str:
    return re.sub(r"(?:^|\s+)#.*$", "", value).rstrip()
