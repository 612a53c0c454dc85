"""AWS::EC2::NetworkInterface: a connection of a server with a subnet.

Spec: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ec2-networkinterface.html
"""

from typing import Any

from hearth.resources import base, blockers, finders
from hearth.resources.aws.ec2 import tags as tag_lists
from hearth.resources.contract import Call, Change, Observed
from hearth.resources.neutron import network_resource
from hearth.resources.schema import ABSENT, Attribute, Property

_NETWORK = "network"


def _address(observed: Observed) -> Any:
    return next((one["ip_address"] for one in observed.get("fixed_ips") or ()), None)


def _subnet(call: Call, observed: Observed) -> Any:
    return next((one["subnet_id"] for one in observed.get("fixed_ips") or ()), None)


@base.resource("AWS::EC2::NetworkInterface")
class NetworkInterface(network_resource.NetworkResource):
    """A port with one address."""

    remote = network_resource.collection("port", readiness=network_resource.ON_CHANGE)
    used_by = (blockers.DEVICE,)
    named_before_create = True
    survives_failure = False

    description = Property(str, "Description of the interface.", name="Description", wire="description")
    groups = Property(
        list,
        "Names or ids of security groups.",
        name="GroupSet",
        updatable=True,
        translates="neutron.security_group",
        wire="security_groups",
        cleared=ABSENT,
    )
    address = Property(
        str,
        "The address; one is chosen if it is not given.",
        name="PrivateIpAddress",
        wire=None,
        live=lambda call, observed: _address(observed),
    )
    source_check = Property(bool, "Whether foreign addresses are dropped.", name="SourceDestCheck", implemented=False)
    subnet = Property(
        str, "The subnet.", name="SubnetId", required=True, refers="neutron.subnet", wire=None, live=_subnet
    )
    tags = tag_lists.tags_property(implemented=False, live=None)

    attributes = {"PrivateIpAddress": Attribute(str, "The address.", source=_address)}

    def body(self, call: Call) -> dict[str, Any]:
        """In the subnet's network, as far as that is known already."""
        given = call.properties
        address = {"subnet_id": given["SubnetId"]}
        if "PrivateIpAddress" in given:
            address["ip_address"] = given["PrivateIpAddress"]
        network = {"network_id": call.data[_NETWORK]} if _NETWORK in call.data else {}
        return {**super().body(call), **network, "name": call.physical_name, "fixed_ips": [address]}

    async def locate(self, call: Call) -> str | None:
        """By its name, which is of this row."""
        listed = await self.listed(call, {"name": call.physical_name})
        return str(listed[0]["id"]) if listed else None

    async def create(self, call: Call) -> str | None:
        """The service wants to know the network."""
        shown = await network_resource.show(call, f"/v2.0/subnets/{call.properties['SubnetId']}", "subnet")
        call.data[_NETWORK] = shown["network_id"]
        return await super().create(call)

    async def update(self, call: Call, change: Change) -> str | None:
        """Without groups of its own it goes back to the project's default one."""
        if change.properties.get("GroupSet", ()) is None:
            default = [await finders.require(call.cloud, "neutron.security_group", "default")]
            change = Change({**change.properties, "GroupSet": default})
        return await super().update(call, change)
