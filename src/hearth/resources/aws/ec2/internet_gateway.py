"""AWS::EC2::InternetGateway and AWS::EC2::VPCGatewayAttachment: the way of a VPC to the outside.

There is nothing to be made for the gateway itself; the attachment connects the route tables of a VPC with an external
network.

Spec: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ec2-vpcgatewayattachment.html
"""

from collections.abc import Mapping
from typing import Any

from hearth.resources import base
from hearth.resources.aws.ec2 import tags as tag_lists
from hearth.resources.aws.ec2 import vpc_routers
from hearth.resources.contract import Call, Gone, Neighbour, Neighbours, Observed
from hearth.resources.neutron import floating_addresses, network_resource, topology
from hearth.resources.schema import Property


@base.resource("AWS::EC2::InternetGateway")
class InternetGateway(base.Base):
    """A gateway that a VPC is attached to.

    A name for the outside; the cloud has its external networks anyway.
    """

    tags = tag_lists.tags_property(implemented=False, live=None)


@base.resource("AWS::EC2::VPCGatewayAttachment")
class VPCGatewayAttachment(network_resource.NetworkResource):
    """Connects a VPC with the outside.

    Connects every route table of the VPC. The physical id is the VPC's.
    """

    remote = network_resource.collection("router", marker="", batch="")
    named_before_create = True
    survives_failure = False

    gateway = Property(str, "The internet gateway.", name="InternetGatewayId", wire=None, live=None)
    vpc = Property(str, "The VPC.", name="VpcId", required=True, wire=None, live="vpc")
    vpn = Property(str, "A VPN gateway.", name="VpnGatewayId", implemented=False)

    def needs(self, me: Neighbour, others: Neighbours) -> set[str]:
        """The route tables of the VPC."""
        return {
            one.name
            for one in topology.of_type(others, "AWS::EC2::RouteTable")
            if topology.same(one.properties.get("VpcId"), me.properties.get("VpcId"))
        }

    async def locate(self, call: Call) -> str | None:
        """The VPC, if one of its route tables is connected."""
        routers = await vpc_routers.of_route_tables(call, call.properties["VpcId"])
        return str(call.properties["VpcId"]) if any(map(_network, routers)) else None

    async def create(self, call: Call) -> str | None:
        """Connect those that are not."""
        call.physical_id = str(call.properties["VpcId"])
        network = await floating_addresses.external_network(call)
        for router in await vpc_routers.of_route_tables(call, call.physical_id):
            if _network(router) != network:
                await self._set_gateway(call, router["id"], {"network_id": network}, creating=True)
        return call.physical_id

    async def delete(self, call: Call) -> None:
        """Separate them."""
        for router in await vpc_routers.of_route_tables(call, str(call.physical_id)):
            if _network(router):
                await self._set_gateway(call, router["id"], {})

    async def observe(self, call: Call) -> Observed | None:
        """The VPC's routers. A VPC without route tables has nothing to connect."""
        routers = await vpc_routers.of_route_tables(call, str(call.physical_id))
        if routers and not any(map(_network, routers)):
            raise Gone(f"no route table of VPC {call.physical_id} is connected with an external network")
        return {"vpc": call.physical_id, "routers": routers}

    async def _set_gateway(self, call: Call, router: str, info: Mapping[str, Any], *, creating: bool = False) -> None:
        body = {"router": {"external_gateway_info": info}}
        try:
            await self.request(call, "PUT", f"{self.remote.path}/{router}", body, creating=creating)
        except Gone:
            return


def _network(router: Mapping[str, Any]) -> Any:
    return (router.get("external_gateway_info") or {}).get("network_id")
