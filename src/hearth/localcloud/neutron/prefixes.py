"""Which prefix of a subnet pool is still free? Pure arithmetic on networks."""

import ipaddress
from collections.abc import Iterable

from hearth.localcloud.neutron import ipam


def compact(prefixes: Iterable[str]) -> list[str]:
    """Prefixes in order, neighbours and nested ones merged, host bits cleared. Raises ValueError for mixed versions."""
    networks = [ipam.network(prefix) for prefix in prefixes]
    if len({each.version for each in networks}) > 1:
        raise ValueError("IPv4 and IPv6 prefixes do not go together")
    merged: Iterable[ipam.Network] = ipaddress.collapse_addresses(networks)  # type: ignore[type-var]
    return [str(each) for each in merged]


def covers(prefixes: Iterable[str], cidr: str) -> bool:
    """Does one of the prefixes hold the whole of `cidr`?"""
    return any(_within(ipam.network(cidr), ipam.network(prefix)) for prefix in prefixes)


def overlaps(left: Iterable[str], right: Iterable[str]) -> tuple[str, str] | None:
    """A pair, one of each side, that shares an address."""
    others = [(text, ipam.network(text)) for text in right]
    for text in left:
        one = ipam.network(text)
        for other_text, other in others:
            if one.overlaps(other):
                return text, other_text
    return None


def without(prefixes: Iterable[str], removed: Iterable[str]) -> list[str]:
    """What is left of the prefixes when others are taken out. Raises ValueError for one that is not in them."""
    left = [ipam.network(prefix) for prefix in prefixes]
    for text in removed:
        gone = ipam.network(text)
        holder = next((each for each in left if _within(gone, each)), None)
        if holder is None:
            raise ValueError(f"{text} is not among the prefixes")
        left.remove(holder)
        left.extend(holder.address_exclude(gone))  # type: ignore[arg-type]
    return compact(str(each) for each in left)


def first_free(prefixes: Iterable[str], taken: Iterable[str], length: int) -> str | None:
    """The lowest network of this prefix length inside the prefixes that meets none of the taken ones."""
    used = sorted(
        (int(each.network_address), int(each.broadcast_address)) for each in (ipam.network(text) for text in taken)
    )
    for prefix in prefixes:
        space = ipam.network(prefix)
        if space.prefixlen > length:
            continue
        size = 1 << (space.max_prefixlen - length)
        start, end = int(space.network_address), int(space.broadcast_address)
        for first, last in used:
            if last < start:
                continue
            if first >= start + size:
                break
            # Behind the taken network, at the next multiple of the size.
            start = (last // size + 1) * size
        if start + size - 1 <= end:
            return f"{ipam.text(start, space.version)}/{length}"
    return None


def _within(inner: ipam.Network, outer: ipam.Network) -> bool:
    return (
        inner.version == outer.version
        and outer.network_address <= inner.network_address  # type: ignore[operator]
        and inner.broadcast_address <= outer.broadcast_address  # type: ignore[operator]
    )
