"""HL106: resources with the very same body."""

import json
from collections.abc import Iterator

from hearth.tools.lint.rule import Hit, Level, Rule
from hearth.tools.lint.subject import Subject


def check(subject: Subject) -> Iterator[Hit]:
    """Resources that equal an earlier one, and have enough properties for that to be no chance."""
    first: dict[str, str] = {}
    for name, body, path in subject.entries("resources"):
        if len(subject.properties(body)) < 2:
            continue
        original = first.setdefault(json.dumps(body, sort_keys=True, default=str), name)
        if original != name:
            yield Hit(
                subject.place(path),
                f"{name!r} is the same as {original!r} in every word",
                "Make one OS::Heat::ResourceGroup of them, or put what they share into a nested template.",
            )


RULE = Rule(
    id="HL106",
    name="duplicate-resource",
    title="Two resources are the same in every word",
    level=Level.NOTE,
    why="A change has to be made in each copy, and one is forgotten sooner or later.",
    bad="""\
heat_template_version: 2021-04-16
resources:
  first:
    type: OS::Nova::Server
    properties: {image: cirros, flavor: m1.tiny}
  second:
    type: OS::Nova::Server
    properties: {image: cirros, flavor: m1.tiny}
""",
    good="""\
heat_template_version: 2021-04-16
resources:
  servers:
    type: OS::Heat::ResourceGroup
    properties:
      count: 2
      resource_def:
        type: OS::Nova::Server
        properties: {image: cirros, flavor: m1.tiny}
""",
    check=check,
)
