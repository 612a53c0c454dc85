"""OS::Keystone::Role: what a user may do where the user has it.

Spec: https://docs.openstack.org/api-ref/identity/v3/#roles
"""

from collections.abc import Mapping
from typing import Any

from hearth.resources import base
from hearth.resources.contract import Call
from hearth.resources.keystone import identity_resource
from hearth.resources.remote import Remote
from hearth.resources.schema import PHYSICAL_NAME, Property


@base.resource("OS::Keystone::Role", since="2015.1")
class Role(identity_resource.IdentityResource):
    """A role.

    Admin only by default.
    """

    remote = Remote(service="identity", path="/v3/roles", envelope="role", update_method="PATCH")

    name = Property(str, "Name of the role.", default=PHYSICAL_NAME, updatable=True)
    domain = Property(
        str, "Domain it is for; every one by default.", refers="keystone.domain", wire="domain_id", since="16.0.0"
    )

    async def listed(self, call: Call, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Roles of a domain are shown to who asks for them."""
        domain = call.properties.get("domain")
        return await super().listed(call, {**params, **({"domain_id": domain} if domain else {})})
