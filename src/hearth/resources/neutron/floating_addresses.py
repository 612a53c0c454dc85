"""Floating addresses for servers: which network they come from, which port they lead to.

For the types that know of servers and addresses only, and leave networks and ports to be found: older ones of the
compute service and those of Amazon.
"""

from collections.abc import Hashable, Mapping
from typing import Any, Final

from hearth.resources.contract import Call, Change, Gone, Neighbour, Neighbours, Observed, Permanent
from hearth.resources.neutron import network_resource, topology

#: What connects servers with the outside; addresses had better come later.
_WAYS: Final = (
    "AWS::EC2::VPCGatewayAttachment",
    "AWS::EC2::SubnetRouteTableAssociation",
    "OS::Neutron::RouterInterface",
    "OS::Neutron::RouterGateway",
)
#: The key of private data that holds the port an association was made for.
_PORT: Final = "port"


async def external_network(call: Call, wanted: str = "") -> str:
    """The id of an external network: of that name or id, or the first there is. Raises Permanent."""
    found = await network_resource.listing(call, "/v2.0/networks", "networks", **{"router:external": True})
    chosen = [one for one in found if not wanted or wanted in (one["name"], one["id"])]
    if not chosen:
        which = f"with the name or id {wanted!r}" if wanted else "in this cloud"
        raise Permanent(f"there is no external network {which}, from which addresses could come", kind="NotFound")
    return str(min(chosen, key=lambda one: (one.get("created_at") or "", one["id"]))["id"])


async def port_of_server(call: Call, server: str) -> str:
    """The id of a server's port with an address that can be reached from outside; its first one. Raises Permanent."""
    found = await network_resource.listing(call, "/v2.0/ports", "ports", device_id=server)
    with_address = [one for one in found if one["fixed_ips"]]
    if not with_address:
        raise Permanent(f"server {server} has no port with an address, so none can lead to it", kind="NotFound")
    return str(min(with_address, key=lambda one: (one.get("created_at") or "", one["id"]))["id"])


def ways(others: Neighbours) -> set[str]:
    """Names of the stack's resources that connect servers with the outside."""
    return {one.name for one in topology.of_type(others, *_WAYS)}


class AddressAssociation(network_resource.NetworkResource):
    """Leads an address that is there to a server. The physical id is that of the address."""

    remote = network_resource.collection("floatingip", marker="", batch="")
    named_before_create = True
    survives_failure = False

    async def address_of(self, call: Call) -> str:
        """The id of the address."""
        raise NotImplementedError

    async def port_for(self, call: Call) -> str:
        """The id of the port it is to lead to."""
        raise NotImplementedError

    def wishes(self, me: Neighbour, others: Neighbours) -> set[str]:
        """The way from the outside comes first."""
        return ways(others)

    async def locate(self, call: Call) -> str | None:
        """The address, if it leads where it is to lead."""
        its_id, port = await self.address_of(call), await self.port_for(call)
        if (await self._show(call, its_id)).get("port_id") != port:
            return None
        call.data[_PORT] = port
        return its_id

    async def create(self, call: Call) -> str | None:
        """Lead it there."""
        call.physical_id, call.data[_PORT] = await self.address_of(call), await self.port_for(call)
        await self._lead(call, call.data[_PORT], creating=True)
        return call.physical_id

    async def update(self, call: Call, change: Change) -> str | None:
        """Lead it elsewhere; another address takes the place of this one."""
        its_id, port = await self.address_of(call), await self.port_for(call)
        if its_id != call.physical_id:
            await self._release(call)
        call.physical_id, call.data[_PORT] = its_id, port
        await self._lead(call, port)
        return its_id

    async def delete(self, call: Call) -> None:
        """Let it go, unless it leads elsewhere by now."""
        await self._release(call)

    async def observe(self, call: Call) -> Observed | None:
        """The address, while it leads to the port."""
        found = await self._show(call, str(call.physical_id))
        if _PORT in call.data and found.get("port_id") != call.data[_PORT]:
            raise Gone(f"floating IP {found['floating_ip_address']} does not lead to port {call.data[_PORT]}")
        return found

    def identity(self, physical_id: str | None, properties: Mapping[str, Any]) -> Hashable:
        """What leads where."""
        return physical_id, frozenset((key, value) for key, value in properties.items() if isinstance(value, str))

    async def _show(self, call: Call, its_id: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.request(call, "GET", f"{self.remote.path}/{its_id}")).body["floatingip"]
        return found

    async def _lead(self, call: Call, port: str | None, *, creating: bool = False) -> None:
        await self.request(call, "PUT", self.path(call), {"floatingip": {"port_id": port}}, creating=creating)

    async def _release(self, call: Call) -> None:
        shown = await self._show(call, str(call.physical_id))
        if shown.get("port_id") == call.data.get(_PORT):
            await self._lead(call, None)
