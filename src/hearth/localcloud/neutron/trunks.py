"""Trunks: /v2.0/trunks, many networks through one parent port."""

from typing import Any

from hearth.localcloud.core import errors, quota, service, state
from hearth.localcloud.neutron import checks, ports, refusals, resource, tables
from hearth.localcloud.neutron.resource import Field, read_only

_SUBPORT = checks.mapping(
    {"port_id": checks.uuid}, {"segmentation_type": checks.anything, "segmentation_id": checks.anything}
)


class Trunks(resource.Resource):
    """Trunks and their subports."""

    singular, plural, path = "trunk", "trunks", "/v2.0/trunks"
    missing_kind, noun = "TrunkNotFound", "Trunk"
    counted_as = "trunk"
    index = ("project_id", "port_id")
    fields = (
        resource.NAME,
        resource.DESCRIPTION,
        resource.UP,
        Field("port_id", str, required=True, update=False, check=checks.uuid),
        Field("sub_ports", list, default=[], update=False),
        read_only("status", default="DOWN"),
    )

    def __init__(self, owner: service.Service, data: tables.Tables, quotas: quota.Quotas, plugs: ports.Ports) -> None:
        super().__init__(owner, data, quotas)
        self._ports = plugs

    def routes(self) -> list[service.Route]:
        """The regular routes and the verbs on subports."""
        member = self.path + "/{id}/"
        return [
            *super().routes(),
            service.Route("GET", member + "get_subports", self.get_subports),
            service.Route("PUT", member + "add_subports", self.add_subports),
            service.Route("PUT", member + "remove_subports", self.remove_subports),
        ]

    def prepare(self, call: service.Call, document: state.Document) -> None:
        """The parent is a port of its own."""
        parent = self._ports.find(call, document["port_id"])
        if self.data.trunk_under(parent["id"]):
            raise refusals.conflict("ParentPortInUse", f"Port {parent['id']} is the parent of a trunk already.")
        if parent["id"] in self.data.subports:
            raise refusals.conflict("TrunkPortInUse", f"Port {parent['id']} is a subport of a trunk.")
        if parent["binding:host_id"]:
            raise refusals.conflict(
                "ParentPortInUse", f"Port {parent['id']} is bound to a host; make the trunk before."
            )
        given, document["sub_ports"] = document["sub_ports"], []
        document["sub_ports"] = self._joined(call, document, given)

    def check_delete(self, call: service.Call, document: state.Document) -> None:
        """Not while a server uses it, nor while it is switched off."""
        if not document["admin_state_up"]:
            raise refusals.conflict("TrunkDisabled", f"Trunk {document['id']} is down; set admin_state_up first.")
        parent = self.data.ports.get(document["port_id"])
        if parent is not None and parent["binding:host_id"]:
            raise refusals.conflict("TrunkInUse", f"Trunk {document['id']} is in use by {parent['device_id']}.")
        for sub in document["sub_ports"]:
            self._leave(sub["port_id"])

    def view(self, call: service.Call, document: state.Document) -> state.Document:
        """A trunk works when its parent does."""
        shown = super().view(call, document)
        parent = self.data.ports.get(document["port_id"])
        shown["status"] = "ACTIVE" if parent is not None and parent["status"] == "ACTIVE" else document["status"]
        return shown

    def get_subports(self, call: service.Call) -> Any:
        """GET …/get_subports."""
        return {"sub_ports": self.find(call, call.params["id"])["sub_ports"]}

    def add_subports(self, call: service.Call) -> Any:
        """PUT …/add_subports."""
        document = self._writable(call)
        added = self._joined(call, document, self._given_ports(call))
        return self._stored(call, document, [*document["sub_ports"], *added])

    def remove_subports(self, call: service.Call) -> Any:
        """PUT …/remove_subports."""
        document = self._writable(call)
        gone = [each.get("port_id") if isinstance(each, dict) else each for each in self._given_ports(call)]
        known = {sub["port_id"] for sub in document["sub_ports"]}
        for port_id in gone:
            if port_id not in known:
                raise errors.ApiError(
                    404, f"Port {port_id} is no subport of trunk {document['id']}.", kind="SubPortNotFound"
                )
            self._leave(str(port_id))
        return self._stored(call, document, [sub for sub in document["sub_ports"] if sub["port_id"] not in gone])

    def _writable(self, call: service.Call) -> state.Document:
        document = self.action(call)
        if not document["admin_state_up"]:
            raise refusals.conflict("TrunkDisabled", f"Trunk {document['id']} is down; set admin_state_up first.")
        return document

    def _given_ports(self, call: service.Call) -> list[Any]:
        given = call.body.get("sub_ports") if isinstance(call.body, dict) else None
        if not isinstance(given, list):
            raise self.refuse("The body must be an object with a list 'sub_ports'.")
        return given

    def _stored(self, call: service.Call, document: state.Document, subs: list[dict[str, Any]]) -> Any:
        return self.view(call, self.touch(document["id"], sub_ports=subs))

    def _joined(self, call: service.Call, document: state.Document, given: list[Any]) -> list[dict[str, Any]]:
        """New subports, checked and taken."""
        used = {(sub["segmentation_type"], sub["segmentation_id"]) for sub in document["sub_ports"]}
        joined = []
        for each in given:
            try:
                sub = _SUBPORT(each)
            except ValueError as error:
                raise refusals.invalid(f"sub_ports: {error}.") from None
            port = self._ports.find(call, sub["port_id"])
            kind, number = self._segmentation(port, sub)
            if (kind, number) in used:
                raise refusals.conflict(
                    "DuplicateSubPort", f"Segmentation {kind} {number} is in use on trunk {document['id']}."
                )
            self._take(document, port)
            used.add((kind, number))
            joined.append({"port_id": port["id"], "segmentation_type": kind, "segmentation_id": number})
        return joined

    def _segmentation(self, port: state.Document, sub: dict[str, Any]) -> tuple[str, int]:
        kind, number = sub.get("segmentation_type"), sub.get("segmentation_id")
        if kind == "inherit" or (kind is None and number is None):
            segments = self.data.segments.select(network_id=port["network_id"])
            vlans = [each for each in segments if each["network_type"] == "vlan"]
            if not vlans:
                raise refusals.invalid(
                    f"sub_ports: the network of port {port['id']} has no VLAN id to inherit; give one."
                )
            return "vlan", int(vlans[0]["segmentation_id"])
        if kind != "vlan":
            raise refusals.invalid(f"sub_ports: segmentation_type {kind!r} is neither vlan nor inherit.")
        text = str(number)
        if not text.isdecimal() or not 1 <= int(text) <= 4094:
            raise refusals.invalid(f"sub_ports: segmentation_id {number!r} is not from 1 to 4094.")
        return "vlan", int(text)

    def _take(self, document: state.Document, port: state.Document) -> None:
        id = port["id"]
        if id == document["port_id"] or self.data.trunk_under(id):
            raise refusals.conflict("ParentPortInUse", f"Port {id} is the parent of a trunk.")
        if id in self.data.subports:
            raise refusals.conflict("TrunkPortInUse", f"Port {id} is a subport already.")
        if port["binding:host_id"] or port["device_id"]:
            raise refusals.conflict("TrunkPortInUse", f"Port {id} is in use by {port['device_id']}.")
        inner, outer = self._mtu(port["network_id"]), self._mtu(self._parent_network(document))
        if inner > outer:
            raise refusals.conflict(
                "SubPortMtuGreaterThanTrunkPortMtu",
                f"The MTU {inner} of port {id} is above the {outer} of the trunk's parent.",
            )
        self.data.subports.insert({"id": id, "trunk_id": document["id"]})
        self.data.ports.update(id, device_owner="trunk:subport", device_id=document["id"])

    def _leave(self, port_id: str) -> None:
        self.data.subports.delete(port_id)
        if port_id in self.data.ports:
            self.data.ports.update(port_id, device_owner="", device_id="")

    def _parent_network(self, document: state.Document) -> str:
        parent = self.data.ports.get(document["port_id"])
        return parent["network_id"] if parent is not None else ""

    def _mtu(self, network_id: str) -> int:
        network = self.data.networks.get(network_id)
        return network["mtu"] if network is not None else 0
