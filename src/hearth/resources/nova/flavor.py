"""OS::Nova::Flavor: a size that servers can have.

Spec: https://docs.openstack.org/api-ref/compute/#flavors
"""

from typing import Any

from hearth.resources import base, blockers
from hearth.resources.contract import Call, Change, Gone, Observed
from hearth.resources.remote import Remote, RemoteResource
from hearth.resources.schema import ABSENT, PHYSICAL_NAME, Attribute, Property

#: Where an examined flavor keeps the projects that may use it.
_ACCESS = "flavor_access"


def _projects(call: Call, observed: Observed) -> Any:
    return observed.get(_ACCESS, ABSENT)


@base.resource("OS::Nova::Flavor", since="2014.2")
class Flavor(RemoteResource):
    """A flavor of servers.

    Its id is chosen here, so that a lost answer leaves no doubt; admin only by default.
    """

    remote = Remote(service="compute", path="/flavors", envelope="flavor")
    used_by = (blockers.servers(flavor="{id}", all_tenants="1"),)

    name = Property(str, "Name of the flavor.", default=PHYSICAL_NAME, since="7.0.0")
    flavorid = Property(str, "Id of the flavor; made if it is not given.", wire=None, live="id", since="7.0.0")
    ram = Property(int, "Memory in MiB.", required=True)
    vcpus = Property(int, "Virtual CPUs.", required=True)
    disk = Property(int, "Root disk in GiB; 0 for the size of the image.", default=0)
    ephemeral = Property(int, "Second disk in GiB.", default=0, wire="OS-FLV-EXT-DATA:ephemeral")
    swap = Property(int, "Swap space in MiB.", default=0, live=lambda call, observed: observed.get("swap") or 0)
    rxtx_factor = Property(float, "Factor of the network's bandwidth.", default=1.0)
    is_public = Property(
        bool, "Whether every project may use it.", default=True, wire="os-flavor-access:is_public", since="6.0.0"
    )
    extra_specs = Property(
        dict, "Keys that the scheduler and drivers understand.", updatable=True, wire=None, live="extra_specs"
    )
    tenants = Property(
        list,
        "Projects that may use it while it is not public.",
        default=[],
        updatable=True,
        wire=None,
        live=_projects,
        items=Property(str, refers="keystone.project"),
        since="8.0.0",
    )

    attributes = {
        "extra_specs": Attribute(dict, "Keys that the scheduler and drivers understand.", since="7.0.0"),
        "is_public": Attribute(
            bool,
            "Whether every project may use it.",
            source=lambda observed: observed.get("os-flavor-access:is_public"),
            since="6.0.0",
        ),
    }

    def body(self, call: Call) -> dict[str, Any]:
        """With the id, which is the row's if none was given."""
        return {**super().body(call), "id": _flavor_id(call)}

    async def locate(self, call: Call) -> str | None:
        """The id says it."""
        return await self.existing(call, _flavor_id(call))

    async def finish(self, call: Call) -> None:
        """Extra specs and access."""
        specs = call.properties.get("extra_specs")
        if specs:
            await self._set_specs(call, specs)
        if call.properties.get("tenants") and not call.properties["is_public"]:
            await self._set_access(call)

    async def update(self, call: Call, change: Change) -> str | None:
        """Extra specs and access."""
        if "extra_specs" in change.properties:
            wanted = change.properties["extra_specs"] or {}
            for key in ((call.previous or {}).get("extra_specs") or {}).keys() - wanted.keys():
                try:
                    await self.request(call, "DELETE", f"{self.path(call)}/os-extra_specs/{key}")
                except Gone:
                    continue
            if wanted:
                await self._set_specs(call, wanted)
        if "tenants" in change.properties and not call.properties["is_public"]:
            await self._set_access(call)
        return None

    async def attribute(self, call: Call, name: str, observed: Observed | None) -> Any:
        """Extra specs are a collection of their own."""
        if name == "extra_specs":
            return await self._specs(call)
        return await super().attribute(call, name, observed)

    async def examine(self, call: Call, observed: Observed) -> Observed:
        """Extra specs and access are collections of their own."""
        seen = dict(observed)
        if "extra_specs" in call.properties:
            seen["extra_specs"] = await self._specs(call)
        if not observed.get("os-flavor-access:is_public", True) and not call.properties["is_public"]:
            seen[_ACCESS] = await self._access(call)
        return seen

    async def _specs(self, call: Call) -> Any:
        return (await self.request(call, "GET", f"{self.path(call)}/os-extra_specs")).body["extra_specs"]

    async def _access(self, call: Call) -> list[str]:
        answer = await self.request(call, "GET", f"{self.path(call)}/os-flavor-access")
        return [one["tenant_id"] for one in answer.body["flavor_access"]]

    async def _set_specs(self, call: Call, specs: dict[str, Any]) -> None:
        body = {"extra_specs": {key: str(value) for key, value in specs.items()}}
        await self.request(call, "POST", f"{self.path(call)}/os-extra_specs", body)

    async def _set_access(self, call: Call) -> None:
        present = set(await self._access(call))
        wanted = set(call.properties.get("tenants") or ())
        for action, projects in (("removeTenantAccess", present - wanted), ("addTenantAccess", wanted - present)):
            for project in sorted(projects):
                await self.request(call, "POST", f"{self.path(call)}/action", {action: {"tenant": project}})


def _flavor_id(call: Call) -> str:
    return call.properties.get("flavorid") or call.resource_id
