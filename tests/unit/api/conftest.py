"""A whole orchestration service on an embedded cloud, behind a socket, for tests of whole requests."""

import asyncio
import contextlib
import dataclasses
import pathlib
import secrets
import socket
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import uvicorn

from hearth.cloud import config, credentials, settings
from hearth.localcloud import app as localcloud
from hearth.localcloud.core import cloud as clouds
from hearth.process import orchestration, serving


@contextlib.asynccontextmanager
async def _served(application: Any, listener: socket.socket) -> AsyncIterator[None]:
    server = uvicorn.Server(uvicorn.Config(application, log_config=None, lifespan="on", ws="none", access_log=False))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await task
        listener.close()


@dataclasses.dataclass
class Client:
    """Speaks to the API as one user. `tenant`: the user's project."""

    http: aiohttp.ClientSession
    base: str
    tenant: str
    token: str

    async def call(
        self, method: str, path: str, body: Any = None, *, data: bytes | None = None, **headers: str
    ) -> tuple[int, Any, Any]:
        """Status, body and headers of an answer. `path` is below the project's URL, or absolute ("/...")."""
        url = self.base + path if path.startswith("/") else f"{self.base}/v1/{self.tenant}/{path}"
        sent = {"X-Auth-Token": self.token, **{name.replace("_", "-"): value for name, value in headers.items()}}
        async with self.http.request(method, url, json=body, data=data, headers=sent, allow_redirects=False) as answer:
            json_body = "json" in answer.headers.get("Content-Type", "")
            return answer.status, await answer.json() if json_body else await answer.text(), answer.headers


def _login(url: str, user: str, project: str) -> settings.AuthSection:
    return settings.AuthSection(
        "password",
        {
            "auth_url": f"{url}/identity/v3",
            "username": user,
            "password": "secret",
            "project_name": project,
            "user_domain_name": "Default",
            "project_domain_name": "Default",
        },
    )


@pytest.fixture
async def hearth(tmp_path: pathlib.Path) -> AsyncIterator[str]:
    """The address of an embedded cloud with the orchestration API under /orchestration."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    cloud = localcloud.open_cloud(None, clouds.Settings(), url)
    service = _login(url, "heat", "service")
    conf = config.load(
        overrides={
            "DEFAULT": {
                "auth_encryption_key": secrets.token_hex(16),
                "max_json_body_size": 20_000,
                "max_software_configs_per_tenant": 5,
                "max_software_deployments_per_tenant": 5,
                "stack_user_domain_name": "heat",
                "stack_domain_admin": "heat_domain_admin",
                "stack_domain_admin_password": "secret",
            },
            "database": {"connection": f"sqlite:///{tmp_path / 'hearth.sqlite'}"},
            "keystone_authtoken": {"auth_type": "password", **service.options},
        }
    )
    parts = orchestration.Orchestration(conf)
    assert parts.api is not None

    @contextlib.asynccontextmanager
    async def running() -> AsyncIterator[None]:
        await parts.start()
        yield
        await parts.stop()
        cloud.close()

    mounts: dict[str, Any] = {"": localcloud.create_app(cloud), "/orchestration": parts.api}
    async with _served(serving.combine(mounts, running), listener):
        yield url


@contextlib.asynccontextmanager
async def _client(hearth: str, user: str) -> AsyncIterator[Client]:
    login = credentials.Connector(
        settings.CloudSettings(auth_url=f"{hearth}/identity/v3", service=_login(hearth, user, user))
    )
    session = await login.session(credentials.ServiceUser())
    async with aiohttp.ClientSession() as http:
        yield Client(http, f"{hearth}/orchestration", session.project_id or "", await session.token())
    await login.close()


@pytest.fixture
async def demo(hearth: str) -> AsyncIterator[Client]:
    """A client of the user demo."""
    async with _client(hearth, "demo") as client:
        yield client


@pytest.fixture
async def admin(hearth: str) -> AsyncIterator[Client]:
    """A client of the user admin."""
    async with _client(hearth, "admin") as client:
        yield client


@pytest.fixture
async def stranger(hearth: str, admin: Client) -> AsyncIterator[Client]:
    """A client of a user who is a member of a project of its own."""

    async def make(method: str, path: str, body: Any = None) -> Any:
        headers = {"X-Auth-Token": admin.token}
        async with admin.http.request(method, f"{hearth}/identity/v3/{path}", json=body, headers=headers) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json() if answer.status != 204 else None

    project = await make("POST", "projects", {"project": {"name": "stranger"}})
    user = await make("POST", "users", {"user": {"name": "stranger", "password": "secret"}})
    roles = await make("GET", "roles?name=member")
    granted = f"projects/{project['project']['id']}/users/{user['user']['id']}/roles/{roles['roles'][0]['id']}"
    await make("PUT", granted)
    async with _client(hearth, "stranger") as client:
        yield client
