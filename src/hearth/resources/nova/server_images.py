"""Images as copies of a server: for snapshots of stacks, and to be left behind when a server is deleted.

An image is known by its name, so a repeat finds what a lost request made. A server that boots from a volume of the
template has nothing of its own to copy. Used by `server`.

Spec: https://docs.openstack.org/api-ref/compute/#create-image-createimage-action
"""

import contextlib
import json
from typing import Any, Final

from hearth.model.states import Action
from hearth.resources import failures
from hearth.resources.contract import Call, Gone, Observed, Permanent, Wait
from hearth.resources.remote import RemoteResource, remember_request

#: The private value with the id of the newest image.
ID: Final = "snapshot_image_id"
#: From this version on the answer tells the image's id; before, the image's address.
_VERSION: Final = "2.45"
_LOST: Final = ("killed", "deleted", "pending_delete")


async def begin(server: RemoteResource, call: Call) -> None:
    """Ask for the image, unless it is there."""
    call.data.pop(ID, None)
    if _boots_from_given_volume(call):
        return
    found = await _find(call)
    if found is not None:
        call.data[ID] = str(found["id"])
        return
    body = {"createImage": {"name": call.snapshot_name}}
    version = _VERSION if call.cloud.may_ask_for(server.remote.service, _VERSION) else None
    answer = await server.request(call, "POST", f"{server.path(call)}/action", body, microversion=version)
    remember_request(call, answer)
    call.data[ID] = answer.body["image_id"] if version else answer.headers["Location"].rpartition("/")[2]


async def is_there(call: Call) -> bool:
    """Whether the image is there, or none is made."""
    return _boots_from_given_volume(call) or await _find(call) is not None


async def settle(server: RemoteResource, call: Call, observed: Observed) -> Wait | None:
    """Wait until the image has its data and the server is at rest again."""
    if ID not in call.data:
        return None
    found = await _find(call)
    if found is None or found["status"] in _LOST:
        state = "gone" if found is None else found["status"]
        raise Permanent(f"the image {call.data[ID]} of the server is {state}", kind="ResourceInError")
    at_rest = observed.get("OS-EXT-STS:task_state") is None
    return None if found["status"] == "active" and at_rest else Wait()


async def remove(server: RemoteResource, call: Call) -> Wait | None:
    """Delete the image, and the snapshots of volumes that it is made of."""
    found = await _find(call)
    if found is None or found["status"] in _LOST:
        return None
    for disk in json.loads(found.get("block_device_mapping") or "[]"):
        if disk.get("snapshot_id"):
            await _delete(call, "volume", f"/snapshots/{disk['snapshot_id']}")
    await _delete(call, "image", f"/v2/images/{found['id']}")
    return Wait()


async def _delete(call: Call, service: str, path: str) -> None:
    with contextlib.suppress(Gone), failures.sorted_out():
        await call.cloud.delete(service, path)


def _boots_from_given_volume(call: Call) -> bool:
    given = call.properties
    disks = [*(given.get("block_device_mapping_v2") or ()), *(given.get("block_device_mapping") or ())]
    return not given.get("image") and any(disk.get("volume_id") for disk in disks)


async def _find(call: Call) -> dict[str, Any] | None:
    params = {"name": call.snapshot_name}
    if call.action is Action.DELETE and ID in call.data:  # one that has another name, since Hearth did not make it
        params = {"id": call.data[ID]}
    with failures.sorted_out(creating=True):
        answer = await call.cloud.get("image", "/v2/images", params=params)
    images: list[dict[str, Any]] = answer.body["images"]
    return images[0] if images else None
