"""Snapshots of volumes: create, list, show, update, delete, metadata."""

from typing import Any

from hearth.localcloud.cinder import book, lapse, paging, refusals, rules, times, versions, volumes
from hearth.localcloud.core import ids, service, state
from hearth.localcloud.core.service import Route

_TEXT = rules.optional(rules.text(0, 255))
CREATE = rules.Shape(
    {
        "volume_id": rules.uuid,
        "name": _TEXT,
        "display_name": _TEXT,
        "description": _TEXT,
        "display_description": _TEXT,
        "force": rules.optional(rules.boolean),
        "metadata": rules.optional(rules.texts),
    },
    required=("volume_id",),
)
UPDATE = rules.Shape({"name": _TEXT, "display_name": _TEXT, "description": _TEXT, "display_description": _TEXT})
_FIELDS = {
    "id": "id",
    "name": "name",
    "display_name": "name",
    "status": "status",
    "volume_id": "volume_id",
    "created_at": "created_at",
    "project_id": "project_id",
}


class Snapshots:
    """The /snapshots collection."""

    def __init__(self, records: book.Book) -> None:
        self._book = records

    def routes(self) -> list[Route]:
        """Routes below /v3/{project_id}."""
        one = "/snapshots/{snapshot_id}"
        return [
            Route("POST", "/snapshots", self.create),
            Route("GET", "/snapshots", self.index),
            Route("GET", "/snapshots/detail", self.detail),
            Route("GET", one, self.show),
            Route("PUT", one, self.update),
            Route("DELETE", one, self.delete),
            Route("POST", one + "/action", self.act),
            Route("GET", one + "/metadata", self.metadata),
            Route("POST", one + "/metadata", self.add_metadata),
            Route("PUT", one + "/metadata", self.replace_metadata),
            Route("DELETE", one + "/metadata/{key}", self.delete_metadata_item),
        ]

    # ---- requests

    def create(self, call: service.Call) -> service.Reply:
        """POST /snapshots."""
        wanted = rules.read(call.body, "snapshot", CREATE)
        volume = self._book.volume(call.identity, wanted["volume_id"])
        made = self.make(
            volume,
            name=wanted.get("name", wanted.get("display_name")),
            description=wanted.get("description", wanted.get("display_description")),
            metadata=wanted.get("metadata") or {},
            # From 3.66 on a volume in use may be snapshot without asking for force.
            force=versions.at_least(call, 3, 66) or rules.truth(wanted.get("force") or False),
        )
        return service.Reply(202, {"snapshot": self._view(call, made)})

    def index(self, call: service.Call) -> Any:
        """GET /snapshots."""
        return self._listing(call, shown=False)

    def detail(self, call: service.Call) -> Any:
        """GET /snapshots/detail."""
        return self._listing(call, shown=True)

    def show(self, call: service.Call) -> Any:
        """GET /snapshots/{id}."""
        return {"snapshot": self._view(call, self._of(call), shown=True)}

    def update(self, call: service.Call) -> Any:
        """PUT /snapshots/{id}."""
        wanted = rules.read(call.body, "snapshot", UPDATE)
        if not wanted:
            raise rules.invalid("snapshot", wanted, "Give at least one of name and description.")
        changes = {key.removeprefix("display_"): value for key, value in wanted.items()}
        return {"snapshot": self._view(call, self._book.snapshots.update(self._of(call)["id"], **changes))}

    def delete(self, call: service.Call) -> service.Reply:
        """DELETE /snapshots/{id}."""
        snapshot = self._of(call)
        if snapshot["status"] not in ("available", "error", "error_deleting"):
            raise refusals.bad("Invalid snapshot: Snapshot status must be available or error to be deleted.")
        self._book.count(snapshot["project_id"], snapshots=-1, gigabytes=-snapshot["size"])
        now = self._book.now()
        due = now + self._book.cloud.settings.delete_seconds
        self._book.snapshots.update(snapshot["id"], status="deleting", updated_at=now, **lapse.later(due, None))
        return service.Reply(202)

    def act(self, call: service.Call) -> service.Reply:
        """POST /snapshots/{id}/action: os-reset_status, os-force_delete, os-update_snapshot_status."""
        snapshot = self._of(call)
        given = call.body if isinstance(call.body, dict) else {}
        if "os-force_delete" in given:
            refusals.admin_only(call, "volume_extension:snapshot_admin_actions:force_delete")
            self._book.count(snapshot["project_id"], snapshots=-1, gigabytes=-snapshot["size"])
            self._book.snapshots.delete(snapshot["id"])
            return service.Reply(202)
        change = given.get("os-reset_status") or given.get("os-update_snapshot_status")
        if not isinstance(change, dict):
            raise refusals.bad(f"There is no such action: {next(iter(given), 'none given')}.")
        refusals.admin_only(call, "volume_extension:snapshot_admin_actions:reset_status")
        status = change.get("status")
        if problem := rules.one_of("available", "creating", "deleting", "error", "error_deleting")(status):
            raise rules.invalid("status", status, problem)
        self._book.snapshots.update(snapshot["id"], status=status, updated_at=self._book.now(), due=None, then=None)
        return service.Reply(202)

    def metadata(self, call: service.Call) -> Any:
        """GET /snapshots/{id}/metadata."""
        return {"metadata": self._of(call)["metadata"]}

    def add_metadata(self, call: service.Call) -> Any:
        """POST /snapshots/{id}/metadata."""
        snapshot = self._of(call)
        return self._set_metadata(snapshot, {**snapshot["metadata"], **_metadata_of(call.body)})

    def replace_metadata(self, call: service.Call) -> Any:
        """PUT /snapshots/{id}/metadata."""
        return self._set_metadata(self._of(call), _metadata_of(call.body))

    def delete_metadata_item(self, call: service.Call) -> service.Reply:
        """DELETE /snapshots/{id}/metadata/{key}."""
        snapshot, key = self._of(call), call.params["key"]
        if key not in snapshot["metadata"]:
            raise refusals.not_found(f"Snapshot {snapshot['id']} has no metadata with key {key}.")
        self._set_metadata(snapshot, rules.without(snapshot["metadata"], {key}))
        return service.Reply(200)

    # ---- what requests and nova share

    def make(
        self,
        volume: state.Document,
        *,
        name: str | None,
        description: str | None = None,
        metadata: dict[str, str] | None = None,
        force: bool = False,
    ) -> state.Document:
        """Start a snapshot. Raises ApiError 400 when the volume's status does not allow it, 413 over quota."""
        if volume["status"] != "available" and not (force and volume["status"] == "in-use"):
            raise refusals.bad(
                f"Invalid volume: Volume {volume['id']} must be available, but current status is: {volume['status']}."
            )
        self._book.claim(volume["project_id"], snapshots=1, gigabytes=volume["size"])
        now = self._book.now()
        return self._book.snapshots.insert(
            {
                "id": ids.new_id(),
                "project_id": volume["project_id"],
                "user_id": volume["user_id"],
                "volume_id": volume["id"],
                "volume_type_id": volume["volume_type_id"],
                "name": name,
                "description": description,
                "metadata": metadata or {},
                "size": volume["size"],
                "status": "creating",
                "created_at": now,
                "updated_at": None,
                **lapse.later(now + self._book.cloud.settings.volume_seconds, {"status": "available"}),
            }
        )

    # ---- helpers

    def _of(self, call: service.Call) -> state.Document:
        return self._book.snapshot(call.identity, call.params["snapshot_id"])

    def _set_metadata(self, snapshot: state.Document, metadata: dict[str, str]) -> Any:
        self._book.snapshots.update(snapshot["id"], metadata=metadata)
        return {"metadata": metadata}

    def _listing(self, call: service.Call, *, shown: bool) -> Any:
        query, table = call.query, self._book.snapshots
        everyone = call.identity.is_admin and rules.truth(query.get("all_tenants", "false"))
        found = list(table) if everyone else table.select(project_id=call.identity.project_id)
        found = lapse.settle_all(table, found, self._book.now())
        for key, value in query.items():
            if key in _FIELDS and key != "project_id":
                found = [each for each in found if str(each[_FIELDS[key]]) == value]
        found = paging.arrange(found, volumes.sorting(query, _FIELDS))
        missing = refusals.not_found(f"Snapshot {query.get('marker')} could not be found.")
        page = paging.cut(found, query, missing)
        body: dict[str, Any] = {"snapshots": [self._view(call, each, shown=shown) for each in page.items]}
        url = call.service.url(f"/v3/{call.params['project_id']}/snapshots{'/detail' if shown else ''}")
        if links := paging.next_link(url, query.multi_items(), page):
            body["snapshots_links"] = links
        if versions.at_least(call, 3, 45) and rules.truth(query.get("with_count", "false")):
            body["count"] = len(found)
        return body

    def _view(self, call: service.Call, snapshot: state.Document, *, shown: bool = False) -> dict[str, Any]:
        body: dict[str, Any] = {
            "id": snapshot["id"],
            "created_at": times.stamp(snapshot["created_at"]),
            "updated_at": times.stamp(snapshot["updated_at"]),
            "name": snapshot["name"],
            "description": snapshot["description"],
            "volume_id": snapshot["volume_id"],
            "status": snapshot["status"],
            "size": snapshot["size"],
            "metadata": snapshot["metadata"],
        }
        if versions.at_least(call, 3, 14):
            body["group_snapshot_id"] = None
        if versions.at_least(call, 3, 41):
            body["user_id"] = snapshot["user_id"]
        if versions.at_least(call, 3, 65):
            body["consumes_quota"] = True
        if shown:
            body["os-extended-snapshot-attributes:project_id"] = snapshot["project_id"]
            body["os-extended-snapshot-attributes:progress"] = "0%" if snapshot["status"] == "creating" else "100%"
        return body


def _metadata_of(body: Any) -> dict[str, str]:
    metadata = rules.read(body, "metadata", rules.Shape({}, open=True))
    if problem := rules.texts(metadata):
        raise rules.invalid("metadata", metadata, problem)
    return metadata
