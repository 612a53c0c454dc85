"""OS::Octavia::LoadBalancer: an address behind which servers share the work.

Spec: https://docs.openstack.org/api-ref/load-balancer/v2/#load-balancers
"""

from hearth.resources import base, only_one
from hearth.resources.octavia import balancing
from hearth.resources.schema import PHYSICAL_NAME, Attribute, Property


@base.resource("OS::Octavia::LoadBalancer", since="10.0.0")
class LoadBalancer(balancing.Balanced, only_one.OnlyOne):
    """A load balancer.

    Two cannot have the same address.
    """

    remote = balancing.collection("loadbalancer", marker="description")
    place, noun, also = "vip_address", "load balancer", ("vip_subnet",)

    name = Property(str, "Name of the load balancer.", updatable=True, default=PHYSICAL_NAME)
    description = Property(str, "Description of the load balancer.", default="", updatable=True)
    provider = Property(str, "Who makes it.")
    vip_address = Property(str, "Its address.", constraint="ip_addr")
    vip_subnet = Property(
        str, "Subnet that the address is from.", required=True, refers="neutron.subnet", wire="vip_subnet_id"
    )
    admin_state_up = Property(bool, "Whether it works.", default=True, updatable=True)
    tenant_id = Property(str, "Project that owns it.", constraint="keystone.project", wire="project_id")
    flavor = Property(str, "What it is made like.", refers="octavia.flavor", since="14.0.0", wire="flavor_id")
    availability_zone = Property(str, "Where it is.", constraint="octavia.availabilityzone", since="17.0.0")

    attributes = {
        "flavor_id": Attribute(str, "Flavor it was made of."),
        "pools": Attribute(list, "Its pools."),
        "vip_address": Attribute(str, "Its address."),
        "vip_port_id": Attribute(str, "Port that has the address."),
        "vip_subnet_id": Attribute(str, "Subnet that the address is from."),
    }
