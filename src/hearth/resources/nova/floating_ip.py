"""OS::Nova::FloatingIP and OS::Nova::FloatingIPAssociation: addresses from the time when Nova had networks.

The network service makes them now, so both work with every cloud.

Spec: https://docs.openstack.org/api-ref/network/v2/#floating-ips-floatingips
"""

from typing import Any

from hearth.resources import base
from hearth.resources.contract import Call, Observed
from hearth.resources.neutron import floating_addresses, network_resource
from hearth.resources.schema import DEPRECATED, HIDDEN, SUPPORTED, Attribute, Property

_OLD = ((HIDDEN, "11.0.0"), (DEPRECATED, "9.0.0"), (SUPPORTED, "2014.1"))
_NETWORK = "network"


@base.resource("OS::Nova::FloatingIP", support=_OLD)
class FloatingIP(network_resource.NetworkResource):
    """A floating address.

    An address of an external network, of the first there is if none is named.
    """

    remote = network_resource.collection("floatingip")
    named_before_create = True
    survives_failure = False

    pool = Property(str, "Name or id of the external network.", wire=None, live=None)

    attributes = {
        "pool": Attribute(str, "The external network, as the template names it."),
        "ip": Attribute(str, "The address.", source="floating_ip_address"),
    }

    def body(self, call: Call) -> dict[str, Any]:
        """Of the network that was found."""
        return {"floating_network_id": call.data[_NETWORK]}

    async def locate(self, call: Call) -> str | None:
        """By the mark."""
        listed = await self.listed(call, {"description": call.marker})
        return next((str(one["id"]) for one in listed if one.get("description") == call.marker), None)

    async def create(self, call: Call) -> str | None:
        """From the network that is named."""
        call.data[_NETWORK] = await floating_addresses.external_network(call, call.properties.get("pool", ""))
        return await super().create(call)

    async def attribute(self, call: Call, name: str, observed: Observed | None) -> Any:
        """Without a name, the network is told by its id."""
        if name == "pool":
            return call.properties.get("pool") or call.data.get(_NETWORK)
        return await super().attribute(call, name, observed)


@base.resource("OS::Nova::FloatingIPAssociation", support=_OLD)
class FloatingIPAssociation(floating_addresses.AddressAssociation):
    """Leads a floating address to a server.

    Leads the address to the server's first port.
    """

    server_id = Property(str, "The server.", required=True, updatable=True, refers="nova.server", wire=None, live=None)
    floating_ip = Property(str, "Id of the address.", required=True, updatable=True, wire=None, live="id")

    def reference(self, call: Call) -> Any:
        """The name made for it."""
        return call.physical_name

    async def address_of(self, call: Call) -> str:
        """As given."""
        return str(call.properties["floating_ip"])

    async def port_for(self, call: Call) -> str:
        """The server's."""
        return await floating_addresses.port_of_server(call, call.properties["server_id"])
