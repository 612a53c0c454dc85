"""OS::Neutron::IPsecPolicy: how the packets of a VPN connection are protected.

Spec: https://docs.openstack.org/api-ref/network/v2/#create-ipsec-policy
"""

from hearth.resources import base
from hearth.resources.neutron import network_resource, vpn
from hearth.resources.schema import PHYSICAL_NAME, Attribute, Property


@base.resource("OS::Neutron::IPsecPolicy")
class IPsecPolicy(network_resource.NetworkResource):
    """How the traffic of a VPN connection is protected.

    Is referred to by the connections that keep to it.
    """

    extension = "vpnaas"
    remote = vpn.collection("ipsecpolicy", "ipsecpolicies")

    name = Property(str, "Name of the policy.", default=PHYSICAL_NAME, updatable=True)
    description = Property(str, "Description of the policy.", updatable=True, cleared="")
    transform_protocol = Property(str, "Protocol of packets.", default="esp", allowed=("esp", "ah", "ah-esp"))
    encapsulation_mode = Property(
        str, "What of a packet is protected.", default="tunnel", allowed=("tunnel", "transport")
    )
    auth_algorithm = Property(str, "Hash of packets.", default="sha1", allowed=vpn.AUTH)
    encryption_algorithm = Property(str, "Cipher.", default="aes-128", allowed=vpn.ENCRYPTION)
    lifetime = vpn.lifetime(updatable=False)
    pfs = Property(str, "Group that keeps later keys secret.", default="group5", allowed=vpn.PFS)

    attributes = {
        **vpn.texts(
            "auth_algorithm",
            "description",
            "encapsulation_mode",
            "encryption_algorithm",
            "name",
            "pfs",
            "tenant_id",
            "transform_protocol",
        ),
        "lifetime": Attribute(dict, "How long keys are used."),
    }
