"""HL304: security group rules that let everybody in where only few should be."""

from collections.abc import Iterator, Mapping
from typing import Any

from hearth.model.diagnostics import Path
from hearth.tools.lint.rule import Hit, Level, Rule
from hearth.tools.lint.subject import Subject

_EVERYBODY = frozenset({"0.0.0.0/0", "::/0"})
#: Ports behind which administration and databases listen.
_GUARDED = {22: "SSH", 3389: "RDP", 3306: "MySQL", 5432: "PostgreSQL", 6379: "Redis", 9200: "Elasticsearch"}


def check(subject: Subject) -> Iterator[Hit]:
    """Ingress from anywhere to guarded ports, or to all ports."""
    for _, body, path in subject.entries("resources"):
        properties, here = subject.properties(body), (*path, subject.template.key("properties"))
        written = subject.written_type(body)
        if written == "OS::Neutron::SecurityGroupRule":
            yield from _judge(subject, properties, here)
        elif written == "OS::Neutron::SecurityGroup" and isinstance(properties.get("rules"), list):
            for index, rule in enumerate(properties["rules"]):
                if isinstance(rule, dict):
                    yield from _judge(subject, rule, (*here, "rules", index))


def _judge(subject: Subject, rule: Mapping[str, Any], path: Path) -> Iterator[Hit]:
    prefix = rule.get("remote_ip_prefix")
    if rule.get("direction", "ingress") != "ingress" or not isinstance(prefix, str) or prefix not in _EVERYBODY:
        return
    first, last = rule.get("port_range_min"), rule.get("port_range_max")
    if first is None and last is None:
        reached = "every port" if rule.get("protocol") in (None, "tcp", "udp") else ""
    elif isinstance(first, int) and isinstance(last, int):
        reached = ", ".join(name for port, name in _GUARDED.items() if first <= port <= last)
    else:
        reached = ""
    if reached:
        yield Hit(
            subject.place((*path, "remote_ip_prefix")),
            f"this rule lets the whole Internet reach {reached}",
            "Name the network that has to come in, or a remote group.",
        )


RULE = Rule(
    id="HL304",
    name="open-to-the-world",
    title="A rule opens guarded ports to everybody",
    level=Level.WARNING,
    why="Administration and databases on the open Internet are found and attacked within minutes.",
    bad="""\
heat_template_version: 2021-04-16
resources:
  ssh:
    type: OS::Neutron::SecurityGroup
    properties:
      rules:
        - {protocol: tcp, port_range_min: 22, port_range_max: 22, remote_ip_prefix: 0.0.0.0/0}
""",
    good="""\
heat_template_version: 2021-04-16
resources:
  ssh:
    type: OS::Neutron::SecurityGroup
    properties:
      rules:
        - {protocol: tcp, port_range_min: 22, port_range_max: 22, remote_ip_prefix: 192.0.2.0/24}
""",
    check=check,
)
