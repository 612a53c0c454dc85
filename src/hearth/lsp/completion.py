"""What may stand at the cursor: sections, keys, types, properties, values, functions, and names of the template."""

import dataclasses
import inspect
from collections.abc import Iterable, Iterator

from lsprotocol.types import CompletionItemKind

from hearth.lsp import analysis, cursor, places
from hearth.model.constraints import AllowedValues
from hearth.resources import registry
from hearth.resources import schema as declarations
from hearth.template import versions
from hearth.template.parameter_schema import TYPES
from hearth.template.parameters import PseudoValues
from hearth.tools import explaining


@dataclasses.dataclass(frozen=True, slots=True)
class Proposal:
    """One thing that may stand there."""

    label: str
    kind: CompletionItemKind
    detail: str = ""
    documentation: str = ""
    #: Whether it is a key, to be followed by a colon.
    key: bool = False


def proposals(document: analysis.Document, at: cursor.Cursor) -> list[Proposal]:
    """All that may stand at the cursor; the editor filters by what is typed."""
    if not document.is_template:
        return []
    found = _keys(document, at) if at.is_key else _values(document, at)
    return list({one.label: one for one in found}.values())


def _keys(document: analysis.Document, at: cursor.Cursor) -> Iterator[Proposal]:
    path, rules = at.path, document.version
    if not path:
        yield from _words(sorted(rules.sections), CompletionItemKind.Module, key=True)
        return
    if len(path) == 2:
        keys = {
            document.key("resources"): rules.resource_keys,
            document.key("parameters"): rules.parameter_keys,
            document.key("outputs"): rules.output_keys,
        }.get(str(path[0]), frozenset())
        yield from _words(sorted(keys), CompletionItemKind.Keyword, key=True)
    if _takes_properties(document, at):
        yield from _properties(document, at)
    if len(path) > 2 and path[0] != document.key("parameters"):
        yield from _functions(rules.functions)
    elif path[0] == document.key("conditions"):
        yield from _functions(rules.condition_functions)
    if isinstance(path[-1], int):  # a dash: the item may be a plain value
        yield from _values(document, dataclasses.replace(at, is_key=False))


def _takes_properties(document: analysis.Document, at: cursor.Cursor) -> bool:
    return len(at.path) >= 3 and at.path[2] == document.key("properties")


def _properties(document: analysis.Document, at: cursor.Cursor) -> Iterator[Proposal]:
    kind = places.resource_type(document, at.path)
    if kind is None:
        return
    if len(at.path) == 3:
        level = kind.properties
    else:
        declared = places.declared(document, at.path)
        level = declared.fields if declared is not None else {}
    for name, one in declarations.visible(level).items():
        yield Proposal(
            name,
            CompletionItemKind.Property,
            one.type_name + (", required" if one.required else ""),
            "\n".join(explaining.property_help(name, one)),
            key=True,
        )


def _functions(known: versions.Functions) -> Iterator[Proposal]:
    for name, function in known.items():
        yield Proposal(name, CompletionItemKind.Function, "function", function.summary, key=True)


def _values(document: analysis.Document, at: cursor.Cursor) -> Iterator[Proposal]:
    named = places.reference(document, at)
    if named is not None:
        yield from _named(document, named)
        return
    path = at.path
    if len(path) == 1 and path[0] in versions.KEYS:
        yield from _words(reversed(versions.spellings(str(path[0]))), CompletionItemKind.EnumMember)
    elif len(path) == 3 and path[2] == document.key("type"):
        if path[0] == document.key("resources"):
            yield from _types()
        elif path[0] == document.key("parameters"):
            yield from _words(TYPES.values() if document.is_cfn else TYPES, CompletionItemKind.TypeParameter)
    elif len(path) == 3 and path[2] == document.key("deletion_policy"):
        yield from _words(document.version.deletion_policies, CompletionItemKind.EnumMember)
    elif path[-2:] in (("resource_def", "type"), ("resource", "type")):  # the members of a group
        yield from _types()
    else:
        yield from _property_values(places.declared(document, path))


def _types() -> Iterator[Proposal]:
    for kind in registry.installed().listed():
        about = inspect.cleandoc(kind.__doc__ or "")
        yield Proposal(kind.type_name, CompletionItemKind.Class, "resource type", about)


def _property_values(declared: declarations.Property | None) -> Iterator[Proposal]:
    if declared is None:
        return
    for constraint in declared.constraints:
        if isinstance(constraint, AllowedValues):
            yield from _words(map(_written, constraint.allowed), CompletionItemKind.EnumMember)
    if declared.type_name == "Boolean":
        yield from _words(("true", "false"), CompletionItemKind.EnumMember)


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _named(document: analysis.Document, named: places.Reference) -> Iterator[Proposal]:
    if named.to in ("parameters", "either"):
        for name in document.names("parameters"):
            schema = document.schema(name)
            detail = explaining.parameter_line(schema) if schema is not None else ""
            yield Proposal(name, CompletionItemKind.Variable, "parameter", detail)
        pseudo = PseudoValues().parameters(document.version.kind)
        yield from _words(pseudo, CompletionItemKind.Constant)
    if named.to in ("resources", "either"):
        for name in document.names("resources"):
            yield Proposal(name, CompletionItemKind.Reference, document.type_name(name))
    if named.to == "conditions":
        yield from _words(document.names("conditions"), CompletionItemKind.Event)
    if named.to == "attributes":
        kind = document.type_of(named.resource)
        for name, attribute in (kind.attributes if kind is not None else {}).items():
            if attribute.status != declarations.HIDDEN:
                yield Proposal(name, CompletionItemKind.Field, attribute.type_name, attribute.description)


def _words(words: Iterable[str], kind: CompletionItemKind, *, key: bool = False) -> Iterator[Proposal]:
    return (Proposal(word, kind, key=key) for word in words)
