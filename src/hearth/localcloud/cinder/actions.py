"""POST /volumes/{id}/action: what can be done to a volume, one method an action, found in one table."""

from collections.abc import Callable, Mapping
from typing import Any

from hearth.localcloud.cinder import attachments, book, images, lapse, refusals, rules, volumes
from hearth.localcloud.core import service, state
from hearth.localcloud.core.service import Reply, Route

Action = Callable[[service.Call, state.Document, dict[str, Any]], Reply]

_RETYPE_REFUSED = (
    "Invalid volume: Retype needs volume to be in available or in-use state, not be part of an active migration or a "
    "consistency group, requested type has to be different that the one from the volume, and for in-use volumes "
    "front-end qos specs cannot change."
)
_STATUSES = (
    "available", "creating", "deleting", "error", "error_deleting", "error_extending", "error_managing",
    "error_restoring", "in-use", "maintenance", "reserved", "attaching", "detaching",
)  # fmt: skip


class Actions:
    """The actions of a volume."""

    def __init__(self, records: book.Book, vols: volumes.Volumes, holds: attachments.Attachments) -> None:
        self._book = records
        self._volumes = vols
        self._attachments = holds
        self._table: Mapping[str, Action] = {
            "os-attach": self.attach,
            "os-detach": self.detach,
            "os-force_detach": self.force_detach,
            "os-reserve": self.reserve,
            "os-unreserve": self.unreserve,
            "os-begin_detaching": self.begin_detaching,
            "os-roll_detaching": self.roll_detaching,
            "os-initialize_connection": self.initialize_connection,
            "os-terminate_connection": self.terminate_connection,
            "os-extend": self.extend,
            "os-retype": self.retype,
            "os-set_bootable": self.set_bootable,
            "os-update_readonly_flag": self.update_readonly_flag,
            "os-reset_status": self.reset_status,
            "os-force_delete": self.force_delete,
            "os-volume_upload_image": self.upload_image,
            "os-set_image_metadata": self.set_image_metadata,
            "os-unset_image_metadata": self.unset_image_metadata,
            "os-show_image_metadata": self.show_image_metadata,
            "os-reimage": self.reimage,
            "revert": self.revert,
        }

    def routes(self) -> list[Route]:
        """Routes below /v3/{project_id}."""
        return [Route("POST", "/volumes/{volume_id}/action", self.act)]

    def act(self, call: service.Call) -> Reply:
        """Find the action the body names and do it."""
        names = list(call.body) if isinstance(call.body, dict) else []
        action = self._table.get(names[0]) if len(names) == 1 else None
        if action is None:
            told = names[0] if names else "none given"
            raise refusals.bad(
                f"There is no such action: {told}. Verify the request body and Content-Type header and try again."
            )
        volume = self._book.volume(call.identity, call.params["volume_id"])
        given = call.body[names[0]]
        return action(call, volume, given if isinstance(given, dict) else {})

    # ---- attaching

    def attach(self, call: service.Call, volume: state.Document, given: dict[str, Any]) -> Reply:
        """os-attach."""
        server_id = given.get("instance_uuid")
        if not server_id and not given.get("host_name"):
            raise refusals.bad("Give the server ('instance_uuid') or the host ('host_name') to attach the volume to.")
        held = [each for each in self._book.attachments_of(volume["id"]) if each["attached_at"] is None]
        if held:
            made = held[0]
        else:
            if volume["status"] in ("reserved", "attaching") and not self._book.attachments_of(volume["id"]):
                volume = self._set(volume, status="available")
            made = self._attachments.reserve(volume, server_id)
        if server_id:
            made = self._book.attachments.update(made["id"], server_id=server_id)
        self._attachments.complete(made, device=given.get("mountpoint"), host=given.get("host_name"))
        return Reply(202)

    def detach(self, call: service.Call, volume: state.Document, given: dict[str, Any]) -> Reply:
        """os-detach: one attachment, or the only one."""
        held = self._book.attachments_of(volume["id"])
        wanted = given.get("attachment_id")
        if wanted is not None and wanted not in {each["id"] for each in held}:
            raise refusals.not_found(f"Volume attachment could not be found with filter: attachment_id = {wanted}.")
        if wanted is None and len(held) > 1:
            raise refusals.bad(
                "Invalid volume: Detach volume failed: More than one attachment, but no attachment_id provided."
            )
        for each in held:
            if wanted in (None, each["id"]):
                self._attachments.release(each)
        if not held and volume["status"] in ("reserved", "attaching", "detaching"):
            self._set(volume, status="available")
        return Reply(202)

    def force_detach(self, call: service.Call, volume: state.Document, given: dict[str, Any]) -> Reply:
        """os-force_detach."""
        refusals.admin_only(call, "volume_extension:volume_admin_actions:force_detach")
        return self.detach(call, volume, given)

    def reserve(self, call: service.Call, volume: state.Document, given: dict[str, Any]) -> Reply:
        """os-reserve."""
        if volume["status"] != "available":
            problem = f"Volume status must be available to reserve, but the status is {volume['status']}."
            raise refusals.bad(f"Invalid volume: {problem}")
        self._set(volume, status="attaching")
        return Reply(202)

    def unreserve(self, call: service.Call, volume: state.Document, given: dict[str, Any]) -> Reply:
        """os-unreserve."""
        if volume["status"] == "attaching":
            self._set(volume, status="in-use" if self._book.attachments_of(volume["id"]) else "available")
        return Reply(202)

    def begin_detaching(self, call: service.Call, volume: state.Document, given: dict[str, Any]) -> Reply:
        """os-begin_detaching."""
        if volume["status"] != "in-use":
            raise refusals.bad(
                "Invalid volume: Unable to detach volume. Volume status must be 'in-use' and attach_status must be "
                "'attached' to detach."
            )
        self._set(volume, status="detaching")
        return Reply(202)

    def roll_detaching(self, call: service.Call, volume: state.Document, given: dict[str, Any]) -> Reply:
        """os-roll_detaching."""
        if volume["status"] == "detaching":
            self._set(volume, status="in-use")
        return Reply(202)

    def initialize_connection(self, call: service.Call, volume: state.Document, given: dict[str, Any]) -> Reply:
        """os-initialize_connection."""
        if not isinstance(given.get("connector"), dict):
            raise refusals.bad("'connector' is a required property")
        return Reply(
            200, {"connection_info": {**attachments.connection_info(volume["id"]), "enforce_multipath": False}}
        )

    def terminate_connection(self, call: service.Call, volume: state.Document, given: dict[str, Any]) -> Reply:
        """os-terminate_connection."""
        return Reply(202)

    # ---- size, type, flags

    def extend(self, call: service.Call, volume: state.Document, given: dict[str, Any]) -> Reply:
        """os-extend."""
        new_size = given.get("new_size")
        if problem := rules.integer(1)(new_size):
            raise rules.invalid("new_size", new_size, problem)
        size, status = int(new_size or 0), volume["status"]
        if status not in ("available", "in-use"):
            raise refusals.bad(
                f"Invalid volume: Volume {volume['id']} must be available or in-use to extend, not {status}."
            )
        if size <= volume["size"]:
            raise refusals.bad(
                "Invalid input received: New size for extend must be greater than current size. "
                f"(current: {volume['size']}, extended: {size})."
            )
        self._book.claim(volume["project_id"], gigabytes=size - volume["size"])
        self._busy(volume, "extending", size=size, status=status)
        return Reply(202)

    def retype(self, call: service.Call, volume: state.Document, given: dict[str, Any]) -> Reply:
        """os-retype."""
        chosen = self._book.volume_type(call.identity, str(given.get("new_type") or ""))
        policy = given.get("migration_policy", "never")
        if policy not in ("never", "on-demand", None):
            raise rules.invalid("migration_policy", policy, "It is one of never and on-demand.")
        if chosen["id"] == volume["volume_type_id"] or volume["status"] not in ("available", "in-use"):
            raise refusals.bad(_RETYPE_REFUSED)
        multiattach = chosen["extra_specs"].get("multiattach", "").lower() == "<is> true"
        if volume["status"] == "in-use" and multiattach != volume["multiattach"]:
            raise refusals.bad("Invalid input received: A volume in use cannot change to or from a multiattach type.")
        self._busy(volume, "retyping", volume_type_id=chosen["id"], multiattach=multiattach, status=volume["status"])
        return Reply(202)

    def set_bootable(self, call: service.Call, volume: state.Document, given: dict[str, Any]) -> Reply:
        """os-set_bootable."""
        self._set(volume, bootable=_flag(given, "bootable"))
        return Reply(200)

    def update_readonly_flag(self, call: service.Call, volume: state.Document, given: dict[str, Any]) -> Reply:
        """os-update_readonly_flag."""
        if volume["status"] != "available":
            status = volume["status"]
            raise refusals.bad(f"Invalid volume: Volume {volume['id']} must be available for this, but it is {status}.")
        self._set(volume, readonly=str(_flag(given, "readonly")))
        return Reply(202)

    def reset_status(self, call: service.Call, volume: state.Document, given: dict[str, Any]) -> Reply:
        """os-reset_status."""
        refusals.admin_only(call, "volume_extension:volume_admin_actions:reset_status")
        status = given.get("status")
        if status is not None and (problem := rules.one_of(*_STATUSES)(status)):
            raise rules.invalid("status", status, problem)
        if given.get("attach_status") == "detached":
            for each in self._book.attachments_of(volume["id"]):
                self._book.attachments.delete(each["id"])
        if status:
            self._book.volumes.update(volume["id"], status=status, due=None, then=None, updated_at=self._book.now())
        return Reply(202)

    def force_delete(self, call: service.Call, volume: state.Document, given: dict[str, Any]) -> Reply:
        """os-force_delete."""
        refusals.admin_only(call, "volume_extension:volume_admin_actions:force_delete")
        self._volumes.remove(volume, cascade=True, force=True)
        return Reply(202)

    def revert(self, call: service.Call, volume: state.Document, given: dict[str, Any]) -> Reply:
        """revert (3.40): back to the newest snapshot."""
        snapshots = self._book.snapshots_of(volume["id"])
        wanted = given.get("snapshot_id")
        if not snapshots or snapshots[-1]["id"] != wanted:
            raise refusals.bad("Invalid volume: A volume can be reverted to its latest snapshot only.")
        if volume["status"] != "available":
            raise refusals.bad(
                f"Invalid volume: Volume {volume['id']} must be available to revert, not {volume['status']}."
            )
        self._busy(volume, "reverting", status="available")
        return Reply(202)

    # ---- images

    def upload_image(self, call: service.Call, volume: state.Document, given: dict[str, Any]) -> Reply:
        """os-volume_upload_image: a new image in glance with the volume's content."""
        name = given.get("image_name")
        if problem := rules.text(1, 255)(name):
            raise rules.invalid("image_name", name, problem)
        allowed = ("available", "in-use") if _truthy(given.get("force")) else ("available",)
        if volume["status"] not in allowed:
            raise refusals.bad(f"Invalid volume: Volume {volume['id']} status must be {' or '.join(allowed)}")
        image_id = images.create(
            call.cloud,
            call.identity,
            name=str(name),
            disk_format=given.get("disk_format") or "raw",
            container_format=given.get("container_format") or "bare",
            visibility=given.get("visibility") or "private",
            min_disk=volume["size"],
            properties={},
        )
        self._busy(volume, "uploading", status=volume["status"])
        chosen = self._book.types.get(volume["volume_type_id"])
        body = {
            "id": volume["id"],
            "updated_at": call.cloud.clock.iso_precise(),
            "status": "uploading",
            "display_description": volume["description"],
            "size": volume["size"],
            "volume_type": chosen and {"id": chosen["id"], "name": chosen["name"]},
            "image_id": image_id,
            "container_format": given.get("container_format") or "bare",
            "disk_format": given.get("disk_format") or "raw",
            "image_name": name,
            "visibility": given.get("visibility") or "private",
            "protected": bool(given.get("protected", False)),
        }
        return Reply(202, {"os-volume_upload_image": body})

    def set_image_metadata(self, call: service.Call, volume: state.Document, given: dict[str, Any]) -> Reply:
        """os-set_image_metadata."""
        metadata = given.get("metadata")
        if problem := rules.texts(metadata):
            raise rules.invalid("metadata", metadata, problem)
        merged = {**(volume["image_metadata"] or {}), **(metadata or {})}
        self._set(volume, image_metadata=merged)
        return Reply(200, {"metadata": merged})

    def unset_image_metadata(self, call: service.Call, volume: state.Document, given: dict[str, Any]) -> Reply:
        """os-unset_image_metadata."""
        key, metadata = given.get("key"), volume["image_metadata"] or {}
        if key not in metadata:
            raise refusals.not_found(f"Metadata {key} does not exist.")
        self._set(volume, image_metadata=rules.without(metadata, {str(key)}))
        return Reply(200)

    def show_image_metadata(self, call: service.Call, volume: state.Document, given: dict[str, Any]) -> Reply:
        """os-show_image_metadata."""
        return Reply(200, {"metadata": volume["image_metadata"] or {}})

    def reimage(self, call: service.Call, volume: state.Document, given: dict[str, Any]) -> Reply:
        """os-reimage (3.68)."""
        image = images.find(call.cloud, call.identity, str(given.get("image_id")))
        if image is None:
            raise refusals.bad(f"Invalid image: Image {given.get('image_id')} could not be found.")
        if volume["status"] not in ("available", "error", "reserved"):
            raise refusals.bad(
                f"Invalid volume: Volume {volume['id']} must be available or error to reimage, not {volume['status']}."
            )
        self._busy(volume, "downloading", status="available", bootable=True)
        return Reply(202)

    # ---- helpers

    def _set(self, volume: state.Document, **changes: Any) -> state.Document:
        return self._book.volumes.update(volume["id"], updated_at=self._book.now(), **changes)

    def _busy(self, volume: state.Document, meanwhile: str, /, **then: Any) -> None:
        """Let the volume be in a status for a while, then change."""
        due = self._book.now() + self._book.cloud.settings.volume_seconds
        self._set(volume, status=meanwhile, **lapse.later(due, then))


def _flag(given: dict[str, Any], name: str) -> bool:
    value = given.get(name)
    if value is None:
        raise refusals.bad(f"'{name}' is a required property")
    if problem := rules.boolean(value):
        raise rules.invalid(name, value, problem)
    return rules.truth(value)


def _truthy(value: Any) -> bool:
    return value is not None and rules.truth(value)
