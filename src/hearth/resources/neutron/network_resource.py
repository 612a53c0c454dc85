"""What the types of the network service share: value_specs, tags, agents, and looking at many by their ids.

The properties `value_specs` and `tags` are declared by the types that have them; what they mean is written here.
"""

from collections.abc import Iterable
from typing import Any

from hearth.model.states import Action
from hearth.resources import failures
from hearth.resources.contract import Call, Change
from hearth.resources.remote import Readiness, Remote, RemoteResource

ON_CREATE = Readiness(ready=("ACTIVE",))
ON_EVERY = Readiness(ready=("ACTIVE", "DOWN"), on=frozenset({Action.CREATE, Action.UPDATE, Action.DELETE}))
ON_CHANGE = Readiness(ready=("ACTIVE", "DOWN"), on=frozenset({Action.CREATE, Action.UPDATE}))


def collection(
    envelope: str,
    *,
    path: str = "",
    plural: str = "",
    marker: str = "description",
    batch: str = "ids",
    readiness: Readiness | None = None,
) -> Remote:
    """A collection of the network service; the path follows from the envelope where it is regular."""
    return Remote(
        service="network",
        path=f"/v2.0/{path or envelope.replace('_', '-') + 's'}",
        envelope=envelope,
        plural=plural,
        marker=marker,
        batch=batch,
        readiness=readiness,
    )


class NetworkResource(RemoteResource):
    """A type of the network service."""

    named_before_create = False
    survives_failure = True

    def body(self, call: Call) -> dict[str, Any]:
        """The fields of the properties, and value_specs over them."""
        body = super().body(call)
        specs = body.pop("value_specs", None) or {}
        body.pop("tags", None)
        return body | specs

    def changes(self, call: Call, change: Change) -> dict[str, Any]:
        """The fields of the changed properties, and what changed in value_specs."""
        changed = super().changes(call, change)
        specs = changed.pop("value_specs", None) or {}
        changed.pop("tags", None)
        before = (call.previous or {}).get("value_specs") or {}
        return changed | {key: value for key, value in specs.items() if key not in before or before[key] != value}

    async def agents(self, call: Call, listing: str) -> list[str]:
        """Ids of the agents that serve the object."""
        answer = await self.request(call, "GET", f"{self.path(call)}/{listing}")
        return [agent["id"] for agent in answer.body["agents"]]

    async def finish(self, call: Call) -> None:
        """Set the tags, which the create request cannot hold."""
        if call.properties.get("tags"):
            await self.set_tags(call)

    async def update(self, call: Call, change: Change) -> str | None:
        """Change the fields, and the tags."""
        await super().update(call, change)
        if "tags" in change.properties:
            await self.set_tags(call)
        return None

    async def set_tags(self, call: Call) -> None:
        """Make the object's tags those of the properties."""
        await self.request(call, "PUT", f"{self.path(call)}/tags", {"tags": call.properties.get("tags") or []})

    async def set_agents(self, call: Call, wanted: Iterable[str], listing: str, hosting: str, key: str) -> None:
        """Make the agents that serve the object those that are wanted.

        Args:
            listing: below the object's path, the list of its agents.
            hosting: below an agent's path, the collection of what it serves; `key` names the object there.
        """
        present = set(await self.agents(call, listing))
        for agent in sorted(present - set(wanted)):
            await self.request(call, "DELETE", f"/v2.0/agents/{agent}/{hosting}/{call.physical_id}")
        for agent in sorted(set(wanted) - present):
            body = {key: call.physical_id}
            await self.request(call, "POST", f"/v2.0/agents/{agent}/{hosting}", body, creating=True)


async def show(call: Call, path: str, envelope: str) -> dict[str, Any]:
    """Another object of the network service."""
    with failures.sorted_out(creating=True):
        answer = await call.cloud.get("network", path)
    shown: dict[str, Any] = answer.body[envelope]
    return shown


async def listing(call: Call, path: str, key: str, **params: Any) -> list[dict[str, Any]]:
    """Other objects of the network service."""
    with failures.sorted_out(creating=True):
        answer = await call.cloud.get("network", path, params=params)
    listed: list[dict[str, Any]] = answer.body[key]
    return listed
