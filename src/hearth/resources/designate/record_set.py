"""OS::Designate::RecordSet: the records of one name and type.

Spec: https://docs.openstack.org/api-ref/dns/#recordsets
"""

from typing import Any

from hearth.resources import base, live, only_one
from hearth.resources.contract import Call, Observed
from hearth.resources.designate import naming
from hearth.resources.remote import Remote
from hearth.resources.schema import PHYSICAL_NAME, Property

#: Under which key a call keeps the name of its zone.
_ZONE = "zone_name"


def _given_name(call: Call, observed: Observed) -> Any:
    """The name without that of the zone, if it was given so."""
    given = str(call.properties.get("name") or live.own_name(call))
    shown = str(observed["name"])
    return given if naming.is_same(given, shown, str(observed.get("zone_name"))) else shown


@base.resource("OS::Designate::RecordSet", since="8.0.0")
class RecordSet(only_one.OnlyOne):
    """The records of one name and type in a DNS zone.

    A zone has one for each name and type. A name that does not end with a dot is one of the zone.
    """

    remote = Remote(
        service=naming.SERVICE,
        path="/v2/zones/{zone}/recordsets",
        envelope="",
        plural="recordsets",
        marker="description",
        readiness=naming.READINESS,
    )
    place, noun, also = "name", "record set", ("zone", "type")

    zone = Property(
        str,
        "The zone.",
        required=True,
        refers="designate.zone",
        wire=None,
        live=lambda call, observed: observed["zone_id"],
    )
    name = Property(str, "The name.", length=(None, 255), default=PHYSICAL_NAME, live=_given_name)
    type = Property(
        str,
        "What kind of records.",
        required=True,
        allowed=("A", "AAAA", "CNAME", "MX", "SRV", "TXT", "SPF", "NS", "PTR", "SSHFP", "SOA", "CAA", "CERT", "NAPTR"),
    )
    records = Property(list, "The records.", required=True, updatable=True)
    ttl = Property(int, "Seconds that they may be kept.", updatable=True, minimum=1, maximum=2147483647)
    description = Property(str, "Description of the records.", updatable=True, length=(None, 160))

    def body(self, call: Call) -> dict[str, Any]:
        """With the name in full; `create` has looked up that of the zone."""
        body = super().body(call)
        if not body["name"].endswith("."):
            body["name"] = f"{body['name']}.{call.data[_ZONE]}"
        return body

    async def create(self, call: Call) -> str | None:
        """With the name in full."""
        await self._find_zone(call)
        return await super().create(call)

    async def locate(self, call: Call) -> str | None:
        """The one of the name and type."""
        await self._find_zone(call)
        body = self.body(call)
        listed = await self.listed(call, {"name": body["name"], "type": body["type"]})
        return next(
            (str(one["id"]) for one in listed if one["description"] == self.mark(body, call)["description"]), None
        )

    async def _find_zone(self, call: Call) -> None:
        if _ZONE not in call.data:
            path = f"/v2/zones/{call.properties['zone']}"
            call.data[_ZONE] = (await self.request(call, "GET", path, creating=True)).body["name"]

    def goes(self, observed: Observed) -> bool:
        """See `OnlyOne.goes`."""
        return observed.get("action") == "DELETE"
