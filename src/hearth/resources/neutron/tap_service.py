"""OS::Neutron::TaaS::TapService: the port that mirrored traffic comes out of.

Spec: https://docs.openstack.org/api-ref/network/v2/#tap-as-a-service
"""

from hearth.resources import base, blockers
from hearth.resources.neutron import network_resource
from hearth.resources.schema import Property


@base.resource("OS::Neutron::TaaS::TapService", since="12.0.0")
class TapService(network_resource.NetworkResource):
    """A port that mirrored traffic goes to.

    Flows say whose traffic is mirrored.
    """

    extension = "taas"
    remote = network_resource.collection(
        "tap_service", path="taas/tap_services", marker="", readiness=network_resource.ON_EVERY
    )
    used_by = (blockers.listed("tap flow", "/v2.0/taas/tap_flows", "tap_flows", tap_service_id="{id}"),)

    name = Property(str, "Name of the service.", default="", updatable=True)
    description = Property(str, "Description of the service.", default="", updatable=True)
    port = Property(str, "Port that traffic comes out of.", required=True, refers="neutron.port", wire="port_id")
