"""Databases at /database: instances with their databases and users, clusters. No database answers.

Spec: https://docs.openstack.org/api-ref/database/
"""

from collections.abc import Sequence
from typing import Any, cast

from hearth.localcloud.core import errors, ids, service, staged, state
from hearth.localcloud.core.service import Reply, Route
from hearth.localcloud.core.staged import Field

_DATASTORE = {"type": "mysql", "version": "8.0"}


class Kept(staged.Staged):
    """What instances and clusters share."""

    create_status, delete_status, update_status = 200, 202, 202
    stamps = ("created", "updated")
    index = ("project_id",)

    @property
    def trove(self) -> "Trove":
        return cast("Trove", self.service)

    def not_found(self, id: str) -> errors.ApiError:
        return errors.ApiError(404, f"Resource {id} cannot be found.", kind="itemNotFound")

    def link(self, document: state.Document, project: str) -> list[dict[str, str]]:
        """Where it stands."""
        return [{"rel": "self", "href": self.service.url(f"/v1.0/{project}/{self.plural}/{document['id']}")}]


class Instances(Kept):
    """Servers of a database."""

    singular, plural, path = "instance", "instances", "/v1.0/{project}/instances"
    creation, updating, deletion = ("BUILD", "ACTIVE"), ("RESIZE", "ACTIVE"), ("SHUTDOWN", None)
    update_method = "PATCH"
    fields = (
        Field("name", required=True),
        Field("flavorRef", (str, int), update=False, required=True),
        Field("volume", dict, nullable=True, update=False),
        Field("databases", list, default=[], update=False),
        Field("users", list, default=[], update=False),
        Field("datastore", dict, nullable=True, update=False),
        Field("nics", list, default=[], nullable=True, update=False),
        Field("availability_zone", nullable=True, update=False),
        Field("restorePoint", dict, nullable=True, update=False),
        Field("replica_of", nullable=True, update=False),
        Field("replica_count", int, nullable=True, update=False),
    )

    def complete(self, call: service.Call, document: state.Document) -> None:
        self.trove.flavor(document["flavorRef"])
        document["datastore"] = {**_DATASTORE, **(document["datastore"] or {})}

    def modify(self, call: service.Call, document: state.Document, given: state.Document) -> state.Document:
        changes = self.checked(call, given, creating=False)
        return self.table.update(document["id"], **changes)

    def view(self, call: service.Call, document: state.Document) -> state.Document:
        copied = ("id", "name", "status", "created", "updated", "volume", "datastore", "replica_of")
        shown = {name: document[name] for name in copied}
        address = f"10.250.0.{self.table.sequence(document['id']) % 250 + 2}"
        return shown | {
            "flavor": {"id": str(document["flavorRef"])},
            "links": self.link(document, document["project_id"]),
            "hostname": f"{document['id']}.databases.example.org",
            "ip": [address],
            "region": "RegionOne",
        }

    def routes(self) -> list[Route]:
        one = self.path + "/{id}"
        return [
            *super().routes(),
            Route("POST", one + "/action", self.act),
            *(
                Route(method, one + path, handler)
                for method, path, handler in (
                    ("GET", "/databases", lambda call: self._parts(call, "databases")),
                    ("POST", "/databases", lambda call: self._add(call, "databases")),
                    ("DELETE", "/databases/{part}", lambda call: self._drop(call, "databases")),
                    ("GET", "/users", lambda call: self._parts(call, "users")),
                    ("POST", "/users", lambda call: self._add(call, "users")),
                    ("DELETE", "/users/{part}", lambda call: self._drop(call, "users")),
                )
            ),
        ]

    def act(self, call: service.Call) -> Any:
        """Another flavor, or a larger volume."""
        document = self.mine(call)
        given = (call.body or {}).get("resize")
        if not isinstance(given, dict):
            raise self.refuse("The embedded cloud knows the action resize only.")
        if document["status"] != "ACTIVE":
            raise errors.ApiError(422, f"Instance {document['id']} is not ready.", kind="unprocessableEntity")
        if "flavorRef" in given:
            self.trove.flavor(given["flavorRef"])
            self.begin(document["id"], self.updating, flavorRef=given["flavorRef"])
        else:
            size = (given.get("volume") or {}).get("size")
            if not isinstance(size, int) or size <= (document["volume"] or {}).get("size", 0):
                raise self.refuse("The new volume 'size' must be larger than the current one.")
            self.begin(document["id"], self.updating, volume={"size": size})
        return Reply(202)

    def _parts(self, call: service.Call, field: str) -> Any:
        shown = []
        for one in self.find(call, call.params["id"])[field]:
            part = {name: value for name, value in one.items() if name != "password"}
            shown.append(part if field == "users" else {"name": one["name"]})
        return {field: shown}

    def _add(self, call: service.Call, field: str) -> Any:
        document = self.mine(call)
        given = (call.body or {}).get(field)
        if not isinstance(given, list):
            raise self.refuse(f"The request body must hold a list {field!r}.")
        known = {one["name"] for one in document[field]}
        for one in given:
            if one.get("name") in known:
                raise self.refuse(f"{one['name']} already exists.")
        self.table.update(document["id"], **{field: [*document[field], *given]})
        return Reply(202)

    def _drop(self, call: service.Call, field: str) -> Any:
        document = self.mine(call)
        left = [one for one in document[field] if one["name"] != call.params["part"]]
        if len(left) == len(document[field]):
            raise self.not_found(call.params["part"])
        self.table.update(document["id"], **{field: left})
        return Reply(202)


class Clusters(Kept):
    """Several servers of one database."""

    singular, plural, path = "cluster", "clusters", "/v1.0/{project}/clusters"
    status_field = "_task"
    creation, deletion = ("BUILDING", "NONE"), ("DELETING", None)
    fields = (
        Field("name", required=True),
        Field("datastore", dict, required=True),
        Field("instances", list, required=True),
    )

    def complete(self, call: service.Call, document: state.Document) -> None:
        for one in document["instances"]:
            self.trove.flavor(one.get("flavorRef"))
        document["instances"] = [{**one, "id": ids.new_id()} for one in document["instances"]]

    def view(self, call: service.Call, document: state.Document) -> state.Document:
        shown = super().view(call, document)
        task = document["_task"]
        status = "ACTIVE" if task == "NONE" else "BUILD"
        members = [
            {
                "id": one["id"],
                "name": f"{document['name']}-{number}",
                "status": status,
                "flavor": {"id": str(one["flavorRef"])},
                "volume": one.get("volume"),
                "ip": [f"10.250.1.{number}"],
            }
            for number, one in enumerate(document["instances"], 1)
        ]
        addresses = [address for one in members for address in one["ip"]]
        task_shown = {"id": 1, "name": task, "description": task.lower()}
        return shown | {"instances": members, "ip": addresses, "task": task_shown}


class Trove(staged.StagedService):
    """API v1.0."""

    name = "trove"
    service_type = "database"
    prefix = "/database"
    catalog_path = "/database/v1.0/%(project_id)s"
    version = "/v1.0"

    def build(self) -> Sequence[staged.Staged]:
        self.instances = Instances(self)
        self.clusters = Clusters(self)
        return (self.instances, self.clusters)

    def routes(self) -> list[Route]:
        flavors = "/v1.0/{project}/flavors"
        return [
            *super().routes(),
            Route("GET", flavors, lambda call: {"flavors": [_flavor(one) for one in self._flavors]}),
            Route("GET", flavors + "/{id}", lambda call: {"flavor": _flavor(self.flavor(call.params["id"], 404))}),
        ]

    @property
    def _flavors(self) -> state.Table:
        return self.cloud.state.table("nova.flavors")

    def flavor(self, reference: Any, missing: int = 400) -> state.Document:
        """The flavor of an id or URL: those of the compute service. Raises 400."""
        found = self._flavors.get(str(reference).rpartition("/")[2])
        if found is None:
            raise errors.ApiError(missing, f"Flavor {reference} cannot be found.", kind="itemNotFound")
        return found

    def error_body(self, error: errors.ApiError, call: service.Call) -> Any:
        kinds = {400: "badRequest", 403: "forbidden", 404: "itemNotFound", 409: "conflict"}
        return {error.kind or kinds.get(error.status, "fault"): {"code": error.status, "message": error.message}}


def _flavor(one: state.Document) -> dict[str, Any]:
    its_id = str(one["id"])
    number = int(its_id) if its_id.isdecimal() else None
    return {"id": number, "str_id": its_id, "name": one["name"], "ram": one["ram"], "links": []}
