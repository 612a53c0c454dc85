"""Where things are: the declaration of what is under the cursor, and the outline of a document for editors."""

import dataclasses
import pathlib

from hearth.lsp import analysis, cursor, outline, places


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """A place to go to; `path` None means the same document."""

    path: pathlib.Path | None
    line: int = 0
    start: int = 0
    end: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Symbol:
    """A section, or what is declared in one. `last` is its last line."""

    entry: outline.Entry
    last: int
    detail: str
    children: "tuple[Symbol, ...]" = ()


def definition(document: analysis.Document, at: cursor.Cursor) -> Target | None:
    """Where the thing that is named under the cursor is declared."""
    if document.path is not None and not at.is_key and at.whole.endswith((".yaml", ".template")):
        path = document.path.parent / at.whole
        return Target(path) if path.is_file() else None
    named = places.reference(document, at)
    if named is None:
        return None
    sections = ("parameters", "resources") if named.to == "either" else (named.to,)
    for section in sections:
        entry = document.outline.at((document.key(section), at.whole))
        if entry is not None:
            return Target(None, entry.line, entry.column, entry.end)
    return None


def symbols(document: analysis.Document) -> list[Symbol]:
    """The sections of a template with what they declare."""
    if not document.is_template:
        return []
    sections = document.outline.children(())
    return [
        _symbol(document, entry, _last(sections, index, len(document.lines) - 1))
        for index, entry in enumerate(sections)
    ]


def _symbol(document: analysis.Document, entry: outline.Entry, last: int) -> Symbol:
    section = str(entry.path[0])
    inside = document.outline.children(entry.path)
    children = tuple(
        Symbol(one, _last(inside, index, last), _detail(document, section, one)) for index, one in enumerate(inside)
    )
    return Symbol(entry, last, entry.value if not children else "", children)


def _last(entries: list[outline.Entry], index: int, otherwise: int) -> int:
    return entries[index + 1].line - 1 if index + 1 < len(entries) else otherwise


def _detail(document: analysis.Document, section: str, entry: outline.Entry) -> str:
    if section == document.key("resources"):
        return document.type_name(str(entry.path[1]))
    typed = document.outline.at((*entry.path, document.key("type")))
    return typed.value if typed is not None else ""
