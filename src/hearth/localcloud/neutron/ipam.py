"""Which addresses does a subnet have to give, and which one is next? Intervals of plain integers, no state.

Addresses are integers with the IP version kept beside them, so that a /64 costs no more than a /28. The caller knows
which addresses are taken; `next_free` asks for single ones, starting after the last that was given out, and so takes
amortised constant time however many ports a subnet holds.
"""

import dataclasses
import ipaddress
import itertools
from collections.abc import Callable, Iterable, Sequence

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Interval:
    """Addresses from `first` to `last`, both included."""

    first: int
    last: int

    def __contains__(self, address: int) -> bool:
        return self.first <= address <= self.last

    @property
    def size(self) -> int:
        """How many addresses (`len` could not count those of an IPv6 network)."""
        return self.last - self.first + 1

    def without(self, address: int) -> list["Interval"]:
        """What is left when one address is taken out."""
        if address not in self:
            return [self]
        parts = (Interval(self.first, address - 1), Interval(address + 1, self.last))
        return [part for part in parts if part.first <= part.last]


def network(cidr: str) -> Network:
    """The network of a CIDR, host bits cleared. Raises ValueError."""
    return ipaddress.ip_network(cidr, strict=False)


def number(address: str) -> int:
    """The integer of an address. Raises ValueError."""
    return int(ipaddress.ip_address(address))


def text(address: int, version: int) -> str:
    """The usual spelling of an address."""
    if version == 4:
        return f"{address >> 24}.{address >> 16 & 255}.{address >> 8 & 255}.{address & 255}"
    return str(ipaddress.IPv6Address(address))


def hosts(subnet: Network) -> Interval:
    """Addresses that a device may have: no network and no broadcast address, where the subnet is large enough."""
    first, last = int(subnet.network_address), int(subnet.broadcast_address)
    if subnet.version == 4:
        return Interval(first + 1, last - 1) if subnet.prefixlen < 31 else Interval(first, last)
    # IPv6 has no broadcast; its first address is the routers' anycast address, which may be a gateway.
    return Interval(first + 1, last) if subnet.prefixlen < 127 else Interval(first, last)


def default_gateway(subnet: Network) -> int:
    """The gateway where none is given: the first host of IPv4, the routers' anycast address of IPv6."""
    if subnet.version == 4:
        return hosts(subnet).first
    return int(subnet.network_address)


def default_pools(subnet: Network, gateway: int | None) -> list[Interval]:
    """All hosts but the gateway."""
    whole = hosts(subnet)
    return [whole] if gateway is None else whole.without(gateway)


def overlap(pools: Iterable[Interval]) -> tuple[Interval, Interval] | None:
    """Two pools that share an address."""
    ordered = sorted(pools)
    for left, right in itertools.pairwise(ordered):
        if right.first <= left.last:
            return left, right
    return None


def next_free(pools: Sequence[Interval], taken: Callable[[int], bool], after: int | None) -> int | None:
    """The first address of the pools that is not taken, going round from behind `after`; None when all are."""
    start = 0
    if after is not None:
        for place, pool in enumerate(pools):
            if after in pool:
                start = place
                for address in range(after + 1, pool.last + 1):
                    if not taken(address):
                        return address
                start += 1
                break
    for pool in [*pools[start:], *pools[:start]]:
        for address in range(pool.first, pool.last + 1):
            if not taken(address):
                return address
    return None


def eui64(prefix: Network, mac: str) -> int:
    """The address that a device with this MAC address gives itself in an IPv6 /64."""
    octets = bytes.fromhex(mac.replace(":", ""))
    identifier = bytes([octets[0] ^ 2]) + octets[1:3] + b"\xff\xfe" + octets[3:]
    return int(prefix.network_address) | int.from_bytes(identifier, "big")
