"""Which addresses may be called when users say where: the operator's rules, and sockets that keep them.

Used by `hearth.cloud.fetch` and by the calls to clouds that users name. Knows addresses only, and no HTTP.
"""

import dataclasses
import errno
import ipaddress
import socket
from collections.abc import Callable, Sequence
from typing import Any

#: IPv6 addresses under which gateways offer IPv4 ones.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclasses.dataclass(frozen=True, slots=True)
class FetchRules:
    """What may be fetched. `allowed` wins over `denied` and over the addresses that are never public."""

    timeout: float = 60.0
    allowed: tuple[Network, ...] = ()
    denied: tuple[Network, ...] = ()


def networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Read networks in CIDR notation. Raises ValueError naming the wrong one."""
    return tuple(ipaddress.ip_network(text.strip(), strict=False) for text in texts)


def is_allowed(address: str, rules: FetchRules) -> bool:
    """Whether the rules let us connect to an IP address."""
    ip = _meant(ipaddress.ip_address(address.partition("%")[0]))
    if any(ip in network for network in rules.allowed):
        return True
    inward = ip.is_loopback or ip.is_link_local or ip.is_unspecified or ip.is_multicast
    return not inward and not any(ip in network for network in rules.denied)


class Refused(OSError):
    """The rules do not let us connect."""


def _meant(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The IPv4 address that an IPv6 one stands for, where it does."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip


def guard(rules: FetchRules) -> Callable[[Any], socket.socket]:
    """What makes the sockets of a HTTP client that keeps the rules: an address is judged as it is connected to."""

    def made(address: Any) -> socket.socket:
        family, kind, protocol, _, where = address
        if not is_allowed(str(where[0]), rules):
            raise Refused(errno.EACCES, "the operator's rules forbid this address (template_fetch_denied_networks)")
        return socket.socket(family, kind, protocol)

    return made
