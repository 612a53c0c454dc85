"""OS::Neutron::IPsecSiteConnection: a VPN connection to another site.

Spec: https://docs.openstack.org/api-ref/network/v2/#create-ipsec-connection
"""

from hearth.resources import base
from hearth.resources.neutron import network_resource, vpn
from hearth.resources.remote import Readiness
from hearth.resources.schema import PHYSICAL_NAME, Attribute, Property

_ON_DEAD = ("clear", "disabled", "hold", "restart", "restart-by-peer")


@base.resource("OS::Neutron::IPsecSiteConnection")
class IPsecSiteConnection(network_resource.NetworkResource):
    """A VPN connection with another site.

    Is down until the other side answers, which is not waited for.
    """

    extension = "vpnaas"
    remote = vpn.collection(
        "ipsec_site_connection",
        "ipsec_site_connections",
        path="ipsec-site-connections",
        readiness=Readiness(ready=("ACTIVE", "DOWN")),
    )

    name = Property(str, "Name of the connection.", default=PHYSICAL_NAME, updatable=True)
    description = Property(str, "Description of the connection.", updatable=True, cleared="")
    admin_state_up = Property(bool, "Whether it carries traffic.", default=True, updatable=True)
    peer_address = Property(str, "Address or name of the other gateway.", required=True)
    peer_id = Property(str, "How the other gateway is known.", required=True)
    peer_cidrs = Property(
        list, "Networks behind the other gateway.", required=True, items=Property(str, constraint="net_cidr")
    )
    mtu = Property(int, "Largest packet, in bytes.", default=1500)
    dpd = Property(
        dict,
        "How it is noticed that the other side is dead.",
        fields={
            "actions": Property(str, "What is done then.", default="hold", allowed=_ON_DEAD, wire="action"),
            "interval": Property(int, "Seconds between two looks.", default=30),
            "timeout": Property(int, "Seconds without an answer.", default=120),
        },
    )
    psk = Property(str, "Secret that both sides know.", required=True, secret=True)
    initiator = Property(str, "Who begins.", default="bi-directional", allowed=("bi-directional", "response-only"))
    ikepolicy_id = Property(str, "IKE policy it keeps to.", required=True)
    ipsecpolicy_id = Property(str, "IPsec policy it keeps to.", required=True)
    vpnservice_id = Property(str, "VPN service it leads to.", required=True)

    attributes = {
        **vpn.texts(
            "admin_state_up",
            "auth_mode",
            "description",
            "ikepolicy_id",
            "initiator",
            "ipsecpolicy_id",
            "mtu",
            "name",
            "peer_address",
            "peer_id",
            "psk",
            "route_mode",
            "status",
            "tenant_id",
            "vpnservice_id",
        ),
        "dpd": Attribute(dict, "How it is noticed that the other side is dead."),
        "peer_cidrs": Attribute(list, "Networks behind the other gateway."),
    }
