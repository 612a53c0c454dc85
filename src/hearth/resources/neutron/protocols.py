"""IP protocols that security group rules take: numbers, and the names the network service knows."""

PROTOCOLS: tuple[int | str, ...] = (
    *range(256),
    "ah",
    "dccp",
    "egp",
    "esp",
    "gre",
    "icmp",
    "icmpv6",
    "igmp",
    "ipv6-encap",
    "ipv6-frag",
    "ipv6-icmp",
    "ipv6-nonxt",
    "ipv6-opts",
    "ipv6-route",
    "ospf",
    "pgm",
    "rsvp",
    "sctp",
    "tcp",
    "udp",
    "udplite",
    "vrrp",
)
LARGEST_PORT = 65535
DIRECTIONS = ("ingress", "egress")
ETHERTYPES = ("IPv4", "IPv6")
