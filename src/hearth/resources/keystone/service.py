"""OS::Keystone::Service: a service in the catalog.

Spec: https://docs.openstack.org/api-ref/identity/v3/#service-catalog-and-endpoints
"""

from hearth.resources import base
from hearth.resources.keystone import identity_resource
from hearth.resources.remote import Remote
from hearth.resources.schema import PHYSICAL_NAME, Property


@base.resource("OS::Keystone::Service", since="5.0.0")
class Service(identity_resource.IdentityResource):
    """A service of the catalog.

    Admin only by default. Its endpoints go with it.
    """

    remote = Remote(service="identity", path="/v3/services", envelope="service", update_method="PATCH", sparse=True)

    name = Property(str, "Name of the service.", default=PHYSICAL_NAME, updatable=True)
    description = Property(str, "Description of the service.", updatable=True, cleared="")
    type = Property(str, "Kind of service, such as compute.", required=True, updatable=True)
    enabled = Property(bool, "Whether it is in the catalog.", default=True, updatable=True, since="6.0.0")
