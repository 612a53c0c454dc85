"""From YAML text to plain data, with the position of every node and without what YAML can do to a server.

Called by `hearth.template.source`. The events of PyYAML's C parser are put together here, in one flat loop, because
the library's own composer and constructor are five times slower and keep no positions. Positions are numbers
(`line << 20 | column`) in one flat array for the whole text, since an object per node would weigh more than the data.

What differs from the library's safe loader: dates stay text, keys are text and unique, tags that make objects are
refused, the short CloudFormation tags (`!Ref x`) become the calls they stand for, and depth, nodes (aliases counted
with all they repeat) and aliases are limited.
"""

import array
import dataclasses
from typing import Any

import yaml
from yaml import constructor, cyaml, events, nodes, resolver

from hearth.model.diagnostics import Findings, Path, Place

#: The C parser; every wheel has it, and without libyaml PyYAML's import of `cyaml` says so at once.
_Parser: Any = cyaml.CParser  # type: ignore[attr-defined]  # the stubs leave it out
_COLUMN_BITS = 20
_LONGEST_COLUMN = (1 << _COLUMN_BITS) - 1
_LONGEST_NUMBER = 300
#: How libyaml, from 0.2.6, begins to say that its own limit of depth is passed; it reads ahead of what we have seen.
_LIBRARY_DEPTH = "exceeded maximum nesting depth"

_PREFIX = "tag:yaml.org,2002:"
#: Kinds of plain scalars that are not text. Dates and the odd `=` are text on purpose.
_SCALARS = {_PREFIX + kind for kind in ("null", "bool", "int", "float")}
_CONTAINERS = {_PREFIX + "map", _PREFIX + "seq"}
_RESOLVERS = {
    first: [(tag, pattern) for tag, pattern in rules if tag in _SCALARS]
    for first, rules in resolver.Resolver.yaml_implicit_resolvers.items()
}
#: Short tags of CloudFormation that are not `Fn::<tag>`.
_SHORT_TAGS = {"!Ref": "Ref", "!Condition": "Condition"}
_SHORT_TAGS |= {
    f"!{name}": f"Fn::{name}"
    for name in (
        "And",
        "Base64",
        "Equals",
        "FindInMap",
        "GetAZs",
        "GetAtt",
        "If",
        "Join",
        "MemberListToMap",
        "Not",
        "Or",
        "Replace",
        "ResourceFacade",
        "Select",
        "Split",
    )
}

#: Maps wider than this are indexed when a place in them is asked for; in others the key is searched.
_WIDE = 32


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """What a document may be at most. The numbers are far above what people write and far below what hurts."""

    #: Size of the text in bytes; Heat's option max_template_size.
    bytes: int = 524_288
    #: Containers within containers.
    depth: int = 100
    #: Values and keys altogether, each alias counted as all that it repeats.
    nodes: int = 300_000
    #: Uses of anchors.
    aliases: int = 10_000


#: The limits where a caller has none of its own.
USUAL_LIMITS = Limits()


class Marks:
    """Positions of the entries of containers, each container's side by side in the order of its entries.

    Entry n of the container that begins at `first` has its position in `marks[first + n]`; when its value is a
    container too, that one begins at `firsts[first + n]`. So positions are found by walking down the data, and a text
    costs 12 bytes for each value. What an alias repeats is there once; merged entries are there again.
    """

    __slots__ = ("firsts", "marks")

    def __init__(self) -> None:
        self.marks = array.array("Q")
        self.firsts = array.array("I")

    def add(self, mark: int, first: int) -> None:
        """Note one more entry."""
        self.marks.append(mark)
        self.firsts.append(first)

    def remove(self, index: int) -> None:
        """Forget one entry."""
        del self.marks[index], self.firsts[index]

    def extend(self, other: "Marks") -> int:
        """Take over the entries of a container; the answer is where it begins."""
        first = len(self.marks)
        self.marks.extend(other.marks)
        self.firsts.extend(other.firsts)
        return first


class Document:
    """The data of a text and the positions in it."""

    def __init__(self) -> None:
        self.data: Any = None
        self.mark = 0
        self.first = 0
        self.marks = Marks()
        self._orders: dict[int, dict[str, int]] = {}

    def mark_at(self, path: Path) -> int:
        """The position of the entry at a path (of its key, in a map), or of its nearest known ancestor."""
        mark, first, data = self.mark, self.first, self.data
        for step in path:
            index = self._index(data, first, step)
            if index is None:
                break
            mark, first, data = self.marks.marks[first + index], self.marks.firsts[first + index], data[step]
        return mark

    def _index(self, container: Any, first: int, step: str | int) -> int | None:
        if isinstance(container, list):
            return step if isinstance(step, int) and 0 <= step < len(container) else None
        if not isinstance(container, dict) or step not in container:
            return None
        if len(container) <= _WIDE:
            return list(container).index(step)
        if first not in self._orders:
            self._orders[first] = {key: index for index, key in enumerate(container)}
        return self._orders[first].get(str(step))


@dataclasses.dataclass(slots=True)
class _Frame:
    """A container under construction. `merges`: the maps to merge, and where each begins in the marks."""

    container: Any
    marks: Marks
    anchor: str | None
    nodes_before: int
    wrap: str | None
    mark: int
    key: str | None = None
    key_mark: int = 0
    merging: bool = False
    merges: list[tuple[dict[str, Any], int]] | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class _Anchor:
    """What an alias may repeat: a value, where it begins in the marks, its nodes, and whether its end has been read."""

    value: Any
    first: int
    nodes: int
    complete: bool


def unpack(mark: int) -> tuple[int, int]:
    """Line and column, both counted from 1."""
    return (mark >> _COLUMN_BITS) + 1, (mark & _LONGEST_COLUMN) + 1


def compose(text: str, name: str, limits: Limits, findings: Findings) -> Document | None:
    """Compose the one document of the text; problems go to the findings, None when nothing could be composed."""
    return _Composer(name, limits, findings).compose(text)


class _GiveUp(Exception):
    """A limit is passed: reading on would be the harm."""


class _Composer:
    def __init__(self, name: str, limits: Limits, findings: Findings) -> None:
        self._name = name
        self._limits = limits
        self._findings = findings
        self._construct = constructor.SafeConstructor()
        self._plain: dict[str, Any] = {}
        self._anchors: dict[str, _Anchor] = {}
        self._stack: list[_Frame] = []
        self._nodes = 0
        self._aliases = 0
        self._documents = 0
        self._document = Document()

    def compose(self, text: str) -> Document | None:
        try:
            parser = _Parser(text)
            try:
                self._read(parser.get_event)
            finally:
                parser.dispose()
        except yaml.YAMLError as error:
            self._syntax(error)
            return None
        except _GiveUp:
            return None
        return self._document

    def _read(self, next_event: Any) -> None:
        scalar, mapping, sequence = events.ScalarEvent, events.MappingStartEvent, events.SequenceStartEvent
        mapping_end, sequence_end, alias = events.MappingEndEvent, events.SequenceEndEvent, events.AliasEvent
        stack, plain, limit = self._stack, self._plain, self._limits.nodes
        while True:
            event = next_event()
            kind = type(event)
            if kind is scalar:
                start = event.start_mark
                mark = start.line << _COLUMN_BITS | min(start.column, _LONGEST_COLUMN)
                self._nodes += 1
                if self._nodes > limit:
                    self._too_many(mark)
                text = event.value
                first = 0
                if event.tag is not None and event.tag != "!":
                    value, first = self._tagged(event.tag, text, mark)
                elif event.implicit[0]:
                    if text == "<<" and self._wants_key():
                        stack[-1].merging = True
                        continue
                    if text in plain:
                        value = plain[text]
                    else:
                        value = plain[text] = self._resolve(text, mark)
                else:
                    value = text
                if event.anchor is not None:
                    self._anchors[event.anchor] = _Anchor(value, first, 1, True)
                self._place(value, mark, first)
            elif kind is mapping or kind is sequence:
                self._open(event, kind is mapping)
            elif kind is mapping_end or kind is sequence_end:
                self._close()
            elif kind is alias:
                self._use(event)
            elif kind is events.DocumentStartEvent:
                self._documents += 1
                if self._documents > 1:
                    self._problem("a second document starts here; one is expected", _mark_of(event))
                    raise _GiveUp
            elif kind is events.StreamEndEvent:
                return

    def _wants_key(self) -> bool:
        frame = self._stack[-1] if self._stack else None
        return frame is not None and frame.key is None and not frame.merging and type(frame.container) is dict

    def _open(self, event: Any, is_map: bool) -> None:
        mark = _mark_of(event)
        self._nodes += 1
        if self._nodes > self._limits.nodes:
            self._too_many(mark)
        if len(self._stack) >= self._limits.depth:
            self._problem(f"nested deeper than {self._limits.depth} levels", mark)
            raise _GiveUp
        wrap = None
        if event.tag is not None and event.tag not in _CONTAINERS and event.tag != "!":
            wrap = _SHORT_TAGS.get(event.tag)
            if wrap is None:
                self._unknown_tag(event.tag, mark)
        container: Any = {} if is_map else []
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchor(container, 0, 0, False)
        self._stack.append(_Frame(container, Marks(), event.anchor, self._nodes - 1, wrap, mark))

    def _close(self) -> None:
        frame = self._stack.pop()
        if frame.merges:
            self._merge(frame)
        value, first = frame.container, self._document.marks.extend(frame.marks)
        if frame.wrap is not None:
            value, first = self._wrapped(frame.wrap, value, frame.mark, first)
        if frame.anchor is not None:
            self._anchors[frame.anchor] = _Anchor(value, first, self._nodes - frame.nodes_before, True)
        self._place(value, frame.mark, first)

    def _use(self, event: Any) -> None:
        mark = _mark_of(event)
        self._aliases += 1
        if self._aliases > self._limits.aliases:
            self._problem(f"more than {self._limits.aliases} aliases", mark)
            raise _GiveUp
        if event.anchor not in self._anchors:
            self._problem(f"alias *{event.anchor} has no anchor before it", mark)
            self._place(None, mark, 0)
            return
        anchor = self._anchors[event.anchor]
        if not anchor.complete:
            self._problem(f"alias *{event.anchor} stands inside of what it repeats", mark)
            raise _GiveUp
        self._nodes += anchor.nodes
        if self._nodes > self._limits.nodes:
            self._too_many(mark)
        self._place(anchor.value, mark, anchor.first)

    def _place(self, value: Any, mark: int, first: int) -> None:
        """Put a finished value where it belongs: as document, list item, key or entry."""
        if not self._stack:
            self._document.data, self._document.mark, self._document.first = value, mark, first
            return
        frame = self._stack[-1]
        if type(frame.container) is list:
            frame.container.append(value)
            frame.marks.add(mark, first)
        elif frame.merging:
            frame.merging = False
            self._note_merge(frame, value, mark, first)
        elif frame.key is None:
            frame.key_mark = mark
            frame.key = self._key(value, frame, mark)
        else:
            frame.container[frame.key] = value
            frame.marks.add(frame.key_mark, first)
            frame.key = None

    def _key(self, value: Any, frame: _Frame, mark: int) -> str:
        key = value
        if type(value) is not str:
            scalar = not isinstance(value, (dict, list))
            key = repr(value) if scalar else ""
            described = key if scalar else "a list or map"
            self._problem(
                f"a key must be text, YAML reads this one as {described}", mark, advice="Put the key in quotes."
            )
        if key in frame.container:
            index = list(frame.container).index(key)
            line = unpack(frame.marks.marks[index])[0]
            self._problem(
                f"key {key!r} stands twice in this map, first in line {line}", mark, advice="Remove one of the two."
            )
            del frame.container[key]
            frame.marks.remove(index)
        return str(key)

    def _note_merge(self, frame: _Frame, value: Any, mark: int, first: int) -> None:
        several = isinstance(value, list)
        maps = value if several else [value]
        if not all(isinstance(one, dict) for one in maps):
            self._problem("a merge key (<<) takes a map or a list of maps", mark)
            return
        firsts = self._document.marks.firsts[first : first + len(maps)] if several else [first]
        frame.merges = [*(frame.merges or []), *zip(maps, firsts, strict=True)]

    def _merge(self, frame: _Frame) -> None:
        """Merged entries come first and give way: to own ones, and to those of maps named earlier."""
        known = self._document.marks
        entries: dict[str, tuple[Any, int, int]] = {}
        for merged, first in reversed(frame.merges or []):
            for index, (key, value) in enumerate(merged.items(), first):
                entries[key] = value, known.marks[index], known.firsts[index]
        for index, (key, value) in enumerate(frame.container.items()):
            entries[key] = value, frame.marks.marks[index], frame.marks.firsts[index]
        frame.container.clear()
        frame.marks = Marks()
        for key, (value, mark, first) in entries.items():
            frame.container[key] = value
            frame.marks.add(mark, first)

    def _resolve(self, text: str, mark: int) -> Any:
        for tag, pattern in _RESOLVERS.get(text[:1], ()):
            if pattern.match(text):
                return self._constructed(tag, text, mark)
        return text

    def _constructed(self, tag: str, text: str, mark: int) -> Any:
        if len(text) > _LONGEST_NUMBER:
            self._problem(f"a number of {len(text)} characters; the limit is {_LONGEST_NUMBER}", mark)
            return None
        node = nodes.ScalarNode(tag, text)
        if tag == _PREFIX + "null":
            return None
        try:
            if tag == _PREFIX + "bool":
                return self._construct.construct_yaml_bool(node)
            if tag == _PREFIX + "int":
                return self._construct.construct_yaml_int(node)
            return self._construct.construct_yaml_float(node)
        except (ValueError, KeyError, IndexError):
            kind = tag.removeprefix(_PREFIX)
            self._problem(f"{text!r} cannot be read as {kind}", mark, advice="Put it in quotes if it is meant as text.")
            return None

    def _tagged(self, tag: str, text: str, mark: int) -> tuple[Any, int]:
        """The value of a tagged scalar, and where it begins in the marks when it became a call."""
        if tag in _SHORT_TAGS:
            return self._wrapped(_SHORT_TAGS[tag], text, mark, 0)
        if tag in _SCALARS:
            return self._constructed(tag, text, mark), 0
        if tag != _PREFIX + "str":
            self._unknown_tag(tag, mark)
        return text, 0

    def _wrapped(self, function: str, argument: Any, mark: int, first: int) -> tuple[dict[str, Any], int]:
        """The call that a short tag stands for, and where it begins in the marks."""
        if function == "Fn::GetAtt" and isinstance(argument, str):
            argument = argument.split(".", 1)
            first = self._entries(mark, *[0] * len(argument))
        return {function: argument}, self._entries(mark, first)

    def _entries(self, mark: int, *firsts: int) -> int:
        """Note the entries of a container that is made up here, all at one position."""
        made = Marks()
        for first in firsts:
            made.add(mark, first)
        return self._document.marks.extend(made)

    def _unknown_tag(self, tag: str, mark: int) -> None:
        short = "!!" + tag.removeprefix(_PREFIX) if tag.startswith(_PREFIX) else tag
        self._problem(f"tag {short} is not allowed here", mark, advice="Remove the tag; plain YAML values need none.")

    def _too_many(self, mark: int) -> None:
        self._problem(
            f"more than {self._limits.nodes} values, with repeated anchors written out",
            mark,
            advice="Use fewer aliases or split the template.",
        )
        raise _GiveUp

    def _syntax(self, error: yaml.YAMLError) -> None:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        reason = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
        context = getattr(error, "context", None)
        place = Place(self._name, mark.line + 1, mark.column + 1) if mark else Place(self._name)
        if str(reason).startswith(_LIBRARY_DEPTH):
            self._findings.add(f"nested deeper than {self._limits.depth} levels", place)
            return
        text = f"not valid YAML: {reason}" + (f" ({context})" if context else "")
        self._findings.add(text, place, advice="Check the indentation, quotes and brackets around this line.")

    def _problem(self, message: str, mark: int, *, advice: str = "") -> None:
        line, column = unpack(mark)
        path: list[str | int] = []
        for frame in self._stack:
            if type(frame.container) is list:
                path.append(len(frame.container))
            elif frame.key is not None:
                path.append(frame.key)
        self._findings.add(message, Place(self._name, line, column, tuple(path)), advice=advice)


def _mark_of(event: Any) -> int:
    return int(event.start_mark.line << _COLUMN_BITS | min(event.start_mark.column, _LONGEST_COLUMN))
