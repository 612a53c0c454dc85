"""OS::Octavia::L7Rule: what the requests of a policy have in common.

Spec: https://docs.openstack.org/api-ref/load-balancer/v2/#l7-rules
"""

from hearth.resources import base, rules
from hearth.resources.octavia import balancing
from hearth.resources.schema import Property


@base.resource("OS::Octavia::L7Rule", since="10.0.0")
class L7Rule(balancing.Balanced):
    """A condition of a layer-7 policy.

    All rules of a policy must hold.
    """

    remote = balancing.collection("rule", path="l7policies/{l7policy}/rules")

    l7policy = Property(
        str,
        "The policy.",
        required=True,
        refers="octavia.l7policy",
        wire=None,
        live=lambda call, observed: call.properties["l7policy"],
    )
    type = Property(
        str,
        "What is compared.",
        required=True,
        updatable=True,
        allowed=("HOST_NAME", "PATH", "FILE_TYPE", "HEADER", "COOKIE"),
    )
    key = Property(str, "Which header or cookie.", updatable=True)
    compare_type = Property(
        str,
        "How it is compared.",
        required=True,
        updatable=True,
        allowed=("REGEX", "STARTS_WITH", "ENDS_WITH", "CONTAINS", "EQUAL_TO"),
    )
    value = Property(str, "With what.", required=True, updatable=True)
    invert = Property(bool, "Whether it must not hold.", default=False, updatable=True)
    admin_state_up = Property(bool, "Whether it counts.", default=True, updatable=True)

    checks = (rules.required_when("key", type=("HEADER", "COOKIE")),)
