"""OS::Octavia::Pool: servers that share the work of a listener.

Spec: https://docs.openstack.org/api-ref/load-balancer/v2/#pools
"""

from collections.abc import Iterable

from hearth.model.values import is_known
from hearth.resources import base, only_one, rules
from hearth.resources.contract import Issue, Values
from hearth.resources.octavia import balancing
from hearth.resources.schema import PHYSICAL_NAME, Attribute, Property


@base.resource("OS::Octavia::Pool", since="10.0.0")
class Pool(balancing.Balanced, only_one.OnlyOne):
    """Servers that share the requests.

    A listener has one that it sends to by default.
    """

    remote = balancing.collection("pool", marker="description")
    place, noun = "listener", "default pool"

    name = Property(str, "Name of the pool.", updatable=True, default=PHYSICAL_NAME)
    description = Property(str, "Description of the pool.", default="", updatable=True)
    listener = Property(
        str,
        "Listener whose default pool it is.",
        refers="octavia.listener",
        wire="listener_id",
        live=balancing.first("listeners"),
    )
    loadbalancer = Property(
        str,
        "Load balancer of a pool that policies send to.",
        refers="octavia.loadbalancer",
        wire="loadbalancer_id",
        live=balancing.first("loadbalancers"),
    )
    protocol = Property(
        str, "What members speak.", required=True, allowed=("TCP", "HTTP", "HTTPS", "TERMINATED_HTTPS", "PROXY", "UDP")
    )
    lb_algorithm = Property(
        str,
        "How the work is shared.",
        required=True,
        updatable=True,
        allowed=("ROUND_ROBIN", "LEAST_CONNECTIONS", "SOURCE_IP", "SOURCE_IP_PORT"),
    )
    session_persistence = Property(
        dict,
        "How a client stays with its member.",
        updatable=True,
        cleared=None,
        fields={
            "cookie_name": Property(str, "Name of the cookie."),
            "type": Property(
                str, "What tells a client.", required=True, allowed=("SOURCE_IP", "HTTP_COOKIE", "APP_COOKIE")
            ),
        },
    )
    tls_enabled = Property(bool, "Whether members are spoken to in TLS.", default=False, updatable=True, since="14.0.0")
    admin_state_up = Property(bool, "Whether it works.", default=True, updatable=True)

    attributes = {
        "healthmonitor_id": Attribute(str, "Its health monitor."),
        "listeners": Attribute(str, "Listeners that send to it."),
        "members": Attribute(list, "Its members.", cached=False),
    }

    checks = (rules.at_least_one("listener", "loadbalancer"),)

    def validate(self, properties: Values) -> Iterable[Issue]:
        """A cookie has a name of the application's own, or none."""
        yield from super().validate(properties)
        given = properties.get("session_persistence")
        if not isinstance(given, dict) or not is_known(given.get("type")):
            return
        path = ("session_persistence", "cookie_name")
        if given["type"] == "APP_COOKIE" and "cookie_name" not in given:
            yield Issue(path[:1], "A session by APP_COOKIE needs the name of the cookie.", "Give 'cookie_name'.")
        if given["type"] != "APP_COOKIE" and "cookie_name" in given:
            yield Issue(path, f"'cookie_name' cannot be used with {given['type']}.", "Leave it out, or use APP_COOKIE.")
