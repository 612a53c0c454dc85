"""OS::Neutron::VPNService: a subnet of a router that VPN connections lead to.

Spec: https://docs.openstack.org/api-ref/network/v2/#create-vpn-service
"""

from hearth.resources import base, blockers
from hearth.resources.contract import Neighbour, Neighbours
from hearth.resources.neutron import network_resource, topology, vpn
from hearth.resources.remote import Readiness
from hearth.resources.schema import PHYSICAL_NAME, Property


@base.resource("OS::Neutron::VPNService")
class VPNService(network_resource.NetworkResource):
    """A router's end of VPN connections.

    The router needs a gateway, by which the other side reaches it.
    """

    extension = "vpnaas"
    # Without connections a service is down on some drivers.
    remote = vpn.collection("vpnservice", "vpnservices", readiness=Readiness(ready=("ACTIVE", "DOWN")))
    used_by = (
        blockers.listed(
            "VPN connection",
            "/v2.0/vpn/ipsec-site-connections",
            "ipsec_site_connections",
            command="vpn ipsec site connection",
            vpnservice_id="{id}",
        ),
    )

    name = Property(str, "Name of the service.", default=PHYSICAL_NAME, updatable=True)
    description = Property(str, "Description of the service.", updatable=True, cleared="")
    admin_state_up = Property(bool, "Whether it carries traffic.", default=True, updatable=True)
    subnet = Property(
        str, "Subnet that is reached.", required=True, refers="neutron.subnet", wire="subnet_id", since="2014.2"
    )
    subnet_id = Property(
        str,
        "Older name of subnet.",
        constraint="neutron.subnet",
        moved_to="subnet",
        support=(("HIDDEN", "5.0.0"), ("DEPRECATED", "2014.2")),
    )
    router = Property(
        str, "Router of the subnet.", required=True, refers="neutron.router", wire="router_id", since="2015.1"
    )
    router_id = Property(
        str,
        "Older name of router.",
        constraint="neutron.router",
        moved_to="router",
        support=(("HIDDEN", "6.0.0"), ("DEPRECATED", "2015.1"), ("SUPPORTED", "2013.2")),
    )

    attributes = vpn.texts("admin_state_up", "description", "name", "router_id", "status", "subnet_id", "tenant_id")

    def needs(self, me: Neighbour, others: Neighbours) -> set[str]:
        """What connects the router."""
        router = me.properties.get("router")
        kinds = {"OS::Neutron::RouterInterface": "router", "OS::Neutron::RouterGateway": "router_id"}
        return {
            one.name
            for kind, key in kinds.items()
            for one in topology.of_type(others, kind)
            if topology.same(one.properties.get(key), router)
        }
