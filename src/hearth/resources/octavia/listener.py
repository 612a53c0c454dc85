"""OS::Octavia::Listener: a port on which a load balancer takes connections.

Spec: https://docs.openstack.org/api-ref/load-balancer/v2/#listeners
"""

from hearth.resources import base, only_one, rules
from hearth.resources.octavia import balancing
from hearth.resources.schema import PHYSICAL_NAME, Attribute, Property


@base.resource("OS::Octavia::Listener", since="10.0.0")
class Listener(balancing.Balanced, only_one.OnlyOne):
    """A port at which a load balancer takes requests.

    A load balancer has one for each port.
    """

    remote = balancing.collection("listener", marker="description")
    place, noun, also = "protocol_port", "listener", ("loadbalancer",)

    name = Property(str, "Name of the listener.", updatable=True, default=PHYSICAL_NAME)
    description = Property(str, "Description of the listener.", default="", updatable=True)
    loadbalancer = Property(
        str,
        "The load balancer.",
        required=True,
        refers="octavia.loadbalancer",
        wire="loadbalancer_id",
        live=balancing.first("loadbalancers"),
    )
    protocol = Property(
        str, "What is spoken.", required=True, allowed=("TCP", "HTTP", "HTTPS", "TERMINATED_HTTPS", "PROXY", "UDP")
    )
    protocol_port = Property(int, "The port.", required=True, minimum=1, maximum=65535)
    default_pool = Property(
        str,
        "Pool of all that no policy sends elsewhere.",
        updatable=True,
        refers="octavia.pool",
        wire="default_pool_id",
    )
    connection_limit = Property(
        int, "Most connections at a time; -1: no limit.", default=-1, updatable=True, minimum=-1, cleared=-1
    )
    allowed_cidrs = Property(
        list,
        "Networks that may connect; all if none is given.",
        updatable=True,
        since="14.0.0",
        items=Property(str, constraint="net_cidr"),
    )
    default_tls_container_ref = Property(str, "Reference of the certificate.", updatable=True)
    sni_container_refs = Property(list, "References of certificates chosen by host name.", updatable=True)
    admin_state_up = Property(bool, "Whether it takes connections.", default=True, updatable=True)
    tenant_id = Property(str, "Project that owns it.", wire="project_id")

    attributes = {
        "default_pool_id": Attribute(str, "Pool of all that no policy sends elsewhere."),
        "loadbalancers": Attribute(list, "Its load balancers."),
    }

    checks = (rules.required_when("default_tls_container_ref", protocol=("TERMINATED_HTTPS",)),)
