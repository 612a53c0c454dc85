"""One request's way: from ASGI to the handler of a service, and its answer back.

In this order: latency and faults, route, token, microversion, body, handler in a transaction. Whatever a handler
raises is turned into the service's own error body here.
"""

import asyncio
import inspect
import logging
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from starlette.types import Message, Receive, Scope, Send

from hearth.localcloud.core import cloud as clouds
from hearth.localcloud.core import errors, router, service

_log = logging.getLogger(__name__)

#: Bodies of ordinary requests end here; images and objects are streamed and have no such limit.
MAX_BODY = 8 * 1024 * 1024
_CHUNK = 256 * 1024


class _Disconnected(Exception):
    """The client went away while it was sending its body."""


class Dispatcher:
    """The ASGI application of all services of one cloud; a service is found by the first segment of the path."""

    def __init__(self, cloud: clouds.Cloud) -> None:
        self._cloud = cloud
        self._generation = -1
        self._services: dict[str, tuple[service.Service, router.Router]] = {}
        self._late_work: set[asyncio.Task[None]] = set()

    def _build(self) -> None:
        """Collect the routes; again after the cloud has built its services anew."""
        services = self._cloud.services.values()
        self._services = {each.prefix: (each, router.Router(each.routes())) for each in services}
        self._generation = self._cloud.generation

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000})
            return
        if self._generation != self._cloud.generation:
            self._build()
        path: str = scope["path"]
        root: str = scope.get("root_path", "")
        if root and path.startswith(root):
            path = path[len(root) :]
        end = path.find("/", 1)
        prefix = path if end < 0 else path[:end]
        found = self._services.get(prefix)
        if found is None:
            await self._send_unknown(path, send)
            return
        handled, routes = found
        call = service.Call(
            self._cloud,
            handled,
            scope,
            path[len(prefix) :] or "/",
            handled.new_request_id(),
            lambda: _chunks(receive),
        )
        try:
            reply = await self._answer(call, routes)
        except _Disconnected:
            return
        if reply is None:
            await _drop(send)
        else:
            await _send(call, reply, send)

    async def _late(self, call: service.Call, routes: router.Router, seconds: float) -> None:
        """Do what a request asks for after it has been cut off."""
        raw = await _body(call)
        again = service.Call(self._cloud, call.service, call.scope, call.path, call.request_id, lambda: _at_once(raw))

        async def work() -> None:
            await asyncio.sleep(seconds)
            await self._answer(again, routes, faulty=False)

        task = asyncio.create_task(work())
        self._late_work.add(task)
        task.add_done_callback(self._late_work.discard)

    async def _answer(self, call: service.Call, routes: router.Router, *, faulty: bool = True) -> service.Reply | None:
        """The reply to send; None to close the connection without one."""
        headers: dict[str, str] = {}
        try:
            if self._cloud.settings.latency:
                await asyncio.sleep(self._cloud.settings.latency)
            fault = None
            if faulty and call.service.name != "admin":
                fault = self._cloud.faults.for_request(call.service.name, call.method, call.path)
            if fault is not None and fault.get("late"):
                await self._late(call, routes, fault["late"])
                await _hit(fault, call)
                return None
            if fault is not None and not fault["after_work"] and await _hit(fault, call):
                return None
            found = routes.find(call.method, call.path)
            if isinstance(found, set):
                raise _no_route(call, found)
            route, call.params = found
            if not route.public:
                _ = call.identity
            headers = call.service.negotiate(call)
            reply = await self._work(call, route)
            if fault is not None and fault["after_work"] and await _hit(fault, call):
                return None
        except errors.ApiError as error:
            reply = self._refusal(error, call)
        except _Disconnected:
            raise
        except Exception:
            # The border of a request: whatever a handler did wrong, the client gets an answer and the cloud goes on.
            _log.exception("%s %s failed", call.method, call.path)
            broken = errors.ApiError(500, "An unexpected error occurred in the embedded cloud; see its log.")
            reply = self._refusal(broken, call)
        for name, value in headers.items():
            reply.headers.setdefault(name, value)
        return reply

    def _refusal(self, error: errors.ApiError, call: service.Call) -> service.Reply:
        headers = dict(error.headers)
        if error.status == 401:
            headers.setdefault("WWW-Authenticate", f'Keystone uri="{self._cloud.base_url}/identity/v3"')
        if error.status == 401 and not call.service.own_401:
            body = service.Service.error_body(call.service, error, call)
        else:
            body = call.service.error_body(error, call)
        if isinstance(body, bytes | str):
            headers.setdefault("Content-Type", "text/html; charset=UTF-8")
        return service.Reply(error.status, body, headers)

    async def _work(self, call: service.Call, route: service.Route) -> service.Reply:
        if route.stream:
            result = await route.handler(call)
        else:
            call.raw = await _body(call)
            call.body = _parsed(call)
            if inspect.iscoroutinefunction(route.handler):
                result = await route.handler(call)
            else:
                with self._cloud.state.transaction():
                    result = route.handler(call)
        return result if isinstance(result, service.Reply) else service.Reply(200, result)

    async def _send_unknown(self, path: str, send: Send) -> None:
        known = ", ".join(sorted(self._services))
        body = msgspec.json.encode(
            {"error": {"code": 404, "title": "Not Found", "message": f"{path}: no service; try {known}"}}
        )
        await send(_start(404, {"content-type": "application/json", "content-length": str(len(body))}))
        await send({"type": "http.response.body", "body": body})


async def _hit(fault: dict[str, Any], call: service.Call) -> bool:
    """Do what a fault says; True when the connection is to be closed without an answer. Raises ApiError."""
    await asyncio.sleep(fault["latency"])
    while fault.get("silent"):
        # Ends with the client, whose leaving is raised here.
        async for _ in call.chunks():
            pass
    if fault["status"] and not fault["drop"]:
        after = fault.get("retry_after")
        message = fault["message"] or "The request failed by a fault that was set."
        raise errors.ApiError(fault["status"], message, headers={"Retry-After": str(after)} if after else {})
    return bool(fault["drop"])


def _no_route(call: service.Call, allowed: set[str]) -> errors.ApiError:
    if allowed:
        return errors.ApiError(
            405, f"{call.method} is not allowed for {call.path}.", headers={"Allow": ", ".join(sorted(allowed))}
        )
    return errors.ApiError(404, "The resource could not be found.")


async def _at_once(raw: bytes) -> AsyncIterator[bytes]:
    yield raw


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message: Message = await receive()
        if message["type"] == "http.disconnect":
            raise _Disconnected
        if message.get("body"):
            yield message["body"]
        more = message.get("more_body", False)


async def _body(call: service.Call) -> bytes:
    parts, size = [], 0
    async for chunk in call.chunks():
        size += len(chunk)
        if size > MAX_BODY:
            raise errors.ApiError(413, f"The request body is larger than {MAX_BODY} bytes.")
        parts.append(chunk)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _parsed(call: service.Call) -> Any:
    if not call.raw:
        return None
    kind = call.headers.get("content-type", "application/json")
    if "json" not in kind and not call.raw.lstrip().startswith((b"{", b"[")):
        return None
    try:
        return msgspec.json.decode(call.raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise errors.ApiError(400, "The request body is not valid JSON.") from None


def _start(status: int, headers: dict[str, str]) -> Message:
    raw = [(name.encode("latin-1"), value.encode()) for name, value in headers.items()]
    return {"type": "http.response.start", "status": status, "headers": raw}


async def _drop(send: Send) -> None:
    # A body shorter than announced is the one way ASGI has to cut a connection off.
    await send(_start(502, {"content-length": "1", "connection": "close"}))


async def _send(call: service.Call, reply: service.Reply, send: Send) -> None:
    headers = reply.headers
    for name in ("X-Openstack-Request-Id", *call.service.request_id_headers):
        headers[name] = call.request_id
    given = {name.lower() for name in headers}
    if reply.file is not None:
        await _send_file(call, reply, headers, send)
        return
    body, kind = reply.body, ""
    if body is None:
        content = b""
    elif isinstance(body, bytes):
        content = body
    elif isinstance(body, str):
        content = body.encode()
        kind = "text/plain; charset=utf-8"
    else:
        content = msgspec.json.encode(body)
        kind = "application/json"
    if kind and "content-type" not in given:
        headers["Content-Type"] = kind
    if reply.status not in (204, 304) and "content-length" not in given:
        headers["Content-Length"] = str(len(content))
    await send(_start(reply.status, headers))
    await send({"type": "http.response.body", "body": b"" if call.method == "HEAD" else content})


async def _send_file(call: service.Call, reply: service.Reply, headers: dict[str, str], send: Send) -> None:
    assert reply.file is not None
    headers["Content-Length"] = str(reply.length)
    with reply.file.open("rb") as source:
        await send(_start(reply.status, headers))
        source.seek(reply.start)
        left = 0 if call.method == "HEAD" else reply.length
        while left > 0:
            chunk = source.read(min(_CHUNK, left))
            if not chunk:
                return
            left -= len(chunk)
            await send({"type": "http.response.body", "body": chunk, "more_body": left > 0})
        if call.method == "HEAD" or not reply.length:
            await send({"type": "http.response.body", "body": b""})
