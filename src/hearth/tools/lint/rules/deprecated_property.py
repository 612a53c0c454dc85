"""HL202: properties that are on their way out."""

from collections.abc import Iterator, Mapping
from typing import Any

from hearth.model.diagnostics import Path
from hearth.resources import schema
from hearth.tools.lint.rule import Hit, Level, Rule
from hearth.tools.lint.subject import Subject


def check(subject: Subject) -> Iterator[Hit]:
    """Properties, at any depth, whose declaration says that they are deprecated or have another name now."""
    for name, body, path in subject.entries("resources"):
        kind = subject.type_of(name)
        if kind is not None:
            here = (*path, subject.template.key("properties"))
            yield from _in_map(subject, kind.properties, subject.properties(body), here)


def _in_map(
    subject: Subject, declared: Mapping[str, schema.Property], given: Mapping[str, Any], path: Path
) -> Iterator[Hit]:
    for name, value in given.items():
        one = declared.get(name)
        if one is None:
            continue
        here = (*path, name)
        if one.moved_to:
            yield Hit(subject.place(here), f"{name!r} is an older name of {one.moved_to!r}", f"Write {one.moved_to!r}.")
        elif one.status in (schema.DEPRECATED, schema.HIDDEN):
            yield Hit(subject.place(here), f"property {name!r} is deprecated", "Leave it out.")
        yield from _inside(subject, one, value, here)


def _inside(subject: Subject, one: schema.Property, value: Any, path: Path) -> Iterator[Hit]:
    if isinstance(value, dict) and one.fields:
        yield from _in_map(subject, one.fields, value, path)
    elif isinstance(value, list) and one.items is not None:
        for index, item in enumerate(value):
            yield from _inside(subject, one.items, item, (*path, index))


RULE = Rule(
    id="HL202",
    name="deprecated-property",
    title="A property is deprecated",
    level=Level.WARNING,
    why="Deprecated properties go away in a later version; until then they often do less than their successors.",
    bad="""\
heat_template_version: 2021-04-16
resources:
  server:
    type: OS::Nova::Server
    properties:
      image: cirros
      flavor: m1.tiny
      networks: [{uuid: private}]
""",
    good="""\
heat_template_version: 2021-04-16
resources:
  server:
    type: OS::Nova::Server
    properties:
      image: cirros
      flavor: m1.tiny
      networks: [{network: private}]
""",
    check=check,
)
