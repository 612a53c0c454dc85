"""Shared file systems at /share: shares with their access rules, snapshots, types, share networks, security services.

Answers as microversion 2.7 does. No file is shared with anybody.

Spec: https://docs.openstack.org/api-ref/shared-file-system/
"""

from collections.abc import Iterable, Sequence
from typing import Any, cast

from hearth.localcloud.core import errors, ids, service, staged, state
from hearth.localcloud.core.service import Reply, Route
from hearth.localcloud.core.staged import Field, between, one_of, read_only

_PROTOCOLS = ("NFS", "CIFS", "GLUSTERFS", "HDFS", "CEPHFS", "MAPRFS")
_LEVELS, _KINDS = ("rw", "ro"), ("ip", "user", "cert", "cephx")
_HANDLES = "driver_handles_share_servers"


class Kept(staged.Staged):
    """What all collections share: a list with all fields under /detail, and filters that are overlooked if unknown."""

    create_status, delete_status = 200, 202

    @property
    def manila(self) -> "Manila":
        return cast("Manila", self.service)

    def not_found(self, id: str) -> errors.ApiError:
        noun = self.singular.replace("_", " ").capitalize()
        return errors.ApiError(404, f"{noun} {id} could not be found.", kind="itemNotFound")

    def matches(self, call: service.Call, document: state.Document, name: str, values: Sequence[str]) -> bool:
        if name not in self._by_name and name not in ("status", "project_id", "id"):
            return True
        return super().matches(call, document, name, values)

    def routes(self) -> list[Route]:
        return [Route("GET", self.path + "/detail", self.listing), *super().routes()]

    def acted(self, call: service.Call, *names: str) -> tuple[str, Any]:
        """The one action in the body. Raises 400."""
        body = call.body if isinstance(call.body, dict) else {}
        for name in names:
            for spelling in (name, f"os-{name}"):
                if spelling in body:
                    return name, body[spelling] or {}
        raise self.refuse(f"There is no such action: {', '.join(body) or 'nothing'}")


class Shares(Kept):
    """Shares."""

    singular, plural, path = "share", "shares", "/v2/shares"
    creation, deletion = ("creating", "available"), ("deleting", None)
    broken = "error"
    fields = (
        Field("name", nullable=True),
        Field("description", nullable=True),
        Field("display_name", create=False, nullable=True),
        Field("display_description", create=False, nullable=True),
        Field("share_proto", required=True, update=False),
        Field("size", int, required=True, update=False, check=between(1)),
        Field("share_type", nullable=True, update=False),
        Field("share_network_id", nullable=True, update=False),
        Field("snapshot_id", nullable=True, update=False),
        Field("is_public", bool, default=False, admin=True),
        Field("metadata", dict, default={}),
        Field("availability_zone", nullable=True, update=False, default="nova"),
        read_only("host", default="embedded@shares#pool"),
        read_only("share_server_id"),
        read_only("access_rules_status", default="active"),
    )

    def complete(self, call: service.Call, document: state.Document) -> None:
        document["share_proto"] = document["share_proto"].upper()
        if document["share_proto"] not in _PROTOCOLS:
            raise self.refuse(f"Invalid share protocol provided: {document['share_proto']}.")
        wanted = document["share_type"] or "default"
        kind = self.manila.types.named(wanted)
        if kind is None:
            raise errors.ApiError(404, f"Share type {wanted} could not be found.", kind="itemNotFound")
        handles = str(kind["extra_specs"].get(_HANDLES)).lower() == "true"
        network = document["share_network_id"]
        if network and network not in self.manila.networks.table:
            raise errors.ApiError(404, f"Share network {network} could not be found.", kind="itemNotFound")
        if handles != bool(network):
            verb = "must" if handles else "must not"
            raise self.refuse(f"Share network {verb} be provided for the share type {kind['name']}.")
        if document["snapshot_id"] and document["snapshot_id"] not in self.manila.snapshots.table:
            raise errors.ApiError(404, f"Snapshot {document['snapshot_id']} could not be found.", kind="itemNotFound")
        document |= {"share_type": kind["id"], "_type": kind["name"]}

    def change(self, call: service.Call, document: state.Document, changes: state.Document) -> None:
        # Only under these names are they changed; under the others they are overlooked.
        for name in ("name", "description"):
            changes.pop(name, None)
            if f"display_{name}" in changes:
                changes[name] = changes.pop(f"display_{name}")

    def check_delete(self, call: service.Call, document: state.Document) -> None:
        if document["status"] not in ("available", "error"):
            raise errors.ApiError(403, f"Share {document['id']} is {document['status']}.", kind="forbidden")
        if self.manila.snapshots.table.select(share_id=document["id"]):
            raise errors.ApiError(403, "Share still has 1 dependent snapshots.", kind="forbidden")

    def vanish(self, document: state.Document) -> None:
        for rule in self.manila.access.select(share_id=document["id"]):
            self.manila.access.delete(rule["id"])
        super().vanish(document)

    def visible(self, call: service.Call, document: state.Document) -> bool:
        return document["is_public"] or super().visible(call, document)

    def view(self, call: service.Call, document: state.Document) -> state.Document:
        shown = super().view(call, document)
        for name in ("display_name", "display_description"):
            shown.pop(name, None)
        is_there = document["status"] == "available"
        location = f"10.254.0.2:/shares/{document['id']}"
        return shown | {
            "export_location": location if is_there else None,
            "export_locations": [location] if is_there else [],
            "share_type_name": document["_type"],
        }

    def routes(self) -> list[Route]:
        one = self.path + "/{id}"
        return [
            *super().routes(),
            Route("POST", one + "/action", self.act),
            Route("GET", one + "/metadata", lambda call: {"metadata": self.find(call, call.params["id"])["metadata"]}),
            Route("PUT", one + "/metadata", self.set_metadata),
            Route("POST", one + "/metadata", self.set_metadata),
        ]

    def set_metadata(self, call: service.Call) -> Any:
        """Replace the metadata (PUT), or add to them (POST)."""
        share = self.mine(call)
        given = (call.body or {}).get("metadata")
        if not isinstance(given, dict):
            raise self.refuse("Malformed request body")
        metadata = given if call.method == "PUT" else {**share["metadata"], **given}
        self.table.update(share["id"], metadata=metadata)
        return {"metadata": metadata}

    def act(self, call: service.Call) -> Any:
        """Give and take access, list who has it, grow."""
        share = self.mine(call)
        name, given = self.acted(call, "allow_access", "deny_access", "access_list", "extend")
        rules = self.manila.access.select(share_id=share["id"])
        if name == "access_list":
            return {"access_list": [{key: one[key] for key in one if key != "share_id"} for one in rules]}
        if share["status"] != "available":
            raise self.refuse(f"Share {share['id']} is {share['status']}, it must be available.")
        if name == "deny_access":
            if given.get("access_id") not in self.manila.access:
                raise errors.ApiError(404, f"Access {given.get('access_id')} could not be found.", kind="itemNotFound")
            self.manila.access.delete(given["access_id"])
            return Reply(202)
        if name == "extend":
            self.table.update(share["id"], size=given["new_size"])
            return Reply(202)
        return {"access": self._allow(share, given, rules)}

    def _allow(self, share: state.Document, given: Any, rules: Iterable[state.Document]) -> dict[str, Any]:
        level = given.get("access_level") or "rw"
        if given.get("access_type") not in _KINDS or level not in _LEVELS:
            raise self.refuse("Only ip, user, cert or cephx access with level rw or ro is supported.")
        same = ("access_type", "access_to")
        if any(all(one[key] == given.get(key) for key in same) for one in rules):
            raise self.refuse(f"Share access {given['access_type']}:{given.get('access_to')} exists.")
        rule = {"id": ids.new_id(), "share_id": share["id"], "access_level": level, "state": "active"}
        return self.manila.access.insert(rule | {key: given.get(key) for key in same} | {"access_key": None})


class Snapshots(Kept):
    """Copies of shares."""

    singular, plural, path = "snapshot", "snapshots", "/v2/snapshots"
    creation, deletion = ("creating", "available"), ("deleting", None)
    broken = "error"
    create_status = 202
    index = ("project_id", "share_id")
    fields = (
        Field("share_id", required=True, update=False),
        Field("name", nullable=True),
        Field("description", nullable=True),
    )

    def complete(self, call: service.Call, document: state.Document) -> None:
        share = self.manila.shares.find(call, document["share_id"])
        document |= {"share_size": share["size"], "size": share["size"], "share_proto": share["share_proto"]}


class Types(Kept):
    """Kinds of shares."""

    singular, plural, path = "share_type", "share_types", "/v2/types"
    admin_writes = shared = True
    stamps = None
    index = ()
    fields = (
        Field("name", required=True),
        Field("description", nullable=True),
        Field("share_type_access:is_public", bool, default=True),
        Field("extra_specs", dict, default={}, update=False),
    )

    def named(self, name: str) -> state.Document | None:
        """The type of a name or id."""
        return self.table.get(name) or next(iter(self.table.select(name=name)), None)

    def complete(self, call: service.Call, document: state.Document) -> None:
        if self.table.select(name=document["name"]):
            raise errors.ApiError(409, f"Share Type {document['name']} already exists.", kind="conflictingRequest")
        if str(document["extra_specs"].get(_HANDLES)).lower() not in ("true", "false"):
            raise self.refuse(f"Required extra spec {_HANDLES} is missing or no boolean.")

    def check_delete(self, call: service.Call, document: state.Document) -> None:
        if self.manila.shares.table.select(share_type=document["id"]):
            raise errors.ApiError(400, "Target share type is still in use.", kind="badRequest")

    def view(self, call: service.Call, document: state.Document) -> state.Document:
        specs = document["extra_specs"]
        required = {_HANDLES: str(specs.get(_HANDLES)).title()}
        return super().view(call, document) | {"required_extra_specs": required}

    def routes(self) -> list[Route]:
        one = self.path + "/{id}/extra_specs"
        return [
            *super().routes(),
            Route("GET", one, lambda call: {"extra_specs": self.find(call, call.params["id"])["extra_specs"]}),
            Route("POST", one, self.set_specs),
            Route("DELETE", one + "/{key}", self.drop_spec),
        ]

    def set_specs(self, call: service.Call) -> Any:
        """Add to the extra specs."""
        kind = self.mine(call)
        specs = {**kind["extra_specs"], **((call.body or {}).get("extra_specs") or {})}
        self.table.update(kind["id"], extra_specs=specs)
        return {"extra_specs": specs}

    def drop_spec(self, call: service.Call) -> Any:
        """Take an extra spec away."""
        kind = self.mine(call)
        specs = dict(kind["extra_specs"])
        if specs.pop(call.params["key"], None) is None:
            raise errors.ApiError(404, f"Extra spec {call.params['key']} could not be found.", kind="itemNotFound")
        self.table.update(kind["id"], extra_specs=specs)
        return Reply(202)


class Networks(Kept):
    """Where share servers are."""

    singular, plural, path = "share_network", "share_networks", "/v2/share-networks"
    fields = (
        Field("name", nullable=True),
        Field("description", nullable=True),
        Field("neutron_net_id", nullable=True),
        Field("neutron_subnet_id", nullable=True),
        Field("nova_net_id", nullable=True),
        *(read_only(one) for one in ("network_type", "segmentation_id", "cidr", "ip_version")),
    )

    def complete(self, call: service.Call, document: state.Document) -> None:
        if bool(document["neutron_net_id"]) != bool(document["neutron_subnet_id"]):
            raise self.refuse("Both neutron_net_id and neutron_subnet_id must be given, or none of them.")
        document["_services"] = []

    def check_delete(self, call: service.Call, document: state.Document) -> None:
        if self.manila.shares.table.select(share_network_id=document["id"]):
            raise errors.ApiError(409, f"Can not delete share network {document['id']}, it has 1 share(s).")

    def routes(self) -> list[Route]:
        return [*super().routes(), Route("POST", self.path + "/{id}/action", self.act)]

    def act(self, call: service.Call) -> Any:
        """Add and remove security services."""
        network = self.mine(call)
        name, given = self.acted(call, "add_security_service", "remove_security_service")
        its_id = given.get("security_service_id")
        if its_id not in self.manila.security.table:
            raise errors.ApiError(404, f"Security service {its_id} could not be found.", kind="itemNotFound")
        several = [one for one in network["_services"] if one != its_id]
        if name == "add_security_service":
            if its_id in network["_services"]:
                raise errors.ApiError(403, "The security service is already associated.", kind="forbidden")
            several.append(its_id)
        changed = self.table.update(network["id"], _services=several)
        return self.enveloped(self.view(call, changed))


class Security(Kept):
    """Directories that know users of shares."""

    singular, plural, path = "security_service", "security_services", "/v2/security-services"
    creation = ("new", "new")
    fields = (
        Field("type", required=True, update=False, check=one_of("ldap", "kerberos", "active_directory")),
        *(
            Field(one, nullable=True)
            for one in ("name", "description", "dns_ip", "server", "domain", "user", "password")
        ),
    )

    def select(self, call: service.Call) -> list[state.Document]:
        network = call.query.get("share_network_id")
        found = super().select(call)
        if network is None:
            return found
        inside = self.manila.networks.find(call, network)["_services"]
        return [one for one in found if one["id"] in inside]

    def check_delete(self, call: service.Call, document: state.Document) -> None:
        for one in self.manila.networks.table:
            if document["id"] in one["_services"]:
                raise errors.ApiError(
                    403, f"Cannot delete security service. It is assigned to share network {one['id']}"
                )


class Manila(staged.StagedService):
    """API v2."""

    name = "manila"
    service_type = "sharev2"
    prefix = "/share"
    catalog_path = "/share/v2"
    version = "/v2"
    request_id_headers = ("X-Compute-Request-Id",)

    def build(self) -> Sequence[staged.Staged]:
        self.shares = Shares(self)
        self.snapshots = Snapshots(self)
        self.types = Types(self)
        self.networks = Networks(self)
        self.security = Security(self)
        self.access = self.cloud.state.table("manila.access", index=("share_id",))
        return (self.shares, self.snapshots, self.types, self.networks, self.security)

    def seed(self) -> None:
        """A type that asks for nothing."""
        if not len(self.types.table):
            made = {"id": ids.new_id(), "name": "default", "description": None, "share_type_access:is_public": True}
            self.types.table.insert(made | {"extra_specs": {_HANDLES: "False", "snapshot_support": "True"}})

    def error_body(self, error: errors.ApiError, call: service.Call) -> Any:
        kinds = {400: "badRequest", 403: "forbidden", 404: "itemNotFound", 409: "conflictingRequest"}
        kind = error.kind or kinds.get(error.status, "computeFault")
        return {kind: {"code": error.status, "message": error.message}}

    def negotiate(self, call: service.Call) -> dict[str, str]:
        """One microversion answers to all that are asked for."""
        super().negotiate(call)
        return {"X-OpenStack-Manila-API-Version": call.headers.get("x-openstack-manila-api-version", "2.0")}

    def versions(self, call: service.Call) -> Any:
        """The one version there is."""
        link = {"href": self.url("/v2/"), "rel": "self"}
        one = {"id": "v2.0", "status": "CURRENT", "version": "2.7", "min_version": "2.0", "links": [link]}
        return Reply(300, {"versions": [one]})
