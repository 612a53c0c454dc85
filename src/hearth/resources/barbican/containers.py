"""OS::Barbican::GenericContainer, RSAContainer and CertificateContainer: secrets that belong together.

Spec: https://docs.openstack.org/barbican/latest/api/reference/containers.html
"""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from hearth.model.values import is_known
from hearth.resources import base
from hearth.resources.barbican import kept
from hearth.resources.contract import Call, Issue, Observed, Values
from hearth.resources.schema import PHYSICAL_NAME, Attribute, Property


def _secret(name: str) -> Callable[[Call, Observed], Any]:
    """Reads the reference of one of the secrets."""

    def read(call: Call, observed: Observed) -> Any:
        return kept.references(observed).get(name)

    return read


class Container(kept.Kept):
    """What the containers of all kinds share."""

    remote = kept.collection("container")
    #: The kind, and by property the name that a secret has in it.
    kind: ClassVar[str]

    attributes = {
        "consumers": Attribute(list, "Who has registered to use it."),
        "container_ref": Attribute(str, "Its reference."),
        "secret_refs": Attribute(dict, "References of the secrets, by name.", source=kept.references),
        "status": Attribute(str, "Whether it can be used."),
    }

    def body(self, call: Call) -> dict[str, Any]:
        """Secrets stand in a list."""
        body = super().body(call)
        named = {key.removesuffix("_ref"): body.pop(key) for key in list(body) if key.endswith("_ref")}
        refs = [{"name": name, "secret_ref": ref} for name, ref in named.items()]
        return {"type": self.kind, "secret_refs": refs, **body}


@base.resource("OS::Barbican::GenericContainer", since="6.0.0")
class GenericContainer(Container):
    """Secrets that are kept together, under names."""

    kind = "generic"

    name = Property(str, "Name of the container.", default=PHYSICAL_NAME)
    secrets = Property(
        list,
        "The secrets.",
        wire="secret_refs",
        items=Property(
            dict,
            fields={
                "name": Property(str, "Its name in the container.", required=True),
                "ref": Property(str, "Its reference.", required=True, constraint="barbican.secret", wire="secret_ref"),
            },
        ),
    )

    def validate(self, properties: Values) -> Iterable[Issue]:
        """Names are there once."""
        yield from super().validate(properties)
        given = properties.get("secrets")
        names: set[Any] = set()
        for at, one in enumerate(given if isinstance(given, list) else ()):
            name = one.get("name") if isinstance(one, dict) else None
            if is_known(name) and name in names:
                yield Issue(("secrets", at, "name"), f"The name {name!r} is there twice.", "Give each its own.")
            names.add(name if is_known(name) else None)


@base.resource("OS::Barbican::RSAContainer", since="6.0.0")
class RSAContainer(Container):
    """A pair of RSA keys that are kept together."""

    kind = "rsa"

    name = Property(str, "Name of the container.", default=PHYSICAL_NAME)
    public_key_ref = Property(str, "The public key.", constraint="barbican.secret", live=_secret("public_key"))
    private_key_ref = Property(str, "The private key.", constraint="barbican.secret", live=_secret("private_key"))
    private_key_passphrase_ref = Property(
        str, "What opens the private key.", constraint="barbican.secret", live=_secret("private_key_passphrase")
    )


@base.resource("OS::Barbican::CertificateContainer", since="6.0.0")
class CertificateContainer(Container):
    """A certificate with its private key and intermediates."""

    kind = "certificate"

    name = Property(str, "Name of the container.", default=PHYSICAL_NAME)
    certificate_ref = Property(str, "The certificate.", constraint="barbican.secret", live=_secret("certificate"))
    intermediates_ref = Property(
        str, "Certificates between it and the authority.", constraint="barbican.secret", live=_secret("intermediates")
    )
    private_key_ref = Property(str, "The private key.", constraint="barbican.secret", live=_secret("private_key"))
    private_key_passphrase_ref = Property(
        str, "What opens the private key.", constraint="barbican.secret", live=_secret("private_key_passphrase")
    )
