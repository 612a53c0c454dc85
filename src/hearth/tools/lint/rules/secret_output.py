"""HL303: outputs that show secrets."""

from collections.abc import Iterator
from typing import Any

from hearth.tools.lint.rule import SECRET_NAME, Hit, Level, Rule
from hearth.tools.lint.subject import Call, Subject

#: Attributes (None: the reference) that are secrets, by type.
_SECRETS: dict[str, frozenset[str | None]] = {
    "OS::Heat::RandomString": frozenset({None, "value"}),
    "OS::Nova::KeyPair": frozenset({"private_key"}),
    "OS::Keystone::ApplicationCredential": frozenset({"secret"}),
}


def check(subject: Subject) -> Iterator[Hit]:
    """Outputs whose value holds a hidden parameter or an attribute that is a secret."""
    section = subject.template.key("outputs")
    for call in subject.calls:
        if call.path[0] != section:
            continue
        secret = _secret(subject, call)
        if secret:
            yield Hit(
                subject.place((section, call.path[1])),
                f"output {call.path[1]!r} shows {secret}",
                "Leave the output out, or keep the secret in Barbican and show its reference.",
            )


def _secret(subject: Subject, call: Call) -> str:
    """What secret a call gives; "" when it gives none."""
    name, *path = call.args if isinstance(call.args, list) and call.args else [call.args]
    if not isinstance(name, str):
        return ""
    schema = subject.template.parameters.get(name)
    if call.name in ("get_param", "Ref") and schema is not None:
        return f"the hidden parameter {name!r}" if schema.hidden else ""
    if call.name not in ("get_resource", "Ref", "get_attr", "Fn::GetAtt"):
        return ""
    kind = subject.type_of(name)
    attribute: Any = path[0] if path else None
    if kind is None or (attribute is not None and not isinstance(attribute, str)):
        return ""
    if attribute in _SECRETS.get(kind.type_name, ()):
        return f"a secret of {name!r}"
    return f"{attribute!r} of {name!r}" if attribute and SECRET_NAME.search(attribute) else ""


RULE = Rule(
    id="HL303",
    name="secret-output",
    title="An output shows a secret",
    level=Level.WARNING,
    why="Outputs are shown in plain text to everybody who may see the stack.",
    bad="""\
heat_template_version: 2021-04-16
resources:
  password:
    type: OS::Heat::RandomString
outputs:
  password:
    description: The password
    value: {get_attr: [password, value]}
""",
    good="""\
heat_template_version: 2021-04-16
resources:
  network:
    type: OS::Neutron::Net
outputs:
  network:
    description: The network's id
    value: {get_resource: network}
""",
    check=check,
)
