"""Amazon's EC2 types in the embedded cloud: what they make of networks, routers, ports and servers."""

from typing import Any

from hearth.model.values import UNKNOWN
from hearth.resources import registry

Driver = Any  # the class of the fixtures in conftest
TYPES = registry.TypeRegistry()


async def vpc_with_subnet(demo: Driver) -> tuple[Any, Any]:
    vpc = await demo.make("AWS::EC2::VPC", "vpc")
    return vpc, await demo.make("AWS::EC2::Subnet", "subnet", VpcId=vpc.id, CidrBlock="10.8.0.0/24")


async def routers_on(demo: Driver, subnet: str) -> set[str]:
    answer = await demo.cloud.get("network", "/v2.0/ports", params={"device_owner": "network:router_interface"})
    ports = answer.body["ports"]
    return {port["device_id"] for port in ports if any(ip["subnet_id"] == subnet for ip in port["fixed_ips"])}


async def test_a_vpc_reaches_the_outside_by_a_route_table(demo: Driver) -> None:
    vpc, subnet = await vpc_with_subnet(demo)
    (own,) = await routers_on(demo, subnet.id)
    table = await demo.make("AWS::EC2::RouteTable", VpcId=vpc.id)
    assert await vpc.find_again() == vpc.id and await table.find_again() == table.id
    association = await demo.make("AWS::EC2::SubnetRouteTableAssociation", RouteTableId=table.id, SubnetId=subnet.id)
    assert await routers_on(demo, subnet.id) == {table.id}, "the table's router took the place of the VPC's"
    attachment = await demo.make("AWS::EC2::VPCGatewayAttachment", VpcId=vpc.id, InternetGatewayId="any")
    assert (await table.observe())["external_gateway_info"]["network_id"]

    server = await demo.make("AWS::EC2::Instance", ImageId="cirros", InstanceType="m1.tiny", SubnetId=subnet.id)
    address = await demo.make("AWS::EC2::EIP", InstanceId=server.id)
    floating = (await address.observe())["floating_ip_address"]
    assert address.kind.reference(address.call) == floating
    assert (await server.attribute("PublicIp"), await server.attribute("PrivateIp")) == (floating, "10.8.0.2")
    assert await server.attribute("AvailabilityZone") == "nova"
    await address.update(InstanceId=None)
    assert await server.attribute("PublicIp") == "10.8.0.2"
    by_address = await demo.make("AWS::EC2::EIPAssociation", EIP=floating, InstanceId=server.id)
    assert await server.attribute("PublicIp") == floating
    for one in (by_address, address, server, attachment):
        await one.delete()
    assert not (await table.observe())["external_gateway_info"]
    await association.delete()
    assert await routers_on(demo, subnet.id) == {own}, "the VPC's router is back"
    for one in (table, subnet, vpc):
        await one.delete()
    answer = await demo.cloud.get("network", "/v2.0/routers")
    assert answer.body["routers"] == []


async def test_instance_is_a_server_with_its_interfaces_disks_and_data(demo: Driver) -> None:
    _, subnet = await vpc_with_subnet(demo)
    ports = [await demo.make("AWS::EC2::NetworkInterface", f"port{n}", SubnetId=subnet.id) for n in range(3)]
    volume = await demo.make("AWS::EC2::Volume", AvailabilityZone="nova", Size=1)
    it = await demo.make(
        "AWS::EC2::Instance",
        ImageId="cirros",
        InstanceType="m1.tiny",
        NetworkInterfaces=[
            {"NetworkInterfaceId": ports[1].id, "DeviceIndex": "1"},
            {"NetworkInterfaceId": ports[0].id, "DeviceIndex": "0"},
        ],
        Volumes=[{"Device": "/dev/vdc", "VolumeId": volume.id}],
        Tags=[{"Key": "role", "Value": "web"}],
        NovaSchedulerHints=[{"Key": "query", "Value": "x"}],
    )
    seen = await it.observe()
    assert await it.attribute("PrivateIp") == await ports[0].attribute("PrivateIpAddress")
    assert seen["metadata"]["role"] == "web"
    assert [one["id"] for one in seen["os-extended-volumes:volumes_attached"]] == [volume.id]
    assert await it.find_again() == it.id
    await it.update(NetworkInterfaces=[ports[2].id], InstanceType="m1.small")
    assert await it.attribute("PrivateIp") == await ports[2].attribute("PrivateIpAddress")
    other = {"NetworkInterfaces": [ports[2].id]}
    assert ports[2].id in it.kind.collides(it.call.properties, other)
    assert it.kind.collides(it.call.properties, {"SubnetId": UNKNOWN}), "nobody knows yet"
    await it.delete()
    await volume.delete()
    assert await volume.observe() is None


def test_disks_of_an_instance_come_from_snapshots() -> None:
    kind = TYPES.get("AWS::EC2::Instance")
    disks = [{"DeviceName": "vdb"}, {"DeviceName": "vdc", "Ebs": {"DeleteOnTermination": True}}]
    told = [(issue.path, issue.message) for issue in kind.validate({"BlockDeviceMappings": disks})]
    assert told == [
        (("BlockDeviceMappings", 0), "The disk has no Ebs."),
        (("BlockDeviceMappings", 1, "Ebs"), "Ebs has no SnapshotId."),
    ]


async def test_security_group_of_a_vpc_speaks_of_groups_by_name(demo: Driver) -> None:
    other = await demo.make("OS::Neutron::SecurityGroup", name="front")
    rules = [
        {"IpProtocol": "tcp", "FromPort": "22", "ToPort": "23", "CidrIp": "10.0.0.0/8"},
        {"IpProtocol": "-1", "SourceSecurityGroupName": "front"},
        {"IpProtocol": "icmp", "FromPort": "-1", "ToPort": "-1", "CidrIp": "::/0"},
    ]
    it = await demo.make(
        "AWS::EC2::SecurityGroup",
        GroupDescription="mine",
        SecurityGroupIngress=rules,
        SecurityGroupEgress=[{"IpProtocol": "udp", "FromPort": "53", "ToPort": "53", "CidrIp": "0.0.0.0/0"}],
    )

    async def said() -> list[tuple[Any, ...]]:
        keys = ("direction", "ethertype", "protocol", "port_range_min", "port_range_max", "remote_ip_prefix")
        found = (await it.observe())["security_group_rules"]
        return sorted(((*(one[key] for key in keys), one["remote_group_id"]) for one in found), key=str)

    assert await said() == sorted(
        [
            ("ingress", "IPv4", "tcp", 22, 23, "10.0.0.0/8", None),
            ("ingress", "IPv4", None, None, None, None, other.id),
            ("ingress", "IPv6", "ipv6-icmp", None, None, "::/0", None),
            ("egress", "IPv4", "udp", 53, 53, "0.0.0.0/0", None),
        ],
        key=str,
    )
    assert await it.find_again() == it.id
    await it.update(SecurityGroupEgress=None)
    assert {one[:3] for one in await said() if one[0] == "egress"} == {
        ("egress", "IPv4", None),
        ("egress", "IPv6", None),
    }, "everything may go out"
