"""A whole Hearth with its embedded cloud for the tests of somebody's own resource types, in this process.

    with Trial(plugin_dirs=[folder]) as trial:
        trial.create({"thing": {"type": "My::Net::Thing", "properties": {...}}})

Everything goes through the API, so a test sees what a user sees. A thread runs the service; nothing is left when the
block ends. The skeletons of `hearth resource-types new` use it; our own tests have finer means.
"""

import asyncio
import contextlib
import json
import pathlib
import socket
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Final

import uvicorn

from hearth.process import home as homes
from hearth.process import wiring

#: How much faster time passes in the cloud.
_CLOCK_RATE: Final = 100.0
_LOOK_AGAIN: Final = 0.05
_ENDED: Final = ("COMPLETE", "FAILED")


class Trial:
    """One stack of the user `admin`, which is changed and looked at."""

    def __init__(self, plugin_dirs: Sequence[pathlib.Path] = (), *, seconds: float = 60) -> None:
        """`plugin_dirs`: folders with types, beside those of installed packages. `seconds`: each action may take."""
        self._overrides = {"plugin_dirs": [str(one) for one in plugin_dirs], "action_retry_limit": 0}
        self._seconds = seconds
        self._folder = tempfile.TemporaryDirectory(prefix="hearth-trial-")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._token = self._project = self._path = ""

    def __enter__(self) -> "Trial":
        where = homes.Home(pathlib.Path(self._folder.name))
        where.prepare()
        app = wiring.everything(
            where, self._url, cloud_settings={"clock_rate": _CLOCK_RATE}, config_files=(), overrides=self._overrides
        )
        config = uvicorn.Config(app, log_config=None, lifespan="on", ws="none", access_log=False)
        self._server = uvicorn.Server(config)
        serving = self._server.serve(sockets=[self._listener])
        self._thread = threading.Thread(target=lambda: asyncio.run(serving), daemon=True)
        self._thread.start()
        self._sign_in()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()
        self._folder.cleanup()

    def create(self, resources: Mapping[str, Any]) -> None:
        """Make the stack of these resources. Raises AssertionError when that fails."""
        body = {"stack_name": "trial", "template": _template(resources)}
        made = self._request("POST", "/stacks", body)
        self._path = f"/stacks/trial/{made['stack']['id']}"
        self._until_complete()

    def update(self, resources: Mapping[str, Any]) -> None:
        """Bring the stack to these resources. Raises AssertionError when that fails."""
        self._request("PUT", self._path, {"template": _template(resources)})
        self._until_complete()

    def check(self) -> None:
        """Have all resources looked at. Raises AssertionError when one is not well."""
        self._request("POST", f"{self._path}/actions", {"check": None})
        self._until_complete()

    def delete(self) -> None:
        """Delete the stack. Raises AssertionError when that fails."""
        self._request("DELETE", self._path)
        with contextlib.suppress(LookupError):
            self._until_complete()

    def physical_id(self, name: str) -> str:
        """The id of a resource's object."""
        return str(self._resource(name)["physical_resource_id"])

    def attribute(self, name: str, attribute: str) -> Any:
        """The value of an attribute."""
        return self._resource(name)["attributes"][attribute]

    def differences(self) -> dict[str, dict[str, Any]]:
        """What of the live objects is not as the template says: `{resource: {property: actual value}}`."""
        found = self._request("POST", f"{self._path}/drift?detail=true", {})["drift"]["resources"]
        told = {one["resource_path"]: {each["property"]: each["actual"] for each in one["properties"]} for one in found}
        return {path: properties for path, properties in told.items() if properties}

    def refused(self, resources: Mapping[str, Any]) -> str:
        """Why these resources are not accepted. Raises AssertionError when they are."""
        try:
            self._request("POST", "/validate", {"template": _template(resources)})
        except AssertionError as error:
            return str(error)
        raise AssertionError("the template is accepted")

    def _resource(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self._request("GET", f"{self._path}/resources/{name}")["resource"]
        return found

    def _until_complete(self) -> None:
        ends = time.monotonic() + self._seconds
        while True:
            stack = self._request("GET", self._path)["stack"]
            if stack["stack_status"].endswith(_ENDED):
                break
            if time.monotonic() > ends:
                raise AssertionError(f"the stack is still {stack['stack_status']} after {self._seconds:g} s")
            time.sleep(_LOOK_AGAIN)
        if not stack["stack_status"].endswith("COMPLETE"):
            raise AssertionError(f"{stack['stack_status']}: {stack['stack_status_reason']}")

    def _sign_in(self) -> None:
        user = {"name": "admin", "domain": {"id": "default"}, "password": homes.PASSWORD}
        identity = {"methods": ["password"], "password": {"user": user}}
        scope = {"project": {"name": "admin", "domain": {"id": "default"}}}
        body = {"auth": {"identity": identity, "scope": scope}}
        with self._send("POST", "/identity/v3/auth/tokens", body) as answer:
            self._token = answer.headers["X-Subject-Token"]
            self._project = json.load(answer)["token"]["project"]["id"]

    def _request(self, method: str, path: str, body: Any = None) -> Any:
        with self._send(method, f"/orchestration/v1/{self._project}{path}", body) as answer:
            text = answer.read()
        return json.loads(text) if text.strip().startswith((b"{", b"[")) else None

    def _send(self, method: str, path: str, body: Any) -> Any:
        data = json.dumps(body).encode() if body is not None else None
        headers = {"Content-Type": "application/json", "X-Auth-Token": self._token}
        request = urllib.request.Request(self._url + path, data, headers, method=method)
        try:
            return urllib.request.urlopen(request, timeout=self._seconds)
        except urllib.error.HTTPError as error:
            told = error.read().decode()
            if error.code == 404:
                raise LookupError(told) from error
            raise AssertionError(f"{method} {path}: {error.code} {told}") from error


def _template(resources: Mapping[str, Any]) -> dict[str, Any]:
    return {"heat_template_version": "2021-04-16", "resources": dict(resources)}
