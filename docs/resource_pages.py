"""The reference's pages of resource types, from the declarations and from the specimens that the test suite deploys.

`gen_reference.py` writes them; the tests read them. Needs `tests` on the path, which `make reference` sees to.
"""

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any

from hearth.resources import registry, schema
from hearth.resources.base import Base
from hearth.resources.schema import Property
from hearth.resources.successors import SUCCESSORS
from specimens import EXAMPLES
from specimens.examples import example

TYPES = registry.TypeRegistry()
#: The index, beside the folders of the services.
INDEX = "resource-types/index"

_HEAD = """\
# Resource types

Each page has the properties and attributes of a type, and an example that the test suite deploys as it stands.

What a change of a property does is one of these:

* **update**: the object is changed in place;
* **replace**: a new object is made, and the old one deleted;
* **refuse**: the update of the stack is refused.

Fields of maps and items of lists change with the property that they are in.
"""


def cell(value: Any) -> str:
    """A value inside a table."""
    return _escaped(str("" if value is None else value).replace("|", "\\|").replace("\n", " ")).strip()


def code(value: Any) -> str:
    """A value inside a table, as code; nothing for nothing."""
    return cell(f"`{value}`") if value not in (None, "", [], {}) else ""


def _escaped(text: str) -> str:
    """The text without HTML in it; what stands between backticks is as it is."""
    return re.sub(r"(`+)[^`]+\1|<", lambda found: found[0] if found[1] else "&lt;", text)


def place(name: str) -> str:
    """The page of a type, `service/type`: `nova/server`, `neutron/lbaas-pool`, `AWS/ec2-instance`."""
    first, *rest = name.lower().split("::")
    return f"AWS/{'-'.join(rest)}" if first == "aws" else f"{rest[0]}/{'-'.join(rest[1:])}"


def index() -> Iterator[str]:
    """All types by service."""
    yield _HEAD
    service = ""
    for name in sorted(TYPES.names(), key=place):
        if (here := _service(name)) != service:
            service = here
            yield from ("", f"## {service}", "", "| Type | | |", "|---|---|---|")
        kind = TYPES.get(name)
        summary = inspect.cleandoc(kind.__doc__ or "").split("\n\n")[0]
        status = schema.status_of(kind.support)
        state = "" if status == schema.SUPPORTED else status.lower()
        yield f"| [{name}]({place(name)}.md) | {cell(summary)} | {state} |"


def _service(name: str) -> str:
    first, second = name.split("::")[:2]
    return "AWS" if first == "AWS" else second


def page(name: str) -> Iterator[str]:
    """The page of one type."""
    kind = TYPES.get(name)
    yield from (f"# {name}", "")
    for paragraph in inspect.cleandoc(kind.__doc__ or "").split("\n\n"):
        words = " ".join(paragraph.split())
        link = words.removeprefix("Spec: ")
        yield f"[Reference of the service]({link})" if link != words and " " not in link else _escaped(words)
        yield ""
    yield from _state(kind)
    yield from _example(name)
    properties = {} if kind.properties is schema.ANYTHING else kind.properties
    yield from _table("Properties", properties)
    yield from _attributes(kind)
    yield from _table("Update policy", kind.update_policy)


def _state(kind: Base) -> Iterator[str]:
    """How far the type is supported, what to use instead, and its older names."""
    (status, since), *former = kind.support
    if status != schema.SUPPORTED:
        yield f'!!! warning "{status.capitalize()}"'
        yield ""
        told = {
            schema.HIDDEN: "Not listed any more; templates that name it are still taken.",
            schema.DEPRECATED: "Still works; new templates should not use it.",
        }.get(status, "Its service is an extra that few clouds have; the release notes promise nothing of it.")
        yield f"    {status.capitalize()}{f' since release {since}' if since else ''}. {told}"
        if getattr(kind, "indifferent", False):
            yield "    It is a placeholder: it takes any property, makes nothing, and its attributes are null."
        if successor := SUCCESSORS.get(kind.type_name):
            yield f"    Use [{successor}](../{place(successor)}.md) instead."
        elif status == schema.HIDDEN:
            yield "    Nothing took its place."
        yield ""
    elif since:
        yield from (f"Since release {since}.", "")
    if former:
        words = "; ".join(f"{was.lower()}{f' since {release}' if release else ''}" for was, release in former)
        yield from (f"Earlier: {words}.", "")
    if names := _older_names(kind.type_name):
        yield from ("Older names: " + ", ".join(f"`{one}`" for one in names) + ".", "")


def _older_names(name: str) -> list[str]:
    return [old for old in registry.ALIASES if "*" not in old and TYPES.get(old).type_name == name]


def _example(name: str) -> Iterator[str]:
    if name not in EXAMPLES:
        return
    shown = example(name)
    yield from ("## Example", "")
    if shown.user == "admin":
        yield from ("Usually only administrators may do this.", "")
    if note := EXAMPLES[name].note:
        yield from (note, "")
    if shown.given:
        given = " ".join(f"--parameter {one}=..." for one in shown.given)
        yield from (f"Say what it needs when you create the stack: `{given}`.", "")
    if shown.secrets:
        given = " ".join(f"--parameter {one}=..." for one in shown.secrets)
        yield from (f"Give the secrets when you create the stack: `{given}`.", "")
    yield from ("```yaml", shown.text.rstrip(), "```", "")


def _table(title: str, properties: Mapping[str, Property]) -> Iterator[str]:
    rows = list(_rows(properties))
    if rows:
        yield from (f"## {title}", "", "| Name | Type | Required | Default | On change | Constraints | |")
        yield "|---|---|---|---|---|---|---|"
        yield from rows
        yield ""


def _rows(properties: Mapping[str, Property], prefix: str = "") -> Iterator[str]:
    """Rows of properties, nested ones under their path."""
    for key, one in sorted(schema.visible(properties).items(), key=lambda pair: (not pair[1].required, pair[0])):
        change = "" if prefix else "update" if one.updatable else "refuse" if one.immutable else "replace"
        default = code(one.default) if one.has_default else "a name of its own" if _named(one) else ""
        limits = "; ".join(_constraint(each.to_wire()) for each in one.constraints)
        required = "yes" if one.required else ""
        yield (
            f"| `{prefix}{key}` | {one.type_name.lower()} | {required} | {default} | {change} | {limits} "
            f"| {cell(' '.join(_words(one)))} |"
        )
        if one.items is not None:
            yield from _rows(one.items.fields, f"{prefix}{key}[].")
        else:
            yield from _rows(one.fields, f"{prefix}{key}.")


def _named(one: Property) -> bool:
    return one.default is schema.PHYSICAL_NAME


def _words(one: Property) -> Iterator[str]:
    if one.status == schema.DEPRECATED:
        yield "Deprecated."
    if one.moved_to:
        yield f"Older name of `{one.moved_to}`."
    if one.description:
        yield one.description
    if one.since:
        yield f"Since release {one.since}."


def _constraint(wire: Mapping[str, Any]) -> str:
    """One constraint in words."""
    [(kind, limit)] = [(key, value) for key, value in wire.items() if key != "description"]
    if isinstance(limit, Mapping):
        limit = ", ".join(f"{key} {value}" for key, value in limit.items())
    elif isinstance(limit, list | tuple):
        limit = ", ".join(str(value) for value in limit)
    return f"{cell(kind.replace('_', ' '))}: {code(limit)}"


def _attributes(kind: Base) -> Iterator[str]:
    shown = {key: one for key, one in kind.attributes.items() if one.status != schema.HIDDEN}
    if not shown:
        return
    yield from ("## Attributes", "", "| Name | Type | |", "|---|---|---|")
    for key, one in sorted(shown.items()):
        state = "Deprecated. " if one.status == schema.DEPRECATED else ""
        since = f" Since release {one.since}." if one.since else ""
        yield f"| `{key}` | {one.type_name} | {cell(f'{state}{one.description}{since}')} |"
    yield ""
