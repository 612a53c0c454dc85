"""HL101: parameters that nothing reads."""

from collections.abc import Iterator

from hearth.tools.lint.rule import Hit, Level, Rule
from hearth.tools.lint.subject import Subject


def check(subject: Subject) -> Iterator[Hit]:
    """Parameters no function asks for."""
    for name in subject.section("parameters"):
        if name not in subject.parameters_used:
            yield Hit(
                subject.place((subject.template.key("parameters"), name)),
                f"parameter {name!r} is never used",
                "Remove it, or use it.",
            )


RULE = Rule(
    id="HL101",
    name="unused-parameter",
    title="A parameter is never used",
    level=Level.WARNING,
    why="Users are asked for a value that changes nothing; often a reference was misspelt or forgotten.",
    bad="""\
heat_template_version: 2021-04-16
parameters:
  length: {type: number, description: Length of the password}
resources:
  password:
    type: OS::Heat::RandomString
""",
    good="""\
heat_template_version: 2021-04-16
parameters:
  length: {type: number, description: Length of the password}
resources:
  password:
    type: OS::Heat::RandomString
    properties:
      length: {get_param: length}
""",
    check=check,
)
