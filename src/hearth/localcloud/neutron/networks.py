"""Networks: /v2.0/networks."""

from typing import Any

from hearth.localcloud.core import quota, service, state
from hearth.localcloud.neutron import (
    checks,
    ports,
    refusals,
    resource,
    securitygroups,
    segments,
    subnets,
    tables,
)
from hearth.localcloud.neutron.resource import Field, read_only

_PROVIDER = ("provider:network_type", "provider:physical_network", "provider:segmentation_id")
_SEGMENT = checks.list_of(
    checks.mapping(
        {"provider:network_type": checks.anything},
        {
            "provider:physical_network": checks.maybe(checks.plain_text),
            "provider:segmentation_id": checks.maybe(checks.whole_number),
        },
    )
)


class Networks(resource.Resource):
    """Networks, with their segments made on the way and their subnets deleted with them."""

    singular, plural, path = "network", "networks", "/v2.0/networks"
    missing_kind, noun = "NetworkNotFound", "Network"
    rbac_type = counted_as = "network"
    fields = (
        resource.NAME,
        resource.DESCRIPTION,
        resource.UP,
        resource.SHARED,
        read_only("status", default="ACTIVE"),
        Field("mtu", int, default=0, check=checks.between(0, 65535)),
        Field("router:external", bool, default=False, admin=True),
        Field("is_default", bool, default=False, admin=True),
        Field("port_security_enabled", bool, default=True),
        Field("qos_policy_id", str, nullable=True, check=checks.uuid),
        Field("dns_domain", str, default="", check=checks.dns_domain),
        Field("qinq", bool, default=False, nullable=True, update=False),
        Field("availability_zone_hints", list, default=[], update=False),
        read_only("availability_zones", list, default=[]),
        read_only("l2_adjacency", bool, default=True),
        Field("provider:network_type", str, nullable=True, update=False, admin=True),
        Field("provider:physical_network", str, nullable=True, update=False, admin=True),
        Field("provider:segmentation_id", int, nullable=True, admin=True),
        Field("segments", list, nullable=True, update=False, admin=True, check=_SEGMENT),
    )
    filters = frozenset({"subnets", "ipv4_address_scope", "ipv6_address_scope"})

    def __init__(
        self,
        owner: service.Service,
        data: tables.Tables,
        quotas: quota.Quotas,
        parts: segments.Segments,
        nets: subnets.Subnets,
        plugs: ports.Ports,
        groups: securitygroups.SecurityGroups,
    ) -> None:
        super().__init__(owner, data, quotas)
        self._segments = parts
        self._subnets = nets
        self._ports = plugs
        self._groups = groups

    def visible(self, call: service.Call, document: state.Document) -> bool:
        """Own, shared and external networks."""
        if super().visible(call, document):
            return True
        return self.data.granted(document["id"], call.identity.project_id, "access_as_external")

    def prepare(self, call: service.Call, document: state.Document) -> None:
        """Make the segments; the rest of the provider's side is worked out from them."""
        if document["availability_zone_hints"]:
            zone = document["availability_zone_hints"][0]
            raise refusals.missing("AvailabilityZoneNotFound", "Availability zone", str(zone))
        self._check_policy(call, document["qos_policy_id"])
        single = [document.pop(name) for name in _PROVIDER]
        several = document.pop("segments")
        if several and any(value is not None for value in single):
            raise refusals.invalid("Give either segments or provider attributes, not both.")
        if not several:
            if single[0] is None and any(value is not None for value in single[1:]):
                raise refusals.invalid("provider:network_type is missing.")
            several = [dict(zip(_PROVIDER, [single[0] or segments.DEFAULT_TYPE, *single[1:]], strict=True))]
        for each in several:
            kind, physical, number = (each.get(name) for name in _PROVIDER)
            self._segments.attach(document["id"], kind, physical, number)
        document["mtu"] = document["mtu"] or min(segments.MTU[each["provider:network_type"]] for each in several)
        if document.pop("router:external"):
            self.data.open_to_all(document, "network", "access_as_external", True)
        self._groups.default_of(document["project_id"])

    def change(self, call: service.Call, document: state.Document, changes: state.Document) -> None:
        """External and shared are policies; neither may be taken from those who use it."""
        self._check_policy(call, changes.get("qos_policy_id"))
        if changes.get("shared") is False:
            self.check_unshare(document)
        external = changes.pop("router:external", None)
        if external is False and self.data.is_external(document["id"]):
            self.check_inner(document)
        if external is not None:
            self.data.open_to_all(document, "network", "access_as_external", external)
        if "provider:segmentation_id" in changes:
            raise refusals.invalid("The segmentation id of a network with ports bound to it does not change.")

    def check_unshare(self, document: state.Document, left: frozenset[str] = frozenset()) -> None:
        """Refuse when others than the owner (and `left`) have ports on the network."""
        for port in self.data.ports.select(network_id=document["id"]):
            if port["project_id"] not in ("", document["project_id"], *left):
                raise refusals.conflict(
                    "InvalidSharedSetting", f"Network {document['name']} is used by other projects; it stays shared."
                )

    def check_inner(self, document: state.Document) -> None:
        """Refuse when routers or floating IPs need the network to be external."""
        for port in self.data.ports.select(network_id=document["id"]):
            if port["device_owner"] in (tables.ROUTER_GATEWAY, tables.FLOATING_IP):
                raise refusals.conflict(
                    "ExternalNetworkInUse",
                    f"External network {document['id']} has gateways or floating IPs; it stays external.",
                )

    def check_delete(self, call: service.Call, document: state.Document) -> None:
        """No ports but the service's own; subnets and segments go too."""
        on_it = self.data.ports.select(network_id=document["id"])
        left = [port["id"] for port in on_it if port["device_owner"] not in tables.AUTOMATIC]
        if left:
            raise refusals.conflict(
                "NetworkInUse",
                f"Network {document['id']} still has {len(left)} port(s): {', '.join(left[:3])}; delete them first.",
            )
        for port in on_it:
            self._ports.discard(port)
        for subnet in self.data.subnets.select(network_id=document["id"]):
            self._subnets.discard(subnet)
        for segment in self.data.segments.select(network_id=document["id"]):
            self.data.segments.delete(segment["id"])
        super().check_delete(call, document)

    def view(self, call: service.Call, document: state.Document) -> state.Document:
        """With subnets, address scopes, sharing and, for administrators, the provider's side."""
        shown = super().view(call, document)
        nets = self.data.subnets.select(network_id=document["id"])
        shown["subnets"] = [subnet["id"] for subnet in nets]
        shown["ipv4_address_scope"] = shown["ipv6_address_scope"] = None
        for subnet in nets:
            pool = self.data.subnetpools.get(subnet["subnetpool_id"]) if subnet["subnetpool_id"] else None
            if pool is not None and pool["address_scope_id"]:
                shown[f"ipv{subnet['ip_version']}_address_scope"] = pool["address_scope_id"]
        shown["router:external"] = self.data.is_external(document["id"])
        if not shown["router:external"] and call.method != "POST":
            # The answer to the creation shows it of any network.
            del shown["is_default"]
        if call.identity.is_admin:
            parts = [segments.provider(each) for each in self.data.segments.select(network_id=document["id"])]
            shown.update(parts[0] if len(parts) == 1 else {"segments": parts})
        return shown

    def value(self, call: service.Call, document: state.Document, name: str) -> Any:
        """Computed fields for filters."""
        if name == "router:external":
            return self.data.is_external(document["id"])
        if name in document and name != "shared":
            return document[name]
        return self.view(call, document).get(name)

    def by_name_or_id(self, call: service.Call, text: str) -> state.Document | None:
        """A visible network by id, or the first by name."""
        document = self.table.get(text)
        if document is not None and self.visible(call, document):
            return document
        return next((each for each in self.candidates(call) if each["name"] == text and self.visible(call, each)), None)

    def _check_policy(self, call: service.Call, policy_id: str | None) -> None:
        if policy_id is not None and policy_id not in self.data.policies:
            raise refusals.missing("QosPolicyNotFound", "QoS policy", policy_id)
