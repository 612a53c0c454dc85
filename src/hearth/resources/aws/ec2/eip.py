"""AWS::EC2::EIP and AWS::EC2::EIPAssociation: addresses that are reached from outside.

Spec: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ec2-eip.html
"""

from collections.abc import Iterable
from typing import Any

from hearth.model.values import UNKNOWN
from hearth.resources import base, rules
from hearth.resources.contract import Call, Change, Issue, Neighbour, Neighbours, Observed, Permanent, Values
from hearth.resources.neutron import floating_addresses, network_resource
from hearth.resources.schema import DEPRECATED, Attribute, Property

#: Keys of private data.
_NETWORK, _ADDRESS = "network", "address"
#: Where an examined address has what its port belongs to.
_DEVICE = "device"


@base.resource("AWS::EC2::EIP")
class EIP(network_resource.NetworkResource):
    """A floating address, led to a server if one is named.

    An address of the first external network there is; it stands for the address itself.
    """

    remote = network_resource.collection("floatingip")
    named_before_create = True
    survives_failure = False

    domain = Property(
        str,
        "Takes no effect.",
        name="Domain",
        wire=None,
        live=None,
        allowed=("vpc",),
        support=((DEPRECATED, "9.0.0"),),
    )
    server = Property(
        str,
        "Server it leads to.",
        name="InstanceId",
        updatable=True,
        refers="nova.server",
        wire=None,
        live=_DEVICE,
    )

    attributes = {"AllocationId": Attribute(str, "Id of the address.", source="id")}

    def wishes(self, me: Neighbour, others: Neighbours) -> set[str]:
        """The way from the outside comes first."""
        return floating_addresses.ways(others)

    def reference(self, call: Call) -> Any:
        """The address."""
        return call.data.get(_ADDRESS)

    def body(self, call: Call) -> dict[str, Any]:
        """Of the network that was found."""
        return {"floating_network_id": call.data[_NETWORK]}

    async def locate(self, call: Call) -> str | None:
        """By the mark."""
        listed = await self.listed(call, {"description": call.marker})
        return next((str(one["id"]) for one in listed if one.get("description") == call.marker), None)

    async def create(self, call: Call) -> str | None:
        """From an external network."""
        call.data[_NETWORK] = await floating_addresses.external_network(call)
        return await super().create(call)

    async def finish(self, call: Call) -> None:
        """Remember the address, and lead it to the server."""
        call.data[_ADDRESS] = (await self.observe(call) or {})["floating_ip_address"]
        if "InstanceId" in call.properties:
            await self._lead(call)

    async def update(self, call: Call, change: Change) -> str | None:
        """Lead it elsewhere, or nowhere."""
        await self._lead(call)
        return None

    def adopted(self, call: Call, observed: Observed) -> None:
        """The address of one that was there."""
        call.data[_ADDRESS] = str(observed["floating_ip_address"])

    async def examine(self, call: Call, observed: Observed) -> Observed:
        """The port says which server it is."""
        if "InstanceId" not in call.properties or not observed.get("port_id"):
            return {**observed, _DEVICE: None}
        port = await network_resource.show(call, f"/v2.0/ports/{observed['port_id']}", "port")
        return {**observed, _DEVICE: port["device_id"]}

    async def _lead(self, call: Call) -> None:
        server = call.properties.get("InstanceId")
        port = await floating_addresses.port_of_server(call, server) if server else None
        await self.request(call, "PUT", self.path(call), {"floatingip": {"port_id": port}})


@base.resource("AWS::EC2::EIPAssociation")
class EIPAssociation(floating_addresses.AddressAssociation):
    """Leads a floating address to a server or a network interface.

    The address is named by itself or by its id, what it leads to by the server or by a network interface.
    """

    allocation = Property(str, "Id of the address.", name="AllocationId", updatable=True, wire=None, live="id")
    address = Property(
        str,
        "The address.",
        name="EIP",
        updatable=True,
        constraint="ip_addr",
        wire=None,
        live="floating_ip_address",
    )
    server = Property(
        str, "Server it leads to.", name="InstanceId", updatable=True, refers="nova.server", wire=None, live=None
    )
    interface = Property(
        str,
        "Network interface it leads to.",
        name="NetworkInterfaceId",
        updatable=True,
        wire=None,
        live="port_id",
    )

    checks = (rules.exactly_one("AllocationId", "EIP"), rules.at_least_one("InstanceId", "NetworkInterfaceId"))

    def validate(self, properties: Values) -> Iterable[Issue]:
        """What is named by its address belongs to a server."""
        yield from super().validate(properties)
        if properties.get("EIP", UNKNOWN) is not UNKNOWN and "InstanceId" not in properties:
            yield Issue(("EIP",), "EIP needs InstanceId.", "Give InstanceId, or AllocationId in the place of EIP.")

    def reference(self, call: Call) -> Any:
        """The name made for it."""
        return call.physical_name

    async def address_of(self, call: Call) -> str:
        """As given, or looked up."""
        if "AllocationId" in call.properties:
            return str(call.properties["AllocationId"])
        address = call.properties["EIP"]
        found = await network_resource.listing(call, self.remote.path, "floatingips", floating_ip_address=address)
        if not found:
            raise Permanent(f"the project has no floating IP {address}", kind="NotFound")
        return str(found[0]["id"])

    async def port_for(self, call: Call) -> str:
        """The interface, or the server's first port."""
        if "NetworkInterfaceId" in call.properties:
            return str(call.properties["NetworkInterfaceId"])
        return await floating_addresses.port_of_server(call, call.properties["InstanceId"])
