"""OS::Cinder::QoSSpecs: how fast the volumes of some types are.

Spec: https://docs.openstack.org/api-ref/block-storage/v3/#quality-of-service-qos-specs-qos-specs
"""

from typing import Any

from hearth.resources import base, blockers
from hearth.resources.contract import Call, Change, Observed
from hearth.resources.remote import Remote, RemoteResource, texts
from hearth.resources.schema import PHYSICAL_NAME, Property

_CONSUMER = "consumer"


def _specs(call: Call, observed: Observed) -> Any:
    """The specs; who keeps to them stands beside them, and counts where it is given."""
    given, shown = call.properties.get("specs") or {}, observed.get("specs") or {}
    there = {**shown, _CONSUMER: observed.get(_CONSUMER)} if _CONSUMER in given else dict(shown)
    return given if there == texts(given) else there


@base.resource("OS::Cinder::QoSSpecs", since="7.0.0")
class QoSSpecs(RemoteResource):
    """Quality of service that volume types can have.

    Admin only by default.
    """

    remote = Remote(service="volume", path="/qos-specs", envelope="qos_specs", plural="qos_specs")
    used_by = (blockers.QOS_TYPES,)

    name = Property(str, "Name of the specs.", default=PHYSICAL_NAME)
    specs = Property(
        dict,
        "Keys that the back end or the hypervisor understands, and `consumer`, which says whose they are.",
        required=True,
        updatable=True,
        wire=None,
        live=_specs,
    )

    def body(self, call: Call) -> dict[str, Any]:
        """All in one map."""
        return {**texts(call.properties["specs"]), **super().body(call)}

    async def locate(self, call: Call) -> str | None:
        """The specs of that name and content; names are used once."""
        body = self.body(call)
        for one in await self.listed(call, {}):
            if {_CONSUMER: one[_CONSUMER], **one["specs"], "name": one["name"]} == {_CONSUMER: "back-end", **body}:
                return str(one["id"])
        return None

    async def update(self, call: Call, change: Change) -> str | None:
        """Remove keys that are not wanted any more, set all others."""
        wanted, before = texts(call.properties["specs"]), (call.previous or {}).get("specs") or {}
        there = (await self.observe(call) or {}).get("specs") or {}
        gone = sorted(key for key in before.keys() - wanted.keys() if key in there)
        if gone:
            await self.request(call, "PUT", f"{self.path(call)}/delete_keys", {"keys": gone})
        await self.request(call, "PUT", self.path(call), {"qos_specs": {_CONSUMER: "back-end", **wanted}})
        return None
