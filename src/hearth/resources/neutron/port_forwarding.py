"""OS::Neutron::FloatingIPPortForward: one port of a floating address, led to a port of an inner one.

Spec: https://docs.openstack.org/api-ref/network/v2/#floating-ips-port-forwarding
"""

from hearth.resources import base, rules
from hearth.resources.contract import Neighbour, Neighbours
from hearth.resources.neutron import floating_ip, network_resource
from hearth.resources.schema import Property


@base.resource("OS::Neutron::FloatingIPPortForward", since="19.0.0")
class FloatingIPPortForward(network_resource.NetworkResource):
    """Leads one port number of a floating address to an inner one.

    Many inner addresses can share a floating one that way.
    """

    extension = "floating-ip-port-forwarding"
    remote = network_resource.collection(
        "port_forwarding", path="floatingips/{floating_ip}/port_forwardings", marker="", batch=""
    )

    # Floating addresses have no names.
    floating_ip = Property(str, "Id of the floating address.", required=True, wire=None, live=None)
    external_port = Property(
        int, "Port of the floating address.", required=True, updatable=True, minimum=1, maximum=65535
    )
    internal_port = Property(
        str, "Network port it leads to.", required=True, updatable=True, refers="neutron.port", wire="internal_port_id"
    )
    internal_ip_address = Property(
        str, "Address of that network port.", required=True, updatable=True, constraint="ip_addr"
    )
    internal_port_number = Property(
        int, "Port of the inner address.", updatable=True, minimum=1, maximum=65535, wire="internal_port"
    )
    protocol = Property(
        str,
        "Protocol that is led there.",
        required=True,
        updatable=True,
        allowed=("tcp", "udp", "icmp", "icmp6", "sctp", "dccp"),
    )

    checks = (rules.required_when("internal_port_number", protocol=("tcp", "udp", "sctp", "dccp")),)

    def needs(self, me: Neighbour, others: Neighbours) -> set[str]:
        """The interfaces on the port's subnets."""
        return floating_ip.interfaces_of_port(me.properties.get("internal_port"), others)
