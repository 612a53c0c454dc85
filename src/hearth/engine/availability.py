"""Can the caller's cloud serve a resource type: is its service in the catalog, with the extension that the type needs?

Asked when a request is accepted and when types are listed. What extensions a service has is asked once in a while; a
service that cannot be asked counts as one that has them: the request to make something then says what is wrong.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from hearth.cloud import errors
from hearth.cloud import session as cloud_session
from hearth.engine import preview
from hearth.model.diagnostics import Findings
from hearth.resources import contract

log = logging.getLogger(__name__)

#: How long the extensions of a service are remembered, in seconds.
KEPT: Final = 60.0
#: Where services list their extensions: path, and key of the answer.
_LISTS: Final[Mapping[str, tuple[str, str]]] = {"network": ("/v2.0/extensions", "extensions")}


class Availability:
    """Answers for any number of callers; remembers the extensions of services by their addresses."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._kept: dict[str, tuple[float, frozenset[str]]] = {}

    async def refusal(self, session: cloud_session.Session, kind: contract.Resource, type_name: str) -> str:
        """Why the type cannot be used, in a sentence; empty when it can."""
        if not kind.services:
            return ""
        present = next((one for one in kind.services if session.has_service(one)), None)
        if present is None:
            reason = "the catalog has no endpoint for it"
        elif kind.extension and kind.extension not in await self._extensions(session, present, kind.extension):
            reason = f"it does not have the extension {kind.extension!r}, which the operator would have to switch on"
        else:
            return ""
        return (
            f"HEAT-E{preview.UNAVAILABLE} Service {kind.services[0]} is not available for resource type {type_name}, "
            f"reason: {reason}"
        )

    async def check(self, session: cloud_session.Session, needed: Iterable[preview.Needed], findings: Findings) -> None:
        """Note every type of a template that the caller's cloud cannot serve."""
        told: set[str] = set()
        for one in needed:
            if one.type_name not in told:
                told.add(one.type_name)
                if refusal := await self.refusal(session, one.member.type, one.type_name):
                    findings.add(refusal, one.member.definition.place(("type",)), kind="ResourceTypeUnavailable")

    async def _extensions(self, session: cloud_session.Session, service: str, wanted: str) -> frozenset[str]:
        """The service's extensions; only the one that is wanted where it cannot be asked."""
        url = session.endpoint(service)
        kept = self._kept.get(url)
        if kept is not None and self._now() - kept[0] < KEPT:
            return kept[1]
        path, key = _LISTS[service]
        try:
            answer = await session.get(service, path)
        except errors.CloudError as error:
            log.info("The extensions of the %s service cannot be listed: %s", service, error)
            return frozenset((wanted,))
        found = frozenset(str(one["alias"]) for one in answer.body[key])
        self._kept[url] = (self._now(), found)
        return found
