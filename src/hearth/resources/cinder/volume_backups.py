"""Backups as copies of a volume: for snapshots of stacks, and to be left behind when a volume is deleted.

A backup is known by its name and its volume, so a repeat finds what a lost request made. Used by `volume`.

Spec: https://docs.openstack.org/api-ref/block-storage/v3/#backups-backups
"""

import contextlib
from typing import Any, Final

from hearth.model.states import Action
from hearth.resources.contract import Call, Gone, Permanent, Wait
from hearth.resources.remote import RemoteResource, remember_request

#: The private value with the id of the newest backup.
ID: Final = "backup_id"
_UNDER_WAY = ("creating", "restoring", "deleting")


async def begin(volume: RemoteResource, call: Call) -> None:
    """Ask for the backup, unless it is there; a volume in use is backed up as it is at that moment."""
    found = await _find(volume, call)
    if found is None:
        wanted = {"volume_id": call.physical_id, "name": call.snapshot_name, "force": True}
        answer = await volume.request(call, "POST", "/backups", {"backup": wanted})
        remember_request(call, answer)
        found = answer.body["backup"]
    call.data[ID] = str(found["id"])


async def is_there(volume: RemoteResource, call: Call) -> bool:
    """Whether there is such a backup."""
    return await _find(volume, call) is not None


async def settle(volume: RemoteResource, call: Call) -> Wait | None:
    """Wait until the backup is complete."""
    backup = call.data[ID]
    try:
        answer = await volume.request(call, "GET", f"/backups/{backup}")
    except Gone as gone:
        raise Permanent(f"the backup {backup} disappeared while it was made", kind="NotFound") from gone
    status = answer.body["backup"]["status"]
    if status in _UNDER_WAY:
        return Wait()
    if status != "available":
        why = answer.body["backup"].get("fail_reason") or "no reason given"
        raise Permanent(f'the backup {backup} went to status {status} due to "{why}"', kind="ResourceInError")
    return None


async def remove(volume: RemoteResource, call: Call) -> Wait | None:
    """Delete the backup once it is complete, and wait until it is gone."""
    found = await _find(volume, call)
    if found is None:
        return None
    if found["status"] == "error_deleting":
        raise Permanent(f"the backup {found['id']} went to status error_deleting", kind="ResourceInError")
    if found["status"] not in _UNDER_WAY:
        await volume.request(call, "DELETE", f"/backups/{found['id']}")
    return Wait()


async def _find(volume: RemoteResource, call: Call) -> dict[str, Any] | None:
    if call.action is Action.DELETE and ID in call.data:  # one that has another name, since Hearth did not make it
        with contextlib.suppress(Gone):
            known = await volume.request(call, "GET", f"/backups/{call.data[ID]}")
            named: dict[str, Any] = known.body["backup"]
            return named
        return None
    params = {"volume_id": call.physical_id, "name": call.snapshot_name}
    answer = await volume.request(call, "GET", "/backups/detail", params=params)
    return next((one for one in answer.body["backups"] if one.get("name") == call.snapshot_name), None)
