"""AWS::EC2::SecurityGroup: what traffic network interfaces let through.

Spec: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ec2-securitygroup.html
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from hearth.resources import base
from hearth.resources.contract import Call, Observed
from hearth.resources.neutron import security_group
from hearth.resources.schema import ABSENT, Property

_LISTS: Final = {"SecurityGroupIngress": "ingress", "SecurityGroupEgress": "egress"}
#: `{our field: the service's}`, for what can be shown of a rule that nobody asked for.
_SHOWN: Final = {
    "CidrIp": "remote_ip_prefix",
    "FromPort": "port_range_min",
    "ToPort": "port_range_max",
    "IpProtocol": "protocol",
    "SourceSecurityGroupId": "remote_group_id",
}


def _live(name: str) -> Callable[[Call, Observed], Any]:
    """Reads the rules of one direction: as given while they are the same, else as they are."""

    def read(call: Call, observed: Observed) -> Any:
        if not call.properties.get(name):
            return ABSENT
        present = [
            rule
            for rule in security_group.unmarked(observed.get("security_group_rules") or [])
            if rule["direction"] == _LISTS[name]
        ]
        wanted = {security_group.key_of(_rule(one, _LISTS[name])) for one in call.properties[name]}
        if {security_group.key_of(rule) for rule in present} == wanted:
            return call.properties[name]
        return [
            {key: str(rule[field]) for key, field in _SHOWN.items() if rule.get(field) is not None} for rule in present
        ]

    return read


def _rules(name: str, description: str) -> Property:
    return Property(
        list,
        description,
        name=name,
        updatable=True,
        wire=None,
        live=_live(name),
        items=Property(
            dict,
            fields={
                "CidrIp": Property(str, "Network of the other side."),
                "FromPort": Property(str, "First port, or ICMP type; -1 for any."),
                "ToPort": Property(str, "Last port, or ICMP code; -1 for any."),
                "IpProtocol": Property(str, "IP protocol; -1 for any."),
                "SourceSecurityGroupId": Property(str, "Group of the other side.", translates="neutron.security_group"),
                "SourceSecurityGroupName": Property(
                    str, "Name of the group of the other side.", translates="neutron.security_group"
                ),
                "SourceSecurityGroupOwnerId": Property(str, "Who owns that group.", implemented=False),
            },
        ),
    )


@base.resource("AWS::EC2::SecurityGroup")
class SecurityGroup(security_group.RuledGroup):
    """A set of rules about the traffic to and from servers.

    While there is no rule for egress, everything may go out.
    """

    named_before_create = True
    survives_failure = False
    rule_lists = tuple(_LISTS)

    description = Property(str, "Description of the group.", name="GroupDescription", required=True, wire="description")
    vpc = Property(str, "The VPC; groups are good for all.", name="VpcId", wire=None, live=None)
    ingress = _rules("SecurityGroupIngress", "What may come in.")
    egress = _rules("SecurityGroupEgress", "What may go out.")

    def body(self, call: Call) -> dict[str, Any]:
        """With the name of the row."""
        return {**super().body(call), "name": call.physical_name}

    def wanted_rules(self, call: Call, group_id: str | None) -> list[dict[str, Any]]:
        """Both lists, in the service's form."""
        wanted = [_rule(one, way) for name, way in _LISTS.items() for one in call.properties.get(name) or ()]
        return security_group.with_egress(wanted)


def _rule(given: Mapping[str, Any], direction: str) -> dict[str, Any]:
    prefix = given.get("CidrIp")
    rule: dict[str, Any] = {"direction": direction, "ethertype": "IPv6" if ":" in (prefix or "") else "IPv4"}
    if prefix:
        rule["remote_ip_prefix"] = prefix
    group = given.get("SourceSecurityGroupId") or given.get("SourceSecurityGroupName")
    if group:
        rule["remote_group_id"] = group
    protocol = str(given.get("IpProtocol") or "-1").lower()
    if protocol == "-1":
        return rule
    # The service calls the one of version 6 by its own name.
    rule["protocol"] = "ipv6-icmp" if protocol == "icmp" and rule["ethertype"] == "IPv6" else protocol
    for key, field in (("FromPort", "port_range_min"), ("ToPort", "port_range_max")):
        port = given.get(key)
        if port not in (None, "", "-1"):
            rule[field] = int(str(port))
    return rule
