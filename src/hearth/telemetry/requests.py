"""What is common to each request of every face: its trail, its id in the answer, its line in the log, its count.

A face's application is wrapped in `Watched` by whoever builds it. What a request is about is the face's business; it
says by `routed` which of its routes the request takes.
"""

import dataclasses
import logging
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hearth.telemetry import metrics, spans, trail

_ROUTE = "hearth.route"
_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True)
class Watched:
    """An ASGI application of a face. `face`: what the face is called in metrics."""

    app: ASGIApp
    face: str

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        opened = trail.opened(Headers(scope=scope).get(trail.HEADER, ""))
        seen = _Seen(send, opened.request_id)
        began = time.perf_counter()
        above = Headers(scope=scope).get(spans.HEADER)
        span = spans.span(f"{self.face} {metrics.method_of(scope['method'])}", spans.Kind.SERVER, above)
        with span as told, trail.following(opened), metrics.REQUESTS_UNDER_WAY.labels(self.face).track_inprogress():
            try:
                await self.app(scope, receive, seen.send)
            finally:
                seconds = time.perf_counter() - began
                seen.tell(scope, seconds)
                route, method = scope.get(_ROUTE, metrics.OTHER), metrics.method_of(scope["method"])
                told.note("http.route", route)
                told.note("http.request.method", method)
                told.note("http.response.status_code", seen.status or 0)
                told.note("hearth.request_id", opened.request_id)
                metrics.REQUESTS.labels(self.face, route, method, seen.status or "none").inc()
                metrics.REQUEST_SECONDS.labels(self.face, route, method).observe(seconds)


class _Seen:
    """What is seen of the answer on its way."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id
        self.status: int | None = None  # None: the client has left before there was an answer
        self.size = 0

    async def send(self, message: Message) -> None:
        """Pass a part of the answer on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            MutableHeaders(raw=message["headers"])[trail.HEADER] = self._request_id
        elif message["type"] == "http.response.body":
            self.size += len(message.get("body", b""))
        await self._send(message)

    def tell(self, scope: Scope, seconds: float) -> None:
        """Write the line. Without the query: it may hold a signature."""
        client = scope.get("client") or ("-",)
        _log.info(
            '%s "%s %s" status: %s len: %d time: %.4f',
            client[0],
            scope["method"],
            path_of(scope),
            self.status or "none",
            self.size,
            seconds,
        )


def routed(scope: Scope, route: str) -> None:
    """The request takes this route of its face: a template, not the path that was sent."""
    scope[_ROUTE] = route


def path_of(scope: Scope) -> str:
    """The path as it was sent, %-encoded."""
    raw: bytes | None = scope.get("raw_path")
    return raw.decode("latin-1").partition("?")[0] if raw else repr(scope["path"])[1:-1]
