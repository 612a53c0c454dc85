"""A real Keystone for these tests: the embedded cloud, on a socket of its own."""

import socket
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from cloud_serving import served

from hearth.cloud import credentials, settings
from hearth.localcloud import app
from hearth.localcloud.core import cloud as clouds


@pytest.fixture
async def cloud_url() -> AsyncIterator[str]:
    """The address of an embedded cloud, fresh and seeded."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    cloud = app.open_cloud(None, clouds.Settings(), url)
    async with served(app.create_app(cloud), listener):
        yield url
    cloud.close()


def password(url: str, user: str, project: str | None, secret: str = "secret") -> settings.AuthSection:
    """A user of the embedded cloud."""
    options: Mapping[str, Any] = {
        "auth_url": f"{url}/identity/v3",
        "username": user,
        "password": secret,
        "user_domain_name": "Default",
    }
    scope = {"project_name": project, "project_domain_name": "Default"} if project else {}
    return settings.AuthSection("password", {**options, **scope})


@pytest.fixture
def options(cloud_url: str) -> settings.CloudSettings:
    """Settings for the embedded cloud with the service user heat, who is the trustee as well."""
    return settings.CloudSettings(
        auth_url=f"{cloud_url}/identity/v3",
        service=password(cloud_url, "heat", "service"),
        trustee=password(cloud_url, "heat", None),
        region="RegionOne",
    )


@pytest.fixture
async def connector(options: settings.CloudSettings) -> AsyncIterator[credentials.Connector]:
    """A connector to the embedded cloud."""
    made = credentials.Connector(options)
    yield made
    await made.close()


@pytest.fixture
async def demo_token(options: settings.CloudSettings, cloud_url: str) -> AsyncIterator[str]:
    """A token of the user demo."""
    as_demo = credentials.Connector(
        settings.CloudSettings(auth_url=options.auth_url, service=password(cloud_url, "demo", "demo"))
    )
    session = await as_demo.session(credentials.ServiceUser())
    yield await session.token()
    await as_demo.close()
