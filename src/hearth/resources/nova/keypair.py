"""OS::Nova::KeyPair: a key that servers let in.

Spec: https://docs.openstack.org/api-ref/compute/#keypairs-keypairs
"""

from typing import Any

from hearth.resources import base, blockers
from hearth.resources.contract import Call, Observed
from hearth.resources.remote import Remote, RemoteResource, remember_request
from hearth.resources.schema import Attribute, Property

_PRIVATE_KEY = "private_key"


def _stripped(expected: str, actual: str | None) -> str | None:
    """The actual key; spaces around it mean nothing."""
    return expected if actual is not None and actual.strip() == expected.strip() else actual


@base.resource("OS::Nova::KeyPair", since="2014.1")
class KeyPair(RemoteResource):
    """Its name is its id. Without a public key the service makes a pair, whose private half can be kept."""

    secret_data = (_PRIVATE_KEY,)

    # From 2.92 on the service makes no pairs.
    remote = Remote(service="compute", path="/os-keypairs", envelope="keypair", microversion="2.10")
    named_before_create = False
    used_by = (blockers.servers(key_name="{id}"),)

    name = Property(str, "Name of the key pair.", required=True, length=(1, 255))
    public_key = Property(
        str,
        "The public key; a pair is made if it is not given.",
        live=lambda call, observed: _stripped(call.properties["public_key"], observed.get("public_key")),
    )
    save_private_key = Property(
        bool, "Whether the private key that is made is kept.", default=False, wire=None, live=None
    )
    type = Property(str, "Kind of key.", allowed=("ssh", "x509"), since="8.0.0")
    user = Property(str, "User whose key it is; admin only.", refers="keystone.user", wire="user_id", since="9.0.0")

    attributes = {
        "public_key": Attribute(str, "The public key."),
        _PRIVATE_KEY: Attribute(str, "The private key, if it was made and kept; else empty.", cached=False),
    }

    async def locate(self, call: Call) -> str | None:
        """The name says it. A pair whose private key was to be kept is of no use without its first answer."""
        if call.properties.get("save_private_key") and "public_key" not in call.properties:
            return None
        found = await self.existing(call, call.properties["name"])
        wanted = call.properties.get("public_key")
        if found is None or wanted is None:
            return found
        observed = await self.observe(call)
        call.physical_id = found if observed is not None and observed.get("public_key") == wanted else None
        return call.physical_id

    async def create(self, call: Call) -> str | None:
        """Register the key, or have a pair made."""
        answer = await self.request(call, "POST", self.remote.path, {"keypair": self.body(call)}, creating=True)
        call.physical_id = call.properties["name"]
        remember_request(call, answer)
        if call.properties.get("save_private_key"):
            call.data[_PRIVATE_KEY] = answer.body["keypair"].get("private_key") or ""
        return call.physical_id

    def path(self, call: Call) -> str:
        """A key of another user is named together with the user."""
        user = call.properties.get("user")
        return f"{super().path(call)}?user_id={user}" if user else super().path(call)

    async def attribute(self, call: Call, name: str, observed: Observed | None) -> Any:
        """The private key is kept here only."""
        if name == _PRIVATE_KEY:
            return call.data.get(_PRIVATE_KEY, "")
        return await super().attribute(call, name, observed)
