"""HL104: replacements whose mark does not stand in the text."""

from collections.abc import Iterator
from typing import Any

from hearth.tools.lint.rule import Hit, Level, Rule
from hearth.tools.lint.subject import Subject


def check(subject: Subject) -> Iterator[Hit]:
    """Marks of str_replace and the like that the text, given literally, does not have."""
    for call in subject.calls_of("str_replace", "Fn::Replace"):
        text, marks, at = _parts(call.name, call.args)
        if not isinstance(text, str) or not isinstance(marks, dict):
            continue
        for mark in marks:
            if mark and mark not in text:
                yield Hit(
                    subject.place((*call.path, call.name, at, mark)),
                    f"the text has no {mark!r} to replace",
                    "Remove it, or write the mark into the text as it is spelt here.",
                )


def _parts(name: str, args: Any) -> tuple[Any, Any, str | int]:
    if name == "Fn::Replace":
        return (args[1], args[0], 0) if isinstance(args, list) and len(args) == 2 else (None, None, 0)
    return (args.get("template"), args.get("params"), "params") if isinstance(args, dict) else (None, None, "params")


RULE = Rule(
    id="HL104",
    name="unused-replacement",
    title="A replacement's mark does not stand in the text",
    level=Level.WARNING,
    why="Nothing is replaced, mostly because mark and text are spelt differently; the value is lost without a word.",
    bad="""\
heat_template_version: 2021-04-16
resources:
  greeting:
    type: OS::Heat::Value
    properties:
      value:
        str_replace:
          template: Hello $name
          params: {$nmae: world}
""",
    good="""\
heat_template_version: 2021-04-16
resources:
  greeting:
    type: OS::Heat::Value
    properties:
      value:
        str_replace:
          template: Hello $name
          params: {$name: world}
""",
    check=check,
)
