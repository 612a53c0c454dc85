"""Which server holds which volume: the attachments API (3.27 on), and what nova does through it.

A volume without attachments is available; the first reservation makes it reserved, an attached one in-use. Only a
volume whose type allows it (multiattach) takes a second server. An attachment has no `attached_at` while it is only
reserved.
"""

from typing import Any

from hearth.localcloud.cinder import book, refusals, rules, times, versions
from hearth.localcloud.core import ids, service, state
from hearth.localcloud.core.service import Route

CREATE = rules.Shape(
    {
        "instance_uuid": rules.optional(rules.uuid),
        "volume_uuid": rules.uuid,
        "connector": rules.anything,
        "mode": rules.optional(rules.one_of("rw", "ro")),
    },
    required=("volume_uuid",),
)
UPDATE = rules.Shape({"connector": rules.anything}, required=("connector",))


class Attachments:
    """The /attachments collection."""

    def __init__(self, records: book.Book) -> None:
        self._book = records

    def routes(self) -> list[Route]:
        """Routes below /v3/{project_id}."""
        one = "/attachments/{attachment_id}"
        return [
            Route("POST", "/attachments", self.create),
            Route("GET", "/attachments", self.index),
            Route("GET", "/attachments/detail", self.detail),
            Route("GET", one, self.show),
            Route("PUT", one, self.update),
            Route("DELETE", one, self.delete),
            Route("POST", one + "/action", self.act),
        ]

    # ---- requests

    def create(self, call: service.Call) -> Any:
        """POST /attachments."""
        versions.require(call, 3, 27)
        wanted = rules.read(call.body, "attachment", CREATE)
        volume = self._book.volume(call.identity, wanted["volume_uuid"])
        made = self.reserve(volume, wanted.get("instance_uuid"))
        if wanted.get("connector"):
            made = self._connect(made, wanted["connector"], wanted.get("mode"))
        return {"attachment": _view(made)}

    def index(self, call: service.Call) -> Any:
        """GET /attachments."""
        versions.require(call, 3, 27)
        return {"attachments": [_brief(each) for each in self._filtered(call)]}

    def detail(self, call: service.Call) -> Any:
        """GET /attachments/detail."""
        versions.require(call, 3, 27)
        return {"attachments": [_view(each) for each in self._filtered(call)]}

    def show(self, call: service.Call) -> Any:
        """GET /attachments/{id}."""
        return {"attachment": _view(self._of(call))}

    def update(self, call: service.Call) -> Any:
        """PUT /attachments/{id}: the connector of a reserved one."""
        attachment = self._of(call)
        wanted = rules.read(call.body, "attachment", UPDATE)
        return {"attachment": _view(self._connect(attachment, wanted["connector"], None))}

    def delete(self, call: service.Call) -> Any:
        """DELETE /attachments/{id}."""
        attachment = self._of(call)
        self.release(attachment)
        left = self._book.attachments_of(attachment["volume_id"])
        return {"attachments": [_brief(each) for each in left]}

    def act(self, call: service.Call) -> service.Reply:
        """POST /attachments/{id}/action: os-complete (3.44)."""
        attachment = self._of(call)
        versions.require(call, 3, 44)
        if not isinstance(call.body, dict) or "os-complete" not in call.body:
            raise refusals.bad("There is no such action; an attachment knows os-complete.")
        self.complete(attachment)
        return service.Reply(204)

    # ---- what requests, volume actions and nova share

    def reserve(self, volume: state.Document, server_id: str | None) -> state.Document:
        """Promise a volume to a server. Raises ApiError 400 when the volume is taken."""
        shared = volume["multiattach"] and volume["status"] in ("in-use", "reserved")
        if volume["status"] != "available" and not shared:
            raise refusals.bad(
                f"Invalid volume: Volume {volume['id']} status must be available or downloading to reserve, "
                f"but the current status is {volume['status']}."
            )
        made = self._book.attachments.insert(
            {
                "id": ids.new_id(),
                "volume_id": volume["id"],
                "project_id": volume["project_id"],
                "server_id": server_id,
                "status": "reserved",
                "attached_at": None,
                "mode": None,
                "host": None,
                "device": None,
                "connection_info": {},
            }
        )
        if volume["status"] == "available":
            self._book.volumes.update(volume["id"], status="reserved", updated_at=self._book.now())
        return made

    def complete(
        self, attachment: state.Document, *, device: str | None = None, host: str | None = None
    ) -> state.Document:
        """Make a reservation an attachment; the volume is in-use from now on."""
        now = self._book.now()
        made = self._book.attachments.update(
            attachment["id"],
            status="attached",
            attached_at=now,
            mode=attachment["mode"] or "rw",
            device=device or attachment["device"],
            host=host or attachment["host"],
            connection_info=attachment["connection_info"] or _known_connection(attachment),
        )
        self._book.volumes.update(attachment["volume_id"], status="in-use", updated_at=now)
        return made

    def occupy(self, volume: state.Document, server_id: str, *, device: str, host: str) -> state.Document:
        """Attach a volume at once; one that nova has just begun to make counts as made. Raises ApiError 400."""
        if volume["status"] == "creating":
            volume = self._book.volumes.update(volume["id"], due=None, **volume["then"])
        return self.complete(self.reserve(volume, server_id), device=device, host=host)

    def release(self, attachment: state.Document) -> None:
        """End an attachment; the last one makes the volume available."""
        self._book.attachments.delete(attachment["id"])
        volume = self._book.volumes.get(attachment["volume_id"])
        if volume is None or volume["status"] not in ("in-use", "reserved", "attaching", "detaching"):
            return
        left = self._book.attachments_of(volume["id"])
        status = "available"
        if left:
            status = "in-use" if any(each["attached_at"] is not None for each in left) else "reserved"
        self._book.volumes.update(volume["id"], status=status, updated_at=self._book.now())

    # ---- helpers

    def _of(self, call: service.Call) -> state.Document:
        versions.require(call, 3, 27)
        return self._book.attachment(call.identity, call.params["attachment_id"])

    def _connect(self, attachment: state.Document, connector: Any, mode: str | None) -> state.Document:
        if not isinstance(connector, dict) or not connector:
            raise refusals.bad("The connector must be an object that describes the host: {'host': ...}.")
        changes = {
            "status": "attaching",
            "mode": mode or connector.get("mode") or "rw",
            "host": connector.get("host"),
            "device": connector.get("mountpoint"),
            "connection_info": _known_connection(attachment),
        }
        made = self._book.attachments.update(attachment["id"], **changes)
        volume = self._book.volumes.get(attachment["volume_id"])
        if volume is not None and volume["status"] == "reserved":
            self._book.volumes.update(volume["id"], status="attaching", updated_at=self._book.now())
        return made

    def _filtered(self, call: service.Call) -> list[state.Document]:
        query, table = call.query, self._book.attachments
        everyone = call.identity.is_admin and rules.truth(query.get("all_tenants", "false"))
        found = list(table) if everyone else table.select(project_id=call.identity.project_id)
        spellings = {"volume_id": "volume_id", "instance_id": "server_id", "status": "status"}
        for key, field in spellings.items():
            if key in query:
                found = [each for each in found if each[field] == query[key]]
        return found[::-1]


def connection_info(volume_id: str) -> dict[str, Any]:
    """How a host would reach a volume."""
    return {
        "driver_volume_type": "local",
        "data": {
            "device_path": f"/dev/hearth/volume-{volume_id}",
            "discard": False,
            "qos_specs": None,
            "access_mode": "rw",
            "encrypted": False,
            "cacheable": False,
            "enforce_multipath": False,
        },
    }


def _known_connection(attachment: state.Document) -> dict[str, Any]:
    info = connection_info(attachment["volume_id"])
    known = {"driver_volume_type": info["driver_volume_type"], "attachment_id": attachment["id"]}
    return {**info["data"], **known}


def _brief(attachment: state.Document) -> dict[str, Any]:
    return {
        "id": attachment["id"],
        "status": attachment["status"],
        "instance": attachment["server_id"],
        "volume_id": attachment["volume_id"],
    }


def _view(attachment: state.Document) -> dict[str, Any]:
    return {
        **_brief(attachment),
        "attached_at": times.stamp(attachment["attached_at"]) or "",
        "detached_at": "",
        "attach_mode": attachment["mode"] or "null",
        "connection_info": attachment["connection_info"],
    }
