"""Backups of volumes: create (full and incremental), list, show, update, delete, restore."""

from typing import Any

from hearth.localcloud.cinder import book, lapse, paging, refusals, rules, times, versions, volumes
from hearth.localcloud.core import ids, service, state
from hearth.localcloud.core.service import Route

_TEXT = rules.optional(rules.text(0, 255))
CREATE = rules.Shape(
    {
        "volume_id": rules.uuid,
        "container": _TEXT,
        "name": _TEXT,
        "description": _TEXT,
        "incremental": rules.optional(rules.boolean),
        "force": rules.optional(rules.boolean),
        "snapshot_id": rules.optional(rules.uuid),
        "metadata": rules.optional(rules.texts),
        "availability_zone": _TEXT,
    },
    required=("volume_id",),
)
UPDATE = rules.Shape({"name": _TEXT, "description": _TEXT, "metadata": rules.optional(rules.texts)})
RESTORE = rules.Shape({"name": _TEXT, "volume_id": rules.optional(rules.uuid)})
_FIELDS = {
    "id": "id",
    "name": "name",
    "status": "status",
    "volume_id": "volume_id",
    "size": "size",
    "created_at": "created_at",
    "updated_at": "updated_at",
    "container": "container",
}


class Backups:
    """The /backups collection."""

    def __init__(self, records: book.Book, vols: volumes.Volumes) -> None:
        self._book = records
        self._volumes = vols

    def routes(self) -> list[Route]:
        """Routes below /v3/{project_id}."""
        one = "/backups/{backup_id}"
        return [
            Route("POST", "/backups", self.create),
            Route("GET", "/backups", self.index),
            Route("GET", "/backups/detail", self.detail),
            Route("GET", one, self.show),
            Route("PUT", one, self.update),
            Route("DELETE", one, self.delete),
            Route("POST", one + "/restore", self.restore),
            Route("POST", one + "/action", self.act),
        ]

    def create(self, call: service.Call) -> service.Reply:
        """POST /backups."""
        wanted = rules.read(call.body, "backup", CREATE)
        volume = self._book.volume(call.identity, wanted["volume_id"])
        force = rules.truth(wanted.get("force") or False)
        snapshot_id = wanted.get("snapshot_id")
        if snapshot_id:
            self._book.snapshot(call.identity, snapshot_id)
        elif volume["status"] != "available" and not (force and volume["status"] == "in-use"):
            raise refusals.bad(
                f"Invalid volume: Volume to be backed up must be available or in-use with force, "
                f'but the current status is "{volume["status"]}".'
            )
        now = self._book.now()
        parent = self._newest(volume["id"]) if rules.truth(wanted.get("incremental") or False) else None
        if parent is None and rules.truth(wanted.get("incremental") or False):
            raise refusals.bad("Invalid backup: No backups available to do an incremental backup.")
        self._book.claim(call.identity.project_id, backups=1, backup_gigabytes=volume["size"])
        due = now + self._book.cloud.settings.volume_seconds
        made = self._book.backups.insert(
            {
                "id": ids.new_id(),
                "project_id": call.identity.project_id,
                "user_id": call.identity.user_id,
                "volume_id": volume["id"],
                "snapshot_id": snapshot_id,
                "parent_id": parent["id"] if parent else None,
                "name": wanted.get("name"),
                "description": wanted.get("description"),
                "metadata": wanted.get("metadata") or {},
                "container": wanted.get("container"),
                "size": volume["size"],
                "status": "creating",
                "created_at": now,
                "updated_at": None,
                **lapse.later(due, {"status": "available"}),
            }
        )
        if not snapshot_id:
            then = {"status": volume["status"]}
            self._book.volumes.update(volume["id"], status="backing-up", updated_at=now, **lapse.later(due, then))
        return service.Reply(202, {"backup": _brief(call, made)})

    def index(self, call: service.Call) -> Any:
        """GET /backups."""
        return self._listing(call, shown=False)

    def detail(self, call: service.Call) -> Any:
        """GET /backups/detail."""
        return self._listing(call, shown=True)

    def show(self, call: service.Call) -> Any:
        """GET /backups/{id}."""
        return {"backup": self._view(call, self._of(call))}

    def update(self, call: service.Call) -> Any:
        """PUT /backups/{id} (3.9)."""
        versions.require(call, 3, 9)
        wanted = rules.read(call.body, "backup", UPDATE)
        if not wanted:
            raise rules.invalid("backup", wanted, "Give at least one of name, description and metadata.")
        return {"backup": _brief(call, self._book.backups.update(self._of(call)["id"], **wanted))}

    def delete(self, call: service.Call) -> service.Reply:
        """DELETE /backups/{id}."""
        backup = self._of(call)
        if backup["status"] not in ("available", "error"):
            raise refusals.bad("Invalid backup: Backup status must be available or error")
        if self._children(backup):
            raise refusals.bad("Invalid backup: Incremental backups exist for this backup.")
        self._remove(backup)
        return service.Reply(202)

    def restore(self, call: service.Call) -> service.Reply:
        """POST /backups/{id}/restore: into a volume, or a new one."""
        wanted = rules.read(call.body, "restore", RESTORE)
        backup = self._of(call)
        if backup["status"] != "available":
            raise refusals.bad("Invalid backup: Backup status must be available")
        now = self._book.now()
        due = now + self._book.cloud.settings.volume_seconds
        if wanted.get("volume_id"):
            volume = self._book.volume(call.identity, wanted["volume_id"])
            if volume["status"] != "available":
                raise refusals.bad("Invalid volume: Volume to be restored to must be available")
            if volume["size"] < backup["size"]:
                raise refusals.bad(
                    f"Invalid volume: volume size {volume['size']} is too small for a backup of size {backup['size']}."
                )
        else:
            name = wanted.get("name") or f"restore_backup_{backup['id']}"
            volume = self._volumes.make(
                call.identity, size=backup["size"], name=name, description=backup["description"]
            )
        self._book.volumes.update(
            volume["id"],
            status="restoring-backup",
            updated_at=now,
            metadata={**volume["metadata"], "src_backup_id": backup["id"]},
            **lapse.later(due, {"status": "available"}),
        )
        self._book.backups.update(
            backup["id"], status="restoring", updated_at=now, **lapse.later(due, {"status": "available"})
        )
        body = {"backup_id": backup["id"], "volume_id": volume["id"], "volume_name": volume["name"]}
        return service.Reply(202, {"restore": body})

    def act(self, call: service.Call) -> service.Reply:
        """POST /backups/{id}/action: os-reset_status, os-force_delete."""
        backup = self._of(call)
        given = call.body if isinstance(call.body, dict) else {}
        refusals.admin_only(call, "volume_extension:backup_admin_actions:reset_status")
        if "os-force_delete" in given:
            self._remove(backup)
            return service.Reply(202)
        change = given.get("os-reset_status")
        if not isinstance(change, dict) or change.get("status") not in ("available", "error"):
            raise refusals.bad(
                "A backup knows the actions os-force_delete and os-reset_status (to available or error)."
            )
        self._book.backups.update(backup["id"], status=change["status"], due=None, then=None)
        return service.Reply(202)

    # ---- helpers

    def _of(self, call: service.Call) -> state.Document:
        return self._book.backup(call.identity, call.params["backup_id"])

    def _remove(self, backup: state.Document) -> None:
        now = self._book.now()
        self._book.count(backup["project_id"], backups=-1, backup_gigabytes=-backup["size"])
        due = now + self._book.cloud.settings.delete_seconds
        self._book.backups.update(backup["id"], status="deleting", updated_at=now, **lapse.later(due, None))

    def _newest(self, volume_id: str) -> state.Document | None:
        found = lapse.settle_all(self._book.backups, self._book.backups.select(volume_id=volume_id), self._book.now())
        return next((each for each in reversed(found) if each["status"] == "available"), None)

    def _children(self, backup: state.Document) -> list[state.Document]:
        return lapse.settle_all(self._book.backups, self._book.backups.select(parent_id=backup["id"]), self._book.now())

    def _listing(self, call: service.Call, *, shown: bool) -> Any:
        query, table = call.query, self._book.backups
        everyone = call.identity.is_admin and rules.truth(query.get("all_tenants", "false"))
        found = list(table) if everyone else table.select(project_id=call.identity.project_id)
        found = lapse.settle_all(table, found, self._book.now())
        for key, value in query.items():
            if key in _FIELDS:
                found = [each for each in found if str(each[_FIELDS[key]]) == value]
        found = paging.arrange(found, volumes.sorting(query, _FIELDS))
        missing = refusals.not_found(f"Backup {query.get('marker')} could not be found.")
        page = paging.cut(found, query, missing)
        items = [self._view(call, each) if shown else _brief(call, each) for each in page.items]
        body: dict[str, Any] = {"backups": items}
        url = call.service.url(f"/v3/{call.params['project_id']}/backups{'/detail' if shown else ''}")
        if links := paging.next_link(url, query.multi_items(), page):
            body["backups_links"] = links
        if versions.at_least(call, 3, 45) and rules.truth(query.get("with_count", "false")):
            body["count"] = len(found)
        return body

    def _view(self, call: service.Call, backup: state.Document) -> dict[str, Any]:
        body: dict[str, Any] = {
            "id": backup["id"],
            "status": backup["status"],
            "size": backup["size"],
            "object_count": 1 if backup["status"] != "creating" else 0,
            "availability_zone": "nova",
            "container": backup["container"],
            "created_at": times.stamp(backup["created_at"]),
            "updated_at": times.stamp(backup["updated_at"]),
            "name": backup["name"],
            "description": backup["description"],
            "fail_reason": None,
            "volume_id": backup["volume_id"],
            "links": volumes.links(call, "backups", backup["id"]),
            "is_incremental": backup["parent_id"] is not None,
            "has_dependent_backups": bool(self._children(backup)),
            "snapshot_id": backup["snapshot_id"],
            "data_timestamp": times.stamp(backup["created_at"]),
        }
        if call.identity.is_admin and versions.at_least(call, 3, 18):
            body["os-backup-project-attr:project_id"] = backup["project_id"]
        if versions.at_least(call, 3, 43):
            body["metadata"] = backup["metadata"]
        if call.identity.is_admin and versions.at_least(call, 3, 56):
            body["user_id"] = backup["user_id"]
        return body


def _brief(call: service.Call, backup: state.Document) -> dict[str, Any]:
    return {"id": backup["id"], "name": backup["name"], "links": volumes.links(call, "backups", backup["id"])}
