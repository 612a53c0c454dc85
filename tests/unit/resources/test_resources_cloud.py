"""Remote types in the embedded cloud: made, found again after a lost answer, changed in place, and removed."""

import asyncio
from typing import Any

import pytest

from hearth.model import names
from hearth.model.states import Action
from hearth.resources import finders
from hearth.resources.contract import Gone, Permanent, Temporary

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
    with pytest.raises(Temporary, match="taken"):
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
