"""OS::Keystone::Domain: a realm of users, groups and projects.

Spec: https://docs.openstack.org/api-ref/identity/v3/#domains
"""

from hearth.resources import base
from hearth.resources.contract import Call
from hearth.resources.keystone import identity_resource
from hearth.resources.remote import Remote
from hearth.resources.schema import PHYSICAL_NAME, Property


@base.resource("OS::Keystone::Domain", since="8.0.0")
class Domain(identity_resource.IdentityResource):
    """A domain.

    Admin only by default. Whatever is in it goes with it.
    """

    remote = Remote(service="identity", path="/v3/domains", envelope="domain", update_method="PATCH")

    name = Property(str, "Name of the domain.", default=PHYSICAL_NAME, updatable=True)
    description = Property(str, "Description of the domain.", updatable=True, cleared="")
    enabled = Property(bool, "Whether its users are let in.", default=True, updatable=True)

    async def delete(self, call: Call) -> None:
        """The service deletes only what is disabled."""
        await self.request(call, "PATCH", self.path(call), {self.remote.envelope: {"enabled": False}})
        await super().delete(call)
