"""HL105: depends_on that a reference implies already."""

from collections.abc import Iterator

from hearth.tools.lint.rule import Hit, Level, Rule
from hearth.tools.lint.subject import Subject


def check(subject: Subject) -> Iterator[Hit]:
    """Entries of depends_on that the resource refers to anyway."""
    key = subject.template.key("depends_on")
    if subject.checked.bound is None:
        return
    for name, body, path in subject.entries("resources"):
        bound = subject.checked.bound.resources.get(name)
        given = body.get(key)
        if bound is None or not given:
            continue
        used = {use.resource for use in bound.uses}
        several = list(enumerate(given)) if isinstance(given, list) else [(None, given)]
        for index, needed in several:
            if isinstance(needed, str) and needed in used:
                yield Hit(
                    subject.place((*path, key) if index is None else (*path, key, index)),
                    f"{name!r} refers to {needed!r}, so it comes after it anyway",
                    f"Remove {needed!r} from {key}.",
                )


RULE = Rule(
    id="HL105",
    name="implied-depends-on",
    title="A dependency is stated that a reference implies",
    level=Level.NOTE,
    why="A reference orders the two already; stating it again hides the dependencies that matter.",
    bad="""\
heat_template_version: 2021-04-16
resources:
  network:
    type: OS::Neutron::Net
  subnet:
    type: OS::Neutron::Subnet
    depends_on: network
    properties:
      network: {get_resource: network}
      cidr: 192.0.2.0/24
""",
    good="""\
heat_template_version: 2021-04-16
resources:
  network:
    type: OS::Neutron::Net
  subnet:
    type: OS::Neutron::Subnet
    properties:
      network: {get_resource: network}
      cidr: 192.0.2.0/24
""",
    check=check,
)
