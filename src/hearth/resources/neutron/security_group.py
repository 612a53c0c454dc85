"""OS::Neutron::SecurityGroup: a group of rules about what traffic ports let through.

Spec: https://docs.openstack.org/api-ref/network/v2/#security-groups-security-groups
"""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from hearth.model.states import Action
from hearth.resources import base, blockers
from hearth.resources.contract import MARKER, Call, Change, Gone, Issue, Observed, Values, Wait
from hearth.resources.neutron import network_resource, protocols
from hearth.resources.schema import ABSENT, PHYSICAL_NAME, Property

#: What makes a rule the rule it is. A service's rule shows all of them, null where nothing is said.
_IDENTITY = (
    "direction",
    "ethertype",
    "protocol",
    "port_range_min",
    "port_range_max",
    "remote_ip_prefix",
    "remote_group_id",
)
#: What the service itself puts into a new group.
_OPEN_EGRESS = tuple({"direction": "egress", "ethertype": ethertype} for ethertype in protocols.ETHERTYPES)


def _rules(call: Call, observed: Observed) -> Any:
    """The rules as the template gives them, or as they are if they are others.

    A group that gives none is one whose rules others make.
    """
    if not call.properties.get("rules"):
        return ABSENT
    present = unmarked(observed.get("security_group_rules") or [])
    wanted = {key_of(rule) for rule in _wanted(call, call.physical_id)}
    if {key_of(rule) for rule in present} == wanted:
        return call.properties.get("rules")
    shown = (*_IDENTITY, "description")
    return [{key: rule[key] for key in shown if rule.get(key) not in (None, "")} for rule in present]


class RuledGroup(network_resource.NetworkResource):
    """A group whose rules are part of it: a change of the list adds and removes only what differs."""

    remote = network_resource.collection("security_group")
    used_by = (blockers.GROUPED_PORTS,)
    waits_on = frozenset({Action.CREATE})
    #: The properties that list the rules.
    rule_lists: ClassVar[tuple[str, ...]] = ("rules",)

    def wanted_rules(self, call: Call, group_id: str | None) -> list[dict[str, Any]]:
        """The rules as requests hold them."""
        raise NotImplementedError

    def mark(self, body: dict[str, Any], call: Call) -> dict[str, Any]:
        """The marker comes first, also in the place of the user's description."""
        return {**body, "description": call.marker}

    async def locate(self, call: Call) -> str | None:
        """By the marker, which stays until the id is stored; after that by name, description and rules."""
        listed = await self.listed(call, {"description": call.marker})
        marked = next((str(one["id"]) for one in listed if one.get("description") == call.marker), None)
        body = self.body(call)
        if marked is not None or body.get("description") is None:
            return marked
        listed = await self.listed(call, body)
        return next((str(one["id"]) for one in listed if self._has_rules(one, call)), None)

    async def finish(self, call: Call) -> None:
        """Bring the rules to what is wanted."""
        await super().finish(call)
        observed = await self.observe(call)
        assert observed is not None
        present = {key_of(rule): rule["id"] for rule in unmarked(observed["security_group_rules"])}
        wanted = {key_of(rule): rule for rule in self.wanted_rules(call, call.physical_id)}
        for key in present.keys() - wanted.keys():
            await self._drop_rule(call, present[key])
        for key in wanted.keys() - present.keys():
            body = {"security_group_rule": {**wanted[key], "security_group_id": call.physical_id}}
            await self.request(call, "POST", "/v2.0/security-group-rules", body, creating=True)

    async def settle(self, call: Call, observed: Observed | None) -> Wait | None:
        """The id is stored now, so the user's description may take the marker's place."""
        description = self.body(call).get("description")
        marked = observed is not None and observed.get("description") == call.marker
        if call.action is Action.CREATE and marked and description is not None:
            await self.request(call, "PUT", self.path(call), {self.remote.envelope: {"description": description}})
        return None

    async def update(self, call: Call, change: Change) -> str | None:
        """Fields and rules."""
        await super().update(call, change)
        if any(key in change.properties for key in self.rule_lists):
            await self.finish(call)
        return None

    async def _drop_rule(self, call: Call, rule_id: str) -> None:
        try:
            await self.request(call, "DELETE", f"/v2.0/security-group-rules/{rule_id}")
        except Gone:
            return

    def _has_rules(self, group: Mapping[str, Any], call: Call) -> bool:
        wanted = {key_of(rule) for rule in self.wanted_rules(call, group["id"])}
        return {key_of(rule) for rule in group["security_group_rules"]} == wanted


@base.resource("OS::Neutron::SecurityGroup", since="2014.1")
class SecurityGroup(RuledGroup):
    """A set of rules about the traffic of ports.

    The template gives the rules as the service has them.
    """

    extension = "security-group"
    name = Property(str, "Name of the group.", default=PHYSICAL_NAME, updatable=True)
    description = Property(str, "Description of the group.", updatable=True, cleared="")
    rules = Property(
        list,
        "The rules. While none is for egress, everything may go out.",
        default=[],
        updatable=True,
        wire=None,
        live=_rules,
        items=Property(
            dict,
            fields={
                "description": Property(str, "Description of the rule.", since="27.0.0"),
                "direction": Property(str, "Which way.", default="ingress", allowed=protocols.DIRECTIONS),
                "ethertype": Property(str, "IP version.", default="IPv4", allowed=protocols.ETHERTYPES),
                "port_range_min": Property(int, "First port, or ICMP type.", minimum=0, maximum=protocols.LARGEST_PORT),
                "port_range_max": Property(int, "Last port, or ICMP code.", minimum=0, maximum=protocols.LARGEST_PORT),
                "protocol": Property(str, "IP protocol.", allowed=protocols.PROTOCOLS),
                "remote_mode": Property(
                    str,
                    "What the other side is named by.",
                    default="remote_ip_prefix",
                    allowed=("remote_ip_prefix", "remote_group_id"),
                    wire=None,
                ),
                "remote_group_id": Property(
                    str, "Group of the other side; this one if not given.", refers="neutron.security_group"
                ),
                "remote_ip_prefix": Property(str, "Network of the other side.", constraint="net_cidr"),
            },
        ),
    )
    stateful = Property(bool, "Whether answers pass without a rule.", updatable=True, cleared=ABSENT, since="27.0.0")

    def validate(self, properties: Values) -> Iterable[Issue]:
        """The name "default" belongs to the service; each rule must make sense."""
        yield from super().validate(properties)
        if properties.get("name") == "default":
            yield Issue(("name",), "The name 'default' belongs to every project's own group.", "Use another name.")
        given = properties.get("rules")
        for at, rule in enumerate(given if isinstance(given, list) else ()):
            if isinstance(rule, Mapping):
                yield from (Issue(("rules", at, *issue.path), issue.message, issue.advice) for issue in _check(rule))

    def wanted_rules(self, call: Call, group_id: str | None) -> list[dict[str, Any]]:
        """As given."""
        return _wanted(call, group_id)


def unmarked(rules: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Rules without those that resources of their own have made."""
    return [rule for rule in rules if not str(rule.get("description") or "").startswith(MARKER)]


def _wanted(call: Call, group_id: str | None) -> list[dict[str, Any]]:
    """The rules as requests hold them."""
    wanted = []
    for given in call.properties.get("rules") or ():
        rule = {key: value for key, value in given.items() if key != "remote_mode"}
        if given.get("remote_mode") == "remote_group_id":
            rule.setdefault("remote_group_id", group_id)
        wanted.append(rule)
    return with_egress(wanted)


def with_egress(wanted: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rules, and those of the service itself: while none is for egress, everything may go out."""
    if any(rule["direction"] == "egress" for rule in wanted):
        return wanted
    return [*wanted, *(dict(rule) for rule in _OPEN_EGRESS)]


def key_of(rule: Mapping[str, Any]) -> tuple[Any, ...]:
    """What makes a rule the rule it is."""
    return (*(_comparable(rule.get(key)) for key in _IDENTITY), rule.get("description") or "")


def _comparable(value: Any) -> Any:
    return None if value is None else str(value).lower()


def _check(rule: Mapping[str, Any]) -> Iterable[Issue]:
    by_group = rule.get("remote_mode") == "remote_group_id"
    unwanted = "remote_ip_prefix" if by_group else "remote_group_id"
    if unwanted in rule:
        yield Issue((unwanted,), f"{unwanted!r} cannot be used while remote_mode is {rule.get('remote_mode')!r}.")
    low, high = rule.get("port_range_min"), rule.get("port_range_max")
    ports = rule.get("protocol") in ("tcp", "udp", "6", "17")
    if ports and isinstance(low, int) and isinstance(high, int) and low > high:
        yield Issue(("port_range_min",), f"port_range_min {low} is above port_range_max {high}.", "Swap them.")
