"""Which resources of the network service belong together, seen from a template.

For the `needs` verbs: dependencies that follow from what properties refer to. Two values are the same thing when they
are equal, be they names, ids or references to a resource of the stack; a value that is not known yet is like no other.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hearth.model.values import UNKNOWN
from hearth.resources.contract import Neighbour, Neighbours, Reference


def same(one: Any, other: Any) -> bool:
    """Whether two property values certainly mean the same object."""
    return one is not None and one is not UNKNOWN and other is not UNKNOWN and bool(one == other)


def of_type(others: Neighbours, *names: str) -> Iterator[Neighbour]:
    """The neighbours of these types."""
    return (one for name in names for one in others.of_type(name))


def subnets_of(others: Neighbours, networks: Iterable[Any]) -> set[str]:
    """Names of the subnets that are in one of the networks."""
    return {
        one.name
        for network in networks
        if network is not None and network is not UNKNOWN
        for one in others.with_value("OS::Neutron::Subnet", "network", network)
    }


def network_of_subnet(others: Neighbours, subnet: Any) -> Any:
    """The network of a subnet that is in the stack; None when it is not, or when it is not known."""
    if isinstance(subnet, Reference) and subnet.resource in others:
        return others[subnet.resource].properties.get("network")
    return None


def gateway_network(router: Neighbour) -> Any:
    """The external network of a router."""
    info = router.properties.get("external_gateway_info")
    return info.get("network") if isinstance(info, Mapping) else None


def items(value: Any) -> list[Mapping[str, Any]]:
    """The maps in a list that may not be known."""
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
