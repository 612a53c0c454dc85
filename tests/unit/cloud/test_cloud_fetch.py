"""Users may have templates fetched from anywhere but from where the process itself stands."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from hearth.cloud import addresses, fetch
from hearth.model import errors

HERE = addresses.FetchRules(timeout=5, allowed=addresses.networks(["127.0.0.0/8"]))
STRICT = addresses.FetchRules(timeout=5)


@pytest.fixture
async def site() -> AsyncIterator[str]:
    async def template(request: web.Request) -> web.Response:
        return web.Response(text="heat_template_version: 2021-04-16 # ö")

    async def moved(request: web.Request) -> web.Response:
        raise web.HTTPFound(request.query.get("to", "/template"))

    async def loop(request: web.Request) -> web.Response:
        raise web.HTTPFound("/loop")

    async def binary(request: web.Request) -> web.Response:
        return web.Response(body=b"\xff\xfe")

    app = web.Application()
    app.router.add_get("/template", template)
    app.router.add_get("/moved", moved)
    app.router.add_get("/loop", loop)
    app.router.add_get("/binary", binary)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


async def test_text_is_fetched_through_redirects(site: str) -> None:
    assert "2021-04-16 # ö" in await fetch.fetch(f"{site}/moved", HERE, 1000)


REFUSED = [
    ("/missing", 1000, errors.BadRequest, "answered 404"),
    ("/binary", 1000, errors.BadRequest, "not UTF-8"),
    ("/template", 10, errors.LimitExceeded, "10 bytes"),
    ("/loop", 1000, errors.BadRequest, "more than 5 redirects"),
    ("/moved?to=file:///etc/passwd", 1000, errors.BadRequest, "only http and https"),
    ("/moved?to=http://169.254.169.254/", 1000, errors.BadRequest, "must not be fetched"),
]


@pytest.mark.parametrize(("path", "limit", "kind", "words"), REFUSED)
async def test_refused(site: str, path: str, limit: int, kind: type[errors.HearthError], words: str) -> None:
    with pytest.raises(kind, match=words):
        await fetch.fetch(site + path, HERE, limit)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "0.0.0.0",
        "[::ffff:127.0.0.1]",
        "169.254.169.254",
        "①②⑦.0.0.1",
        "127。0。0。1",
        "0x7f.1",
    ],
)
async def test_our_own_machine_is_out_of_reach(host: str) -> None:
    with pytest.raises(errors.BadRequest, match="must not be fetched"):
        await fetch.fetch(f"http://{host}:1/template", STRICT, 1000)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://h/x", "template.yaml", "http://", "http://h:port/"])
async def test_urls_that_are_none(url: str) -> None:
    with pytest.raises(errors.BadRequest, match="Cannot fetch"):
        await fetch.fetch(url, STRICT, 1000)
