"""What does a server boot from, and which volumes does it get? Block device mappings of a request, old and new form.

`plan` checks a request and says what to do; `attach` does it in cinder once the server exists. Local disks (an image
or an empty disk on the host) cost nothing here and leave no trace but the image the server shows.
"""

import dataclasses
from typing import Any

from hearth.localcloud.cinder import images, refusals, rules, versions
from hearth.localcloud.core import errors, ids, service, state
from hearth.localcloud.nova import book

_BOOT_REFUSED = (
    "Block Device Mapping is Invalid: Boot sequence for the instance and image/block device mapping combination is "
    "not valid."
)
_ID = rules.optional(rules.uuid)
_FLAG = rules.optional(rules.boolean)
_NAME = rules.optional(rules.text(0, 255))
_SIZE = rules.optional(rules.either(rules.one_of(""), rules.integer(0)))

#: The old form of a mapping.
V1 = rules.Shape(
    {
        "device_name": _NAME,
        "virtual_name": _NAME,
        "volume_id": _ID,
        "snapshot_id": _ID,
        "volume_size": _SIZE,
        "delete_on_termination": _FLAG,
        "no_device": rules.anything,
        "connection_info": rules.anything,
    }
)
V2 = rules.Shape(
    {
        "uuid": _ID,
        "image_id": _ID,
        "source_type": rules.one_of("volume", "image", "snapshot", "blank"),
        "destination_type": rules.one_of("local", "volume"),
        "boot_index": rules.optional(rules.integer(-1)),
        "volume_size": _SIZE,
        "delete_on_termination": _FLAG,
        "device_name": _NAME,
        "device_type": _NAME,
        "disk_bus": _NAME,
        "guest_format": _NAME,
        "no_device": rules.anything,
        "tag": rules.optional(rules.text(1, 60)),
        "volume_type": _NAME,
        "volume_id": _ID,
        "snapshot_id": _ID,
        "virtual_name": _NAME,
    }
)


@dataclasses.dataclass(frozen=True)
class Disk:
    """One volume a server will get: an existing one (`source` "volume") or a new one from `source`."""

    source: str
    uuid: str | None
    size: int | None
    boots: bool
    delete_on_termination: bool
    device: str | None = None
    tag: str | None = None
    volume_type: str | None = None


@dataclasses.dataclass(frozen=True)
class Plan:
    """What the server boots from: an image on a local disk (`image`), or the volume among `disks` that boots."""

    image: state.Document | None
    disks: tuple[Disk, ...]

    @property
    def on_volume(self) -> bool:
        """Does the server boot from a volume?"""
        return any(disk.boots for disk in self.disks)


def plan(records: book.Book, call: service.Call, wanted: dict[str, Any], flavor: state.Document, *, count: int) -> Plan:
    """What `imageRef` and the mappings of a request mean. Raises ApiError 400 and 403."""
    image_ref = str(wanted.get("imageRef") or "").rpartition("/")[2]
    if wanted.get("imageRef") and not rules.is_uuid(image_ref):
        raise rules.invalid("imageRef", wanted["imageRef"], f"{wanted['imageRef']!r} is not a 'uuid'")
    rows = _rows(call, wanted)
    if not image_ref and not rows:
        raise refusals.bad("Missing imageRef attribute")
    image = _image(records, call.identity, image_ref) if image_ref else None
    disks: list[Disk] = []
    boots_local = False
    for row in rows:
        boots = row.get("boot_index") is not None and int(row["boot_index"]) == 0
        disk = _disk(records, call.identity, row, boots)
        if disk is not None:
            disks.append(disk)
        elif boots:
            boots_local = True
            image = image or _image(records, call.identity, str(row.get("uuid") or row.get("image_id")))
    booting = sum(disk.boots for disk in disks) + (boots_local or image is not None)
    if booting != 1:
        raise refusals.bad(_BOOT_REFUSED)
    if count > 1 and any(disk.source == "volume" for disk in disks):
        raise refusals.bad("Cannot attach one or more volumes to multiple instances")
    if image is not None:
        _fits(image, flavor, is_admin=call.identity.is_admin)
    return Plan(image, tuple(disks))


def attach(
    records: book.Book, identity: service.Identity, server: state.Document, disks: tuple[Disk, ...]
) -> list[dict[str, Any]]:
    """Make and attach the volumes of a new server; the entries of its `volumes`. Raises ApiError 400 and 403."""
    held: list[dict[str, Any]] = []
    # The disk that boots takes the first letter, whatever its place in the request.
    letters = iter("abcdefghijklmnopqrstuvwxyz")
    if not any(disk.boots for disk in disks):
        next(letters)
    for disk in sorted(disks, key=lambda disk: not disk.boots):
        letter = next(letters, "z")
        device = disk.device or f"/dev/vd{letter}"
        if not device.startswith("/dev/"):
            device = f"/dev/{device}"
        volume_id = disk.uuid if disk.source == "volume" else _make(records, identity, disk)
        volume = records.cinder.book.volume(identity, str(volume_id))
        attachment = records.cinder.attachments.occupy(volume, server["id"], device=device, host=server["host"])
        held.append(
            entry(volume["id"], attachment["id"], device, boots=disk.boots, tag=disk.tag)
            | {"delete_on_termination": disk.delete_on_termination}
        )
    return held


def entry(
    volume_id: str, attachment_id: str, device: str, *, boots: bool = False, tag: str | None = None
) -> dict[str, Any]:
    """What a server remembers of a volume it holds."""
    return {
        "volume_id": volume_id,
        "attachment_id": attachment_id,
        "device": device,
        "delete_on_termination": False,
        "boots": boots,
        "tag": tag,
        "bdm_uuid": ids.new_id(),
    }


def release(records: book.Book, held: list[dict[str, Any]]) -> None:
    """Detach the volumes of a server that goes away, and delete those that go with it."""
    block = records.cinder
    for each in held:
        attachment = block.book.attachments.get(each["attachment_id"])
        if attachment is not None:
            block.attachments.release(attachment)
        volume = block.book.volumes.get(each["volume_id"])
        if each["delete_on_termination"] and volume is not None and not block.book.snapshots_of(volume["id"]):
            block.volumes.remove(volume, force=True)


def _rows(call: service.Call, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """The mappings of a request in the new form."""
    new, old = wanted.get("block_device_mapping_v2"), wanted.get("block_device_mapping")
    if new and old:
        raise refusals.bad("Using different block_device_mapping syntaxes is not allowed in the same request.")
    if new:
        for row in new:
            if row.get("volume_type") and not versions.at_least(call, 2, 67):
                raise refusals.bad("'volume_type' in block_device_mapping_v2 exists from API version 2.67 on.")
        return [row for row in new if not row.get("no_device")]
    rows: list[dict[str, Any]] = []
    for row in old or []:
        if row.get("no_device"):
            continue
        name = str(row.get("device_name") or "").removeprefix("/dev/")
        first = name in ("vda", "sda", "xvda", "hda") or (not wanted.get("imageRef") and not rows)
        source = "snapshot" if row.get("snapshot_id") else "volume"
        rows.append(
            {
                "uuid": row.get("snapshot_id") or row.get("volume_id"),
                "source_type": source,
                "destination_type": "volume",
                "boot_index": 0 if first and not wanted.get("imageRef") else -1,
                "volume_size": row.get("volume_size"),
                "delete_on_termination": row.get("delete_on_termination"),
                "device_name": row.get("device_name"),
            }
        )
    return rows


def _disk(records: book.Book, identity: service.Identity, row: dict[str, Any], boots: bool) -> Disk | None:
    """A mapping as a volume to be; None for a disk on the host."""
    source = row.get("source_type") or ("volume" if row.get("volume_id") else "blank")
    target = row.get("destination_type") or ("volume" if source in ("volume", "snapshot") else "local")
    uuid = row.get("uuid") or row.get("volume_id") or row.get("snapshot_id") or row.get("image_id")
    if source == "blank" and boots:
        raise refusals.bad(_BOOT_REFUSED)
    if source != "blank" and not uuid:
        raise refusals.bad(f"Block Device Mapping is Invalid: a {source} needs a 'uuid'.")
    if target == "local":
        if source in ("volume", "snapshot"):
            raise refusals.bad("Block Device Mapping is Invalid: a volume or snapshot cannot become a local disk.")
        return None
    size = int(row["volume_size"]) if row.get("volume_size") else None
    if source == "volume":
        _usable(records, identity, str(uuid), boots)
    elif source == "snapshot":
        if records.cinder.book.snapshots.get(str(uuid)) is None:
            raise refusals.bad(f"Block Device Mapping is Invalid: failed to get snapshot {uuid}.")
    else:
        if size is None:
            kind = "Images" if source == "image" else "Blank volumes"
            raise refusals.bad(f"{kind} with destination_type 'volume' need to have a non-zero size specified")
        if source == "image":
            _image(records, identity, str(uuid))
    return Disk(
        source=source,
        uuid=uuid,
        size=size,
        boots=boots,
        delete_on_termination=rules.truth(row.get("delete_on_termination") or False),
        device=row.get("device_name"),
        tag=row.get("tag"),
        volume_type=row.get("volume_type"),
    )


def _usable(records: book.Book, identity: service.Identity, uuid: str, boots: bool) -> None:
    try:
        volume = records.cinder.book.volume(identity, uuid)
    except errors.ApiError as error:
        raise refusals.bad(f"Block Device Mapping is Invalid: failed to get volume {uuid}.") from error
    if boots and not volume["bootable"]:
        raise refusals.bad(f"Block Device {uuid} is not bootable.")
    if volume["status"] != "available" and not (volume["multiattach"] and volume["status"] == "in-use"):
        raise refusals.bad(
            f"Invalid volume: volume '{uuid}' status must be 'available'. Currently in '{volume['status']}'"
        )


def _image(records: book.Book, identity: service.Identity, image_id: str) -> state.Document:
    found = images.find(records.cloud, identity, image_id)
    if found is None:
        raise refusals.bad("Can not find requested image")
    if found["status"] != "active":
        raise refusals.bad(f"Image {image_id} is not active.")
    return found


def _fits(image: state.Document, flavor: state.Document, *, is_admin: bool) -> None:
    if int(image.get("min_ram") or 0) > flavor["ram"]:
        raise refusals.bad("Flavor's memory is too small for requested image.")
    if not flavor["disk"]:
        if not is_admin:
            raise refusals.forbidden("Only volume-backed servers are allowed for flavors with zero disk.")
        return
    needed = max(int(image.get("min_disk") or 0) * 2**30, int(image.get("size") or 0))
    if needed > flavor["disk"] * 2**30:
        raise refusals.bad(
            f"Flavor's disk is too small for requested image. Flavor disk is {flavor['disk'] * 2**30} bytes, "
            f"image needs {needed} bytes."
        )


def _make(records: book.Book, identity: service.Identity, disk: Disk) -> str:
    source = {"image": "image", "snapshot": "snapshot_id"}.get(disk.source)
    try:
        volume = records.cinder.volumes.make(
            identity,
            size=disk.size,
            name="",
            description="",
            volume_type=disk.volume_type,
            image=disk.uuid if source == "image" else None,
            snapshot_id=disk.uuid if source == "snapshot_id" else None,
        )
    except errors.ApiError as error:
        # Nova's own status for a quota of another service.
        raise errors.ApiError(403 if error.status == 413 else 400, error.message) from error
    return str(volume["id"])
