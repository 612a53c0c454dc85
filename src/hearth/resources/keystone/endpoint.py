"""OS::Keystone::Endpoint: where a service can be reached.

Spec: https://docs.openstack.org/api-ref/identity/v3/#service-catalog-and-endpoints
"""

from hearth.resources import base
from hearth.resources.keystone import identity_resource
from hearth.resources.remote import Remote
from hearth.resources.schema import PHYSICAL_NAME, Property


@base.resource("OS::Keystone::Endpoint", since="5.0.0")
class Endpoint(identity_resource.IdentityResource):
    """The address of a service in the catalog.

    Admin only by default.
    """

    remote = Remote(service="identity", path="/v3/endpoints", envelope="endpoint", update_method="PATCH")

    name = Property(str, "Name of the endpoint.", default=PHYSICAL_NAME, updatable=True)
    service = Property(
        str, "Service it leads to.", required=True, updatable=True, refers="keystone.service", wire="service_id"
    )
    region = Property(str, "Region it is in.", updatable=True, refers="keystone.region", wire="region_id")
    interface = Property(str, "Who uses it.", required=True, updatable=True, allowed=("public", "internal", "admin"))
    url = Property(str, "Its URL.", required=True, updatable=True)
    enabled = Property(bool, "Whether it is in the catalog.", default=True, updatable=True, since="6.0.0")
