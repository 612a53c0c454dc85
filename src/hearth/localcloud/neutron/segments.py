"""Segments: what a network is made of underneath, and which VLAN and tunnel numbers are in use."""

import itertools
from typing import Any

from hearth.localcloud.core import ids, quota, service, state
from hearth.localcloud.neutron import checks, refusals, resource, tables
from hearth.localcloud.neutron.resource import Field

#: Network type -> largest packet that it carries, tunnel headers taken off.
MTU = {"local": 1500, "flat": 1500, "vlan": 1500, "vxlan": 1450, "gre": 1458, "geneve": 1442}
#: Network type -> numbers that the service gives out itself, and the largest that an administrator may give.
_NUMBERS = {
    "vlan": (range(1, 4001), 4094),
    "vxlan": (range(1, 20001), 16777215),
    "geneve": (range(20001, 30001), 16777215),
    "gre": (range(1, 20001), 4294967295),
}
#: What plain projects' networks are made of.
DEFAULT_TYPE = "vxlan"


class Segments(resource.Resource):
    """/v2.0/segments, for administrators."""

    singular, plural, path = "segment", "segments", "/v2.0/segments"
    missing_kind, noun = "SegmentNotFound", "Segment"
    taggable = False
    admin_writes = True
    index = ("network_id", "slot")
    hidden = frozenset({"slot", "project_id", "tenant_id"})
    fields = (
        Field("network_id", str, required=True, update=False, check=checks.uuid),
        Field("network_type", str, required=True, update=False),
        Field("physical_network", str, nullable=True, update=False),
        Field("segmentation_id", int, nullable=True, update=False),
        Field("name", str, default="", nullable=True, check=checks.text(255)),
        resource.DESCRIPTION,
    )

    def __init__(self, owner: service.Service, data: tables.Tables, quotas: quota.Quotas) -> None:
        super().__init__(owner, data, quotas)
        self._last: dict[tuple[str, str | None], int] = {}

    def visible(self, call: service.Call, document: state.Document) -> bool:
        """Administrators only."""
        return call.identity.is_admin

    def prepare(self, call: service.Call, document: state.Document) -> None:
        """Fill in the number and take its place."""
        if document["network_id"] not in self.data.networks:
            raise refusals.missing("NetworkNotFound", "Network", document["network_id"])
        document["segmentation_id"] = self.number(
            document["network_type"], document["physical_network"], document["segmentation_id"]
        )
        document["slot"] = _slot(document["network_type"], document["physical_network"], document["segmentation_id"])

    def check_delete(self, call: service.Call, document: state.Document) -> None:
        """A network keeps at least one segment, and those that subnets are on."""
        if any(each.get("segment_id") == document["id"] for each in self.data.subnets):
            raise refusals.conflict("SegmentInUse", f"Segment {document['id']} has subnets.")
        if len(self.data.segments.select(network_id=document["network_id"])) == 1:
            raise refusals.conflict("SegmentInUse", f"Segment {document['id']} is the last one of its network.")

    def number(self, kind: Any, physical: str | None, wanted: int | None) -> int | None:
        """The segmentation id to use. Raises ApiError for what does not fit or is taken."""
        if not isinstance(kind, str) or kind not in MTU:
            raise refusals.invalid(f"network_type {kind!r} is none of {', '.join(MTU)}.")
        if kind in ("flat", "vlan") and not physical:
            raise refusals.invalid(f"A {kind} network needs provider:physical_network.")
        if kind not in ("flat", "vlan") and physical:
            raise refusals.invalid(f"A {kind} network takes no provider:physical_network.")
        if kind not in _NUMBERS:
            if wanted is not None:
                raise refusals.invalid(f"A {kind} network takes no provider:segmentation_id.")
            if kind == "flat" and self._taken(kind, physical, None):
                raise refusals.conflict("FlatNetworkInUse", f"Physical network {physical} has a flat network already.")
            return None
        given_out, largest = _NUMBERS[kind]
        if wanted is not None:
            if not 1 <= wanted <= largest:
                raise refusals.invalid(f"segmentation_id {wanted} of a {kind} network is not from 1 to {largest}.")
            if self._taken(kind, physical, wanted):
                raise refusals.conflict(
                    "VlanIdInUse" if kind == "vlan" else "TunnelIdInUse",
                    f"Segmentation id {wanted} of {kind} networks is in use.",
                )
            return wanted
        # From behind the last one given out, so that many networks do not each go through all numbers in use.
        last = self._last.get((kind, physical), given_out.start - 1)
        order = itertools.chain(range(last + 1, given_out.stop), range(given_out.start, last + 1))
        found = next((number for number in order if not self._taken(kind, physical, number)), None)
        if found is None:
            raise refusals.conflict("NoNetworkAvailable", f"All {kind} numbers are in use.")
        self._last[kind, physical] = found
        return found

    def attach(self, network_id: str, kind: str, physical: str | None, wanted: int | None) -> None:
        """Store a segment of a network that is being created."""
        number = self.number(kind, physical, wanted)
        now = self.cloud.clock.iso()
        self.data.segments.insert(
            {
                "id": ids.new_id(),
                "network_id": network_id,
                "name": None,
                "description": None,
                "physical_network": physical,
                "network_type": kind,
                "segmentation_id": number,
                "slot": _slot(kind, physical, number),
                "created_at": now,
                "updated_at": now,
                "revision_number": 0,
            }
        )

    def _taken(self, kind: str, physical: str | None, number: int | None) -> bool:
        return bool(self.data.segments.select(slot=_slot(kind, physical, number)))


def provider(segment: state.Document) -> dict[str, Any]:
    """A segment as networks show it."""
    return {
        "provider:network_type": segment["network_type"],
        "provider:physical_network": segment["physical_network"],
        "provider:segmentation_id": segment["segmentation_id"],
    }


def _slot(kind: str, physical: str | None, number: int | None) -> str | None:
    if kind == "local":
        return None
    return f"{kind}/{physical or ''}/{'' if number is None else number}"
