"""The dashboard as an ASGI application: its files, and the way in.

Everything else the pages ask of the orchestration API, which stands at the same origin, with the user's own token; so
nothing can be done here that the API would not allow. The rules that pages are served with let no script run but ours.
"""

import asyncio
import hashlib
import pathlib
import time

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from hearth.cloud import transport
from hearth.dashboard import sign_in
from hearth.model import pacing

_FILES = pathlib.Path(__file__).parent / "static"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
#: Where the page finds the API; filled in where it stands in the page.
_API = "{{api}}"
_MOST_BYTES = 32_768
#: Tries of one address in a minute to sign in: enough for people, few for who guesses passwords.
_TRIES_PER_MINUTE = 30


def create_app(wire: transport.Transport, auth_url: str, api: str) -> ASGIApp:
    """The application, to be mounted below a path that ends the way in. `api`: path of the API, relative to that."""
    door = sign_in.Door(wire, auth_url)
    pace = pacing.Pace(writes=_TRIES_PER_MINUTE)
    files = {one.name: _File(one, api) for one in _FILES.iterdir() if one.suffix in _TYPES}

    async def page(request: Request) -> Response:
        return files["index.html"].answer(request)

    async def file(request: Request) -> Response:
        found = files.get(request.path_params["name"])
        return found.answer(request) if found is not None else _said(404, "There is nothing at this address.")

    async def enter(request: Request) -> Response:
        try:
            pace.keep(request.client.host if request.client else "", request.method, time.monotonic())
            given = sign_in.Request.from_wire(await _body(request))
            return _json(200, await door.enter(given))
        except pacing.TooFast as refused:
            return _said(429, "Too many tries; wait a moment.", refused.headers)
        except sign_in.Refused as refused:
            return _said(refused.status, str(refused))

    async def leave(request: Request) -> Response:
        try:
            await door.leave(request.headers.get("x-auth-token", ""))
        except sign_in.Refused as refused:
            return _said(refused.status, str(refused))
        return Response(status_code=204, headers=_HEADERS)

    return Starlette(
        routes=[
            Route("/", page),
            Route("/session", enter, methods=["POST"]),
            Route("/session", leave, methods=["DELETE"]),
            Route("/{name}", file),
        ]
    )


class _File:
    """One file, read once."""

    def __init__(self, path: pathlib.Path, api: str) -> None:
        text = path.read_bytes()
        self._content = text.replace(_API.encode(), api.encode()) if path.suffix == ".html" else text
        self._headers = {
            **_HEADERS,
            "Content-Type": _TYPES[path.suffix],
            "ETag": f'"{hashlib.sha256(self._content).hexdigest()[:16]}"',
        }

    def answer(self, request: Request) -> Response:
        """The file, unless the browser has it."""
        if request.headers.get("if-none-match") == self._headers["ETag"]:
            return Response(status_code=304, headers=self._headers)
        return Response(self._content, headers=self._headers)


async def _body(request: Request) -> object:
    # Pages of other origins cannot send this type without being allowed to, so they cannot sign a browser in.
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise sign_in.Refused(415, "JSON is expected.")
    text = b""
    async with asyncio.timeout(30):
        async for chunk in request.stream():
            text += chunk
            if len(text) > _MOST_BYTES:
                raise sign_in.Refused(413, f"More than {_MOST_BYTES} bytes are not taken here.")
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise sign_in.Refused(400, f"This is no JSON: {error}") from error


def _json(status: int, body: object, headers: dict[str, str] | None = None) -> Response:
    more = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return Response(msgspec.json.encode(body), status, {**_HEADERS, **more, **(headers or {})})


def _said(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    return _json(status, {"error": {"message": message}}, headers)
