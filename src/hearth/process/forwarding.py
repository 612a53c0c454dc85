"""Requests as the client sent them, before proxies passed them on: scheme, host, prefix and address.

A proxy tells of them in headers, X-Forwarded-* or Forwarded (RFC 7239). They are believed when the operator says so,
since clients can write them too. Everything below - links, signatures, log - then sees the request as the client does.
"""

import dataclasses
import re
from urllib.parse import unquote

from oslo_config import cfg
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

#: Of several proxies the outermost, written first, is the one that the client talked to.
_FORWARDED = re.compile(r'(?i)\b(proto|host|for)="?([^;,"\s]+)"?')
_HOST = re.compile(r"[\w.\-\[\]:]+")
_PREFIX = re.compile(r"(/[\w.~%@+\-]+)*")


@dataclasses.dataclass(frozen=True, slots=True)
class Forwarded:
    """An application behind a proxy. `scheme_header`: which header says http or https."""

    app: ASGIApp
    scheme_header: str = "X-Forwarded-Proto"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(self._seen(scope) if scope["type"] == "http" else scope, receive, send)

    def _seen(self, scope: Scope) -> Scope:
        headers = Headers(scope=scope)
        told = {name.lower(): value for name, value in _FORWARDED.findall(_first(headers.get("forwarded")))}
        seen = dict(scope)
        scheme = (told.get("proto") or _first(headers.get(self.scheme_header))).lower()
        if scheme in ("http", "https"):
            seen["scheme"] = scheme
        host = told.get("host") or _first(headers.get("x-forwarded-host"))
        if _HOST.fullmatch(host):
            changed = MutableHeaders(raw=list(scope["headers"]))
            changed["host"] = host
            seen["headers"] = changed.raw
        client = told.get("for") or _first(headers.get("x-forwarded-for"))
        if _HOST.fullmatch(client):
            seen["client"] = (client, 0)
        prefix = _first(headers.get("x-forwarded-prefix")).rstrip("/")
        if prefix and _PREFIX.fullmatch(prefix):
            plain = unquote(prefix)
            seen["root_path"] = plain + scope.get("root_path", "")
            seen["path"] = plain + scope["path"]
            if scope.get("raw_path") is not None:
                seen["raw_path"] = prefix.encode() + scope["raw_path"]
        return seen


def believed(app: ASGIApp, conf: cfg.ConfigOpts) -> ASGIApp:
    """The application behind the proxy that the configuration says there is, or as it is."""
    options = conf.oslo_middleware
    return Forwarded(app, options.secure_proxy_ssl_header) if options.enable_proxy_headers_parsing else app


def _first(value: str | None) -> str:
    return (value or "").partition(",")[0].strip()
