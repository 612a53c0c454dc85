"""HL501: parameters and outputs nobody explains."""

from collections.abc import Iterator

from hearth.tools.lint.rule import Hit, Level, Rule
from hearth.tools.lint.subject import Subject


def check(subject: Subject) -> Iterator[Hit]:
    """Parameters and outputs without a description."""
    key = "description" if subject.template.kind == "hot" else "Description"
    for section, noun in (("parameters", "parameter"), ("outputs", "output")):
        for name, body, path in subject.entries(section):
            if not body.get(key):
                yield Hit(subject.place(path), f"{noun} {name!r} has no description", f"Add `{key}: ...`.")


RULE = Rule(
    id="HL501",
    name="missing-description",
    title="A parameter or output has no description",
    level=Level.NOTE,
    why="Descriptions are what users of the template see: in forms, in `hearth template explain`, in the stack.",
    bad="""\
heat_template_version: 2021-04-16
parameters:
  size: {type: number}
resources:
  password:
    type: OS::Heat::RandomString
    properties: {length: {get_param: size}}
""",
    good="""\
heat_template_version: 2021-04-16
parameters:
  size: {type: number, description: Number of characters}
resources:
  password:
    type: OS::Heat::RandomString
    properties: {length: {get_param: size}}
""",
    check=check,
)
