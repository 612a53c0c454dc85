"""A client that calls the embedded cloud's ASGI application without a socket, for tests of all its services."""

import asyncio
import dataclasses
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

import pytest

from hearth.localcloud import app
from hearth.localcloud.core.cloud import Cloud, Settings


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class CloudClient:
    """Requests to one cloud, as one user: `client.get("/network/v2.0/networks").json()`."""

    def __init__(self, cloud: Cloud, loop: asyncio.AbstractEventLoop, token: str | None = None) -> None:
        self.cloud = cloud
        self.app = app.create_app(cloud)
        self.loop = loop
        self.token = token

    def request(
        self,
        method: str,
        url: str,
        body: Any = None,
        *,
        data: bytes | None = None,
        headers: dict[str, str] | None = None,
        client: str = "127.0.0.1",
    ) -> Answer:
        """`body` is sent as JSON, `data` as it is. The status is 0 where no answer came."""
        path, _, query = url.removeprefix(self.cloud.base_url).partition("?")
        sent = {"host": "cloud.test", **{name.lower(): value for name, value in (headers or {}).items()}}
        if self.token is not None:
            sent.setdefault("x-auth-token", self.token)
        if body is not None:
            data = json.dumps(body).encode()
            sent.setdefault("content-type", "application/json")
        scope = {
            "type": "http",
            "method": method,
            "path": unquote(path),
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
            "client": (client, 50000),
            "server": ("cloud.test", 80),
            "scheme": "http",
            "http_version": "1.1",
        }
        messages: list[dict[str, Any]] = []
        # The client leaves when it has been asked for more than it had to say.
        said = iter([{"type": "http.request", "body": data or b"", "more_body": False}])

        async def receive() -> dict[str, Any]:
            return next(said, {"type": "http.disconnect"})

        async def send(message: Any) -> None:
            messages.append(message)

        self.loop.run_until_complete(self.app(scope, receive, send))
        start = messages[0] if messages else {"status": 0, "headers": []}
        return Answer(
            start["status"],
            {name.decode("latin-1").lower(): value.decode() for name, value in start["headers"]},
            b"".join(message.get("body", b"") for message in messages[1:]),
        )

    def get(self, url: str, **options: Any) -> Answer:
        return self.request("GET", url, **options)

    def post(self, url: str, body: Any = None, **options: Any) -> Answer:
        return self.request("POST", url, body, **options)

    def put(self, url: str, body: Any = None, **options: Any) -> Answer:
        return self.request("PUT", url, body, **options)

    def patch(self, url: str, body: Any = None, **options: Any) -> Answer:
        return self.request("PATCH", url, body, **options)

    def delete(self, url: str, **options: Any) -> Answer:
        return self.request("DELETE", url, **options)

    def log_in(self, user: str, project: str | None = None, password: str = "secret") -> "CloudClient":
        """Another client of the same cloud, as another user of the domain Default."""
        domain = {"id": "default"}
        identity = {
            "methods": ["password"],
            "password": {"user": {"name": user, "domain": domain, "password": password}},
        }
        scope: Any = {"project": {"name": project, "domain": domain}} if project else "unscoped"
        answer = self.post("/identity/v3/auth/tokens", {"auth": {"identity": identity, "scope": scope}})
        assert answer.status == 201, answer.body
        return CloudClient(self.cloud, self.loop, answer.headers["x-subject-token"])

    def as_nobody(self) -> "CloudClient":
        """Somebody who has not signed in."""
        return CloudClient(self.cloud, self.loop)

    def as_admin(self) -> "CloudClient":
        """The administrator, in project admin."""
        return self.log_in("admin", "admin")


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


@pytest.fixture
def open_client(loop: asyncio.AbstractEventLoop) -> Iterator[Callable[..., CloudClient]]:
    """Opens further clouds: `open_client(data_dir, build_seconds=0)`, a client without a token."""
    clouds: list[Cloud] = []

    def opened(data_dir: Any = None, **settings: Any) -> CloudClient:
        cloud = app.open_cloud(data_dir, Settings(**settings), "http://cloud.test")
        clouds.append(cloud)
        return CloudClient(cloud, loop)

    yield opened
    for cloud in clouds:
        cloud.close()


@pytest.fixture
def cloud_client(open_client: Callable[..., CloudClient]) -> CloudClient:
    """User demo in project demo, on a fresh cloud in memory. Also: `.as_admin()`, `.cloud.clock.advance(seconds)`."""
    return open_client().log_in("demo", "demo")
