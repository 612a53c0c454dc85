"""The operator's highest microversions: types do with less where they can, and else say which option forbids what."""

import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from hearth.model.states import Action
from hearth.resources.contract import Permanent

IMAGE, FLAVOR = "cirros", "m1.tiny"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDv8ezFNqc3EPdxCcLHaWrGQ9D/Ww5ooPAoKqlZKqra9 someone@example"
Capped = Callable[[str, str], Awaitable[Any]]  # gives the class of the fixtures in conftest


@pytest.mark.parametrize(
    ("kind", "cap", "type_name", "properties", "said"),
    [
        (
            "compute",
            "2.51",
            "OS::Nova::Server",
            {"tags": ["web"]},
            "a server with tags needs microversion 2.52, and [DEFAULT] max_of_the_service allows 2.51 at the most",
        ),
        (
            "compute",
            "2.36",
            "OS::Nova::Server",
            {"networks": [{"allocate_network": "none"}]},
            "a server with allocate_network 'none' needs microversion 2.37",
        ),
        ("compute", "2.9", "OS::Nova::KeyPair", {"name": "k", "user": "admin"}, "needs microversion 2.10"),
        (
            "compute",
            "2.63",
            "OS::Nova::ServerGroup",
            {"policies": ["anti-affinity"], "rules": {"max_server_per_host": 2}},
            "needs microversion 2.64",
        ),
    ],
)
async def test_what_needs_more_is_not_asked_for(
    capped: Capped, kind: str, cap: str, type_name: str, properties: dict[str, Any], said: str
) -> None:
    driver = await capped(kind, cap)
    if type_name == "OS::Nova::Server":
        properties = {"image": IMAGE, "flavor": FLAVOR, "networks": [{"allocate_network": "none"}]} | properties
    thing = await driver.prepare(type_name, **properties)
    with pytest.raises(Permanent) as caught:
        await thing.kind.create(thing.call)
    assert said in str(caught.value)
    assert "max_of_the_service" in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "cap", "type_name", "properties"),
    [
        ("compute", "2.9", "OS::Nova::KeyPair", {"name": "k", "public_key": KEY}),
        ("compute", "2.40", "OS::Nova::ServerGroup", {"policies": ["soft-affinity"]}),
        ("compute", "2.1", "OS::Nova::ServerGroup", {"policies": ["affinity"]}),
        ("block-storage", "3.0", "AWS::EC2::Volume", {"AvailabilityZone": "nova", "Size": 1}),
    ],
)
async def test_what_can_do_with_less_does(
    capped: Capped, kind: str, cap: str, type_name: str, properties: dict[str, Any]
) -> None:
    thing = await (await capped(kind, cap)).make(type_name, **properties)
    assert (await thing.drift()).differences == {}
    assert await thing.find_again() == thing.id
    await thing.delete()


async def test_a_volume_that_nobody_uses_grows(capped: Capped) -> None:
    volume = await (await capped("block-storage", "3.41")).make("OS::Cinder::Volume", size=1)
    await volume.update(size=2)
    assert (await volume.observe())["size"] == 2


async def test_a_server_is_copied(capped: Capped) -> None:
    driver = await capped("compute", "2.44")
    net = await driver.make("OS::Neutron::Net")
    await driver.make("OS::Neutron::Subnet", network=net.id, cidr="10.9.0.0/24")
    server = await driver.make("OS::Nova::Server", image=IMAGE, flavor=FLAVOR, networks=[{"network": net.id}])
    server.call = dataclasses.replace(server.call, action=Action.SNAPSHOT, snapshot_name="copy")
    await server.kind.snapshot(server.call)
    image = server.call.data["snapshot_image_id"]
    assert (await driver.cloud.get("image", f"/v2/images/{image}")).body["name"] == "copy"


async def test_a_network_card_is_made_with_what_it_needs(capped: Capped) -> None:
    driver = await capped("baremetal", "1.34")
    answer = await driver.cloud.post("baremetal", "/v1/nodes", json={"driver": "fake-hardware"})
    card = await driver.make(
        "OS::Ironic::Port", node=answer.body["uuid"], address="52:54:00:00:00:01", physical_network="lan"
    )
    assert (await card.drift()).differences == {}
    smart = await driver.prepare(
        "OS::Ironic::Port", node=answer.body["uuid"], address="52:54:00:00:00:02", is_smartnic=True
    )
    with pytest.raises(Permanent, match=r"needs microversion 1\.53"):
        await smart.kind.create(smart.call)
