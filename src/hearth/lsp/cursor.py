"""What is at the cursor: which word, in which place of the template, as key or as value?

The block structure comes from `outline`; a flow collection that begins on the cursor's line is looked into here.
"""

import dataclasses
import re
from collections.abc import Sequence

from hearth.lsp import outline

_WORD = re.compile(r"[^\s,\[\]{}\"'#]*$")
_ITEM = re.compile(r"-(?:\s|$)")
_REST = re.compile(r"^[^\s,\[\]{}\"'#]*")


@dataclasses.dataclass(frozen=True, slots=True)
class Cursor:
    """A place. `path` leads to the value the word is (part of), or to the map it is a key of. `word` is what stands
    before the cursor, `whole` the complete word from `start` to `end` (columns).
    """

    path: outline.Path
    is_key: bool
    word: str
    whole: str
    line: int
    start: int
    end: int
    #: Whether a colon follows.
    colon: bool = False


def at(lines: Sequence[str], line: int, column: int) -> Cursor:
    """The cursor at a line and column, both from 0."""
    text = lines[line].rstrip("\r\n") if line < len(lines) else ""
    before = text[:column]
    found = _WORD.search(before)
    word = found.group() if found else ""
    rest = _REST.match(text[column:])
    whole = word + (rest.group() if rest else "")
    is_key_here = whole.endswith(":")
    whole = whole.rstrip(":") if is_key_here else whole
    start = column - len(word)
    path, is_key = _place(lines, line, text[:start])
    return Cursor(path, is_key, word, whole, line, start, start + len(whole), is_key_here)


def _place(lines: Sequence[str], line: int, before: str) -> tuple[outline.Path, bool]:
    """The path of the place behind a text that begins a line, and whether a key is expected there."""
    entries = outline.Outline([*lines[:line], before]).entries
    own = entries[-1] if entries and entries[-1].line == line else None
    if own is None:
        blank = len(before) - len(before.lstrip())
        content = before.lstrip("- \t") if _ITEM.match(before.lstrip()) else before.lstrip()
        # A key put in place of what stands there tells what it would be in; within a text there are no keys.
        found = outline.Outline([*lines[:line], before[: len(before) - len(content)].ljust(blank) + "_:"]).entries
        if not found or found[-1].line != line:
            return (), False
        path = found[-1].path[:-1]
        return _flow(path, content) if content[:1] in ("{", "[") else (path, True)
    value = before[own.end :].lstrip(": \t")
    if value[:1] in ("{", "["):
        return _flow(own.path, value)
    return own.path, False


def _flow(path: outline.Path, text: str) -> tuple[outline.Path, bool]:
    """The place at the end of the beginning of a flow collection."""
    steps: list[str | int] = []
    kinds: list[str] = []
    word = ""
    has_value = False
    quote = ""
    for char in text:
        if quote:
            quote = "" if char == quote else quote
            word += char
        elif char in "\"'":
            quote = char
        elif char in "{[":
            kinds.append(char)
            steps.append("" if char == "{" else 0)
            word, has_value = "", False
        elif char in "}]" and kinds:
            kinds.pop()
            steps.pop()
            word, has_value = "", bool(kinds and kinds[-1] == "{")
        elif char == "," and kinds:
            last = steps[-1]
            steps[-1] = last + 1 if isinstance(last, int) else ""
            word, has_value = "", False
        elif char == ":" and kinds and kinds[-1] == "{" and not has_value and not word.startswith(":"):
            steps[-1] = word.strip()
            has_value = True
        else:
            word += char
    if not kinds:
        return path, False
    is_key = kinds[-1] == "{" and not has_value
    return (*path, *(steps[:-1] if is_key else steps)), is_key
