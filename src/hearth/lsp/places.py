"""Which part of a template's grammar a cursor is in: shared by completion, hover and navigation."""

import dataclasses
from typing import Literal

from hearth.lsp import analysis, cursor, outline
from hearth.resources import contract, schema

#: What the arguments of a function name.
_PARAMETER = frozenset({"get_param"})
_RESOURCE = frozenset({"get_resource"})
_ATTRIBUTE = frozenset({"get_attr", "Fn::GetAtt"})

Names = Literal["parameters", "resources", "conditions", "attributes", "either", ""]


@dataclasses.dataclass(frozen=True, slots=True)
class Reference:
    """A value that names something. `resource` is whose attribute it is."""

    to: Names
    resource: str = ""


def reference(document: analysis.Document, at: cursor.Cursor) -> Reference | None:
    """What the value at the cursor names; None when it names nothing."""
    path = at.path
    item = path[-1] if path and isinstance(path[-1], int) else None
    if at.is_key and (item is None or at.colon):
        return None
    last = (path if item is None else path[:-1] or ("",))[-1] if path else ""
    index = item or 0
    if last in _PARAMETER and index == 0:
        return Reference("parameters")
    if last in _RESOURCE:
        return Reference("resources")
    if last in _ATTRIBUTE:
        if index == 0:
            return Reference("resources")
        return Reference("attributes", _first_argument(document, at)) if index == 1 else None
    if last == "Ref":
        return Reference("either")
    if last in ("if", "Fn::If") and item == 0:
        return Reference("conditions")
    in_resource = len(path) >= 3 and path[0] == document.key("resources")
    if in_resource and path[2] == document.key("depends_on"):
        return Reference("resources")
    if len(path) == 3 and path[2] == document.key("condition"):
        return Reference("conditions")
    return None


def _first_argument(document: analysis.Document, at: cursor.Cursor) -> str:
    """The resource of the get_attr call the cursor is in."""
    text = document.lines[at.line][: at.start]
    opening = text.rfind("[")
    if opening >= 0:
        return text[opening + 1 :].split(",")[0].strip(" \"'")
    first = ""
    for line in reversed(document.lines[: at.line]):
        if not line.lstrip().startswith("- "):
            break
        first = line.strip().removeprefix("- ").strip(" \"'")
    return first


def declared(document: analysis.Document, path: outline.Path) -> schema.Property | None:
    """The declaration of the property a path leads to; None outside of properties or when nothing is declared."""
    kind = resource_type(document, path)
    if kind is None or len(path) < 4 or path[2] != document.key("properties"):
        return None
    return schema.property_at(kind.properties, path[3:])


def resource_type(document: analysis.Document, path: outline.Path) -> contract.Resource | None:
    """The type of the resource a path is in."""
    if len(path) < 2 or path[0] != document.key("resources") or not isinstance(path[1], str):
        return None
    return document.type_of(path[1])
