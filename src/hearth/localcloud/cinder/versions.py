"""Which microversion does a request speak? Negotiation as nova and cinder have it, and comparison in handlers."""

import dataclasses
import functools
import re

from hearth.localcloud.core import errors, service


@dataclasses.dataclass(frozen=True)
class Range:
    """The microversions of one service. `legacy_header`: an older header that says the bare number."""

    service_type: str
    minimum: tuple[int, int]
    maximum: tuple[int, int]
    legacy_header: str | None = None

    def negotiate(self, call: service.Call) -> dict[str, str]:
        """Set `call.microversion`; returns the headers of the answer. Raises ApiError 400 and 406."""
        version = self._asked(call)
        call.microversion = written(version)
        return self._headers(call.microversion)

    def _headers(self, version: str) -> dict[str, str]:
        headers = {"OpenStack-API-Version": f"{self.service_type} {version}", "Vary": "OpenStack-API-Version"}
        if self.legacy_header:
            headers[self.legacy_header] = version
        return headers

    def _asked(self, call: service.Call) -> tuple[int, int]:
        asked = None
        for part in call.headers.get("openstack-api-version", "").split(","):
            words = part.split()
            if len(words) == 2 and words[0].lower() == self.service_type:
                asked = words[1]
        if asked is None and self.legacy_header:
            asked = call.headers.get(self.legacy_header)
        if asked is None:
            return self.minimum
        if asked.lower() == "latest":
            return self.maximum
        if not re.fullmatch(r"[1-9]\d*\.(0|[1-9]\d*)", asked):
            raise errors.ApiError(
                400, f"API Version String {asked} is of invalid format. Must be of format MajorNum.MinorNum."
            )
        version = parsed(asked)
        if not self.minimum <= version <= self.maximum:
            raise errors.ApiError(
                406,
                f"Version {asked} is not supported by the API. "
                f"Minimum is {written(self.minimum)} and maximum is {written(self.maximum)}.",
                kind="computeFault",
                headers=self._headers(asked),
            )
        return version


def at_least(call: service.Call, major: int, minor: int) -> bool:
    """Does the request speak this microversion or a later one?"""
    return call.microversion is not None and parsed(call.microversion) >= (major, minor)


def require(call: service.Call, major: int, minor: int) -> None:
    """Raises ApiError 404 when the request speaks an older microversion than this call needs."""
    if not at_least(call, major, minor):
        raise errors.ApiError(404, f"This call exists from API version {major}.{minor} on.")


def forbid(call: service.Call, major: int, minor: int) -> None:
    """Raises ApiError 404 when the request speaks this microversion or a later one, where the call is gone."""
    if at_least(call, major, minor):
        raise errors.ApiError(404, f"This call exists only before API version {major}.{minor}.")


@functools.lru_cache(maxsize=256)
def parsed(text: str) -> tuple[int, int]:
    """ "2.47" as (2, 47)."""
    major, minor = text.split(".")
    return int(major), int(minor)


def written(version: tuple[int, int]) -> str:
    """(2, 47) as "2.47"."""
    return f"{version[0]}.{version[1]}"
