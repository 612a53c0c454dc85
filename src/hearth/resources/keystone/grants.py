"""Roles that somebody has in projects and domains: the property that lists them, and what makes it true.

Used by users and groups, which have such a property, and by the types that only assign roles. Granting and revoking
may be repeated. What others granted is left alone.

Spec: https://docs.openstack.org/api-ref/identity/v3/#roles
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from hearth.resources.contract import Call, Gone, Issue, Observed
from hearth.resources.remote import RemoteResource
from hearth.resources.schema import Property

Grant = Mapping[str, Any]
SCOPES: Final = ("project", "domain")
_CONFLICT, _UNSPECIFIED = "ResourcePropertyConflict", "PropertyUnspecifiedError"


def roles_property() -> Property:
    """The list of roles."""
    return Property(
        list,
        "Roles that are granted, each in a project or a domain.",
        updatable=True,
        wire=None,
        live=_granted,
        items=Property(
            dict,
            fields={
                "role": Property(str, "The role.", required=True, refers="keystone.role"),
                "project": Property(str, "Project in which it is granted.", refers="keystone.project"),
                "domain": Property(str, "Domain in which it is granted.", refers="keystone.domain"),
            },
        ),
    )


def issues(properties: Mapping[str, Any]) -> Iterable[Issue]:
    """Each role is granted in one place."""
    roles = properties.get("roles")
    for at, grant in enumerate(roles if isinstance(roles, list) else ()):
        if not isinstance(grant, Mapping):
            continue
        given = [scope for scope in SCOPES if scope in grant]
        if len(given) > 1:
            yield Issue(("roles", at), "A role is granted in a project or a domain, not both.", "Keep one.", _CONFLICT)
        elif not given:
            yield Issue(("roles", at), "It is not said where the role is granted.", "Give a project.", _UNSPECIFIED)


async def observed_grants(kind: RemoteResource, call: Call, actor: str, actor_id: str) -> list[Grant]:
    """All that somebody has, in the form of the property. `actor`: "user" or "group"."""
    params = {f"{actor}.id": actor_id}
    answer = await kind.request(call, "GET", "/v3/role_assignments", params=params)
    found: list[Grant] = []
    for one in answer.body["role_assignments"]:
        scope = next((name for name in SCOPES if name in one["scope"]), None)
        if scope is not None and "OS-INHERIT:inherited_to" not in one["scope"]:
            found.append({"role": one["role"]["id"], scope: one["scope"][scope]["id"]})
    return found


async def grant(kind: RemoteResource, call: Call, actor: str, actor_id: str, *, creating: bool = False) -> None:
    """Make what the property lists true, and take away what it listed before."""
    wanted = [dict(one) for one in call.properties.get("roles") or ()]
    before = [dict(one) for one in (call.previous or {}).get("roles") or ()]
    await revoke(kind, call, actor, actor_id, [one for one in before if one not in wanted])
    for one in wanted:
        await kind.request(call, "PUT", _path(one, actor, actor_id), creating=creating)


async def revoke(kind: RemoteResource, call: Call, actor: str, actor_id: str, several: Iterable[Grant]) -> None:
    """Take roles away. One that is not there any more, or whose place is gone, is no error."""
    for one in several:
        try:
            await kind.request(call, "DELETE", _path(one, actor, actor_id))
        except Gone:
            continue


def _path(one: Grant, actor: str, actor_id: str) -> str:
    scope = next(name for name in SCOPES if name in one)
    return f"/v3/{scope}s/{one[scope]}/{actor}s/{actor_id}/roles/{one['role']}"


def _granted(call: Call, observed: Observed) -> Any:
    """Those of the listed roles that are there."""
    given = [dict(one) for one in call.properties.get("roles") or ()]
    return [one for one in given if one in observed.get("roles", given)]
