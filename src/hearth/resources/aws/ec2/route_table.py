"""AWS::EC2::RouteTable and AWS::EC2::SubnetRouteTableAssociation: another router for some subnets of a VPC.

Spec: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ec2-routetable.html
"""

from collections.abc import Hashable, Mapping
from typing import Any

from hearth.resources import base, only_one
from hearth.resources.aws.ec2 import tags as tag_lists
from hearth.resources.aws.ec2 import vpc_routers
from hearth.resources.contract import Call, Gone, Observed
from hearth.resources.neutron import network_resource
from hearth.resources.schema import Property


@base.resource("AWS::EC2::RouteTable", since="2014.1")
class RouteTable(network_resource.NetworkResource):
    """The routing of some subnets of a VPC.

    A router, marked as one of the VPC's.
    """

    remote = network_resource.collection("router", readiness=network_resource.ON_CREATE)
    named_before_create = True
    survives_failure = False

    vpc = Property(str, "The VPC.", name="VpcId", required=True, wire=None, live=None)
    tags = tag_lists.tags_property(implemented=False, live=None)

    def body(self, call: Call) -> dict[str, Any]:
        """Nothing but the name of the row."""
        return {"name": call.physical_name}

    async def finish(self, call: Call) -> None:
        """Say whose it is."""
        its_tags = {"tags": [vpc_routers.tag(call.properties["VpcId"])]}
        await self.request(call, "PUT", f"{self.path(call)}/tags", its_tags)


@base.resource("AWS::EC2::SubnetRouteTableAssociation")
class SubnetRouteTableAssociation(only_one.OnlyOne, network_resource.NetworkResource):
    """Has a subnet routed by a route table.

    The route table's router takes the place of the VPC's; the physical id is `<router>:subnet_id=<subnet>`.
    """

    remote = network_resource.collection("port", marker="", batch="")
    place, noun = "SubnetId", "route table"
    named_before_create = True
    survives_failure = False

    table = Property(str, "The route table.", name="RouteTableId", required=True, wire=None, live="device_id")
    subnet = Property(
        str, "The subnet.", name="SubnetId", required=True, refers="neutron.subnet", wire=None, live="subnet"
    )

    async def locate(self, call: Call) -> str | None:
        """It is known by what it connects."""
        router, subnet = _ends(call.properties)
        return await self.existing(call, f"{router}:subnet_id={subnet}")

    async def create(self, call: Call) -> str | None:
        """The VPC's router leaves, the other one comes."""
        router, subnet = _ends(call.properties)
        before = await self._router_of_vpc(call, subnet)
        if before is not None:
            await vpc_routers.separate(call, before, subnet)
        await vpc_routers.connect(call, router, subnet)
        return f"{router}:subnet_id={subnet}"

    async def delete(self, call: Call) -> None:
        """The VPC's router comes back, unless the subnet has another one by now."""
        router, subnet = _ends(call.properties)
        await self.observe(call)
        await vpc_routers.separate(call, router, subnet)
        before = await self._router_of_vpc(call, subnet)
        if before is not None:
            await vpc_routers.connect(call, before, subnet)

    async def observe(self, call: Call) -> Observed | None:
        """The port of the router on the subnet."""
        router, subnet = _ends(call.properties)
        found = await vpc_routers.interface(call, router, subnet)
        if found is None:
            raise Gone(f"router {router} is not on subnet {subnet}")
        return {**found, "subnet": subnet}

    def identity(self, physical_id: str | None, properties: Mapping[str, Any]) -> Hashable:
        """What it connects."""
        return properties.get("RouteTableId"), properties.get("SubnetId")

    async def _router_of_vpc(self, call: Call, subnet: str) -> str | None:
        try:
            shown = (await self.request(call, "GET", f"/v2.0/subnets/{subnet}")).body["subnet"]
        except Gone:
            return None
        return await vpc_routers.own_router(call, shown["network_id"])


def _ends(properties: Mapping[str, Any]) -> tuple[str, str]:
    return properties["RouteTableId"], properties["SubnetId"]
