"""Which properties of a server fit together, and which changes replace it. Pure.

Used by `server`.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hearth.model.values import UNKNOWN
from hearth.resources.contract import Call, Change, Issue, Values

_SOURCES = ("volume_id", "snapshot_id", "image")
_MAY_REPLACE = ("REPLACE", UNKNOWN)
_BLANK = ("swap_size", "ephemeral_size", "ephemeral_format")


def check(properties: Values) -> Iterable[Issue]:
    """Problems of disks, networks, and what they mean for other properties."""
    networks = properties.get("networks")
    if isinstance(networks, list):
        yield from _check_networks(networks, bool(_known(properties.get("security_groups"))))
    disks = [
        *_disks(properties, "block_device_mapping"),
        *_disks(properties, "block_device_mapping_v2"),
    ]
    for name, at, disk in disks:
        given = [key for key in _SOURCES if key in disk]
        if len(given) > 1:
            yield Issue((name, at, given[1]), f"{given[0]!r} and {given[1]!r} cannot be used together.", "Keep one.")
        elif not given and not any(key in disk for key in _BLANK):
            yield Issue((name, at), "The disk says nothing about what is on it.", f"Give one of {', '.join(_SOURCES)}.")
        elif "snapshot_id" in disk and name == "block_device_mapping" and "volume_size" not in disk:
            yield Issue((name, at), "The volume made from a snapshot needs a size.", "Give 'volume_size'.")
    whole = all(properties.get(key) is not UNKNOWN for key in ("block_device_mapping", "block_device_mapping_v2"))
    if "image" not in properties and whole and not any(_boots(disk) for _, _, disk in disks):
        message = "The server has neither an image nor a disk to boot from."
        yield Issue((), message, "Give 'image', or a volume in 'block_device_mapping_v2'.")


def _check_networks(networks: list[Any], has_groups: bool) -> Iterator[Issue]:
    for at, entry in enumerate(networks):
        if not isinstance(entry, Mapping):
            continue
        path = ("networks", at)
        allocate = entry.get("allocate_network")
        if allocate is not None:
            others = [key for key in entry if key not in ("allocate_network", "tag")]
            if others or len(networks) > 1:
                yield Issue(path, "allocate_network stands alone.", "Remove the other networks and keys.")
        elif not any(key in entry for key in ("network", "port", "subnet")):
            yield Issue(path, "The network is not named.", "Give 'network', 'port', 'subnet' or 'allocate_network'.")
        if "port" in entry:
            for key in ("fixed_ip", "port_extra_properties"):
                if entry.get(key):
                    yield Issue((*path, key), f"{key!r} cannot be used with 'port'.", "Set it on the port itself.")
            if has_groups:
                message = "security_groups cannot be used together with a port: the port has its own."
                yield Issue(("security_groups",), message, "Give the security groups to the port.")


def _disks(properties: Values, name: str) -> list[tuple[str, int, Mapping[str, Any]]]:
    given = properties.get(name)
    if not isinstance(given, list):
        return []
    return [(name, at, disk) for at, disk in enumerate(given) if isinstance(disk, Mapping)]


def _boots(disk: Mapping[str, Any]) -> bool:
    return any(key in disk for key in _SOURCES) and disk.get("boot_index", 0) in (0, UNKNOWN)


def _known(value: Any) -> Any:
    return None if value is UNKNOWN else value


def replacing(change: Change, call: Call) -> Iterator[str]:
    """The changed properties that, by the policies, make a new server."""
    changed, after, before = change.properties, call.properties, call.previous or {}
    if "flavor" in changed and after.get("flavor_update_policy") in _MAY_REPLACE:
        yield "flavor"
    if "image" in changed:
        # A server that boots from a volume has no image to rebuild from.
        appears = changed["image"] is None or "image" not in before
        if appears or after.get("image_update_policy") in _MAY_REPLACE:
            yield "image"
    if "user_data" in changed and after.get("user_data_update_policy") in _MAY_REPLACE:
        yield "user_data"
