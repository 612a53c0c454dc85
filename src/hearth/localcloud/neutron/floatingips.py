"""Floating IPs: /v2.0/floatingips, and which router leads from them to a port."""

from typing import Any

from hearth.localcloud.core import errors, quota, service, state
from hearth.localcloud.neutron import checks, ports, refusals, resource, tables, topology
from hearth.localcloud.neutron.resource import Field, read_only


class FloatingIps(resource.Resource):
    """Addresses of external networks that lead to ports."""

    singular, plural, path = "floatingip", "floatingips", "/v2.0/floatingips"
    missing_kind, noun = "FloatingIPNotFound", "Floating IP"
    counted_as = "floatingip"
    index = ("project_id", "port_id", "router_id")
    hidden = frozenset({"_port"})
    fields = (
        resource.DESCRIPTION,
        Field("floating_network_id", str, required=True, update=False, check=checks.uuid),
        Field("floating_ip_address", str, nullable=True, update=False, admin=True, check=checks.ip),
        Field("subnet_id", str, nullable=True, update=False, check=checks.uuid),
        Field("port_id", str, nullable=True, check=checks.uuid),
        Field("fixed_ip_address", str, nullable=True, check=checks.ip),
        read_only("router_id"),
        read_only("status", default="DOWN"),
        Field("qos_policy_id", str, nullable=True, check=checks.uuid),
        Field("dns_name", str, default="", update=False, check=checks.dns_name),
        Field("dns_domain", str, default="", update=False, check=checks.dns_domain),
        read_only("_port"),
    )

    def __init__(self, owner: service.Service, data: tables.Tables, quotas: quota.Quotas, plugs: ports.Ports) -> None:
        super().__init__(owner, data, quotas)
        self._ports = plugs

    def prepare(self, call: service.Call, document: state.Document) -> None:
        """Take an address, and lead it to the port if one is named."""
        network_id = document["floating_network_id"]
        network = self.data.networks.get(network_id)
        if network is None or not self._sees(call, network):
            raise refusals.missing("NetworkNotFound", "Network", network_id)
        if not self.data.is_external(network_id):
            raise refusals.bad_request(f"Network {network_id} is not external; floating IPs come from external ones.")
        self._check_policy(document["qos_policy_id"])
        wish = {"subnet_id": document.pop("subnet_id"), "ip_address": document["floating_ip_address"]}
        wish = {name: value for name, value in wish.items() if value}
        nets = [each for each in self.data.subnets.select(network_id=network_id) if each["ip_version"] == 4]
        if not nets:
            raise errors.ApiError(
                400, f"External network {network_id} has no IPv4 subnet.", kind="ExternalIpAddressExhausted"
            )
        port = self._ports.install(call, "", network_id, tables.FLOATING_IP, document["id"], [wish] if wish else None)
        address = next(fixed["ip_address"] for fixed in port["fixed_ips"] if ":" not in fixed["ip_address"])
        document["_port"], document["floating_ip_address"] = port["id"], address
        document.update(self._association(call, document))

    def change(self, call: service.Call, document: state.Document, changes: state.Document) -> None:
        """Lead the address elsewhere, or nowhere."""
        self._check_policy(changes.get("qos_policy_id"))
        if "port_id" not in changes and "fixed_ip_address" not in changes:
            return
        if self.data.port_forwardings.select(floatingip_id=document["id"]):
            raise refusals.conflict(
                "FipInUseByPortForwarding", f"Floating IP {document['id']} has port forwardings; delete them first."
            )
        if "port_id" in changes and "fixed_ip_address" not in changes:
            # Another port, another address: the old one's does not count.
            same = changes["port_id"] is not None and changes["port_id"] == document["port_id"]
            changes["fixed_ip_address"] = document["fixed_ip_address"] if same else None
        changes.update(self._association(call, {**document, **changes}))

    def check_delete(self, call: service.Call, document: state.Document) -> None:
        """Port forwardings and the address go too."""
        for forwarding in self.data.port_forwardings.select(floatingip_id=document["id"]):
            self.data.port_forwardings.delete(forwarding["id"])
        port = self.data.ports.get(document["_port"])
        if port is not None:
            self._ports.discard(port)

    def view(self, call: service.Call, document: state.Document) -> state.Document:
        """With a few words about the port, and the port forwardings."""
        shown = super().view(call, document)
        port = self.data.ports.get(document["port_id"]) if document["port_id"] else None
        details = ("name", "network_id", "mac_address", "admin_state_up", "status", "device_id", "device_owner")
        shown["port_details"] = None if port is None else {name: port[name] for name in details}
        parts = (
            "id", "protocol", "internal_ip_address", "internal_port_id", "internal_port", "external_port"
        )  # fmt: skip
        shown["port_forwardings"] = [
            {name: each[name] for name in parts}
            for each in self.data.port_forwardings.select(floatingip_id=document["id"])
        ]
        return shown

    def _association(self, call: service.Call, document: state.Document) -> state.Document:
        """The fields of a floating IP that leads to the port named in it."""
        if document["port_id"] is None:
            if document["fixed_ip_address"] is not None:
                raise refusals.bad_request("A fixed_ip_address needs a port_id.")
            return dict(ports.DISASSOCIATED)
        port = self._ports.find(call, document["port_id"])
        fixed = self._fixed(port, document["fixed_ip_address"])
        for other in self.data.floating_ips_of(port["id"]):
            if (
                other["id"] != document["id"]
                and other["fixed_ip_address"] == fixed["ip_address"]
                and other["floating_network_id"] == document["floating_network_id"]
            ):
                raise refusals.conflict(
                    "FloatingIPPortAlreadyAssociated",
                    f"Floating IP {other['floating_ip_address']} leads to {fixed['ip_address']} of port {port['id']} "
                    "already.",
                )
        router = self.router_for(fixed["subnet_id"], document["floating_network_id"], port["id"])
        return {
            "port_id": port["id"],
            "fixed_ip_address": fixed["ip_address"],
            "router_id": router,
            "status": "ACTIVE",
        }

    def router_for(self, subnet_id: str, network_id: str, port_id: str) -> str:
        """The router between a subnet and an external network. Raises ApiError 404 when there is none."""
        subnet = self.data.subnets.get(subnet_id)
        assert subnet is not None
        legs = self.data.inner_legs_on(subnet_id)
        outside = (router["id"] for router in self.data.routers.select(_external_network=network_id))
        router = topology.way_out(legs, outside, subnet["gateway_ip"])
        if router is None:
            raise errors.ApiError(
                404,
                f"No router leads from subnet {subnet_id} to external network {network_id}, so port {port_id} cannot "
                "have a floating IP of it.",
                kind="ExternalGatewayForFloatingIPNotFound",
            )
        return router

    def _fixed(self, port: state.Document, wanted: str | None) -> dict[str, str]:
        """The port's address to lead to."""
        able: list[dict[str, str]] = [fixed for fixed in port["fixed_ips"] if ":" not in fixed["ip_address"]]
        if wanted is not None:
            found = next((fixed for fixed in able if fixed["ip_address"] == wanted), None)
            if found is None:
                raise refusals.bad_request(f"Port {port['id']} has no fixed IP {wanted}.")
            return found
        if not able:
            raise refusals.bad_request(f"Port {port['id']} has no IPv4 address for a floating IP to lead to.")
        if len(able) > 1:
            raise refusals.bad_request(f"Port {port['id']} has several IPv4 addresses; name one as fixed_ip_address.")
        return able[0]

    def _sees(self, call: service.Call, network: state.Document) -> bool:
        identity = call.identity
        return identity.sees(network["project_id"]) or any(
            self.data.granted(network["id"], identity.project_id, action)
            for action in ("access_as_shared", "access_as_external")
        )

    def _check_policy(self, policy_id: str | None) -> None:
        if policy_id is not None and policy_id not in self.data.policies:
            raise refusals.missing("QosPolicyNotFound", "QoS policy", policy_id)


class PortForwardings(resource.Resource):
    """/v2.0/floatingips/{floatingip_id}/port_forwardings: single ports of a floating IP."""

    singular, plural, path = "port_forwarding", "port_forwardings", "/v2.0/floatingips/{floatingip_id}/port_forwardings"
    missing_kind, noun = "PortForwardingNotFound", "Port forwarding"
    taggable = stamped = False
    index = ("floatingip_id", "internal_port_id")
    hidden = frozenset({"floatingip_id", "project_id", "tenant_id"})
    fields = (
        Field("protocol", str, required=True, check=checks.one_of("tcp", "udp", "icmp", "sctp", "dccp")),
        Field("internal_port_id", str, required=True, check=checks.uuid),
        Field("internal_ip_address", str, required=True, check=checks.ip),
        Field("internal_port", int, nullable=True, check=checks.between(1, 65535)),
        Field("internal_port_range", str, nullable=True),
        Field("external_port", int, nullable=True, check=checks.between(1, 65535)),
        Field("external_port_range", str, nullable=True),
        resource.DESCRIPTION,
    )

    def __init__(
        self,
        owner: service.Service,
        data: tables.Tables,
        quotas: quota.Quotas,
        floating: FloatingIps,
        plugs: ports.Ports,
    ) -> None:
        super().__init__(owner, data, quotas)
        self._floating = floating
        self._ports = plugs

    def candidates(self, call: service.Call) -> list[state.Document]:
        """Those of the floating IP in the path."""
        return self.table.select(floatingip_id=self._parent(call)["id"])

    def find(self, call: service.Call, id: str) -> state.Document:
        """One of the floating IP in the path."""
        parent = self._parent(call)
        document = self.table.get(id)
        if document is None or document["floatingip_id"] != parent["id"]:
            raise self.not_found(id)
        return document

    def prepare(self, call: service.Call, document: state.Document) -> None:
        """Check both ends; the first forwarding fixes the router."""
        parent = self._parent(call)
        if parent["port_id"] is not None:
            raise refusals.conflict(
                "PortForwardingNotSupportFilterField",
                f"Floating IP {parent['id']} leads to port {parent['port_id']} as a whole; disassociate it first.",
            )
        document["floatingip_id"] = parent["id"]
        self._check(call, parent, document)

    def change(self, call: service.Call, document: state.Document, changes: state.Document) -> None:
        """Check the result as a whole."""
        parent = self._parent(call)
        after = {**document, **changes}
        for side in ("internal", "external"):
            if f"{side}_port" in changes and f"{side}_port_range" not in changes:
                after[f"{side}_port_range"] = None
            elif f"{side}_port_range" in changes and f"{side}_port" not in changes:
                after[f"{side}_port"] = None
        self._check(call, parent, after)
        changes.update({name: after[name] for name in after if after[name] != document.get(name)})

    def created(self, call: service.Call, document: state.Document) -> state.Document:
        """The floating IP belongs to the router now."""
        parent = self._parent(call)
        port = self._ports.find(call, document["internal_port_id"])
        fixed = next(each for each in port["fixed_ips"] if each["ip_address"] == document["internal_ip_address"])
        router = self._floating.router_for(fixed["subnet_id"], parent["floating_network_id"], port["id"])
        self._floating.touch(parent["id"], router_id=router)
        return document

    def check_delete(self, call: service.Call, document: state.Document) -> None:
        """With the last forwarding the floating IP leaves the router."""
        if len(self.table.select(floatingip_id=document["floatingip_id"])) == 1:
            self._floating.touch(document["floatingip_id"], router_id=None)

    def _parent(self, call: service.Call) -> state.Document:
        return self._floating.find(call, call.params["floatingip_id"])

    def _check(self, call: service.Call, parent: state.Document, document: state.Document) -> None:
        outer = _range(document, "external")
        inner = _range(document, "internal")
        if document["protocol"] != "icmp" and (outer is None or inner is None):
            raise refusals.bad_request("Give internal_port and external_port, or ranges of them.")
        if outer and inner and len(inner) not in (1, len(outer)):
            raise refusals.bad_request("internal_port_range and external_port_range must be of the same length.")
        port = self._ports.find(call, document["internal_port_id"])
        address = document["internal_ip_address"]
        if all(fixed["ip_address"] != address for fixed in port["fixed_ips"]):
            raise refusals.bad_request(f"Port {port['id']} has no fixed IP {address}.")
        for other in self.table.select(floatingip_id=parent["id"]):
            if other["id"] == document["id"] or other["protocol"] != document["protocol"]:
                continue
            taken = _range(other, "external")
            if outer and taken and outer.start < taken.stop and taken.start < outer.stop:
                raise refusals.bad_request(
                    f"External ports {document['external_port_range']} of {parent['id']} are forwarded already."
                )


def _range(document: state.Document, side: str) -> range | None:
    """The ports of one side; fills in the form of them that was not given."""
    single, given = document[f"{side}_port"], document[f"{side}_port_range"]
    if single is None and given is None:
        return None
    if given is None:
        document[f"{side}_port_range"] = f"{single}:{single}"
        return range(single, single + 1)
    low, _, high = given.partition(":")
    high = high or low
    if not (low.isdecimal() and high.isdecimal()) or not 1 <= int(low) <= int(high) <= 65535:
        raise refusals.bad_request(f"{side}_port_range {given!r} is not like 8080:8090, from 1 to 65535.")
    document[f"{side}_port_range"] = f"{int(low)}:{int(high)}"
    if low == high:
        document[f"{side}_port"] = int(low)
    return range(int(low), int(high) + 1)


def pools(call: service.Call, data: tables.Tables) -> Any:
    """GET /v2.0/floatingip_pools: the external subnets that floating IPs come from."""
    found = []
    for subnet in data.subnets:
        network = data.networks.get(subnet["network_id"])
        if network is None or subnet["ip_version"] != 4 or not data.is_external(network["id"]):
            continue
        found.append(
            {
                "network_id": network["id"],
                "network_name": network["name"],
                "subnet_id": subnet["id"],
                "subnet_name": subnet["name"],
                "cidr": subnet["cidr"],
                "project_id": call.identity.project_id,
                "tenant_id": call.identity.project_id,
            }
        )
    return {"floatingip_pools": found}
