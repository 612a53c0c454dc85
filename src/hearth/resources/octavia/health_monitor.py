"""OS::Octavia::HealthMonitor: how a pool finds out which members are well.

Spec: https://docs.openstack.org/api-ref/load-balancer/v2/#health-monitor
"""

from hearth.resources import base, only_one, rules
from hearth.resources.contract import Call
from hearth.resources.octavia import balancing
from hearth.resources.schema import Attribute, Property


@base.resource("OS::Octavia::HealthMonitor", since="10.0.0")
class HealthMonitor(balancing.Balanced, only_one.OnlyOne):
    """Looks after the health of a pool's members.

    A pool has one at most.
    """

    remote = balancing.collection("healthmonitor")
    place, noun = "pool", "health monitor"

    pool = Property(
        str, "The pool.", required=True, refers="octavia.pool", wire="pool_id", live=balancing.first("pools")
    )
    type = Property(
        str, "How members are asked.", required=True, allowed=("PING", "TCP", "HTTP", "HTTPS", "UDP-CONNECT")
    )
    delay = Property(int, "Seconds between two questions.", required=True, updatable=True, minimum=0)
    timeout = Property(int, "Seconds to wait for an answer.", required=True, updatable=True, minimum=0)
    max_retries = Property(
        int, "Right answers until a member counts as well.", required=True, updatable=True, minimum=1, maximum=10
    )
    http_method = Property(
        str,
        "Method of the request.",
        updatable=True,
        allowed=("GET", "HEAD", "POST", "PUT", "DELETE", "TRACE", "OPTIONS", "CONNECT", "PATCH"),
    )
    url_path = Property(str, "Path of the request.", updatable=True)
    expected_codes = Property(str, "Statuses of right answers.", updatable=True)
    admin_state_up = Property(bool, "Whether it asks.", default=True, updatable=True)
    tenant_id = Property(str, "Project that owns it.", wire="project_id")

    attributes = {
        "pools": Attribute(list, "Its pools."),
    }

    checks = tuple(
        rules.forbidden_when(name, type=("PING", "TCP", "UDP-CONNECT"))
        for name in ("http_method", "url_path", "expected_codes")
    )

    async def locate(self, call: Call) -> str | None:
        """The one of the pool."""
        pool = call.properties["pool"]
        listed = await self.listed(call, {"pool_id": pool})
        return next((str(one["id"]) for one in listed if one["pools"] == [{"id": pool}]), None)
