"""OS::Neutron::QoS...Rule: the rules of quality of service, each within its policy.

Spec: https://docs.openstack.org/api-ref/network/v2/#qos-bandwidth-limit-rules
"""

from hearth.resources import base
from hearth.resources.neutron import network_resource
from hearth.resources.remote import Remote
from hearth.resources.schema import Property

_DSCP = (0, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34, 36, 38, 40, 46, 48, 56)
_WAYS = ("egress", "ingress")


def _rules(kind: str) -> Remote:
    return network_resource.collection(
        f"{kind}_rule", path=f"qos/policies/{{policy}}/{kind}_rules", marker="", batch=""
    )


class Rule(network_resource.NetworkResource):
    """Admin only by default. A policy has one rule of a kind and direction."""

    policy = Property(str, "Policy the rule is of.", required=True, refers="neutron.qos_policy", wire=None, live=None)
    tenant_id = Property(str, "Project that owns it.", live=None)


@base.resource("OS::Neutron::QoSBandwidthLimitRule", since="6.0.0")
class BandwidthLimit(Rule):
    """A QoS rule: a limit of the bandwidth."""

    extension = "qos"
    remote = _rules("bandwidth_limit")

    max_kbps = Property(int, "Kilobits in a second.", required=True, updatable=True, minimum=0)
    max_burst_kbps = Property(int, "Kilobits that may pass in a burst.", default=0, updatable=True, minimum=0)
    direction = Property(
        str, "Which way, seen from the port.", default="egress", updatable=True, allowed=_WAYS, since="13.0.0"
    )


@base.resource("OS::Neutron::QoSDscpMarkingRule", since="7.0.0")
class DscpMarking(Rule):
    """A QoS rule: a mark on packets.

    How packets are marked for the network that carries them.
    """

    extension = "qos"
    remote = _rules("dscp_marking")

    dscp_mark = Property(int, "The mark.", required=True, updatable=True, allowed=_DSCP)


@base.resource("OS::Neutron::QoSMinimumBandwidthRule", since="14.0.0")
class MinimumBandwidth(Rule):
    """A QoS rule: a bandwidth that is kept free.

    How much traffic can always pass.
    """

    extension = "qos-bw-minimum-ingress"
    remote = _rules("minimum_bandwidth")

    min_kbps = Property(int, "Kilobits in a second.", required=True, updatable=True, minimum=0)
    direction = Property(str, "Which way, seen from the port.", default="egress", updatable=True, allowed=_WAYS)


@base.resource("OS::Neutron::QoSMinimumPacketRateRule", since="19.0.0")
class MinimumPacketRate(Rule):
    """A QoS rule: a packet rate that is kept free.

    How many packets can always pass.
    """

    extension = "qos-pps-minimum"
    remote = _rules("minimum_packet_rate")

    min_kpps = Property(int, "Thousands of packets in a second.", required=True, updatable=True, minimum=0)
    direction = Property(
        str, "Which way, seen from the port.", default="egress", updatable=True, allowed=("any", *_WAYS)
    )
