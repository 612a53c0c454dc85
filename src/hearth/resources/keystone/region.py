"""OS::Keystone::Region: a part of the cloud that has endpoints of its own.

Spec: https://docs.openstack.org/api-ref/identity/v3/#regions
"""

from typing import Any

from hearth.resources import base
from hearth.resources.contract import Call
from hearth.resources.keystone import identity_resource
from hearth.resources.remote import Remote
from hearth.resources.schema import Property


@base.resource("OS::Keystone::Region", since="6.0.0")
class Region(identity_resource.IdentityResource):
    """A region of the catalog.

    Admin only by default. Without an id it has the one of its row.
    """

    remote = Remote(service="identity", path="/v3/regions", envelope="region", update_method="PATCH")

    id = Property(str, "Id of the region; made if it is not given.")
    parent_region = Property(str, "Region it is in.", updatable=True, refers="keystone.region", wire="parent_region_id")
    description = Property(str, "Description of the region.", updatable=True, cleared="")
    enabled = Property(bool, "Whether it is said to be in use.", default=True, updatable=True)

    def body(self, call: Call) -> dict[str, Any]:
        """With an id, so that it has no other after a lost answer."""
        return {"id": call.resource_id, **super().body(call)}
