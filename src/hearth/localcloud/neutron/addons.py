"""What plug-ins add to the network service: VPN, firewalls, chains of service functions, taps, layer-2 gateways.

Kept and checked, nothing is done with them. Each collection is a row of `KINDS`: its fields, what they refer to, and
who keeps it from being deleted.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from hearth.localcloud.core import quota, service, state
from hearth.localcloud.neutron import addonrules, checks, refusals, resource, tables
from hearth.localcloud.neutron.resource import Field, read_only

_STATUS = read_only("status", default="ACTIVE")
_NAMED = (resource.NAME, resource.DESCRIPTION)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Kind:
    """One collection. `kind`: how its errors begin. `refers`: `{field: table}`, the field being an id or a list of ids.

    `used_by`: tables and fields that keep an object from being deleted; `takes`: those of objects that go with it.
    `exclusive`: lists of ids, each of which only one object of the collection can have. `rule`: what else a new object
    must keep to; `admin`: whether only administrators see and make any.
    """

    singular: str
    plural: str
    path: str
    noun: str
    kind: str
    fields: tuple[Field, ...]
    refers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    used_by: tuple[tuple[str, str], ...] = ()
    takes: tuple[tuple[str, str], ...] = ()
    exclusive: tuple[str, ...] = ()
    rule: addonrules.Rule | None = None
    update: bool = True
    admin: bool = False


def _over(default: Mapping[str, Any]) -> Callable[[Any], Any]:
    """A map whose missing keys have defaults."""
    return lambda value: {**default, **value}


def _map(name: str, default: dict[str, Any], *, update: bool = True) -> Field:
    return Field(name, dict, default=default, update=update, check=_over(default))


def _fixed(name: str, kind: type = str, **more: Any) -> Field:
    """A field that is given at creation only."""
    return Field(name, kind, update=False, **more)


_LIFETIME = {"units": "seconds", "value": 3600}
_DPD = {"action": "hold", "interval": 30, "timeout": 120}
_SPI = (("auth_algorithm", "sha1"), ("encryption_algorithm", "aes-128"), ("pfs", "group5"))
_CRYPTO = tuple(Field(name, str, default=value) for name, value in _SPI)
_PORT_RANGES = tuple(
    _fixed(f"{side}_port_range_{end}", int, nullable=True, check=checks.between(1, 65535))
    for side in ("source", "destination")
    for end in ("min", "max")
)

KINDS = (
    Kind(
        singular="ikepolicy",
        plural="ikepolicies",
        path="/v2.0/vpn/ikepolicies",
        noun="IKE policy",
        kind="IKEPolicy",
        fields=(
            *_NAMED,
            *_CRYPTO,
            Field("phase1_negotiation_mode", str, default="main"),
            Field("ike_version", str, default="v1"),
            _map("lifetime", _LIFETIME),
        ),
        used_by=(("ipsec_site_connections", "ikepolicy_id"),),
    ),
    Kind(
        singular="ipsecpolicy",
        plural="ipsecpolicies",
        path="/v2.0/vpn/ipsecpolicies",
        noun="IPsec policy",
        kind="IPsecPolicy",
        fields=(
            *_NAMED,
            *_CRYPTO,
            Field("transform_protocol", str, default="esp"),
            Field("encapsulation_mode", str, default="tunnel"),
            _map("lifetime", _LIFETIME),
        ),
        used_by=(("ipsec_site_connections", "ipsecpolicy_id"),),
    ),
    Kind(
        singular="vpnservice",
        plural="vpnservices",
        path="/v2.0/vpn/vpnservices",
        noun="VPN service",
        kind="VPNService",
        fields=(
            *_NAMED,
            resource.UP,
            _fixed("router_id", required=True),
            _fixed("subnet_id", nullable=True),
            _STATUS,
        ),
        refers={"router_id": "routers", "subnet_id": "subnets"},
        rule=addonrules.subnet_on_router,
        used_by=(("ipsec_site_connections", "vpnservice_id"),),
    ),
    Kind(
        singular="ipsec_site_connection",
        plural="ipsec_site_connections",
        path="/v2.0/vpn/ipsec-site-connections",
        noun="IPsec site connection",
        kind="IPsecSiteConnection",
        fields=(
            *_NAMED,
            resource.UP,
            Field("peer_address", str, required=True),
            Field("peer_id", str, required=True),
            Field("peer_cidrs", list, default=[], check=checks.list_of(checks.cidr)),
            Field("mtu", int, default=1500),
            Field("initiator", str, default="bi-directional"),
            Field("psk", str, required=True),
            _map("dpd", _DPD),
            _fixed("vpnservice_id", required=True),
            _fixed("ikepolicy_id", required=True),
            _fixed("ipsecpolicy_id", required=True),
            read_only("auth_mode", default="psk"),
            read_only("route_mode", default="static"),
            _STATUS,
        ),
        refers={"vpnservice_id": "vpnservices", "ikepolicy_id": "ikepolicies", "ipsecpolicy_id": "ipsecpolicies"},
    ),
    Kind(
        singular="firewall_rule",
        plural="firewall_rules",
        path="/v2.0/fw/firewall_rules",
        noun="Firewall rule",
        kind="FirewallRule",
        fields=(
            *_NAMED,
            Field("shared", bool, default=False),
            Field("protocol", str, nullable=True),
            Field("ip_version", int, default=4, check=checks.one_of(4, 6)),
            Field("source_ip_address", str, nullable=True, check=checks.maybe(checks.cidr)),
            Field("destination_ip_address", str, nullable=True, check=checks.maybe(checks.cidr)),
            Field("source_port", str, nullable=True),
            Field("destination_port", str, nullable=True),
            Field("action", str, default="deny", check=checks.one_of("allow", "deny", "reject")),
            Field("enabled", bool, default=True),
        ),
        used_by=(("firewall_policies", "firewall_rules"),),
    ),
    Kind(
        singular="firewall_policy",
        plural="firewall_policies",
        path="/v2.0/fw/firewall_policies",
        noun="Firewall policy",
        kind="FirewallPolicy",
        fields=(
            *_NAMED,
            Field("shared", bool, default=False),
            Field("firewall_rules", list, default=[]),
            Field("audited", bool, default=False),
        ),
        refers={"firewall_rules": "firewall_rules"},
        exclusive=("firewall_rules",),
        used_by=(("firewalls", "firewall_policy_id"),),
    ),
    Kind(
        singular="firewall",
        plural="firewalls",
        path="/v2.0/fw/firewalls",
        noun="Firewall",
        kind="Firewall",
        fields=(
            *_NAMED,
            resource.UP,
            Field("shared", bool, default=False),
            Field("firewall_policy_id", str, required=True),
            _STATUS,
        ),
        refers={"firewall_policy_id": "firewall_policies"},
    ),
    Kind(
        singular="port_pair",
        plural="port_pairs",
        path="/v2.0/sfc/port_pairs",
        noun="Port pair",
        kind="PortPair",
        fields=(
            *_NAMED,
            _fixed("ingress", required=True),
            _fixed("egress", required=True),
            _map("service_function_parameters", {"correlation": None, "weight": 1}, update=False),
        ),
        refers={"ingress": "ports", "egress": "ports"},
        rule=addonrules.ports_of_device,
        used_by=(("port_pair_groups", "port_pairs"),),
    ),
    Kind(
        singular="port_pair_group",
        plural="port_pair_groups",
        path="/v2.0/sfc/port_pair_groups",
        noun="Port pair group",
        kind="PortPairGroup",
        fields=(
            *_NAMED,
            Field("port_pairs", list, default=[]),
            _map("port_pair_group_parameters", {"lb_fields": []}, update=False),
        ),
        refers={"port_pairs": "port_pairs"},
        exclusive=("port_pairs",),
        used_by=(("port_chains", "port_pair_groups"),),
    ),
    Kind(
        singular="flow_classifier",
        plural="flow_classifiers",
        path="/v2.0/sfc/flow_classifiers",
        noun="Flow classifier",
        kind="FlowClassifier",
        fields=(
            *_NAMED,
            _fixed("ethertype", default="IPv4", check=checks.one_of("IPv4", "IPv6")),
            _fixed("protocol", nullable=True),
            *_PORT_RANGES,
            _fixed("source_ip_prefix", nullable=True, check=checks.maybe(checks.cidr)),
            _fixed("destination_ip_prefix", nullable=True, check=checks.maybe(checks.cidr)),
            _fixed("logical_source_port", nullable=True),
            _fixed("logical_destination_port", nullable=True),
            _map("l7_parameters", {}, update=False),
        ),
        refers={"logical_source_port": "ports", "logical_destination_port": "ports"},
        rule=addonrules.other_traffic,
        used_by=(("port_chains", "flow_classifiers"),),
    ),
    Kind(
        singular="port_chain",
        plural="port_chains",
        path="/v2.0/sfc/port_chains",
        noun="Port chain",
        kind="PortChain",
        fields=(
            *_NAMED,
            Field("port_pair_groups", list, required=True),
            Field("flow_classifiers", list, default=[]),
            _map("chain_parameters", {"correlation": "mpls", "symmetric": False}, update=False),
        ),
        refers={"port_pair_groups": "port_pair_groups", "flow_classifiers": "flow_classifiers"},
        exclusive=("flow_classifiers",),
        rule=addonrules.other_groups,
    ),
    Kind(
        singular="tap_service",
        plural="tap_services",
        path="/v2.0/taas/tap_services",
        noun="Tap service",
        kind="TapService",
        fields=(*_NAMED, _fixed("port_id", required=True), _STATUS),
        refers={"port_id": "ports"},
        takes=(("tap_flows", "tap_service_id"),),
    ),
    Kind(
        singular="tap_flow",
        plural="tap_flows",
        path="/v2.0/taas/tap_flows",
        noun="Tap flow",
        kind="TapFlow",
        fields=(
            *_NAMED,
            _fixed("source_port", required=True),
            _fixed("tap_service_id", required=True),
            _fixed("direction", default="BOTH", check=checks.one_of("IN", "OUT", "BOTH")),
            _fixed("vlan_filter", nullable=True),
            _STATUS,
        ),
        refers={"source_port": "ports", "tap_service_id": "tap_services"},
    ),
    Kind(
        singular="l2_gateway",
        plural="l2_gateways",
        path="/v2.0/l2-gateways",
        noun="L2 gateway",
        kind="L2Gateway",
        fields=(Field("name", str, required=True), Field("devices", list, required=True)),
        used_by=(("l2_gateway_connections", "l2_gateway_id"),),
        admin=True,
    ),
    Kind(
        singular="l2_gateway_connection",
        plural="l2_gateway_connections",
        path="/v2.0/l2-gateway-connections",
        noun="L2 gateway connection",
        kind="L2GatewayConnection",
        fields=(
            Field("l2_gateway_id", str, required=True),
            Field("network_id", str, required=True),
            Field("segmentation_id", str, default=""),
        ),
        refers={"l2_gateway_id": "l2_gateways", "network_id": "networks"},
        rule=addonrules.numbered_once,
        update=False,
        admin=True,
    ),
)


class Addons(resource.Resource):
    """One of the collections."""

    taggable = stamped = False

    def __init__(self, owner: service.Service, data: tables.Tables, quotas: quota.Quotas, kind: Kind) -> None:
        # One class serves all kinds; what is stated for a class elsewhere is stated for the object here.
        for name in ("singular", "plural", "path", "noun", "fields"):
            setattr(self, name, getattr(kind, name))
        self.missing_kind = f"{kind.kind}NotFound"  # type: ignore[misc]  # of this object only
        super().__init__(owner, data, quotas)
        self.kind = kind
        self.admin_writes = kind.admin  # type: ignore[misc]  # of this object only

    def routes(self) -> list[service.Route]:
        """The regular ones; some can only be made and deleted."""
        return [one for one in super().routes() if self.kind.update or one.method != self.update_method]

    def prepare(self, call: service.Call, document: state.Document) -> None:
        """What it refers to has to be there, and free."""
        self._check_references(document)
        self._check_exclusive(document, document["id"])
        if self.kind.rule is not None:
            self.kind.rule(self.data, self.table, document)

    def change(self, call: service.Call, document: state.Document, changes: state.Document) -> None:
        """What it refers to has to be there."""
        self._check_references(changes)
        self._check_exclusive(changes, document["id"])

    def check_delete(self, call: service.Call, document: state.Document) -> None:
        """Nothing may use it; what is nothing without it goes too."""
        for table, field in self.kind.used_by:
            for user in self.cloud.state.table(f"neutron.{table}"):
                if document["id"] in _ids(user.get(field)):
                    raise refusals.conflict(
                        f"{self.kind.kind}InUse", f"{self.noun} {document['id']} is in use by {user['id']}."
                    )

        for name, field in self.kind.takes:
            users = self.cloud.state.table(f"neutron.{name}")
            for user in [one for one in users if one[field] == document["id"]]:
                users.delete(user["id"])

    def find(self, call: service.Call, id: str) -> state.Document:
        """One of the collection."""
        self._check_reader(call)
        return super().find(call, id)

    def select(self, call: service.Call) -> list[state.Document]:
        """Those of a list."""
        self._check_reader(call)
        return super().select(call)

    def _check_reader(self, call: service.Call) -> None:
        if self.kind.admin and not call.identity.is_admin:
            raise refusals.denied(f"see any {self.noun}")

    def _check_exclusive(self, given: state.Document, own: str) -> None:
        for field in self.kind.exclusive:
            wanted = set(_ids(given.get(field)))
            for other in self.table:
                if other["id"] != own and (taken := wanted.intersection(other[field])):
                    raise refusals.conflict(
                        f"{self.kind.kind}MemberInUse",
                        f"{field}: {other['id']} has {min(taken)} already.",
                    )

    def _check_references(self, given: state.Document) -> None:
        for field, table in self.kind.refers.items():
            for id in _ids(given.get(field)):
                if id not in self.cloud.state.table(f"neutron.{table}"):
                    raise refusals.missing(f"{self.kind.kind}ReferenceNotFound", field, id)


def _ids(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        yield from map(str, value)
    elif value is not None:
        yield str(value)
