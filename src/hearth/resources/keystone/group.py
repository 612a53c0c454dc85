"""OS::Keystone::Group: users that are given roles together.

Spec: https://docs.openstack.org/api-ref/identity/v3/#groups
"""

from collections.abc import Iterable

from hearth.resources import base
from hearth.resources.contract import Call, Change, Issue, Observed, Values
from hearth.resources.keystone import grants, identity_resource
from hearth.resources.remote import Remote
from hearth.resources.schema import PHYSICAL_NAME, Property


@base.resource("OS::Keystone::Group", since="2015.1")
class Group(identity_resource.IdentityResource):
    """A group of users.

    Admin only by default. Its roles go with it.
    """

    remote = Remote(service="identity", path="/v3/groups", envelope="group", update_method="PATCH")

    name = Property(str, "Name of the group.", default=PHYSICAL_NAME, updatable=True)
    domain = Property(
        str,
        "Domain it is in; another one makes another group.",
        default="default",
        updatable=True,
        refers="keystone.domain",
        wire="domain_id",
    )
    description = Property(str, "Description of the group.", default="", updatable=True)
    roles = grants.roles_property()

    def validate(self, properties: Values) -> Iterable[Issue]:
        """Each role has a place."""
        yield from super().validate(properties)
        yield from grants.issues(properties)

    async def finish(self, call: Call) -> None:
        """Grant the roles."""
        await grants.grant(self, call, "group", str(call.physical_id), creating=True)

    async def update(self, call: Call, change: Change) -> str | None:
        """The roles are a collection of their own."""
        await super().update(call, change)
        if "roles" in change.properties:
            await grants.grant(self, call, "group", str(call.physical_id))
        return None

    async def examine(self, call: Call, observed: Observed) -> Observed:
        """With the roles it has."""
        if not call.properties.get("roles"):
            return observed
        return {**observed, "roles": await grants.observed_grants(self, call, "group", str(call.physical_id))}
