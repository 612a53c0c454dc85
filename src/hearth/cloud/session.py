"""Calls to OpenStack services with one credential.

A `Session` comes from `hearth.cloud.credentials.Connector` and is shared by everything that acts for that credential.
It finds the endpoint, adds the token, renews the token when a service refuses it, and gives back decoded answers.
It knows nothing of resources; paths and bodies are the caller's.
"""

import asyncio
import contextlib
import contextvars
import dataclasses
import time
from collections.abc import Awaitable, Callable, Hashable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from hearth.cloud import access, answers, catalog, errors, settings

if TYPE_CHECKING:  # the HTTP library takes long to import, and who only names sessions needs none
    from hearth.cloud import elsewhere, transport

Response = answers.Response
Params = Mapping[str, Any]


@dataclasses.dataclass(slots=True)
class UnderWay:
    """The call that somebody waits for: what is asked, and since when (the loop's time); empty between calls.

    `permit`: awaited before each call that may change something; it raises where the call must not be made any more.
    `further`: whether the next call begins another attempt of something that has failed.
    """

    what: str = ""
    since: float = 0.0
    permit: Callable[[], Awaitable[None]] | None = None
    further: bool = False

    @contextlib.contextmanager
    def calling(self, what: str) -> Iterator[None]:
        """Around a call."""
        self.what, self.since = what, asyncio.get_running_loop().time()
        try:
            yield
        finally:
            self.what = ""


#: Where sessions note the call they are waiting for; set it in a task to know what the task waits for.
under_way: contextvars.ContextVar[UnderWay | None] = contextvars.ContextVar("under_way", default=None)

#: The service that servers ask for their metadata.
_METADATA_SERVICE = "cloudformation"
#: Services that, to go on later, have what they are asked for with delegate to them in turn: alarms that call with
#: `trust+https`, workflows by the clock, clusters, leases, stacks elsewhere. Keystone lets no trust do that.
_DELEGATING = frozenset(
    {"alarm", "container-infrastructure-management", "message", "orchestration", "reservation", "workflow"}
)
_READING = ("GET", "HEAD")
#: A token is renewed this many seconds before its end, so that it does not end on the way.
EARLY = 60.0


class Session:
    """One credential's access to the services of one region."""

    def __init__(
        self,
        wire: "transport.Transport | elsewhere.Outward",
        options: settings.CloudSettings,
        granted: access.Access,
        renew: Callable[[], Awaitable[access.Access]] | None,
        open_other: "Callable[[elsewhere.Elsewhere], Awaitable[Session]] | None" = None,
    ) -> None:
        """`renew` fetches a new token; None when the credential is a token itself and cannot be renewed.

        `open_other` gives the session of credentials that a user has for another cloud.
        """
        self._wire = wire
        self._open_other = open_other
        self._options = options
        self._access = granted
        self._renew = renew
        self._renewing = asyncio.Lock()
        #: Gives a token of the owner's own, if there is one at this time.
        self.own_token: Callable[[], Awaitable[str | None]] | None = None
        #: A cache for whoever looks things up with this session (names to ids, extensions).
        self.memo: dict[Any, Any] = {}

    @property
    def project_id(self) -> str | None:
        """The project that this session acts in; None when the credential has no scope."""
        return self._access.project_id

    @property
    def domain_id(self) -> str | None:
        """The domain that this session acts in; None when it does not act in a domain."""
        return self._access.domain_id

    @property
    def user_id(self) -> str:
        """The user that this session acts as (of a trust: the one who gave it)."""
        return self._access.user_id

    @property
    def roles(self) -> tuple[str, ...]:
        """Names of the roles in the project."""
        return self._access.roles

    @property
    def sees(self) -> Hashable:
        """Equal for sessions to which the services show the same objects, so that one may look for all of them."""
        granted, options = self._access, self._options
        roles = frozenset(granted.roles)
        return options.auth_url, options.region, granted.user_id, granted.project_id, granted.domain_id, roles

    @property
    def region(self) -> str | None:
        """The region whose services are called; None: the first in the catalog."""
        return self._options.region

    async def elsewhere(self, given: "elsewhere.Elsewhere") -> "Session":
        """A session with credentials that the user has given. Raises CloudError."""
        assert self._open_other is not None
        return await self._open_other(given)

    def in_region(self, region: str | None, *, insecure: bool = False, ca_data: str | None = None) -> "Session":
        """The same credential in another region. `insecure`: its certificates are not checked; `ca_data`: by these."""
        changed: dict[str, Any] = {}
        if region != self.region:
            changed = {"region": region, "regions": {}, "endpoint_overrides": {}}
        if insecure or ca_data is not None:
            tls = dataclasses.replace(self._options.tls, insecure=insecure, ca_data=ca_data)
            changed |= {"tls": tls if ca_data is None else dataclasses.replace(tls, ca_file=None), "tls_by_service": {}}
        options = dataclasses.replace(self._options, **changed)

        async def renew() -> access.Access:
            return (await self._fresh(self._access)).seen_with(options)

        renewable = renew if self._renew is not None else None
        there = Session(self._wire, options, self._access.seen_with(options), renewable, self._open_other)
        there.own_token = self.own_token
        return there

    @property
    def expires_at(self) -> float:
        """End of the present token, epoch seconds."""
        return self._access.expires_at

    @property
    def is_usable(self) -> bool:
        """Whether calls can still be made: the token is fresh, or can be renewed."""
        return self._renew is not None or self._access.expires_at > time.time()

    def has_service(self, service_type: str) -> bool:
        """Whether the catalog holds the service, under any of its names."""
        return catalog.official(service_type) in self._access.endpoints

    def endpoint(self, service_type: str) -> str:
        """The service's URL in the catalog. Raises NoService."""
        url = self._access.endpoints.get(catalog.official(service_type))
        if url is None:
            region = self._options.regions.get(catalog.official(service_type), self.region)
            where = f" in region {region}" if region else ""
            raise errors.NoService(404, service_type, f"the catalog has no {service_type} service{where}")
        return url

    def may_ask_for(self, service_type: str, microversion: str) -> bool:
        """Whether the operator lets the service be asked for a microversion."""
        cap = self._options.highest_microversions.get(catalog.official(service_type))
        return cap is None or cap.allows(microversion)

    def endpoint_for(self, service_type: str, interface: str) -> str | None:
        """The service's URL for clients of another interface, as the catalog has it."""
        options = dataclasses.replace(self._options, interface=interface, interfaces={}, endpoint_overrides={})
        return self._access.seen_with(options).endpoints.get(catalog.official(service_type))

    def endpoint_for_servers(self, service_type: str) -> str:
        """The service's URL as servers reach it. Raises NoService."""
        configured = self._options.metadata_server
        return configured if configured and service_type == _METADATA_SERVICE else self.endpoint(service_type)

    async def token(self) -> str:
        """A token that holds for at least some seconds more."""
        return (await self._current()).token

    async def request(
        self,
        service_type: str,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        microversion: str | None = None,
        purpose: str = "",
        data: answers.Body | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 -- a limit of the HTTP client, which knows what was sent
        renew: bool = True,
    ) -> Response:
        """Call a service. `path` is relative to its endpoint; `params`: None values are left out, lists are repeated.

        `purpose`: what needs the microversion, if the path does not tell.
        `renew`: try again with a new token when this one is refused; False where a refusal may mean something else.

        Raises CloudError, by kind of refusal; Unavailable when no answer came; AboveCap without any call.
        """
        url = catalog.url(service_type, self.endpoint(service_type), path, self.project_id)
        if params and (query := _query(params)):
            url += ("&" if "?" in url else "?") + query
        sent = dict(headers or ())
        if microversion is not None:
            if (cap := self._options.highest_microversions.get(catalog.official(service_type))) is not None:
                cap.check(service_type, microversion, purpose or f"{method} {path}")
            sent.update(catalog.microversion_headers(service_type, microversion))
        tls = self._options.tls_by_service.get(catalog.official(service_type), self._options.tls)
        granted = await self._current()
        own = await self._own(service_type, method)
        waiting = under_way.get() or UnderWay()
        for last in (False, True):
            sent["X-Auth-Token"] = granted.token if own is None else own
            if waiting.permit is not None and method != "GET":
                await waiting.permit()
            try:
                further, waiting.further = waiting.further, False
                with waiting.calling(f"{method} {path} of the {service_type} service"):
                    return await self._wire.exchange(
                        service_type,
                        method,
                        url,
                        sent,
                        json=json,
                        data=data,
                        tls=tls,
                        seconds=timeout,
                        project_id=self.project_id,
                        further=further,
                    )
            except errors.Unauthorized:
                # Tokens end early when a password changes or Keystone's keys rotate. Refused calls were not done.
                if last or not renew or self._renew is None:
                    raise
                if own is not None:
                    own = None  # its user has signed out, say
                    continue
                granted = await self._fresh(granted)
        raise AssertionError("unreachable")

    async def get(self, service_type: str, path: str, **options: Any) -> Response:
        """`request` with GET."""
        return await self.request(service_type, "GET", path, **options)

    async def post(self, service_type: str, path: str, **options: Any) -> Response:
        """`request` with POST."""
        return await self.request(service_type, "POST", path, **options)

    async def put(self, service_type: str, path: str, **options: Any) -> Response:
        """`request` with PUT."""
        return await self.request(service_type, "PUT", path, **options)

    async def patch(self, service_type: str, path: str, **options: Any) -> Response:
        """`request` with PATCH."""
        return await self.request(service_type, "PATCH", path, **options)

    async def delete(self, service_type: str, path: str, **options: Any) -> Response:
        """`request` with DELETE."""
        return await self.request(service_type, "DELETE", path, **options)

    async def head(self, service_type: str, path: str, **options: Any) -> Response:
        """`request` with HEAD."""
        return await self.request(service_type, "HEAD", path, **options)

    async def _own(self, service_type: str, method: str) -> str | None:
        """The owner's own token, where a delegated one would not do."""
        if self.own_token is None or method in _READING or catalog.official(service_type) not in _DELEGATING:
            return None
        return await self.own_token()

    async def _current(self) -> access.Access:
        granted = self._access
        if self._renew is not None and granted.expires_at - EARLY < time.time():
            return await self._fresh(granted)
        return granted

    async def _fresh(self, refused: access.Access) -> access.Access:
        """A token other than the refused one; one fetch serves all who wait."""
        assert self._renew is not None
        async with self._renewing:
            if self._access is refused:
                self._access = await self._renew()
            return self._access


def _query(params: Params) -> str:
    pairs: list[tuple[str, str]] = []
    for name, value in params.items():
        for one in value if isinstance(value, (list, tuple)) else (value,):
            if one is not None:
                pairs.append((name, ("true" if one else "false") if isinstance(one, bool) else str(one)))
    return urlencode(pairs)
