"""OS::Cinder::QoSAssociation: volume types whose volumes keep to QoS specs.

Spec: https://docs.openstack.org/api-ref/block-storage/v3/#quality-of-service-qos-specs-qos-specs
"""

import json
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

from hearth.model.values import UNKNOWN
from hearth.resources import base
from hearth.resources.contract import GIVEN_UP, Call, Change, Gone, Observed, Values, Wait
from hearth.resources.remote import Remote, RemoteResource
from hearth.resources.schema import Property


def _associated(call: Call, observed: Observed) -> Any:
    """Those of the listed types that are there; others may be somebody else's."""
    there = observed.get("volume_types", ())
    return [one for one in call.properties["volume_types"] if one in there]


@base.resource("OS::Cinder::QoSAssociation", since="8.0.0")
class QoSAssociation(RemoteResource):
    """Binds volume types to a set of QoS specs.

    Admin only by default. The physical id is that of the specs. A type can keep to one set of specs.
    """

    remote = Remote(service="volume", path="/qos-specs", envelope="qos_specs")
    takes_turns = True

    qos_specs = Property(
        str,
        "The specs.",
        required=True,
        refers="cinder.qos_specs",
        wire=None,
        live=lambda call, observed: call.physical_id,
    )
    volume_types = Property(
        list,
        "The volume types.",
        required=True,
        updatable=True,
        wire=None,
        live=_associated,
        items=Property(str, refers="cinder.vtype"),
    )

    async def locate(self, call: Call) -> str | None:
        """What a lost request associated is associated again."""
        return None

    async def create(self, call: Call) -> str | None:
        """One request a type."""
        call.physical_id = str(call.properties["qos_specs"])
        await self._set(call, "associate", call.properties["volume_types"], creating=True)
        return call.physical_id

    async def update(self, call: Call, change: Change) -> str | None:
        """Disassociate those that are not wanted any more, associate the others."""
        wanted = call.properties["volume_types"]
        before = (call.previous or {}).get("volume_types") or ()
        await self._set(call, "disassociate", [one for one in before if one not in wanted])
        await self._set(call, "associate", wanted)
        return None

    async def delete(self, call: Call) -> None:
        """Disassociate them, without those that another association has taken over."""
        given_up = json.loads(call.data.get(GIVEN_UP, "[]"))
        await self._set(call, "disassociate", [one for one in call.properties["volume_types"] if one not in given_up])

    async def observe(self, call: Call) -> Observed | None:
        """All types that keep to the specs."""
        answer = await self.request(call, "GET", f"{self.path(call)}/associations")
        there = [one["id"] for one in answer.body["qos_associations"]]
        wanted = call.properties["volume_types"]
        if wanted and not any(one in there for one in wanted):
            raise Gone(f"QoS specs {call.physical_id} are associated with none of the volume types")
        return {"id": call.physical_id, "volume_types": there}

    def identity(self, physical_id: str | None, properties: Mapping[str, Any]) -> Hashable:
        """What is associated with what."""
        return physical_id, frozenset(properties.get("volume_types") or ())

    def collides(self, properties: Values, wanted: Values) -> str:
        """A type keeps to one set of specs."""
        types, others = properties.get("volume_types"), wanted.get("volume_types")
        if UNKNOWN in (types, others) or UNKNOWN in (others or ()):
            return "the volume types asked for, if it has them"
        both = [one for one in types or () if one in (others or ())]
        return f"the volume types {', '.join(both)}" if both else ""

    async def make_way(self, call: Call, wanted: Values) -> Wait | None:
        """Let the types go that the other one is to have."""
        if GIVEN_UP not in call.data:
            both = [one for one in call.properties["volume_types"] if one in wanted["volume_types"]]
            call.data[GIVEN_UP] = json.dumps(both)
            return Wait(0)
        await self._set(call, "disassociate", json.loads(call.data[GIVEN_UP]))
        return None

    async def take_back(self, call: Call) -> Wait | None:
        """Have them again."""
        await self._set(call, "associate", json.loads(call.data[GIVEN_UP]))
        return None

    async def _set(self, call: Call, verb: str, types: Iterable[str], *, creating: bool = False) -> None:
        """Both verbs may be repeated."""
        for one in types:
            path = f"{self.path(call)}/{verb}"
            await self.request(call, "GET", path, params={"vol_type_id": one}, creating=creating)
