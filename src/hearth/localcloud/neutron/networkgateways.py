"""Network gateways: /v2.0/network-gateways, by which networks of the outside are joined to ours."""

from typing import Any

from hearth.localcloud.core import quota, service, state
from hearth.localcloud.neutron import checks, ports, refusals, resource, tables
from hearth.localcloud.neutron.resource import Field, read_only

_DEVICES = checks.list_of(checks.mapping({"id": checks.plain_text, "interface_name": checks.plain_text}))


class NetworkGateways(resource.Resource):
    """Network gateways and the networks that are connected to them, each by a port of its own."""

    singular, plural, path = "network_gateway", "network_gateways", "/v2.0/network-gateways"
    missing_kind, noun = "GatewayNotFound", "Network gateway"
    taggable = stamped = False
    fields = (
        resource.NAME,
        Field("devices", list, required=True, check=_DEVICES),
        read_only("default", bool, default=False),
        read_only("ports", list, default=[]),
    )

    def __init__(self, owner: service.Service, data: tables.Tables, quotas: quota.Quotas, plugs: ports.Ports) -> None:
        super().__init__(owner, data, quotas)
        self._ports = plugs

    def routes(self) -> list[service.Route]:
        """The regular routes and the verbs on networks."""
        return [
            *super().routes(),
            service.Route("PUT", self.path + "/{id}/connect_network", self.connect),
            service.Route("PUT", self.path + "/{id}/disconnect_network", self.disconnect),
        ]

    def check_delete(self, call: service.Call, document: state.Document) -> None:
        """No network is connected any more."""
        if document["ports"]:
            raise refusals.conflict("GatewayInUse", f"Network gateway {document['id']} still has networks connected.")

    def connect(self, call: service.Call) -> Any:
        """PUT .../connect_network."""
        gateway, wanted = self.action(call), self._mapping(call)
        for one in gateway["ports"]:
            if all(one[name] == wanted[name] for name in ("segmentation_type", "segmentation_id")):
                raise refusals.conflict(
                    "GatewayConnectionInUse",
                    f"Port {one['port_id']} has that segment of gateway {gateway['id']} already.",
                )
        network = wanted["network_id"]
        port = self._ports.add(call, {"network_id": network, "device_id": gateway["id"], "name": "", "fixed_ips": []})
        self._ports.touch(port["id"], device_owner="network:gateway-interface")
        connected = {**wanted, "port_id": port["id"]}
        del connected["network_id"]
        self.touch(gateway["id"], ports=[*gateway["ports"], connected])
        return {"connection_info": {"network_gateway_id": gateway["id"], "network_id": network, "port_id": port["id"]}}

    def disconnect(self, call: service.Call) -> Any:
        """PUT .../disconnect_network."""
        gateway, wanted = self.action(call), self._mapping(call)
        for one in gateway["ports"]:
            port = self.data.ports.get(one["port_id"])
            same = all(one[name] == wanted[name] for name in ("segmentation_type", "segmentation_id"))
            if same and port is not None and port["network_id"] == wanted["network_id"]:
                self.touch(gateway["id"], ports=[each for each in gateway["ports"] if each is not one])
                self._ports.remove(call, port)
                return {}
        raise refusals.missing("GatewayConnectionNotFound", "Connection of network", wanted["network_id"])

    def _mapping(self, call: service.Call) -> state.Document:
        given = call.body if isinstance(call.body, dict) else {}
        if not isinstance(given.get("network_id"), str):
            raise refusals.invalid("network_id is required.")
        kind, number = given.get("segmentation_type") or "flat", given.get("segmentation_id") or 0
        if kind not in ("flat", "vlan") or (kind == "flat") == bool(number):
            raise refusals.invalid(f"segmentation_type {kind} does not go with segmentation_id {number}.")
        return {"network_id": given["network_id"], "segmentation_type": kind, "segmentation_id": number}
