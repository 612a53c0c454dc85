"""Interfaces and volumes of a server that runs: list, attach, detach."""

from typing import Any

from hearth.localcloud.cinder import refusals, rules, versions
from hearth.localcloud.core import service, state
from hearth.localcloud.core.service import Reply, Route
from hearth.localcloud.nova import book, disks, life, networking

_INTERFACE = rules.Shape(
    {
        "net_id": rules.optional(rules.uuid),
        "port_id": rules.optional(rules.uuid),
        "fixed_ips": rules.list_of(rules.Shape({"ip_address": rules.text(1, 64)}, required=("ip_address",)), maximum=1),
        "tag": rules.text(1, 60),
    }
)
_VOLUME = rules.Shape(
    {
        "volumeId": rules.uuid,
        "device": rules.optional(rules.text(0, 255)),
        "tag": rules.text(1, 60),
        "delete_on_termination": rules.boolean,
    },
    required=("volumeId",),
)


class Attaching:
    """os-interface, os-volume_attachments, ips, os-security-groups below a server."""

    def __init__(self, records: book.Book, networks: networking.Networking) -> None:
        self._book = records
        self._networking = networks

    def routes(self) -> list[Route]:
        """Routes below /v2.1."""
        one = "/servers/{server_id}"
        interface, volume = one + "/os-interface", one + "/os-volume_attachments"
        return [
            Route("GET", interface, self.interfaces),
            Route("POST", interface, self.add_interface),
            Route("GET", interface + "/{port_id}", self.interface),
            Route("DELETE", interface + "/{port_id}", self.remove_interface),
            Route("GET", volume, self.volumes),
            Route("POST", volume, self.add_volume),
            Route("GET", volume + "/{volume_id}", self.volume),
            Route("PUT", volume + "/{volume_id}", self.update_volume),
            Route("DELETE", volume + "/{volume_id}", self.remove_volume),
            Route("GET", one + "/ips", self.addresses),
            Route("GET", one + "/ips/{network}", self.network_addresses),
            Route("GET", one + "/os-security-groups", self.security_groups),
        ]

    # ---- interfaces

    def interfaces(self, call: service.Call) -> Any:
        """GET /servers/{id}/os-interface."""
        server = self._of(call)
        return {"interfaceAttachments": [_interface(call, server, port) for port in self._networking.ports(server)]}

    def interface(self, call: service.Call) -> Any:
        """GET /servers/{id}/os-interface/{port}."""
        server = self._of(call)
        return {"interfaceAttachment": _interface(call, server, self._port(server, call.params["port_id"]))}

    def add_interface(self, call: service.Call) -> Any:
        """POST /servers/{id}/os-interface."""
        server = self._of(call)
        body = call.body if isinstance(call.body, dict) and call.body.get("interfaceAttachment") else None
        wanted = rules.read(body or {"interfaceAttachment": {}}, "interfaceAttachment", _INTERFACE)
        net_id, port_id, fixed = wanted.get("net_id"), wanted.get("port_id"), wanted.get("fixed_ips") or []
        if net_id and port_id:
            raise refusals.bad("Must not input both network_id and port_id")
        if fixed and not net_id:
            raise refusals.bad("Must input network_id when request IP address")
        life.check(server, life.ATTACH_INTERFACE, is_admin=call.identity.is_admin)
        if net_id or port_id:
            asked = {"uuid": net_id, "port": port_id, "tag": wanted.get("tag")}
            asked["fixed_ip"] = fixed[0]["ip_address"] if fixed else None
            nic = self._networking.nic(call.identity, asked, missing=404)
        else:
            automatic = self._networking.plan(call.identity, None, count=1)
            if not automatic:
                raise refusals.bad("No network was given, and there is none to take by default.")
            nic = automatic[0]
        try:
            held = self._networking.plug(call.identity, server, nic, [])
        except networking.Unusable as error:
            raise refusals.bad(str(error)) from error
        server = self._book.servers.update(server["id"], nics=[*server["nics"], held])
        self._book.record(call, server, "attach_interface")
        return {"interfaceAttachment": _interface(call, server, self._port(server, held["port_id"]))}

    def remove_interface(self, call: service.Call) -> Reply:
        """DELETE /servers/{id}/os-interface/{port}."""
        server, port_id = self._of(call), call.params["port_id"]
        life.check(server, life.DETACH_INTERFACE, is_admin=call.identity.is_admin)
        if self._networking.neutron.data.ports.get(port_id) is None:
            # The work is done later, by another process: there nobody is left to be told.
            return Reply(202)
        self._port(server, port_id)
        held = [each for each in server["nics"] if each["port_id"] == port_id]
        self._networking.release(held or [{"port_id": port_id, "created": False}])
        self._book.servers.update(server["id"], nics=[each for each in server["nics"] if each["port_id"] != port_id])
        self._book.record(call, server, "detach_interface")
        return Reply(202)

    # ---- volumes

    def volumes(self, call: service.Call) -> Any:
        """GET /servers/{id}/os-volume_attachments."""
        server = self._of(call)
        return {"volumeAttachments": [_volume(call, server, each) for each in server["volumes"]]}

    def volume(self, call: service.Call) -> Any:
        """GET /servers/{id}/os-volume_attachments/{volume}."""
        server = self._of(call)
        return {"volumeAttachment": _volume(call, server, _held(server, call.params["volume_id"]))}

    def add_volume(self, call: service.Call) -> Any:
        """POST /servers/{id}/os-volume_attachments."""
        server = self._of(call)
        wanted = rules.read(call.body, "volumeAttachment", _VOLUME)
        volume = self._book.cinder.book.volume(call.identity, wanted["volumeId"])
        life.check(server, life.ATTACH_VOLUME, is_admin=call.identity.is_admin)
        if any(each["volume_id"] == volume["id"] for each in server["volumes"]):
            raise refusals.bad(f"Invalid volume: volume {volume['id']} already attached")
        if volume["status"] != "available" and not (volume["multiattach"] and volume["status"] == "in-use"):
            raise refusals.bad(
                f"Invalid volume: volume '{volume['id']}' status must be 'available'. Currently in '{volume['status']}'"
            )
        device = self._device(server, wanted.get("device"))
        held = self._book.cinder.attachments.occupy(volume, server["id"], device=device, host=server["host"])
        entry = disks.entry(volume["id"], held["id"], device, tag=wanted.get("tag"))
        entry["delete_on_termination"] = rules.truth(wanted.get("delete_on_termination", False))
        self._book.servers.update(server["id"], volumes=[*server["volumes"], entry])
        self._book.record(call, server, "attach_volume")
        # The answer keeps the older form in every version.
        body = rules.without(_volume(call, server, entry), {"attachment_id", "bdm_uuid"})
        return {"volumeAttachment": {**body, "id": volume["id"]}}

    def update_volume(self, call: service.Call) -> Reply:
        """PUT /servers/{id}/os-volume_attachments/{volume}: delete_on_termination (2.85), or another volume."""
        server = self._of(call)
        wanted = rules.read(call.body, "volumeAttachment", rules.Shape(_VOLUME.fields, _VOLUME.required, open=True))
        held = _held(server, call.params["volume_id"])
        if wanted["volumeId"] != held["volume_id"]:
            refusals.admin_only(call, "os_compute_api:os-volumes-attachments:swap")
            volume = self._book.cinder.book.volume(call.identity, wanted["volumeId"])
            attachment = self._book.cinder.attachments.occupy(
                volume, server["id"], device=held["device"], host=server["host"]
            )
            self._detach(held)
            changed = {**held, "volume_id": volume["id"], "attachment_id": attachment["id"]}
        else:
            versions.require(call, 2, 85)
            flag = rules.truth(wanted.get("delete_on_termination", held["delete_on_termination"]))
            changed = {**held, "delete_on_termination": flag}
        volumes = [changed if each is held else each for each in server["volumes"]]
        self._book.servers.update(server["id"], volumes=volumes)
        return Reply(202)

    def remove_volume(self, call: service.Call) -> Reply:
        """DELETE /servers/{id}/os-volume_attachments/{volume}."""
        server = self._of(call)
        held = _held(server, call.params["volume_id"])
        life.check(server, life.DETACH_VOLUME, is_admin=call.identity.is_admin)
        if held["boots"] and server["vm_state"] not in (life.OFFLOADED, life.SHELVED):
            raise refusals.forbidden("Cannot detach a root device volume")
        self._detach(held)
        self._book.servers.update(server["id"], volumes=[each for each in server["volumes"] if each is not held])
        self._book.record(call, server, "detach_volume")
        return Reply(202)

    # ---- addresses

    def addresses(self, call: service.Call) -> Any:
        """GET /servers/{id}/ips."""
        return {"addresses": self._networking.addresses(self._networking.ports(self._of(call)), details=False)}

    def network_addresses(self, call: service.Call) -> Any:
        """GET /servers/{id}/ips/{network name}."""
        found, wanted = self.addresses(call)["addresses"], call.params["network"]
        if wanted not in found:
            raise refusals.not_found("Instance is not a member of specified network")
        return {wanted: found[wanted]}

    def security_groups(self, call: service.Call) -> Any:
        """GET /servers/{id}/os-security-groups."""
        groups = self._networking.groups(self._networking.ports(self._of(call)))
        fields = ("id", "name", "description")
        rows = [{**{key: each[key] for key in fields}, "tenant_id": each["project_id"], "rules": []} for each in groups]
        return {"security_groups": rows}

    # ---- helpers

    def _of(self, call: service.Call) -> state.Document:
        return self._book.server(call.identity, call.params["server_id"])

    def _port(self, server: state.Document, port_id: str) -> state.Document:
        for port in self._networking.ports(server):
            if port["id"] == port_id:
                return port
        raise refusals.not_found(f"Port {port_id} is not attached to instance {server['id']}.")

    def _detach(self, held: dict[str, Any]) -> None:
        attachment = self._book.cinder.book.attachments.get(held["attachment_id"])
        if attachment is not None:
            self._book.cinder.attachments.release(attachment)

    def _device(self, server: state.Document, wanted: str | None) -> str:
        used = {each["device"] for each in server["volumes"]} | {"/dev/vda"}
        if wanted and wanted != "auto":
            device = wanted if wanted.startswith("/dev/") else f"/dev/{wanted}"
            if device in used:
                raise refusals.conflict(f"The supplied device path ({device}) is in use.")
            return device
        return next(name for letter in _LETTERS if (name := f"/dev/vd{letter}") not in used)


#: One letter, then two: more devices than any server gets.
_LETTERS = [a + b for a in ("", *"abcdefghij") for b in "abcdefghijklmnopqrstuvwxyz"]


def _held(server: state.Document, volume_id: str) -> dict[str, Any]:
    for each in server["volumes"]:
        if each["volume_id"] == volume_id:
            found: dict[str, Any] = each
            return found
    raise refusals.not_found(f"Instance {server['id']} is not attached to volume {volume_id}")


def _interface(call: service.Call, server: state.Document, port: state.Document) -> dict[str, Any]:
    body = {
        "net_id": port["network_id"],
        "port_id": port["id"],
        "mac_addr": port["mac_address"],
        "port_state": port["status"],
        "fixed_ips": [{key: each[key] for key in ("subnet_id", "ip_address")} for each in port["fixed_ips"]],
    }
    if versions.at_least(call, 2, 70):
        body["tag"] = next((each["tag"] for each in server["nics"] if each["port_id"] == port["id"]), None)
    return body


def _volume(call: service.Call, server: state.Document, held: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = {"volumeId": held["volume_id"], "serverId": server["id"], "device": held["device"]}
    if not versions.at_least(call, 2, 89):
        body["id"] = held["volume_id"]
    if versions.at_least(call, 2, 70):
        body["tag"] = held["tag"]
    if versions.at_least(call, 2, 79):
        body["delete_on_termination"] = held["delete_on_termination"]
    if versions.at_least(call, 2, 89):
        body |= {"attachment_id": held["attachment_id"], "bdm_uuid": held["bdm_uuid"]}
    return body
