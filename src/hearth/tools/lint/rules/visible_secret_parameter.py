"""HL302: parameters for secrets that are not hidden."""

from collections.abc import Iterator

from hearth.tools.lint.rule import SECRET_NAME, Hit, Level, Rule
from hearth.tools.lint.subject import Subject


def check(subject: Subject) -> Iterator[Hit]:
    """Text parameters with the name of a secret, without `hidden`."""
    key = "hidden" if subject.template.kind == "hot" else "NoEcho"
    for name, schema in subject.template.parameters.items():
        if schema.type == "string" and not schema.hidden and SECRET_NAME.search(name):
            yield Hit(
                subject.place((subject.template.key("parameters"), name)),
                f"parameter {name!r} looks like a secret and is shown to everybody who may see the stack",
                f"Add `{key}: true`.",
            )


RULE = Rule(
    id="HL302",
    name="visible-secret-parameter",
    title="A parameter for a secret is not hidden",
    level=Level.WARNING,
    why="Values of parameters are shown with the stack unless they are hidden, and are not encrypted in the database.",
    bad="""\
heat_template_version: 2021-04-16
parameters:
  db_password: {type: string, description: Password of the database}
resources:
  value:
    type: OS::Heat::Value
    properties: {value: {get_param: db_password}}
""",
    good="""\
heat_template_version: 2021-04-16
parameters:
  db_password: {type: string, description: Password of the database, hidden: true}
resources:
  value:
    type: OS::Heat::Value
    properties: {value: {get_param: db_password}}
""",
    check=check,
)
