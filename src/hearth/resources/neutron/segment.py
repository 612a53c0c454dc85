"""OS::Neutron::Segment: a layer-2 segment of a network.

Spec: https://docs.openstack.org/api-ref/network/v2/#segments
"""

from hearth.resources import base, blockers, rules
from hearth.resources.neutron import network_resource
from hearth.resources.schema import PHYSICAL_NAME, Property

_TYPES = ("local", "vlan", "vxlan", "gre", "geneve", "flat")


@base.resource("OS::Neutron::Segment", since="9.0.0")
class Segment(network_resource.NetworkResource):
    """A layer-2 segment of a network.

    Admin only by default. The last segment of a network goes with the network only.
    """

    extension = "segment"
    remote = network_resource.collection("segment")
    used_by = (blockers.listed("subnet", "/v2.0/subnets", "subnets", segment_id="{id}"),)

    name = Property(str, "Name of the segment.", default=PHYSICAL_NAME, updatable=True)
    description = Property(str, "Description of the segment.", updatable=True, cleared="")
    network = Property(str, "Network it belongs to.", required=True, refers="neutron.network", wire="network_id")
    network_type = Property(str, "What it is made of.", required=True, allowed=_TYPES)
    physical_network = Property(str, "Physical network it is on.")
    segmentation_id = Property(int, "Number of the VLAN or tunnel.", minimum=1)

    checks = (
        rules.required_when("physical_network", network_type=("flat", "vlan")),
        rules.forbidden_when("physical_network", network_type=("vxlan", "gre", "geneve", "local")),
        rules.forbidden_when("segmentation_id", network_type=("flat", "local")),
        rules.required_when("segmentation_id", network_type=("vlan",)),
    )
