"""HL103: conditions that are always true or always false."""

from collections.abc import Iterator
from typing import Any

from hearth.tools.lint.rule import Hit, Level, Rule
from hearth.tools.lint.subject import Subject


def check(subject: Subject) -> Iterator[Hit]:
    """Conditions whose result does not depend on anything."""
    for name, body in subject.section("conditions").items():
        known = _always(body)
        if known is not None:
            yield Hit(
                subject.place((subject.template.key("conditions"), name)),
                f"condition {name!r} is always {str(known).lower()}, so one side of it can never be reached",
                "Compare with a parameter, or remove the condition and what is never made.",
            )
    for call in subject.calls_of("if", "Fn::If"):
        if isinstance(call.args, list) and call.args and _always(call.args[0]) is not None:
            yield Hit(
                subject.place((*call.path, call.name)),
                f"this {call.name} always takes the same branch",
                "Keep the branch that is taken.",
            )


def _always(condition: Any) -> bool | None:
    """What a condition always gives; None when it depends on something."""
    if isinstance(condition, bool):
        return condition
    if not isinstance(condition, dict) or len(condition) != 1:
        return None
    ((name, args),) = condition.items()
    function: str = name.removeprefix("Fn::").lower()
    if function == "equals" and isinstance(args, list) and len(args) == 2:
        first, second = args
        if first == second:
            return True
        return None if isinstance(first, (dict, list)) or isinstance(second, (dict, list)) else False
    if function == "not":
        inner = _always(args[0] if isinstance(args, list) and len(args) == 1 else args)
        return None if inner is None else not inner
    if function in ("and", "or") and isinstance(args, list):
        decisive = function == "or"
        known = {_always(one) for one in args}
        if decisive in known:
            return decisive
        return not decisive if known == {not decisive} else None
    return None


RULE = Rule(
    id="HL103",
    name="constant-condition",
    title="A condition always gives the same",
    level=Level.WARNING,
    why="One side of it can never be reached: resources or values stand in the template that no stack will ever have.",
    bad="""\
heat_template_version: 2021-04-16
conditions:
  with_backup: {equals: [yes please, no]}
resources:
  backup:
    type: OS::Heat::None
    condition: with_backup
""",
    good="""\
heat_template_version: 2021-04-16
parameters:
  keep: {type: boolean, description: Whether to keep a backup, default: true}
conditions:
  with_backup: {equals: [{get_param: keep}, true]}
resources:
  backup:
    type: OS::Heat::None
    condition: with_backup
""",
    check=check,
)
