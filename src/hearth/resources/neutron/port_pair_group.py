"""OS::Neutron::PortPairGroup: service functions of one kind, which share the load.

Spec: https://docs.openstack.org/networking-sfc/latest/contributor/api.html#port-pair-group
"""

from hearth.resources import base
from hearth.resources.neutron import network_resource
from hearth.resources.schema import PHYSICAL_NAME, Property


@base.resource("OS::Neutron::PortPairGroup", support=(("UNSUPPORTED", "8.0.0"),))
class PortPairGroup(network_resource.NetworkResource):
    """Port pairs that share the traffic at one step of a chain.

    A hop of a chain.
    """

    extension = "sfc"
    remote = network_resource.collection("port_pair_group", path="sfc/port_pair_groups")

    name = Property(str, "Name of the group.", default=PHYSICAL_NAME, updatable=True)
    description = Property(str, "Description of the group.", updatable=True, cleared="")
    port_pairs = Property(
        list, "Its port pairs.", required=True, updatable=True, items=Property(str, refers="neutron.port_pair")
    )
