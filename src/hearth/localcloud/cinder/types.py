"""Volume types: the types themselves, their extra specs, who may use private ones, and encryption."""

from typing import Any

from hearth.localcloud.cinder import book, refusals, rules, times
from hearth.localcloud.core import ids, service, state
from hearth.localcloud.core.service import Reply, Route

_TEXT = rules.optional(rules.text(0, 255))
_PUBLIC = "os-volume-type-access:is_public"
CREATE = rules.Shape(
    {"name": rules.name, "description": _TEXT, "extra_specs": rules.optional(rules.texts), _PUBLIC: rules.boolean},
    required=("name",),
)
UPDATE = rules.Shape({"name": _TEXT, "description": _TEXT, "is_public": rules.optional(rules.boolean)})
ENCRYPTION = rules.Shape(
    {
        "provider": rules.text(1, 255),
        "control_location": rules.one_of("front-end", "back-end"),
        "cipher": _TEXT,
        "key_size": rules.optional(rules.integer(0)),
    }
)
_MANAGE = "volume_extension:type_{}"


class Types:
    """The /types collection."""

    def __init__(self, records: book.Book) -> None:
        self._book = records

    def routes(self) -> list[Route]:
        """Routes below /v3/{project_id}."""
        one = "/types/{type_id}"
        return [
            Route("GET", "/types", self.index),
            Route("POST", "/types", self.create),
            Route("GET", one, self.show),
            Route("PUT", one, self.update),
            Route("DELETE", one, self.delete),
            Route("POST", one + "/action", self.act),
            Route("GET", one + "/os-volume-type-access", self.access),
            Route("GET", one + "/extra_specs", self.specs),
            Route("POST", one + "/extra_specs", self.add_specs),
            Route("GET", one + "/extra_specs/{key}", self.spec),
            Route("PUT", one + "/extra_specs/{key}", self.put_spec),
            Route("DELETE", one + "/extra_specs/{key}", self.delete_spec),
            Route("GET", one + "/encryption", self.encryption),
            Route("POST", one + "/encryption", self.create_encryption),
            Route("GET", one + "/encryption/{key}", self.encryption_item),
            Route("PUT", one + "/encryption/{encryption_id}", self.update_encryption),
            Route("DELETE", one + "/encryption/{encryption_id}", self.delete_encryption),
        ]

    def seed(self) -> None:
        """The types of a fresh cloud."""
        for name, description in ((book.DEFAULT_TYPE, "Default Volume Type"), ("standard", None)):
            if not self._book.types.select(name=name):
                self._make(name, description, {}, public=True)

    # ---- types

    def index(self, call: service.Call) -> Any:
        """GET /types."""
        wanted = call.query.get("is_public")
        found = [each for each in self._book.types.select() if self._book.may_use(call.identity, each)]
        if call.identity.is_admin and wanted is not None and wanted.lower() != "none":
            found = [each for each in found if each["is_public"] == rules.truth(wanted)]
        if "name" in call.query:
            found = [each for each in found if each["name"] == call.query["name"]]
        return {"volume_types": [_view(call, each) for each in found[::-1]]}

    def create(self, call: service.Call) -> Any:
        """POST /types."""
        refusals.admin_only(call, _MANAGE.format("create"))
        wanted = rules.read(call.body, "volume_type", CREATE)
        if self._book.types.select(name=wanted["name"]):
            raise refusals.conflict(f"Volume Type {wanted['name']} already exists.")
        public = rules.truth(wanted.get(_PUBLIC, True))
        made = self._make(wanted["name"], wanted.get("description"), wanted.get("extra_specs") or {}, public=public)
        body = rules.without(_view(call, made), {"qos_specs_id"})
        return {"volume_type": body}

    def show(self, call: service.Call) -> Any:
        """GET /types/{id}, or "default"."""
        if call.params["type_id"] == "default":
            return {"volume_type": rules.without(_view(call, self._book.volume_type(call.identity, None)), {_PUBLIC})}
        return {"volume_type": _view(call, self._of(call))}

    def update(self, call: service.Call) -> Any:
        """PUT /types/{id}."""
        refusals.admin_only(call, _MANAGE.format("update"))
        wanted = rules.read(call.body, "volume_type", UPDATE)
        found, name = self._of(call), wanted.get("name")
        if not wanted:
            raise refusals.bad("Specify volume type name, description, is_public or a combination thereof.")
        if name is not None and not name.strip():
            raise refusals.bad("Volume type name can not be empty.")
        if name and any(each["id"] != found["id"] for each in self._book.types.select(name=name)):
            raise refusals.conflict(f"Volume Type {name} already exists.")
        changes = {key: value for key, value in wanted.items() if value is not None}
        if "is_public" in changes:
            changes["is_public"] = rules.truth(changes["is_public"])
        updated = self._book.types.update(found["id"], **changes)
        return {"volume_type": rules.without(_view(call, updated), {_PUBLIC, "qos_specs_id"})}

    def delete(self, call: service.Call) -> Reply:
        """DELETE /types/{id}."""
        refusals.admin_only(call, _MANAGE.format("delete"))
        found = self._of(call)
        if found["name"] == book.DEFAULT_TYPE:
            raise refusals.bad(
                f"Invalid volume type: {found['name']} is the default volume type and cannot be deleted."
            )
        if any(each["volume_type_id"] == found["id"] for each in self._book.volumes):
            raise refusals.bad("Target volume type is still in use.")
        self._book.types.delete(found["id"])
        return Reply(202)

    # ---- access

    def act(self, call: service.Call) -> Reply:
        """POST /types/{id}/action: addProjectAccess, removeProjectAccess."""
        given = call.body if isinstance(call.body, dict) else {}
        add, remove = given.get("addProjectAccess"), given.get("removeProjectAccess")
        change = add if isinstance(add, dict) else remove
        if not isinstance(change, dict) or not isinstance(change.get("project"), str):
            raise refusals.bad("Give addProjectAccess or removeProjectAccess with a 'project'.")
        refusals.admin_only(
            call, "volume_extension:volume_type_access:" + ("add" if add else "remove") + "ProjectAccess"
        )
        found, project = self._of(call), change["project"]
        if found["is_public"]:
            raise refusals.conflict("Type access modification is not applicable to public volume type.")
        access = found["access"]
        if add:
            if project in access:
                raise refusals.conflict(f"Volume type access for {found['id']} / {project} combination already exists.")
            access = [*access, project]
        elif project in access:
            access = [each for each in access if each != project]
        else:
            raise refusals.not_found(f"Volume type access not found for {found['id']} / {project} combination.")
        self._book.types.update(found["id"], access=access)
        return Reply(202)

    def access(self, call: service.Call) -> Any:
        """GET /types/{id}/os-volume-type-access."""
        refusals.admin_only(call, "volume_extension:volume_type_access:get_all_for_type")
        found = self._of(call)
        if found["is_public"]:
            raise refusals.not_found("Access list not available for public volume types.")
        return {"volume_type_access": [{"volume_type_id": found["id"], "project_id": each} for each in found["access"]]}

    # ---- extra specs

    def specs(self, call: service.Call) -> Any:
        """GET /types/{id}/extra_specs."""
        return {"extra_specs": self._of(call)["extra_specs"]}

    def add_specs(self, call: service.Call) -> Any:
        """POST /types/{id}/extra_specs."""
        refusals.admin_only(call, "volume_extension:types_extra_specs:create")
        given = rules.read(call.body, "extra_specs", rules.Shape({}, open=True))
        if problem := rules.texts(given):
            raise rules.invalid("extra_specs", given, problem)
        found = self._of(call)
        self._book.types.update(found["id"], extra_specs={**found["extra_specs"], **given})
        return {"extra_specs": given}

    def spec(self, call: service.Call) -> Any:
        """GET /types/{id}/extra_specs/{key}."""
        key = call.params["key"]
        return {key: self._spec(self._of(call), key)}

    def put_spec(self, call: service.Call) -> Any:
        """PUT /types/{id}/extra_specs/{key}."""
        refusals.admin_only(call, "volume_extension:types_extra_specs:update")
        key, found = call.params["key"], self._of(call)
        if not isinstance(call.body, dict) or list(call.body) != [key] or rules.texts(call.body):
            raise refusals.bad("Request body and URI mismatch")
        self._book.types.update(found["id"], extra_specs={**found["extra_specs"], **call.body})
        return call.body

    def delete_spec(self, call: service.Call) -> Reply:
        """DELETE /types/{id}/extra_specs/{key}."""
        refusals.admin_only(call, "volume_extension:types_extra_specs:delete")
        key, found = call.params["key"], self._of(call)
        self._spec(found, key)
        self._book.types.update(found["id"], extra_specs=rules.without(found["extra_specs"], {key}))
        return Reply(202)

    # ---- encryption

    def encryption(self, call: service.Call) -> Any:
        """GET /types/{id}/encryption: {} when the type does not encrypt."""
        refusals.admin_only(call, "volume_extension:volume_type_encryption:get")
        settings = self._of(call)["encryption"]
        if settings is None:
            return {}
        moments = {key: times.stamp(settings[key]) for key in ("created_at", "updated_at")}
        return {**settings, **moments, "deleted": False, "deleted_at": None}

    def encryption_item(self, call: service.Call) -> Any:
        """GET /types/{id}/encryption/{key}."""
        key, settings = call.params["key"], self.encryption(call)
        if key not in settings:
            raise refusals.not_found(f"Volume type encryption for type {call.params['type_id']} does not exist.")
        return {key: settings[key]}

    def create_encryption(self, call: service.Call) -> Any:
        """POST /types/{id}/encryption."""
        refusals.admin_only(call, "volume_extension:volume_type_encryption:create")
        wanted = rules.read(call.body, "encryption", ENCRYPTION)
        for field in ("provider", "control_location"):
            if field not in wanted:
                raise rules.invalid("encryption", wanted, f"{field!r} is a required property")
        found = self._of(call)
        if found["encryption"] is not None:
            raise refusals.bad(f"Volume type encryption for type {found['id']} already exists.")
        settings = {
            "volume_type_id": found["id"],
            "encryption_id": ids.new_id(),
            "provider": wanted["provider"],
            "control_location": wanted["control_location"],
            "cipher": wanted.get("cipher"),
            "key_size": int(wanted["key_size"]) if wanted.get("key_size") is not None else None,
        }
        stored = {**settings, "created_at": self._book.now(), "updated_at": None}
        self._book.types.update(found["id"], encryption=stored)
        return {"encryption": settings}

    def update_encryption(self, call: service.Call) -> Any:
        """PUT /types/{id}/encryption/{encryption_id}."""
        refusals.admin_only(call, "volume_extension:volume_type_encryption:update")
        wanted = rules.read(call.body, "encryption", ENCRYPTION)
        found = self._encrypted(call)
        self._book.types.update(
            found["id"], encryption={**found["encryption"], **wanted, "updated_at": self._book.now()}
        )
        return {"encryption": wanted}

    def delete_encryption(self, call: service.Call) -> Reply:
        """DELETE /types/{id}/encryption/{encryption_id}."""
        refusals.admin_only(call, "volume_extension:volume_type_encryption:delete")
        self._book.types.update(self._encrypted(call)["id"], encryption=None)
        return Reply(202)

    # ---- helpers

    def _make(self, name: str, description: str | None, specs: dict[str, str], *, public: bool) -> state.Document:
        return self._book.types.insert(
            {
                "id": ids.new_id(),
                "name": name,
                "description": description,
                "is_public": public,
                "extra_specs": specs,
                "access": [],
                "qos_specs_id": None,
                "encryption": None,
            }
        )

    def _of(self, call: service.Call) -> state.Document:
        wanted = call.params["type_id"]
        found = self._book.types.get(wanted)
        if found is None or not self._book.may_use(call.identity, found):
            raise refusals.not_found(f"Volume type {wanted} could not be found.")
        return found

    def _encrypted(self, call: service.Call) -> state.Document:
        found = self._of(call)
        if found["encryption"] is None:
            raise refusals.not_found(f"Volume type encryption for type {found['id']} does not exist.")
        return found

    def _spec(self, found: state.Document, key: str) -> str:
        if key not in found["extra_specs"]:
            raise refusals.not_found(f"Volume Type {found['id']} has no extra specs with key {key}.")
        return str(found["extra_specs"][key])


#: Extra specs that every user may see; the rest tells about the inside of the cloud.
_VISIBLE_SPECS = frozenset({"RESKEY:availability_zones", "multiattach", "replication_enabled"})


def _view(call: service.Call, found: state.Document) -> dict[str, Any]:
    is_admin, specs = call.identity.is_admin, found["extra_specs"]
    body: dict[str, Any] = {
        "id": found["id"],
        "name": found["name"],
        "is_public": found["is_public"],
        "description": found["description"],
        "extra_specs": specs if is_admin else {key: specs[key] for key in specs if key in _VISIBLE_SPECS},
    }
    if is_admin:
        body["qos_specs_id"] = found["qos_specs_id"]
    return {**body, _PUBLIC: found["is_public"]}
