"""Copies of servers and volumes in the embedded cloud: made once, used, removed."""

import asyncio
import dataclasses
from typing import Any

import pytest

from hearth.model.states import Action, Status
from hearth.resources import registry
from hearth.resources.contract import Change, Gone, NeedsReplacement

TYPES = registry.TypeRegistry()
IMAGE, FLAVOR = "cirros", "m1.tiny"


async def copy(made: Any, name: str = "a copy") -> None:
    """Make a copy and wait for it."""
    made.call = dataclasses.replace(made.call, action=Action.SNAPSHOT, snapshot_name=name)
    await made.kind.snapshot(made.call)
    await made.settle()


async def remove(made: Any) -> None:
    """Remove the copy and wait until it is gone."""
    async with asyncio.timeout(10):
        while await made.kind.delete_snapshot(made.call) is not None:  # noqa: ASYNC110 - asked until it is gone
            await asyncio.sleep(0.02)


async def images(demo: Any) -> list[str]:
    answer = await demo.cloud.get("image", "/v2/images", params={"visibility": "private"})
    return [one["name"] for one in answer.body["images"] if one["status"] == "active"]


async def backups(demo: Any) -> list[str]:
    return [one["name"] for one in (await demo.cloud.get("volume", "/backups/detail")).body["backups"]]


async def a_server(demo: Any) -> Any:
    return await demo.make("OS::Nova::Server", image=IMAGE, flavor=FLAVOR, networks=[{"allocate_network": "none"}])


async def test_an_image_is_made_of_a_server_once(demo: Any) -> None:
    server = await a_server(demo)
    await copy(server)
    image = server.call.data["snapshot_image_id"]
    await copy(server)
    assert server.call.data["snapshot_image_id"] == image
    assert await images(demo) == ["a copy"]
    given = {"flavor": {"get_param": "size"}, "image": IMAGE}
    assert server.kind.restored(given, server.call.data) == {"flavor": {"get_param": "size"}, "image": image}
    await remove(server)
    await remove(server)
    assert await images(demo) == []


async def test_a_server_that_boots_from_a_volume_has_no_image_of_its_own(demo: Any) -> None:
    volume = await demo.make("OS::Cinder::Volume", "disk", size=1, image=IMAGE)
    server = await demo.make(
        "OS::Nova::Server",
        flavor=FLAVOR,
        networks=[{"allocate_network": "none"}],
        block_device_mapping_v2=[{"volume_id": volume.id}],
    )
    await copy(server)
    assert await images(demo) == []
    given = {"block_device_mapping_v2": [{"volume_id": volume.id}]}
    assert server.kind.restored(given, server.call.data) == given


async def test_a_backup_is_made_of_a_volume_once(demo: Any) -> None:
    volume = await demo.make("OS::Cinder::Volume", size=1, description="mine")
    await copy(volume)
    backup = volume.call.data["backup_id"]
    await copy(volume)
    assert volume.call.data["backup_id"] == backup
    assert await backups(demo) == ["a copy"]
    given = {"size": 1, "source_volid": "gone", "description": {"get_param": "text"}}
    restored = volume.kind.restored(given, volume.call.data)
    assert restored == {"size": 1, "description": {"get_param": "text"}, "backup_id": backup}
    again = await demo.make("OS::Cinder::Volume", "again", size=1, backup_id=backup)
    assert (await again.observe())["status"] == "available"
    await remove(volume)
    await remove(volume)
    assert await backups(demo) == []


async def test_a_volume_in_use_is_replaced_rather_than_filled_from_a_backup(demo: Any) -> None:
    server = await a_server(demo)
    volume = await demo.make("OS::Cinder::Volume", "disk", size=1)
    await demo.make("OS::Cinder::VolumeAttachment", "att", instance_uuid=server.id, volume_id=volume.id)
    await copy(volume)
    change = Change({"backup_id": volume.call.data["backup_id"]})
    with pytest.raises(NeedsReplacement):
        await volume.kind.update(dataclasses.replace(volume.call, action=Action.UPDATE), change)


async def test_what_is_gone_cannot_be_copied(demo: Any) -> None:
    server = await a_server(demo)
    await server.delete()
    server.call = dataclasses.replace(server.call, action=Action.SNAPSHOT, snapshot_name="late")
    with pytest.raises(Gone):
        await server.kind.snapshot(server.call)


@pytest.mark.parametrize(
    ("type_name", "action", "status", "worth"),
    [
        ("OS::Nova::Server", Action.CREATE, Status.COMPLETE, True),
        ("OS::Nova::Server", Action.CHECK, Status.FAILED, False),
        ("OS::Nova::Server", Action.DELETE, Status.FAILED, True),
        ("OS::Cinder::Volume", Action.CREATE, Status.FAILED, False),
        ("OS::Cinder::Volume", Action.CHECK, Status.FAILED, True),
    ],
)
def test_which_states_are_worth_a_copy_before_deletion(
    type_name: str, action: Action, status: Status, worth: bool
) -> None:
    assert TYPES.get(type_name).worth_snapshot(action, status) is worth


@pytest.mark.parametrize("kind", ["server", "volume"])
async def test_a_copy_of_another_name_is_removed_by_its_id(demo: Any, kind: str) -> None:
    made = await a_server(demo) if kind == "server" else await demo.make("OS::Cinder::Volume", size=1)
    await copy(made, "theirs")
    made.call = dataclasses.replace(made.call, action=Action.DELETE, snapshot_name="ours")
    await remove(made)
    assert await images(demo) + await backups(demo) == []
