"""DNS at /dns: zones and their record sets. No name server answers by them.

Spec: https://docs.openstack.org/api-ref/dns/
"""

from collections.abc import Iterable, Sequence
from typing import Any, cast

from hearth.localcloud.core import errors, ids, service, staged, state
from hearth.localcloud.core.staged import Field, between, one_of, read_only

TYPES = ("A", "AAAA", "CNAME", "MX", "SRV", "TXT", "SPF", "NS", "PTR", "SSHFP", "SOA", "CAA", "CERT", "NAPTR")
_LONGEST_TTL = 2**31 - 1
_POOL = "794ccc2c-d751-44fe-b57f-8894c9f5c842"


def _fqdn(value: str) -> str:
    if not value.endswith("."):
        raise ValueError(f"{value!r} is not a 'domainname'")
    return value.lower()


def _email(value: str) -> str:
    if "@" not in value.strip("@"):
        raise ValueError(f"{value} is not an email")
    return value


def _short(value: str) -> str:
    if len(value) > 160:
        raise ValueError(f"{value!r} is too long")
    return value


class Named(staged.Staged):
    """What zones and record sets have in common."""

    bare = True
    creation = updating = ("PENDING", "ACTIVE")
    deletion = ("PENDING", None)
    create_status = update_status = delete_status = 202

    @property
    def designate(self) -> "Designate":
        return cast("Designate", self.service)

    def refuse(self, message: str) -> errors.ApiError:
        return errors.ApiError(400, f"Provided object does not match schema: {message}", kind="invalid_object")

    def not_found(self, id: str) -> errors.ApiError:
        return errors.ApiError(404, f"Could not find {self.singular} {id}", kind=f"{self.singular}_not_found")

    def begin(self, id: str, stage: staged.Stage | None, **changes: Any) -> state.Document:
        changes["action"] = "DELETE" if stage == self.deletion else "UPDATE"
        return super().begin(id, stage, **changes)

    def view(self, call: service.Call, document: state.Document) -> state.Document:
        shown = super().view(call, document)
        if shown["status"] == "ACTIVE":
            shown["action"] = "NONE"
        return shown | {"links": {"self": self.service.url(f"{call.path.partition('/v2')[1]}")}}

    def page_envelope(self, call: service.Call, shown: Any, page: Any, more: Any) -> state.Document:
        return {
            self.plural: shown,
            "links": {"self": self.service.url(call.path)},
            "metadata": {"total_count": len(shown)},
        }

    def delete(self, call: service.Call) -> Any:
        document = self.mine(call)
        self.check_delete(call, document)
        gone = self.begin(document["id"], self.deletion)
        return service.Reply(self.delete_status, self.view(call, gone))


class Zones(Named):
    """Zones."""

    singular, plural, path = "zone", "zones", "/v2/zones"
    update_method = "PATCH"
    index = ("project_id", "name")
    fields = (
        Field("name", required=True, update=False, check=_fqdn),
        Field("type", default="PRIMARY", update=False, check=one_of("PRIMARY", "SECONDARY")),
        Field("email", nullable=True, check=_email),
        Field("ttl", int, default=3600, nullable=True, check=between(1, _LONGEST_TTL)),
        Field("description", nullable=True, check=_short),
        Field("masters", list, default=[]),
        Field("attributes", dict, default={}),
        read_only("action", default="CREATE"),
        read_only("version", int, default=1),
        read_only("transferred_at"),
        read_only("pool_id", default=_POOL),
        read_only("shared", bool, default=False),
    )

    def complete(self, call: service.Call, document: state.Document) -> None:
        if self.table.select(name=document["name"]):
            raise errors.ApiError(409, "Duplicate Zone", kind="duplicate_zone")
        if document["type"] == "PRIMARY" and not document["email"]:
            raise self.refuse("'email' is a required property")
        if document["type"] == "SECONDARY" and not document["masters"]:
            raise self.refuse("'masters' is a required property")
        document["serial"] = int(self.cloud.clock.now())

    def created(self, call: service.Call, document: state.Document) -> state.Document:
        if document["type"] == "PRIMARY":
            contact = document["email"].replace("@", ".")
            self.designate.recordsets.put(
                document, "SOA", [f"ns1.example.org. {contact}. {document['serial']} 3600 600"]
            )
            self.designate.recordsets.put(document, "NS", ["ns1.example.org."])
        return document

    def change(self, call: service.Call, document: state.Document, changes: state.Document) -> None:
        changes["serial"] = max(int(self.cloud.clock.now()), document["serial"] + 1)
        changes["version"] = document["version"] + 1

    def vanish(self, document: state.Document) -> None:
        for one in self.designate.recordsets.table.select(zone_id=document["id"]):
            self.designate.recordsets.table.delete(one["id"])
        super().vanish(document)


class RecordSets(Named):
    """The records of one name and type in a zone."""

    singular, plural, path = "recordset", "recordsets", "/v2/zones/{zone}/recordsets"
    index = ("project_id", "zone_id")
    fields = (
        Field("name", required=True, update=False, check=_fqdn),
        Field("type", required=True, update=False, check=one_of(*TYPES)),
        Field("records", list, required=True),
        Field("ttl", int, nullable=True, check=between(1, _LONGEST_TTL)),
        Field("description", nullable=True, check=_short),
        read_only("action", default="CREATE"),
        read_only("version", int, default=1),
    )

    def candidates(self, call: service.Call) -> Iterable[state.Document]:
        return self.table.select(zone_id=self.designate.zones.find(call, call.params["zone"])["id"])

    def find(self, call: service.Call, id: str) -> state.Document:
        zone = self.designate.zones.find(call, call.params["zone"])
        found = super().find(call, id)
        if found["zone_id"] != zone["id"]:
            raise self.not_found(id)
        return found

    def complete(self, call: service.Call, document: state.Document) -> None:
        zone = self.designate.zones.find(call, call.params["zone"])
        if not self.designate.zones.owned(call, zone):
            raise self.forbidden("Only the owner of the zone may do that.")
        if not f".{document['name']}".endswith(f".{zone['name']}"):
            raise errors.ApiError(
                400, "RecordSet is not contained within its parent zone", kind="invalid_recordset_location"
            )
        if self.table.select(zone_id=zone["id"], name=document["name"], type=document["type"]):
            raise errors.ApiError(409, "Duplicate RecordSet", kind="duplicate_recordset")
        document |= {"zone_id": zone["id"], "zone_name": zone["name"]}

    def put(self, zone: state.Document, kind: str, records: list[str]) -> None:
        """The record sets that every zone has."""
        document = {field.name: field.default for field in self.fields}
        document |= {"id": ids.new_id(), "name": zone["name"], "type": kind, "records": records}
        document |= {"zone_id": zone["id"], "zone_name": zone["name"], "project_id": zone["project_id"]}
        self.table.insert(document | {"status": "ACTIVE", "created_at": zone["created_at"], "updated_at": None})

    def change(self, call: service.Call, document: state.Document, changes: state.Document) -> None:
        self._refuse_managed(document)
        changes["version"] = document["version"] + 1

    def check_delete(self, call: service.Call, document: state.Document) -> None:
        self._refuse_managed(document)

    def _refuse_managed(self, document: state.Document) -> None:
        if document["type"] == "SOA" or (document["type"] == "NS" and document["name"] == document["zone_name"]):
            raise errors.ApiError(400, f"Cannot change the {document['type']} record set of a zone", kind="bad_request")


class Designate(staged.StagedService):
    """API v2."""

    name = "designate"
    service_type = "dns"
    prefix = "/dns"
    catalog_path = "/dns"
    version = "/v2"

    def build(self) -> Sequence[staged.Staged]:
        self.zones = Zones(self)
        self.recordsets = RecordSets(self)
        return (self.zones, self.recordsets)

    def error_body(self, error: errors.ApiError, call: service.Call) -> Any:
        kind = error.kind or error.title.lower().replace(" ", "_")
        return {"code": error.status, "type": kind, "message": error.message, "request_id": call.request_id}

    def versions(self, call: service.Call) -> Any:
        """The one version there is."""
        link = {"href": self.url("/v2"), "rel": "self"}
        return {"versions": {"values": [{"id": "v2", "status": "CURRENT", "links": [link]}]}}
