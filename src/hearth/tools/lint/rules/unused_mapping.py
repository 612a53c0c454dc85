"""HL107: CloudFormation mappings that nothing reads."""

from collections.abc import Iterator

from hearth.tools.lint.rule import Hit, Level, Rule
from hearth.tools.lint.subject import Subject


def check(subject: Subject) -> Iterator[Hit]:
    """Mappings no Fn::FindInMap names; none when a name is computed, for it may be any."""
    if subject.template.kind != "cfn":
        return
    used: set[str] = set()
    for call in subject.calls_of("Fn::FindInMap"):
        if not isinstance(call.args, list) or not call.args or not isinstance(call.args[0], str):
            return
        used.add(call.args[0])
    for name in subject.section("mappings"):
        if name not in used:
            yield Hit(subject.place(("Mappings", name)), f"mapping {name!r} is never used", "Remove it.")


RULE = Rule(
    id="HL107",
    name="unused-mapping",
    title="A mapping is never used",
    level=Level.WARNING,
    why="Nothing reads it; often Fn::FindInMap names another one by mistake.",
    bad="""\
AWSTemplateFormatVersion: 2010-09-09
Mappings:
  Sizes:
    small: {length: 8}
Resources:
  password:
    Type: OS::Heat::RandomString
""",
    good="""\
AWSTemplateFormatVersion: 2010-09-09
Mappings:
  Sizes:
    small: {length: 8}
Resources:
  password:
    Type: OS::Heat::RandomString
    Properties:
      length: {"Fn::FindInMap": [Sizes, small, length]}
""",
    check=check,
)
