"""A whole orchestration service on an embedded cloud, behind a socket, for tests of whole requests."""

import asyncio
import contextlib
import dataclasses
import pathlib
import secrets
import socket
from collections.abc import AsyncIterator, Mapping
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
def options() -> Mapping[str, Mapping[str, Any]]:
    """Configuration of the service over the common one: `{section: {option: value}}`; a test's own takes its place."""
    return {}


@pytest.fixture
async def hearth(tmp_path: pathlib.Path, options: Mapping[str, Mapping[str, Any]]) -> AsyncIterator[str]:
    """The address of an embedded cloud with the orchestration API under /orchestration."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    cloud = localcloud.open_cloud(None, clouds.Settings(), url)
    service = _login(url, "heat", "service")
    conf = config.load(
        overrides={
            **{section: values for section, values in options.items() if section != "DEFAULT"},
            "DEFAULT": {
                "auth_encryption_key": secrets.token_hex(16),
                "max_json_body_size": 20_000,
                "max_software_configs_per_tenant": 5,
                "max_software_deployments_per_tenant": 5,
                "stack_user_domain_name": "heat",
                "stack_domain_admin": "heat_domain_admin",
                "stack_domain_admin_password": "secret",
                **options.get("DEFAULT", {}),
            },
            "database": {"connection": f"sqlite:///{tmp_path / 'hearth.sqlite'}"},
            "keystone_authtoken": {
                "auth_type": "password",
                **service.options,
                **options.get("keystone_authtoken", {}),
            },
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
async def _client(hearth: str, user: str, project: str | None = None) -> AsyncIterator[Client]:
    login = credentials.Connector(
        settings.CloudSettings(auth_url=f"{hearth}/identity/v3", service=_login(hearth, user, project or user))
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


async def identity(client: Client, method: str, path: str, body: Any = None) -> Any:
    """What Keystone answers to a request that has to succeed."""
    url = f"{client.base.removesuffix('/orchestration')}/identity/v3/{path}"
    async with client.http.request(method, url, json=body, headers={"X-Auth-Token": client.token}) as answer:
        assert answer.status < 300, await answer.text()
        return await answer.json() if answer.status != 204 else None


async def new_user(admin: Client, name: str, role: str, project: str) -> None:
    """Make a user with a role in a project."""
    user = await identity(admin, "POST", "users", {"user": {"name": name, "password": "secret"}})
    roles = await identity(admin, "GET", f"roles?name={role}")
    await identity(admin, "PUT", f"projects/{project}/users/{user['user']['id']}/roles/{roles['roles'][0]['id']}")


@pytest.fixture
async def stranger(hearth: str, admin: Client) -> AsyncIterator[Client]:
    """A client of a user who is a member of a project of its own."""
    project = await identity(admin, "POST", "projects", {"project": {"name": "stranger"}})
    await new_user(admin, "stranger", "member", project["project"]["id"])
    async with _client(hearth, "stranger") as client:
        yield client


@pytest.fixture
async def reader(hearth: str, admin: Client, demo: Client) -> AsyncIterator[Client]:
    """A client of a user who may only read in the project of demo."""
    await new_user(admin, "reader", "reader", demo.tenant)
    async with _client(hearth, "reader", "demo") as client:
        yield client


@pytest.fixture
async def member(hearth: str, admin: Client, demo: Client) -> AsyncIterator[Client]:
    """A client of another member of the project of demo."""
    await new_user(admin, "member", "member", demo.tenant)
    async with _client(hearth, "member", "demo") as client:
        yield client
