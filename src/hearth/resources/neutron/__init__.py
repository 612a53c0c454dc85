"""Types of the network service."""

from hearth.resources.neutron import (
    floating_ip,
    floating_ip_association,
    net,
    port,
    router,
    router_gateway,
    router_interface,
    security_group,
    security_group_rule,
    subnet,
)

TYPES = (
    floating_ip.FloatingIP,
    floating_ip_association.FloatingIPAssociation,
    net.Net,
    port.Port,
    router.Router,
    router_gateway.RouterGateway,
    router_interface.RouterInterface,
    security_group.SecurityGroup,
    security_group_rule.SecurityGroupRule,
    subnet.Subnet,
)
