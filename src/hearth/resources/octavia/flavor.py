"""OS::Octavia::Flavor and FlavorProfile: what load balancers can be made like. Admin only.

Spec: https://docs.openstack.org/api-ref/load-balancer/v2/#flavors
"""

from hearth.resources import base
from hearth.resources.octavia import balancing
from hearth.resources.remote import RemoteResource
from hearth.resources.schema import ABSENT, PHYSICAL_NAME, Attribute, Property


@base.resource("OS::Octavia::FlavorProfile", since="14.0.0")
class FlavorProfile(RemoteResource):
    """What a flavor of load balancers means to a provider."""

    remote = balancing.collection("flavorprofile", waits=False)

    name = Property(str, "Name of the profile.", updatable=True, default=PHYSICAL_NAME)
    provider_name = Property(str, "The provider.", updatable=True, cleared=ABSENT)
    flavor_data = Property(str, "What it is told, as JSON.", required=True, updatable=True, constraint="json_string")


@base.resource("OS::Octavia::Flavor", since="14.0.0")
class Flavor(RemoteResource):
    """A flavor of load balancers.

    What users choose.
    """

    remote = balancing.collection("flavor", waits=False)

    name = Property(str, "Name of the flavor.", updatable=True, default=PHYSICAL_NAME)
    description = Property(str, "Description of the flavor.", default="", updatable=True)
    enabled = Property(bool, "Whether it can be chosen.", default=True, updatable=True)
    flavor_profile = Property(
        str, "What it stands for.", required=True, refers="octavia.flavorprofile", wire="flavor_profile_id"
    )

    attributes = {
        "flavor_profile_id": Attribute(str, "What it stands for."),
    }
