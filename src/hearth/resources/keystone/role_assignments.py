"""OS::Keystone::UserRoleAssignment and OS::Keystone::GroupRoleAssignment: roles that somebody is given.

Spec: https://docs.openstack.org/api-ref/identity/v3/#roles
"""

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, ClassVar

from hearth.model.plan import Decision, Verdict
from hearth.resources import base
from hearth.resources.contract import Call, Change, Gone, Issue, Observed, Values
from hearth.resources.keystone import grants
from hearth.resources.remote import Remote, RemoteResource
from hearth.resources.schema import Property


class RoleAssignment(RemoteResource):
    """The physical id is that of who has the roles; granting may be repeated, so there is nothing to be found."""

    remote = Remote(service="identity", path="/v3/role_assignments", envelope="")
    #: "user" or "group", which is also the property that says who.
    actor: ClassVar[str]

    roles = grants.roles_property()

    def validate(self, properties: Values) -> Iterable[Issue]:
        """Each role has a place."""
        yield from super().validate(properties)
        yield from grants.issues(properties)

    def decide(self, change: Change, call: Call) -> Decision:
        """Somebody else's roles are other roles."""
        decision = super().decide(change, call)
        if decision.verdict is not Verdict.UPDATE or self.actor not in change.properties:
            return decision
        return Decision(Verdict.REPLACE, self._difference(self.actor, change, call), (self.actor,))

    async def locate(self, call: Call) -> str | None:
        """Whatever a lost request granted is granted again."""
        return None

    async def create(self, call: Call) -> str | None:
        """Grant them."""
        call.physical_id = str(call.properties[self.actor])
        await grants.grant(self, call, self.actor, call.physical_id, creating=True)
        return call.physical_id

    async def update(self, call: Call, change: Change) -> str | None:
        """Grant what is new, revoke what is not listed any more."""
        await grants.grant(self, call, self.actor, str(call.physical_id))
        return None

    async def delete(self, call: Call) -> None:
        """Revoke them."""
        roles = call.properties.get("roles") or ()
        await grants.revoke(self, call, self.actor, str(call.physical_id), roles)

    async def observe(self, call: Call) -> Observed | None:
        """The roles of the user or group."""
        seen = await grants.observed_grants(self, call, self.actor, str(call.physical_id))
        wanted = [dict(one) for one in call.properties.get("roles") or ()]
        if wanted and not any(one in seen for one in wanted):
            raise Gone(f"{self.actor} {call.physical_id} has none of the roles")
        return {self.actor: call.physical_id, "roles": seen}

    def identity(self, physical_id: str | None, properties: Mapping[str, Any]) -> Hashable:
        """Who has which roles where."""
        roles = properties.get("roles") or ()
        return physical_id, frozenset(tuple(sorted(one.items())) for one in roles)


@base.resource("OS::Keystone::UserRoleAssignment", since="5.0.0")
class UserRoleAssignment(RoleAssignment):
    """Roles of a user. Admin only by default."""

    actor = "user"
    user = Property(str, "The user.", required=True, updatable=True, refers="keystone.user", wire=None, live="user")


@base.resource("OS::Keystone::GroupRoleAssignment", since="5.0.0")
class GroupRoleAssignment(RoleAssignment):
    """Roles of a group. Admin only by default."""

    actor = "group"
    group = Property(str, "The group.", required=True, updatable=True, refers="keystone.group", wire=None, live="group")
