"""What a server looks like on the wire, by microversion and by who asks."""

from typing import Any

from hearth.localcloud.cinder import times, versions
from hearth.localcloud.core import service, state
from hearth.localcloud.nova import book, life, networking

#: Statuses with a progress.
_IN_PROGRESS = frozenset({"ACTIVE", "BUILD", "DELETED", "REBUILD", "RESIZE", "VERIFY_RESIZE"})


class Wire:
    """Builds the bodies of servers."""

    def __init__(self, records: book.Book, networks: networking.Networking) -> None:
        self._book = records
        self._networking = networks

    def brief(self, call: service.Call, server: state.Document) -> dict[str, Any]:
        """A server in a plain list."""
        return {"id": server["id"], "name": server["name"], "links": links(call, server)}

    def full(self, call: service.Call, server: state.Document, *, shown: bool = False) -> dict[str, Any]:
        """A server with all its fields; `shown`: also those that only show has."""
        is_admin = call.identity.is_admin
        ports = self._networking.ports(server)
        body = self._basic(call, server, self._networking.addresses(ports))
        details: dict[str, Any] = {
            "OS-EXT-AZ:availability_zone": server["zone"] if server["host"] else "",
            "config_drive": server["config_drive"],
            "key_name": server["key_name"],
            "OS-SRV-USG:launched_at": times.stamp(server["launched_at"]),
            "OS-SRV-USG:terminated_at": None,
            "OS-EXT-STS:task_state": server["task_state"],
            "OS-EXT-STS:vm_state": server["vm_state"],
            "OS-EXT-STS:power_state": server["power_state"],
            "os-extended-volumes:volumes_attached": self._volumes(call, server),
        }
        groups = self._networking.groups(ports)
        if groups:
            details["security_groups"] = [{"name": group["name"]} for group in groups]
        if is_admin:
            details |= {
                "OS-EXT-SRV-ATTR:host": server["host"],
                "OS-EXT-SRV-ATTR:instance_name": f"instance-{server['number']:08x}",
                "OS-EXT-SRV-ATTR:hypervisor_hostname": server["host"],
            }
            if versions.at_least(call, 2, 3):
                details |= {
                    "OS-EXT-SRV-ATTR:hostname": server["hostname"],
                    "OS-EXT-SRV-ATTR:kernel_id": "",
                    "OS-EXT-SRV-ATTR:launch_index": server["launch_index"],
                    "OS-EXT-SRV-ATTR:ramdisk_id": "",
                    "OS-EXT-SRV-ATTR:reservation_id": server["reservation_id"],
                    "OS-EXT-SRV-ATTR:root_device_name": "/dev/vda",
                    "OS-EXT-SRV-ATTR:user_data": server["user_data"],
                }
            if versions.at_least(call, 2, 16):
                details["host_status"] = "UP" if server["host"] else ""
        elif versions.at_least(call, 2, 90):
            details["OS-EXT-SRV-ATTR:hostname"] = server["hostname"]
        if versions.at_least(call, 2, 63):
            details["trusted_image_certificates"] = None
        if shown and versions.at_least(call, 2, 71):
            group = server["group_id"]
            details["server_groups"] = [group] if group and group in self._book.groups else []
        if versions.at_least(call, 2, 73):
            details["locked_reason"] = server["locked_reason"]
        if versions.at_least(call, 2, 96):
            details["pinned_availability_zone"] = server["wanted_zone"]
        return body | details

    def changed(self, call: service.Call, server: state.Document) -> dict[str, Any]:
        """A server in the answer to an update or a rebuild: all its fields from 2.75 on, few before."""
        if versions.at_least(call, 2, 75):
            return self.full(call, server, shown=True)
        return self._basic(call, server, self._networking.addresses(self._networking.ports(server), details=False))

    def _basic(self, call: service.Call, server: state.Document, addresses: Any) -> dict[str, Any]:
        shown = life.status(server)
        body: dict[str, Any] = {
            "id": server["id"],
            "name": server["name"],
            "status": shown,
            "tenant_id": server["project_id"],
            "user_id": server["user_id"],
            "metadata": server["metadata"],
            "hostId": book.host_id(server["project_id"], server["host"]),
            "image": self._image(call, server),
            "flavor": _flavor(call, server["flavor"]),
            "created": times.zulu(server["created_at"]),
            "updated": times.zulu(server["updated_at"]),
            "addresses": addresses,
            "accessIPv4": server["access_ip_v4"],
            "accessIPv6": server["access_ip_v6"],
            "links": links(call, server),
            "OS-DCF:diskConfig": server["disk_config"],
        }
        if shown in _IN_PROGRESS:
            body["progress"] = server["progress"]
        if shown == "ERROR" and server["fault"]:
            body["fault"] = _fault(server["fault"])
        if versions.at_least(call, 2, 9):
            body["locked"] = server["locked"]
        if versions.at_least(call, 2, 19):
            body["description"] = server["description"]
        if versions.at_least(call, 2, 26):
            body["tags"] = server["tags"]
        return body

    def _image(self, call: service.Call, server: state.Document) -> Any:
        image = server["image_id"]
        if not image:
            return ""
        return {"id": image, "links": [{"rel": "bookmark", "href": call.service.url(f"/images/{image}")}]}

    def _volumes(self, call: service.Call, server: state.Document) -> list[dict[str, Any]]:
        if versions.at_least(call, 2, 3):
            keep = "delete_on_termination"
            return [{"id": each["volume_id"], keep: each[keep]} for each in server["volumes"]]
        return [{"id": each["volume_id"]} for each in server["volumes"]]


def links(call: service.Call, server: state.Document) -> list[dict[str, str]]:
    """The self and bookmark links of a server."""
    return [
        {"rel": "self", "href": call.service.url(f"/v2.1/servers/{server['id']}")},
        {"rel": "bookmark", "href": call.service.url(f"/servers/{server['id']}")},
    ]


def _flavor(call: service.Call, flavor: state.Document) -> dict[str, Any]:
    if not versions.at_least(call, 2, 47):
        href = call.service.url(f"/flavors/{flavor['id']}")
        return {"id": flavor["id"], "links": [{"rel": "bookmark", "href": href}]}
    fields = ("vcpus", "ram", "disk", "ephemeral", "swap")
    body = {name: flavor[name] for name in fields} | {"original_name": flavor["name"]}
    return body | {"extra_specs": flavor["extra_specs"]}


def _fault(fault: state.Document) -> dict[str, Any]:
    return {"code": fault["code"], "created": times.zulu(fault["created"]), "message": fault["message"]}
