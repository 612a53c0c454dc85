"""OS::Neutron::ProviderNet: a network of which the operator says what it is made of.

Spec: https://docs.openstack.org/api-ref/network/v2/#networks
"""

from hearth.resources import base, rules
from hearth.resources.neutron import net
from hearth.resources.schema import ABSENT, PHYSICAL_NAME, Attribute, Property

_TYPES = ("local", "vlan", "vxlan", "gre", "geneve", "flat")


@base.resource("OS::Neutron::ProviderNet", since="2014.1")
class ProviderNet(net.AnyNet):
    """A network on a certain physical network.

    Admin only by default. Most plug-ins of the service refuse to change what a network is made of.
    """

    extension = "provider"
    name = Property(str, "Name of the network.", default=PHYSICAL_NAME, updatable=True)
    network_type = Property(
        str, "What it is made of.", required=True, updatable=True, allowed=_TYPES, wire="provider:network_type"
    )
    physical_network = Property(
        str, "Physical network it is on.", updatable=True, cleared=ABSENT, wire="provider:physical_network"
    )
    segmentation_id = Property(
        str, "Number of the VLAN or tunnel.", updatable=True, cleared=ABSENT, wire="provider:segmentation_id"
    )
    router_external = Property(
        bool,
        "Whether routers may have their gateway on it.",
        default=False,
        updatable=True,
        wire="router:external",
        since="6.0.0",
    )
    shared = Property(bool, "Whether all projects may use it.", default=True, updatable=True)
    admin_state_up = Property(bool, "Whether the network carries traffic.", default=True, updatable=True)
    port_security_enabled = Property(
        bool, "Whether ports get port security unless told otherwise.", updatable=True, cleared=True, since="8.0.0"
    )
    dns_domain = Property(
        str, "DNS domain of the ports.", updatable=True, constraint="dns_domain", cleared="", since="15.0.0"
    )
    availability_zone_hints = Property(
        list, "Availability zones preferred for its agents.", updatable=True, cleared=ABSENT, since="19.0.0"
    )
    tags = Property(list, "Tags of the network.", updatable=True, items=Property(str), since="12.0.0")
    tenant_id = Property(str, "Project that owns it.", since="24.0.0")

    checks = (rules.forbidden_when("segmentation_id", network_type=("flat", "local")),)

    attributes = {
        "status": Attribute(str, "Status of the network."),
        "subnets": Attribute(list, "Ids of its subnets."),
        "segments": Attribute(list, "Its segments.", since="16.0.0"),
    }
