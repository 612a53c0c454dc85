"""What a token gives: who, where, which roles, until when, and the endpoints.

A plain value, read from Keystone's answer by `hearth.cloud.credentials`. Makes no calls.
"""

import dataclasses
import datetime
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from hearth.cloud import catalog, settings


@dataclasses.dataclass(frozen=True, slots=True)
class Access:
    """A token and what Keystone says about it. `expires_at`: epoch seconds. `endpoints`: official type to URL."""

    token: str = dataclasses.field(repr=False)
    expires_at: float
    user_id: str
    user_name: str
    project_id: str | None
    project_name: str | None
    domain_id: str | None
    roles: tuple[str, ...]
    trust_id: str | None
    endpoints: Mapping[str, str] = dataclasses.field(repr=False)
    catalog: Sequence[Mapping[str, Any]] = dataclasses.field(default=(), repr=False)

    @property
    def hosts(self) -> set[str]:
        """The hosts of all endpoints in the catalog, in any region."""
        listed = [endpoint["url"] for service in self.catalog for endpoint in service.get("endpoints", ())]
        return {urlsplit(url).netloc for url in (*listed, *self.endpoints.values())}

    def seen_with(self, options: settings.CloudSettings) -> "Access":
        """The same with the endpoints that other settings choose."""
        return dataclasses.replace(self, endpoints=_endpoints(self.catalog, self.project_id, options))


def from_wire(token: str, body: Mapping[str, Any], options: settings.CloudSettings) -> Access:
    """Read the body of Keystone's `GET` or `POST /v3/auth/tokens`."""
    data = body["token"]
    project = data.get("project") or {}
    project_id = project.get("id")
    listed = tuple(data.get("catalog") or ())
    return Access(
        token=token,
        expires_at=epoch(data["expires_at"]),
        user_id=data["user"]["id"],
        user_name=data["user"].get("name", ""),
        project_id=project_id,
        project_name=project.get("name"),
        domain_id=(data.get("domain") or {}).get("id"),
        roles=tuple(role["name"] for role in data.get("roles") or ()),
        trust_id=(data.get("OS-TRUST:trust") or {}).get("id"),
        endpoints=_endpoints(listed, project_id, options),
        catalog=listed,
    )


def _endpoints(
    listed: Sequence[Mapping[str, Any]], project_id: str | None, options: settings.CloudSettings
) -> dict[str, str]:
    found = catalog.endpoints(listed, options)
    for kind, url in options.endpoint_overrides.items():
        found[kind] = (url % {"project_id": project_id, "tenant_id": project_id}).rstrip("/")
    return found


def epoch(text: str) -> float:
    """Keystone's ISO 8601 time as epoch seconds."""
    return datetime.datetime.fromisoformat(text).timestamp()
