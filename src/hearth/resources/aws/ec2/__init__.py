"""Types of Amazon's EC2, on the compute, block storage and network services."""

from hearth.resources.aws.ec2 import (
    eip,
    instance,
    internet_gateway,
    network_interface,
    route_table,
    security_group,
    subnet,
    volume,
    vpc,
)

TYPES = (
    eip.EIP,
    eip.EIPAssociation,
    instance.Instance,
    internet_gateway.InternetGateway,
    internet_gateway.VPCGatewayAttachment,
    network_interface.NetworkInterface,
    route_table.RouteTable,
    route_table.SubnetRouteTableAssociation,
    security_group.SecurityGroup,
    subnet.Subnet,
    volume.Volume,
    volume.VolumeAttachment,
    vpc.VPC,
)
