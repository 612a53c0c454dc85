"""OS::Neutron::AddressScope: subnet pools whose addresses do not overlap.

Spec: https://docs.openstack.org/api-ref/network/v2/#address-scopes
"""

from hearth.resources import base, blockers
from hearth.resources.neutron import network_resource
from hearth.resources.schema import PHYSICAL_NAME, Property


@base.resource("OS::Neutron::AddressScope", since="6.0.0")
class AddressScope(network_resource.NetworkResource):
    """A scope in which addresses are of one kind and unique.

    Between networks of one scope, routers need no address translation.
    """

    extension = "address-scope"
    remote = network_resource.collection("address_scope", marker="")
    used_by = (blockers.listed("subnet pool", "/v2.0/subnetpools", "subnetpools", address_scope_id="{id}"),)

    name = Property(str, "Name of the scope.", default=PHYSICAL_NAME, updatable=True)
    ip_version = Property(int, "IP version of the addresses.", default=4, allowed=(4, 6))
    shared = Property(bool, "Whether all projects may use it; admin only.", default=False, updatable=True)
    tenant_id = Property(str, "Project that owns it; admin only.", refers="keystone.project")
