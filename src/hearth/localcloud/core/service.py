"""The vocabulary of a service: Identity, Call, Reply, Route, Service.

A service subclasses Service, states its routes, and writes handlers: a Call in, a JSON value (200) or a Reply out.
Plain handlers run inside one state transaction: raise ApiError and nothing has happened. Handlers that stream
(`Route(stream=True)`, or async ones) are not wrapped: they open `call.cloud.state.transaction()` around each stretch
without an `await`. Sockets and dispatch are not here (see asgi.py).
"""

import dataclasses
import pathlib
from collections.abc import AsyncIterator, Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from starlette.datastructures import Headers, QueryParams

from hearth.localcloud.core import errors, ids

if TYPE_CHECKING:
    from hearth.localcloud.core.cloud import Cloud

Handler = Callable[["Call"], Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Identity:
    """Who asks, as the token says. Scope fields are empty strings where the token has no such scope."""

    token_id: str
    user_id: str
    user_name: str
    user_domain_id: str
    user_domain_name: str
    project_id: str = ""
    project_name: str = ""
    project_domain_id: str = ""
    project_domain_name: str = ""
    #: Scope of a domain token; not the user's or the project's domain.
    domain_id: str = ""
    system: bool = False
    roles: tuple[str, ...] = ()
    is_admin: bool = False
    trust_id: str | None = None
    application_credential_id: str | None = None
    #: Expiry in seconds since the epoch, real time.
    expires_at: float = 0.0

    def sees(self, project_id: str | None) -> bool:
        """May this caller see what belongs to the project?"""
        return self.is_admin or (bool(project_id) and project_id == self.project_id)


@dataclasses.dataclass(slots=True)
class Reply:
    """An answer with status and headers. `body`: JSON value, bytes, text (sent as plain text) or None (no body)."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    #: Send this file (from `start`, `length` bytes) instead of `body`.
    file: pathlib.Path | None = None
    start: int = 0
    length: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Route:
    """Method, path below the service's prefix, handler.

    In the path `{name}` takes one segment, `{name:path}` the whole rest. `public`: no token needed. `stream`: the
    handler is async and reads the body itself by `call.chunks()`.
    """

    method: str
    path: str
    handler: Handler
    public: bool = False
    stream: bool = False


class Call:
    """One request to one service."""

    def __init__(
        self,
        cloud: "Cloud",
        service: "Service",
        scope: Mapping[str, Any],
        path: str,
        request_id: str,
        chunks: Callable[[], AsyncIterator[bytes]],
    ) -> None:
        self.cloud = cloud
        self.service = service
        self.scope = scope
        self.method: str = scope["method"]
        #: Below the service's prefix: "/v2.0/networks".
        self.path = path
        self.request_id = request_id
        #: Set by Service.negotiate where the service has microversions.
        self.microversion: str | None = None
        self.params: dict[str, str] = {}
        #: The parsed JSON body; None when there is none.
        self.body: Any = None
        self.raw = b""
        #: Reads the body piece by piece, in streaming handlers.
        self.chunks = chunks

    @cached_property
    def headers(self) -> Headers:
        """Request headers, case-insensitive."""
        return Headers(raw=self.scope["headers"])

    @cached_property
    def query(self) -> QueryParams:
        """Query parameters; repeated ones by `getlist`."""
        return QueryParams(self.scope["query_string"])

    @cached_property
    def identity(self) -> Identity:
        """Who asks. Raises ApiError 401 without a valid X-Auth-Token."""
        return self.cloud.authenticate(self.headers.get("x-auth-token", ""))

    @property
    def client_host(self) -> str:
        """Address of the peer, "" when unknown."""
        client = self.scope.get("client")
        return client[0] if client else ""


class Service:
    """One OpenStack service. Subclasses set the class attributes and override what they need."""

    #: "neutron"
    name: ClassVar[str]
    #: "network"; empty for what the catalog does not list.
    service_type: ClassVar[str] = ""
    #: Where it is mounted: "/network".
    prefix: ClassVar[str]
    #: Path of its catalog endpoints: "/compute/v2.1", "/volume/v3/%(project_id)s".
    catalog_path: ClassVar[str] = ""
    #: The service words its own 401; else all have the one of the middleware that checks tokens.
    own_401: ClassVar[bool] = False
    #: Further headers that carry the request id: ("X-Compute-Request-Id",).
    request_id_headers: ClassVar[tuple[str, ...]] = ()

    def __init__(self, cloud: "Cloud") -> None:
        self.cloud = cloud

    def routes(self) -> list[Route]:
        """What the service answers to."""
        return []

    def error_body(self, error: errors.ApiError, call: Call) -> Any:
        """The body of a refusal; override with the service's own shape. Text and bytes are sent as HTML."""
        return {"error": {"code": error.status, "title": error.title, "message": error.message}}

    def seed(self) -> None:
        """Create what a fresh cloud holds; runs at each start, in a transaction, and must be safe to repeat."""

    def new_request_id(self) -> str:
        """An id for the next request, in the service's form."""
        return "req-" + ids.new_id()

    def negotiate(self, call: Call) -> dict[str, str]:
        """Set `call.microversion`; returns headers for the answer. Raises ApiError 406."""
        return {}

    def url(self, path: str = "") -> str:
        """An absolute URL below this service's prefix, for links."""
        return f"{self.cloud.base_url}{self.prefix}{path}"
