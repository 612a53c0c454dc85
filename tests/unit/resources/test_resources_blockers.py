"""Each type that a service may refuse to delete finds out who uses its object, in the embedded cloud."""

from typing import Any

import pytest

from hearth.resources.contract import Conflict, ResourceFailure


async def port(demo: Any, network: str, **fields: Any) -> str:
    body = {"port": {"network_id": network, "name": "by-hand", **fields}}
    return str((await demo.cloud.post("network", "/v2.0/ports", json=body)).body["port"]["id"])


async def net(demo: Any) -> tuple[Any, str]:
    made = await demo.make("OS::Neutron::Net")
    return made, await port(demo, made.id)


async def subnet(demo: Any) -> tuple[Any, str]:
    network = await demo.make("OS::Neutron::Net")
    made = await demo.make("OS::Neutron::Subnet", network=network.id, cidr="10.1.0.0/24")
    return made, await port(demo, network.id)


async def router(demo: Any) -> tuple[Any, str]:
    network = await demo.make("OS::Neutron::Net")
    inner = await demo.make("OS::Neutron::Subnet", network=network.id, cidr="10.1.0.0/24")
    made = await demo.make("OS::Neutron::Router")
    path = f"/v2.0/routers/{made.id}/add_router_interface"
    answer = await demo.cloud.put("network", path, json={"subnet_id": inner.id})
    return made, str(answer.body["port_id"])


async def security_group(demo: Any) -> tuple[Any, str]:
    network = await demo.make("OS::Neutron::Net")
    made = await demo.make("OS::Neutron::SecurityGroup")
    await port(demo, network.id)
    return made, await port(demo, network.id, security_groups=[made.id])


async def volume(demo: Any) -> tuple[Any, str]:
    made = await demo.make("OS::Cinder::Volume", size=1)
    body = {"snapshot": {"volume_id": made.id, "name": "by-hand"}}
    return made, str((await demo.cloud.post("volume", "/snapshots", json=body)).body["snapshot"]["id"])


async def container(demo: Any) -> tuple[Any, str]:
    made = await demo.make("OS::Swift::Container")
    await demo.cloud.put("object-store", f"/{made.id}/by-hand", data=b"x")
    return made, "by-hand"


@pytest.mark.parametrize(
    "using", [net, subnet, router, security_group, volume, container], ids=lambda one: one.__name__
)
async def test_who_uses_an_object_is_found_when_its_deletion_is_refused(demo: Any, using: Any) -> None:
    made, user = await using(demo)
    with pytest.raises(ResourceFailure):
        await made.kind.delete(made.call)
    found = await made.kind.blockers(made.call)
    assert [one.id for one in found] == [user]
    assert user in found[0].words()
    if using is not container:
        assert user in found[0].remove


async def test_the_volumes_of_a_type_are_found_in_all_projects(admin: Any, demo: Any) -> None:
    made = await admin.make("OS::Cinder::VolumeType", name="fast")
    volume = await demo.make("OS::Cinder::Volume", size=1, volume_type="fast")
    with pytest.raises(ResourceFailure):
        await made.kind.delete(made.call)
    assert [one.id for one in await made.kind.blockers(made.call)] == [volume.id]


async def test_a_port_of_a_router_is_freed_at_the_router(demo: Any) -> None:
    made, user = await router(demo)
    [blocker] = await made.kind.blockers(made.call)
    assert blocker.remove == f"openstack router remove port {made.id} {user}"


async def test_an_object_that_nobody_uses_has_no_blockers(demo: Any) -> None:
    made = await demo.make("OS::Neutron::Net")
    assert await made.kind.blockers(made.call) == []


async def test_a_port_tells_its_device(demo: Any) -> None:
    network = await demo.make("OS::Neutron::Net")
    inner = await demo.make("OS::Neutron::Subnet", network=network.id, cidr="10.1.0.0/24")
    owner = await demo.make("OS::Neutron::Router")
    made = await demo.make("OS::Neutron::Port", network=network.id, fixed_ips=[{"subnet": inner.id}])
    path = f"/v2.0/routers/{owner.id}/add_router_interface"
    await demo.cloud.put("network", path, json={"port_id": made.id})
    with pytest.raises(Conflict):
        await made.kind.delete(made.call)
    [blocker] = await made.kind.blockers(made.call)
    assert (blocker.noun, blocker.id, blocker.name) == ("device", owner.id, "network:router_interface")
