"""What new objects of the network service's add-ons have to keep to, beyond what their fields say.

Each rule takes the tables, the collection's own table and the new document, and raises ApiError.
"""

import ipaddress
from collections.abc import Callable
from typing import Any

from hearth.localcloud.core import errors, state
from hearth.localcloud.neutron import tables

Rule = Callable[[tables.Tables, state.Table, state.Document], None]


def subnet_on_router(data: tables.Tables, table: state.Table, document: state.Document) -> None:
    """A VPN service is for a subnet that its router is on."""
    router, subnet = document["router_id"], document["subnet_id"]
    if subnet is not None and subnet not in {leg.subnet_id for leg in data.legs(router) if not leg.external}:
        raise errors.ApiError(
            400, f"Subnet {subnet} is not connected to router {router}.", kind="SubnetIsNotConnectedToRouter"
        )


def ports_of_device(data: tables.Tables, table: state.Table, document: state.Document) -> None:
    """A port pair is of ports of one server, and the only one of them."""
    devices = []
    for side in ("ingress", "egress"):
        port = data.ports.get(document[side])
        devices.append(port["device_id"] if port is not None else "")
        if not devices[-1]:
            raise errors.ApiError(
                400, f"The {side} port {document[side]} is of no server.", kind=f"PortPair{side.capitalize()}NoHost"
            )
    if len(set(devices)) > 1:
        raise errors.ApiError(
            400, f"The ports are of different servers: {', '.join(devices)}.", kind="PortPairIngressEgressDifferentHost"
        )
    for other in table:
        if (other["ingress"], other["egress"]) == (document["ingress"], document["egress"]):
            raise errors.ApiError(
                400, f"Port pair {other['id']} is of the same ports.", kind="PortPairIngressEgressInUse"
            )


def numbered_once(data: tables.Tables, table: state.Table, document: state.Document) -> None:
    """A layer-2 gateway's interfaces have VLANs, or the connection has one."""
    gateway = data.l2_gateways.get(document["l2_gateway_id"])
    devices = gateway["devices"] if gateway is not None else ()
    interfaces = [each for device in devices for each in device.get("interfaces", ())]
    inside = any(each.get("segmentation_id") for each in interfaces)
    if inside == bool(document["segmentation_id"]):
        raise errors.ApiError(
            400,
            "segmentation_id has to stand either at the interfaces of the gateway or at the connection.",
            kind="InvalidInput",
        )


def other_traffic(data: tables.Tables, table: state.Table, document: state.Document) -> None:
    """No traffic fits two flow classifiers."""
    for other in table:
        if other["id"] != document["id"] and _overlap(document, other):
            raise errors.ApiError(
                400, f"Flow classifier {other['id']} is for some of the same traffic.", kind="FlowClassifierInConflict"
            )


def other_groups(data: tables.Tables, table: state.Table, document: state.Document) -> None:
    """No two chains are of the same groups."""
    for other in table:
        if other["port_pair_groups"] == document["port_pair_groups"]:
            raise errors.ApiError(409, f"Port chain {other['id']} has the same groups.", kind="InvalidPortPairGroups")


def _overlap(one: state.Document, other: state.Document) -> bool:
    """Whether there may be traffic that fits both. What is not given fits all."""
    if one["ethertype"] != other["ethertype"]:
        return False
    for field in ("protocol", "logical_source_port", "logical_destination_port"):
        if None not in (one[field], other[field]) and one[field] != other[field]:
            return False
    for side in ("source", "destination"):
        prefixes = one[f"{side}_ip_prefix"], other[f"{side}_ip_prefix"]
        if None not in prefixes and not _networks_overlap(*prefixes):
            return False
        if not (_below(one, other, side) and _below(other, one, side)):
            return False
    return True


def _networks_overlap(one: Any, other: Any) -> bool:
    networks = [ipaddress.ip_network(each, strict=False) for each in (one, other)]
    return networks[0].version == networks[1].version and networks[0].overlaps(networks[1])


def _below(one: state.Document, other: state.Document, side: str) -> bool:
    low, high = one[f"{side}_port_range_min"], other[f"{side}_port_range_max"]
    return low is None or high is None or low <= high
