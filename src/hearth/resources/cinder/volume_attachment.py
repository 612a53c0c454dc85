"""OS::Cinder::VolumeAttachment: a volume in use by a server.

Spec: https://docs.openstack.org/api-ref/compute/#servers-with-volume-attachments-servers-os-volume-attachments
"""

import json
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, ClassVar

from hearth.cloud import session
from hearth.model.drift import Condition
from hearth.model.states import Action
from hearth.resources import base, failures
from hearth.resources.contract import THERE_BEFORE, Call, Change, Gone, Observed, Unwell, Wait
from hearth.resources.remote import Readiness, Remote, RemoteResource, recorded, remember_request
from hearth.resources.schema import Property, Unseen

#: The attachment that an update has to end before it makes the new one: `[server, volume]`.
_LEAVING = "leaving"
#: How the device is called there is up to the server; what is asked for is a wish.
DEVICE = Unseen("the compute service may choose another name for the device")
#: Noted between the end of the old attachment and the request for the new one: they can connect the same two.
_JOINING = "joining"


class Attachment(RemoteResource):
    """Made by the compute service, watched at the volume. The physical id is the volume's."""

    #: The properties with the server, the volume and the name of the device.
    parts: ClassVar[tuple[str, str, str]]

    remote = Remote(
        service="volume",
        path="/volumes",
        envelope="volume",
        readiness=Readiness(
            ready=("in-use",),
            failed=("error", "error_attaching", "error_detaching"),
            on=frozenset({Action.CREATE, Action.UPDATE, Action.DELETE}),
        ),
    )

    def bears_mark(self, call: Call) -> bool:
        """Attachments have tags only in newer compute services, and not with every hypervisor."""
        return False

    async def alike(self, call: Call) -> Sequence[str]:
        """The attachment of the volume to the server; a second one cannot be made."""
        server, volume = self._ends(call.properties)
        try:
            await _compute(call, "GET", f"/servers/{server}/os-volume_attachments/{volume}")
        except Gone:
            return ()
        return [volume]

    async def locate(self, call: Call) -> str | None:
        """By what it connects, and by not having been there before."""
        return await self.newcomer(call)

    async def create(self, call: Call) -> str | None:
        """Attach it."""
        await self._attach(call)
        return self._ends(call.properties)[1]

    async def update(self, call: Call, change: Change) -> str | None:
        """Detach what was attached; `settle` attaches anew when that is done."""
        call.data[_LEAVING] = json.dumps(self._ends(call.previous or call.properties))
        try:
            await self._part(call, *self._ends(call.previous or call.properties))
        except Gone:
            return self._ends(call.properties)[1]
        return self._ends(call.properties)[1]

    async def delete(self, call: Call) -> None:
        """Detach it."""
        await self._part(call, *self._ends(call.properties))

    async def observe(self, call: Call) -> Observed | None:
        """The volume. When the attachment is to go and the volume does not show it, it is gone."""
        server, volume = self._ends(call.properties)
        observed = await self._volume(call, volume)
        if call.action is Action.DELETE and not _is_attached(observed, server):
            raise Gone(f"volume {volume} is not attached to server {server}")
        return observed

    async def settle(self, call: Call, observed: Observed | None) -> Wait | None:
        """Attached to the server, and in use."""
        if observed is None:
            return None
        if _LEAVING in call.data:
            server, volume = json.loads(call.data[_LEAVING])
            if _is_attached(await self._volume(call, volume), server):
                return Wait()
            del call.data[_LEAVING]
            call.data[_JOINING] = "true"
            await self.survey(call)
            return Wait(0.0)
        if _JOINING in call.data:
            if await self.locate(call) is None:
                await self._attach(call)
            del call.data[_JOINING]
            call.data.pop(THERE_BEFORE, None)
            return Wait()
        wait = await super().settle(call, observed)
        if wait is None and not _is_attached(observed, self._ends(call.properties)[0]):
            return Wait()
        return wait

    def ailment(self, call: Call, observed: Observed) -> Unwell | None:
        """The volume is attached to the server."""
        server, volume = self._ends(call.properties)
        if not _is_attached(observed, server):
            return Unwell(f"volume {volume} is not attached to server {server}", Condition.GONE)
        return super().ailment(call, observed)

    async def examine(self, call: Call, observed: Observed) -> Observed:
        """The attachment to the server is one of several that there may be."""
        server, _ = self._ends(call.properties)
        mine = [one for one in observed.get("attachments") or () if one.get("server_id") == server]
        return {**observed, "attachment": mine[0] if mine else {}}

    def identity(self, physical_id: str | None, properties: Mapping[str, Any]) -> Hashable:
        """What it connects."""
        return tuple(properties.get(part) for part in self.parts[:2])

    def _ends(self, properties: Mapping[str, Any]) -> tuple[str, str]:
        server, volume, _ = self.parts
        return properties[server], properties[volume]

    async def _attach(self, call: Call) -> None:
        server, volume = self._ends(call.properties)
        body = {"volumeId": volume}
        if device := call.properties.get(self.parts[2]):
            body["device"] = device
        path = f"/servers/{server}/os-volume_attachments"
        remember_request(call, await _compute(call, "POST", path, {"volumeAttachment": body}, creating=True))

    async def _part(self, call: Call, server: str, volume: str) -> None:
        """Detach it, unless that has begun: the service refuses a second request. Raises Gone."""
        if (await self._volume(call, volume)).get("status") != "detaching":
            await _detach(call, server, volume)

    async def _volume(self, call: Call, volume: str) -> dict[str, Any]:
        answer = await self.request(call, "GET", f"{self.remote.path}/{volume}")
        found: dict[str, Any] = answer.body["volume"]
        return found


@base.resource("OS::Cinder::VolumeAttachment")
class VolumeAttachment(Attachment):
    """Attaches a volume to a server.

    A change of anything ends the attachment and makes another.
    """

    parts = ("instance_uuid", "volume_id", "mountpoint")

    instance_uuid = Property(str, "The server.", required=True, updatable=True, live="attachment.server_id")
    volume_id = Property(str, "The volume.", required=True, updatable=True, refers="cinder.volume", live="id")
    mountpoint = Property(str, "Name of the device in the server, such as /dev/vdb.", updatable=True, live=DEVICE)


def _is_attached(volume: Mapping[str, Any], server: str) -> bool:
    return any(one.get("server_id") == server for one in volume.get("attachments") or ())


async def _detach(call: Call, server: str, volume: str) -> None:
    remember_request(call, await _compute(call, "DELETE", f"/servers/{server}/os-volume_attachments/{volume}"))


async def _compute(call: Call, method: str, path: str, body: Any = None, *, creating: bool = False) -> session.Response:
    with recorded(call, creating=creating), failures.sorted_out(creating=creating):
        return await call.cloud.request("compute", method, path, json=body)
