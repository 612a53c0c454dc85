"""Which of the network API's extensions are there: /v2.0/extensions. Only what is really served is listed."""

from typing import Any

from hearth.localcloud.core import errors, service

_UPDATED = "2026-01-01T00:00:00-00:00"

#: alias -> what it brings.
_EXTENSIONS = {
    "address-group": "Named lists of networks for security group rules",
    "address-scope": "Address scopes of subnet pools",
    "agent": "List of agents, which is empty here",
    "allowed-address-pairs": "Further addresses that a port may use",
    "availability_zone": "Availability zones, of which there are none here",
    "binding": "Where a port is bound",
    "data-plane-status": "State of the data plane below a port",
    "default-subnetpools": "Subnet pools used where none is named",
    "dns-domain-ports": "DNS domains of ports",
    "dns-integration": "DNS names of ports and floating IPs",
    "dvr": "The distributed flag of routers",
    "expose-port-forwarding-in-fip": "Port forwardings shown with their floating IP",
    "ext-gw-mode": "Source NAT of router gateways",
    "external-net": "Networks for router gateways and floating IPs",
    "extra_dhcp_opt": "DHCP options of ports",
    "extraroute": "Static routes of routers",
    "extraroute-atomic": "Adding and removing single static routes",
    "filter-validation": "Unknown list filters are refused",
    "fip-port-details": "The port shown with its floating IP",
    "floating-ip-port-forwarding": "Single ports of floating IPs",
    "floating-ip-port-forwarding-description": "Descriptions of port forwardings",
    "floating-ip-port-forwarding-port-ranges": "Port ranges of port forwardings",
    "floatingip-pools": "Subnets that floating IPs come from",
    "flow_classifier": "Flow classifiers of port chains",
    "fwaas": "Firewalls, their policies and rules",
    "ip-substring-filtering": "Ports by a part of their address",
    "ip_allocation": "When a port gets its addresses",
    "l2-gateway": "Layer-2 gateways",
    "l2-gateway-connection": "Networks connected to layer-2 gateways",
    "l2_adjacency": "Whether all of a network is one segment",
    "l3-ha": "The high availability flag of routers",
    "metering": "Metering labels and rules",
    "metering_source_and_destination_fields": "Source and destination of metering rules",
    "multi-provider": "Networks of several segments",
    "net-mtu": "Largest packet of networks",
    "net-mtu-writable": "Setting the largest packet of networks",
    "network-gateway": "Gateways between networks",
    "network-ip-availability": "How many addresses are in use",
    "network_availability_zone": "Availability zone hints of networks",
    "pagination": "Lists in pages",
    "port-device-profile": "Device profiles of ports",
    "port-mac-override": "MAC address changes by administrators",
    "port-numa-affinity-policy": "NUMA affinity of ports",
    "port-resource-request": "Resource requests of ports",
    "port-security": "Ports without filters",
    "port-security-groups-filtering": "Ports by security group",
    "project-id": "project_id beside tenant_id",
    "provider": "What networks are made of",
    "qos": "Quality of service policies",
    "qos-bw-limit-direction": "Direction of bandwidth limits",
    "qos-bw-minimum-ingress": "Minimum bandwidth of incoming traffic",
    "qos-fip": "Quality of service of floating IPs",
    "qos-gateway-ip": "Quality of service of router gateways",
    "qos-port-network-policy": "The network's policy shown with ports",
    "qos-pps": "Packet rate limits",
    "qos-pps-minimum": "Minimum packet rates",
    "qos-rules-alias": "Quality of service rules without their policy in the path",
    "quota-check-limit": "Limits below what is in use are refused",
    "quota_details": "Use of quotas",
    "quotas": "Limits per project",
    "rbac-address-group": "Sharing of address groups",
    "rbac-address-scope": "Sharing of address scopes",
    "rbac-policies": "Sharing of objects with single projects",
    "rbac-security-groups": "Sharing of security groups",
    "rbac-subnetpool": "Sharing of subnet pools",
    "revision-if-match": "Changes that depend on the revision",
    "router": "Routers and floating IPs",
    "router_availability_zone": "Availability zone hints of routers",
    "security-group": "Security groups and rules",
    "security-groups-normalized-cidr": "Normal form of rules' prefixes",
    "security-groups-remote-address-group": "Address groups in rules",
    "security-groups-rules-belongs-to-default-sg": "Rules of default groups are marked",
    "security-groups-shared-filtering": "Security groups by sharing",
    "segment": "Segments of networks",
    "service-type": "Providers of services",
    "sfc": "Chains of service functions",
    "sorting": "Lists in order",
    "standard-attr-description": "Descriptions",
    "standard-attr-revisions": "Revision numbers",
    "standard-attr-segment": "Time stamps of segments",
    "standard-attr-tag": "Tags",
    "standard-attr-timestamp": "Time stamps",
    "stateful-security-group": "Security groups without state",
    "subnet-dns-publish-fixed-ip": "Publishing of addresses in DNS",
    "subnet-external-network": "Whether a subnet is on an external network",
    "subnet-segmentid-writable": "Moving subnets to a segment",
    "subnet-service-types": "Subnets for kinds of devices",
    "subnet_allocation": "Subnet pools",
    "subnet_onboard": "Taking subnets into a pool",
    "subnetpool-prefix-ops": "Adding and removing prefixes of pools",
    "taas": "Taps on ports",
    "trunk": "Many networks through one port",
    "uplink-status-propagation": "Link state of ports",
    "vpnaas": "Virtual private networks",
}


def listing(call: service.Call) -> Any:
    """GET /v2.0/extensions."""
    return {"extensions": [_shown(alias) for alias in _EXTENSIONS]}


def show(call: service.Call) -> Any:
    """GET /v2.0/extensions/{alias}."""
    alias = call.params["alias"]
    if alias not in _EXTENSIONS:
        raise errors.ApiError(404, f"There is no extension {alias}.", kind="ExtensionNotFound")
    return {"extension": _shown(alias)}


def _shown(alias: str) -> dict[str, Any]:
    return {
        "alias": alias,
        "name": alias.replace("_", " ").replace("-", " ").capitalize(),
        "description": _EXTENSIONS[alias],
        "updated": _UPDATED,
        "links": [],
    }
