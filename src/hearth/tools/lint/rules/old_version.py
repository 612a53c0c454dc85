"""HL203: template versions without what newer ones have."""

from collections.abc import Iterator

from hearth.template import versions
from hearth.tools.lint.rule import Hit, Level, Rule
from hearth.tools.lint.subject import Subject


def check(subject: Subject) -> Iterator[Hit]:
    """HOT versions without conditions."""
    rules = subject.template.rules
    if rules.kind == "hot" and not rules.has_conditions:
        newest = versions.VERSIONS[-1].name
        yield Hit(
            subject.place((rules.key,)),
            f"version {rules.name} is old: it has no conditions, no if and no yaql",
            f"Write {newest}, and lint again: some functions changed their names.",
        )


RULE = Rule(
    id="HL203",
    name="old-version",
    title="The template's version is old",
    level=Level.NOTE,
    why="Versions before 2016-10-14 lack conditions and most functions; people work around that with more templates.",
    bad="""\
heat_template_version: 2013-05-23
resources:
  nothing:
    type: OS::Heat::None
""",
    good="""\
heat_template_version: 2021-04-16
resources:
  nothing:
    type: OS::Heat::None
""",
    check=check,
)
