"""OS::Neutron::MeteringLabel and MeteringRule: traffic that is counted under a label.

Spec: https://docs.openstack.org/api-ref/network/v2/#metering-labels-and-rules-metering-labels-metering-label-rules
"""

from hearth.resources import base
from hearth.resources.neutron import network_resource
from hearth.resources.schema import PHYSICAL_NAME, Attribute, Property


@base.resource("OS::Neutron::MeteringLabel", since="2014.1")
class MeteringLabel(network_resource.NetworkResource):
    """A counter of traffic.

    Admin only by default. Its rules say which traffic counts.
    """

    remote = network_resource.collection("metering_label", path="metering/metering-labels")

    name = Property(str, "Name of the label.", default=PHYSICAL_NAME)
    description = Property(str, "Description of the label.")
    shared = Property(bool, "Whether it counts for all projects.", default=False, since="2015.1")

    attributes = {
        "name": Attribute(str, "Name of the label."),
        "description": Attribute(str, "Description of the label."),
        "shared": Attribute(str, "Whether it counts for all projects."),
    }


@base.resource("OS::Neutron::MeteringRule", since="2014.1")
class MeteringRule(network_resource.NetworkResource):
    """Which addresses' traffic a label counts.

    Admin only by default. Rules of one label and direction do not overlap.
    """

    remote = network_resource.collection("metering_label_rule", path="metering/metering-label-rules", marker="")

    metering_label_id = Property(str, "Label the traffic counts under.", required=True)
    remote_ip_prefix = Property(str, "Network of the other side.", required=True)
    direction = Property(str, "Which way.", default="ingress", allowed=("ingress", "egress"))
    excluded = Property(bool, "Whether this traffic does not count.", default=False)

    attributes = {
        "direction": Attribute(str, "Which way."),
        "excluded": Attribute(str, "Whether this traffic does not count."),
        "metering_label_id": Attribute(str, "Label the traffic counts under."),
        "remote_ip_prefix": Attribute(str, "Network of the other side."),
    }
