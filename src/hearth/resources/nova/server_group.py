"""OS::Nova::ServerGroup: servers that are to be placed together or apart.

Spec: https://docs.openstack.org/api-ref/compute/#server-groups-os-server-groups
"""

from collections.abc import Iterable
from typing import Any

from hearth.resources import base, blockers
from hearth.resources.contract import Call, Issue, Observed, Values
from hearth.resources.remote import Remote, RemoteResource
from hearth.resources.schema import PHYSICAL_NAME, Property

#: The first version in which a group has one policy and rules; before, it had a list of policies.
_ONE_POLICY = "2.64"
#: The first version with the soft policies.
_SOFT = "2.15"
_POLICIES = ("anti-affinity", "affinity", "soft-anti-affinity", "soft-affinity")


def _policy(observed: Observed) -> Any:
    """The policy of a group, in the form of any version."""
    return observed["policy"] if "policy" in observed else next(iter(observed.get("policies") or ()), None)


@base.resource("OS::Nova::ServerGroup", since="2014.2")
class ServerGroup(RemoteResource):
    """A group of servers that run together or apart.

    Servers join it by the scheduler hint `group`.
    """

    remote = Remote(service="compute", path="/os-server-groups", envelope="server_group", microversion=_ONE_POLICY)
    used_by = (blockers.GROUP_MEMBERS,)
    survives_failure = True

    name = Property(str, "Name of the group.", default=PHYSICAL_NAME)
    policies = Property(
        list,
        "The policy, as a list of one.",
        default=["anti-affinity"],
        wire=None,
        live=lambda call, observed: [_policy(observed)],
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

    def microversion(self, call: Call) -> str | None:
        """Where the operator does not allow the one with rules, what a group without them needs."""
        if "rules" in call.properties or call.cloud.may_ask_for(self.remote.service, _ONE_POLICY):
            return _ONE_POLICY
        return _SOFT if call.properties["policies"][0].startswith("soft-") else None

    def body(self, call: Call) -> dict[str, Any]:
        """The policy alone, or as the list that older versions take."""
        policies = call.properties["policies"]
        if self.microversion(call) != _ONE_POLICY:
            return super().body(call) | {"policies": policies}
        body = super().body(call) | {"policy": policies[0]}
        if "rules" in body:
            body["rules"] = {key: int(value) for key, value in body["rules"].items()}
        return body

    async def locate(self, call: Call) -> str | None:
        """The group of that name and policy that no server has joined."""
        name, (policy,) = self.body(call)["name"], call.properties["policies"]
        for one in await self.listed(call, {}):
            if one["name"] == name and _policy(one) == policy and not one.get("members"):
                return str(one["id"])
        return None
