"""Who reaches whom? The rules of routers as pure functions over small values; the tables are not known here."""

import dataclasses
from collections.abc import Iterable, Sequence

from hearth.localcloud.neutron import ipam


@dataclasses.dataclass(frozen=True, slots=True)
class Leg:
    """One address of one router: on which subnet, at which address, and is it the leg to the outside?"""

    router_id: str
    subnet_id: str
    cidr: str
    address: str
    external: bool = False


def clash(cidr: str, legs: Iterable[Leg]) -> Leg | None:
    """The first leg whose subnet shares addresses with `cidr`: a router cannot have both."""
    wanted = ipam.network(cidr)
    return next((leg for leg in legs if ipam.network(leg.cidr).overlaps(wanted)), None)


def way_out(legs: Sequence[Leg], outside: Iterable[str], gateway: str | None) -> str | None:
    """The router that leads from a subnet to an external network.

    `legs`: the inner legs on the subnet; `outside`: the routers with a gateway on the external network; `gateway`:
    the subnet's gateway address. The router that holds the gateway address is preferred.
    """
    able = set(outside)
    reaching = [leg for leg in legs if leg.router_id in able]
    for leg in reaching:
        if leg.address == gateway:
            return leg.router_id
    return reaching[0].router_id if reaching else None


def unreachable(nexthop: str, legs: Iterable[Leg]) -> str | None:
    """Why a router cannot use this next hop; None when it can."""
    address = ipam.number(nexthop)
    connected = False
    for leg in legs:
        if leg.address == nexthop:
            return "it is an address of the router itself"
        subnet = ipam.network(leg.cidr)
        connected |= int(subnet.network_address) <= address <= int(subnet.broadcast_address)
    return None if connected else "it is on no subnet of the router"


def leans_on(nexthops: Iterable[str], leg: Leg, others: Iterable[Leg]) -> str | None:
    """A next hop that the router would lose together with this leg."""
    remaining = list(others)
    own = ipam.network(leg.cidr)
    for nexthop in nexthops:
        inside = int(own.network_address) <= ipam.number(nexthop) <= int(own.broadcast_address)
        if inside and unreachable(nexthop, remaining):
            return nexthop
    return None
