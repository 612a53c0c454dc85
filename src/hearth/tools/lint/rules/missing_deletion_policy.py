"""HL401: data that goes with the stack without anybody having said so."""

from collections.abc import Iterator

from hearth.tools.lint.rule import Hit, Level, Rule
from hearth.tools.lint.subject import Subject

#: Types whose resources hold users' data.
_DATA = frozenset(
    {
        "OS::Cinder::Volume",
        "OS::Manila::Share",
        "OS::Swift::Container",
        "OS::Trove::Cluster",
        "OS::Trove::Instance",
        "AWS::EC2::Volume",
        "AWS::S3::Bucket",
    }
)


def check(subject: Subject) -> Iterator[Hit]:
    """Data without a deletion policy."""
    key = subject.template.key("deletion_policy")
    for name, body, path in subject.entries("resources"):
        if subject.written_type(body) in _DATA and key not in body and not body.get("external_id"):
            yield Hit(
                subject.place(path),
                f"the data of {name!r} are deleted with the stack, or when an update replaces it",
                f"Say {key}: Retain or Snapshot; or Delete, if the data may go.",
            )


RULE = Rule(
    id="HL401",
    name="missing-deletion-policy",
    title="Data has no deletion policy",
    level=Level.WARNING,
    why="Volumes, shares, containers and databases are deleted with the stack unless the template says otherwise.",
    bad="""\
heat_template_version: 2021-04-16
resources:
  data:
    type: OS::Cinder::Volume
    properties: {size: 10}
""",
    good="""\
heat_template_version: 2021-04-16
resources:
  data:
    type: OS::Cinder::Volume
    deletion_policy: Retain
    properties: {size: 10}
""",
    check=check,
)
