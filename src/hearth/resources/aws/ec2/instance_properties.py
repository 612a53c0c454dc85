"""Properties of servers in Amazon's terms, and the same in the terms of `OS::Nova::Server`.

Used by AWS::EC2::Instance, whose work is that type's, and by AWS::AutoScaling::LaunchConfiguration, which keeps them
for
the members of groups.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from hearth.model.values import UNKNOWN
from hearth.resources.aws.ec2 import tags
from hearth.resources.contract import Issue, Values
from hearth.resources.nova import server_user_data
from hearth.resources.schema import USED_ONCE, Property

#: Properties of both that a server takes as they are.
_SAME: Final = {
    "ImageId": "image",
    "InstanceType": "flavor",
    "KeyName": "key_name",
    "UserData": "user_data",
    "AvailabilityZone": "availability_zone",
}


def disks_property() -> Property:
    """Volumes made from snapshots."""
    return Property(
        list,
        "Volumes that are made from snapshots.",
        name="BlockDeviceMappings",
        wire=None,
        live=USED_ONCE,
        items=Property(
            dict,
            fields={
                "DeviceName": Property(str, "Name of the device.", required=True),
                "Ebs": Property(
                    dict,
                    "The volume.",
                    fields={
                        "DeleteOnTermination": Property(bool, "Whether it goes with the server.", default=True),
                        "Iops": Property(float, "Operations a second.", implemented=False),
                        "SnapshotId": Property(str, "Snapshot to make it from.", constraint="cinder.snapshot"),
                        "VolumeSize": Property(str, "Size in GiB."),
                        "VolumeType": Property(str, "Type of the volume.", implemented=False),
                    },
                ),
                "NoDevice": Property(dict, "Leave the device out.", implemented=False),
                "VirtualName": Property(str, "Name of a local disk.", implemented=False),
            },
        ),
    )


def hints_property() -> Property:
    """Wishes about the host."""
    fields = {
        "Key": Property(str, "What is wished.", required=True),
        "Value": Property(str, "The value.", required=True),
    }
    items = Property(dict, fields=fields)
    description = "Wishes about the host, as keys and values."
    return Property(list, description, name="NovaSchedulerHints", wire=None, live=USED_ONCE, items=items)


def disk_issues(properties: Mapping[str, Any]) -> Iterable[Issue]:
    """Each disk is made from a snapshot."""
    disks = properties.get("BlockDeviceMappings")
    for at, disk in enumerate(disks if isinstance(disks, list) else ()):
        ebs = disk.get("Ebs") if isinstance(disk, Mapping) else UNKNOWN
        path = ("BlockDeviceMappings", at)
        if ebs is None:
            yield Issue(path, "The disk has no Ebs.", "Give Ebs with a SnapshotId.")
        elif isinstance(ebs, Mapping) and "SnapshotId" not in ebs:
            yield Issue((*path, "Ebs"), "Ebs has no SnapshotId.", "Give the snapshot to make the volume from.")


def to_server(given: Mapping[str, Any]) -> Values:
    """The properties as a server has them."""
    wanted: Values = {ours: given[name] for name, ours in _SAME.items() if name in given}
    wanted.setdefault("user_data", "")
    wanted["user_data_format"] = server_user_data.CFNTOOLS
    wanted["metadata"] = tags.as_map(given.get("Tags"))
    wanted["flavor_update_policy"], wanted["image_update_policy"] = "RESIZE", "REPLACE"
    if hints := _hints(given.get("NovaSchedulerHints") or ()):
        wanted["scheduler_hints"] = hints
    if "NetworkInterfaces" not in given and (groups := groups_of(given)):
        wanted["security_groups"] = groups
    if connections := networks(given):
        wanted["networks"] = connections
    if disks := [_made_disk(one) for one in given.get("BlockDeviceMappings") or ()]:
        wanted["block_device_mapping"] = disks
    if volumes := [_volume(one) for one in given.get("Volumes") or ()]:
        wanted["block_device_mapping_v2"] = volumes
    return wanted


def groups_of(given: Mapping[str, Any]) -> list[str]:
    """Security groups under both names."""
    return [*(given.get("SecurityGroupIds") or ()), *(given.get("SecurityGroups") or ())]


def networks(given: Mapping[str, Any]) -> Any:
    """The connections: network interfaces in their order, else a port in the subnet; UNKNOWN while nobody knows."""
    interfaces, subnet = given.get("NetworkInterfaces"), given.get("SubnetId")
    if UNKNOWN in (interfaces, subnet):
        return UNKNOWN
    if interfaces:
        return [{"port": port} for port in _ports(interfaces)]
    return [{"subnet": subnet}] if subnet else []


def _ports(interfaces: Iterable[Any]) -> list[Any]:
    """Ids of ports, those with a place first."""

    def place(one: Any) -> int:
        return int(one.get("DeviceIndex", 0)) if isinstance(one, Mapping) else 0

    ordered = sorted(interfaces, key=place)
    return [one.get("NetworkInterfaceId") if isinstance(one, Mapping) else one for one in ordered]


def _hints(given: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """A key that is there more than once has a list."""
    hints: dict[str, Any] = {}
    for one in given:
        key, value = one["Key"], one["Value"]
        if key in hints:
            before = hints[key]
            hints[key] = [*(before if isinstance(before, list) else [before]), value]
        else:
            hints[key] = value
    return hints


def _made_disk(disk: Mapping[str, Any]) -> dict[str, Any]:
    ebs = disk["Ebs"]
    made = {
        "device_name": disk["DeviceName"],
        "snapshot_id": ebs["SnapshotId"],
        "delete_on_termination": ebs["DeleteOnTermination"],
    }
    return made | ({"volume_size": int(ebs["VolumeSize"])} if ebs.get("VolumeSize") else {})


def _volume(one: Mapping[str, Any]) -> dict[str, Any]:
    return {"device_name": one["Device"], "volume_id": one["VolumeId"], "boot_index": -1}
