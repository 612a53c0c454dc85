"""OS::Neutron::FloatingIP: an address of an external network for a port.

Spec: https://docs.openstack.org/api-ref/network/v2/#floating-ips-floatingips
"""

from typing import Any

from hearth.resources import base, live, rules
from hearth.resources.contract import Call, Change, Neighbour, Neighbours, Reference
from hearth.resources.neutron import network_resource, topology
from hearth.resources.schema import ABSENT, USED_ONCE, Attribute, Property


@base.resource("OS::Neutron::FloatingIP")
class FloatingIP(network_resource.NetworkResource):
    """A floating address.

    Is reached from outside, and leads to an inner address while it is associated with a port.
    """

    remote = network_resource.collection("floatingip")

    floating_network = Property(
        str,
        "External network the address is from.",
        required=True,
        refers="neutron.network",
        wire="floating_network_id",
        since="2014.2",
    )
    floating_network_id = Property(
        str,
        "Older name of floating_network.",
        constraint="neutron.network",
        moved_to="floating_network",
        support=(("HIDDEN", "5.0.0"), ("DEPRECATED", "2014.2")),
    )
    floating_subnet = Property(
        str, "Subnet the address is from.", refers="neutron.subnet", wire="subnet_id", live=USED_ONCE, since="9.0.0"
    )
    port_id = Property(str, "Port the address leads to.", updatable=True, refers="neutron.port")
    fixed_ip_address = Property(
        str, "Address of the port, if it has several.", updatable=True, constraint="ip_addr", cleared=ABSENT
    )
    floating_ip_address = Property(str, "The address; admin only by default.", constraint="ip_addr", since="5.0.0")
    dns_name = Property(str, "DNS name.", updatable=True, constraint="rel_dns_name", cleared="", since="7.0.0")
    dns_domain = Property(str, "DNS domain.", updatable=True, constraint="dns_domain", cleared="", since="7.0.0")
    value_specs = Property(dict, "Further fields of the request.", default={}, live=live.extras())

    checks = (rules.together("fixed_ip_address", "port_id"),)

    attributes = {
        "router_id": Attribute(str, "Router that translates the address."),
        "tenant_id": Attribute(str, "Project that owns it."),
        "floating_network_id": Attribute(str, "External network the address is from."),
        "fixed_ip_address": Attribute(str, "Inner address it leads to.", cached=False),
        "floating_ip_address": Attribute(str, "The address."),
        "port_id": Attribute(str, "Port the address leads to.", cached=False),
    }

    def needs(self, me: Neighbour, others: Neighbours) -> set[str]:
        """The way from the outside to the port: gateways of the external network, interfaces of the port's subnets."""
        network = me.properties.get("floating_network")
        gateways = {
            one.name
            for one in topology.of_type(others, "OS::Neutron::RouterGateway")
            if topology.same(one.properties.get("network"), network)
        }
        routers = {
            one.name
            for one in topology.of_type(others, "OS::Neutron::Router")
            if topology.same(topology.gateway_network(one), network)
        }
        return gateways | routers | interfaces_of_port(me.properties.get("port_id"), others)

    def changes(self, call: Call, change: Change) -> dict[str, Any]:
        """The inner address belongs to the port, so it is sent with every change of the port."""
        changed = super().changes(call, change)
        if changed.get("port_id") and "fixed_ip_address" in call.properties:
            changed["fixed_ip_address"] = call.properties["fixed_ip_address"]
        elif "fixed_ip_address" in change.properties and "port_id" not in changed:
            changed["port_id"] = call.properties.get("port_id")
        return changed


def interfaces_of_port(port: Any, others: Neighbours) -> set[str]:
    """Names of the router interfaces on the subnets of a port of the stack."""
    if not isinstance(port, Reference) or port.resource not in others:
        return set()
    neighbour = others[port.resource]
    subnets = [ip.get("subnet") for ip in topology.items(neighbour.properties.get("fixed_ips"))]
    if not subnets:
        in_network = topology.subnets_of(others, [neighbour.properties.get("network")])
        subnets = [Reference(name) for name in in_network]
    return {
        one.name
        for one in topology.of_type(others, "OS::Neutron::RouterInterface")
        if any(topology.same(one.properties.get("subnet"), subnet) for subnet in subnets)
    }
