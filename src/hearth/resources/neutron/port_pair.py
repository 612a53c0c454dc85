"""OS::Neutron::PortPair: the two ports of a service function.

Spec: https://docs.openstack.org/networking-sfc/latest/contributor/api.html#port-pair
"""

from hearth.resources import base, live
from hearth.resources.neutron import network_resource
from hearth.resources.schema import PHYSICAL_NAME, Property


@base.resource("OS::Neutron::PortPair", support=(("UNSUPPORTED", "7.0.0"),))
class PortPair(network_resource.NetworkResource):
    """The two ports of a function that traffic is led through.

    Traffic goes in by one and comes out by the other; they may be the same.
    """

    remote = network_resource.collection("port_pair", path="sfc/port_pairs")

    name = Property(str, "Name of the pair.", default=PHYSICAL_NAME, updatable=True)
    description = Property(str, "Description of the pair.", updatable=True, cleared="")
    ingress = Property(str, "Port that traffic goes in by.", required=True, refers="neutron.port")
    egress = Property(str, "Port that traffic comes out by.", required=True, refers="neutron.port")
    service_function_parameters = Property(
        dict,
        "What the service function can do.",
        default={"correlation": None},
        live=live.parts("service_function_parameters"),
    )
