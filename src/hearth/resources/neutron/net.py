"""OS::Neutron::Net: a network.

Spec: https://docs.openstack.org/api-ref/network/v2/#networks
"""

from typing import Any

from hearth.resources import base, blockers, live
from hearth.resources.contract import Call, Change, Observed
from hearth.resources.neutron import network_resource
from hearth.resources.schema import PHYSICAL_NAME, Attribute, Property

#: Where an examined network keeps its agents.
_AGENTS = "dhcp_agents"


class AnyNet(network_resource.NetworkResource):
    """What all types of networks share."""

    remote = network_resource.collection("network", readiness=network_resource.ON_CREATE)
    used_by = (blockers.ports(network_id="{id}"),)

    async def attribute(self, call: Call, name: str, observed: Observed | None) -> Any:
        """Segments are a collection of their own."""
        if name == "segments":
            return await network_resource.listing(call, "/v2.0/segments", "segments", network_id=call.physical_id)
        return await super().attribute(call, name, observed)


@base.resource("OS::Neutron::Net")
class Net(AnyNet):
    """A virtual network, which subnets and ports belong to."""

    name = Property(str, "Name of the network.", default=PHYSICAL_NAME, updatable=True)
    admin_state_up = Property(bool, "Whether the network carries traffic.", default=True, updatable=True)
    shared = Property(bool, "Whether all projects may use it; admin only.", default=False, updatable=True)
    tenant_id = Property(str, "Project that owns it; admin only.")
    dhcp_agent_ids = Property(list, "DHCP agents that serve it; admin only.", updatable=True, wire=None, live=_AGENTS)
    port_security_enabled = Property(
        bool, "Whether ports get port security unless told otherwise.", updatable=True, cleared=True, since="5.0.0"
    )
    qos_policy = Property(
        str,
        "QoS policy of the ports.",
        updatable=True,
        refers="neutron.qos_policy",
        wire="qos_policy_id",
        since="6.0.0",
    )
    dns_domain = Property(
        str, "DNS domain of the ports.", updatable=True, constraint="dns_domain", cleared="", since="7.0.0"
    )
    tags = Property(list, "Tags of the network.", updatable=True, items=Property(str), since="9.0.0")
    availability_zone_hints = Property(list, "Availability zones preferred for its agents.", since="19.0.0")
    value_specs = Property(dict, "Further fields of the request.", default={}, updatable=True, live=live.extras())

    attributes = {
        "name": Attribute(str, "Name of the network."),
        "status": Attribute(str, "Status of the network."),
        "admin_state_up": Attribute(str, "Whether it carries traffic."),
        "tenant_id": Attribute(str, "Project that owns it."),
        "subnets": Attribute(list, "Ids of its subnets."),
        "mtu": Attribute(int, "Largest packet it carries, in bytes.", since="5.0.0"),
        "port_security_enabled": Attribute(bool, "Whether ports get port security.", since="5.0.0"),
        "qos_policy_id": Attribute(str, "QoS policy of the ports.", since="6.0.0"),
        "l2_adjacency": Attribute(bool, "Whether all of it is one layer-2 domain.", since="9.0.0"),
        "segments": Attribute(list, "Its segments.", since="11.0.0"),
    }

    async def finish(self, call: Call) -> None:
        """Tags and agents."""
        await super().finish(call)
        if call.properties.get("dhcp_agent_ids"):
            await self._set_agents(call)

    async def update(self, call: Call, change: Change) -> str | None:
        """Fields, tags and agents."""
        await super().update(call, change)
        if "dhcp_agent_ids" in change.properties:
            await self._set_agents(call)
        return None

    async def examine(self, call: Call, observed: Observed) -> Observed:
        """Agents are a collection of their own."""
        if "dhcp_agent_ids" not in call.properties:
            return observed
        return {**observed, _AGENTS: await self.agents(call, "dhcp-agents")}

    async def _set_agents(self, call: Call) -> None:
        wanted = call.properties.get("dhcp_agent_ids") or ()
        await self.set_agents(call, wanted, "dhcp-agents", "dhcp-networks", "network_id")
