"""OS::Neutron::SecurityGroupRule: one rule of a security group.

Spec: https://docs.openstack.org/api-ref/network/v2/#security-group-rules-security-group-rules
"""

from collections.abc import Iterable

from hearth.resources import base, rules
from hearth.resources.contract import Issue, Values
from hearth.resources.neutron import network_resource, protocols
from hearth.resources.schema import Property


@base.resource("OS::Neutron::SecurityGroupRule", since="7.0.0")
class SecurityGroupRule(network_resource.NetworkResource):
    """A rule of a security group.

    A rule for a group that may be outside of the stack.
    """

    extension = "security-group"
    remote = network_resource.collection("security_group_rule")

    security_group = Property(
        str, "The group.", required=True, refers="neutron.security_group", wire="security_group_id"
    )
    description = Property(str, "Description of the rule.")
    direction = Property(str, "Which way.", default="ingress", allowed=protocols.DIRECTIONS)
    ethertype = Property(str, "IP version.", default="IPv4", allowed=protocols.ETHERTYPES)
    port_range_min = Property(int, "First port, or ICMP type.", minimum=0, maximum=protocols.LARGEST_PORT)
    port_range_max = Property(int, "Last port, or ICMP code.", minimum=0, maximum=protocols.LARGEST_PORT)
    protocol = Property(str, "IP protocol.", default="tcp", allowed=protocols.PROTOCOLS)
    remote_group = Property(str, "Group of the other side.", refers="neutron.security_group", wire="remote_group_id")
    remote_ip_prefix = Property(str, "Network of the other side.", constraint="net_cidr")

    checks = (rules.at_most_one("remote_group", "remote_ip_prefix"),)

    def validate(self, properties: Values) -> Iterable[Issue]:
        """Ports must be a range."""
        yield from super().validate(properties)
        low, high = properties.get("port_range_min"), properties.get("port_range_max")
        ports = properties.get("protocol") in ("tcp", "udp", "6", "17")
        if ports and isinstance(low, int) and isinstance(high, int) and low > high:
            yield Issue(("port_range_min",), f"port_range_min {low} is above port_range_max {high}.", "Swap them.")
