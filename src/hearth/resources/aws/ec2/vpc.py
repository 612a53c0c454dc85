"""AWS::EC2::VPC: a network of its own, with a router.

Spec: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ec2-vpc.html
"""

import contextlib
from typing import Any

from hearth.resources import base, failures
from hearth.resources.aws.ec2 import tags as tag_lists
from hearth.resources.aws.ec2 import vpc_routers
from hearth.resources.contract import Call, Gone
from hearth.resources.neutron import network_resource
from hearth.resources.schema import Property


@base.resource("AWS::EC2::VPC")
class VPC(network_resource.NetworkResource):
    """A network with a router.

    The physical id is the network's; the router has the network's name and description.
    """

    remote = network_resource.collection("network", readiness=network_resource.ON_CREATE)
    named_before_create = True
    survives_failure = False

    block = Property(str, "Addresses of the VPC; the subnets say theirs.", name="CidrBlock", wire=None, live=None)
    tenancy = Property(
        str,
        "Whether hosts are shared with others.",
        name="InstanceTenancy",
        default="default",
        allowed=("default", "dedicated"),
        wire=None,
        live=None,
        implemented=False,
    )
    tags = tag_lists.tags_property(implemented=False, live=None)

    def body(self, call: Call) -> dict[str, Any]:
        """Nothing but the name of the row."""
        return {"name": call.physical_name}

    async def finish(self, call: Call) -> None:
        """Make the router, unless it is there."""
        if await vpc_routers.own_router(call, str(call.physical_id)) is None:
            body = {"router": {"name": call.physical_name, "description": call.marker}}
            await self.request(call, "POST", "/v2.0/routers", body, creating=True)

    async def delete(self, call: Call) -> None:
        """The router goes first."""
        router = await vpc_routers.own_router(call, str(call.physical_id))
        if router is not None:
            with contextlib.suppress(Gone), failures.sorted_out():
                await call.cloud.request("network", "DELETE", f"/v2.0/routers/{router}")
        await super().delete(call)
