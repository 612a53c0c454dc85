"""`/healthcheck`: can this process serve? And `/healthcheck/live`: does it run at all?

Ready means that everything answers that requests and steps need: database, bus, the engine's own lease. A process that
is not ready keeps running, since what it lacks may come back; one that is not live has to be started anew. The words
of the answers are those of oslo.middleware's healthcheck.
"""

import asyncio
import dataclasses
import ipaddress
import logging
import pathlib
import platform
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from oslo_config import cfg
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

import hearth
from hearth.cloud import addresses, config
from hearth.process import stopping

_log = logging.getLogger(__name__)

#: A part that has not answered after so many seconds is not ready.
ANSWER_SECONDS = 5.0
PATH = "/healthcheck"
#: Headers of proxies, besides X-Forwarded-*.
_OF_PROXIES = ("forwarded", "via")

#: Says what there is to say about a part; raises when it is not ready.
Check = Callable[[], Awaitable[str]]


@dataclasses.dataclass(frozen=True, slots=True)
class HealthSettings:
    """`detailed`: whether answers tell why; the texts may name hosts. `disabled_by`: while this file is there, the
    process says that it is not ready, so that load balancers leave it alone.
    """

    detailed: bool = False
    disabled_by: pathlib.Path | None = None
    #: A further address of the page, beside PATH.
    path: str = PATH
    #: Networks of clients that are answered; none: all.
    allowed: tuple[addresses.Network, ...] = ()
    #: Whether what a proxy passed on is answered.
    proxied: bool = True

    @property
    def paths(self) -> list[str]:
        """Where the page is, below a mount point."""
        return sorted({PATH, self.path})

    def answers(self, request: Request) -> bool:
        """Whether it is for this client. Whose connection it is counts, not what the request says of itself."""
        if not self.proxied and any(name in _OF_PROXIES or name.startswith("x-forwarded-") for name in request.headers):
            return False
        if not self.allowed:
            return True
        try:
            address = ipaddress.ip_address(request.client.host if request.client else "")
        except ValueError:
            return False
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        return any((mapped or address) in network for network in self.allowed)


def from_conf(conf: cfg.ConfigOpts) -> HealthSettings:
    """Read the settings. Raises ConfigError."""
    section = conf.healthcheck
    file = section.disable_by_file_path
    try:
        allowed = addresses.networks(section.allowed_source_ranges)
    except ValueError as error:
        raise config.ConfigError(
            f"[healthcheck] allowed_source_ranges: {error}; write networks as 10.0.0.0/8"
        ) from error
    return HealthSettings(
        section.detailed,
        pathlib.Path(file) if file else None,
        section.path,
        tuple(allowed),
        not section.ignore_proxied_requests,
    )


@dataclasses.dataclass(frozen=True, slots=True)
class _Found:
    name: str
    ready: bool
    details: str


class Health:
    """The health of one process."""

    @property
    def paths(self) -> list[str]:
        """Where `ready` is answered, below a mount point; `live` is below that."""
        return self._settings.paths

    def __init__(self, checks: Mapping[str, Check], stop: stopping.Stop, settings: HealthSettings) -> None:
        self._checks = checks
        self._stop = stop
        self._settings = settings

    async def live(self, request: Request) -> Response:
        """The answer to whether it runs."""
        if not self._settings.answers(request):
            return _nothing_here()
        return self._answer(request, [_Found("process", True, f"hearth {hearth.__version__}")])

    async def ready(self, request: Request) -> Response:
        """The answer to whether it can serve."""
        if not self._settings.answers(request):
            return _nothing_here()
        found = [self._wanted(), *await asyncio.gather(*(self._look(name) for name in self._checks))]
        return self._answer(request, found)

    def _wanted(self) -> _Found:
        """Whether it is to serve at all."""
        if self._stop.asked:
            return _Found("process", False, "is stopping")
        path = self._settings.disabled_by
        if path is not None and path.exists():
            return _Found("process", False, f"is disabled by the file {path}")
        return _Found("process", True, f"hearth {hearth.__version__}")

    async def _look(self, name: str) -> _Found:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return _Found(name, True, await self._checks[name]())
        except TimeoutError:
            return _Found(name, False, f"no answer within {ANSWER_SECONDS:g} s")
        except Exception as error:  # the border of a part: whatever is wrong with it, it is not ready
            _log.warning("The %s is not ready: %s", name, error)
            return _Found(name, False, f"{type(error).__name__}: {error}")

    def _answer(self, request: Request, found: list[_Found]) -> Response:
        lacking = [one for one in found if not one.ready]
        status = 503 if lacking else 200
        headers = {"Cache-Control": "no-store"}
        if "json" not in request.headers.get("accept", ""):
            lines = [self._reason(one) for one in lacking] or ["OK"]
            return PlainTextResponse("\n".join(lines) + "\n", status, headers)
        body: dict[str, Any] = {"detailed": self._settings.detailed, "reasons": [self._reason(one) for one in found]}
        if self._settings.detailed:
            body["reasons"] = [
                {"class": one.name, "reason": "OK" if one.ready else "not ready", "details": one.details}
                for one in found
            ]
            body |= {"python_version": platform.python_version(), "platform": platform.platform()}
        return Response(msgspec.json.encode(body), status, headers, "application/json")

    def _reason(self, one: _Found) -> str:
        if one.ready:
            return "OK"
        return f"{one.name}: {one.details}" if self._settings.detailed else f"{one.name}: not ready"


def _nothing_here() -> Response:
    return PlainTextResponse("There is nothing at this address.\n", 404)
