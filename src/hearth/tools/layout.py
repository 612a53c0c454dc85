"""YAML as it stands on the page: the tree of a text with the extent of every node and the comments in between.

`formatting` writes it out again. A composer of data forgets what only people need; this keeps it, from the events of
the same parser. It reads texts that `hearth.template.source` accepted, so depth and size are bounded.
"""

import dataclasses
from typing import Any, Literal

import yaml
from yaml import cyaml, events

_Parser: Any = cyaml.CParser  # type: ignore[attr-defined]  # the stubs leave it out

Kind = Literal["map", "list", "text"]


class NotLaidOut(Exception):
    """The text uses something this does not know how to write again; the message says what and where."""


@dataclasses.dataclass(slots=True)
class Node:
    """A value. Extents: lines from 0, columns and offsets in characters; `stop` is exclusive.

    kind "map" and "list" are block collections, "text" is all that is copied: scalars, flow collections, aliases.
    """

    kind: Kind
    start: int
    stop: int
    line: int
    column: int
    last_line: int
    style: str = ""
    entries: "list[Entry]" = dataclasses.field(default_factory=list)


@dataclasses.dataclass(slots=True)
class Entry:
    """One entry of a block collection; `key` is None in lists. `start` is the offset after the colon or the dash."""

    key: Node | None
    value: Node
    line: int
    column: int
    start: int


@dataclasses.dataclass(slots=True)
class Page:
    """A text, its lines, its root and the lines that hold nothing but a comment."""

    text: str
    lines: list[str]
    root: Node
    comments: dict[int, int]
    """`{line: column of the #}`"""
    anchored: bool


def read(text: str) -> Page:
    """The layout of a YAML text of one document. Raises NotLaidOut."""
    reader = _Reader(text)
    root = reader.root()
    covered: set[int] = set()
    _cover(root, covered)
    lines = text.split("\n")
    comments = {
        number: len(line) - len(line.lstrip())
        for number, line in enumerate(lines)
        if number not in covered and line.lstrip().startswith("#")
    }
    return Page(text, lines, root, comments, reader.anchored)


def _cover(node: Node, covered: set[int]) -> None:
    """Note the lines that are inside of copied texts; only their first line may end in a comment of ours."""
    if node.kind == "text":
        covered.update(range(node.line + 1, node.last_line + 1))
    for entry in node.entries:
        _cover(entry.value, covered)


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self.anchored = False
        parser = _Parser(text)
        try:
            self._events: list[Any] = []
            while True:
                event = parser.get_event()
                self._events.append(event)
                if isinstance(event, events.StreamEndEvent):
                    break
        except yaml.YAMLError as error:
            raise NotLaidOut("the text is not valid YAML") from error
        finally:
            parser.dispose()
        self._next = 0

    def root(self) -> Node:
        while isinstance(self._events[self._next], (events.StreamStartEvent, events.DocumentStartEvent)):
            self._next += 1
        if isinstance(self._events[self._next], events.StreamEndEvent):
            raise NotLaidOut("the text is empty")
        return self._node()

    def _take(self) -> Any:
        event = self._events[self._next]
        self._next += 1
        return event

    def _node(self) -> Node:
        event = self._take()
        if getattr(event, "anchor", None) is not None:
            self.anchored = True
        if isinstance(event, (events.ScalarEvent, events.AliasEvent)):
            return self._text_node(event, event, getattr(event, "style", None) or "")
        if event.flow_style:
            return self._text_node(event, self._skip(), "flow")
        if isinstance(event, events.MappingStartEvent):
            return self._collection(event, "map", events.MappingEndEvent)
        return self._collection(event, "list", events.SequenceEndEvent)

    def _text_node(self, first: Any, last: Any, style: str) -> Node:
        start, stop = first.start_mark, last.end_mark
        last_line = stop.line - 1 if stop.column == 0 and stop.line > start.line else stop.line
        if style in ("|", ">"):
            written = self._text[start.index : stop.index]
            if "+" not in written.partition("\n")[0].partition("#")[0]:
                # Blank lines at its end are no part of the text: they stand between it and what follows.
                last_line = start.line + written.rstrip(" \n").count("\n")
        return Node("text", start.index, stop.index, start.line, start.column, last_line, style)

    def _skip(self) -> Any:
        """Pass over a flow collection whose start was taken; its end."""
        depth = 1
        while True:
            event = self._take()
            if getattr(event, "anchor", None) is not None:
                self.anchored = True
            if isinstance(event, events.CollectionStartEvent):
                depth += 1
            elif isinstance(event, events.CollectionEndEvent):
                depth -= 1
                if not depth:
                    return event

    def _collection(self, event: Any, kind: Kind, end: type) -> Node:
        mark = event.start_mark
        node = Node(kind, mark.index, mark.index, mark.line, mark.column, mark.line)
        after = mark.index
        while not isinstance(self._events[self._next], end):
            entry = self._map_entry() if kind == "map" else self._list_entry(after)
            node.entries.append(entry)
            after = entry.value.stop
            node.stop, node.last_line = entry.value.stop, max(entry.line, entry.value.last_line)
        self._take()
        if node.entries:
            node.line, node.column = node.entries[0].line, node.entries[0].column
        return node

    def _map_entry(self) -> Entry:
        key = self._node()
        if key.kind != "text" or key.line != key.last_line or key.style == "flow":
            raise NotLaidOut(f"line {key.line + 1}: a key that is not one word or text")
        colon = self._text.find(":", key.stop)
        if colon < 0 or self._text[key.stop : colon].strip(" \t"):
            raise NotLaidOut(f"line {key.line + 1}: an explicit key (? ...)")
        value = self._node()
        return Entry(key, self._after(value, colon + 1), key.line, key.column, colon + 1)

    def _list_entry(self, after: int) -> Entry:
        dash = self._dash(after)
        value = self._after(self._node(), dash + 1)
        line = self._text.count("\n", 0, dash)
        column = dash - (self._text.rfind("\n", 0, dash) + 1)
        return Entry(None, value, line, column, dash + 1)

    def _after(self, value: Node, start: int) -> Node:
        """An empty value stands where the parser noticed that it is missing; put it right behind its key or dash."""
        if value.kind == "text" and value.start == value.stop:
            line = self._text.count("\n", 0, start)
            return Node("text", start, start, line, 0, line)
        return value

    def _dash(self, after: int) -> int:
        """The offset of the next dash, past blanks and comments."""
        at = after
        text = self._text
        while at < len(text):
            if text[at] == "#":
                at = text.find("\n", at)
                if at < 0:
                    break
            elif text[at] == "-":
                return at
            elif text[at] in "&!":  # the properties of the list itself
                while at < len(text) and not text[at].isspace():
                    at += 1
            else:
                at += 1
        raise NotLaidOut("a list whose dashes cannot be found")
