"""OS::Neutron::RBACPolicy: opens an object of the network service to another project, or to all.

Spec: https://docs.openstack.org/api-ref/network/v2/#rbac-policies
"""

from collections.abc import Iterable
from typing import Any

from hearth.resources import base, checking, finders, rules
from hearth.resources.contract import Call, Issue, Observed
from hearth.resources.neutron import network_resource
from hearth.resources.schema import Property

#: Under which key of a call's data the id of the object stands.
_OBJECT = "object_id"


def _object(call: Call, observed: Observed) -> Any:
    """What the template names, while that is the object."""
    given, present = call.properties["object_id"], observed["object_id"]
    return given if present in (given, call.data.get(_OBJECT)) else present


@base.resource("OS::Neutron::RBACPolicy", since="6.0.0")
class RBACPolicy(network_resource.NetworkResource):
    """Lets another project use a network or another object.

    The kind of the object says where its name is looked up.
    """

    extension = "rbac-policies"
    remote = network_resource.collection("rbac_policy", path="rbac-policies", plural="rbac_policies", marker="")
    confirms = True

    object_type = Property(
        str,
        "Kind of the object.",
        required=True,
        allowed=("network", "qos_policy", "security_group", "address_scope", "subnetpool"),
    )
    object_id = Property(str, "The object, by name or id.", required=True, live=_object)
    action = Property(
        str, "What may be done with it.", required=True, allowed=("access_as_shared", "access_as_external")
    )
    target_tenant = Property(str, "Id of the project it is opened to, or * for all.", required=True, updatable=True)
    tenant_id = Property(str, "Project that owns the policy; admin only.")

    checks = (rules.only_when("action", "access_as_external", object_type=("network",)),)

    async def confirm(self, call: Call) -> Iterable[Issue]:
        """The object must be there, and be the only one of the name."""
        kind, value = f"neutron.{call.properties['object_type']}", call.properties["object_id"]
        return await finders.confirm(call.cloud, [checking.Lookup(("object_id",), kind, value, translate=True)])

    async def create(self, call: Call) -> str | None:
        """Find the object, and make the policy."""
        await self._find_object(call)
        return await super().create(call)

    async def locate(self, call: Call) -> str | None:
        """The policy that says the same."""
        await self._find_object(call)
        return await super().locate(call)

    def body(self, call: Call) -> dict[str, Any]:
        """With the object's id."""
        return {**super().body(call), "object_id": call.data.get(_OBJECT, call.properties["object_id"])}

    async def _find_object(self, call: Call) -> None:
        value = call.properties["object_id"]
        if not finders.looks_like_id(value):
            call.data[_OBJECT] = await finders.require(call.cloud, f"neutron.{call.properties['object_type']}", value)
