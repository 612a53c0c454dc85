"""OS::Neutron::Firewall: the firewall of a project's routers, by the first version of that extension.

Spec: https://docs.openstack.org/api-ref/network/v2/#fwaas-v1-0-deprecated-fw-firewalls-firewall-policies-firewall-rules
"""

from hearth.resources import base, live
from hearth.resources.neutron import network_resource, vpn
from hearth.resources.remote import Readiness
from hearth.resources.schema import PHYSICAL_NAME, Attribute, Property

_SHARED = (("UNSUPPORTED", "6.0.0"), ("SUPPORTED", "2015.1"))


@base.resource("OS::Neutron::Firewall")
class Firewall(network_resource.NetworkResource):
    """A firewall before routers.

    Keeps to a policy. Without a router it is inactive, which is not waited for.
    """

    extension = "fwaas"
    remote = network_resource.collection(
        "firewall", path="fw/firewalls", readiness=Readiness(ready=("ACTIVE", "INACTIVE", "DOWN"))
    )

    name = Property(str, "Name of the firewall.", default=PHYSICAL_NAME, updatable=True)
    description = Property(str, "Description of the firewall.", updatable=True, cleared="")
    admin_state_up = Property(bool, "Whether it lets anything pass.", default=True, updatable=True)
    firewall_policy_id = Property(str, "Policy it keeps to.", required=True, updatable=True)
    shared = Property(
        bool, "Whether all projects may use it; admin only.", updatable=True, cleared=False, support=_SHARED
    )
    value_specs = Property(
        dict, "Further fields of the request.", default={}, updatable=True, live=live.extras(), since="5.0.0"
    )

    attributes = {
        **vpn.texts("admin_state_up", "description", "firewall_policy_id", "name", "status", "tenant_id"),
        "shared": Attribute(str, "Whether all projects may use it.", support=(("UNSUPPORTED", "6.0.0"),)),
    }
