"""AWS::EC2::Subnet: a range of addresses of a VPC.

Spec: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ec2-subnet.html
"""

from typing import Any

from hearth.resources import base, blockers
from hearth.resources.aws.ec2 import tags as tag_lists
from hearth.resources.aws.ec2 import vpc_routers
from hearth.resources.contract import Call, Observed
from hearth.resources.neutron import network_resource
from hearth.resources.schema import Attribute, Property


@base.resource("AWS::EC2::Subnet")
class Subnet(network_resource.NetworkResource):
    """A subnet of a VPC.

    The VPC's router is its gateway, until a route table is associated with it.
    """

    remote = network_resource.collection("subnet")
    used_by = (blockers.ports(fixed_ips="subnet_id={id}"),)
    named_before_create = True
    survives_failure = False

    zone = Property(str, "Takes no effect; shown as it is given.", name="AvailabilityZone", wire=None, live=None)
    block = Property(str, "Addresses of the subnet, such as 10.0.1.0/24.", name="CidrBlock", required=True, wire="cidr")
    vpc = Property(str, "The VPC.", name="VpcId", required=True, wire="network_id")
    tags = tag_lists.tags_property(implemented=False, live=None)

    attributes = {"AvailabilityZone": Attribute(str, "The zone that was given.")}

    def body(self, call: Call) -> dict[str, Any]:
        """With the name of the row."""
        return {**super().body(call), "name": call.physical_name, "ip_version": 6 if self._is_six(call) else 4}

    @staticmethod
    def _is_six(call: Call) -> bool:
        return ":" in call.properties["CidrBlock"]

    async def finish(self, call: Call) -> None:
        """Put the VPC's router on it. A network that is no VPC has none."""
        router = await vpc_routers.own_router(call, call.properties["VpcId"])
        if router is not None:
            await vpc_routers.connect(call, router, str(call.physical_id))

    async def delete(self, call: Call) -> None:
        """The router leaves first."""
        router = await vpc_routers.own_router(call, call.properties["VpcId"])
        if router is not None:
            await vpc_routers.separate(call, router, str(call.physical_id))
        await super().delete(call)

    async def attribute(self, call: Call, name: str, observed: Observed | None) -> Any:
        """The zone is known here only."""
        if name == "AvailabilityZone":
            return call.properties.get("AvailabilityZone")
        return await super().attribute(call, name, observed)
