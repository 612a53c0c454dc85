"""OS::Neutron::FirewallRule: which packets pass.

Spec: https://docs.openstack.org/api-ref/network/v2/#create-firewall-rule
"""

from typing import Any

from hearth.resources import base, rules
from hearth.resources.contract import Call, Change
from hearth.resources.neutron import network_resource, vpn
from hearth.resources.schema import PHYSICAL_NAME, Property

#: What templates call a rule for every protocol; the service says null.
_ANY = "any"


@base.resource("OS::Neutron::FirewallRule")
class FirewallRule(network_resource.NetworkResource):
    """A rule about packets.

    Comes into force as part of a policy.
    """

    extension = "fwaas"
    remote = network_resource.collection("firewall_rule", path="fw/firewall_rules")

    name = Property(str, "Name of the rule.", default=PHYSICAL_NAME, updatable=True)
    description = Property(str, "Description of the rule.", updatable=True, cleared="")
    shared = Property(bool, "Whether all projects may use it; admin only.", default=False, updatable=True)
    protocol = Property(
        str,
        "Protocol of the packets.",
        default=_ANY,
        updatable=True,
        allowed=("tcp", "udp", "icmp", _ANY),
        live=lambda call, observed: observed["protocol"] or _ANY,
    )
    ip_version = Property(str, "IP version of the packets.", default="4", updatable=True, allowed=("4", "6"))
    source_ip_address = Property(str, "Network they come from.", updatable=True, constraint="net_cidr")
    source_port = Property(str, "Port or range of ports they come from.", updatable=True)
    destination_ip_address = Property(str, "Network they go to.", updatable=True, constraint="net_cidr")
    destination_port = Property(str, "Port or range of ports they go to.", updatable=True)
    action = Property(str, "What becomes of them.", default="deny", updatable=True, allowed=("allow", "deny"))
    enabled = Property(bool, "Whether the rule counts.", default=True, updatable=True)

    checks = (
        rules.forbidden_when("source_port", protocol=("icmp", _ANY)),
        rules.forbidden_when("destination_port", protocol=("icmp", _ANY)),
    )

    attributes = vpn.texts(
        "action",
        "description",
        "destination_ip_address",
        "destination_port",
        "enabled",
        "firewall_policy_id",
        "ip_version",
        "name",
        "position",
        "protocol",
        "shared",
        "source_ip_address",
        "source_port",
        "tenant_id",
    )

    def body(self, call: Call) -> dict[str, Any]:
        """As the service says it."""
        return _as_service(super().body(call))

    def changes(self, call: Call, change: Change) -> dict[str, Any]:
        """As the service says it."""
        return _as_service(super().changes(call, change))


def _as_service(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "protocol": None} if body.get("protocol") == _ANY else body
