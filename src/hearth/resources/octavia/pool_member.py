"""OS::Octavia::PoolMember: one server of a pool.

Spec: https://docs.openstack.org/api-ref/load-balancer/v2/#members
"""

from hearth.resources import base, only_one
from hearth.resources.contract import Call
from hearth.resources.octavia import balancing
from hearth.resources.schema import Property


@base.resource("OS::Octavia::PoolMember", since="10.0.0")
class PoolMember(balancing.Balanced, only_one.OnlyOne):
    """A server of a pool.

    A pool has one for each address and port.
    """

    remote = balancing.collection("member", path="pools/{pool}/members")
    place, noun, also = "address", "member", ("pool", "protocol_port")

    pool = Property(
        str,
        "The pool.",
        required=True,
        refers="octavia.pool",
        wire=None,
        live=lambda call, observed: call.properties["pool"],
    )
    address = Property(str, "Its address.", required=True, constraint="ip_addr")
    protocol_port = Property(int, "Its port.", required=True, minimum=1, maximum=65535)
    subnet = Property(str, "Subnet from which it is reached.", refers="neutron.subnet", wire="subnet_id")
    weight = Property(
        int, "Its share of the work; 0 takes nothing new.", default=1, updatable=True, minimum=0, maximum=256, cleared=1
    )
    monitor_address = Property(str, "Address that is asked for its health.", constraint="ip_addr")
    monitor_port = Property(int, "Port that is asked for its health.", minimum=1, maximum=65535)
    tags = Property(list, "Words to find it by.", updatable=True, since="13.0.0", cleared=[])
    admin_state_up = Property(bool, "Whether it takes work.", default=True, updatable=True)

    async def locate(self, call: Call) -> str | None:
        """The one with the address and port."""
        wanted = {"address": call.properties["address"], "protocol_port": call.properties["protocol_port"]}
        return next((str(one["id"]) for one in await self.listed(call, wanted)), None)
