"""OS::Barbican::Order: a key or certificate that the service is to make.

Spec: https://docs.openstack.org/barbican/latest/api/reference/orders.html
"""

from typing import Any

from hearth.resources import base, rules
from hearth.resources.barbican import kept
from hearth.resources.contract import Call, Observed
from hearth.resources.schema import PHYSICAL_NAME, Attribute, Property

#: Attributes that are the payloads of secrets in the container that was made, under the same name.
_PAYLOADS = ("certificate", "intermediates", "private_key", "public_key")
_KEYS = ("key", "asymmetric")


@base.resource("OS::Barbican::Order", since="2014.2")
class Order(kept.Kept):
    """Has the key manager make a key or a certificate.

    What was made stays when the order is deleted.
    """

    remote = kept.collection("order")
    name_at = "meta.name"

    type = Property(
        str, "What is to be made.", required=True, allowed=("key", "asymmetric", "certificate"), since="5.0.0"
    )
    name = Property(str, "Name of what is made.", default=PHYSICAL_NAME, live="meta.name")
    algorithm = Property(str, "What it is for.", live="meta.algorithm")
    bit_length = Property(int, "Its length in bits.", live="meta.bit_length")
    mode = Property(str, "How it is used.", live="meta.mode")
    payload_content_type = Property(str, "Kind of the payload.", live="meta.payload_content_type")
    expiration = Property(str, "When it ends.", constraint="expiration", live=kept.until)
    pass_phrase = Property(str, "What opens the private key.", since="5.0.0", live="meta.pass_phrase", secret=True)
    request_type = Property(
        str,
        "How the certificate is asked for.",
        allowed=("stored-key", "simple-cmc", "custom"),
        since="5.0.0",
        live="meta.request_type",
    )
    subject_dn = Property(str, "Whom it is about.", since="5.0.0", live="meta.subject_dn")
    source_container_ref = Property(
        str, "Container of the keys.", constraint="barbican.container", since="5.0.0", live="meta.source_container_ref"
    )
    ca_id = Property(str, "The authority.", since="5.0.0", live="meta.ca_id")
    profile = Property(str, "Profile of the authority.", since="5.0.0", live="meta.profile")
    request_data = Property(str, "The request itself.", since="5.0.0", live="meta.request_data")

    attributes = {
        "certificate": Attribute(str, "The certificate.", since="5.0.0"),
        "container_ref": Attribute(str, "Container of what was made.", since="5.0.0"),
        "intermediates": Attribute(str, "Certificates between it and the authority.", since="5.0.0"),
        "order_ref": Attribute(str, "Reference of the order."),
        "private_key": Attribute(str, "The private key.", since="5.0.0"),
        "public_key": Attribute(str, "The public key.", since="5.0.0"),
        "secret_ref": Attribute(str, "Secret that was made."),
        "status": Attribute(str, "How far it is."),
    }

    checks = (
        *(rules.required_when(name, type=_KEYS) for name in ("algorithm", "bit_length")),
        *(
            rules.forbidden_when(name, type=_KEYS)
            for name in ("request_type", "subject_dn", "source_container_ref", "ca_id", "profile", "request_data")
        ),
        *(
            rules.forbidden_when(name, type=("certificate",))
            for name in ("algorithm", "bit_length", "mode", "pass_phrase", "payload_content_type", "expiration")
        ),
        rules.forbidden_when("pass_phrase", type=("key",)),
        *(rules.required_when(name, request_type=("stored-key",)) for name in ("source_container_ref", "subject_dn")),
        rules.required_when("request_data", request_type=("simple-cmc",)),
    )

    def body(self, call: Call) -> dict[str, Any]:
        """All but the type is about what is made."""
        meta = super().body(call)
        return {"type": meta.pop("type"), "meta": meta}

    async def attribute(self, call: Call, name: str, observed: Observed | None) -> Any:
        """What was made, from its own secret."""
        if name not in _PAYLOADS:
            return await super().attribute(call, name, observed)
        made = await super().attribute(call, "container_ref", observed)
        if not made:
            return None
        path = f"/v1/containers/{made.rpartition('/')[2]}"
        ref = kept.references((await self.request(call, "GET", path)).body).get(name)
        return await kept.payload(self, call, ref) if ref else None
