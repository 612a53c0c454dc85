"""What types of the database service share: paths without a version, and networks as the service wants them."""

from collections.abc import Iterable, Mapping
from typing import Any

from hearth.model.diagnostics import Path
from hearth.model.states import Action
from hearth.model.values import is_known
from hearth.resources.contract import Call, Issue, Observed
from hearth.resources.remote import Readiness, Remote, RemoteResource

_READINESS = Readiness(
    ready=("ACTIVE", "HEALTHY"),
    failed=("ERROR", "FAILED"),
    on=frozenset({Action.CREATE, Action.UPDATE, Action.DELETE}),
)


def collection(envelope: str) -> Remote:
    """A collection."""
    return Remote(service="database", path=f"/{envelope}s", envelope=envelope, readiness=_READINESS)


class Served(RemoteResource):
    """A thing that is known by its name."""

    async def locate(self, call: Call) -> str | None:
        """The one of the name. The list cannot be filtered."""
        name, marker = call.properties.get("name") or call.physical_name, None
        while True:
            page = await self.listed(call, {"limit": 20, "marker": marker})
            for one in page:
                if one["name"] == name:
                    return str(one["id"])
            if not page or str(page[-1]["id"]) == marker:
                return None
            marker = str(page[-1]["id"])


def nics(networks: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Networks in the service's words."""
    names = {"network": "net-id", "port": "port-id", "fixed_ip": "v4-fixed-ip"}
    return [{names[key]: value for key, value in one.items() if key in names} for one in networks]


def wrong_networks(path: Path, networks: Any) -> Iterable[Issue]:
    """Each is a network or a port."""
    for at, one in enumerate(networks if isinstance(networks, list) else ()):
        if not isinstance(one, Mapping) or not is_known(one.get("network")) or not is_known(one.get("port")):
            continue
        if ("network" in one) == ("port" in one):
            yield Issue((*path, at), "A network needs one of 'network' and 'port'.", "Give one of them.")


def self_link(shown: Observed) -> Any:
    """Where the service shows it."""
    links = [one["href"] for one in shown.get("links") or () if one.get("rel") == "self"]
    return links[0] if links else None
