"""OS::Cinder::VolumeType: a kind of volumes, and who may have them.

Spec: https://docs.openstack.org/api-ref/block-storage/v3/#volume-types-types
"""

from collections.abc import Iterable, Mapping
from typing import Any

from hearth.model.values import UNKNOWN
from hearth.resources import base, blockers
from hearth.resources.contract import Call, Change, Gone, Issue, Observed, Values
from hearth.resources.remote import Remote, RemoteResource, texts
from hearth.resources.schema import ABSENT, Property

#: Where an examined type keeps the projects that may use it.
_ACCESS = "volume_type_access"


def _projects(call: Call, observed: Observed) -> Any:
    return observed.get(_ACCESS, ABSENT)


def _specs(call: Call, observed: Observed) -> Any:
    """As they were given if they are the same: other values than texts were sent as JSON."""
    given, present = call.properties.get("metadata") or {}, observed.get("extra_specs") or {}
    return given if texts(given) == present else present


@base.resource("OS::Cinder::VolumeType", since="2015.1")
class VolumeType(RemoteResource):
    """A type of volumes.

    The name is of one type only; admin only by default. The service refuses to delete a type that has volumes.
    """

    remote = Remote(service="volume", path="/types", envelope="volume_type")
    used_by = (blockers.VOLUMES_OF_TYPE,)

    name = Property(str, "Name of the type.", required=True, updatable=True)
    description = Property(str, "What it is for.", updatable=True, cleared="", since="5.0.0")
    is_public = Property(
        bool,
        "Whether every project may use it.",
        default=True,
        updatable=True,
        wire="os-volume-type-access:is_public",
        since="5.0.0",
    )
    metadata = Property(
        dict, "Extra specs: keys that the scheduler and drivers understand.", updatable=True, wire=None, live=_specs
    )
    projects = Property(
        list,
        "Projects that may use it while it is not public.",
        default=[],
        updatable=True,
        wire=None,
        live=_projects,
        items=Property(str, refers="keystone.project"),
        since="5.0.0",
    )

    def validate(self, properties: Values) -> Iterable[Issue]:
        """Every project may use a public type anyway."""
        yield from super().validate(properties)
        projects = properties.get("projects")
        if projects and projects is not UNKNOWN and properties.get("is_public") is True:
            yield Issue(
                ("projects",),
                "'projects' cannot be given for a public volume type.",
                "Set 'is_public' to false, or leave 'projects' out.",
            )

    def body(self, call: Call) -> dict[str, Any]:
        """With the extra specs, so that the type is never there without them."""
        specs = call.properties.get("metadata")
        return super().body(call) | ({"extra_specs": texts(specs)} if specs else {})

    async def listed(self, call: Call, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Those that are not public too."""
        return await super().listed(call, {**params, "is_public": "None"})

    async def finish(self, call: Call) -> None:
        """Who may use it."""
        if call.properties["projects"]:
            await self._set_access(call)

    def changes(self, call: Call, change: Change) -> dict[str, Any]:
        """Updates call one field otherwise than requests for a new type do."""
        body = super().changes(call, change)
        wire = self.properties["is_public"].wire_name
        return {"is_public" if field == wire else str(field): value for field, value in body.items()}

    async def update(self, call: Call, change: Change) -> str | None:
        """The type itself comes first: a public one has no list of projects."""
        await super().update(call, change)
        if "metadata" in change.properties:
            await self._set_specs(call, change.properties["metadata"] or {})
        if change.properties.keys() & {"projects", "is_public"} and not call.properties["is_public"]:
            await self._set_access(call)
        return None

    async def examine(self, call: Call, observed: Observed) -> Observed:
        """Access is a collection of its own."""
        if observed.get("is_public", True) or call.properties["is_public"]:
            return observed
        return {**observed, _ACCESS: await self._access(call)}

    async def _access(self, call: Call) -> list[str]:
        answer = await self.request(call, "GET", f"{self.path(call)}/os-volume-type-access")
        return [one["project_id"] for one in answer.body["volume_type_access"]]

    async def _set_access(self, call: Call) -> None:
        present, wanted = set(await self._access(call)), set(call.properties["projects"])
        for action, projects in (("removeProjectAccess", present - wanted), ("addProjectAccess", wanted - present)):
            for project in sorted(projects):
                await self.request(call, "POST", f"{self.path(call)}/action", {action: {"project": project}})

    async def _set_specs(self, call: Call, specs: Mapping[str, Any]) -> None:
        path = f"{self.path(call)}/extra_specs"
        # What others have added stays.
        for key in sorted(((call.previous or {}).get("metadata") or {}).keys() - specs.keys()):
            try:
                await self.request(call, "DELETE", f"{path}/{key}")
            except Gone:
                continue
        if specs:
            await self.request(call, "POST", path, {"extra_specs": texts(specs)})
