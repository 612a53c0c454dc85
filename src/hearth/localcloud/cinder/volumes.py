"""Volumes: create, list, show, update, delete, metadata, and their life from creating to gone."""

from collections.abc import Iterable
from typing import Any

from hearth.localcloud.cinder import book, images, lapse, paging, refusals, rules, times, versions
from hearth.localcloud.core import errors, ids, service, state
from hearth.localcloud.core.service import Route

_TEXT = rules.optional(rules.text(0, 255))
_SIZE = rules.optional(rules.integer(1))
_ID = rules.optional(rules.uuid)

CREATE = rules.Shape(
    {
        "name": _TEXT,
        "display_name": _TEXT,
        "description": _TEXT,
        "display_description": _TEXT,
        "size": _SIZE,
        "volume_type": _TEXT,
        "volume_type_id": _TEXT,
        "availability_zone": _TEXT,
        "metadata": rules.optional(rules.texts),
        "snapshot_id": _ID,
        "source_volid": _ID,
        "backup_id": _ID,
        "imageRef": _TEXT,
        "image_id": _TEXT,
        "consistencygroup_id": _ID,
        "group_id": _ID,
        "multiattach": rules.optional(rules.boolean),
        # Sent by older clients, without meaning here.
        "user_id": rules.anything,
        "project_id": rules.anything,
        "status": rules.anything,
        "attach_status": rules.anything,
        "source_replica": rules.anything,
    },
    # Fields that it does not know are nothing to Cinder.
    open=True,
)
UPDATE = rules.Shape(
    {
        "name": _TEXT,
        "display_name": _TEXT,
        "description": _TEXT,
        "display_description": _TEXT,
        "metadata": rules.optional(rules.texts),
    }
)
NOT_DELETABLE = (
    "Invalid volume: Volume status must be available or error or error_restoring or error_extending or "
    "error_managing and must not be migrating, attached, belong to a group, have snapshots, awaiting a transfer, "
    "or be disassociated from snapshots after volume transfer."
)
#: Sort key and filter of the query -> field of the document.
_FIELDS = {
    "id": "id",
    "name": "name",
    "display_name": "name",
    "status": "status",
    "size": "size",
    "created_at": "created_at",
    "updated_at": "updated_at",
    "availability_zone": "availability_zone",
    "bootable": "bootable",
    "project_id": "project_id",
    "user_id": "user_id",
    "host": "host",
    "volume_type_id": "volume_type_id",
    "source_volid": "source_volid",
    "snapshot_id": "snapshot_id",
    "multiattach": "multiattach",
}


class Volumes:
    """The /volumes collection."""

    def __init__(self, records: book.Book) -> None:
        self._book = records

    def routes(self) -> list[Route]:
        """Routes below /v3/{project_id}."""
        one = "/volumes/{volume_id}"
        return [
            Route("POST", "/volumes", self.create),
            Route("GET", "/volumes", self.index),
            Route("GET", "/volumes/detail", self.detail),
            Route("GET", "/volumes/summary", self.summary),
            Route("GET", one, self.show),
            Route("PUT", one, self.update),
            Route("DELETE", one, self.delete),
            Route("GET", one + "/metadata", self.metadata),
            Route("POST", one + "/metadata", self.add_metadata),
            Route("PUT", one + "/metadata", self.replace_metadata),
            Route("GET", one + "/metadata/{key}", self.metadata_item),
            Route("PUT", one + "/metadata/{key}", self.put_metadata_item),
            Route("DELETE", one + "/metadata/{key}", self.delete_metadata_item),
            Route("GET", one + "/encryption", self.encryption),
            Route("GET", one + "/encryption/{key}", self.encryption_item),
        ]

    # ---- requests

    def create(self, call: service.Call) -> service.Reply:
        """POST /volumes."""
        wanted = rules.read(call.body, "volume", CREATE)
        if wanted.get("multiattach") not in (None, "") and rules.truth(wanted["multiattach"]):
            raise refusals.bad("The parameter multiattach is gone. Create the volume with a multiattach volume type.")
        volume = self.make(
            call.identity,
            size=int(wanted["size"]) if wanted.get("size") is not None else None,
            name=wanted.get("name", wanted.get("display_name")),
            description=wanted.get("description", wanted.get("display_description")),
            volume_type=wanted.get("volume_type") or wanted.get("volume_type_id"),
            availability_zone=wanted.get("availability_zone"),
            metadata=wanted.get("metadata") or {},
            image=wanted.get("imageRef") or wanted.get("image_id"),
            snapshot_id=wanted.get("snapshot_id"),
            source_volid=wanted.get("source_volid"),
            backup_id=wanted.get("backup_id"),
        )
        return service.Reply(202, {"volume": self.view(call, volume)})

    def index(self, call: service.Call) -> Any:
        """GET /volumes."""
        return self._listing(call, "/volumes", lambda volume: self.brief(call, volume))

    def detail(self, call: service.Call) -> Any:
        """GET /volumes/detail."""
        return self._listing(call, "/volumes/detail", lambda volume: self.view(call, volume, shown=True))

    def show(self, call: service.Call) -> Any:
        """GET /volumes/{id}."""
        return {"volume": self.view(call, self._of(call), shown=True)}

    def update(self, call: service.Call) -> Any:
        """PUT /volumes/{id}."""
        wanted = rules.read(call.body, "volume", UPDATE)
        if not wanted:
            raise rules.invalid("volume", wanted, "Give at least one of name, description and metadata.")
        changes: dict[str, Any] = {}
        for field in ("name", "description"):
            for spelling in (f"display_{field}", field):
                if spelling in wanted:
                    changes[field] = wanted[spelling]
        volume = self._of(call)
        if wanted.get("metadata") is not None:
            changes["metadata"] = {**volume["metadata"], **wanted["metadata"]}
        return {"volume": self.view(call, self._book.volumes.update(volume["id"], **changes))}

    def delete(self, call: service.Call) -> service.Reply:
        """DELETE /volumes/{id}."""
        volume = self._of(call)
        cascade = rules.truth(call.query.get("cascade", "false"))
        force = rules.truth(call.query.get("force", "false"))
        if force:
            refusals.admin_only(call, "volume_extension:volume_admin_actions:force_delete")
        self.remove(volume, cascade=cascade, force=force)
        return service.Reply(202)

    def summary(self, call: service.Call) -> Any:
        """GET /volumes/summary."""
        found = self._filtered(call)
        summary: dict[str, Any] = {"total_count": len(found), "total_size": sum(volume["size"] for volume in found)}
        if versions.at_least(call, 3, 36):
            metadata: dict[str, list[str]] = {}
            for volume in found:
                for key, value in volume["metadata"].items():
                    values = metadata.setdefault(key, [])
                    if value not in values:
                        values.append(value)
            summary["metadata"] = metadata
        return {"volume-summary": summary}

    def metadata(self, call: service.Call) -> Any:
        """GET /volumes/{id}/metadata."""
        return {"metadata": self._of(call)["metadata"]}

    def add_metadata(self, call: service.Call) -> Any:
        """POST /volumes/{id}/metadata."""
        volume = self._of(call)
        return self._set_metadata(volume, {**volume["metadata"], **_metadata_of(call.body)})

    def replace_metadata(self, call: service.Call) -> Any:
        """PUT /volumes/{id}/metadata."""
        return self._set_metadata(self._of(call), _metadata_of(call.body))

    def metadata_item(self, call: service.Call) -> Any:
        """GET /volumes/{id}/metadata/{key}."""
        key = call.params["key"]
        return {"meta": {key: self._item(self._of(call), key)}}

    def put_metadata_item(self, call: service.Call) -> Any:
        """PUT /volumes/{id}/metadata/{key}."""
        volume, key = self._of(call), call.params["key"]
        meta = rules.read(call.body, "meta", rules.Shape({}, open=True))
        if list(meta) != [key] or rules.texts(meta):
            raise refusals.bad("Request body and URI mismatch")
        self._set_metadata(volume, {**volume["metadata"], **meta})
        return {"meta": meta}

    def delete_metadata_item(self, call: service.Call) -> service.Reply:
        """DELETE /volumes/{id}/metadata/{key}."""
        volume, key = self._of(call), call.params["key"]
        self._item(volume, key)
        self._set_metadata(volume, rules.without(volume["metadata"], {key}))
        return service.Reply(200)

    def encryption(self, call: service.Call) -> Any:
        """GET /volumes/{id}/encryption."""
        volume = self._of(call)
        settings = self._encryption_of(volume)
        if settings is None:
            return {"encryption_key_id": None}
        return {
            "encryption_key_id": volume.get("encryption_key_id"),
            **{key: settings[key] for key in ("control_location", "cipher", "key_size", "provider")},
        }

    def encryption_item(self, call: service.Call) -> service.Reply:
        """GET /volumes/{id}/encryption/{key}: the bare value as text."""
        value = self.encryption(call).get(call.params["key"])
        return service.Reply(200, "" if value is None else str(value))

    # ---- what requests, nova and the other subjects share

    def make(
        self,
        identity: service.Identity,
        *,
        size: int | None,
        name: str | None = None,
        description: str | None = None,
        volume_type: str | None = None,
        availability_zone: str | None = None,
        metadata: dict[str, str] | None = None,
        image: str | None = None,
        snapshot_id: str | None = None,
        source_volid: str | None = None,
        backup_id: str | None = None,
    ) -> state.Document:
        """Start a volume, empty or from one source. `size`: GiB, None to take the source's. Raises ApiError."""
        if availability_zone not in (None, "", "nova"):
            raise refusals.bad(f"Availability zone '{availability_zone}' is invalid.")
        source: state.Document | None = None
        bootable, image_metadata = False, None
        if snapshot_id:
            source = self._book.snapshot(identity, snapshot_id)
            if source["status"] != "available":
                raise refusals.bad(
                    f"Invalid snapshot: Originating snapshot status must be available, not {source['status']}."
                )
            parent = self._book.volumes.get(source["volume_id"])
            bootable = bool(parent and parent["bootable"])
            image_metadata = parent and parent["image_metadata"]
            size = _covering(size, source["size"], "snapshot")
            volume_type = volume_type or source["volume_type_id"]
        elif source_volid:
            source = self._book.volume(identity, source_volid)
            if source["status"] not in ("available", "in-use"):
                raise refusals.bad(
                    f"Invalid volume: Source volume status must be available or in-use, not {source['status']}."
                )
            bootable, image_metadata = source["bootable"], source["image_metadata"]
            size = _covering(size, source["size"], "source volume")
            volume_type = volume_type or source["volume_type_id"]
        elif backup_id:
            source = self._book.backup(identity, backup_id)
            size = _covering(size, source["size"], "backup")
        if size is None:
            raise refusals.bad("The volume needs a size in GiB: give 'size', or a snapshot, volume or backup to copy.")
        if image:
            bootable, image_metadata = True, self._image_metadata(identity, image, size)
        chosen = self._book.volume_type(identity, volume_type)
        largest = self._book.quotas.limits(identity.project_id)["per_volume_gigabytes"]
        if 0 <= largest < size:
            raise errors.ApiError(413, f"A volume of {size} GiB is larger than the {largest} GiB allowed for one.")
        self._book.claim(identity.project_id, volumes=1, gigabytes=size)
        now = self._book.now()
        then: dict[str, Any] = {"status": "available", "bootable": bootable}
        if self._book.cloud.faults.outcome("cinder", "volume_error", name or "") is not None:
            then = {"status": "error"}
        return self._book.volumes.insert(
            {
                "id": ids.new_id(),
                "project_id": identity.project_id,
                "user_id": identity.user_id,
                "name": name,
                "description": description,
                "size": size,
                "status": "creating",
                "created_at": now,
                "updated_at": None,
                "availability_zone": "nova",
                "volume_type_id": chosen["id"],
                "snapshot_id": snapshot_id,
                "source_volid": source_volid,
                "metadata": metadata or {},
                # "True" or "False" once somebody has set it; users cannot change it as metadata.
                "readonly": None,
                # An image makes a volume bootable when it has been copied; other sources at once.
                "bootable": bootable and not image,
                "image_metadata": image_metadata,
                "multiattach": chosen["extra_specs"].get("multiattach", "").lower() == "<is> true",
                "encryption_key_id": ids.new_id() if chosen["encryption"] else None,
                "host": f"{book.HOST}@hearth#hearth",
                **lapse.later(now + self._book.cloud.settings.volume_seconds, then),
            }
        )

    def remove(self, volume: state.Document, *, cascade: bool = False, force: bool = False) -> None:
        """Start the end of a volume. Raises ApiError 400 when it is in use or has snapshots."""
        if volume["status"] == "deleting":
            return
        snapshots = self._book.snapshots_of(volume["id"])
        attached = bool(self._book.attachments_of(volume["id"]))
        if (volume["status"] not in book.DELETABLE and not force) or attached or (snapshots and not cascade):
            raise refusals.bad(NOT_DELETABLE)
        for snapshot in snapshots:
            if snapshot["status"] != "deleting":
                self._book.count(snapshot["project_id"], snapshots=-1, gigabytes=-snapshot["size"])
            self._book.snapshots.delete(snapshot["id"])
        now = self._book.now()
        self._book.count(volume["project_id"], volumes=-1, gigabytes=-volume["size"])
        due = now + self._book.cloud.settings.delete_seconds
        self._book.volumes.update(volume["id"], status="deleting", updated_at=now, **lapse.later(due, None))

    def brief(self, call: service.Call, volume: state.Document) -> dict[str, Any]:
        """A volume in a plain list."""
        return {"id": volume["id"], "name": volume["name"], "links": links(call, "volumes", volume["id"])}

    def view(self, call: service.Call, volume: state.Document, *, shown: bool = False) -> dict[str, Any]:
        """A volume with all its fields; `shown`: also those that only show and detail have."""
        is_admin = call.identity.is_admin
        chosen = self._book.types.get(volume["volume_type_id"])
        settled = volume["status"] != "creating"
        body: dict[str, Any] = {
            "id": volume["id"],
            "status": volume["status"],
            "size": volume["size"],
            "availability_zone": volume["availability_zone"],
            "created_at": times.stamp(volume["created_at"]),
            "updated_at": times.stamp(volume["updated_at"]),
            "name": volume["name"],
            "description": volume["description"],
            "volume_type": chosen["name"] if chosen else None,
            "snapshot_id": volume["snapshot_id"],
            "source_volid": volume["source_volid"],
            "metadata": _shown_metadata(volume),
            "links": links(call, "volumes", volume["id"]),
            "user_id": volume["user_id"],
            "bootable": "true" if volume["bootable"] else "false",
            "encrypted": volume["encryption_key_id"] is not None,
            "replication_status": None,
            "consistencygroup_id": None,
            "multiattach": volume["multiattach"],
            "attachments": [
                _attachment_view(each, is_admin)
                for each in self._book.attachments_of(volume["id"])
                if each["attached_at"] is not None
            ],
        }
        if is_admin:
            body["migration_status"] = None
        if versions.at_least(call, 3, 13):
            body["group_id"] = None
        if is_admin and versions.at_least(call, 3, 21):
            body["provider_id"] = None
        if versions.at_least(call, 3, 48):
            body["shared_targets"] = not settled
            body["service_uuid"] = SERVICE_UUID if settled else None
        if is_admin and versions.at_least(call, 3, 61):
            body["cluster_name"] = None
        if versions.at_least(call, 3, 63):
            body["volume_type_id"] = volume["volume_type_id"]
        if volume["encryption_key_id"] and versions.at_least(call, 3, 64):
            body["encryption_key_id"] = volume["encryption_key_id"]
        if versions.at_least(call, 3, 65):
            body["consumes_quota"] = True
        if shown:
            body["os-vol-tenant-attr:tenant_id"] = volume["project_id"]
            if volume["image_metadata"] and settled:
                body["volume_image_metadata"] = volume["image_metadata"]
            if is_admin:
                body["os-vol-mig-status-attr:migstat"] = None
                body["os-vol-mig-status-attr:name_id"] = None
                body["os-vol-host-attr:host"] = volume["host"]
        return body

    # ---- helpers

    def _of(self, call: service.Call) -> state.Document:
        return self._book.volume(call.identity, call.params["volume_id"])

    def _listing(self, call: service.Call, path: str, view: Any) -> Any:
        found = self._filtered(call)
        marker = call.query.get("marker", "")
        missing = refusals.not_found(f"Volume {marker} could not be found.")
        page = paging.cut(found, call.query, missing)
        body: dict[str, Any] = {"volumes": [view(volume) for volume in page.items]}
        url = call.service.url(f"/v3/{call.params['project_id']}{path}")
        if links := paging.next_link(url, call.query.multi_items(), page):
            body["volumes_links"] = links
        if versions.at_least(call, 3, 45) and rules.truth(call.query.get("with_count", "false")):
            body["count"] = len(found)
        return body

    def _filtered(self, call: service.Call) -> list[state.Document]:
        identity, query, table = call.identity, call.query, self._book.volumes
        everyone = identity.is_admin and rules.truth(query.get("all_tenants", "false"))
        project = query.get("project_id", None) if everyone else identity.project_id
        found: Iterable[state.Document] = table.select(project_id=project) if project else table
        found = lapse.settle_all(table, found, self._book.now())
        for key, value in query.items():
            if key == "metadata":
                wanted = _metadata_filter(value)
                found = [each for each in found if wanted.items() <= each["metadata"].items()]
            elif key == "name~":
                found = [each for each in found if value in (each["name"] or "")]
            elif key == "volume_type":
                chosen = self._book.volume_type(identity, value)["id"]
                found = [each for each in found if each["volume_type_id"] == chosen]
            elif key in _FIELDS and key != "project_id":
                field = _FIELDS[key]
                found = [each for each in found if _matches(each[field], value)]
        return paging.arrange(found, sorting(query, _FIELDS))

    def _item(self, volume: state.Document, key: str) -> str:
        if key not in volume["metadata"]:
            raise refusals.not_found(f"Volume {volume['id']} has no metadata with key {key}.")
        return str(volume["metadata"][key])

    def _set_metadata(self, volume: state.Document, metadata: dict[str, str]) -> Any:
        self._book.volumes.update(volume["id"], metadata=metadata)
        return {"metadata": metadata}

    def _encryption_of(self, volume: state.Document) -> dict[str, Any] | None:
        chosen = self._book.types.get(volume["volume_type_id"])
        return chosen["encryption"] if chosen and volume["encryption_key_id"] else None

    def _image_metadata(self, identity: service.Identity, image: str, size: int) -> dict[str, str]:
        found = images.find(self._book.cloud, identity, image)
        if found is None:
            raise refusals.bad("Invalid image identifier or unable to access requested image.")
        if found["status"] != "active":
            raise refusals.bad(f"Invalid image: Image {image} is {found['status']}; it must be active.")
        needed = max(int(found.get("min_disk") or 0), -(-int(found.get("size") or 0) // 2**30))
        if needed > size:
            raise refusals.bad(
                f"Invalid input received: Image {image} needs a volume of {needed} GiB, {size} GiB was asked for."
            )
        metadata = {
            "image_id": found["id"],
            "image_name": found.get("name") or "",
            "checksum": found.get("checksum") or "",
            "container_format": found.get("container_format") or "",
            "disk_format": found.get("disk_format") or "",
            "min_disk": str(found.get("min_disk") or 0),
            "min_ram": str(found.get("min_ram") or 0),
            "size": str(found.get("size") or 0),
        }
        return {**images.properties(found), **metadata}


#: The one service that holds every volume.
SERVICE_UUID = "5f1d6d1e-0c4d-5b0e-9a3f-6a8c1d2e3f40"


def links(call: service.Call, collection: str, id: str) -> list[dict[str, str]]:
    """The self and bookmark links of one thing."""
    project = call.params["project_id"]
    return [
        {"rel": "self", "href": call.service.url(f"/v3/{project}/{collection}/{id}")},
        {"rel": "bookmark", "href": call.service.url(f"/{project}/{collection}/{id}")},
    ]


def sorting(query: Any, fields: dict[str, str]) -> list[tuple[str, str]]:
    """The order a query asks for, newest first if it does not. Raises ApiError 400."""
    order = []
    if "sort" in query:
        for part in query["sort"].split(","):
            key, _, direction = part.strip().partition(":")
            order.append((key, direction or "desc"))
    else:
        keys, directions = query.getlist("sort_key"), query.getlist("sort_dir")
        order = [(key, directions[place] if place < len(directions) else "desc") for place, key in enumerate(keys)]
    for key, direction in order:
        if key not in fields:
            raise refusals.bad("Invalid input received: Invalid sort key")
        if direction not in ("asc", "desc"):
            raise refusals.bad(f"Invalid input received: Invalid sort direction {direction!r}, must be 'asc' or 'desc'")
    return [(fields[key], direction) for key, direction in order] or [("created_at", "desc")]


def _matches(value: Any, wanted: str) -> bool:
    if isinstance(value, bool):
        return value == rules.truth(wanted)
    return str(value) == wanted


def _metadata_filter(text: str) -> dict[str, str]:
    # Clients send Python's spelling of a dictionary: {'a': 'b'}.
    pairs = (part.split(":", 1) for part in text.strip("{} ").split(",") if ":" in part)
    return {key.strip(" '\"u"): value.strip(" '\"") for key, value in pairs}


def _metadata_of(body: Any) -> dict[str, str]:
    metadata = rules.read(body, "metadata", rules.Shape({}, open=True))
    if problem := rules.texts(metadata):
        raise rules.invalid("metadata", metadata, problem)
    return metadata


def _covering(size: int | None, needed: int, source: str) -> int:
    if size is None:
        return needed
    if size < needed:
        raise refusals.bad(
            f"Invalid input received: Volume size '{size}'GB cannot be smaller than the {source} size {needed}GB. "
            f"They must be >= original {source} size."
        )
    return size


def _shown_metadata(volume: state.Document) -> dict[str, str]:
    readonly = volume["readonly"]
    return {**volume["metadata"], "readonly": readonly} if readonly else volume["metadata"]


def _attachment_view(attachment: state.Document, is_admin: bool) -> dict[str, Any]:
    return {
        "id": attachment["volume_id"],
        "attachment_id": attachment["id"],
        "volume_id": attachment["volume_id"],
        "server_id": attachment["server_id"],
        "host_name": attachment["host"] if is_admin else None,
        "device": attachment["device"],
        "attached_at": times.stamp(attachment["attached_at"]),
    }
