"""Specimens of Amazon's EC2 types."""

from collections.abc import Mapping

from specimens.form import (
    FLAVOR,
    IMAGE,
    NET,
    REACHED,
    SERVER,
    SUBNET,
    VOLUME,
    Specimen,
    neutron,
    nova,
    of,
    ref,
)

VPC = of("AWS::EC2::VPC")
BLOCK = of("AWS::EC2::Subnet", VpcId=ref("vpc"), CidrBlock="10.8.0.0/24")
TABLE = of("AWS::EC2::RouteTable", VpcId=ref("vpc"))
LED_NOWHERE = {"floatingip": {"port_id": None}}

RULE = {"IpProtocol": "tcp", "FromPort": "80", "ToPort": "80", "CidrIp": "0.0.0.0/0"}

SPECIMENS: Mapping[str, Specimen] = {
    "AWS::EC2::VPC": Specimen({"CidrBlock": "10.8.0.0/16"}),
    "AWS::EC2::Subnet": Specimen(
        {"VpcId": ref("vpc"), "CidrBlock": "10.8.0.0/24", "AvailabilityZone": "nova"},
        {"vpc": VPC},
        replaces={"CidrBlock": "10.8.1.0/24"},
        removal=neutron("DELETE", "subnets/{it}"),
    ),
    "AWS::EC2::RouteTable": Specimen(
        {"VpcId": ref("vpc")}, {"vpc": VPC, "other": VPC}, replaces={"VpcId": ref("other")}
    ),
    "AWS::EC2::SubnetRouteTableAssociation": Specimen(
        {"RouteTableId": ref("table"), "SubnetId": ref("subnet")},
        {"vpc": VPC, "subnet": BLOCK, "table": TABLE, "other": TABLE},
        replaces={"RouteTableId": ref("other")},
        removal=neutron("PUT", "routers/{table}/remove_router_interface", {"subnet_id": "{subnet}"}),
    ),
    "AWS::EC2::VPCGatewayAttachment": Specimen(
        {"VpcId": ref("vpc"), "InternetGatewayId": ref("gateway")},
        {"vpc": VPC, "table": TABLE, "gateway": of("AWS::EC2::InternetGateway")},
        removal=neutron("PUT", "routers/{table}", {"router": {"external_gateway_info": {}}}),
    ),
    "AWS::EC2::NetworkInterface": Specimen(
        {"SubnetId": ref("subnet"), "GroupSet": [ref("group")], "PrivateIpAddress": "10.8.0.77"},
        {"vpc": VPC, "subnet": BLOCK, "group": of("AWS::EC2::SecurityGroup", GroupDescription="mine")},
        updates={"GroupSet": ["default"]},
        replaces={"PrivateIpAddress": "10.8.0.78"},
        changes={"GroupSet": neutron("PUT", "ports/{it}", {"port": {"security_groups": []}})},
    ),
    "AWS::EC2::SecurityGroup": Specimen(
        {"GroupDescription": "mine", "SecurityGroupIngress": [RULE]},
        updates={"SecurityGroupIngress": [RULE, {"IpProtocol": "udp", "SourceSecurityGroupName": "default"}]},
        changes={
            "SecurityGroupIngress": neutron(
                "POST",
                "security-group-rules",
                {"security_group_rule": {"security_group_id": "{it}", "direction": "ingress", "protocol": "icmp"}},
            )
        },
    ),
    "AWS::EC2::EIP": Specimen(
        {"InstanceId": ref("server")},
        {**REACHED, "server": SERVER, "other": SERVER},
        updates={"InstanceId": ref("other")},
        changes={"InstanceId": neutron("PUT", "floatingips/{it}", LED_NOWHERE)},
    ),
    "AWS::EC2::EIPAssociation": Specimen(
        {"AllocationId": {"get_attr": ["address", "AllocationId"]}, "InstanceId": ref("server")},
        {**REACHED, "server": SERVER, "other": SERVER, "address": of("AWS::EC2::EIP")},
        updates={"InstanceId": ref("other")},
        unchanged=("AllocationId",),
        removal=neutron("PUT", "floatingips/{it}", LED_NOWHERE),
    ),
    "AWS::EC2::Volume": Specimen({"AvailabilityZone": "nova", "Size": 1, "Tags": [{"Key": "role", "Value": "web"}]}),
    "AWS::EC2::VolumeAttachment": Specimen(
        {"InstanceId": ref("server"), "VolumeId": ref("volume"), "Device": "/dev/vdc"},
        {"net": NET, "subnet": SUBNET, "server": SERVER, "volume": VOLUME},
        removal=nova("DELETE", "/servers/{server}/os-volume_attachments/{volume}"),
    ),
    "AWS::EC2::Instance": Specimen(
        {
            "ImageId": IMAGE,
            "InstanceType": FLAVOR,
            "SubnetId": ref("subnet"),
            "SecurityGroups": ["default"],
            "UserData": "#!/bin/sh",
            "Tags": [{"Key": "role", "Value": "web"}],
            "Volumes": [{"Device": "vdb", "VolumeId": ref("volume")}],
        },
        {"vpc": VPC, "subnet": BLOCK, "volume": VOLUME},
        updates={"InstanceType": "m1.small", "Tags": [{"Key": "role", "Value": "db"}, {"Key": "of", "Value": "me"}]},
        replaces={"Volumes": []},
        changes={"Tags": nova("POST", "/servers/{it}/metadata", {"metadata": {"role": "other"}})},
    ),
}
