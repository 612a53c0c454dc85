"""Flavors: the sizes of servers, their extra specs, and who may use private ones."""

from typing import Any

from hearth.localcloud.cinder import paging, refusals, rules, versions
from hearth.localcloud.core import ids, service, state
from hearth.localcloud.core.service import Reply, Route
from hearth.localcloud.nova import book

_PUBLIC = "os-flavor-access:is_public"
_EPHEMERAL = "OS-FLV-EXT-DATA:ephemeral"
CREATE = rules.Shape(
    {
        "name": rules.name,
        "id": rules.optional(rules.either(rules.text(1, 255, pattern=r"\S(.*\S)?"), rules.integer(0))),
        "ram": rules.integer(1),
        "vcpus": rules.integer(1),
        "disk": rules.integer(0),
        "swap": rules.integer(0),
        _EPHEMERAL: rules.integer(0),
        "rxtx_factor": rules.number,
        _PUBLIC: rules.boolean,
        "description": rules.optional(rules.text(0, 65535)),
    },
    required=("name", "ram", "vcpus", "disk"),
)
#: id, name, ram in MiB, vcpus, disk in GiB.
SEED = (
    ("42", "m1.nano", 64, 1, 1),
    ("1", "m1.tiny", 512, 1, 1),
    ("2", "m1.small", 2048, 1, 20),
    ("3", "m1.medium", 4096, 2, 40),
    ("4", "m1.large", 8192, 4, 80),
    ("5", "m1.xlarge", 16384, 8, 160),
)
_SORT_KEYS = {"flavorid": "id", "id": "id", "name": "name", "memory_mb": "ram", "vcpus": "vcpus", "root_gb": "disk"}


class Flavors:
    """The /flavors collection."""

    def __init__(self, records: book.Book) -> None:
        self._book = records

    def routes(self) -> list[Route]:
        """Routes below /v2.1."""
        one = "/flavors/{flavor_id}"
        return [
            Route("GET", "/flavors", self.index),
            Route("GET", "/flavors/detail", self.detail),
            Route("POST", "/flavors", self.create),
            Route("GET", one, self.show),
            Route("PUT", one, self.update),
            Route("DELETE", one, self.delete),
            Route("GET", one + "/os-extra_specs", self.specs),
            Route("POST", one + "/os-extra_specs", self.add_specs),
            Route("GET", one + "/os-extra_specs/{key}", self.spec),
            Route("PUT", one + "/os-extra_specs/{key}", self.put_spec),
            Route("DELETE", one + "/os-extra_specs/{key}", self.delete_spec),
            Route("GET", one + "/os-flavor-access", self.access),
            Route("POST", one + "/action", self.act),
        ]

    def seed(self) -> None:
        """The flavors of a fresh cloud."""
        for id, name, ram, vcpus, disk in SEED:
            self._insert({"id": id, "name": name, "ram": ram, "vcpus": vcpus, "disk": disk})

    # ---- flavors

    def index(self, call: service.Call) -> Any:
        """GET /flavors."""
        return self._listing(call, "/flavors", lambda flavor: self._brief(call, flavor))

    def detail(self, call: service.Call) -> Any:
        """GET /flavors/detail."""
        return self._listing(call, "/flavors/detail", lambda flavor: self._view(call, flavor))

    def create(self, call: service.Call) -> Any:
        """POST /flavors."""
        refusals.admin_only(call, "os_compute_api:os-flavor-manage:create")
        wanted = rules.read(call.body, "flavor", CREATE)
        id = wanted.get("id")
        id = ids.new_id() if id in (None, "auto") else str(id)
        if id in self._book.flavors:
            raise refusals.conflict(f"Flavor with ID {id} already exists.")
        if self._book.flavors.select(name=wanted["name"]):
            raise refusals.conflict(f"Flavor with name {wanted['name']} already exists.")
        made = self._insert(
            {
                "id": id,
                "name": wanted["name"],
                "ram": int(wanted["ram"]),
                "vcpus": int(wanted["vcpus"]),
                "disk": int(wanted["disk"]),
                "swap": int(wanted.get("swap", 0)),
                "ephemeral": int(wanted.get(_EPHEMERAL, 0)),
                "rxtx_factor": float(wanted.get("rxtx_factor", 1.0)),
                "is_public": rules.truth(wanted.get(_PUBLIC, True)),
                "description": wanted.get("description"),
            }
        )
        return {"flavor": self._view(call, made)}

    def show(self, call: service.Call) -> Any:
        """GET /flavors/{id}."""
        return {"flavor": self._view(call, self._of(call))}

    def update(self, call: service.Call) -> Any:
        """PUT /flavors/{id} (2.55): the description."""
        versions.require(call, 2, 55)
        refusals.admin_only(call, "os_compute_api:os-flavor-manage:update")
        shape = rules.Shape({"description": rules.optional(rules.text(0, 65535))}, required=("description",))
        wanted = rules.read(call.body, "flavor", shape)
        updated = self._book.flavors.update(self._of(call)["id"], description=wanted["description"])
        return {"flavor": self._view(call, updated)}

    def delete(self, call: service.Call) -> Reply:
        """DELETE /flavors/{id}."""
        refusals.admin_only(call, "os_compute_api:os-flavor-manage:delete")
        self._book.flavors.delete(self._of(call)["id"])
        return Reply(202)

    # ---- extra specs

    def specs(self, call: service.Call) -> Any:
        """GET /flavors/{id}/os-extra_specs."""
        return {"extra_specs": self._of(call)["extra_specs"]}

    def add_specs(self, call: service.Call) -> Any:
        """POST /flavors/{id}/os-extra_specs."""
        refusals.admin_only(call, "os_compute_api:os-flavor-extra-specs:create")
        given = rules.read(call.body, "extra_specs", rules.Shape({}, open=True))
        given = {key: str(value) for key, value in given.items()}
        if problem := rules.texts(given):
            raise rules.invalid("extra_specs", given, problem)
        flavor = self._of(call)
        self._book.flavors.update(flavor["id"], extra_specs={**flavor["extra_specs"], **given})
        return {"extra_specs": given}

    def spec(self, call: service.Call) -> Any:
        """GET /flavors/{id}/os-extra_specs/{key}."""
        flavor, key = self._of(call), call.params["key"]
        return {key: self._spec(flavor, key)}

    def put_spec(self, call: service.Call) -> Any:
        """PUT /flavors/{id}/os-extra_specs/{key}."""
        refusals.admin_only(call, "os_compute_api:os-flavor-extra-specs:update")
        flavor, key = self._of(call), call.params["key"]
        if not isinstance(call.body, dict) or list(call.body) != [key]:
            raise refusals.bad("Request body and URI mismatch")
        value = str(call.body[key])
        self._book.flavors.update(flavor["id"], extra_specs={**flavor["extra_specs"], key: value})
        return {key: value}

    def delete_spec(self, call: service.Call) -> Reply:
        """DELETE /flavors/{id}/os-extra_specs/{key}."""
        refusals.admin_only(call, "os_compute_api:os-flavor-extra-specs:delete")
        flavor, key = self._of(call), call.params["key"]
        self._spec(flavor, key)
        self._book.flavors.update(flavor["id"], extra_specs=rules.without(flavor["extra_specs"], {key}))
        return Reply(200)

    # ---- access

    def access(self, call: service.Call) -> Any:
        """GET /flavors/{id}/os-flavor-access."""
        refusals.admin_only(call, "os_compute_api:os-flavor-access")
        flavor = self._of(call)
        if flavor["is_public"]:
            raise refusals.not_found("Access list not available for public flavors.")
        return _access_view(flavor)

    def act(self, call: service.Call) -> Any:
        """POST /flavors/{id}/action: addTenantAccess, removeTenantAccess."""
        given = call.body if isinstance(call.body, dict) else {}
        add, remove = given.get("addTenantAccess"), given.get("removeTenantAccess")
        change = add if isinstance(add, dict) else remove
        if not isinstance(change, dict) or not isinstance(change.get("tenant"), str):
            raise refusals.bad(f"There is no such action: {next(iter(given), 'none given')}")
        refusals.admin_only(call, f"os_compute_api:os-flavor-access:{'add' if add else 'remove'}_tenant_access")
        flavor, project = self._of(call), change["tenant"]
        access = flavor["access"]
        if add:
            if flavor["is_public"]:
                raise refusals.conflict("Can not add access to a public flavor.")
            if project in access:
                raise refusals.conflict(
                    f"Flavor access already exists for flavor {flavor['id']} and project {project} combination."
                )
            access = [*access, project]
        elif project in access:
            access = [each for each in access if each != project]
        else:
            raise refusals.not_found(f"Flavor access not found for {flavor['id']} / {project} combination.")
        return _access_view(self._book.flavors.update(flavor["id"], access=access))

    # ---- helpers

    def _insert(self, fields: dict[str, Any]) -> state.Document:
        defaults: dict[str, Any] = {
            "swap": 0,
            "ephemeral": 0,
            "rxtx_factor": 1.0,
            "is_public": True,
            "description": None,
            "extra_specs": {},
            "access": [],
        }
        return self._book.flavors.insert({**defaults, **fields})

    def _of(self, call: service.Call) -> state.Document:
        id = call.params["flavor_id"]
        found = self._book.flavor(call.identity, id)
        if found is None:
            raise refusals.not_found(f"Flavor {id} could not be found.")
        return found

    def _spec(self, flavor: state.Document, key: str) -> str:
        if key not in flavor["extra_specs"]:
            raise refusals.not_found(f"Flavor {flavor['id']} has no extra specs with key {key}.")
        return str(flavor["extra_specs"][key])

    def _listing(self, call: service.Call, path: str, view: Any) -> Any:
        identity, query = call.identity, call.query
        found = [each for each in self._book.flavors if self._book.flavor(identity, each["id"])]
        wanted = query.get("is_public", "true")
        if not identity.is_admin:
            found = [each for each in found if each["is_public"] or identity.project_id in each["access"]]
        elif wanted.lower() != "none":
            found = [each for each in found if each["is_public"] == rules.truth(wanted)]
        for key, field in (("minRam", "ram"), ("minDisk", "disk")):
            if key in query:
                if not query[key].isdigit():
                    raise refusals.bad(f"Invalid {key} filter [{query[key]}]")
                found = [each for each in found if each[field] >= int(query[key])]
        sort_key, direction = query.get("sort_key", "flavorid"), query.get("sort_dir", "asc")
        if sort_key not in _SORT_KEYS or direction not in ("asc", "desc"):
            raise refusals.bad(f"Invalid input for query parameters sort_key. Value: {sort_key} {direction}")
        found = paging.arrange(found, [(_SORT_KEYS[sort_key], direction)])
        page = paging.cut(found, query, refusals.bad(f"marker [{query.get('marker')}] not found"))
        body: dict[str, Any] = {"flavors": [view(each) for each in page.items]}
        if links := paging.next_link(call.service.url(f"/v2.1{path}"), query.multi_items(), page):
            body["flavors_links"] = links
        return body

    def _brief(self, call: service.Call, flavor: state.Document) -> dict[str, Any]:
        body = {"id": flavor["id"], "name": flavor["name"], "links": _links(call, flavor)}
        if versions.at_least(call, 2, 55):
            body["description"] = flavor["description"]
        return body

    def _view(self, call: service.Call, flavor: state.Document) -> dict[str, Any]:
        swap: int | str = flavor["swap"]
        if not swap and not versions.at_least(call, 2, 75):
            swap = ""
        body = {
            "id": flavor["id"],
            "name": flavor["name"],
            "ram": flavor["ram"],
            "disk": flavor["disk"],
            "swap": swap,
            _EPHEMERAL: flavor["ephemeral"],
            "OS-FLV-DISABLED:disabled": False,
            "vcpus": flavor["vcpus"],
            _PUBLIC: flavor["is_public"],
            "rxtx_factor": flavor["rxtx_factor"],
            "links": _links(call, flavor),
        }
        if versions.at_least(call, 2, 55):
            body["description"] = flavor["description"]
        if versions.at_least(call, 2, 61):
            body["extra_specs"] = flavor["extra_specs"]
        return body


def _access_view(flavor: state.Document) -> Any:
    return {"flavor_access": [{"flavor_id": flavor["id"], "tenant_id": each} for each in flavor["access"]]}


def _links(call: service.Call, flavor: state.Document) -> list[dict[str, str]]:
    return [
        {"rel": "self", "href": call.service.url(f"/v2.1/flavors/{flavor['id']}")},
        {"rel": "bookmark", "href": call.service.url(f"/flavors/{flavor['id']}")},
    ]
