"""URLs in answers: built from the address the client used, so that they lead back the same way."""

import dataclasses
import re
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.types import Scope

from hearth.model import names

_FORWARDED = re.compile(r'(?i)\b(proto|host)="?([^;,"\s]+)"?')


@dataclasses.dataclass(frozen=True, slots=True)
class Links:
    """Makes the URLs of one answer. `base`: the API's address without the version and a slash at the end."""

    base: str

    def stack(self, identity: names.StackIdentity) -> str:
        """URL of a stack (or of what the identity's path names in it)."""
        return f"{self.base}/v1/{identity.url_path()}"

    def resource(self, identity: names.StackIdentity, name: str) -> str:
        """URL of a resource of a stack."""
        return f"{self.stack(identity)}/resources/{quote(name, '')}"

    def event(self, identity: names.StackIdentity, resource: str, event_id: str) -> str:
        """URL of an event."""
        return f"{self.resource(identity, resource)}/events/{quote(event_id, '')}"


def link(rel: str, href: str) -> dict[str, str]:
    """A link object."""
    return {"href": href, "rel": rel}


def base_url(scope: Scope, *, proxy_headers: bool) -> str:
    """The address of this application as the client sees it."""
    headers = Headers(scope=scope)
    scheme = scope.get("scheme", "http")
    server = scope.get("server") or ("localhost", None)
    host = headers.get("host") or (f"{server[0]}:{server[1]}" if server[1] else server[0])
    root = scope.get("root_path", "")
    if proxy_headers:
        # Of several proxies the outermost, written first, is the one the client talked to.
        told = {key.lower(): value for key, value in _FORWARDED.findall(headers.get("forwarded", "").partition(",")[0])}
        scheme = told.get("proto") or _first(headers.get("x-forwarded-proto")) or scheme
        host = told.get("host") or _first(headers.get("x-forwarded-host")) or host
        root = _first(headers.get("x-forwarded-prefix")).rstrip("/") + root
    return f"{scheme}://{host}{root.rstrip('/')}"


def _first(value: str | None) -> str:
    return (value or "").partition(",")[0].strip()
