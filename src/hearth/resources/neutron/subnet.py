"""OS::Neutron::Subnet: a range of addresses in a network.

Spec: https://docs.openstack.org/api-ref/network/v2/#subnets
"""

from collections.abc import Iterable
from typing import Any

from hearth.model.values import UNKNOWN
from hearth.resources import base, blockers, checks, live, rules
from hearth.resources.contract import Call, Change, Issue, Observed, Values
from hearth.resources.neutron import network_resource
from hearth.resources.schema import PHYSICAL_NAME, Attribute, Property

_MODES = ("dhcpv6-stateful", "dhcpv6-stateless", "slaac")
#: What a template may give as gateway_ip for "no gateway".
_NO_GATEWAY = ("", "~", "null")


def _gateway(call: Call, observed: Observed) -> Any:
    """The gateway; for none, as the template spells that."""
    given = call.properties.get("gateway_ip")
    return given if observed.get("gateway_ip") is None and given in _NO_GATEWAY else observed.get("gateway_ip")


def _prefix_length(call: Call, observed: Observed) -> Any:
    return int(str(observed["cidr"]).rpartition("/")[2])


@base.resource("OS::Neutron::Subnet")
class Subnet(network_resource.NetworkResource):
    """A range of addresses of a network.

    Addresses, their gateway, and what DHCP tells about them.
    """

    remote = network_resource.collection("subnet")
    used_by = (blockers.ports(fixed_ips="subnet_id={id}"),)

    network = Property(
        str, "Network the subnet is in.", required=True, refers="neutron.network", wire="network_id", since="2014.2"
    )
    network_id = Property(
        str,
        "Older name of network.",
        constraint="neutron.network",
        moved_to="network",
        support=(("HIDDEN", "5.0.0"), ("DEPRECATED", "2014.2")),
    )
    subnetpool = Property(
        str, "Pool the addresses are taken from.", refers="neutron.subnetpool", wire="subnetpool_id", since="6.0.0"
    )
    prefixlen = Property(int, "Prefix length asked of the pool.", minimum=0, live=_prefix_length, since="6.0.0")
    cidr = Property(str, "The addresses.", constraint="net_cidr")
    name = Property(str, "Name of the subnet.", default=PHYSICAL_NAME, updatable=True)
    ip_version = Property(int, "4 or 6.", default=4, allowed=(4, 6))
    enable_dhcp = Property(bool, "Whether DHCP serves it.", default=True, updatable=True)
    gateway_ip = Property(
        str, "Address of the gateway; null or empty for none.", updatable=True, null="", live=_gateway
    )
    dns_nameservers = Property(list, "DNS servers told to hosts.", default=[], updatable=True, ordered=True)
    allocation_pools = Property(
        list,
        "Ranges that addresses are given from.",
        updatable=True,
        cleared=[],
        items=Property(
            dict,
            fields={
                "start": Property(str, "First address.", required=True, constraint="ip_addr"),
                "end": Property(str, "Last address.", required=True, constraint="ip_addr"),
            },
        ),
    )
    host_routes = Property(
        list,
        "Routes told to hosts.",
        updatable=True,
        cleared=[],
        items=Property(
            dict,
            fields={
                "destination": Property(str, "Network to reach.", required=True, constraint="net_cidr"),
                "nexthop": Property(str, "Address it is reached by.", required=True, constraint="ip_addr"),
            },
        ),
    )
    ipv6_ra_mode = Property(str, "How router advertisements are made.", allowed=_MODES, since="2015.1")
    ipv6_address_mode = Property(str, "How hosts get their addresses.", allowed=_MODES, since="2015.1")
    segment = Property(
        str,
        "Segment of the network it is in.",
        updatable=True,
        refers="neutron.segment",
        wire="segment_id",
        support=(("SUPPORTED", "11.0.0"), ("SUPPORTED", "9.0.0")),
    )
    tags = Property(list, "Tags of the subnet.", updatable=True, items=Property(str), since="9.0.0")
    tenant_id = Property(str, "Project that owns it; admin only.")
    value_specs = Property(dict, "Further fields of the request.", default={}, updatable=True, live=live.extras())

    checks = (
        rules.exactly_one("cidr", "subnetpool"),
        rules.at_most_one("cidr", "prefixlen"),
        rules.forbidden_when("ipv6_ra_mode", ip_version=(4,)),
        rules.forbidden_when("ipv6_address_mode", ip_version=(4,)),
    )

    attributes = {
        "name": Attribute(str, "Name of the subnet."),
        "network_id": Attribute(str, "Network the subnet is in."),
        "tenant_id": Attribute(str, "Project that owns it."),
        "allocation_pools": Attribute(list, "Ranges that addresses are given from."),
        "gateway_ip": Attribute(str, "Address of the gateway."),
        "host_routes": Attribute(list, "Routes told to hosts."),
        "ip_version": Attribute(str, "4 or 6."),
        "cidr": Attribute(str, "The addresses."),
        "dns_nameservers": Attribute(list, "DNS servers told to hosts."),
        "enable_dhcp": Attribute(str, "Whether DHCP serves it."),
    }

    def validate(self, properties: Values) -> Iterable[Issue]:
        """The gateway is an address or nothing; the IPv6 modes agree."""
        yield from super().validate(properties)
        gateway = properties.get("gateway_ip", "")
        if isinstance(gateway, str) and gateway not in _NO_GATEWAY and (wrong := checks.ip_addr(gateway)):
            yield Issue(("gateway_ip",), f"{wrong}.", "Give an address, or null for no gateway.")
        modes = [properties[key] for key in ("ipv6_ra_mode", "ipv6_address_mode") if key in properties]
        if len(modes) == 2 and UNKNOWN not in modes and modes[0] != modes[1]:
            message = f"ipv6_ra_mode {modes[0]!r} and ipv6_address_mode {modes[1]!r} differ."
            yield Issue(("ipv6_address_mode",), message, "Use the same mode for both.")

    def body(self, call: Call) -> dict[str, Any]:
        """An empty gateway is null in the request."""
        return _without_gateway(super().body(call))

    def changes(self, call: Call, change: Change) -> dict[str, Any]:
        """An empty gateway is null in the request."""
        return _without_gateway(super().changes(call, change))


def _without_gateway(body: dict[str, Any]) -> dict[str, Any]:
    if body.get("gateway_ip") in _NO_GATEWAY:
        body["gateway_ip"] = None
    return body
