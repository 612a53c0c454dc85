"""Remote types in the embedded cloud: made, found again after a lost answer, changed in place, and removed."""

import asyncio
import dataclasses
from typing import Any

import pytest

from hearth.model import names
from hearth.model.states import Action
from hearth.model.values import UNKNOWN
from hearth.resources import finders, registry
from hearth.resources.contract import Change, Conflict, Gone, Permanent

IMAGE, FLAVOR = "cirros", "m1.tiny"
Driver = Any  # the class of the fixtures in conftest

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDv8ezFNqc3EPdxCcLHaWrGQ9D/Ww5ooPAoKqlZKqra9 someone@example"


async def network(demo: Driver) -> tuple[Any, Any]:
    net = await demo.make("OS::Neutron::Net", "net")
    subnet = await demo.make("OS::Neutron::Subnet", "subnet", network=net.id, cidr="10.9.0.0/24")
    return net, subnet


async def test_network_from_birth_to_end(demo: Driver) -> None:
    net = await demo.make("OS::Neutron::Net", "net", tags=["a", "b"], value_specs={"mtu": 1400})
    seen = await net.observe()
    assert seen["name"] == net.call.physical_name
    assert sorted(seen["tags"]) == ["a", "b"]
    assert await net.attribute("mtu") == 1400
    assert await net.find_again() == net.id
    await net.update(name="other", admin_state_up=False, tags=None)
    seen = await net.observe()
    assert (seen["name"], seen["admin_state_up"], seen["tags"]) == ("other", False, [])
    await net.update(name=None)
    assert (await net.observe())["name"] == net.call.physical_name
    await net.kind.check(net.call)
    await net.delete()
    assert await net.observe() is None
    with pytest.raises(Gone):
        await net.kind.delete(net.call)
    with pytest.raises(Permanent):
        await net.kind.check(net.call)


async def test_own_description_does_not_hide_a_lost_network(demo: Driver) -> None:
    net = await demo.make("OS::Neutron::Net", value_specs={"description": "mine"})
    assert await net.find_again() == net.id
    other = await demo.prepare("OS::Neutron::Net", name="unused", value_specs={"description": "mine"})
    assert await other.kind.find(other.call) is None


async def test_subnet_takes_names_and_drops_its_gateway(demo: Driver) -> None:
    net = await demo.make("OS::Neutron::Net", name="by-name")
    subnet = await demo.make("OS::Neutron::Subnet", network="by-name", cidr="10.9.0.0/24")
    assert await subnet.attribute("network_id") == net.id
    assert await subnet.attribute("gateway_ip") == "10.9.0.1"
    assert await subnet.find_again() == subnet.id
    await subnet.update(gateway_ip="", dns_nameservers=["8.8.8.8"])
    assert await subnet.attribute("gateway_ip") is None
    assert await subnet.attribute("dns_nameservers") == ["8.8.8.8"]


async def test_router_interface_and_floating_ip(demo: Driver) -> None:
    net, subnet = await network(demo)
    router = await demo.make("OS::Neutron::Router", "router", external_gateway_info={"network": "public"})
    interface = await demo.make("OS::Neutron::RouterInterface", router=router.id, subnet=subnet.id)
    assert interface.id == f"{router.id}:subnet_id={subnet.id}"
    assert await interface.find_again() == interface.id
    port = await demo.make("OS::Neutron::Port", "port", network=net.id, fixed_ips=[{"subnet": subnet.id}])
    floating = await demo.make("OS::Neutron::FloatingIP", floating_network="public")
    assert await floating.find_again() == floating.id
    association = await demo.make("OS::Neutron::FloatingIPAssociation", floatingip_id=floating.id, port_id=port.id)
    assert await association.find_again() == association.id
    assert await floating.attribute("port_id") == port.id
    await association.delete()
    assert await floating.attribute("port_id") is None
    await floating.update(port_id=port.id)
    assert await floating.attribute("port_id") == port.id
    await floating.delete()
    await port.delete()
    await interface.delete()
    assert await interface.observe() is None
    await router.update(external_gateway_info=None)
    assert not await router.attribute("external_gateway_info")
    gateway = await demo.make("OS::Neutron::RouterGateway", router_id=router.id, network="public")
    assert await gateway.find_again() == gateway.id
    await gateway.delete()
    assert await gateway.observe() is None
    for one in (router, subnet, net):
        await one.delete()


async def test_port_changes_in_place(demo: Driver) -> None:
    net, subnet = await network(demo)
    group = await demo.make("OS::Neutron::SecurityGroup", name="web")
    port = await demo.make("OS::Neutron::Port", network=net.id, security_groups=["web"])
    assert await port.attribute("security_groups") == [group.id]
    assert [one["id"] for one in await port.attribute("subnets")] == [subnet.id]
    assert (await port.attribute("network"))["id"] == net.id
    assert await port.find_again() == port.id
    await port.update(security_groups=None, allowed_address_pairs=[{"ip_address": "10.9.0.77"}])
    seen = await port.observe()
    assert group.id not in seen["security_groups"] and len(seen["security_groups"]) == 1
    assert seen["allowed_address_pairs"][0]["ip_address"] == "10.9.0.77"
    bare = await demo.make("OS::Neutron::Port", network=net.id, no_fixed_ips=True)
    assert await bare.attribute("fixed_ips") == []


async def test_security_group_keeps_to_its_rules(demo: Driver) -> None:
    def said(rules: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
        keys = ("direction", "ethertype", "protocol", "port_range_min", "remote_ip_prefix")
        return sorted(((*(rule[key] for key in keys), bool(rule["remote_group_id"])) for rule in rules), key=str)

    web = {"protocol": "tcp", "port_range_min": 80, "port_range_max": 80, "remote_ip_prefix": "0.0.0.0/0"}
    group = await demo.make(
        "OS::Neutron::SecurityGroup", description="mine", rules=[web, {"remote_mode": "remote_group_id"}]
    )
    seen = await group.observe()
    assert seen["description"] == "mine"
    assert said(seen["security_group_rules"]) == sorted(
        [
            ("egress", "IPv4", None, None, None, False),
            ("egress", "IPv6", None, None, None, False),
            ("ingress", "IPv4", None, None, None, True),
            ("ingress", "IPv4", "tcp", 80, "0.0.0.0/0", False),
        ],
        key=str,
    )
    assert await group.find_again() == group.id
    await group.update(rules=[{**web, "direction": "egress"}])
    assert said((await group.observe())["security_group_rules"]) == [("egress", "IPv4", "tcp", 80, "0.0.0.0/0", False)]
    await group.update(rules=None)
    assert len((await group.observe())["security_group_rules"]) == 2
    rule = await demo.make("OS::Neutron::SecurityGroupRule", security_group=group.id, protocol="icmp")
    assert await rule.find_again() == rule.id
    await rule.delete()
    await group.delete()


async def trunk_parts(demo: Driver) -> tuple[Any, Any, Any]:
    net, _ = await network(demo)
    return tuple([await demo.make("OS::Neutron::Port", name, network=net.id) for name in ("parent", "one", "two")])


def subport(port: Any, number: int) -> dict[str, Any]:
    return {"port": port.id, "segmentation_type": "vlan", "segmentation_id": number}


async def test_trunk_changes_its_subports(demo: Driver) -> None:
    parent, one, two = await trunk_parts(demo)
    trunk = await demo.make("OS::Neutron::Trunk", "trunk", port=parent.id, sub_ports=[subport(one, 101)])
    assert (await trunk.observe())["name"] == trunk.call.physical_name
    assert await trunk.attribute("port_id") == parent.id
    assert await trunk.find_again() == trunk.id

    async def subports() -> dict[str, int]:
        return {sub["port_id"]: sub["segmentation_id"] for sub in (await trunk.observe())["sub_ports"]}

    # The VLAN of one port goes to the other.
    await trunk.update(sub_ports=[subport(one, 102), subport(two, 101)], name="other")
    assert await subports() == {one.id: 102, two.id: 101}
    assert (await trunk.observe())["name"] == "other"
    await trunk.update(sub_ports=[subport(two, 101)], admin_state_up=False)
    assert await subports() == {two.id: 101}
    # While it is down the service takes no changes of subports, and does not delete it.
    await trunk.update(sub_ports=None)
    assert await subports() == {}
    assert (await trunk.observe())["admin_state_up"] is False
    await trunk.delete()
    assert await trunk.observe() is None


async def test_trunk_makes_way_for_another_one_on_its_port(demo: Driver) -> None:
    parent, *_ = await trunk_parts(demo)
    trunk = await demo.make("OS::Neutron::Trunk", "trunk", port=parent.id)
    wanted = {"port": parent.id}
    assert trunk.kind.collides(trunk.call.properties, wanted)
    assert not trunk.kind.collides(trunk.call.properties, {"port": "another"})
    assert await trunk.kind.make_way(trunk.call, wanted) is not None, "that is noted first"
    await trunk.kind.make_way(trunk.call, wanted)
    other = await demo.make("OS::Neutron::Trunk", "trunk", **wanted)
    with pytest.raises(Gone):
        await trunk.kind.take_back(trunk.call)
    assert await other.observe() is not None


@pytest.mark.parametrize(
    ("ports", "vlans", "path"),
    [
        (("one", "one"), (1, 2), ("sub_ports", 1, "port")),
        (("one", "two"), (1, 1), ("sub_ports", 1, "segmentation_id")),
        (("parent", "two"), (1, 2), ("sub_ports", 0, "port")),
    ],
)
def test_trunk_has_a_port_and_a_vlan_once(ports: tuple[str, ...], vlans: tuple[int, ...], path: tuple[Any]) -> None:
    kind = registry.TypeRegistry().get("OS::Neutron::Trunk")
    subs = [
        {"port": port, "segmentation_type": "vlan", "segmentation_id": vlan}
        for port, vlan in zip(ports, vlans, strict=True)
    ]
    assert [issue.path for issue in kind.validate({"port": "parent", "sub_ports": subs})] == [path]


async def test_a_volume_type_of_some_projects(admin: Driver) -> None:
    it = await admin.make(
        "OS::Cinder::VolumeType", name="fast", is_public=False, projects=["demo"], metadata={"a": "1", "b": True}
    )
    assert await it.find_again() == it.id, "among those that are not public"
    demo, service = it.call.properties["projects"][0], await project(admin, "service")
    assert await type_access(it) == [demo]
    assert (await it.observe())["extra_specs"] == {"a": "1", "b": "true"}
    await it.update(name="faster", description="mine", metadata={"b": "2", "c": "3"}, projects=["service"])
    seen = await it.observe()
    assert (seen["name"], seen["description"], seen["extra_specs"]) == ("faster", "mine", {"b": "2", "c": "3"})
    assert await type_access(it) == [service]
    await it.update(is_public=True, projects=None, description=None)
    assert ((await it.observe())["is_public"], (await it.observe())["description"]) == (True, "")
    await it.update(is_public=False)
    assert await type_access(it) == [], "the projects of before may not use it any more"
    await it.delete()
    assert await it.observe() is None


async def test_a_volume_type_of_a_name_that_is_taken(admin: Driver) -> None:
    another = await admin.prepare("OS::Cinder::VolumeType", name="standard")
    with pytest.raises(Conflict, match="already exists"):
        await another.kind.create(another.call)
    another.call.action = Action.DELETE
    assert await another.kind.find(another.call) is None, "that of somebody else is not deleted"


async def type_access(driven: Any) -> list[str]:
    answer = await driven.call.cloud.get("volume", f"/types/{driven.id}/os-volume-type-access")
    return [one["project_id"] for one in answer.body["volume_type_access"]]


async def project(admin: Driver, name: str) -> str:
    found = await admin.cloud.get("identity", "/v3/projects", params={"name": name})
    return str(found.body["projects"][0]["id"])


def test_projects_are_for_types_that_are_not_public() -> None:
    kind = registry.TypeRegistry().get("OS::Cinder::VolumeType")
    given = {"name": "fast", "projects": ["demo"]}
    assert [issue.path for issue in kind.validate({**given, "is_public": True})] == [("projects",)]
    assert [*kind.validate({**given, "is_public": False}), *kind.validate({**given, "is_public": UNKNOWN})] == []


async def test_a_volume_type_encrypts(admin: Driver) -> None:
    it = await admin.make("OS::Cinder::EncryptedVolumeType", volume_type="__DEFAULT__", provider="luks", key_size=256)
    assert (await it.attribute("show"))["volume_type_id"] == it.id
    assert await it.find_again() == it.id
    await it.update(cipher="aes-xts-plain64", key_size=None)
    seen = await it.observe()
    assert (seen["cipher"], seen["key_size"], seen["provider"]) == ("aes-xts-plain64", None, "luks")
    another = await admin.prepare("OS::Cinder::EncryptedVolumeType", volume_type=it.id, provider="plain")
    with pytest.raises(Permanent, match="already exists"):
        await another.kind.create(another.call)
    another.call.action = Action.DELETE
    assert await another.kind.find(another.call) is None, "nothing to remove"
    assert it.kind.collides(it.call.properties, another.call.properties)
    assert await it.kind.make_way(it.call, another.call.properties) is not None, "that is noted first"
    await it.kind.make_way(it.call, another.call.properties)
    assert await another.kind.create(another.call) == it.id
    with pytest.raises(Gone):
        await it.kind.take_back(it.call)
    another.call.physical_id = it.id
    await another.delete()
    assert await it.observe() is None


async def routed(demo: Driver) -> Any:
    _, subnet = await network(demo)
    router = await demo.make("OS::Neutron::Router", "router")
    await demo.make("OS::Neutron::RouterInterface", router=router.id, subnet=subnet.id)
    return router


def routes(*numbers: int) -> list[dict[str, str]]:
    return [{"destination": f"10.30.{one}.0/24", "nexthop": f"10.9.0.{one}"} for one in numbers]


async def test_sets_of_routes_share_a_router(demo: Driver) -> None:
    router = await routed(demo)
    one = await demo.make("OS::Neutron::ExtraRouteSet", router=router.id, routes=routes(11, 12))
    other = await demo.make("OS::Neutron::ExtraRouteSet", router=router.id, routes=routes(21))
    assert one.id == other.id == router.id
    assert await one.find_again() == router.id
    await one.update(routes=routes(12, 13))
    assert (await router.observe())["routes"] == routes(12, 21, 13)
    await one.delete()
    assert (await router.observe())["routes"] == routes(21)
    assert await one.observe() is None, "it has none of its routes"
    assert await other.observe() is not None


async def test_routes_of_others_are_not_taken_over(demo: Driver) -> None:
    router = await routed(demo)
    await demo.make("OS::Neutron::ExtraRouteSet", router=router.id, routes=routes(11))
    other = await demo.prepare("OS::Neutron::ExtraRouteSet", router=router.id, routes=routes(10, 11))
    with pytest.raises(Permanent, match=r"has these routes already: 10.30.11.0/24 by 10.9.0.11"):
        await other.kind.create(other.call)
    other.call.action = Action.DELETE
    assert await other.kind.find(other.call) is None, "nothing to remove"


async def test_a_set_of_routes_makes_way_for_its_replacement(demo: Driver) -> None:
    router = await routed(demo)
    old = await demo.make("OS::Neutron::ExtraRouteSet", router=router.id, routes=routes(11, 12))
    wanted = {"router": router.id, "routes": routes(12, 13)}
    assert old.kind.collides(old.call.properties, wanted) == "10.30.12.0/24 by 10.9.0.12"
    assert not old.kind.collides(old.call.properties, {**wanted, "routes": routes(13)})
    assert not old.kind.collides(old.call.properties, {**wanted, "router": "another"})
    assert await old.kind.make_way(old.call, wanted) is not None, "what is given up is noted first"
    assert await old.kind.make_way(old.call, wanted) is None
    assert (await router.observe())["routes"] == routes(11)
    await old.kind.take_back(old.call)
    assert (await router.observe())["routes"] == routes(11, 12)
    await old.kind.make_way(old.call, wanted)
    await demo.make("OS::Neutron::ExtraRouteSet", **wanted)
    await old.delete()
    assert (await router.observe())["routes"] == routes(12, 13)


def test_a_route_is_given_once() -> None:
    kind = registry.TypeRegistry().get("OS::Neutron::ExtraRouteSet")
    twice = [{"destination": "fd00::/64", "nexthop": "fd01::1"}, {"destination": "fd00:0::/64", "nexthop": "fd01:0::1"}]
    issues = kind.validate({"router": "router", "routes": twice})
    assert [issue.path for issue in issues] == [("routes", 1)]


async def test_server_from_birth_to_end(demo: Driver) -> None:
    net, subnet = await network(demo)
    server = await demo.make(
        "OS::Nova::Server",
        "server",
        image=IMAGE,
        flavor=FLAVOR,
        networks=[{"network": net.id}],
        metadata={"a": 1},
        tags=["x"],
        user_data="#!/bin/sh",
    )
    seen = await server.observe()
    assert seen["status"] == "ACTIVE"
    assert seen["metadata"]["a"] == "1"
    assert await server.find_again() == server.id
    addresses = await server.attribute("networks")
    assert addresses[net.id] == addresses[net.call.physical_name] == [await server.attribute("first_address")]
    full = (await server.attribute("addresses"))[net.id][0]
    assert full["subnets"] == [{"id": subnet.id}]
    assert await server.attribute("tags") == ["x"]
    await server.update(name="other", metadata={"b": "2"}, tags=None)
    seen = await server.observe()
    assert seen["name"] == "other"
    assert await server.attribute("tags") == []
    assert set(seen["metadata"]) == {"b", "hearth_resource"}
    await server.delete()
    assert await server.observe() is None
    assert await demo_ports(demo, net.id) == []


async def demo_ports(demo: Driver, net: str) -> list[Any]:
    ports = (await demo.cloud.get("network", "/v2.0/ports", params={"network_id": net})).body["ports"]
    return [port for port in ports if not port["device_owner"].startswith("network:")]


async def test_resize_is_confirmed_once_though_the_service_takes_its_time(demo: Driver) -> None:
    net, _ = await network(demo)
    server = await demo.make("OS::Nova::Server", image=IMAGE, flavor=FLAVOR, networks=[{"network": net.id}])
    server.call = dataclasses.replace(server.call, action=Action.UPDATE)
    server.call.properties["flavor"] = "2"
    await server.kind.update(server.call, Change({"flavor": "2"}))
    wait: Any = True
    while wait is not None:
        seen = await server.observe()
        wait = await server.kind.settle(server.call, seen)
        if seen["status"] == "VERIFY_RESIZE":  # which the service goes on to show
            assert await server.kind.settle(server.call, seen) is not None
        await asyncio.sleep(0.01)
    assert seen["flavor"]["id"] == "2"


async def test_server_is_resized_and_rebuilt_in_place(demo: Driver) -> None:
    await network(demo)
    server = await demo.make("OS::Nova::Server", image=IMAGE, flavor=FLAVOR, networks=[{"allocate_network": "none"}])
    await server.update(flavor="m1.small", image="cirros-0.3.5")
    seen = await server.observe()
    assert seen["status"] == "ACTIVE"
    assert seen["flavor"]["id"] == server.call.properties["flavor"]
    assert seen["image"]["id"] == server.call.properties["image"]
    assert "steps" not in server.call.data


async def test_a_subnet_without_pools_and_gateway_has_none_any_more(demo: Driver) -> None:
    net = await demo.make("OS::Neutron::Net", "net")
    pools = [{"start": "10.9.0.10", "end": "10.9.0.20"}]
    subnet = await demo.make(
        "OS::Neutron::Subnet", network=net.id, cidr="10.9.0.0/24", gateway_ip="10.9.0.5", allocation_pools=pools
    )
    await subnet.update(gateway_ip=None)
    assert (await subnet.observe())["gateway_ip"] is None
    assert (await subnet.observe())["allocation_pools"] == pools
    await subnet.update(allocation_pools=None)
    assert (await subnet.observe())["allocation_pools"] == []


async def test_server_is_given_a_network_by_an_update(demo: Driver) -> None:
    server = await demo.make("OS::Nova::Server", image=IMAGE, flavor=FLAVOR, networks=[{"allocate_network": "none"}])

    async def connected() -> list[str]:
        listed = await demo.cloud.get("network", "/v2.0/ports", params={"device_id": server.id})
        return [port["id"] for port in listed.body["ports"]]

    await server.update(networks=[{"allocate_network": "auto"}])
    assert len(await connected()) == 1
    networks = await demo.cloud.get("network", "/v2.0/networks", params={"name": "private"})
    await server.update(networks=[{"network": networks.body["networks"][0]["id"]}])
    await server.update(networks=[{"allocate_network": "auto"}])
    assert len(await connected()) == 1, "what is there is good enough"
    await server.update(networks=[{"allocate_network": "none"}])
    assert await connected() == []


async def test_server_moves_between_networks(demo: Driver) -> None:
    net, subnet = await network(demo)
    other = await demo.make("OS::Neutron::Net", "other")
    await demo.make("OS::Neutron::Subnet", network=other.id, cidr="10.8.0.0/24")
    server = await demo.make(
        "OS::Nova::Server", image=IMAGE, flavor=FLAVOR, networks=[{"subnet": subnet.id, "fixed_ip": "10.9.0.50"}]
    )
    assert (await server.attribute("networks"))[net.id] == ["10.9.0.50"]
    await server.update(networks=[{"network": other.id}])
    assert list(await server.attribute("networks")) == [other.call.physical_name, other.id]
    assert await demo_ports(demo, net.id) == []
    await server.update(networks=[{"network": other.id}, {"subnet": subnet.id}])
    assert net.id in await server.attribute("networks")
    await server.delete()
    assert await demo_ports(demo, net.id) == await demo_ports(demo, other.id) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["net"], ["subnet"]),
        (["net"], ["port"]),
        (["subnet"], ["net"]),
        (["net"], ["both"]),
        (["net"], ["address"]),
        (["subnet"], ["both"]),
        (["net", "fixed", "subnet"], ["subnet", "net", "both"]),
    ],
)
async def test_a_server_keeps_ports_that_serve_its_new_networks_too(
    demo: Driver, before: list[str], after: list[str]
) -> None:
    net, subnet = await network(demo)
    forms: dict[str, dict[str, Any]] = {
        "net": {"network": net.id},
        "subnet": {"subnet": subnet.id},
        "both": {"network": net.id, "subnet": subnet.id},
        "fixed": {"network": net.id, "fixed_ip": "10.9.0.33"},
    }
    server = await demo.make("OS::Nova::Server", image=IMAGE, flavor=FLAVOR, networks=[forms[one] for one in before])
    ports = {port["id"] for port in await demo_ports(demo, net.id)}
    first = (await server.attribute("addresses"))[net.id][0]
    forms |= {"port": {"port": first["port"]}, "address": {"network": net.id, "fixed_ip": first["addr"]}}
    await server.update(networks=[forms[one] for one in after])
    assert {port["id"] for port in await demo_ports(demo, net.id)} == ports
    await server.delete()
    assert await demo_ports(demo, net.id) == []


async def test_a_server_shows_its_new_addresses_when_it_is_done(demo: Driver) -> None:
    net, subnet = await network(demo)
    other = await demo.make("OS::Neutron::Subnet", "other", network=net.id, cidr="10.8.0.0/24")
    server = await demo.make("OS::Nova::Server", image=IMAGE, flavor=FLAVOR, networks=[{"subnet": subnet.id}])
    await server.update(networks=[{"subnet": other.id}])
    assert server.seen is not None
    (address,) = server.seen["addresses"][net.call.physical_name]
    assert address["addr"].startswith("10.8.0.")


async def test_ports_of_a_server_that_never_came_are_removed(demo: Driver) -> None:
    net, subnet = await network(demo)
    server = await demo.prepare("OS::Nova::Server", image=IMAGE, flavor=FLAVOR, networks=[{"subnet": subnet.id}])
    from_lost_create = {"description": f"{server.call.marker}:port:0", "network_id": net.id}
    await demo.cloud.post("network", "/v2.0/ports", json={"port": from_lost_create})
    assert await server.kind.find(server.call) is None
    assert await demo_ports(demo, net.id) == []


async def test_server_with_floating_ip_and_groups(demo: Driver) -> None:
    net, subnet = await network(demo)
    router = await demo.make("OS::Neutron::Router", external_gateway_info={"network": "public"})
    await demo.make("OS::Neutron::RouterInterface", router=router.id, subnet=subnet.id)
    floating = await demo.make("OS::Neutron::FloatingIP", floating_network="public")
    group = await demo.make("OS::Neutron::SecurityGroup")
    together = await demo.make("OS::Nova::ServerGroup", policies=["soft-affinity"])
    assert await together.find_again() == together.id
    server = await demo.make(
        "OS::Nova::Server",
        image=IMAGE,
        flavor=FLAVOR,
        security_groups=[group.call.physical_name],
        networks=[{"network": net.id, "floating_ip": floating.id}],
        scheduler_hints={"group": together.id},
    )
    address = await floating.attribute("floating_ip_address")
    assert address in (await server.attribute("networks"))[net.id]
    assert [port["security_groups"] for port in await demo_ports(demo, net.id)] == [[group.id]]


async def test_server_is_suspended_and_resumed(demo: Driver) -> None:
    server = await demo.make("OS::Nova::Server", image=IMAGE, flavor=FLAVOR, networks=[{"allocate_network": "none"}])
    for action, verb, status in (
        ("SUSPEND", server.kind.suspend, "SUSPENDED"),
        ("RESUME", server.kind.resume, "ACTIVE"),
    ):
        server.call.action = type(server.call.action)(action)
        await verb(server.call)
        await server.settle()
        assert (await server.observe())["status"] == status


async def test_failed_server_gives_reason_and_request_id(demo: Driver) -> None:
    server = await demo.prepare("OS::Nova::Server", image=IMAGE, flavor=FLAVOR, networks=[{"allocate_network": "none"}])
    server.call.data["request_id"] = "req-7"
    failed = {"status": "ERROR", "fault": {"message": "No valid host was found."}}
    with pytest.raises(Permanent, match=r"No valid host was found\..*req-7") as caught:
        await server.kind.settle(server.call, failed)
    assert caught.value.kind == "ResourceInError"


async def test_a_server_in_error_is_told_what_needs_no_server_at_work(demo: Driver, admin: Driver) -> None:
    server = await demo.make("OS::Nova::Server", image=IMAGE, flavor=FLAVOR, networks=[{"allocate_network": "none"}])
    await admin.request("compute", "POST", f"/servers/{server.id}/action", json={"os-resetState": {"state": "error"}})
    server.call.action = Action.UPDATE
    await server.kind.update(server.call, Change({}, metadata=True))
    await server.settle()
    await server.update(name="told", metadata={"role": "web"})
    seen = await server.observe()
    assert (seen["status"], seen["name"], seen["metadata"]["role"]) == ("ERROR", "told", "web")
    with pytest.raises(Permanent, match="ERROR"):
        await server.update(flavor="m1.small")


async def test_many_servers_are_seen_at_once(demo: Driver) -> None:
    made = await asyncio.gather(
        *(
            demo.make(
                "OS::Nova::Server", f"s{number}", image=IMAGE, flavor=FLAVOR, networks=[{"allocate_network": "none"}]
            )
            for number in range(4)
        )
    )
    kind = made[0].kind
    seen = await kind.observe_many([one.call for one in made])
    assert {one["id"] for one in seen.values()} == {one.id for one in made}
    await made[0].delete()
    seen = await kind.observe_many([one.call for one in made])
    assert seen[made[0].call.resource_id] is None
    nets = await asyncio.gather(*(demo.make("OS::Neutron::Net", f"n{number}") for number in range(4)))
    seen = await nets[0].kind.observe_many([one.call for one in nets])
    assert {one["id"] for one in seen.values()} == {one.id for one in nets}


async def test_key_pairs(demo: Driver) -> None:
    made = await demo.make("OS::Nova::KeyPair", name="made", save_private_key=True)
    assert "PRIVATE KEY" in await made.attribute("private_key")
    assert await made.attribute("public_key")
    given = await demo.make("OS::Nova::KeyPair", name="given", public_key=KEY)
    assert given.id == "given"
    assert await given.find_again() == "given"
    assert await given.attribute("private_key") == ""
    for one in (made, given):
        await one.delete()
        assert await one.observe() is None


async def test_others_go_on_while_a_key_pair_is_made(demo: Driver) -> None:
    asked = await demo.prepare("OS::Nova::KeyPair", name="slow", save_private_key=True)
    making = asyncio.ensure_future(asked.kind.intend(asked.call))
    await asyncio.sleep(0)  # it has begun
    assert asked.call.data == {}
    await making
    assert "PRIVATE KEY" in await asked.attribute("private_key")


async def test_flavor(admin: Driver) -> None:
    flavor = await admin.make(
        "OS::Nova::Flavor", ram=64, vcpus=1, is_public=False, tenants=["demo"], extra_specs={"a": "1", "b": "2"}
    )
    assert flavor.id == flavor.call.resource_id
    assert await flavor.find_again() == flavor.id
    assert await flavor.attribute("is_public") is False
    await flavor.update(extra_specs={"b": "3"}, tenants=[])
    assert await flavor.attribute("extra_specs") == {"b": "3"}
    await flavor.delete()
    assert await flavor.observe() is None


async def test_volume_and_attachment(demo: Driver) -> None:
    volume = await demo.make("OS::Cinder::Volume", size=1, metadata={"a": "1"}, description="mine")
    assert await volume.find_again() == volume.id
    assert await volume.attribute("metadata_values") == {"a": "1"}
    assert await volume.attribute("size") == "1"
    await volume.update(size=2, name="bigger", metadata={"b": "2"})
    seen = await volume.observe()
    assert (seen["size"], seen["name"], seen["status"]) == (2, "bigger", "available")
    assert await volume.attribute("metadata_values") == {"b": "2"}
    server = await demo.make("OS::Nova::Server", image=IMAGE, flavor=FLAVOR, networks=[{"allocate_network": "none"}])
    attached = await demo.make("OS::Cinder::VolumeAttachment", instance_uuid=server.id, volume_id=volume.id)
    assert await attached.find_again() == attached.id
    assert (await volume.attribute("attachments_list"))[0]["server_id"] == server.id
    other = await demo.make("OS::Cinder::Volume", "other", size=1)
    await attached.update(volume_id=other.id)
    assert (await volume.observe())["status"] == "available"
    assert (await other.observe())["status"] == "in-use"
    await attached.kind.check(attached.call)
    await attached.delete()
    assert (await other.observe())["status"] == "available"
    for one in (volume, other):
        await one.delete()
        assert await one.observe() is None


async def test_server_boots_from_a_volume(demo: Driver) -> None:
    server = await demo.make(
        "OS::Nova::Server",
        flavor=FLAVOR,
        block_device_mapping_v2=[{"image": IMAGE, "volume_size": 1, "delete_on_termination": True}],
        networks=[{"allocate_network": "none"}],
    )
    volumes = (await server.observe())["os-extended-volumes:volumes_attached"]
    assert len(volumes) == 1
    await server.delete()


async def test_container(demo: Driver) -> None:
    container = await demo.make(
        "OS::Swift::Container",
        **{"X-Container-Meta": {"colour": "red"}, "X-Container-Read": ".r:*", "PurgeOnDelete": True},
    )
    assert container.id == container.call.physical_name
    assert await container.find_again() == container.id
    await demo.cloud.put("object-store", f"/{container.id}/a b", data=b"text")
    assert await container.attribute("ObjectCount") == 1
    assert await container.attribute("BytesUsed") == 4
    assert (await container.attribute("HeadContainer"))["x-container-meta-colour"] == "red"
    assert (await container.attribute("WebsiteURL")).endswith(container.id)
    await container.delete()
    assert await container.find_again() is None


async def test_what_a_service_refuses_is_told_with_its_reason(demo: Driver) -> None:
    missing = names.new_id()
    subnet = await demo.prepare("OS::Neutron::Subnet", network="private", cidr="10.7.0.0/24")
    subnet.call.properties["network"] = missing
    with pytest.raises(Permanent) as caught:
        await subnet.kind.create(subnet.call)
    assert missing in str(caught.value)
    assert "req-" in str(caught.value)


async def test_a_refused_create_does_not_claim_what_others_made(demo: Driver) -> None:
    theirs = await demo.make("OS::Nova::KeyPair", name="taken", public_key=KEY)
    mine = await demo.prepare("OS::Nova::KeyPair", name="taken", public_key=KEY)
    with pytest.raises(Permanent, match="openstack keypair delete taken"):
        await mine.kind.create(mine.call)
    mine.call.action = Action.DELETE
    assert await mine.kind.find(mine.call) is None
    assert await theirs.observe() is not None


async def test_names_are_looked_up_in_the_cloud(demo: Driver) -> None:
    net = await demo.make("OS::Neutron::Net", name="once")
    await demo.make("OS::Neutron::Net", name="twice")
    await demo.make("OS::Neutron::Net", name="twice")
    for value in ("once", net.id):
        assert await finders.find(demo.cloud, "neutron.network", value) == net.id
    with pytest.raises(finders.Ambiguous, match="twice"):
        await finders.find(demo.cloud, "neutron.network", "twice")
    with pytest.raises(finders.NotFoundName, match="never"):
        await finders.find(demo.cloud, "neutron.network", "never")
    with pytest.raises(finders.NotFoundName, match="tiny"):
        await finders.find(demo.cloud, "nova.flavor", "m1.tinny")
    assert await finders.find(demo.cloud, "nova.keypair", "dxl-key") == "dxl-key"
    with pytest.raises(Permanent, match="never"):
        await finders.require(demo.cloud, "glance.image", "never")


async def test_web_image(demo: Driver) -> None:
    image = await demo.make(
        "OS::Glance::WebImage",
        location="http://127.0.0.1:9/image",
        container_format="bare",
        disk_format="raw",
        os_distro="some",
        extra_properties={"a": "1", "b": "2"},
    )
    assert image.id == image.call.resource_id
    assert await image.find_again() == image.id
    await image.update(os_distro=None, architecture="x86_64", extra_properties={"b": "3"}, tags=["t"])
    seen = await image.observe()
    assert (seen["architecture"], seen["b"], seen["tags"]) == ("x86_64", "3", ["t"])
    assert "os_distro" not in seen and "a" not in seen
    await image.delete()
    assert await image.observe() is None
