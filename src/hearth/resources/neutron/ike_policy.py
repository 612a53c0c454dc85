"""OS::Neutron::IKEPolicy: how two VPN gateways agree on keys.

Spec: https://docs.openstack.org/api-ref/network/v2/#create-ike-policy
"""

from hearth.resources import base
from hearth.resources.neutron import network_resource, vpn
from hearth.resources.schema import PHYSICAL_NAME, Attribute, Property


@base.resource("OS::Neutron::IKEPolicy")
class IKEPolicy(network_resource.NetworkResource):
    """How the ends of a VPN connection agree upon keys.

    Is referred to by the connections that keep to it.
    """

    extension = "vpnaas"
    remote = vpn.collection("ikepolicy", "ikepolicies")

    name = Property(str, "Name of the policy.", default=PHYSICAL_NAME, updatable=True)
    description = Property(str, "Description of the policy.", updatable=True, cleared="")
    auth_algorithm = Property(str, "Hash of messages.", default="sha1", updatable=True, allowed=vpn.AUTH)
    encryption_algorithm = Property(str, "Cipher.", default="aes-128", updatable=True, allowed=vpn.ENCRYPTION)
    phase1_negotiation_mode = Property(str, "How a connection begins.", default="main", allowed=("main",))
    lifetime = vpn.lifetime(updatable=True)
    pfs = Property(str, "Group that keeps later keys secret.", default="group5", updatable=True, allowed=vpn.PFS)
    ike_version = Property(str, "Version of the protocol.", default="v1", updatable=True, allowed=("v1", "v2"))

    attributes = {
        **vpn.texts(
            "auth_algorithm",
            "description",
            "encryption_algorithm",
            "ike_version",
            "name",
            "pfs",
            "phase1_negotiation_mode",
            "tenant_id",
        ),
        "lifetime": Attribute(dict, "How long keys are used."),
    }
