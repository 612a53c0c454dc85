"""The arithmetic below the network service: addresses, prefixes, routes."""

import pytest

from hearth.localcloud.neutron import ipam, prefixes, topology
from hearth.localcloud.neutron.topology import Leg


@pytest.mark.parametrize(
    ("cidr", "gateway", "pools"),
    [
        ("182.168.1.1/24", "182.168.1.1", [("182.168.1.2", "182.168.1.254")]),
        ("10.0.0.0/30", "10.0.0.1", [("10.0.0.2", "10.0.0.2")]),
        ("10.0.0.0/31", "10.0.0.0", [("10.0.0.1", "10.0.0.1")]),
        ("fd00::/64", "fd00::", [("fd00::1", "fd00::ffff:ffff:ffff:ffff")]),
    ],
)
def test_default_plan(cidr: str, gateway: str, pools: list[tuple[str, str]]) -> None:
    subnet = ipam.network(cidr)
    address = ipam.default_gateway(subnet)
    found = ipam.default_pools(subnet, address)
    assert ipam.text(address, subnet.version) == gateway
    assert [(ipam.text(p.first, subnet.version), ipam.text(p.last, subnet.version)) for p in found] == pools


def test_gateway_in_the_middle_splits_the_pool() -> None:
    pools = ipam.default_pools(ipam.network("10.6.0.0/24"), ipam.number("10.6.0.100"))
    assert [pool.size for pool in pools] == [99, 154]


@pytest.mark.parametrize(
    ("after", "taken", "expected"),
    [(None, set(), 1), (2, set(), 3), (3, {4}, 10), (12, set(), 1), (12, {1, 2, 3, 4}, 10), (99, {1}, 2)],
)
def test_next_free_goes_round(after: int | None, taken: set[int], expected: int) -> None:
    pools = [ipam.Interval(1, 4), ipam.Interval(10, 12)]
    assert ipam.next_free(pools, taken.__contains__, after) == expected


def test_next_free_of_full_pools_is_none() -> None:
    assert ipam.next_free([ipam.Interval(1, 3)], lambda address: True, 2) is None


def test_overlapping_pools_are_found() -> None:
    assert ipam.overlap([ipam.Interval(15, 30), ipam.Interval(10, 20)])
    assert ipam.overlap([ipam.Interval(10, 14), ipam.Interval(15, 30)]) is None


def test_device_gives_itself_an_address() -> None:
    address = ipam.eui64(ipam.network("fd00:2::/64"), "fa:16:3e:4a:3d:2a")
    assert ipam.text(address, 6) == "fd00:2::f816:3eff:fe4a:3d2a"


@pytest.mark.parametrize(
    ("taken", "length", "expected"),
    [
        ([], 24, "10.0.0.0/24"),
        (["10.0.0.0/24"], 24, "10.0.1.0/24"),
        (["10.0.0.0/28"], 24, "10.0.1.0/24"),
        (["10.0.1.0/24"], 24, "10.0.0.0/24"),
        (["10.0.0.0/24", "10.0.2.0/24"], 23, "10.0.4.0/23"),
        (["10.0.0.0/16"], 24, "10.9.0.0/24"),
        (["10.0.0.0/16"], 12, None),
    ],
)
def test_first_free_prefix(taken: list[str], length: int, expected: str | None) -> None:
    assert prefixes.first_free(["10.0.0.0/16", "10.9.0.0/20"], taken, length) == expected


def test_prefixes_merge_and_split() -> None:
    assert prefixes.compact(["10.101.0.0/16", "10.100.0.7/16"]) == ["10.100.0.0/15"]
    assert prefixes.without(["10.100.0.0/15"], ["10.101.0.0/16"]) == ["10.100.0.0/16"]
    with pytest.raises(ValueError, match="IPv4 and IPv6"):
        prefixes.compact(["10.0.0.0/8", "fd00::/8"])


INNER = Leg("r1", "s1", "10.0.0.0/24", "10.0.0.1")
OTHER = Leg("r2", "s1", "10.0.0.0/24", "10.0.0.9")


def test_router_at_the_gateway_address_is_preferred() -> None:
    assert topology.way_out([OTHER, INNER], ["r1", "r2"], "10.0.0.1") == "r1"
    assert topology.way_out([OTHER, INNER], ["r2"], "10.0.0.1") == "r2"
    assert topology.way_out([OTHER, INNER], [], "10.0.0.1") is None


@pytest.mark.parametrize(("nexthop", "reachable"), [("10.0.0.7", True), ("10.0.0.1", False), ("10.1.0.7", False)])
def test_next_hops(nexthop: str, reachable: bool) -> None:
    assert (topology.unreachable(nexthop, [INNER]) is None) == reachable


def test_route_leans_on_the_only_leg_to_its_next_hop() -> None:
    assert topology.leans_on(["10.0.0.7"], INNER, []) == "10.0.0.7"
    assert topology.leans_on(["10.1.0.7"], INNER, []) is None
