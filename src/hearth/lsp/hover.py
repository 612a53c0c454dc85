"""The documentation of what is under the cursor: a type, property, function, parameter, resource or attribute."""

import inspect
from collections.abc import Iterable

from hearth.lsp import analysis, cursor, places
from hearth.resources import registry
from hearth.tools import explaining


def documentation(document: analysis.Document, at: cursor.Cursor) -> str:
    """What to show, as plain text; "" when there is nothing to say."""
    if not document.is_template or not at.whole:
        return ""
    return "\n".join(_on_key(document, at) if at.is_key else _on_value(document, at))


def _on_key(document: analysis.Document, at: cursor.Cursor) -> Iterable[str]:
    path = (*at.path, at.whole)
    declared = places.declared(document, path)
    if declared is not None:
        return explaining.property_help(at.whole, declared)
    if len(path) == 2 and path[0] == document.key("parameters"):
        return _parameter(document, at.whole)
    rules = document.version
    function = {**rules.condition_functions, **rules.functions}.get(at.whole)
    if function is not None and len(path) > 2:
        return explaining.function_help(at.whole, function)
    if len(path) == 2 and path[0] == document.key("resources"):
        return _resource(document, at.whole)
    return ()


def _on_value(document: analysis.Document, at: cursor.Cursor) -> Iterable[str]:
    named = places.reference(document, at)
    if named is not None:
        if named.to == "attributes":
            kind = document.type_of(named.resource)
            attribute = kind.attributes.get(at.whole) if kind is not None else None
            return (f"{at.whole}: {attribute.type_name}", "", attribute.description) if attribute is not None else ()
        if named.to in ("parameters", "either") and at.whole in document.names("parameters"):
            return _parameter(document, at.whole)
        return _resource(document, at.whole) if named.to in ("resources", "either") else ()
    kind = registry.installed().find(at.whole) if "::" in at.whole else None
    if kind is not None:
        return explaining.type_help(kind, inspect.cleandoc(kind.__doc__ or ""))
    return ()


def _parameter(document: analysis.Document, name: str) -> Iterable[str]:
    schema = document.schema(name)
    return explaining.parameter_help(schema) if schema is not None else ()


def _resource(document: analysis.Document, name: str) -> Iterable[str]:
    kind = document.type_of(name)
    if kind is None:
        return ()
    return (f"{name}: {kind.type_name}", "", *inspect.cleandoc(kind.__doc__ or "").splitlines())
