"""HL503: parameters that were left out of the groups."""

from collections.abc import Iterator

from hearth.tools.lint.rule import Hit, Level, Rule
from hearth.tools.lint.subject import Subject


def check(subject: Subject) -> Iterator[Hit]:
    """Parameters in no group, where the template has groups."""
    groups = subject.template.parameter_groups
    if not groups:
        return
    names = [group.get("parameters") for group in groups]
    grouped = {name for several in names if isinstance(several, list) for name in several if isinstance(name, str)}
    for name in subject.template.parameters:
        if name not in grouped:
            yield Hit(
                subject.place(("parameters", name)), f"parameter {name!r} is in no group", "Add it to parameter_groups."
            )


RULE = Rule(
    id="HL503",
    name="ungrouped-parameter",
    title="A parameter is in no group",
    level=Level.NOTE,
    why="Forms show groups; a parameter outside of them is easily overlooked.",
    bad="""\
heat_template_version: 2021-04-16
parameter_groups:
  - label: Password
    parameters: [length]
parameters:
  length: {type: number, description: Number of characters}
  salt: {type: string, description: Change it to get another password}
resources:
  password:
    type: OS::Heat::RandomString
    properties: {length: {get_param: length}, salt: {get_param: salt}}
""",
    good="""\
heat_template_version: 2021-04-16
parameter_groups:
  - label: Password
    parameters: [length, salt]
parameters:
  length: {type: number, description: Number of characters}
  salt: {type: string, description: Change it to get another password}
resources:
  password:
    type: OS::Heat::RandomString
    properties: {length: {get_param: length}, salt: {get_param: salt}}
""",
    check=check,
)
