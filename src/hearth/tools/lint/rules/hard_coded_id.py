"""HL402: ids of one cloud, written into the template."""

import re
from collections.abc import Iterator

from hearth.tools.lint import subject as subjects
from hearth.tools.lint.rule import Hit, Level, Rule
from hearth.tools.lint.subject import Subject

_UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\Z")


def check(subject: Subject) -> Iterator[Hit]:
    """Properties whose whole value is a UUID."""
    for _, body, path in subject.entries("resources"):
        here = (*path, subject.template.key("properties"))
        for text, at in subjects.texts(subject.properties(body), here):
            if _UUID.match(text):
                yield Hit(
                    subject.place(at),
                    f"{text} is the id of something in one cloud",
                    "Take it from a parameter, or write the name.",
                )


RULE = Rule(
    id="HL402",
    name="hard-coded-id",
    title="An id is written into the template",
    level=Level.WARNING,
    why="Ids differ from cloud to cloud and change when things are made anew; the template works in one place only.",
    bad="""\
heat_template_version: 2021-04-16
resources:
  port:
    type: OS::Neutron::Port
    properties: {network: 6f2e4a36-57a2-4b37-9c1d-0a3d6b7b2c11}
""",
    good="""\
heat_template_version: 2021-04-16
parameters:
  network:
    type: string
    description: Network of the port
    constraints: [{custom_constraint: neutron.network}]
resources:
  port:
    type: OS::Neutron::Port
    properties: {network: {get_param: network}}
""",
    check=check,
)
