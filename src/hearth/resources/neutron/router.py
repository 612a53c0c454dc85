"""OS::Neutron::Router: a router between subnets, and to an external network.

Spec: https://docs.openstack.org/api-ref/network/v2/#routers-routers
"""

from typing import Any

from hearth.resources import base, blockers, live, rules
from hearth.resources.contract import Call, Change, Neighbour, Neighbours, Observed
from hearth.resources.neutron import network_resource, topology
from hearth.resources.schema import ABSENT, PHYSICAL_NAME, Attribute, Property

#: Where an examined router keeps its agents.
_AGENTS = "l3_agents"


def _agent(call: Call, observed: Observed) -> Any:
    """The agent that is wanted, if it is among those there are."""
    wanted, present = call.properties["l3_agent_id"], observed.get(_AGENTS) or []
    return wanted if wanted in present else next(iter(present), None)


@base.resource("OS::Neutron::Router")
class Router(network_resource.NetworkResource):
    """A router.

    Routes between the subnets it has interfaces on.
    """

    extension = "router"
    remote = network_resource.collection("router", readiness=network_resource.ON_CREATE)
    used_by = (blockers.ports(device_id="{id}"),)

    name = Property(str, "Name of the router.", default=PHYSICAL_NAME, updatable=True)
    external_gateway_info = Property(
        dict,
        "How it reaches the outside.",
        updatable=True,
        cleared={},
        fields={
            "network": Property(
                str,
                "External network.",
                required=True,
                updatable=True,
                translates="neutron.network",
                wire="network_id",
            ),
            "enable_snat": Property(bool, "Whether it hides inner addresses behind its own.", updatable=True),
            "external_fixed_ips": Property(
                list,
                "Its addresses outside.",
                updatable=True,
                since="6.0.0",
                items=Property(
                    dict,
                    fields={
                        "ip_address": Property(str, "An address.", constraint="ip_addr"),
                        "subnet": Property(
                            str, "Subnet the address is from.", refers="neutron.subnet", wire="subnet_id"
                        ),
                    },
                ),
            ),
        },
    )
    admin_state_up = Property(bool, "Whether it routes.", default=True, updatable=True)
    l3_agent_id = Property(
        str,
        "Agent that runs it; older form of l3_agent_ids.",
        updatable=True,
        wire=None,
        live=_agent,
        support=(("HIDDEN", "6.0.0"), ("DEPRECATED", "2015.1"), ("SUPPORTED", "2014.1")),
    )
    l3_agent_ids = Property(
        list,
        "Agents that run it; admin only.",
        updatable=True,
        wire=None,
        live=_AGENTS,
        items=Property(str),
        since="2015.1",
    )
    distributed = Property(bool, "Whether it runs on every compute host; admin only.", since="2015.1")
    ha = Property(bool, "Whether it is highly available; admin only.", since="2015.1")
    availability_zone_hints = Property(
        list, "Availability zones preferred for its agents.", updatable=True, cleared=ABSENT, since="19.0.0"
    )
    tags = Property(list, "Tags of the router.", updatable=True, items=Property(str), since="9.0.0")
    tenant_id = Property(str, "Project that owns it; admin only.", since="24.0.0")
    value_specs = Property(dict, "Further fields of the request.", default={}, updatable=True, live=live.extras())

    checks = (
        rules.at_most_one("l3_agent_id", "l3_agent_ids"),
        rules.forbidden_when("l3_agent_id", distributed=(True,)),
        rules.forbidden_when("l3_agent_ids", distributed=(True,)),
        rules.forbidden_when("ha", distributed=(True,), ha=(True,)),
    )

    attributes = {
        "name": Attribute(str, "Name of the router."),
        "status": Attribute(str, "Status of the router."),
        "external_gateway_info": Attribute(dict, "How it reaches the outside."),
        "admin_state_up": Attribute(str, "Whether it routes."),
        "tenant_id": Attribute(str, "Project that owns it."),
    }

    def needs(self, me: Neighbour, others: Neighbours) -> set[str]:
        """The subnets of the external network: without them the gateway gets no address."""
        return topology.subnets_of(others, [topology.gateway_network(me)])

    async def finish(self, call: Call) -> None:
        """Tags and agents."""
        await super().finish(call)
        if _agents(call):
            await self._set_agents(call)

    async def update(self, call: Call, change: Change) -> str | None:
        """Fields, tags and agents."""
        await super().update(call, change)
        if "l3_agent_ids" in change.properties or "l3_agent_id" in change.properties:
            await self._set_agents(call)
        return None

    async def examine(self, call: Call, observed: Observed) -> Observed:
        """Agents are a collection of their own."""
        return {**observed, _AGENTS: await self.agents(call, "l3-agents")} if _agents(call) else observed

    async def _set_agents(self, call: Call) -> None:
        await self.set_agents(call, _agents(call), "l3-agents", "l3-routers", "router_id")


def _agents(call: Call) -> list[str]:
    single = call.properties.get("l3_agent_id")
    return [single] if single else call.properties.get("l3_agent_ids") or []
