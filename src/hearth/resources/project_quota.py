"""Quotas of a project in one service: a base of types, beside `RemoteResource`.

A project has one set of quotas, which is always there; a type sets some of them, and gives the service's defaults back
when they are not wanted any more. The physical id is the project's.
"""

from typing import Any, ClassVar

from hearth.resources.contract import Call, Change, Gone, Observed
from hearth.resources.remote import RemoteResource, remember_request
from hearth.resources.schema import Property


class ProjectQuota(RemoteResource):
    """Its properties are the project, and a number for each thing; -1 is no limit."""

    #: What follows the project's path to ask for the defaults.
    defaults_path: ClassVar[str] = "/defaults"

    project = Property(
        str,
        "Project whose quotas they are.",
        required=True,
        refers="keystone.project",
        wire=None,
        live=lambda call, observed: call.physical_id,
    )

    async def locate(self, call: Call) -> str | None:
        """The project, if it has what was to be set."""
        call.physical_id = str(call.properties["project"])
        wanted = self.body(call)
        if not _agree(await self._shown(call), wanted):
            call.physical_id = None
        return call.physical_id

    async def create(self, call: Call) -> str | None:
        """Set them."""
        call.physical_id = str(call.properties["project"])
        await self._set(call, self.body(call), creating=True)
        return call.physical_id

    async def update(self, call: Call, change: Change) -> str | None:
        """Set what changed; what is not wanted any more has its default again."""
        wanted = self.changes(call, change)
        if None in wanted.values():
            defaults = await self._shown(call, self.defaults_path)
            wanted = {key: defaults[key] if value is None else value for key, value in wanted.items()}
        await self._set(call, wanted)
        return None

    async def observe(self, call: Call) -> Observed | None:
        """All quotas of the project. When they are the defaults, and were to be others, somebody took them back."""
        shown, wanted = await self._shown(call), self.body(call)
        if not any(shown.get(key) == value for key, value in wanted.items()):
            defaults = await self._shown(call, self.defaults_path)
            if all(shown.get(key) == defaults.get(key) for key in wanted):
                raise Gone(f"project {call.physical_id} has the default quotas")
        return shown

    async def _shown(self, call: Call, further: str = "") -> dict[str, Any]:
        answer = await self.request(call, "GET", f"{self.path(call)}{further}")
        shown: dict[str, Any] = answer.body[self.remote.envelope]
        return shown

    async def _set(self, call: Call, wanted: dict[str, Any], *, creating: bool = False) -> None:
        body = {self.remote.envelope: wanted}
        remember_request(call, await self.request(call, "PUT", self.path(call), body, creating=creating))


def _agree(shown: dict[str, Any], wanted: dict[str, Any]) -> bool:
    return all(shown.get(key) == value for key, value in wanted.items())
