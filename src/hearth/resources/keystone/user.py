"""OS::Keystone::User: somebody, or a program, who signs in.

Spec: https://docs.openstack.org/api-ref/identity/v3/#users
"""

from collections.abc import Iterable
from typing import Any

from hearth.resources import base
from hearth.resources.contract import Call, Change, Gone, Issue, Observed, Values
from hearth.resources.keystone import grants, identity_resource
from hearth.resources.remote import Remote
from hearth.resources.schema import ABSENT, NEVER_SHOWN, PHYSICAL_NAME, Attribute, Property


def _joined(call: Call, observed: Observed) -> Any:
    """Those of the listed groups that the user is in."""
    given = call.properties.get("groups") or []
    return [one for one in given if one in observed.get("groups", given)]


@base.resource("OS::Keystone::User", since="2015.1")
class User(identity_resource.IdentityResource):
    """A user.

    Admin only by default. Roles and memberships go with the user.
    """

    remote = Remote(service="identity", path="/v3/users", envelope="user", update_method="PATCH", sparse=True)

    name = Property(str, "Name of the user.", default=PHYSICAL_NAME, updatable=True)
    domain = Property(
        str,
        "Domain of the user; another one makes another user.",
        default="default",
        updatable=True,
        refers="keystone.domain",
        wire="domain_id",
    )
    description = Property(str, "Description of the user.", default="", updatable=True)
    enabled = Property(bool, "Whether the user is let in.", default=True, updatable=True)
    email = Property(str, "Address for mail.", updatable=True)
    password = Property(str, "The password.", updatable=True, cleared=ABSENT, live=NEVER_SHOWN, secret=True)
    default_project = Property(
        str,
        "Project of those tokens that are asked for without one.",
        updatable=True,
        refers="keystone.project",
        wire="default_project_id",
    )
    roles = grants.roles_property()
    groups = Property(
        list,
        "Groups that the user is in.",
        updatable=True,
        wire=None,
        live=_joined,
        items=Property(str, refers="keystone.group"),
    )

    attributes = {
        "name": Attribute(str, "Name of the user.", since="9.0.0"),
        "default_project_id": Attribute(str, "Project of tokens asked for without one.", since="9.0.0"),
        "domain_id": Attribute(str, "Domain of the user.", since="9.0.0"),
        "enabled": Attribute(bool, "Whether the user is let in.", since="9.0.0"),
        "password_expires_at": Attribute(str, "When the password ends.", since="9.0.0"),
    }

    def validate(self, properties: Values) -> Iterable[Issue]:
        """Each role has a place."""
        yield from super().validate(properties)
        yield from grants.issues(properties)

    async def finish(self, call: Call) -> None:
        """Grant the roles, join the groups."""
        await grants.grant(self, call, "user", str(call.physical_id), creating=True)
        await self._join(call)

    async def update(self, call: Call, change: Change) -> str | None:
        """Roles and memberships are collections of their own."""
        await super().update(call, change)
        if "roles" in change.properties:
            await grants.grant(self, call, "user", str(call.physical_id))
        if "groups" in change.properties:
            await self._join(call)
        return None

    async def examine(self, call: Call, observed: Observed) -> Observed:
        """With the roles and groups."""
        seen = dict(observed)
        if call.properties.get("roles"):
            seen["roles"] = await grants.observed_grants(self, call, "user", str(call.physical_id))
        if call.properties.get("groups"):
            answer = await self.request(call, "GET", f"{self.path(call)}/groups")
            seen["groups"] = [one["id"] for one in answer.body["groups"]]
        return seen

    async def _join(self, call: Call) -> None:
        wanted, before = (set((one or {}).get("groups") or ()) for one in (call.properties, call.previous))
        for group in sorted(before - wanted):
            try:
                await self.request(call, "DELETE", f"/v3/groups/{group}/users/{call.physical_id}")
            except Gone:
                continue
        for group in sorted(wanted):
            await self.request(call, "PUT", f"/v3/groups/{group}/users/{call.physical_id}", creating=True)
