"""OS::Neutron::FirewallPolicy: an ordered list of firewall rules.

Spec: https://docs.openstack.org/api-ref/network/v2/#create-firewall-policy
"""

from hearth.resources import base, blockers
from hearth.resources.neutron import network_resource, vpn
from hearth.resources.schema import PHYSICAL_NAME, Attribute, Property


@base.resource("OS::Neutron::FirewallPolicy")
class FirewallPolicy(network_resource.NetworkResource):
    """The rules of a firewall, in their order.

    The first rule that fits a packet decides.
    """

    extension = "fwaas"
    remote = network_resource.collection("firewall_policy", path="fw/firewall_policies", plural="firewall_policies")
    used_by = (blockers.listed("firewall", "/v2.0/fw/firewalls", "firewalls", command="", firewall_policy_id="{id}"),)

    name = Property(str, "Name of the policy.", default=PHYSICAL_NAME, updatable=True)
    description = Property(str, "Description of the policy.", updatable=True, cleared="")
    shared = Property(bool, "Whether all projects may use it; admin only.", default=False, updatable=True)
    audited = Property(bool, "Whether somebody has looked at it since it changed.", default=False, updatable=True)
    firewall_rules = Property(list, "Ids of its rules.", updatable=True, ordered=True, cleared=[])

    attributes = {
        **vpn.texts("audited", "description", "name", "shared", "tenant_id"),
        "firewall_rules": Attribute(list, "Ids of its rules."),
    }
