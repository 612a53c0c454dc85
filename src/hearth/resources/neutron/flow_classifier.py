"""OS::Neutron::FlowClassifier: which traffic a chain of service functions is for.

Spec: https://docs.openstack.org/networking-sfc/latest/contributor/api.html#flow-classifier
"""

from hearth.resources import base, rules
from hearth.resources.neutron import network_resource, protocols
from hearth.resources.schema import PHYSICAL_NAME, Property


@base.resource("OS::Neutron::FlowClassifier", support=(("UNSUPPORTED", "8.0.0"),))
class FlowClassifier(network_resource.NetworkResource):
    """Which traffic goes through a chain of ports.

    Traffic must have all that is given.
    """

    remote = network_resource.collection("flow_classifier", path="sfc/flow_classifiers")

    name = Property(str, "Name of the classifier.", default=PHYSICAL_NAME, updatable=True)
    description = Property(str, "Description of the classifier.", updatable=True, cleared="")
    protocol = Property(str, "IP protocol.", allowed=("tcp", "udp", "icmp"))
    ethertype = Property(str, "IP version.", default="IPv4", allowed=protocols.ETHERTYPES)
    source_ip_prefix = Property(str, "Network it comes from.", constraint="net_cidr")
    destination_ip_prefix = Property(str, "Network it goes to.", constraint="net_cidr")
    source_port_range_min = Property(int, "First port it comes from.", minimum=1, maximum=protocols.LARGEST_PORT)
    source_port_range_max = Property(int, "Last port it comes from.", minimum=1, maximum=protocols.LARGEST_PORT)
    destination_port_range_min = Property(int, "First port it goes to.", minimum=1, maximum=protocols.LARGEST_PORT)
    destination_port_range_max = Property(int, "Last port it goes to.", minimum=1, maximum=protocols.LARGEST_PORT)
    logical_source_port = Property(str, "Network port it comes from.", refers="neutron.port")
    logical_destination_port = Property(str, "Network port it goes to.", refers="neutron.port")
    l7_parameters = Property(dict, "What is inside of it.", support=(("UNSUPPORTED", None),))

    checks = (
        rules.together("source_port_range_min", "protocol"),
        rules.together("destination_port_range_min", "protocol"),
    )
