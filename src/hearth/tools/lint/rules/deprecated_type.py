"""HL201: resource types that are on their way out."""

from collections.abc import Iterator

from hearth.resources import schema
from hearth.resources.successors import SUCCESSORS
from hearth.tools.lint.rule import Hit, Level, Rule
from hearth.tools.lint.subject import Subject


def check(subject: Subject) -> Iterator[Hit]:
    """Types that are deprecated or hidden, and older names of types."""
    for name, body, path in subject.entries("resources"):
        written = subject.written_type(body)
        kind = subject.types.find(written)
        if kind is None:
            continue
        place = subject.place((*path, subject.template.key("type")))
        status = schema.status_of(kind.support)
        if status in (schema.DEPRECATED, schema.HIDDEN):
            since = kind.support[0][1]
            successor = SUCCESSORS.get(kind.type_name)
            yield Hit(
                place,
                f"{written} (resource {name!r}) is deprecated" + (f" since {since}" if since else ""),
                f"Use {successor}." if successor else "Leave it out: nothing took its place.",
            )
        elif kind.type_name != written:
            yield Hit(place, f"{written} is an older name of {kind.type_name}", f"Write {kind.type_name}.")


RULE = Rule(
    id="HL201",
    name="deprecated-type",
    title="A resource type is deprecated",
    level=Level.WARNING,
    why="Deprecated types and older names of types go away in a later version, and the template stops working.",
    bad="""\
heat_template_version: 2021-04-16
resources:
  network:
    type: OS::Quantum::Net
""",
    good="""\
heat_template_version: 2021-04-16
resources:
  network:
    type: OS::Neutron::Net
""",
    check=check,
)
