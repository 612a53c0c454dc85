"""What the VPN types share: algorithms, life times, and where the service keeps them.

Spec: https://docs.openstack.org/api-ref/network/v2/#vpnaas-2-0-vpn-vpnservices-ikepolicies-ipsecpolicies-endpoint-groups-ipsec-site-connections
"""

from hearth.resources.neutron import network_resource
from hearth.resources.remote import Readiness, Remote
from hearth.resources.schema import Attribute, Property

AUTH = ("sha1", "sha256", "sha384", "sha512", "aes-xcbc", "aes-cmac")
ENCRYPTION = (
    "3des",
    *(f"aes-{size}" for size in (128, 192, 256)),
    *(f"aes-{size}-{mode}-{tag}" for mode in ("ccm", "gcm") for tag in (8, 12, 16) for size in (128, 192, 256)),
    *(f"aes-{size}-ctr" for size in (128, 192, 256)),
)
PFS = ("group2", "group5", *(f"group{number}" for number in range(14, 32)))


def collection(envelope: str, plural: str, path: str = "", readiness: Readiness | None = None) -> Remote:
    """A collection of the VPN extension."""
    return network_resource.collection(envelope, path=f"vpn/{path or plural}", plural=plural, readiness=readiness)


def lifetime(*, updatable: bool) -> Property:
    """The property; each use has its own declaration."""
    return Property(
        dict,
        "How long keys are used.",
        updatable=updatable,
        fields={
            "units": Property(str, "What it is counted in.", default="seconds", allowed=("seconds", "kilobytes")),
            "value": Property(int, "How many of them.", default=3600),
        },
    )


def texts(*names: str) -> dict[str, Attribute]:
    """Attributes of texts that are called as the service calls them."""
    return {name: Attribute(str, f"The {name.replace('_', ' ')} of the object.") for name in names}
