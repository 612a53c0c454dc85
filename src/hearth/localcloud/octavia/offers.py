"""What administrators offer to users of load balancers: flavors and availability zones, each with its profile; quotas.

Spec: https://docs.openstack.org/api-ref/load-balancer/v2/#flavors
"""

import json
from typing import TYPE_CHECKING, Any, cast

from hearth.localcloud.core import errors, service, staged, state
from hearth.localcloud.core.staged import Field

if TYPE_CHECKING:
    from hearth.localcloud.octavia.service import Octavia

QUOTAS = ("load_balancer", "listener", "member", "pool", "health_monitor", "l7policy", "l7rule")
#: Older spellings that the service still takes.
_OLDER = {"loadbalancer": "load_balancer", "healthmonitor": "health_monitor"}


def _json(text: str) -> str:
    try:
        json.loads(text)
    except ValueError:
        raise ValueError("it is not valid JSON") from None
    return text


class Offer(staged.Staged):
    """Something that administrators make and everybody sees."""

    admin_writes = shared = True
    stamps = None
    index = ()

    @property
    def octavia(self) -> "Octavia":
        return cast("Octavia", self.service)

    def not_found(self, id: str) -> errors.ApiError:
        return errors.ApiError(404, f"{self.singular.capitalize()} {id} not found.")

    def refuse_in_use(self, document: state.Document, users: list[state.Document]) -> None:
        """409 while others need it."""
        if users:
            raise errors.ApiError(409, f"{self.singular} {document['id']} is in use and cannot be modified.")


class FlavorProfiles(Offer):
    """What a provider is told."""

    singular, plural, path = "flavorprofile", "flavorprofiles", "/v2/lbaas/flavorprofiles"
    fields = (
        Field("name", required=True),
        Field("provider_name", required=True),
        Field("flavor_data", required=True, check=_json),
    )

    def change(self, call: service.Call, document: state.Document, changes: state.Document) -> None:
        if set(changes) - {"name"}:
            self.check_delete(call, document)

    def check_delete(self, call: service.Call, document: state.Document) -> None:
        self.refuse_in_use(document, self.octavia.flavors.table.select(flavor_profile_id=document["id"]))


class Flavors(Offer):
    """What users choose."""

    singular, plural, path = "flavor", "flavors", "/v2/lbaas/flavors"
    fields = (
        Field("name", required=True),
        Field("description", default="", nullable=True),
        Field("flavor_profile_id", required=True, update=False),
        Field("enabled", bool, default=True),
    )

    def complete(self, call: service.Call, document: state.Document) -> None:
        if document["flavor_profile_id"] not in self.octavia.flavor_profiles.table:
            raise self.refuse(f"Flavorprofile {document['flavor_profile_id']} not found.")
        if self.table.select(name=document["name"]):
            raise errors.ApiError(409, "A flavor of this name already exists.")

    def check_delete(self, call: service.Call, document: state.Document) -> None:
        self.refuse_in_use(document, self.octavia.load_balancers.table.select(flavor_id=document["id"]))


class ZoneProfiles(Offer):
    """What a provider is told of a zone."""

    singular, plural = "availability_zone_profile", "availability_zone_profiles"
    path = "/v2/lbaas/availabilityzoneprofiles"
    fields = (
        Field("name", required=True),
        Field("provider_name", required=True),
        Field("availability_zone_data", required=True, check=_json),
    )

    def change(self, call: service.Call, document: state.Document, changes: state.Document) -> None:
        if set(changes) - {"name"}:
            self.check_delete(call, document)

    def check_delete(self, call: service.Call, document: state.Document) -> None:
        self.refuse_in_use(document, self.octavia.zones.table.select(availability_zone_profile_id=document["id"]))


class Zones(Offer):
    """Where load balancers can be. Their names are their ids."""

    singular, plural, path = "availability_zone", "availability_zones", "/v2/lbaas/availabilityzones"
    fields = (
        Field("name", required=True, update=False),
        Field("description", default="", nullable=True),
        Field("availability_zone_profile_id", required=True, update=False),
        Field("enabled", bool, default=True),
    )

    def complete(self, call: service.Call, document: state.Document) -> None:
        document["id"] = document["name"]
        if document["availability_zone_profile_id"] not in self.octavia.zone_profiles.table:
            raise self.refuse(f"Profile {document['availability_zone_profile_id']} not found.")
        if document["id"] in self.table:
            raise errors.ApiError(409, "An availability zone of this name already exists.")

    def check_delete(self, call: service.Call, document: state.Document) -> None:
        self.refuse_in_use(document, self.octavia.load_balancers.table.select(availability_zone=document["id"]))

    def view(self, call: service.Call, document: state.Document) -> state.Document:
        shown = super().view(call, document)
        del shown["id"]
        return shown


class Quotas:
    """How much projects may have."""

    _path = "/v2/lbaas/quotas/{project}"

    def __init__(self, owner: "Octavia") -> None:
        self._octavia = owner
        self._table = owner.cloud.state.table("octavia.quotas")

    def routes(self) -> list[service.Route]:
        """The routes of quotas."""
        return [
            service.Route("GET", self._path, self.show),
            service.Route("GET", self._path + "/default", self.defaults),
            service.Route("PUT", self._path, self.set),
            service.Route("DELETE", self._path, self.reset),
        ]

    def require(self, project: str, name: str, used: int) -> None:
        """Check that a project may have one more of something. Raises 403."""
        limit = self._limits(project)[name]
        if 0 <= limit <= used:
            raise errors.ApiError(403, f"Quota has been met for resources: {name.replace('_', ' ')}")

    def _limits(self, project: str) -> dict[str, int]:
        saved = self._table.get(project)
        return {**dict.fromkeys(QUOTAS, -1), **(saved["limits"] if saved else {})}

    def show(self, call: service.Call) -> Any:
        """The limits of a project; the one called "defaults" has no others."""
        return {"quota": self._limits(self._project(call))}

    def defaults(self, call: service.Call) -> Any:
        """What a project has that has no limits of its own."""
        self._project(call)
        return {"quota": dict.fromkeys(QUOTAS, -1)}

    def set(self, call: service.Call) -> Any:
        """Set some limits."""
        project = self._project(call, writes=True)
        given = call.body.get("quota") if isinstance(call.body, dict) else None
        limits = {_OLDER.get(name, name): value for name, value in (given or {}).items() if name != "project_id"}
        for name, value in limits.items():
            if name not in QUOTAS or not isinstance(value, int) or value < -1:
                raise errors.ApiError(400, f"Invalid input for field/attribute {name}. Value: {value!r}.")
        saved = self._table.get(project)
        if saved is None:
            self._table.insert({"id": project, "limits": limits})
        else:
            self._table.update(project, limits={**saved["limits"], **limits})
        return service.Reply(202, self.show(call))

    def reset(self, call: service.Call) -> Any:
        """The defaults again."""
        project = self._project(call, writes=True)
        if project in self._table:
            self._table.delete(project)
        return service.Reply(204)

    def _project(self, call: service.Call, *, writes: bool = False) -> str:
        project = call.params["project"]
        if (writes and not call.identity.is_admin) or not (project == "defaults" or call.identity.sees(project)):
            raise errors.ApiError(403, "Policy does not allow this request to be performed.")
        return project
