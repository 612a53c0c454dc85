"""Faults, time and settings of the embedded cloud, set from outside while it runs. Needs no token, but answers
clients on this machine only.

    GET    /admin                    what there is
    GET    /admin/faults             {"faults": [rule, ...]}
    POST   /admin/faults             a rule, or {"fault": rule}; 201; its fields: see core/faults.py
    DELETE /admin/faults             take all out of force
    DELETE /admin/faults/{id}        take one out of force
    GET    /admin/clock              {"clock": {"now", "epoch", "rate"}}
    PUT    /admin/clock              {"rate": 60} and/or {"advance": seconds}
    GET    /admin/settings           {"settings": {...}}; names and units: see core/cloud.py
    PUT    /admin/settings           {"build_seconds": 10, ...}; holds until the process ends
    POST   /admin/reset              a fresh cloud again: everything made since the first start is gone

Faults and clock survive a restart.
"""

import dataclasses
import ipaddress
from typing import Any

from hearth.localcloud.core import errors
from hearth.localcloud.core.service import Call, Reply, Route, Service


class Admin(Service):
    """The cloud's own service at /admin."""

    name = "admin"
    prefix = "/admin"

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/", self.overview, public=True),
            Route("GET", "/faults", self.list_faults, public=True),
            Route("POST", "/faults", self.add_fault, public=True),
            Route("DELETE", "/faults", self.clear_faults, public=True),
            Route("DELETE", "/faults/{id}", self.remove_fault, public=True),
            Route("GET", "/clock", self.show_clock, public=True),
            Route("PUT", "/clock", self.set_clock, public=True),
            Route("GET", "/settings", self.show_settings, public=True),
            Route("PUT", "/settings", self.change_settings, public=True),
            Route("POST", "/reset", self.reset, public=True),
        ]

    def negotiate(self, call: Call) -> dict[str, str]:
        try:
            local = ipaddress.ip_address(call.client_host).is_loopback
        except ValueError:
            local = False
        if not local:
            raise errors.ApiError(403, "The admin API answers clients on this machine only.")
        return {}

    def overview(self, call: Call) -> Any:
        """What can be asked here."""
        return {"services": list(self.cloud.services), "resources": ["faults", "clock", "settings", "reset"]}

    def list_faults(self, call: Call) -> Any:
        """All rules in force."""
        return {"faults": self.cloud.faults.list()}

    def add_fault(self, call: Call) -> Any:
        """Put a rule in force."""
        return Reply(201, {"fault": self.cloud.faults.add(_object(call, "fault"))})

    def clear_faults(self, call: Call) -> Any:
        """Take all rules out of force."""
        self.cloud.faults.clear()
        return Reply(204)

    def remove_fault(self, call: Call) -> Any:
        """Take one rule out of force."""
        if not self.cloud.faults.remove(call.params["id"]):
            raise errors.ApiError(404, f"There is no fault {call.params['id']}.")
        return Reply(204)

    def show_clock(self, call: Call) -> Any:
        """Virtual time."""
        clock = self.cloud.clock
        return {"clock": {"now": clock.iso(), "epoch": clock.now(), "rate": clock.rate}}

    def set_clock(self, call: Call) -> Any:
        """Change the rate, jump ahead."""
        given = _object(call, "clock")
        unknown = set(given) - {"rate", "advance"}
        if unknown:
            raise errors.ApiError(400, f"unknown clock field {min(unknown)!r}; there are: advance, rate")
        for field, value in given.items():
            if not isinstance(value, int | float) or isinstance(value, bool):
                raise errors.ApiError(400, f"clock field {field}: {value!r} is not a number")
        try:
            # A jump back is refused before the rate changes: the request does all or nothing.
            self.cloud.clock.advance(given.get("advance", 0))
            if "rate" in given:
                self.cloud.clock.rate = given["rate"]
        except ValueError as error:
            raise errors.ApiError(400, str(error)) from None
        return self.show_clock(call)

    def show_settings(self, call: Call) -> Any:
        """All settings."""
        return {"settings": {**dataclasses.asdict(self.cloud.settings), "clock_rate": self.cloud.clock.rate}}

    def change_settings(self, call: Call) -> Any:
        """Change some settings."""
        given = _object(call, "settings")
        settings = self.cloud.settings.with_changes(given)
        if "clock_rate" in given:
            try:
                self.cloud.clock.rate = settings.clock_rate
            except ValueError as error:
                raise errors.ApiError(400, str(error)) from None
        self.cloud.settings = settings
        return self.show_settings(call)

    def reset(self, call: Call) -> Any:
        """Make the cloud a fresh one."""
        self.cloud.reset()
        return Reply(204)


def _object(call: Call, name: str) -> dict[str, Any]:
    """The object sent, bare or inside an envelope of this name."""
    body = call.body
    inner = body.get(name, body) if isinstance(body, dict) else None
    if not isinstance(inner, dict):
        raise errors.ApiError(400, f"The request body must be a JSON object, or hold one as {name!r}.")
    return inner
