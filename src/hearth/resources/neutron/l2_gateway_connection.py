"""OS::Neutron::L2GatewayConnection: joins a network with a layer-2 gateway.

Spec: https://docs.openstack.org/networking-l2gw/latest/
"""

from hearth.resources import base
from hearth.resources.neutron import network_resource
from hearth.resources.schema import Property


@base.resource("OS::Neutron::L2GatewayConnection", since="12.0.0")
class L2GatewayConnection(network_resource.NetworkResource):
    """Joins a network to a layer-2 gateway.

    The number of the VLAN stands here or at the gateway's interfaces.
    """

    extension = "l2-gateway-connection"
    remote = network_resource.collection("l2_gateway_connection", marker="")

    l2_gateway_id = Property(str, "The gateway.", required=True)
    network_id = Property(str, "The network.", required=True, refers="neutron.network")
    segmentation_id = Property(str, "Number of the VLAN.")
