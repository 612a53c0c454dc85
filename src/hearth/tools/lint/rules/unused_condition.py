"""HL102: conditions that nothing depends on."""

from collections.abc import Iterator

from hearth.tools.lint.rule import Hit, Level, Rule
from hearth.tools.lint.subject import Subject


def check(subject: Subject) -> Iterator[Hit]:
    """Conditions that no resource, output, choice or other condition names."""
    for name in subject.section("conditions"):
        if name not in subject.conditions_used:
            yield Hit(
                subject.place((subject.template.key("conditions"), name)),
                f"condition {name!r} is never used",
                "Remove it, or name it where it should decide.",
            )


RULE = Rule(
    id="HL102",
    name="unused-condition",
    title="A condition is never used",
    level=Level.WARNING,
    why="Nothing depends on it, so what it was meant to switch is always on.",
    bad="""\
heat_template_version: 2021-04-16
parameters:
  stage: {type: string, description: Stage}
conditions:
  is_production: {equals: [{get_param: stage}, production]}
resources:
  backup:
    type: OS::Heat::None
""",
    good="""\
heat_template_version: 2021-04-16
parameters:
  stage: {type: string, description: Stage}
conditions:
  is_production: {equals: [{get_param: stage}, production]}
resources:
  backup:
    type: OS::Heat::None
    condition: is_production
""",
    check=check,
)
