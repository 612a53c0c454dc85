"""OS::Nova::HostAggregate: compute hosts that are alike in some way.

Spec: https://docs.openstack.org/api-ref/compute/#host-aggregates-os-aggregates
"""

from typing import Any

from hearth.resources import base
from hearth.resources.contract import Call, Change, Gone, Observed
from hearth.resources.remote import METADATA_KEY, Remote, RemoteResource, own_metadata, texts
from hearth.resources.schema import Property

_ZONE = "availability_zone"


@base.resource("OS::Nova::HostAggregate", since="6.0.0")
class HostAggregate(RemoteResource):
    """A group of compute hosts.

    Admin only by default. Its zone stands among its metadata, where the service keeps it.
    """

    remote = Remote(service="compute", path="/os-aggregates", envelope="aggregate")

    name = Property(str, "Name of the aggregate.", required=True, updatable=True)
    availability_zone = Property(str, "Availability zone that its hosts make.", updatable=True)
    hosts = Property(
        list,
        "Compute hosts in it.",
        updatable=True,
        wire=None,
        live="hosts",
        items=Property(str, constraint="nova.host"),
    )
    metadata = Property(
        dict,
        "Texts that the scheduler compares.",
        default={},
        updatable=True,
        wire=None,
        live=own_metadata(hidden=(_ZONE,)),
    )

    async def locate(self, call: Call) -> str | None:
        """The aggregate of that name, if it is marked, or as bare as a request leaves it. Names are used once."""
        for one in await self.listed(call, {}):
            metadata = {key: value for key, value in one["metadata"].items() if key != _ZONE}
            bare = not metadata and not one["hosts"]
            if one["name"] == call.properties["name"] and (bare or metadata.get(METADATA_KEY) == call.resource_id):
                return str(one["id"])
        return None

    async def finish(self, call: Call) -> None:
        """Metadata and hosts."""
        await self._set_metadata(call, call.properties["metadata"])
        await self._set_hosts(call)

    async def update(self, call: Call, change: Change) -> str | None:
        """Each in its own request."""
        fields = {key: value for key, value in self.changes(call, change).items() if value is not None}
        if fields:
            await self.request(call, "PUT", self.path(call), {"aggregate": fields})
        wanted = dict(call.properties["metadata"]) if "metadata" in change.properties else {}
        if "metadata" in change.properties:
            gone = ((call.previous or {}).get("metadata") or {}).keys() - wanted.keys()
            wanted |= dict.fromkeys(gone - {_ZONE})
        if _ZONE in change.properties and change.properties[_ZONE] is None:
            wanted[_ZONE] = None
        if wanted:
            await self._set_metadata(call, wanted)
        if "hosts" in change.properties:
            await self._set_hosts(call)
        return None

    async def delete(self, call: Call) -> None:
        """The service deletes only what is empty."""
        await self._set_hosts(call, ())
        await super().delete(call)

    async def _set_metadata(self, call: Call, wanted: dict[str, Any]) -> None:
        kept = {key: value for key, value in wanted.items() if value is None}
        body = texts({key: value for key, value in wanted.items() if value is not None}) | kept
        await self._act(call, "set_metadata", {"metadata": {**body, METADATA_KEY: call.resource_id}})

    async def _set_hosts(self, call: Call, hosts: Any = None) -> None:
        wanted = set(call.properties.get("hosts") or () if hosts is None else hosts)
        present = set((await self._there(call))["hosts"])
        for host in sorted(present - wanted):
            try:
                await self._act(call, "remove_host", {"host": host})
            except Gone:
                await self._there(call)
        for host in sorted(wanted - present):
            await self._act(call, "add_host", {"host": host})

    async def _there(self, call: Call) -> Observed:
        """The aggregate. Raises Gone."""
        observed = await self.observe(call)
        assert observed is not None
        return observed

    async def _act(self, call: Call, action: str, details: dict[str, Any]) -> None:
        await self.request(call, "POST", f"{self.path(call)}/action", {action: details})
