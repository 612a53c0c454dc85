"""Ports: /v2.0/ports, with their addresses (from `addresses`), their security and their binding."""

import secrets
from collections.abc import Iterable, Sequence
from typing import Any

from hearth.localcloud.core import errors, quota, service, state
from hearth.localcloud.neutron import addresses, checks, refusals, resource, securitygroups, tables, tags
from hearth.localcloud.neutron.resource import Field, read_only

_FIXED_ONE = checks.mapping({}, {"subnet_id": checks.uuid, "ip_address": checks.ip})
_PAIR = checks.mapping({"ip_address": checks.cidr}, {"mac_address": checks.maybe(checks.mac)})
_DHCP_OPTION = checks.mapping(
    {"opt_name": checks.anything, "opt_value": checks.anything},
    {"ip_version": checks.maybe(checks.one_of(4, 6, "4", "6"))},
)
_VNIC_TYPES = (
    "normal", "direct", "macvtap", "baremetal", "direct-physical", "virtio-forwarder", "smart-nic",
    "accelerator-direct", "accelerator-direct-physical", "remote-managed", "vdpa",
)  # fmt: skip
_BOUND = {"port_filter": True, "connectivity": "l2", "bound_drivers": {"0": "local"}}
_MAC_PREFIX = "fa:16:3e"
_DOMAIN = "openstacklocal."
#: What the ports of other services' devices are owned by.
_FOREIGN_DEVICES = ("compute:", "baremetal:", "manila:")
#: Ports of these owners belong to something else's life and are deleted with it.
_SERVICE_OWNERS = (*tables.ROUTER_INTERFACES, tables.ROUTER_GATEWAY, tables.FLOATING_IP)


def _fixed(value: list[Any]) -> list[Any]:
    # Not `list_of`: two addresses of one subnet are the same wish twice.
    return [_FIXED_ONE(each) for each in value]


class Ports(resource.Resource):
    """Ports of networks."""

    singular, plural, path = "port", "ports", "/v2.0/ports"
    missing_kind, noun = "PortNotFound", "Port"
    counted_as = "port"
    index = ("project_id", "network_id", "device_id", "mac_address")
    private = frozenset(
        {"binding:host_id", "binding:profile", "binding:vif_type", "binding:vif_details", "resource_request"}
    )
    fields = (
        resource.NAME,
        resource.DESCRIPTION,
        Field("network_id", str, required=True, update=False, check=checks.uuid),
        Field("mac_address", str, default="", check=checks.mac),
        resource.UP,
        read_only("status", default="DOWN"),
        Field("device_id", str, default="", check=checks.text(255)),
        Field("device_owner", str, default="", check=checks.text(255)),
        Field("fixed_ips", list, nullable=True, check=_fixed),
        Field("allowed_address_pairs", list, default=[], nullable=True, check=list),
        Field("extra_dhcp_opts", list, default=[], nullable=True, check=list),
        Field("security_groups", list, nullable=True, check=checks.list_of(checks.uuid)),
        Field("port_security_enabled", bool, nullable=True),
        Field("binding:vnic_type", str, default="normal", check=checks.one_of(*_VNIC_TYPES)),
        Field("binding:profile", dict, default=None, nullable=True, admin=True),
        Field("binding:host_id", str, default="", nullable=True, admin=True),
        read_only("binding:vif_type", default="unbound"),
        read_only("binding:vif_details", dict, default=None),
        Field("qos_policy_id", str, nullable=True, check=checks.uuid),
        Field("dns_name", str, default="", check=checks.dns_name),
        Field("dns_domain", str, default="", check=checks.dns_domain),
        Field("propagate_uplink_status", bool, default=True),
        Field("data_plane_status", str, nullable=True, create=False, admin=True, check=checks.one_of("ACTIVE", "DOWN")),
        Field("numa_affinity_policy", str, nullable=True, admin=True),
        Field("device_profile", str, nullable=True, update=False, admin=True),
        Field("hints", dict, nullable=True, admin=True),
        read_only("ip_allocation", default="immediate"),
        read_only("resource_request", dict),
        Field("tags", list, default=[], update=False),
    )
    hidden = frozenset({"numa_affinity_policy", "device_profile", "hints"})
    filters = frozenset({"qos_network_policy_id", "ip_address"})

    def __init__(
        self,
        owner: service.Service,
        data: tables.Tables,
        quotas: quota.Quotas,
        plan: addresses.Addresses,
        groups: securitygroups.SecurityGroups,
    ) -> None:
        super().__init__(owner, data, quotas)
        self._plan = plan
        self._groups = groups

    # -- who sees it -------------------------------------------------------------------------------------------------

    def visible(self, call: service.Call, document: state.Document) -> bool:
        """The port's owner and the network's."""
        return call.identity.sees(document["project_id"]) or self._owns_network(call, document)

    def candidates(self, call: service.Call) -> Iterable[state.Document]:
        """Own ports and those on own networks."""
        found = super().candidates(call)
        if call.identity.is_admin or any(name in call.query for name in self.index):
            return found
        others = [
            port
            for network in self.data.networks.select(project_id=call.identity.project_id)
            for port in self.table.select(network_id=network["id"])
        ]
        return {each["id"]: each for each in [*found, *others]}.values()

    def update(self, call: service.Call) -> Any:
        """The addresses of a router's interface are changed by way of the router."""
        document = self.find(call, call.params["id"])
        given = self.given(call).get("fixed_ips", document["fixed_ips"])
        if document["device_owner"] in tables.ROUTER_INTERFACES and given != document["fixed_ips"]:
            raise refusals.bad_request(
                f"Port {document['id']} is an interface of router {document['device_id']}; its addresses stay. Remove "
                "the interface and add another."
            )
        return super().update(call)

    def delete(self, call: service.Call) -> Any:
        """Projects do not delete the ports of servers; those are deleted by way of the server."""
        document = self.find(call, call.params["id"])
        if document["device_owner"].startswith(_FOREIGN_DEVICES) and not call.identity.is_admin:
            raise refusals.denied(f"delete port {document['id']} of {document['device_owner']}")
        return super().delete(call)

    def matches(self, call: service.Call, document: state.Document, name: str, values: Sequence[str]) -> bool:
        """`fixed_ips=subnet_id=…`, `ip_address=…` and `ip_address_substr=…` look into the addresses."""
        if name == "fixed_ips":
            return all(_address_matches(document["fixed_ips"], kind, wanted) for kind, wanted in _by_kind(values))
        if name == "ip_address":
            return _address_matches(document["fixed_ips"], "ip_address", values)
        return super().matches(call, document, name, values)

    def view(self, call: service.Call, document: state.Document) -> state.Document:
        """With DNS assignments and the network's QoS policy."""
        shown = super().view(call, document)
        domain = document["dns_domain"] or _DOMAIN
        assignments = []
        for fixed in document["fixed_ips"]:
            address = fixed["ip_address"]
            host = document["dns_name"] or "host-" + address.replace(".", "-").replace(":", "-")
            assignments.append({"ip_address": address, "hostname": host, "fqdn": f"{host}.{domain}"})
        shown["dns_assignment"] = assignments
        network = self.data.networks.get(document["network_id"])
        shown["qos_network_policy_id"] = network["qos_policy_id"] if network else None
        for trunk in self.data.trunks.select(port_id=document["id"]):
            shown["trunk_details"] = {
                "trunk_id": trunk["id"],
                "sub_ports": [self._sub(sub) for sub in trunk["sub_ports"]],
            }
        return shown

    # -- writing -----------------------------------------------------------------------------------------------------

    def restrict(self, call: service.Call, document: state.Document | None, given: state.Document) -> None:
        """On networks of others, projects choose neither addresses nor their protection."""
        if call.identity.is_admin:
            return
        if document is not None and "mac_address" in given and given["mac_address"] != document["mac_address"]:
            raise refusals.denied("change the MAC address of a port")
        network = self.data.networks.get(document["network_id"] if document else given["network_id"])
        if network is None or call.identity.sees(network["project_id"]):
            return
        if document is None and not self.data.granted(network["id"], call.identity.project_id):
            if self.data.granted(network["id"], call.identity.project_id, "access_as_external"):
                raise refusals.denied(f"create a port on network {network['id']}")
            raise refusals.missing("NetworkNotFound", "Network", network["id"])
        guarded = ("mac_address", "allowed_address_pairs", "port_security_enabled")
        wrong = next((name for name in guarded if given.get(name) not in (None, [], True)), None)
        if any("ip_address" in fixed for fixed in given.get("fixed_ips") or ()):
            wrong = "fixed_ips with an ip_address"
        if wrong and not (document is not None and wrong in document and given[wrong] == document[wrong]):
            raise refusals.denied(f"set {wrong} on a network of another project")
        if str(given.get("device_owner", "")).startswith("network:"):
            raise refusals.denied(f"set device_owner {given['device_owner']} on a network of another project")

    def prepare(self, call: service.Call, document: state.Document) -> None:
        """Give the port its MAC address, its addresses, its security and its binding."""
        network = self.data.networks.get(document["network_id"])
        if network is None:
            raise refusals.missing("NetworkNotFound", "Network", document["network_id"])
        document["tags"] = tags.checked(document["tags"])
        document["mac_address"] = self._mac(network["id"], document["mac_address"])
        self._security(call, network, document)
        self._check_policy(document["qos_policy_id"])
        document["extra_dhcp_opts"] = _dhcp_options([], document["extra_dhcp_opts"] or [])
        wishes, document["fixed_ips"] = document["fixed_ips"], []
        document["fixed_ips"] = self._plan.choose(network["id"], document, wishes)
        self._plan.book(document)
        document.update(_binding(document))

    def change(self, call: service.Call, document: state.Document, changes: state.Document) -> None:
        """Keep addresses, protection and binding right."""
        after = {**document, **changes}
        held = document["device_owner"] in _SERVICE_OWNERS and self._holder_exists(document)
        if held and any(after[name] != document[name] for name in ("device_id", "device_owner")):
            raise refusals.conflict(
                "PortInUse", f"Port {document['id']} belongs to {document['device_id']}; remove it there."
            )
        if after["mac_address"] != document["mac_address"]:
            self._mac(document["network_id"], after["mac_address"])
        if "security_groups" in changes or "port_security_enabled" in changes or "allowed_address_pairs" in changes:
            network = self.data.networks.get(document["network_id"])
            assert network is not None
            if changes.get("security_groups", ()) is None:
                after["security_groups"] = []
            if changes.get("allowed_address_pairs", ()) is None:
                after["allowed_address_pairs"] = []
            self._security(call, network, after)
            for name in ("security_groups", "allowed_address_pairs", "port_security_enabled"):
                changes[name] = after[name]
        self._check_policy(changes.get("qos_policy_id"))
        if "extra_dhcp_opts" in changes:
            changes["extra_dhcp_opts"] = _dhcp_options(document["extra_dhcp_opts"], changes["extra_dhcp_opts"] or [])
        if "fixed_ips" in changes:
            wishes = changes["fixed_ips"] or []
            after["fixed_ips"] = document["fixed_ips"]
            changes["fixed_ips"] = self._plan.choose(document["network_id"], after, wishes)
            self._check_move(document, changes["fixed_ips"])
        if changes.get("fixed_ips", document["fixed_ips"]) != document["fixed_ips"] or "device_owner" in changes:
            self._plan.book({**document, **changes}, before=document["fixed_ips"])
        changes.update(_binding({**document, **changes}))

    def check_delete(self, call: service.Call, document: state.Document) -> None:
        """Not what routers, floating IPs and trunks hold; floating IPs that lead here are let go."""
        owner = document["device_owner"]
        if owner in _SERVICE_OWNERS and document["device_id"] and self._holder_exists(document):
            raise refusals.conflict(
                "ServicePortInUse",
                f"Port {document['id']} belongs to {document['device_id']} as {owner}; delete it there.",
            )
        if self.data.trunk_under(document["id"]):
            raise refusals.conflict(
                "PortInUseAsTrunkParent",
                f"Port {document['id']} is the parent of trunk {self.data.trunk_under(document['id'])}.",
            )
        subport = self.data.subports.get(document["id"])
        if subport is not None:
            raise refusals.conflict(
                "PortInUseAsSubPort", f"Port {document['id']} is a subport of trunk {subport['trunk_id']}."
            )
        self._let_go(document)

    def discard(self, document: state.Document) -> None:
        """Delete a port whatever it belongs to."""
        self._let_go(document)
        self.table.delete(document["id"])

    def install(
        self,
        call: service.Call,
        project: str,
        network_id: str,
        owner: str,
        device: str,
        wishes: list[dict[str, str]] | None,
    ) -> state.Document:
        """Make a port of the service's own for a router or a floating IP."""
        values: state.Document = {
            "network_id": network_id,
            "device_owner": owner,
            "device_id": device,
            "fixed_ips": wishes,
            "security_groups": [],
            "port_security_enabled": False,
        }
        return self.make(call, project, values)

    # -- parts -------------------------------------------------------------------------------------------------------

    def _sub(self, sub: dict[str, Any]) -> dict[str, Any]:
        port = self.table.get(sub["port_id"])
        return {**sub, "mac_address": port["mac_address"] if port else None}

    def _owns_network(self, call: service.Call, document: state.Document) -> bool:
        network = self.data.networks.get(document["network_id"])
        return network is not None and network["project_id"] == call.identity.project_id

    def _mac(self, network_id: str, wanted: str) -> str:
        if wanted:
            if any(port["network_id"] == network_id for port in self.table.select(mac_address=wanted)):
                raise refusals.conflict("MacAddressInUse", f"MAC address {wanted} is in use on network {network_id}.")
            return wanted
        while True:
            tail = secrets.token_hex(3)
            mac = f"{_MAC_PREFIX}:{tail[:2]}:{tail[2:4]}:{tail[4:]}"
            if not self.table.select(mac_address=mac):
                return mac

    def _security(self, call: service.Call, network: state.Document, port: state.Document) -> None:
        """Port security, security groups and address pairs have to go together."""
        own = port["device_owner"].startswith("network:")
        if port["port_security_enabled"] is None:
            port["port_security_enabled"] = network["port_security_enabled"] and not own
        pairs = [_pair(pair, port["mac_address"]) for pair in port["allowed_address_pairs"] or []]
        for place, pair in enumerate(pairs):
            if pair in pairs[:place]:
                raise errors.ApiError(
                    400, f"Address pair {pair['ip_address']} is given twice.", kind="DuplicateAddressPairInRequest"
                )
        groups = port["security_groups"]
        if not port["port_security_enabled"]:
            if pairs:
                raise refusals.conflict(
                    "AddressPairAndPortSecurityRequired", "Allowed address pairs need port_security_enabled."
                )
            if groups:
                raise errors.ApiError(
                    400,
                    "Security groups need port_security_enabled.",
                    kind="PortSecurityAndIPRequiredForSecurityGroups",
                )
        if groups is None:
            default = port["port_security_enabled"] and not own and port["project_id"]
            groups = [self._groups.default_of(port["project_id"])["id"]] if default else []
        for id in groups:
            group = self.data.security_groups.get(id)
            if group is None or not self._groups.visible(call, group):
                raise refusals.missing("SecurityGroupNotFound", "Security group", id)
        port["security_groups"], port["allowed_address_pairs"] = groups, pairs

    def _check_policy(self, policy_id: str | None) -> None:
        if policy_id is not None and policy_id not in self.data.policies:
            raise refusals.missing("QosPolicyNotFound", "QoS policy", policy_id)

    def _check_move(self, document: state.Document, fixed_ips: list[dict[str, str]]) -> None:
        """An address that a floating IP leads to stays."""
        left = {fixed["ip_address"] for fixed in fixed_ips}
        for floating in self.data.floating_ips_of(document["id"]):
            if floating["fixed_ip_address"] not in left:
                raise refusals.bad_request(
                    f"Address {floating['fixed_ip_address']} of port {document['id']} is what floating IP "
                    f"{floating['floating_ip_address']} leads to; disassociate it first."
                )

    def _holder_exists(self, document: state.Document) -> bool:
        holders = self.data.floatingips if document["device_owner"] == tables.FLOATING_IP else self.data.routers
        return document["device_id"] in holders

    def _let_go(self, document: state.Document) -> None:
        now = self.cloud.clock.iso()
        for floating in self.data.floating_ips_of(document["id"]):
            self.data.floatingips.update(floating["id"], **DISASSOCIATED, **tables.touched(floating, now))
        for forwarding in self.data.port_forwardings.select(internal_port_id=document["id"]):
            self.data.port_forwardings.delete(forwarding["id"])
        self._plan.release(document)


#: What a floating IP is like that leads nowhere.
DISASSOCIATED: dict[str, Any] = {"port_id": None, "fixed_ip_address": None, "router_id": None, "status": "DOWN"}


def _binding(port: state.Document) -> state.Document:
    """Status and binding that follow from where a port is."""
    host = port["binding:host_id"] or ""
    result: state.Document = {
        "binding:host_id": host,
        "binding:profile": port["binding:profile"] or {},
        "binding:vif_type": "ovs" if host else "unbound",
        "binding:vif_details": dict(_BOUND) if host else {},
    }
    if port["device_owner"] == tables.FLOATING_IP:
        result["status"] = "N/A"
    elif host or (port["device_owner"] in _SERVICE_OWNERS and port["device_id"]):
        result["status"] = "ACTIVE"
    else:
        result["status"] = "DOWN"
    return result


def _pair(pair: Any, mac: str) -> dict[str, str]:
    if not isinstance(pair, dict) or not pair.get("ip_address"):
        raise errors.ApiError(400, "An allowed address pair needs an ip_address.", kind="AllowedAddressPairsMissingIP")
    try:
        checked = _PAIR(pair)
    except ValueError as error:
        raise refusals.bad_body(f"Invalid input for allowed_address_pairs. Reason: {error}.") from None
    address = str(pair["ip_address"])
    return {
        "mac_address": checked.get("mac_address") or mac,
        "ip_address": checked["ip_address"] if "/" in address else checks.ip(address),
    }


def _dhcp_options(before: list[dict[str, Any]], given: list[Any]) -> list[dict[str, Any]]:
    """Options after a change: a new value replaces the old one of the same name and version, null takes it away."""
    result = {(each["opt_name"], each["ip_version"]): each for each in before}
    for option in given:
        try:
            checked = _DHCP_OPTION(option)
        except ValueError as error:
            raise refusals.invalid(f"extra_dhcp_opts: {error}.") from None
        version = int(checked.get("ip_version") or 4)
        if not isinstance(checked["opt_name"], str) or not checked["opt_name"]:
            raise refusals.invalid("extra_dhcp_opts: opt_name must be a text that is not empty.")
        key = (checked["opt_name"], version)
        if checked["opt_value"] is None:
            result.pop(key, None)
        else:
            result[key] = {"opt_name": key[0], "opt_value": str(checked["opt_value"]), "ip_version": version}
    return list(result.values())


def _by_kind(values: Sequence[str]) -> list[tuple[str, list[str]]]:
    kinds: dict[str, list[str]] = {}
    for value in values:
        kind, _, wanted = value.partition("=")
        kinds.setdefault(kind, []).append(wanted)
    return list(kinds.items())


def _address_matches(fixed_ips: list[dict[str, str]], kind: str, wanted: Sequence[str]) -> bool:
    if kind == "ip_address_substr":
        return any(part in fixed["ip_address"] for fixed in fixed_ips for part in wanted)
    if kind in ("ip_address", "subnet_id"):
        return any(fixed[kind] in wanted for fixed in fixed_ips)
    return True
