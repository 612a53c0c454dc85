"""OS::Ironic::Port: a network card of a bare metal node.

Spec: https://docs.openstack.org/api-ref/baremetal/#ports-ports
"""

from typing import Final

from hearth.resources import base, patched
from hearth.resources.contract import Call
from hearth.resources.remote import Remote
from hearth.resources.schema import Attribute, Property

#: The first version with each property, the newest first.
_SINCE: Final = {
    "is_smartnic": "1.53",
    "physical_network": "1.34",
    "portgroup": "1.24",
    "local_link_connection": "1.19",
    "pxe_enabled": "1.19",
}


@base.resource("OS::Ironic::Port", since="13.0.0")
class Port(patched.Patched):
    """A network card of a bare metal node.

    Admin only. There is one for each address.
    """

    remote = Remote(service="baremetal", path="/v1/ports", envelope="", plural="ports", identity="uuid")

    node = Property(str, "The node.", required=True, updatable=True, refers="ironic.node", wire="node_uuid")
    address = Property(str, "Its MAC address.", required=True, updatable=True)
    portgroup = Property(
        str, "Port group that it is in.", updatable=True, refers="ironic.portgroup", wire="portgroup_uuid"
    )
    local_link_connection = Property(dict, "Port of the switch that it is connected to.", updatable=True, cleared={})
    pxe_enabled = Property(bool, "Whether the node boots from it.", updatable=True, cleared=True)
    physical_network = Property(str, "Physical network that it is on.", updatable=True)
    extra = Property(dict, "Further texts.", updatable=True, cleared={})
    is_smartnic = Property(bool, "Whether it is a smart card.", updatable=True, cleared=False)

    attributes = {
        "address": Attribute(str, "Its MAC address."),
        "extra": Attribute(dict, "Further texts."),
        "internal_info": Attribute(dict, "What the service notes of it."),
        "is_smartnic": Attribute(bool, "Whether it is a smart card."),
        "local_link_connection": Attribute(dict, "Port of the switch that it is connected to."),
        "node_uuid": Attribute(str, "The node."),
        "physical_network": Attribute(str, "Physical network that it is on."),
        "portgroup_uuid": Attribute(str, "Port group that it is in."),
        "pxe_enabled": Attribute(bool, "Whether the node boots from it."),
    }

    def microversion(self, call: Call) -> str | None:
        """The one in which all properties are shown, if the operator allows it; else what those given need."""
        newest = _SINCE["is_smartnic"]
        if call.cloud.may_ask_for(self.remote.service, newest):
            return newest
        return next((since for name, since in _SINCE.items() if name in call.properties), None)

    async def locate(self, call: Call) -> str | None:
        """The one of the address."""
        listed = await self.listed(call, {"address": call.properties["address"].lower(), "detail": "True"})
        node = call.properties["node"]
        return next((str(one["uuid"]) for one in listed if one.get("node_uuid") in (node, None)), None)
