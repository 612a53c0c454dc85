"""OS::Nova::ServerGroup: servers that are to be placed together or apart.

Spec: https://docs.openstack.org/api-ref/compute/#server-groups-os-server-groups
"""

from collections.abc import Iterable
from typing import Any

from hearth.resources import base, blockers
from hearth.resources.contract import Call, Issue, Values
from hearth.resources.remote import Remote, RemoteResource
from hearth.resources.schema import PHYSICAL_NAME, Property

_POLICIES = ("anti-affinity", "affinity", "soft-anti-affinity", "soft-affinity")


@base.resource("OS::Nova::ServerGroup", since="2014.2")
class ServerGroup(RemoteResource):
    """A group of servers that run together or apart.

    Servers join it by the scheduler hint `group`.
    """

    # The first version in which a group has one policy and rules.
    remote = Remote(service="compute", path="/os-server-groups", envelope="server_group", microversion="2.64")
    used_by = (blockers.GROUP_MEMBERS,)
    survives_failure = True

    name = Property(str, "Name of the group.", default=PHYSICAL_NAME)
    policies = Property(
        list,
        "The policy, as a list of one.",
        default=["anti-affinity"],
        wire=None,
        live=lambda call, observed: [observed.get("policy")],
        allowed=_POLICIES,
        items=Property(str),
    )
    rules = Property(
        dict,
        "Rules of the policy.",
        since="17.0.0",
        fields={"max_server_per_host": Property(float, "Most servers of the group on one host.")},
    )

    def validate(self, properties: Values) -> Iterable[Issue]:
        """One policy; rules with anti-affinity only."""
        yield from super().validate(properties)
        policies = properties.get("policies")
        if not isinstance(policies, list):
            return
        if len(policies) != 1:
            yield Issue(("policies",), f"A group has one policy, not {len(policies)}.", "Give a list of one policy.")
        elif properties.get("rules") and policies[0] in _POLICIES[1:]:
            yield Issue(("rules",), f"Rules cannot be used with the policy {policies[0]!r}.", "Leave them out.")

    def body(self, call: Call) -> dict[str, Any]:
        """The policy alone."""
        body = super().body(call) | {"policy": call.properties["policies"][0]}
        if "rules" in body:
            body["rules"] = {key: int(value) for key, value in body["rules"].items()}
        return body

    async def locate(self, call: Call) -> str | None:
        """The group of that name and policy that no server has joined."""
        body = self.body(call)
        for one in await self.listed(call, {}):
            if one["name"] == body["name"] and one.get("policy") == body["policy"] and not one.get("members"):
                return str(one["id"])
        return None
