"""AWS::EC2::Instance: a server. Its work is done by `OS::Nova::Server`, in whose terms its properties are told.

Spec: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ec2-instance.html
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from hearth.model.states import Action
from hearth.resources import base
from hearth.resources.aws.ec2 import instance_properties
from hearth.resources.aws.ec2 import tags as tag_lists
from hearth.resources.contract import Call, Change, Issue, Observed, Unwell, Values, Wait
from hearth.resources.nova import server, server_attributes, server_drift
from hearth.resources.remote import Readiness, RemoteResource
from hearth.resources.schema import Attribute, Property, Unseen

_SERVER: Final = server.Server()
_WAITING: Final = frozenset({Action.CREATE, Action.UPDATE, Action.DELETE, Action.SUSPEND, Action.RESUME})
#: `{ours: the server's}`, of properties that can be changed.
_CHANGES: Final = {
    "InstanceType": "flavor",
    "Tags": "metadata",
    "SubnetId": "networks",
    "NetworkInterfaces": "networks",
}


def _connected(name: str) -> Callable[[Call, Observed], Any]:
    """Reads connections: as given while every one is there, else the ports there are."""

    def read(call: Call, observed: Observed) -> Any:
        as_server = _as_server(call)
        shown = server_drift.networks(as_server, observed)
        if shown == as_server.properties.get("networks"):
            return call.properties.get(name)
        return [one["port"] for one in shown if "port" in one] if name == "NetworkInterfaces" else None

    return read


def _volumes(call: Call, observed: Observed) -> Any:
    """Those of the listed volumes that are attached."""
    attached = {one["id"] for one in observed.get("os-extended-volumes:volumes_attached") or ()}
    return [one for one in call.properties["Volumes"] if one["VolumeId"] in attached]


def _address(*kinds: str) -> Callable[[Observed], str]:
    """The first address of the first of these kinds that there is; any, if there is none."""

    def read(observed: Observed) -> str:
        several = [one for listed in (observed.get("addresses") or {}).values() for one in listed]
        for kind in kinds:
            for one in several:
                if one.get("OS-EXT-IPS:type") == kind:
                    return str(one["addr"])
        return server_attributes.first_address(observed) or "0.0.0.0"

    return read


@base.resource("AWS::EC2::Instance")
class Instance(RemoteResource):
    """A server that is told its user data by the cfn tools."""

    remote = dataclasses.replace(
        server.Server.remote,
        readiness=Readiness(ready=("ACTIVE", "SHUTOFF", "PAUSED", "SUSPENDED"), on=_WAITING, reason="fault.message"),
    )
    name_limit = 53
    operated = {"name_limit": "max_server_name_length"}
    takes_turns = True

    zone = Property(
        str,
        "Availability zone.",
        name="AvailabilityZone",
        live=lambda call, observed: observed.get("OS-EXT-AZ:availability_zone"),
    )
    disks = instance_properties.disks_property()
    image = Property(
        str,
        "Image it boots from.",
        name="ImageId",
        required=True,
        refers="glance.image",
        live=server_drift.image,
    )
    flavor = Property(
        str,
        "Size of the server.",
        name="InstanceType",
        required=True,
        updatable=True,
        refers="nova.flavor",
        live="flavor.id",
    )
    key = Property(str, "Key pair that is let in.", name="KeyName", constraint="nova.keypair", live="key_name")
    interfaces = Property(
        list,
        "Network interfaces: ids, or maps of NetworkInterfaceId and DeviceIndex.",
        name="NetworkInterfaces",
        updatable=True,
        live=_connected("NetworkInterfaces"),
    )
    subnet = Property(
        str,
        "Subnet to connect to.",
        name="SubnetId",
        updatable=True,
        translates="neutron.subnet",
        live=_connected("SubnetId"),
    )
    groups = Property(list, "Security groups.", name="SecurityGroups", translates="neutron.security_group", live=None)
    group_ids = Property(
        list, "Ids of security groups.", name="SecurityGroupIds", translates="neutron.security_group", live=None
    )
    hints = instance_properties.hints_property()
    tags = tag_lists.tags_property(updatable=True, live=tag_lists.in_metadata)
    user_data = Property(
        str,
        "Data for the server's first start.",
        name="UserData",
        live=Unseen("the service shows it to administrators only"),
        secret=True,
    )
    volumes = Property(
        list,
        "Volumes to attach.",
        name="Volumes",
        default=[],
        live=_volumes,
        items=Property(
            dict,
            fields={
                "Device": Property(str, "Name of the device.", required=True),
                "VolumeId": Property(str, "The volume.", required=True, refers="cinder.volume"),
            },
        ),
    )
    termination = Property(str, "Whether it is kept from deletion.", name="DisableApiTermination", implemented=False)
    kernel = Property(str, "Image of its kernel.", name="KernelId", implemented=False)
    monitoring = Property(bool, "Whether it is monitored.", name="Monitoring", implemented=False)
    placement = Property(str, "Group of hosts.", name="PlacementGroupName", implemented=False)
    address = Property(str, "The address.", name="PrivateIpAddress", implemented=False)
    ramdisk = Property(str, "Image of its RAM disk.", name="RamDiskId", implemented=False)
    source_check = Property(bool, "Whether foreign addresses are dropped.", name="SourceDestCheck", implemented=False)
    tenancy = Property(str, "Whose host it is.", name="Tenancy", allowed=("dedicated", "default"), implemented=False)

    attributes = {
        "AvailabilityZone": Attribute(str, "Availability zone.", source="OS-EXT-AZ:availability_zone"),
        "PrivateDnsName": Attribute(str, "The address.", source=_address("fixed"), follows=True),
        "PublicDnsName": Attribute(
            str, "The address to be reached from outside.", source=_address("floating"), follows=True
        ),
        "PrivateIp": Attribute(str, "The address.", source=_address("fixed"), follows=True),
        "PublicIp": Attribute(
            str, "The address to be reached from outside.", source=_address("floating"), follows=True
        ),
    }

    def validate(self, properties: Values) -> Iterable[Issue]:
        """Disks come from snapshots."""
        yield from super().validate(properties)
        yield from instance_properties.disk_issues(properties)

    async def find(self, call: Call) -> str | None:
        """As the server."""
        return await _lent(call, _SERVER.find)

    async def create(self, call: Call) -> str | None:
        """As the server."""
        return await _lent(call, _SERVER.create)

    async def update(self, call: Call, change: Change) -> str | None:
        """The changed properties in the server's terms."""
        as_server = _as_server(call)
        keys = {_CHANGES[key] for key in change.properties if key in _CHANGES}
        changed = {key: as_server.properties.get(key) for key in keys}
        return await _SERVER.update(as_server, dataclasses.replace(change, properties=changed))

    async def delete(self, call: Call) -> None:
        """As the server."""
        await _SERVER.delete(_as_server(call))

    async def observe_many(self, calls: Sequence[Call]) -> dict[str, Observed | None]:
        """As the server."""
        return await _SERVER.observe_many([_as_server(call) for call in calls])

    async def settle(self, call: Call, observed: Observed | None) -> Wait | None:
        """As the server."""
        return await _SERVER.settle(_as_server(call), observed)

    async def attribute(self, call: Call, name: str, observed: Observed | None) -> Any:
        """Addresses are those of the ports."""
        if self.attributes[name].follows:
            seen = observed if observed is not None else await self.observe(call)
            observed = await server_attributes.up_to_date(call, seen or {})
        return await super().attribute(call, name, observed)

    def ailment(self, call: Call, observed: Observed) -> Unwell | None:
        """As the server."""
        return _SERVER.ailment(call, observed)

    async def examine(self, call: Call, observed: Observed) -> Observed:
        """As the server."""
        return await _SERVER.examine(_as_server(call), observed)

    async def suspend(self, call: Call) -> None:
        """As the server."""
        await _SERVER.suspend(call)

    async def resume(self, call: Call) -> None:
        """As the server."""
        await _SERVER.resume(call)

    def collides(self, properties: Values, wanted: Values) -> str:
        """As the server: a port serves one."""
        had, asked = ({"networks": instance_properties.networks(one)} for one in (properties, wanted))
        return _SERVER.collides(had, asked)

    async def make_way(self, call: Call, wanted: Values) -> Wait | None:
        """As the server."""
        return await _SERVER.make_way(_as_server(call), instance_properties.to_server(wanted))

    async def take_back(self, call: Call) -> Wait | None:
        """As the server."""
        return await _SERVER.take_back(_as_server(call))


def _as_server(call: Call) -> Call:
    """The call in the server's terms; the private values are the same."""

    def told(given: Mapping[str, Any] | None) -> Values | None:
        return None if given is None else instance_properties.to_server(given)

    return dataclasses.replace(call, properties=told(call.properties) or {}, previous=told(call.previous))


async def _lent(call: Call, verb: Callable[[Call], Any]) -> str | None:
    """A verb that may find out the id."""
    as_server = _as_server(call)
    try:
        found: str | None = await verb(as_server)
        return found
    finally:
        call.physical_id = as_server.physical_id
