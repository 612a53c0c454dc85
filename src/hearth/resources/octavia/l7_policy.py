"""OS::Octavia::L7Policy: where requests of a kind go.

Spec: https://docs.openstack.org/api-ref/load-balancer/v2/#l7-policies
"""

from hearth.resources import base, rules
from hearth.resources.octavia import balancing
from hearth.resources.schema import ABSENT, PHYSICAL_NAME, Attribute, Property


@base.resource("OS::Octavia::L7Policy", since="10.0.0")
class L7Policy(balancing.Balanced):
    """What a listener does with certain requests.

    Its rules say which requests.
    """

    remote = balancing.collection("l7policy", plural="l7policies", marker="description")

    name = Property(str, "Name of the policy.", updatable=True, default=PHYSICAL_NAME)
    description = Property(str, "Description of the policy.", updatable=True)
    listener = Property(str, "The listener.", required=True, refers="octavia.listener", wire="listener_id")
    action = Property(
        str,
        "What becomes of the requests.",
        required=True,
        updatable=True,
        allowed=("REJECT", "REDIRECT_TO_POOL", "REDIRECT_TO_URL"),
    )
    redirect_pool = Property(
        str, "Pool that takes them.", updatable=True, refers="octavia.pool", wire="redirect_pool_id"
    )
    redirect_url = Property(str, "URL that clients are sent to.", updatable=True)
    position = Property(float, "Its place among those of the listener.", updatable=True, minimum=1, cleared=ABSENT)
    admin_state_up = Property(bool, "Whether it counts.", default=True, updatable=True)

    attributes = {
        "rules": Attribute(list, "Its rules."),
    }

    checks = (
        rules.required_when("redirect_pool", action=("REDIRECT_TO_POOL",)),
        rules.required_when("redirect_url", action=("REDIRECT_TO_URL",)),
        rules.forbidden_when("redirect_pool", action=("REJECT", "REDIRECT_TO_URL")),
        rules.forbidden_when("redirect_url", action=("REJECT", "REDIRECT_TO_POOL")),
    )
