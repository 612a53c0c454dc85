"""OS::Octavia::AvailabilityZone and its profile: where load balancers can be. Admin only.

Spec: https://docs.openstack.org/api-ref/load-balancer/v2/#availability-zones
"""

from hearth.resources import base
from hearth.resources.contract import Call, Change, Decision, Verdict
from hearth.resources.octavia import balancing
from hearth.resources.remote import RemoteResource
from hearth.resources.schema import ABSENT, PHYSICAL_NAME, Attribute, Property


@base.resource("OS::Octavia::AvailabilityZoneProfile", since="24.0.0")
class AvailabilityZoneProfile(RemoteResource):
    """What an availability zone of load balancers means to a provider."""

    remote = balancing.collection("availability_zone_profile", path="availabilityzoneprofiles", waits=False)

    name = Property(str, "Name of the profile.", updatable=True, default=PHYSICAL_NAME)
    provider_name = Property(str, "The provider.", updatable=True, cleared=ABSENT)
    availability_zone_data = Property(
        str, "What it is told, as JSON.", required=True, updatable=True, constraint="json_string"
    )


@base.resource("OS::Octavia::AvailabilityZone", since="24.0.0")
class AvailabilityZone(RemoteResource):
    """An availability zone of load balancers.

    Its name is its id.
    """

    remote = balancing.collection("availability_zone", path="availabilityzones", waits=False, identity="name")

    name = Property(str, "Name of the zone.", updatable=True, default=PHYSICAL_NAME)
    description = Property(str, "Description of the zone.", default="", updatable=True)
    enabled = Property(bool, "Whether it can be chosen.", default=True, updatable=True)
    availability_zone_profile = Property(
        str,
        "What it stands for.",
        required=True,
        refers="octavia.availabilityzoneprofile",
        wire="availability_zone_profile_id",
    )

    attributes = {
        "availability_zone_profile_id": Attribute(str, "What it stands for."),
    }

    def decide(self, change: Change, call: Call) -> Decision:
        """The service cannot rename one, so another is made."""
        decision = super().decide(change, call)
        if decision.verdict is Verdict.UPDATE and "name" in change.properties:
            return Decision(Verdict.REPLACE, decision.reason, ("name",))
        return decision
