"""One way to lay out a template: sections and keys in their usual order, two spaces a level, comments kept.

The text of every scalar and flow collection is copied, so quotes and line breaks stay as their author chose them. The
result is read again and compared: a text that would mean something else is never returned.
"""

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from hearth.model.errors import Invalid
from hearth.template import source, versions
from hearth.tools import layout

_INDENT: Final = 2

_SECTIONS: Final = (
    *versions.KEYS,
    "description",
    "parameter_groups",
    "parameters",
    "conditions",
    "resources",
    "outputs",
    "Description",
    "Parameters",
    "Mappings",
    "Conditions",
    "Resources",
    "Outputs",
)
_RESOURCE: Final = (
    "type",
    "description",
    "external_id",
    "condition",
    "depends_on",
    "deletion_policy",
    "update_policy",
    "metadata",
    "properties",
    "Type",
    "Description",
    "Condition",
    "DependsOn",
    "DeletionPolicy",
    "UpdatePolicy",
    "Metadata",
    "Properties",
)
_PARAMETER: Final = (
    "type",
    "label",
    "description",
    "default",
    "hidden",
    "immutable",
    "constraints",
    "tags",
    "Type",
    "Label",
    "Description",
    "Default",
    "NoEcho",
    "AllowedValues",
    "AllowedPattern",
    "MinLength",
    "MaxLength",
    "MinValue",
    "MaxValue",
    "ConstraintDescription",
)
_OUTPUT: Final = ("description", "condition", "value", "Description", "Condition", "Value")
_GROUP: Final = ("label", "description", "parameters")

#: The order of keys, by path; None stands for any step.
_ORDERS: Final[Mapping[tuple[str | None, ...], Sequence[str]]] = {
    (): _SECTIONS,
    ("parameters", None): _PARAMETER,
    ("Parameters", None): _PARAMETER,
    ("resources", None): _RESOURCE,
    ("Resources", None): _RESOURCE,
    ("outputs", None): _OUTPUT,
    ("Outputs", None): _OUTPUT,
    ("parameter_groups", None): _GROUP,
}


#: The indentation indicator in the header of a block of text.
_INDICATOR: Final = re.compile(r"^([^#]*?[|>][+-]?)([1-9])")


class CannotFormat(Exception):
    """The text cannot be laid out without a risk; the message says why."""


def format_text(text: str, name: str = "template") -> str:
    """The text in the usual layout; the same text when it has it already.

    Raises:
        Invalid: it is neither YAML nor JSON.
        CannotFormat: it is laid out in a way this cannot keep.
    """
    text = text.replace("\r\n", "\n").removeprefix("\ufeff")
    data, _ = source.parse(text, name)
    if not isinstance(data, dict):
        raise CannotFormat("a template is a map of sections; this is something else")
    formatted = _json(text, data) or _yaml(text)
    try:
        again, _ = source.parse(formatted, name)
    except Invalid as invalid:
        raise CannotFormat("the new layout would not be valid; please report this template") from invalid
    if _exactly(again) != _exactly(data):
        raise CannotFormat("the new layout would change the meaning; please report this template")
    return formatted


def _exactly(data: Any) -> str:
    """The data as text, in which 1, 1.0 and true differ."""
    return json.dumps(data, sort_keys=True)


# --- JSON ------------------------------------------------------------------------------------------------------------


def _json(text: str, data: Any) -> str | None:
    """A JSON text in the usual layout; None when it is YAML."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        json.loads(text)
    except ValueError:
        return None
    return json.dumps(_ordered(data, ()), indent=_INDENT, ensure_ascii=False) + "\n"


def _ordered(data: Any, path: tuple[str | None, ...]) -> Any:
    if isinstance(data, dict):
        order = _order(path)
        keys = sorted(data, key=lambda key: _rank(key, order)) if order else data
        return {key: _ordered(data[key], (*path, key)) for key in keys}
    if isinstance(data, list):
        return [_ordered(item, (*path, None)) for item in data]
    return data


def _order(path: tuple[str | None, ...]) -> Sequence[str] | None:
    if len(path) == 2:
        return _ORDERS.get((path[0], None))
    return _ORDERS.get(path)


def _rank(key: str, order: Sequence[str]) -> int:
    """The place of a key; unknown ones keep their order behind the known."""
    return order.index(key) if key in order else len(order)


# --- YAML ------------------------------------------------------------------------------------------------------------


def _yaml(text: str) -> str:
    try:
        page = layout.read(text)
    except layout.NotLaidOut as error:
        raise CannotFormat(f"this layout cannot be kept: {error}") from error
    if page.root.kind != "map":
        return "\n".join(line.rstrip() for line in text.rstrip().split("\n")) + "\n"
    return _Writer(page).written()


@dataclasses.dataclass(slots=True)
class _Piece:
    """An entry with what stands around it: comment and blank lines before it, comments at its end."""

    entry: layout.Entry
    before: list[int | None]
    tail: list[int]
    name: str = ""


class _Writer:
    """Writes a page again. Comments are numbers of lines; None stands for one or more blank lines."""

    def __init__(self, page: layout.Page) -> None:
        self._page = page

    def written(self) -> str:
        root = self._page.root
        first = root.entries[0].line
        above = self._gap(0, first)
        header, before = _header(above)
        after = self._gap(root.last_line + 1, len(self._page.lines))
        lines = self._directives(first) + self._comments(header, 0)
        if header:
            lines.append("")
        lines += self._collection(root, 0, (), before, [one for one in after if one is not None])
        return "\n".join(lines) + "\n"

    def _directives(self, first: int) -> list[str]:
        return [line.rstrip() for line in self._page.lines[:first] if line.startswith(("---", "%"))]

    # -- comments --

    def _gap(self, start: int, stop: int) -> list[int | None]:
        """The comment and blank lines from one line to before another."""
        found: list[int | None] = []
        for number in range(start, stop):
            if number in self._page.comments:
                found.append(number)
            elif number < len(self._page.lines) and not self._page.lines[number].strip() and found[-1:] != [None]:
                found.append(None)
        return found

    def _comments(self, gap: Iterable[int | None], indent: int) -> list[str]:
        return ["" if one is None else " " * indent + self._page.lines[one].strip() for one in gap]

    def _split(self, gap: list[int | None], column: int) -> tuple[list[int], list[int | None]]:
        """Comments indented deeper than the entries belong to what stands before them; the rest to what follows."""
        deeper = 0
        for index, one in enumerate(gap):
            if one is not None:
                if self._page.comments[one] <= column:
                    break
                deeper = index + 1
        return [one for one in gap[:deeper] if one is not None], gap[deeper:]

    # -- collections --

    def _collection(
        self,
        node: layout.Node,
        indent: int,
        path: tuple[str | None, ...],
        before: list[int | None],
        after: list[int],
    ) -> list[str]:
        """The lines of a block collection; `before` its first entry, `after` its last one."""
        pieces: list[_Piece] = []
        gap = before
        for number, entry in enumerate(node.entries):
            piece = _Piece(entry, gap, [], self._key(entry))
            last = max(entry.line, entry.value.last_line)
            if number + 1 < len(node.entries):
                piece.tail, gap = self._split(self._gap(last + 1, node.entries[number + 1].line), node.column)
            pieces.append(piece)
        own: list[int] = []
        for one in after:
            (own if own or self._page.comments[one] <= node.column else pieces[-1].tail).append(one)
        order = _order(path)
        if order and node.kind == "map" and not self._page.anchored:
            pieces.sort(key=lambda piece: _rank(piece.name, order))
        lines: list[str] = []
        for piece in pieces:
            above = self._comments(piece.before, indent)
            if not lines:
                above = _without_blank_start(above)
            elif not path and above[:1] != [""]:
                above.insert(0, "")
            lines += above
            lines += self._entry(piece, indent, (*path, piece.name if piece.entry.key is not None else None))
        if own and self._blank_before(own[0]):
            lines.append("")
        return lines + self._comments(own, indent)

    def _blank_before(self, line: int) -> bool:
        return line > 0 and not self._page.lines[line - 1].strip()

    def _key(self, entry: layout.Entry) -> str:
        return "" if entry.key is None else self._slice(entry.key).strip("'\"")

    def _slice(self, node: layout.Node) -> str:
        return self._page.text[node.start : node.stop]

    def _entry(self, piece: _Piece, indent: int, path: tuple[str | None, ...]) -> list[str]:
        entry, value = piece.entry, piece.entry.value
        word = "-" if entry.key is None else self._slice(entry.key) + ":"
        if value.kind == "text":
            return self._text_entry(word, piece, indent)
        head = " " * indent + word
        inner = indent + _INDENT
        between = self._gap(entry.line + 1, value.line)
        lines = self._collection(value, inner, path, between, piece.tail)
        beside = self._beside(entry)
        if entry.key is None and value.line == entry.line:
            return [head + " " + lines[0].lstrip(), *lines[1:]]
        if entry.key is None and not beside and not (between and between[0] is not None):
            return [head + " " + lines[0].lstrip(), *lines[1:]]
        return [head + (" " + beside if beside else ""), *lines]

    def _beside(self, entry: layout.Entry) -> str:
        """What stands on the line of a key or dash before a block that begins further down: anchor, tag, comment."""
        if entry.value.line == entry.line:
            return ""
        stop = self._page.text.find("\n", entry.start)
        return self._page.text[entry.start : stop].strip()

    def _text_entry(self, word: str, piece: _Piece, indent: int) -> list[str]:
        entry, value = piece.entry, piece.entry.value
        head = " " * indent + word
        before: list[str] = []
        remark = ""
        if value.line > entry.line:  # the value stands below its key
            before = [one for one in self._comments(self._gap(entry.line + 1, value.line), indent) if one]
            remark = self._beside(entry)
        lines = self._value_lines(value, indent, entry)
        text = self._page.text
        if value.style not in ("|", ">"):
            stop = text.find("\n", value.stop)
            rest = text[value.stop : stop if stop >= 0 else len(text)].strip()
            remark = "  ".join(part for part in (remark, rest) if part)
        if remark:
            if value.style in ("|", ">"):
                before.insert(0, " " * indent + remark)
            else:
                lines[-1] += ("  " if lines[-1] else " ") + remark
        if lines[0]:
            head += " " if not lines[0].startswith("  ") else ""
        return [*before, (head + lines[0]).rstrip(), *lines[1:], *self._comments(piece.tail, indent + _INDENT)]

    # -- copied texts --

    def _value_lines(self, value: layout.Node, indent: int, entry: layout.Entry) -> list[str]:
        """The lines of a copied text; the first follows its key or dash."""
        written = self._slice(value)
        if value.style in ("|", ">"):
            return self._block_lines(written, indent, entry)
        first, *more = written.split("\n")
        if not more:
            return [first]
        inner = " " * (indent + _INDENT)
        if value.style == "flow":
            by = indent - entry.column
            return [first.rstrip(), *(_shifted(line.rstrip(), by, indent) for line in more)]
        return [first, *(inner + line.lstrip() if line.strip() else "" for line in more)]

    def _block_lines(self, written: str, indent: int, entry: layout.Entry) -> list[str]:
        header, *content = written.split("\n")
        indents = [len(line) - len(line.lstrip(" ")) for line in content if line.strip(" ")]
        old = indents[0] if indents else 0
        explicit = _INDICATOR.search(header)
        if explicit:  # counted from the column of the entry, as the result will be
            old = entry.column + int(explicit[2])
            header = header[: explicit.start(2)] + str(_INDENT) + header[explicit.end(2) :]
        inner = " " * (indent + _INDENT)
        lines = [inner + line[old:] if line[old:] else "" for line in content]
        if "+" not in header.partition("#")[0]:
            while lines and not lines[-1]:
                lines.pop()
        elif lines and not lines[-1]:
            lines.pop()
        return [header.rstrip(), *lines]


def _shifted(line: str, by: int, least: int) -> str:
    """A line of a flow collection moved sideways, at least as far in as its key, closing brackets included."""
    if not line.strip():
        return ""
    column = len(line) - len(line.lstrip())
    return " " * max(column + by, least + 1 if line.lstrip()[0] not in "]}" else least) + line.lstrip()


def _header(gap: list[int | None]) -> tuple[list[int | None], list[int | None]]:
    """Comments at the top of a file that a blank line sets off stay there, whatever section comes first."""
    blanks = [index for index, one in enumerate(gap) if one is None]
    if not blanks or not any(one is not None for one in gap[: blanks[-1]]):
        return [], gap
    header = gap[: blanks[-1]]
    while header and header[0] is None:
        header.pop(0)
    return header, gap[blanks[-1] + 1 :]


def _without_blank_start(lines: list[str]) -> list[str]:
    while lines and not lines[0]:
        lines = lines[1:]
    return lines
