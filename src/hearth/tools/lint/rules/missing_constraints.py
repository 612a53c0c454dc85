"""HL502: parameters that take anything."""

from collections.abc import Iterator

from hearth.tools.lint.rule import Hit, Level, Rule
from hearth.tools.lint.subject import Subject

_CONSTRAINED = ("string", "number")


def check(subject: Subject) -> Iterator[Hit]:
    """Text and number parameters, not hidden, without any constraint."""
    for name, schema in subject.template.parameters.items():
        if schema.type in _CONSTRAINED and not schema.constraints and not schema.hidden:
            yield Hit(
                subject.place((subject.template.key("parameters"), name)),
                f"parameter {name!r} takes any {'text' if schema.type == 'string' else 'number'}",
                "Add what it has to be: allowed values, a range, a pattern, or a custom constraint.",
            )


RULE = Rule(
    id="HL502",
    name="missing-constraints",
    title="A parameter has no constraints",
    level=Level.NOTE,
    why="With constraints, a wrong value is refused before anything is made, in words the user understands.",
    bad="""\
heat_template_version: 2021-04-16
parameters:
  size: {type: number, description: Number of characters}
resources:
  password:
    type: OS::Heat::RandomString
    properties: {length: {get_param: size}}
""",
    good="""\
heat_template_version: 2021-04-16
parameters:
  size:
    type: number
    description: Number of characters
    constraints:
      - range: {min: 12, max: 64}
resources:
  password:
    type: OS::Heat::RandomString
    properties: {length: {get_param: size}}
""",
    check=check,
)
