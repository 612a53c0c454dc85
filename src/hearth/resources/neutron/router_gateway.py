"""OS::Neutron::RouterGateway: the connection of a router with an external network. Older than external_gateway_info.

Spec: https://docs.openstack.org/api-ref/network/v2/#update-router
"""

from collections.abc import Mapping
from typing import Any

from hearth.resources import base, blockers
from hearth.resources.contract import Call, Gone, Neighbour, Neighbours, Observed
from hearth.resources.neutron import network_resource, topology
from hearth.resources.rules import at_least_one
from hearth.resources.schema import Property


@base.resource("OS::Neutron::RouterGateway", support=(("HIDDEN", "5.0.0"), ("DEPRECATED", "2014.1")))
class RouterGateway(network_resource.NetworkResource):
    """Connects a router with an external network.

    Has no id of its own: the physical id is `<router>:<network>`.
    """

    remote = network_resource.collection("router", marker="", batch="")
    used_by = (blockers.FLOATING_IPS,)

    router_id = Property(str, "The router.", required=True, refers="neutron.router", live="router")
    network = Property(str, "The external network.", refers="neutron.network", live="network_id")
    network_id = Property(
        str,
        "Older name of network.",
        constraint="neutron.network",
        moved_to="network",
        support=(("HIDDEN", "9.0.0"), ("DEPRECATED", "2014.2")),
    )

    checks = (at_least_one("network"),)

    def needs(self, me: Neighbour, others: Neighbours) -> set[str]:
        """The subnets of the network, and the router's interfaces."""
        router = me.properties.get("router_id")
        interfaces = {
            one.name
            for one in topology.of_type(others, "OS::Neutron::RouterInterface")
            if topology.same(one.properties.get("router"), router)
        }
        return interfaces | topology.subnets_of(others, [me.properties.get("network")])

    def placeholders(self, call: Call) -> Mapping[str, str]:
        """The router, whose floating addresses need the gateway."""
        return {"router": (call.physical_id or "").partition(":")[0]}

    async def locate(self, call: Call) -> str | None:
        """The gateway is known by what it connects."""
        return await self.existing(call, _identity(call))

    async def create(self, call: Call) -> str | None:
        """Connect them."""
        await self._set_gateway(call, call.properties["router_id"], {"network_id": call.properties["network"]}, True)
        return _identity(call)

    async def delete(self, call: Call) -> None:
        """Separate them, if they are still connected."""
        await self.observe(call)
        router, _, _ = (call.physical_id or "").partition(":")
        await self._set_gateway(call, router, {}, False)

    async def observe(self, call: Call) -> Observed | None:
        """The router's gateway."""
        router, _, network = (call.physical_id or "").partition(":")
        answer = await self.request(call, "GET", f"{self.remote.path}/{router}")
        info: dict[str, Any] = answer.body["router"].get("external_gateway_info") or {}
        if info.get("network_id") != network:
            raise Gone(f"router {router} has no gateway to network {network}")
        return {**info, "router": router}

    async def _set_gateway(self, call: Call, router: str, info: dict[str, Any], creating: bool) -> None:
        body = {"router": {"external_gateway_info": info}}
        await self.request(call, "PUT", f"{self.remote.path}/{router}", body, creating=creating)


def _identity(call: Call) -> str:
    return f"{call.properties['router_id']}:{call.properties['network']}"
