"""OS::Barbican::Secret: something that is kept secret.

Spec: https://docs.openstack.org/barbican/latest/api/reference/secrets.html
"""

from typing import Any

from hearth.resources import base, rules
from hearth.resources.barbican import kept
from hearth.resources.contract import Call, Observed
from hearth.resources.schema import NEVER_SHOWN, PHYSICAL_NAME, USED_ONCE, Attribute, Property


@base.resource("OS::Barbican::Secret", since="2014.2")
class Secret(kept.Kept):
    """A secret kept by the key manager.

    Its payload is given, and never shown but by `decrypted_payload`.
    """

    remote = kept.collection("secret", waits=False)

    name = Property(str, "Name of the secret.", default=PHYSICAL_NAME)
    secret_type = Property(
        str,
        "What it is.",
        default="opaque",
        allowed=("symmetric", "public", "private", "certificate", "passphrase", "opaque"),
        since="5.0.0",
    )
    payload = Property(str, "What is kept.", live=NEVER_SHOWN, secret=True)
    payload_content_type = Property(
        str, "Kind of the payload.", allowed=("text/plain", "application/octet-stream"), live="content_types.default"
    )
    payload_content_encoding = Property(str, "How the payload is written.", allowed=("base64",), live=USED_ONCE)
    algorithm = Property(str, "What it is used with.")
    bit_length = Property(int, "Its length in bits.", minimum=0)
    mode = Property(str, "How it is used.")
    expiration = Property(str, "When it ends.", constraint="expiration", live=kept.until)

    attributes = {
        "decrypted_payload": Attribute(str, "What is kept."),
        "status": Attribute(str, "Whether it can be used."),
    }

    checks = (
        rules.together("payload", "payload_content_type"),
        rules.together("payload_content_type", "payload"),
        rules.together("payload_content_encoding", "payload"),
        rules.required_when("payload_content_encoding", payload_content_type=("application/octet-stream",)),
        rules.forbidden_when("payload_content_encoding", payload_content_type=("text/plain",)),
    )

    async def attribute(self, call: Call, name: str, observed: Observed | None) -> Any:
        """The payload is asked for by itself."""
        if name == "decrypted_payload":
            return await kept.payload(self, call, str(call.physical_id))
        return await super().attribute(call, name, observed)
