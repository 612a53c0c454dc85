"""Dependencies that no function states: which resources of a stack come first."""

from typing import Any

import pytest

from hearth.model.values import UNKNOWN
from hearth.resources import checking, registry
from hearth.resources.contract import Neighbour, Neighbours, Reference

TYPES = registry.TypeRegistry()
NET, OTHER = Reference("net"), Reference("other")

STACK: dict[str, tuple[str, dict[str, Any]]] = {
    "net": ("Net", {}),
    "other": ("Net", {}),
    "subnet": ("Subnet", {"network": NET, "cidr": "10.0.0.0/24"}),
    "old_subnet": ("Subnet", {"network_id": NET, "cidr": "10.0.1.0/24"}),
    "other_subnet": ("Subnet", {"network": OTHER, "cidr": "10.0.2.0/24"}),
    "vague_subnet": ("Subnet", {"network": UNKNOWN, "cidr": "10.0.3.0/24"}),
    "public_subnet": ("Subnet", {"network": "public", "cidr": "10.0.4.0/24"}),
    "router": ("Router", {"external_gateway_info": {"network": "public"}}),
    "inner_router": ("Router", {}),
    "gateway": ("RouterGateway", {"router_id": Reference("inner_router"), "network_id": "public"}),
    "interface": ("RouterInterface", {"router": Reference("router"), "subnet": Reference("subnet")}),
    "inner_interface": ("RouterInterface", {"router": Reference("inner_router"), "subnet": Reference("other_subnet")}),
    "routes": ("ExtraRouteSet", {"router": Reference("inner_router")}),
    "port": ("Port", {"network": NET, "fixed_ips": [{"subnet": Reference("subnet")}]}),
    "loose_port": ("Port", {"network": NET}),
    "floating": ("FloatingIP", {"floating_network": "public", "port_id": Reference("port")}),
    "association": ("FloatingIPAssociation", {"floatingip_id": "f", "port_id": Reference("loose_port")}),
}


def neighbour(name: str, type_name: str, given: dict[str, Any], needs: frozenset[str] = frozenset()) -> Neighbour:
    kind = TYPES.get(type_name)
    values, issues = checking.check(kind, given)
    assert issues == []
    return Neighbour(name, type(kind), values, needs)


ALL = Neighbours({name: neighbour(name, f"OS::Neutron::{kind}", given) for name, (kind, given) in STACK.items()})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("net", set()),
        ("port", {"subnet", "old_subnet"}),
        ("router", {"public_subnet"}),
        ("inner_router", set()),
        ("gateway", {"public_subnet", "inner_interface"}),
        ("routes", {"gateway", "inner_interface"}),
        ("floating", {"router", "gateway", "interface"}),
    ],
)
def test_network_types(name: str, expected: set[str]) -> None:
    me = ALL[name]
    assert me.type().needs(me, ALL) == expected


def test_association_follows_the_ports_it_depends_on() -> None:
    me = neighbour(
        "association", "OS::Neutron::FloatingIPAssociation", STACK["association"][1], frozenset({"loose_port"})
    )
    assert me.type().needs(me, ALL) == {"interface"}


def test_server_needs_subnets_of_its_networks_and_vague_ones() -> None:
    given = {"flavor": "f", "image": "i", "networks": [{"network": OTHER}, {"port": Reference("port")}]}
    me = neighbour("server", "OS::Nova::Server", given)
    assert me.type().needs(me, ALL) == {"other_subnet", "vague_subnet"}
