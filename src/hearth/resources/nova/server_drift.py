"""What a live server says of its properties, where that is not one field of it.

Networks are seen at the ports that the network service has for the server, tags in a collection of their own; `examine`
puts both beside what the compute service shows. Used by `server`.
"""

from collections.abc import Mapping
from typing import Any, Final

from hearth.resources.contract import Call, Observed
from hearth.resources.nova import server_ports
from hearth.resources.remote import RemoteResource
from hearth.resources.schema import ABSENT

#: Where an examined server keeps its ports.
_PORTS: Final = "ports"
_ATTACHED: Final = "os-extended-volumes:volumes_attached"


async def examine(server: RemoteResource, call: Call, observed: Observed) -> Observed:
    """The server with its ports and tags, as far as the properties ask for them."""
    seen = dict(observed)
    if call.properties.get("networks"):
        seen[_PORTS] = await server_ports.of_server(call)
    if "tags" in call.properties:
        path = f"{server.path(call)}/tags"
        answer = await server.request(call, "GET", path, microversion="2.26", purpose="a server with tags")
        seen["tags"] = answer.body["tags"]
    return seen


def image(call: Call, observed: Observed) -> Any:
    """The image; a server that boots from a volume shows none, whatever the volume was made from."""
    shown = observed.get("image")
    return shown.get("id") if isinstance(shown, Mapping) else ABSENT


def availability_zone(call: Call, observed: Observed) -> Any:
    """The zone; the template may name a host in it too."""
    wanted, zone = str(call.properties["availability_zone"]), observed.get("OS-EXT-AZ:availability_zone")
    return wanted if wanted.partition(":")[0] == zone else zone


def security_groups(call: Call, observed: Observed) -> Any:
    """Names of the groups of all its ports. While none are given, the service chose them."""
    if not call.properties.get("security_groups"):
        return ABSENT
    return sorted({one["name"] for one in observed.get("security_groups") or ()})


def networks(call: Call, observed: Observed) -> Any:
    """The entries whose ports are there, then the ports that no entry asks for."""
    entries = call.properties.get("networks") or []
    if _PORTS not in observed or any(entry.get("allocate_network") for entry in entries):
        return ABSENT
    left = list(observed[_PORTS])
    present = []
    for at, entry in enumerate(entries):
        port_id = server_ports.port_of(entry, at, left, server_ports.known(call))
        if any(port["id"] == port_id for port in left):
            left = [port for port in left if port["id"] != port_id]
            present.append(entry)
    return present + [{"port": port["id"], "network": port["network_id"]} for port in left]


def disks(name: str) -> Any:
    """Reads a list of disks: those whose volume is attached, and those that are no given volume."""

    def read(call: Call, observed: Observed) -> Any:
        attached = {one["id"] for one in observed.get(_ATTACHED) or ()}
        return [one for one in call.properties[name] if one.get("volume_id") in (None, *attached)]

    return read


def config_drive(call: Call, observed: Observed) -> Any:
    """Nova shows "True" or nothing."""
    return bool(observed.get("config_drive"))
