"""OS::Neutron::FloatingIPAssociation: leads an existing floating address to a port.

Spec: https://docs.openstack.org/api-ref/network/v2/#update-floating-ip
"""

from collections.abc import Hashable, Mapping
from typing import Any

from hearth.resources import base
from hearth.resources.contract import Call, Change, Gone, Neighbour, Neighbours, Observed, Reference
from hearth.resources.neutron import floating_ip, network_resource
from hearth.resources.schema import Property


@base.resource("OS::Neutron::FloatingIPAssociation")
class FloatingIPAssociation(network_resource.NetworkResource):
    """Leads a floating address to a port.

    Has no id of its own: the physical id is the row's.
    """

    remote = network_resource.collection("floatingip", marker="", batch="")

    floatingip_id = Property(str, "The floating address.", required=True, updatable=True, live="id")
    port_id = Property(str, "Port the address leads to.", required=True, updatable=True, refers="neutron.port")
    fixed_ip_address = Property(str, "Address of the port, if it has several.", updatable=True, constraint="ip_addr")

    def needs(self, me: Neighbour, others: Neighbours) -> set[str]:
        """The interfaces on the subnets of the ports it already depends on."""
        ports = [Reference(name) for name in me.needs if name in others]
        return {name for port in ports for name in floating_ip.interfaces_of_port(port, others)}

    async def locate(self, call: Call) -> str | None:
        """The association is known by what it connects."""
        try:
            await self.observe(call)
        except Gone:
            return None
        return call.resource_id

    async def create(self, call: Call) -> str | None:
        """Associate them."""
        await self._associate(call, call.properties, creating=True)
        return call.resource_id

    async def update(self, call: Call, change: Change) -> str | None:
        """Associate what is wanted now; another floating address is let go first."""
        before = call.previous or {}
        if "floatingip_id" in change.properties and before:
            await self._release(call, before)
        await self._associate(call, call.properties, creating=False)
        return None

    async def delete(self, call: Call) -> None:
        """Let the address go, unless it leads elsewhere by now."""
        await self.observe(call)
        await self._release(call, call.properties)

    async def observe(self, call: Call) -> Observed | None:
        """The floating address, while it leads to the port."""
        answer = await self.request(call, "GET", f"{self.remote.path}/{call.properties['floatingip_id']}")
        found: dict[str, Any] = answer.body[self.remote.envelope]
        if found.get("port_id") != call.properties["port_id"]:
            raise Gone(f"floating IP {found['id']} does not lead to port {call.properties['port_id']}")
        return found

    def identity(self, physical_id: str | None, properties: Mapping[str, Any]) -> Hashable:
        """What it connects."""
        return properties.get("floatingip_id"), properties.get("port_id")

    async def _associate(self, call: Call, properties: Mapping[str, Any], *, creating: bool) -> None:
        body = {"port_id": properties["port_id"], "fixed_ip_address": properties.get("fixed_ip_address")}
        path = f"{self.remote.path}/{properties['floatingip_id']}"
        await self.request(call, "PUT", path, {self.remote.envelope: body}, creating=creating)

    async def _release(self, call: Call, properties: Mapping[str, Any]) -> None:
        path = f"{self.remote.path}/{properties['floatingip_id']}"
        try:
            answer = await self.request(call, "GET", path)
            if answer.body[self.remote.envelope].get("port_id") == properties["port_id"]:
                await self.request(call, "PUT", path, {self.remote.envelope: {"port_id": None}})
        except Gone:
            return
