"""A whole Hearth in this process: embedded cloud, API and engine at one address, used over HTTP as a user does.

`Living` works with stacks through the REST API; `cloud` is the user's own access to the services, to change objects
behind Hearth's back.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import uvicorn

from hearth.cloud import credentials, errors, session, settings
from hearth.process import home, wiring

#: Virtual seconds of the cloud in a real one: nothing takes long.
FAST = 100.0
#: Seconds between two looks at something that takes its time.
LOOK_AGAIN = 0.02


class Living:
    """The API, and the cloud behind it, as one user."""

    def __init__(self, cloud: session.Session, domain_admin: session.Session, connector: credentials.Connector) -> None:
        self.cloud = cloud
        self.domain_admin = domain_admin
        self._connector = connector

    async def as_stack_user(self, user_id: str, password: str, project_id: str) -> session.Session:
        """Access as what acts inside a server."""
        return await self._connector.session(credentials.StackUser(user_id, password, project_id))

    async def api(self, method: str, path: str, body: Any = None, **params: Any) -> Any:
        """A request to the orchestration API; the answer's body."""
        return (await self.cloud.request("orchestration", method, path, json=body, params=params)).body

    async def create(self, name: str, template: Any, **more: Any) -> "Stack":
        """Make a stack and wait until it is there."""
        stack = await self.begin(name, template, **more)
        await stack.until("CREATE_COMPLETE")
        return stack

    async def begin(self, name: str, template: Any, **more: Any) -> "Stack":
        """Begin to make a stack."""
        body = {"stack_name": name, "template": template, **more}
        made = await self.api("POST", "/stacks", body)
        return Stack(self, f"/stacks/{name}/{made['stack']['id']}")


class Stack:
    """One stack, through the API."""

    def __init__(self, living: Living, path: str) -> None:
        self.living = living
        self.path = path

    async def show(self) -> dict[str, Any]:
        return (await self.living.api("GET", self.path))["stack"]  # type: ignore[no-any-return]

    async def until(self, *wanted: str, seconds: float = 30) -> dict[str, Any]:
        """Wait until nothing goes on; the state must be one of those."""
        async with asyncio.timeout(seconds):
            while True:
                stack = await self.show()
                if not stack["stack_status"].endswith("IN_PROGRESS"):
                    break
                await asyncio.sleep(LOOK_AGAIN)
        assert stack["stack_status"] in wanted, (stack["stack_status"], stack["stack_status_reason"])
        return stack

    async def resource(self, name: str) -> dict[str, Any]:
        return (await self.living.api("GET", f"{self.path}/resources/{name}"))["resource"]  # type: ignore[no-any-return]

    async def physical_id(self, name: str) -> str:
        return str((await self.resource(name))["physical_resource_id"])

    async def update(self, *ended: str, **body: Any) -> None:
        """Update what is given, keep the rest, and wait for the end."""
        await self.living.api("PATCH", self.path, body)
        await self.until(*(ended or ("UPDATE_COMPLETE",)))

    async def plan(self, **body: Any) -> dict[str, dict[str, Any]]:
        """What such an update would do: `{resource name: change}`."""
        answer = await self.living.api("PATCH", f"{self.path}/preview", body, show_nested="true")
        return {
            one["resource_name"]: one["change"] for several in answer["resource_changes"].values() for one in several
        }

    async def check(self, *ended: str) -> dict[str, Any]:
        await self.living.api("POST", f"{self.path}/actions", {"check": None})
        return await self.until(*ended)

    async def look(self, **body: Any) -> "Drift":
        """Look at the live objects, and decide."""
        return Drift((await self.living.api("POST", f"{self.path}/drift", body, detail="true"))["drift"])

    async def drift(self) -> "Drift":
        """What was seen last."""
        return Drift((await self.living.api("GET", f"{self.path}/drift", detail="true"))["drift"])

    async def delete(self) -> None:
        await self.living.api("DELETE", self.path)
        with contextlib.suppress(errors.NotFound):
            await self.until("DELETE_COMPLETE")


class Drift:
    """An answer of the drift API."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.drifted: bool = answer["drifted"]
        self.counts: dict[str, int] = answer["counts"]
        self.resources = {one["resource_path"]: one for one in answer["resources"]}

    def condition(self, path: str) -> str:
        return str(self.resources[path]["condition"])

    def differences(self, path: str) -> dict[str, tuple[Any, Any]]:
        """`{property: (expected, actual)}`."""
        return {one["property"]: (one["expected"], one["actual"]) for one in self.resources[path]["properties"]}

    def open(self) -> dict[str, Any]:
        """All that is not as expected, for messages of failed tests."""
        return {
            path: (one["condition"], one["reason"], self.differences(path))
            for path, one in self.resources.items()
            if one["condition"] != "same"
        }


@contextlib.asynccontextmanager
async def running(folder: Any, configuration: str = "", **options: Any) -> AsyncIterator[str]:
    """A Hearth that keeps everything in a folder; its address. `configuration`: further text of a heat.conf."""
    file = folder / "heat.conf"
    file.write_text(configuration)
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    where = home.Home(folder)
    where.prepare()
    app = wiring.everything(
        where,
        url,
        cloud_settings={"clock_rate": FAST},
        config_files=(file,),
        overrides={"action_retry_limit": 0, **options},
    )
    config = uvicorn.Config(app, log_config=None, lifespan="on", ws="none", access_log=False)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    # Requests sent before the server is up wait in the socket's queue.
    try:
        yield url
    finally:
        server.should_exit = True
        await serving
        listener.close()


@contextlib.asynccontextmanager
async def signed_in(url: str, user: str) -> AsyncIterator[Living]:
    """Hearth as a user sees it, in the project of the same name."""
    auth_url = f"{url}/identity/v3"
    options = {
        "auth_url": auth_url,
        "username": user,
        "password": home.PASSWORD,
        "user_domain_name": "Default",
        "project_name": user,
        "project_domain_name": "Default",
    }
    chosen = settings.CloudSettings(
        auth_url=auth_url,
        service=settings.AuthSection("password", options),
        stack_domain=settings.StackDomain(None, "heat", "heat_domain_admin", home.PASSWORD),
    )
    connector = credentials.Connector(chosen)
    try:
        access = await connector.session(credentials.ServiceUser())
        yield Living(access, await connector.session(credentials.StackDomainAdmin()), connector)
    finally:
        await connector.close()
