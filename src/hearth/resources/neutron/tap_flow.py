"""OS::Neutron::TaaS::TapFlow: whose traffic a tap service mirrors.

Spec: https://docs.openstack.org/api-ref/network/v2/#tap-as-a-service
"""

from hearth.resources import base
from hearth.resources.neutron import network_resource
from hearth.resources.schema import Property


@base.resource("OS::Neutron::TaaS::TapFlow", since="12.0.0")
class TapFlow(network_resource.NetworkResource):
    """A port whose traffic a tap service mirrors.

    Mirrors one port.
    """

    extension = "taas"
    remote = network_resource.collection(
        "tap_flow", path="taas/tap_flows", marker="", readiness=network_resource.ON_EVERY
    )

    name = Property(str, "Name of the flow.", default="", updatable=True)
    description = Property(str, "Description of the flow.", default="", updatable=True)
    port = Property(str, "Port whose traffic it is.", required=True, refers="neutron.port", wire="source_port")
    tap_service = Property(
        str, "Service it goes to.", required=True, refers="neutron.taas.tap_service", wire="tap_service_id"
    )
    direction = Property(str, "Which way, seen from the port.", default="BOTH", allowed=("IN", "OUT", "BOTH"))
    vlan_filter = Property(str, "VLANs, as 1-5,9,18.", pattern="^([0-9]+(-[0-9]+)?)(,([0-9]+(-[0-9]+)?))*$")
