"""OS::Designate::Zone: a zone of the domain name system.

Spec: https://docs.openstack.org/api-ref/dns/#zones
"""

from hearth.resources import base, only_one, rules
from hearth.resources.contract import Observed
from hearth.resources.designate import naming
from hearth.resources.remote import Remote
from hearth.resources.schema import ABSENT, Attribute, Property


@base.resource("OS::Designate::Zone", since="8.0.0")
class Zone(only_one.OnlyOne):
    """A DNS zone.

    Kept by Designate itself (PRIMARY), or fetched from elsewhere (SECONDARY).
    """

    remote = Remote(
        service=naming.SERVICE,
        path="/v2/zones",
        envelope="",
        plural="zones",
        marker="description",
        update_method="PATCH",
        readiness=naming.READINESS,
    )
    place, noun = "name", "zone"

    name = Property(str, "Its name, which ends with a dot.", required=True, length=(None, 255))
    type = Property(str, "Who keeps it.", default="PRIMARY", allowed=("PRIMARY", "SECONDARY"))
    email = Property(str, "Who answers for it; of a primary zone.", updatable=True, cleared=ABSENT)
    ttl = Property(
        int,
        "Seconds that its records may be kept; of a primary zone.",
        updatable=True,
        minimum=1,
        maximum=2147483647,
        cleared=ABSENT,
    )
    description = Property(str, "Description of the zone.", updatable=True, length=(None, 160))
    scheduling = Property(dict, "What the scheduler of pools goes by.", name="attributes", since="24.0.0")
    primaries = Property(list, "Servers that a secondary zone is fetched from.", updatable=True, moved_to="masters")
    masters = Property(
        list,
        "Servers that a secondary zone is fetched from; older name of primaries.",
        updatable=True,
        support=(("DEPRECATED", "15.0.0"),),
        cleared=[],
    )

    attributes = {
        "serial": Attribute(str, "Number of its version."),
    }

    checks = (
        rules.required_when("email", type=("PRIMARY",)),
        rules.forbidden_when("masters", type=("PRIMARY",)),
        rules.required_when("masters", type=("SECONDARY",)),
        rules.forbidden_when("email", type=("SECONDARY",)),
        rules.forbidden_when("ttl", type=("SECONDARY",)),
    )

    def goes(self, observed: Observed) -> bool:
        """See `OnlyOne.goes`."""
        return observed.get("action") == "DELETE"
