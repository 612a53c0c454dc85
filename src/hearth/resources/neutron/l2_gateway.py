"""OS::Neutron::L2Gateway: switches that join networks of the cloud with others at layer 2.

Spec: https://docs.openstack.org/networking-l2gw/latest/
"""

from hearth.resources import base, blockers
from hearth.resources.neutron import network_resource
from hearth.resources.schema import Property


@base.resource("OS::Neutron::L2Gateway", since="12.0.0")
class L2Gateway(network_resource.NetworkResource):
    """A gateway between networks of the cloud and networks of switches.

    Connections say which network it joins.
    """

    extension = "l2-gateway"
    remote = network_resource.collection("l2_gateway", marker="")
    used_by = (
        blockers.listed(
            "L2 gateway connection",
            "/v2.0/l2-gateway-connections",
            "l2_gateway_connections",
            command="l2gw connection",
            l2_gateway_id="{id}",
        ),
    )

    name = Property(str, "Name of the gateway.", required=True, updatable=True)
    devices = Property(
        list,
        "Its switches.",
        required=True,
        updatable=True,
        items=Property(
            dict,
            fields={
                "device_name": Property(str, "Name of the switch.", required=True),
                "interfaces": Property(
                    list,
                    "Its interfaces.",
                    required=True,
                    items=Property(
                        dict,
                        fields={
                            "name": Property(str, "Name of the interface.", required=True),
                            "segmentation_id": Property(list, "Numbers of VLANs on it."),
                        },
                    ),
                ),
            },
        ),
    )
