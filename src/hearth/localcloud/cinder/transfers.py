"""Volume transfers: one project offers a volume, another takes it with the key."""

import hmac
import secrets
from typing import Any

from hearth.localcloud.cinder import book, refusals, rules, times, versions, volumes
from hearth.localcloud.core import ids, service, state
from hearth.localcloud.core.service import Reply, Route

CREATE = rules.Shape(
    {
        "volume_id": rules.uuid,
        "name": rules.optional(rules.text(0, 255)),
        "no_snapshots": rules.optional(rules.boolean),
    },
    required=("volume_id",),
)
ACCEPT = rules.Shape({"auth_key": rules.text(1, 255)}, required=("auth_key",))


class Transfers:
    """The /volume-transfers collection and its older spelling /os-volume-transfer."""

    def __init__(self, records: book.Book) -> None:
        self._book = records

    def routes(self) -> list[Route]:
        """Routes below /v3/{project_id}."""
        found = []
        for base in ("/volume-transfers", "/os-volume-transfer"):
            one = base + "/{transfer_id}"
            found += [
                Route("POST", base, self.create),
                Route("GET", base, self.index),
                Route("GET", base + "/detail", self.detail),
                Route("GET", one, self.show),
                Route("DELETE", one, self.delete),
                Route("POST", one + "/accept", self.accept),
            ]
        return found

    def create(self, call: service.Call) -> Reply:
        """POST: offer a volume; the answer has the key."""
        wanted = rules.read(call.body, "transfer", CREATE)
        volume = self._book.volume(call.identity, wanted["volume_id"])
        if volume["status"] != "available":
            raise refusals.bad("Invalid volume: status must be available")
        key = secrets.token_hex(8)
        now = self._book.now()
        made = self._book.transfers.insert(
            {
                "id": ids.new_id(),
                "project_id": volume["project_id"],
                "volume_id": volume["id"],
                "name": wanted.get("name"),
                "no_snapshots": rules.truth(wanted.get("no_snapshots") or False),
                "key": key,
                "created_at": now,
            }
        )
        self._book.volumes.update(volume["id"], status="awaiting-transfer", updated_at=now)
        return Reply(202, {"transfer": {**self._view(call, made), "auth_key": key}})

    def index(self, call: service.Call) -> Any:
        """GET."""
        return {"transfers": [_brief(call, each) for each in self._all(call)]}

    def detail(self, call: service.Call) -> Any:
        """GET .../detail."""
        return {"transfers": [self._view(call, each) for each in self._all(call)]}

    def show(self, call: service.Call) -> Any:
        """GET .../{id}."""
        return {"transfer": self._view(call, self._own(call))}

    def delete(self, call: service.Call) -> Reply:
        """DELETE .../{id}: take the offer back."""
        found = self._own(call)
        self._end(found)
        if found["volume_id"] in self._book.volumes:
            # An administrator may have set the offered volume free, and somebody deleted it since.
            self._book.volumes.update(found["volume_id"], status="available", updated_at=self._book.now())
        return Reply(202)

    def accept(self, call: service.Call) -> Reply:
        """POST .../{id}/accept: the volume becomes the caller's."""
        wanted = rules.read(call.body, "accept", ACCEPT)
        found = self._book.transfer(call.params["transfer_id"])
        if not hmac.compare_digest(wanted["auth_key"].encode(), found["key"].encode()):
            raise refusals.bad("Invalid auth key: Attempt to transfer volume with invalid auth key.")
        volume = self._book.volumes.get(found["volume_id"])
        if volume is None:
            raise refusals.not_found(f"Volume {found['volume_id']} could not be found.")
        to = call.identity
        self._book.claim(to.project_id, volumes=1, gigabytes=volume["size"])
        self._book.count(volume["project_id"], volumes=-1, gigabytes=-volume["size"])
        self._book.volumes.update(
            volume["id"],
            project_id=to.project_id,
            user_id=to.user_id,
            status="available",
            updated_at=self._book.now(),
        )
        self._end(found)
        return Reply(202, {"transfer": _brief(call, found)})

    def _all(self, call: service.Call) -> list[state.Document]:
        if call.identity.is_admin and rules.truth(call.query.get("all_tenants", "false")):
            return self._book.transfers.select()
        return self._book.transfers.select(project_id=call.identity.project_id)

    def _own(self, call: service.Call) -> state.Document:
        found = self._book.transfer(call.params["transfer_id"])
        if not call.identity.sees(found["project_id"]):
            raise refusals.not_found(f"Transfer {found['id']} could not be found.")
        return found

    def _end(self, found: state.Document) -> None:
        self._book.transfers.delete(found["id"])

    def _view(self, call: service.Call, found: state.Document) -> dict[str, Any]:
        brief = _brief(call, found)
        body = {
            "id": found["id"],
            "created_at": times.stamp(found["created_at"]),
            "name": found["name"],
            "volume_id": found["volume_id"],
            "links": brief["links"],
        }
        if versions.at_least(call, 3, 55):
            body["no_snapshots"] = found["no_snapshots"]
        if versions.at_least(call, 3, 57):
            body |= {"destination_project_id": None, "source_project_id": found["project_id"], "accepted": False}
        return body


def _brief(call: service.Call, found: state.Document) -> dict[str, Any]:
    return {
        "id": found["id"],
        "volume_id": found["volume_id"],
        "name": found["name"],
        "links": volumes.links(call, "volume-transfers", found["id"]),
    }
