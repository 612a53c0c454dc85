"""HL301: secrets written into the template."""

from collections.abc import Iterator
from typing import Any

from hearth.model.diagnostics import Path
from hearth.resources import schema
from hearth.tools.lint.rule import SECRET_NAME, Hit, Level, Rule
from hearth.tools.lint.subject import Subject

#: Declared secret because they may hold secrets; a script written into the template is no secret by itself.
_MAY_BE_PLAIN = frozenset({"user_data", "key_name"})


def check(subject: Subject) -> Iterator[Hit]:
    """Literal texts of properties that are secret by declaration or name, and such defaults of parameters."""
    for name, body, path in subject.entries("resources"):
        kind = subject.type_of(name)
        here = (*path, subject.template.key("properties"))
        yield from _in_map(subject, subject.properties(body), kind.properties if kind else {}, here)
    default = "default" if subject.template.kind == "hot" else "Default"
    for name, body, path in subject.entries("parameters"):
        if SECRET_NAME.search(name) and isinstance(body.get(default), str) and body[default]:
            yield Hit(
                subject.place((*path, default)),
                f"the default of parameter {name!r} is a secret everybody can read",
                "Leave the default out, or let OS::Heat::RandomString make the secret.",
            )


def _in_map(subject: Subject, given: Any, declared: Any, path: Path) -> Iterator[Hit]:
    if isinstance(given, list):
        for index, item in enumerate(given):
            yield from _in_map(subject, item, declared, (*path, index))
    if not isinstance(given, dict) or (len(given) == 1 and next(iter(given)) in subject.template.rules.functions):
        return
    for name, value in given.items():
        one: schema.Property | None = declared.get(name)
        secret = one.secret if one is not None else False
        if isinstance(value, str):
            if value and name not in _MAY_BE_PLAIN and (secret or SECRET_NAME.search(name)):
                yield Hit(
                    subject.place((*path, name)),
                    f"{name!r} is a secret in plain text",
                    "Take it from a parameter with `hidden: true`, or from Barbican.",
                )
        else:
            inner = (one.items or one).fields if one is not None else {}
            yield from _in_map(subject, value, inner, (*path, name))


RULE = Rule(
    id="HL301",
    name="plain-text-secret",
    title="A secret stands in the template",
    level=Level.ERROR,
    why="Templates are kept in version control and shown by the API; a secret in one is known to all who read it.",
    bad="""\
heat_template_version: 2021-04-16
resources:
  server:
    type: OS::Nova::Server
    properties:
      image: cirros
      flavor: m1.tiny
      admin_pass: correct-horse
""",
    good="""\
heat_template_version: 2021-04-16
parameters:
  password: {type: string, description: Password of the administrator, hidden: true}
resources:
  server:
    type: OS::Nova::Server
    properties:
      image: cirros
      flavor: m1.tiny
      admin_pass: {get_param: password}
""",
    check=check,
)
