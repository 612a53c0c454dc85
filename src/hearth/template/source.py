"""Where a document came from: text or object in, plain data and the places of its parts out.

`parse` is how every template and environment enters: JSON first, then YAML. `Source` answers afterwards where a path
of the data stands in the text, for diagnostics. It knows nothing of what the data mean.
"""

import contextlib
import functools
import gc
import json
from collections.abc import Iterator, Mapping
from typing import Any

from hearth.model.diagnostics import Findings, Path, Place
from hearth.model.errors import Invalid
from hearth.template import composer
from hearth.template.composer import USUAL_LIMITS as USUAL_LIMITS
from hearth.template.composer import Limits as Limits


class Source:
    """One document: its name, its text (None when it came as an object) and the places in it."""

    def __init__(self, name: str, text: str | None = None, document: composer.Document | None = None) -> None:
        self.name = name
        self.text = text
        self._given = document

    @functools.cached_property
    def _document(self) -> composer.Document | None:
        """The positions. JSON is read for them only when somebody asks, that is, when it has a problem."""
        if self._given is not None or self.text is None:
            return self._given
        return composer.compose(self.text, self.name, Limits(bytes=len(self.text)), Findings())

    @functools.cached_property
    def lines(self) -> list[str]:
        """The text by lines, to draw the offending one."""
        return [] if self.text is None else self.text.splitlines()

    def place(self, path: Path = ()) -> Place:
        """The place of the entry at a path (of its key, in a map), or of its nearest known ancestor."""
        document = self._document
        if document is None:
            return Place(self.name, path=path)
        return Place(self.name, *composer.unpack(document.mark_at(path)), path)


def parse(text_or_object: Any, name: str = "template", *, limits: Limits = USUAL_LIMITS) -> tuple[Any, Source]:
    """The data of a JSON or YAML text, or a checked object. Raises `Invalid` with every problem found."""
    findings = Findings()
    if isinstance(text_or_object, str):
        with _collector_paused():
            data, source = _parse_text(text_or_object, name, limits, findings)
    else:
        data, source = text_or_object, Source(name)
        _check_object(data, name, limits, findings)
    if findings:
        raise Invalid(findings)
    return data, source


def _parse_text(text: str, name: str, limits: Limits, findings: Findings) -> tuple[Any, Source]:
    if not _encodable(text):
        findings.add("the text holds half a character (a lone surrogate)", Place(name))
        return None, Source(name)
    size = len(text) if text.isascii() else len(text.encode())
    if size > limits.bytes:
        findings.add(
            f"the text has {size} bytes; the limit is {limits.bytes}",
            Place(name),
            kind="RequestLimitExceeded",
            advice="Split it into nested templates.",
        )
        return None, Source(name)
    if text.lstrip()[:1] == "{":
        try:
            data = json.loads(text, object_pairs_hook=_Maps().of, parse_constant=_refuse)
            _check_object(data, name, limits, findings)
            return data, Source(name, text)
        except (ValueError, RecursionError):
            pass  # YAML writes flow maps too, and its reader says where the problem is
    document = composer.compose(text, name, limits, findings)
    return (document.data if document else None), Source(name, text, document)


class _Maps:
    """Makes the maps of a JSON text: no key twice, and equal texts kept once, as the YAML reader keeps them."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def of(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """The map of these entries. Raises ValueError."""
        keep = self._texts.setdefault
        found = {key: keep(value, value) if type(value) is str else value for key, value in pairs}
        if len(found) != len(pairs):
            raise ValueError("a key stands twice")
        return found


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _check_object(data: Any, name: str, limits: Limits, findings: Findings) -> None:
    """Find what no JSON document holds or what passes the limits; the walk is flat, so depth cannot hurt it."""
    waiting: list[tuple[Any, Path, int]] = [(data, (), 0)]
    nodes = 0
    while waiting:
        value, path, depth = waiting.pop()
        nodes += 1
        if nodes > limits.nodes:
            findings.add(f"more than {limits.nodes} values", Place(name, path=path), advice="Split the template.")
            return
        if depth > limits.depth:
            findings.add(f"nested deeper than {limits.depth} levels", Place(name, path=path))
            return
        if isinstance(value, Mapping):
            for key, item in value.items():
                if not isinstance(key, str):
                    findings.add(f"a key must be text, this one is {key!r}", Place(name, path=path))
                elif not _encodable(key):
                    findings.add("a key holds half a character (a lone surrogate)", Place(name, path=path))
                else:
                    waiting.append((item, (*path, key), depth + 1))
        elif isinstance(value, list):
            waiting.extend((item, (*path, index), depth + 1) for index, item in enumerate(value))
        elif isinstance(value, str):
            if not _encodable(value):
                findings.add("the text holds half a character (a lone surrogate)", Place(name, path=path))
        elif value is not None and not isinstance(value, (int, float)):
            findings.add(f"a value of type {type(value).__name__} cannot stand here", Place(name, path=path))


def _encodable(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@contextlib.contextmanager
def _collector_paused() -> Iterator[None]:
    """Parsing makes many containers and no cycles; the cyclic collector would only walk them again and again."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
