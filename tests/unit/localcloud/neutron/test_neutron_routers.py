"""Routers, floating IPs and port forwardings."""

from typing import Any

import pytest

NOWHERE = "4f5d1e5e-0000-4bcd-b152-6d0b18807b71"


def test_gateway_takes_an_address_outside(net: Any, admin: Any) -> None:
    router = net.make("router", external_gateway_info={"network_id": net.public()})
    address = router["external_gateway_info"]["external_fixed_ips"][0]["ip_address"]
    assert address.startswith("172.24.4.")
    port = admin.get(f"ports?device_id={router['id']}")[0]
    assert (port["device_owner"], port["status"]) == ("network:router_gateway", "ACTIVE")
    assert net.put("router", router["id"], external_gateway_info={})["external_gateway_info"] is None
    assert admin.get(f"ports?device_id={router['id']}") == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"external_gateway_info": {"network_id": NOWHERE}}, (404, "NetworkNotFound")),
        ({"external_gateway_info": {"network_id": "OWN"}}, (400, "BadRequest")),
        ({"external_gateway_info": {"enable_snat": True}}, (400, "HTTPBadRequest")),
        ({"external_gateway_info": {"network_id": "PUBLIC", "enable_snat": False}}, (403, "PolicyNotAuthorized")),
        ({"distributed": True}, (403, "PolicyNotAuthorized")),
        ({"routes": []}, (400, "HTTPBadRequest")),
        ({"availability_zone_hints": ["nova"]}, (404, "AvailabilityZoneNotFound")),
    ],
)
def test_refused_routers(net: Any, fields: dict[str, Any], expected: tuple[int, str]) -> None:
    gateway = fields.get("external_gateway_info", {})
    if gateway.get("network_id") in ("OWN", "PUBLIC"):
        place = net.network()[0] if gateway["network_id"] == "OWN" else net.public()
        fields = {"external_gateway_info": {**gateway, "network_id": place}}
    assert net.refused("POST", "routers", {"router": fields}) == expected


def test_interface_by_subnet(net: Any) -> None:
    _, subnet, router = net.routed()
    port = net.get(f"ports?device_id={router}")[0]
    assert port["fixed_ips"] == [{"subnet_id": subnet, "ip_address": "10.50.0.1"}]
    assert port["status"] == "ACTIVE"
    path = f"routers/{router}/add_router_interface"
    assert net.refused("PUT", path, {"subnet_id": subnet}) == (400, "BadRequest")
    assert net.refused("DELETE", f"ports/{port['id']}") == (409, "ServicePortInUse")
    moved = {"port": {"device_id": "x"}}
    assert net.refused("PUT", f"ports/{port['id']}", moved) == (409, "PortInUse")
    assert net.refused("DELETE", f"routers/{router}") == (409, "RouterInUse")
    assert net.refused("DELETE", f"subnets/{subnet}") == (409, "SubnetInUse")
    gone = net.verb(f"routers/{router}/remove_router_interface", subnet_id=subnet)
    assert (gone["port_id"], gone["subnet_ids"]) == (port["id"], [subnet])
    again = net.refused("PUT", f"routers/{router}/remove_router_interface", {"subnet_id": subnet})
    assert again == (404, "RouterInterfaceNotFoundForSubnet")
    assert net.delete("router", router) == 204


def test_interface_by_port(net: Any) -> None:
    network, _ = net.network()
    port = net.make("port", network_id=network)["id"]
    router = net.make("router")["id"]
    net.verb(f"routers/{router}/add_router_interface", port_id=port)
    other = net.make("router")["id"]
    assert net.refused("PUT", f"routers/{other}/add_router_interface", {"port_id": port}) == (409, "PortInUse")
    net.verb(f"routers/{router}/remove_router_interface", port_id=port)
    assert net.refused("GET", f"ports/{port}") == (404, "PortNotFound")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, (400, "BadRequest")),
        ({"subnet_id": "x"}, (400, "BadRequest")),
        ({"subnet_id": NOWHERE, "port_id": NOWHERE}, (400, "BadRequest")),
        ({"subnet_id": NOWHERE}, (404, "SubnetNotFound")),
        ({"port_id": NOWHERE}, (404, "PortNotFound")),
    ],
)
def test_refused_interfaces(net: Any, body: dict[str, str], expected: tuple[int, str]) -> None:
    router = net.make("router")["id"]
    assert net.refused("PUT", f"routers/{router}/add_router_interface", body) == expected


def test_overlapping_subnets_do_not_meet_in_a_router(net: Any) -> None:
    _, _, router = net.routed()
    _, same = net.network()
    _, outside = net.network("172.24.4.0/25")
    for subnet in (same, outside):
        refused = net.refused("PUT", f"routers/{router}/add_router_interface", {"subnet_id": subnet})
        assert refused == (400, "BadRequest")


def test_ipv6_subnets_of_a_network_share_an_interface(net: Any) -> None:
    network, first = net.network("fd00:1::/64")
    second = net.make("subnet", network_id=network, ip_version=6, cidr="fd00:2::/64")["id"]
    router = net.make("router")["id"]
    path = f"routers/{router}/"
    one = net.verb(path + "add_router_interface", subnet_id=first)["port_id"]
    assert net.verb(path + "add_router_interface", subnet_id=second)["port_id"] == one
    net.verb(path + "remove_router_interface", subnet_id=first)
    assert [fixed["subnet_id"] for fixed in net.get(f"ports/{one}")["fixed_ips"]] == [second]


def test_routes(net: Any) -> None:
    _, subnet, router = net.routed()
    route = {"destination": "192.168.9.0/24", "nexthop": "10.50.0.7"}
    assert net.put("router", router, routes=[route])["routes"] == [route]
    removal = net.refused("PUT", f"routers/{router}/remove_router_interface", {"subnet_id": subnet})
    assert removal == (409, "RouterInterfaceInUseByRoute")
    for nexthop in ("10.50.0.1", "9.9.9.9"):
        body = {"router": {"routes": [{**route, "nexthop": nexthop}]}}
        assert net.refused("PUT", f"routers/{router}", body) == (400, "InvalidRoutes")
    other = {"destination": "192.168.8.0/24", "nexthop": "10.50.0.8"}
    added = net.verb(f"routers/{router}/add_extraroutes", router={"routes": [other]})
    assert added["router"]["routes"] == [route, other]
    left = net.verb(f"routers/{router}/remove_extraroutes", router={"routes": [route]})
    assert left["router"]["routes"] == [other]


def test_floating_ip_leads_to_a_port(net: Any) -> None:
    network, subnet, router = net.routed()
    port = net.make("port", network_id=network)
    floating = net.make("floatingip", floating_network_id=net.public(), port_id=port["id"])
    assert (floating["status"], floating["router_id"]) == ("ACTIVE", router)
    assert floating["fixed_ip_address"] == port["fixed_ips"][0]["ip_address"]
    assert floating["port_details"]["mac_address"] == port["mac_address"]
    twice = {"floatingip": {"floating_network_id": net.public(), "port_id": port["id"]}}
    assert net.refused("POST", "floatingips", twice) == (409, "FloatingIPPortAlreadyAssociated")
    removal = net.refused("PUT", f"routers/{router}/remove_router_interface", {"subnet_id": subnet})
    assert removal == (409, "RouterInterfaceInUseByFloatingIP")
    cleared = net.refused("PUT", f"routers/{router}", {"router": {"external_gateway_info": {}}})
    assert cleared == (409, "RouterExternalGatewayInUseByFloatingIp")
    moved = net.refused("PUT", f"ports/{port['id']}", {"port": {"fixed_ips": [{"ip_address": "10.50.0.99"}]}})
    assert moved == (400, "BadRequest")
    net.delete("port", port["id"])
    after = net.get(f"floatingips/{floating['id']}")
    assert (after["status"], after["port_id"], after["router_id"]) == ("DOWN", None, None)


def test_floating_ip_needs_a_router_on_the_way(net: Any) -> None:
    network, _ = net.network()
    port = net.make("port", network_id=network)["id"]
    body = {"floatingip": {"floating_network_id": net.public(), "port_id": port}}
    assert net.refused("POST", "floatingips", body) == (404, "ExternalGatewayForFloatingIPNotFound")
    assert net.get("floatingips") == []


def test_floating_ip_moves_and_lets_go(net: Any) -> None:
    network, _, _ = net.routed()
    first, second = (net.make("port", network_id=network) for _ in range(2))
    floating = net.make("floatingip", floating_network_id=net.public())["id"]
    net.put("floatingip", floating, port_id=first["id"])
    moved = net.put("floatingip", floating, port_id=second["id"])
    assert moved["fixed_ip_address"] == second["fixed_ips"][0]["ip_address"]
    assert net.put("floatingip", floating, port_id=None)["status"] == "DOWN"


def test_port_with_two_addresses_needs_one_named(net: Any) -> None:
    network, subnet, _ = net.routed()
    port = net.make("port", network_id=network, fixed_ips=[{"subnet_id": subnet}, {"subnet_id": subnet}])
    body = {"floating_network_id": net.public(), "port_id": port["id"]}
    assert net.refused("POST", "floatingips", {"floatingip": body}) == (400, "BadRequest")
    wanted = port["fixed_ips"][1]["ip_address"]
    assert net.make("floatingip", **body, fixed_ip_address=wanted)["fixed_ip_address"] == wanted


def test_addresses_are_chosen_by_administrators_only(net: Any, admin: Any) -> None:
    body = {"floating_network_id": net.public(), "floating_ip_address": "172.24.4.99"}
    assert net.refused("POST", "floatingips", {"floatingip": body}) == (403, "PolicyNotAuthorized")
    assert admin.make("floatingip", **body)["floating_ip_address"] == "172.24.4.99"
    assert admin.refused("POST", "floatingips", {"floatingip": body}) == (409, "IpAddressAlreadyAllocated")


def test_port_forwarding(net: Any) -> None:
    network, _, router = net.routed()
    port = net.make("port", network_id=network)
    floating = net.make("floatingip", floating_network_id=net.public())["id"]
    path = f"floatingips/{floating}/port_forwardings"
    forwarding = {
        "protocol": "tcp",
        "external_port": 8080,
        "internal_port": 80,
        "internal_port_id": port["id"],
        "internal_ip_address": port["fixed_ips"][0]["ip_address"],
    }
    status, body = net.ask("POST", path, {"port_forwarding": forwarding})
    assert (status, body["port_forwarding"]["external_port_range"]) == (201, "8080:8080")
    assert net.get(f"floatingips/{floating}")["router_id"] == router
    assert net.refused("POST", path, {"port_forwarding": forwarding}) == (400, "BadRequest")
    whole = net.refused("PUT", f"floatingips/{floating}", {"floatingip": {"port_id": port["id"]}})
    assert whole == (409, "FipInUseByPortForwarding")
    id = body["port_forwarding"]["id"]
    changed = net.ask("PUT", f"{path}/{id}", {"port_forwarding": {"external_port": 9000}})[1]
    assert changed["port_forwarding"]["external_port_range"] == "9000:9000"
    assert net.ask("DELETE", f"{path}/{id}")[0] == 204
    assert net.get(f"floatingips/{floating}")["router_id"] is None


def test_address_use(net: Any, admin: Any) -> None:
    network, _, _ = net.routed()
    net.make("port", network_id=network)
    found = admin.get(f"network-ip-availabilities/{network}")
    assert (found["used_ips"], found["total_ips"]) == (2, 253)
