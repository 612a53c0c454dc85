"""AWS::EC2::Volume and AWS::EC2::VolumeAttachment: a disk, and its use by a server.

Spec: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ec2-volume.html
"""

from typing import Any

from hearth.model.states import Action
from hearth.resources import base, blockers
from hearth.resources.aws.ec2 import tags as tag_lists
from hearth.resources.cinder import volume_attachment, volume_backups
from hearth.resources.contract import Call, Observed, Permanent, Wait
from hearth.resources.remote import Readiness, Remote, RemoteResource
from hearth.resources.schema import USED_ONCE, Property

_WAITING = frozenset({Action.CREATE, Action.DELETE, Action.SNAPSHOT})


@base.resource("AWS::EC2::Volume")
class Volume(RemoteResource):
    """A volume.

    Empty, or filled from a backup. Nothing of it can be changed.
    """

    remote = Remote(
        service="volume",
        path="/volumes",
        envelope="volume",
        marker="metadata",
        batch="detail",
        readiness=Readiness(ready=("available", "in-use"), failed=("error", "error_restoring"), on=_WAITING),
    )
    used_by = (blockers.ATTACHED_SERVERS, blockers.VOLUME_SNAPSHOTS)
    supports_snapshot = True
    copies_in = "volume"
    copy_id = volume_backups.ID
    snapshot_deletion_policy = True
    operated = {"snapshot_deletion_allowed": "backups_enabled"}

    zone = Property(
        str, "Availability zone.", name="AvailabilityZone", required=True, immutable=True, wire="availability_zone"
    )
    size = Property(int, "Size in GiB.", name="Size", immutable=True, minimum=1, wire="size")
    backup = Property(
        str,
        "Backup to fill it from.",
        name="SnapshotId",
        immutable=True,
        refers="cinder.backup",
        wire="backup_id",
        live=USED_ONCE,
    )
    tags = tag_lists.tags_property(immutable=True, live=tag_lists.in_metadata)

    def microversion(self, call: Call) -> str | None:
        """The first version in which a volume is made from a backup in one request, where one is."""
        return "3.47" if "SnapshotId" in call.properties else None

    def body(self, call: Call) -> dict[str, Any]:
        """With the name of the row."""
        metadata = tag_lists.as_map(call.properties.get("Tags"))
        return {**super().body(call), "name": call.physical_name, "metadata": metadata}

    async def settle(self, call: Call, observed: Observed | None) -> Wait | None:
        """As the readiness says; a volume that cannot be deleted says so."""
        if call.action is Action.SNAPSHOT:
            return await volume_backups.settle(self, call)
        if call.action is Action.DELETE and observed is not None:
            if observed.get("status") == "error_deleting":
                raise Permanent(self.failure(call, observed), kind="ResourceInError")
            return Wait()
        return await super().settle(call, observed)

    async def snapshot(self, call: Call) -> None:
        """Begin a backup."""
        await volume_backups.begin(self, call)

    async def is_copied(self, call: Call) -> bool:
        """Whether the backup is there."""
        return await volume_backups.is_there(self, call)

    async def delete_snapshot(self, call: Call) -> Wait | None:
        """Delete the backup."""
        return await volume_backups.remove(self, call)

    def restored(self, properties: Any, data: Any) -> dict[str, Any]:
        """Filled from the backup."""
        backup = {"SnapshotId": data[volume_backups.ID]} if volume_backups.ID in data else {}
        return {**properties, **backup}


@base.resource("AWS::EC2::VolumeAttachment")
class VolumeAttachment(volume_attachment.Attachment):
    """Attaches a volume to a server.

    Nothing of it can be changed.
    """

    parts = ("InstanceId", "VolumeId", "Device")

    server = Property(
        str,
        "The server.",
        name="InstanceId",
        required=True,
        immutable=True,
        refers="nova.server",
        live="attachment.server_id",
    )
    volume = Property(
        str, "The volume.", name="VolumeId", required=True, immutable=True, refers="cinder.volume", live="id"
    )
    device = Property(
        str,
        "Name of the device in the server.",
        name="Device",
        required=True,
        immutable=True,
        pattern="/dev/vd[b-z]",
        live=volume_attachment.DEVICE,
    )
