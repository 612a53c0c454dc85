"""Security groups and their rules. Each project has a group "default", made when it is first needed."""

from collections.abc import Iterable
from typing import Any

from hearth.localcloud.core import errors, ids, quota, service, state
from hearth.localcloud.neutron import checks, ipam, refusals, resource, tables
from hearth.localcloud.neutron.resource import Field, read_only

_DEFAULT = "default"
#: Protocol name -> number, from IANA's registry.
_PROTOCOLS = {
    "ah": 51, "dccp": 33, "egp": 8, "esp": 50, "gre": 47, "hopopt": 0, "icmp": 1, "igmp": 2, "ip": 0, "ipip": 4,
    "ipv6-encap": 41, "ipv6-frag": 44, "ipv6-icmp": 58, "icmpv6": 58, "ipv6-nonxt": 59, "ipv6-opts": 60,
    "ipv6-route": 43, "ospf": 89, "pgm": 113, "rsvp": 46, "sctp": 132, "tcp": 6, "udp": 17, "udplite": 136, "vrrp": 112,
}  # fmt: skip
_WITH_PORTS = frozenset({6, 17, 33, 132, 136})
_ICMP = frozenset({1, 58})
_V6_ONLY = frozenset({"ipv6-encap", "ipv6-frag", "ipv6-icmp", "icmpv6", "ipv6-nonxt", "ipv6-opts", "ipv6-route"})
#: Remote prefixes that mean "anywhere", as good as none.
_ANYWHERE = {"IPv4": ("0.0.0.0/0",), "IPv6": ("::/0",)}
#: What makes two rules the same.
_SAME = (
    "direction", "ethertype", "port_range_min", "port_range_max", "remote_group_id", "remote_address_group_id"
)  # fmt: skip


class SecurityGroups(resource.Resource):
    """/v2.0/security-groups."""

    singular, plural, path = "security_group", "security_groups", "/v2.0/security-groups"
    missing_kind, noun = "SecurityGroupNotFound", "Security group"
    rbac_type = counted_as = "security_group"
    fields = (
        resource.NAME,
        resource.DESCRIPTION,
        Field("stateful", bool, default=True),
        read_only("shared", bool, default=False),
    )
    filters = frozenset({"security_group_rules"})

    def default_of(self, project: str) -> state.Document:
        """The project's default group, made now if there is none."""
        known = self.data.default_groups.get(project)
        if known is not None:
            group = self.table.get(known["security_group_id"])
            if group is not None:
                return group
            self.data.default_groups.delete(project)
        now = self.cloud.clock.iso()
        group = self.table.insert(
            {
                "id": ids.new_id(),
                "project_id": project,
                "tenant_id": project,
                "name": _DEFAULT,
                "description": "Group of the project's ports that name none",
                "stateful": True,
                "tags": [],
                "created_at": now,
                "updated_at": now,
                "revision_number": 1,
            }
        )
        self.data.default_groups.insert({"id": project, "security_group_id": group["id"]})
        self._allow(group, "egress", None)
        self._allow(group, "ingress", group["id"])
        return group

    def candidates(self, call: service.Call) -> Iterable[state.Document]:
        """A project that looks has its default group."""
        if call.identity.project_id:
            self.default_of(call.identity.project_id)
        return super().candidates(call)

    def prepare(self, call: service.Call, document: state.Document) -> None:
        """There is one group called default."""
        if document["project_id"]:
            self.default_of(document["project_id"])
        if document["name"] == _DEFAULT:
            raise _default_exists()

    def created(self, call: service.Call, document: state.Document) -> state.Document:
        """A new group lets everything out."""
        self._allow(document, "egress", None)
        return document

    def change(self, call: service.Call, document: state.Document, changes: state.Document) -> None:
        """The default group keeps its name, and no other takes it."""
        renamed = changes.get("name", document["name"]) != document["name"]
        if renamed and self._is_default(document):
            raise refusals.conflict("SecurityGroupCannotUpdateDefault", "The default security group keeps its name.")
        if renamed and changes["name"] == _DEFAULT:
            raise _default_exists()
        if changes.get("stateful", document["stateful"]) != document["stateful"] and self._used(document):
            raise self._in_use(document)

    def check_delete(self, call: service.Call, document: state.Document) -> None:
        """Neither in use nor another's default."""
        if self._used(document):
            raise self._in_use(document)
        if self._is_default(document):
            if not call.identity.is_admin:
                raise refusals.conflict(
                    "SecurityGroupCannotRemoveDefault", "Only administrators may delete a default security group."
                )
            self.data.default_groups.delete(document["project_id"])
        for rule in self.data.security_group_rules.select(security_group_id=document["id"]):
            self.data.security_group_rules.delete(rule["id"])
        for rule in self.data.security_group_rules:
            if rule["remote_group_id"] == document["id"]:
                self.data.security_group_rules.delete(rule["id"])
        super().check_delete(call, document)

    def view(self, call: service.Call, document: state.Document) -> state.Document:
        """With its rules."""
        shown = super().view(call, document)
        shown["security_group_rules"] = self.data.security_group_rules.select(security_group_id=document["id"])
        return shown

    def _allow(self, group: state.Document, direction: str, remote: str | None) -> None:
        for ethertype in ("IPv4", "IPv6"):
            now = self.cloud.clock.iso()
            self.data.security_group_rules.insert(
                {
                    "id": ids.new_id(),
                    "project_id": group["project_id"],
                    "tenant_id": group["project_id"],
                    "security_group_id": group["id"],
                    "direction": direction,
                    "ethertype": ethertype,
                    "protocol": None,
                    "port_range_min": None,
                    "port_range_max": None,
                    "remote_ip_prefix": None,
                    "remote_group_id": remote,
                    "remote_address_group_id": None,
                    "normalized_cidr": None,
                    "belongs_to_default_sg": group["name"] == _DEFAULT,
                    "description": None,
                    "tags": [],
                    "created_at": now,
                    "updated_at": now,
                    "revision_number": 0,
                }
            )

    def _is_default(self, document: state.Document) -> bool:
        known = self.data.default_groups.get(document["project_id"])
        return known is not None and known["security_group_id"] == document["id"]

    def _used(self, document: state.Document) -> bool:
        return any(document["id"] in port["security_groups"] for port in self.data.ports)

    def _in_use(self, document: state.Document) -> errors.ApiError:
        return refusals.conflict("SecurityGroupInUse", f"Security group {document['id']} is in use by ports.")


class SecurityGroupRules(resource.Resource):
    """/v2.0/security-group-rules. Rules are made and deleted, never changed."""

    singular, plural, path = "security_group_rule", "security_group_rules", "/v2.0/security-group-rules"
    missing_kind, noun = "SecurityGroupRuleNotFound", "Security group rule"
    counted_as = "security_group_rule"
    index = ("project_id", "security_group_id")
    fields = (
        Field("security_group_id", str, required=True, update=False),
        Field("direction", str, required=True, update=False, check=checks.one_of("ingress", "egress")),
        Field("ethertype", str, default="IPv4", update=False),
        Field("protocol", (str, int), nullable=True, update=False),
        Field("port_range_min", (int, str), nullable=True, update=False),
        Field("port_range_max", (int, str), nullable=True, update=False),
        Field("remote_ip_prefix", str, nullable=True, update=False),
        Field("remote_group_id", str, nullable=True, update=False),
        Field("remote_address_group_id", str, nullable=True, update=False),
        read_only("normalized_cidr"),
        read_only("belongs_to_default_sg", bool, default=False),
        Field("description", str, default="", nullable=True, update=False, check=checks.text(255)),
    )

    def __init__(
        self, owner: service.Service, data: tables.Tables, quotas: quota.Quotas, groups: SecurityGroups
    ) -> None:
        super().__init__(owner, data, quotas)
        self._groups = groups

    def view(self, call: service.Call, document: state.Document) -> state.Document:
        """Without tags: only the list within its group shows them."""
        shown = super().view(call, document)
        shown.pop("tags", None)
        return shown

    def visible(self, call: service.Call, document: state.Document) -> bool:
        """Own rules and those of own groups."""
        if super().visible(call, document):
            return True
        group = self.data.security_groups.get(document["security_group_id"])
        return group is not None and self._groups.visible(call, group)

    def prepare(self, call: service.Call, document: state.Document) -> None:
        """Normalise, and refuse what contradicts itself or is there already."""
        group = self._group(call, document["security_group_id"])
        if not self._groups.owned(call, group):
            raise self._groups.not_found(group["id"])
        document["project_id"] = document["tenant_id"] = group["project_id"]
        document["belongs_to_default_sg"] = group["name"] == _DEFAULT
        ethertype = {"ipv4": "IPv4", "ipv6": "IPv6"}.get(document["ethertype"].lower())
        if ethertype is None:
            raise errors.ApiError(
                400,
                f"ethertype {document['ethertype']!r} is neither IPv4 nor IPv6.",
                kind="SecurityGroupRuleInvalidEtherType",
            )
        document["ethertype"] = ethertype
        document["protocol"] = _protocol(document["protocol"], ethertype)
        for name in ("port_range_min", "port_range_max"):
            document[name] = _port(document[name])
        _check_range(document)
        self._check_remote(call, document)
        for rule in self.data.security_group_rules.select(security_group_id=group["id"]):
            if _same(rule, document):
                raise refusals.conflict(
                    "SecurityGroupRuleExists", f"Security group rule {rule['id']} says the same already."
                )

    def created(self, call: service.Call, document: state.Document) -> state.Document:
        """The group's revision counts its rules' comings and goings."""
        self._groups.touch(document["security_group_id"])
        return document

    def check_delete(self, call: service.Call, document: state.Document) -> None:
        """See `created`."""
        self._groups.touch(document["security_group_id"])

    def _group(self, call: service.Call, id: str) -> state.Document:
        return self._groups.find(call, id)

    def _check_remote(self, call: service.Call, document: state.Document) -> None:
        names = ("remote_ip_prefix", "remote_group_id", "remote_address_group_id")
        for name in names:
            document[name] = document[name] or None
        if sum(document[name] is not None for name in names) > 1:
            raise errors.ApiError(
                400, f"Give only one of {', '.join(names)}.", kind="SecurityGroupMultipleRemoteEntites"
            )
        if document["remote_group_id"] is not None:
            self._group(call, document["remote_group_id"])
        address_group = document["remote_address_group_id"]
        if address_group is not None and address_group not in self.data.address_groups:
            raise refusals.missing("AddressGroupNotFound", "Address group", address_group)
        given = document["remote_ip_prefix"]
        if given is None:
            return
        try:
            normal = ipam.network(checks.cidr(given))
        except ValueError:
            raise errors.ApiError(400, f"remote_ip_prefix {given!r} is no CIDR.", kind="InvalidCIDR") from None
        if normal.version != int(document["ethertype"][-1]):
            raise errors.ApiError(
                400, f"{given} is not of ethertype {document['ethertype']}.", kind="SecurityGroupRuleParameterConflict"
            )
        document["remote_ip_prefix"] = checks.cidr(given)
        document["normalized_cidr"] = str(normal)


def _default_exists() -> errors.ApiError:
    return refusals.conflict("SecurityGroupDefaultAlreadyExists", "The project has its default security group already.")


def _protocol(given: str | int | None, ethertype: str) -> str | None:
    """The protocol as stored; "any" and null are none."""
    if given is None or str(given).lower() == "any":
        return None
    protocol = str(given).lower()
    known = protocol in _PROTOCOLS or (protocol.isdecimal() and int(protocol) <= 255)
    if not known:
        raise errors.ApiError(
            400,
            f"Protocol {given!r} is neither a number from 0 to 255 nor one of {', '.join(_PROTOCOLS)}.",
            kind="SecurityGroupRuleInvalidProtocol",
        )
    if ethertype == "IPv4" and protocol in _V6_ONLY:
        raise errors.ApiError(
            400, f"Protocol {protocol} needs ethertype IPv6.", kind="SecurityGroupEthertypeConflictWithProtocol"
        )
    # ICMP means the version of it that goes with the rule's addresses.
    if ethertype == "IPv6" and protocol in ("icmp", "icmpv6"):
        return "ipv6-icmp"
    return protocol


def _number(protocol: str | None) -> int | None:
    if protocol is None:
        return None
    return _PROTOCOLS.get(protocol) if protocol in _PROTOCOLS else int(protocol)


def _port(value: int | str | None) -> int | None:
    if value is None or isinstance(value, int):
        return value
    if not value.lstrip("-").isdecimal():
        raise errors.ApiError(400, f"Port {value!r} is not a number.", kind="SecurityGroupInvalidPortValue")
    return int(value)


def _check_range(rule: state.Document) -> None:
    low, high, protocol = rule["port_range_min"], rule["port_range_max"], rule["protocol"]
    if low is None and high is None:
        return
    number = _number(protocol)
    if number is None:
        raise errors.ApiError(400, "Ports need a protocol.", kind="SecurityGroupProtocolRequiredWithPorts")
    if number in _ICMP:
        for name, value in (("type", low), ("code", high)):
            if value is not None and not 0 <= value <= 255:
                raise errors.ApiError(
                    400, f"ICMP {name} {value} is not 0 to 255.", kind="SecurityGroupInvalidIcmpValue"
                )
        if low is None:
            raise errors.ApiError(400, f"ICMP code {high} needs a type.", kind="SecurityGroupMissingIcmpType")
        return
    if number not in _WITH_PORTS:
        raise errors.ApiError(400, f"Protocol {protocol} has no ports.", kind="SecurityGroupInvalidProtocolForPort")
    for value in (low, high):
        if value is not None and not 1 <= value <= 65535:
            raise errors.ApiError(400, f"Port {value} is not 1 to 65535.", kind="SecurityGroupInvalidPortValue")
    if low is None or high is None or low > high:
        raise errors.ApiError(
            400, f"Ports from {low} to {high}: give both, the lower one first.", kind="SecurityGroupInvalidPortRange"
        )


def _same(one: state.Document, other: state.Document) -> bool:
    return (
        all(one[name] == other[name] for name in _SAME)
        and _number(one["protocol"]) == _number(other["protocol"])
        and _prefix(one) == _prefix(other)
    )


def _prefix(rule: state.Document) -> Any:
    prefix = rule["remote_ip_prefix"]
    return None if prefix in _ANYWHERE[rule["ethertype"]] else prefix
