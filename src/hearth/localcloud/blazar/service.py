"""Reservations at /reservation: leases and the hosts that can be leased. Nothing is kept free for them.

Spec: https://docs.openstack.org/api-ref/reservation/v1/
"""

import datetime
from collections.abc import Sequence
from typing import Any

from hearth.localcloud.core import errors, ids, service, staged, state
from hearth.localcloud.core.staged import Field, read_only
from hearth.localcloud.keystone import delegation

_FORM = "%Y-%m-%d %H:%M"
_KINDS = ("virtual:instance", "physical:host", "virtual:floatingip", "flavor:instance")


class Kept(staged.Staged):
    """What leases and hosts share: bare requests, enveloped answers."""

    def given(self, call: service.Call) -> state.Document:
        if not isinstance(call.body, dict):
            raise self.refuse("The request body must be an object.")
        return call.body

    def not_found(self, id: str) -> errors.ApiError:
        return errors.ApiError(404, f"Object with {{'{self.singular}_id': '{id}'}} not found")

    def now(self) -> str:
        return self.cloud.clock.iso().replace("T", " ").removesuffix("Z")


class Leases(Kept):
    """Leases."""

    singular, plural, path = "lease", "leases", "/v1/leases"
    creation = ("CREATING", "PENDING")
    broken = "ERROR"
    index = ("project_id",)
    fields = (
        Field("name", required=True),
        Field("start_date", required=True),
        Field("end_date", required=True),
        Field("before_end_date", nullable=True),
        Field("reservations", list, required=True),
        Field("events", list, default=[]),
        read_only("degraded", bool, default=False),
        read_only("trust_id"),
    )

    def complete(self, call: service.Call, document: state.Document) -> None:
        if self.table.select(name=document["name"], project_id=document["project_id"]):
            raise errors.ApiError(409, f"Lease with name: {document['name']} already exists")
        start, end = (self._moment(document[name]) for name in ("start_date", "end_date"))
        if end <= start:
            raise self.refuse("End date must be later than start date.")
        delegation.require(call, 500)
        document |= {"user_id": call.identity.user_id, "trust_id": ids.new_hex()}
        document |= {"start_date": f"{start:%Y-%m-%dT%H:%M:%S}.000000", "end_date": f"{end:%Y-%m-%dT%H:%M:%S}.000000"}
        reservations = []
        for one in document["reservations"]:
            if not isinstance(one, dict) or one.get("resource_type") not in _KINDS:
                raise self.refuse("Resource type of a reservation is not supported.")
            made = {"id": ids.new_id(), "lease_id": document["id"], "status": "pending", "missing_resources": False}
            reservations.append({**one, **made, "name": document["name"]})
        document["reservations"] = reservations

    def _moment(self, text: str) -> datetime.datetime:
        try:
            return datetime.datetime.strptime(text, _FORM).replace(tzinfo=datetime.UTC)
        except ValueError:
            raise self.refuse(f"Provided date {text!r} has no form YYYY-MM-DD HH:MM.") from None


class Hosts(Kept):
    """Hosts that can be leased."""

    singular, plural, path = "host", "hosts", "/v1/os-hosts"
    admin_writes = shared = True
    index = ()
    fields = (Field("name", required=True),)

    def checked(self, call: service.Call, given: Any, *, creating: bool) -> state.Document:
        """All but the name are capabilities of the host."""
        capabilities = {name: value for name, value in given.items() if name != "name"}
        named = {name: value for name, value in given.items() if name == "name"}
        return {**super().checked(call, named, creating=creating), "_capabilities": capabilities}

    def change(self, call: service.Call, document: state.Document, changes: state.Document) -> None:
        if "name" in changes:
            raise self.refuse("The name of a host cannot be changed.")
        changes["_capabilities"] = {**document["_capabilities"], **changes["_capabilities"]}

    def complete(self, call: service.Call, document: state.Document) -> None:
        if self.table.select(hypervisor_hostname=document["name"]):
            raise errors.ApiError(409, f"Host {document['name']} already exists.")
        document |= {"hypervisor_hostname": document.pop("name"), "service_name": "embedded", "reservable": True}
        document |= {"vcpus": 4, "memory_mb": 8192, "local_gb": 100, "status": None, "trust_id": ids.new_hex()}
        document |= {"hypervisor_type": "QEMU", "hypervisor_version": 8002000, "cpu_info": "{}"}

    def view(self, call: service.Call, document: state.Document) -> state.Document:
        return {**super().view(call, document), **document["_capabilities"]}


class Blazar(staged.StagedService):
    """API v1."""

    name = "blazar"
    service_type = "reservation"
    prefix = "/reservation"
    catalog_path = "/reservation/v1"
    version = "/v1"

    def build(self) -> Sequence[staged.Staged]:
        return (Leases(self), Hosts(self))

    def error_body(self, error: errors.ApiError, call: service.Call) -> Any:
        return {"error_code": error.status, "error_message": error.message, "error_name": error.title}
