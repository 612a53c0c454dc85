"""OS::Neutron::NetworkGateway: joins networks of the cloud with those outside, as some plug-ins of the service can.

Spec: https://docs.openstack.org/api-ref/network/v2/
"""

from collections.abc import Iterable
from typing import Any

from hearth.resources import base
from hearth.resources.contract import Call, Change, Issue, Observed, Values
from hearth.resources.neutron import network_resource, topology
from hearth.resources.schema import PHYSICAL_NAME, Attribute, Property

_CONNECTED = "connected"


@base.resource("OS::Neutron::NetworkGateway", since="2014.1")
class NetworkGateway(network_resource.NetworkResource):
    """A gateway between networks of the cloud and outer ones.

    Networks are connected and disconnected by verbs of their own.
    """

    remote = network_resource.collection("network_gateway", marker="", batch="")

    name = Property(str, "Name of the gateway.", default=PHYSICAL_NAME, updatable=True)
    devices = Property(
        list,
        "The devices it is made of.",
        required=True,
        updatable=True,
        length=(1, None),
        items=Property(
            dict,
            fields={
                "id": Property(str, "Id of the device.", required=True),
                "interface_name": Property(str, "Interface of the device.", required=True),
            },
        ),
    )
    connections = Property(
        list,
        "Networks that are connected.",
        default=[],
        updatable=True,
        wire=None,
        live=_CONNECTED,
        items=Property(
            dict,
            fields={
                "network": Property(
                    str, "The network.", required=True, refers="neutron.network", wire="network_id", since="2014.2"
                ),
                "network_id": Property(
                    str,
                    "Older name of network.",
                    constraint="neutron.network",
                    moved_to="network",
                    support=(("HIDDEN", "5.0.0"), ("DEPRECATED", "2014.2")),
                ),
                "segmentation_type": Property(
                    str, "What tells traffic apart.", default="flat", allowed=("flat", "vlan")
                ),
                "segmentation_id": Property(int, "Number of the VLAN.", minimum=0, maximum=4094),
            },
        ),
    )

    attributes = {"default": Attribute(str, "Whether it is the gateway that is used where none is named.")}

    def validate(self, properties: Values) -> Iterable[Issue]:
        """VLANs have a number, and nothing else has."""
        yield from super().validate(properties)
        for at, one in enumerate(topology.items(properties.get("connections"))):
            kind, number = one.get("segmentation_type"), one.get("segmentation_id")
            if kind == "vlan" and not number:
                yield Issue(("connections", at), "A connection by VLAN needs its number.", "Give segmentation_id.")
            if kind == "flat" and isinstance(number, int) and number:
                path = ("connections", at, "segmentation_id")
                yield Issue(path, f"A flat connection has no VLAN {number}.", "Leave it out, or say vlan.")

    async def finish(self, call: Call) -> None:
        """Connect the networks."""
        await self._connect(call)

    async def update(self, call: Call, change: Change) -> str | None:
        """Fields, then connections."""
        await super().update(call, change)
        if "connections" in change.properties:
            await self._connect(call)
        return None

    async def delete(self, call: Call) -> None:
        """Networks are disconnected first."""
        for one in await self._connected(call, await self.observe(call) or {}):
            await self._turn(call, "disconnect", one)
        await super().delete(call)

    async def examine(self, call: Call, observed: Observed) -> Observed:
        """The gateway shows the ports of connections only."""
        return {**observed, _CONNECTED: await self._connected(call, observed)}

    async def _connected(self, call: Call, observed: Observed) -> list[dict[str, Any]]:
        found = []
        for one in observed.get("ports") or ():
            port = await network_resource.show(call, f"/v2.0/ports/{one['port_id']}", "port")
            found.append(_connection({**one, "network_id": port["network_id"]}))
        return found

    async def _connect(self, call: Call) -> None:
        """Bring the connections to what is wanted."""
        present = await self._connected(call, await self.observe(call) or {})
        wanted = [
            _connection({**one, "network_id": one["network"]}) for one in call.properties.get("connections") or ()
        ]
        for one in present:
            if one not in wanted:
                await self._turn(call, "disconnect", one)
        for one in wanted:
            if one not in present:
                await self._turn(call, "connect", one)

    async def _turn(self, call: Call, verb: str, connection: dict[str, Any]) -> None:
        await self.request(call, "PUT", f"{self.path(call)}/{verb}_network", connection)


def _connection(one: Any) -> dict[str, Any]:
    """In the service's words; what has no VLAN has the number 0."""
    return {
        "network_id": one["network_id"],
        "segmentation_type": one["segmentation_type"],
        "segmentation_id": one.get("segmentation_id") or 0,
    }
