"""OS::Cinder::Volume: a disk that lives apart from servers.

Spec: https://docs.openstack.org/api-ref/block-storage/v3/#volumes-volumes
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from hearth.model.states import Action
from hearth.model.values import UNKNOWN
from hearth.resources import base, blockers, rules, scheduler_hints
from hearth.resources.cinder import volume_backups
from hearth.resources.contract import (
    Call,
    Change,
    Conflict,
    Decision,
    Issue,
    NeedsReplacement,
    Observed,
    Permanent,
    Values,
    Verdict,
    Wait,
)
from hearth.resources.remote import (
    METADATA_KEY,
    Readiness,
    Remote,
    RemoteResource,
    own_metadata,
    remember_request,
    texts,
)
from hearth.resources.schema import ABSENT, PHYSICAL_NAME, USED_ONCE, Attribute, Property

_SOURCES = ("image", "snapshot_id", "source_volid", "backup_id")
_STEPS = "steps"
#: The private value with the id of the backup that the volume was filled from last.
_FILLED = "filled_from"
_BUSY = ("in-use", "attaching", "detaching", "reserved", "uploading", "backing-up", "downloading", "creating")
_FAILED = ("error", "error_restoring", "error_extending", "error_managing")
#: The first version in which a volume can grow while it is attached.
_EXTEND_IN_USE = "3.42"


def _text(field: str) -> Callable[[Observed], Any]:
    """The field as text, as the published attributes are."""
    return lambda observed: None if observed.get(field) is None else str(observed[field])


def _metadata(observed: Observed) -> dict[str, Any]:
    return {key: value for key, value in (observed.get("metadata") or {}).items() if key != METADATA_KEY}


#: Metadata that the service itself keeps among the user's.
_SERVICE_KEYS = ("readonly", "attached_mode", "src_backup_id")


def _image(call: Call, observed: Observed) -> Any:
    """The image whose properties the service copied; a bare copy shows nothing."""
    return (observed.get("volume_image_metadata") or {}).get("image_id", ABSENT)


def _is_read_only(call: Call, observed: Observed) -> Any:
    flag = (observed.get("metadata") or {}).get("readonly")
    return ABSENT if flag is None else str(flag).lower() == "true"


@base.resource("OS::Cinder::Volume")
class Volume(RemoteResource):
    """A volume.

    Empty, or made from an image, a snapshot, another volume or a backup.
    """

    remote = Remote(
        service="volume",
        path="/volumes",
        envelope="volume",
        marker="metadata",
        batch="detail",
        readiness=Readiness(
            ready=("available", "in-use"),
            failed=_FAILED,
            on=frozenset({Action.CREATE, Action.UPDATE, Action.DELETE, Action.SNAPSHOT}),
        ),
    )
    may_replace = frozenset({"backup_id"})  # a volume in use cannot be filled
    supports_snapshot = True
    copies_in = "volume"
    copy_id = volume_backups.ID
    used_by = (blockers.ATTACHED_SERVERS, blockers.VOLUME_SNAPSHOTS)
    snapshot_deletion_policy = True
    operated = {"snapshot_deletion_allowed": "backups_enabled"}
    survives_failure = True

    name = Property(str, "Name of the volume.", default=PHYSICAL_NAME, updatable=True)
    description = Property(str, "Description of the volume.", updatable=True, cleared="")
    size = Property(int, "Size in GiB. It can grow, not shrink.", updatable=True, minimum=1, cleared=ABSENT)
    volume_type = Property(str, "Type of the volume.", updatable=True, constraint="cinder.vtype", cleared=ABSENT)
    availability_zone = Property(str, "Availability zone it is kept in.")
    image = Property(str, "Image to make it from.", refers="glance.image", wire="imageRef", live=_image)
    imageRef = Property(
        str, "Older name of image.", moved_to="image", support=(("HIDDEN", "5.0.0"), ("DEPRECATED", "2014.1"))
    )
    snapshot_id = Property(str, "Snapshot to make it from.", refers="cinder.snapshot")
    source_volid = Property(str, "Volume to make it from.", refers="cinder.volume")
    backup_id = Property(
        str, "Backup to fill it from.", updatable=True, refers="cinder.backup", wire=None, live=USED_ONCE
    )
    metadata = Property(
        dict, "Texts to keep with the volume.", default={}, updatable=True, live=own_metadata(hidden=_SERVICE_KEYS)
    )
    read_only = Property(
        bool, "Whether it can only be read.", updatable=True, wire=None, live=_is_read_only, since="5.0.0"
    )
    multiattach = Property(
        bool,
        "Whether several servers may use it at a time.",
        default=False,
        support=(("HIDDEN", "13.0.0"), ("SUPPORTED", "6.0.0")),
    )
    scheduler_hints = Property(dict, "Wishes about the place.", wire=None, live=USED_ONCE, since="2015.1")

    attributes = {
        "availability_zone": Attribute(str, "Availability zone.", source=_text("availability_zone")),
        "size": Attribute(str, "Size in GiB.", source=_text("size")),
        "snapshot_id": Attribute(str, "Snapshot it was made from.", source=_text("snapshot_id")),
        "created_at": Attribute(str, "When it was made.", source=_text("created_at")),
        "volume_type": Attribute(str, "Type of the volume.", source=_text("volume_type")),
        "metadata": Attribute(str, "Metadata as JSON.", source=lambda shown: json.dumps(_metadata(shown))),
        "metadata_values": Attribute(dict, "Metadata.", source=_metadata),
        "source_volid": Attribute(str, "Volume it was made from.", source=_text("source_volid")),
        "status": Attribute(str, "Status of the volume.", source=_text("status"), cached=False),
        "bootable": Attribute(str, "Whether a server can boot from it.", source=_text("bootable")),
        "encrypted": Attribute(str, "Whether it is encrypted.", source=_text("encrypted")),
        "display_name": Attribute(str, "Name of the volume.", source="name"),
        "display_description": Attribute(str, "Description of the volume.", source="description"),
        "attachments": Attribute(
            str,
            "What it is attached to, as text.",
            source=_text("attachments"),
            cached=False,
            support=(("DEPRECATED", "9.0.0"), ("SUPPORTED", "2015.1")),
        ),
        "attachments_list": Attribute(
            list, "What it is attached to.", source="attachments", cached=False, since="9.0.0"
        ),
        "multiattach": Attribute(bool, "Whether several servers may use it at a time.", since="6.0.0"),
    }

    checks = (rules.at_most_one(*_SOURCES),)

    def validate(self, properties: Values) -> Iterable[Issue]:
        """Without something to take the size from, the size is needed."""
        yield from super().validate(properties)
        if "size" not in properties and not any(key in properties for key in _SOURCES[1:]):
            yield Issue((), "The volume has no size.", "Give 'size', in GiB.")

    def decide(self, change: Change, call: Call) -> Decision:
        """A volume cannot shrink."""
        old, new = (call.previous or {}).get("size"), change.properties.get("size")
        if new is not None and new is not UNKNOWN and old is not None and new < old:
            return Decision(Verdict.REFUSE, f"the volume cannot shrink from {old} to {new} GiB", ("size",))
        return super().decide(change, call)

    def body(self, call: Call) -> dict[str, Any]:
        """Metadata are texts; what has its default is left out where newer versions do not know it."""
        body = super().body(call)
        body["metadata"] = _texts(call)
        if not body["multiattach"]:
            del body["multiattach"]
        return body

    async def intend(self, call: Call) -> None:
        """A new volume holds what its backup does."""
        if call.action is Action.CREATE and (backup := call.properties.get("backup_id")):
            call.data[_FILLED] = str(backup)

    def adopted(self, call: Call, observed: Observed) -> None:
        """One that was made elsewhere was filled from what its definition says."""
        super().adopted(call, observed)
        if backup := call.properties.get("backup_id"):
            call.data.setdefault(_FILLED, str(backup))

    async def create(self, call: Call) -> str | None:
        """Make it, or have a backup restored to a new one."""
        if backup := call.properties.get("backup_id"):
            request = {"restore": {"name": self.body(call)["name"]}}
            answer = await self.request(call, "POST", f"/backups/{backup}/restore", request, creating=True)
            call.physical_id = str(answer.body["restore"]["volume_id"])
        else:
            request = {"volume": self.mark(self.body(call), call)}
            if hints := scheduler_hints.of(call):
                request["OS-SCH-HNT:scheduler_hints"] = hints
            answer = await self.request(call, "POST", self.remote.path, request, creating=True)
            call.physical_id = str(answer.body["volume"]["id"])
        remember_request(call, answer)
        await self.finish(call)
        return call.physical_id

    async def locate(self, call: Call) -> str | None:
        """A restored volume has no mark before it is finished, but the name."""
        found = await super().locate(call)
        if found is not None or "backup_id" not in call.properties:
            return found
        listed = await self.listed(call, {"name": self.body(call)["name"]})
        return next((str(one["id"]) for one in listed if METADATA_KEY not in (one.get("metadata") or {})), None)

    async def finish(self, call: Call) -> None:
        """A restored volume gets its fields now."""
        if "backup_id" in call.properties:
            body = self.mark(self.body(call), call)
            fields = {key: body[key] for key in ("name", "description", "metadata") if key in body}
            await self.request(call, "PUT", self.path(call), {"volume": fields})

    async def update(self, call: Call, change: Change) -> str | None:
        """Change name, description and metadata at once; growing, retyping and restoring one after the other."""
        if change.properties.get("backup_id") is not None:
            await self._need_free(call)
        changed = self.changes(call, change)
        fields: dict[str, Any] = {key: changed[key] for key in ("name", "description") if key in changed}
        if fields:
            await self.request(call, "PUT", self.path(call), {"volume": fields})
        if "metadata" in change.properties:
            wanted = {**_texts(call), METADATA_KEY: call.resource_id}
            await self.request(call, "PUT", f"{self.path(call)}/metadata", {"metadata": wanted})
        if change.properties.get("read_only") is not None:
            await self._act(call, {"os-update_readonly_flag": {"readonly": change.properties["read_only"]}})
        longer = ("backup_id", "size", "volume_type")
        steps = [[key, change.properties[key]] for key in longer if change.properties.get(key) is not None]
        call.data[_STEPS] = json.dumps(steps)
        return None

    async def _need_free(self, call: Call) -> None:
        """A volume in use cannot be filled from a backup, but a new one can take its place."""
        observed = await self.observe(call)
        if observed is not None and observed.get("status") == "in-use":
            raise NeedsReplacement(f"volume {call.physical_id} is in use and cannot be filled from a backup")

    async def delete(self, call: Call) -> None:
        """Delete it, unless that has begun. The service refuses while it is in use, so wait for that first."""
        observed = await self.observe(call)
        status = observed.get("status") if observed is not None else None
        if status == "deleting":
            return
        if status in _BUSY:
            raise Conflict(f"volume {call.physical_id} is {status}")
        await super().delete(call)

    async def settle(self, call: Call, observed: Observed | None) -> Wait | None:
        """As the readiness says; an update goes on to its next step then."""
        if call.action is Action.SNAPSHOT:
            return await volume_backups.settle(self, call)
        if call.action is Action.DELETE and observed is not None:
            if observed.get("status") == "error_deleting":
                raise Permanent(self.failure(call, observed), kind="ResourceInError")
            return Wait()
        wait = await super().settle(call, observed)
        if wait is not None or observed is None:
            return wait
        if call.action is Action.CREATE and call.properties.get("read_only") is not None:
            await self._act(call, {"os-update_readonly_flag": {"readonly": call.properties["read_only"]}})
        steps = json.loads(call.data.get(_STEPS, "[]"))
        if not steps:
            call.data.pop(_STEPS, None)
            return None
        key, value = steps.pop(0)
        call.data[_STEPS] = json.dumps(steps)
        if observed.get(key) != value:
            await self._begin(call, key, value, observed)
        return Wait()

    async def snapshot(self, call: Call) -> None:
        """Begin a backup."""
        await volume_backups.begin(self, call)

    async def is_copied(self, call: Call) -> bool:
        """Whether the backup is there."""
        return await volume_backups.is_there(self, call)

    async def delete_snapshot(self, call: Call) -> Wait | None:
        """Delete the backup."""
        return await volume_backups.remove(self, call)

    def restored(self, properties: Mapping[str, Any], data: Mapping[str, str]) -> dict[str, Any]:
        """Filled from the backup, instead of what it was made from."""
        if volume_backups.ID not in data:
            return dict(properties)
        kept = {key: value for key, value in properties.items() if key not in (*_SOURCES, "imageRef")}
        return {**kept, "backup_id": data[volume_backups.ID]}

    def filled(self, data: Mapping[str, str]) -> Mapping[str, Any]:
        """From a backup, whatever others of it have been made since."""
        return {"backup_id": data[_FILLED]} if _FILLED in data else {}

    async def _begin(self, call: Call, key: str, value: Any, observed: Observed) -> None:
        if key == "size":
            may = observed.get("status") == "in-use" or call.cloud.may_ask_for(self.remote.service, _EXTEND_IN_USE)
            await self._act(call, {"os-extend": {"new_size": value}}, _EXTEND_IN_USE if may else None)
        elif key == "volume_type":
            await self._act(call, {"os-retype": {"new_type": value, "migration_policy": "on-demand"}})
        else:
            body = {"restore": {"volume_id": call.physical_id}}
            remember_request(call, await self.request(call, "POST", f"/backups/{value}/restore", body, creating=True))
            call.data[_FILLED] = str(value)

    async def _act(self, call: Call, body: Mapping[str, Any], version: str | None = None) -> None:
        path = f"{self.path(call)}/action"
        needs = "growing while it is attached"
        remember_request(call, await self.request(call, "POST", path, body, microversion=version, purpose=needs))


def _texts(call: Call) -> dict[str, str]:
    return texts(call.properties.get("metadata") or {})
