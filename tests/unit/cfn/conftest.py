"""A whole Hearth as `hearth up` runs it, in this process: embedded cloud, APIs and engine behind one address."""

import asyncio
import contextlib
import dataclasses
import pathlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import uvicorn

from hearth.process import home as homes
from hearth.process import wiring


@dataclasses.dataclass
class Hearth:
    """An address, and a user of it (demo)."""

    http: aiohttp.ClientSession
    url: str
    token: str = ""
    project: str = ""
    user: str = ""

    async def log_in(self, user: str, project: str = "") -> "Hearth":
        """The same as another user, in a project; by default that of the user's name."""
        domain = {"name": "Default"}
        identity = {
            "methods": ["password"],
            "password": {"user": {"name": user, "domain": domain, "password": homes.PASSWORD}},
        }
        body = {"auth": {"identity": identity, "scope": {"project": {"name": project or user, "domain": domain}}}}
        async with self.http.post(f"{self.url}/identity/v3/auth/tokens", json=body) as answer:
            given = (await answer.json())["token"]
            token = answer.headers["X-Subject-Token"]
        return dataclasses.replace(self, token=token, project=given["project"]["id"], user=given["user"]["id"])

    async def api(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """A request to the native API, below the project's address."""
        url = f"{self.url}/orchestration/v1/{self.project}{path}"
        return await self.send(method, url, json=body, headers={"X-Auth-Token": self.token})

    async def identity(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """A request to Keystone."""
        return await self.send(method, f"{self.url}/identity/v3{path}", json=body, headers={"X-Auth-Token": self.token})

    async def send(self, method: str, url: str, **more: Any) -> tuple[int, Any]:
        """Any request; JSON decoded."""
        # The address is signed as it stands: nothing of it may be spelled anew.
        async with self.http.request(method, aiohttp.client.URL(url, encoded=True), **more) as answer:
            json_body = "json" in answer.headers.get("Content-Type", "")
            return answer.status, await answer.json() if json_body else await answer.text()

    async def create(self, template: Any, name: str = "web", wanted: str = "CREATE_COMPLETE") -> str:
        """Make a stack; its path below the project's address."""
        status, body = await self.api("POST", "/stacks", {"stack_name": name, "template": template})
        assert status == 201, body
        path = f"/stacks/{name}/{body['stack']['id']}"
        await self.until(path, wanted)
        return path

    async def until(self, path: str, wanted: str) -> None:
        """Wait for a state of a stack."""
        async with asyncio.timeout(30):
            while (seen := (await self.api("GET", path))[1]["stack"])["stack_status"] != wanted:
                assert not seen["stack_status"].endswith("FAILED"), seen["stack_status_reason"]
                await asyncio.sleep(0.02)

    async def outputs(self, path: str) -> dict[str, Any]:
        """The outputs of a stack."""
        shown = (await self.api("GET", path))[1]["stack"]["outputs"]
        return {one["output_key"]: one["output_value"] for one in shown}


@pytest.fixture
def configuration() -> str:
    """The text of a configuration file."""
    return ""


@pytest.fixture
async def hearth(tmp_path: pathlib.Path, configuration: str) -> AsyncIterator[Hearth]:
    """Everything, and the user demo."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    home = homes.Home(tmp_path)
    home.prepare()
    file = tmp_path / "hearth.conf"
    file.write_text(configuration)
    app = wiring.everything(home, url, cloud_settings={}, config_files=[file], overrides={})
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on", ws="none", access_log=False))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    async with asyncio.timeout(30):
        while not server.started:  # noqa: ASYNC110 - the server does not say
            await asyncio.sleep(0.01)
    async with aiohttp.ClientSession() as http:
        yield await Hearth(http, url).log_in("demo")
    server.should_exit = True
    with contextlib.suppress(asyncio.CancelledError):
        await task
    listener.close()
