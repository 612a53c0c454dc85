"""OS::Blazar::Lease: resources that are kept for somebody for a time.

Spec: https://docs.openstack.org/api-ref/reservation/v1/#leases
"""

import datetime
from collections.abc import Callable, Iterable
from typing import Any

from hearth.model.states import Action
from hearth.resources import base
from hearth.resources.contract import Call, Issue, Observed, Values
from hearth.resources.remote import Readiness, Remote, RemoteResource
from hearth.resources.schema import USED_ONCE, Attribute, Property

SERVICE = "reservation"
#: By kind of reservation, what must be stated of it.
_NEEDED = {
    "virtual:instance": ("vcpus", "memory_mb", "disk_gb", "amount", "affinity"),
    "physical:host": ("min", "max"),
}


def _moment(field: str) -> Callable[[Call, Observed], Any]:
    """Reads a time in the form that templates give."""

    def read(call: Call, observed: Observed) -> Any:
        shown = observed.get(field)
        return f"{datetime.datetime.fromisoformat(str(shown)):%Y-%m-%d %H:%M}" if shown else None

    return read


@base.resource("OS::Blazar::Lease", since="12.0.0")
class Lease(RemoteResource):
    """A reservation of hosts or servers for a time.

    Nothing of it can be changed.
    """

    remote = Remote(
        service=SERVICE,
        path="/v1/leases",
        envelope="lease",
        readiness=Readiness(ready=("PENDING", "ACTIVE", "TERMINATED"), on=frozenset({Action.CREATE, Action.DELETE})),
    )

    name = Property(str, "Name of the lease.", required=True)
    start_date = Property(
        str,
        "When it begins, in UTC, as 2030-01-31 12:00.",
        required=True,
        pattern="\\d{4}-\\d{2}-\\d{2}\\s\\d{2}:\\d{2}",
        live=_moment("start_date"),
    )
    end_date = Property(
        str,
        "When it ends, in UTC.",
        required=True,
        pattern="\\d{4}-\\d{2}-\\d{2}\\s\\d{2}:\\d{2}",
        live=_moment("end_date"),
    )
    before_end_date = Property(
        str, "When users are told that it ends.", pattern="\\d{4}-\\d{2}-\\d{2}\\s\\d{2}:\\d{2}", live=USED_ONCE
    )
    reservations = Property(
        list,
        "What is kept.",
        required=True,
        items=Property(
            dict,
            fields={
                "affinity": Property(bool, "Whether they are on one host.", default=False),
                "amount": Property(int, "How many servers.", minimum=0, maximum=2147483647),
                "before_end": Property(
                    str, "What is done before it ends.", default="default", allowed=("default", "snapshot")
                ),
                "disk_gb": Property(int, "Disk of each server in GiB.", minimum=0, maximum=2147483647),
                "hypervisor_properties": Property(str, "Which hosts, by what runs servers there."),
                "max": Property(int, "The most hosts.", minimum=1),
                "memory_mb": Property(int, "Memory of each server in MiB.", minimum=0, maximum=2147483647),
                "min": Property(int, "The fewest hosts.", minimum=1),
                "resource_properties": Property(str, "Which hosts, by their properties."),
                "resource_type": Property(
                    str, "Servers, or whole hosts.", required=True, allowed=("virtual:instance", "physical:host")
                ),
                "vcpus": Property(int, "Virtual CPUs of each server.", minimum=0, maximum=2147483647),
            },
        ),
    )
    events = Property(
        list,
        "Further events.",
        default=[],
        live=USED_ONCE,
        items=Property(
            dict,
            fields={
                "event_type": Property(str, "What kind of event.", required=True),
                "time": Property(str, "When it comes.", required=True),
            },
        ),
    )

    attributes = {
        "created_at": Attribute(str, "When it was made."),
        "degraded": Attribute(bool, "Whether something is not to be had any more."),
        "end_date": Attribute(str, "When it ends."),
        "events": Attribute(list, "Its events."),
        "name": Attribute(str, "Name of the lease."),
        "project_id": Attribute(str, "Project that owns it."),
        "reservations": Attribute(list, "What is kept."),
        "start_date": Attribute(str, "When it begins."),
        "status": Attribute(str, "Status of the lease."),
        "trust_id": Attribute(str, "Trust by which the service acts."),
        "updated_at": Attribute(str, "When it was changed last."),
        "user_id": Attribute(str, "Who made it."),
    }

    def validate(self, properties: Values) -> Iterable[Issue]:
        """Each kind of reservation needs its own numbers."""
        yield from super().validate(properties)
        given = properties.get("reservations")
        for at, one in enumerate(given if isinstance(given, list) else ()):
            kind = one.get("resource_type") if isinstance(one, dict) else None
            for name in _NEEDED.get(kind, ()) if isinstance(kind, str) else ():
                if name not in one:
                    yield Issue(
                        ("reservations", at, name),
                        f"A reservation of {kind} needs {name!r}.",
                        f"Give {name!r} a value.",
                    )

    def enveloped(self, body: Any) -> Any:
        """Requests are bare."""
        return body

    def body(self, call: Call) -> dict[str, Any]:
        """The service wants to be told of hosts even if any will do."""
        body = super().body(call)
        for one in body["reservations"]:
            if one["resource_type"] == "physical:host":
                one.setdefault("hypervisor_properties", "")
            one.setdefault("resource_properties", "")
        return {"events": [], **body}

    async def locate(self, call: Call) -> str | None:
        """The one of the name, which is there once in a project."""
        name = call.properties["name"]
        return next((str(one["id"]) for one in await self.listed(call, {}) if one["name"] == name), None)
