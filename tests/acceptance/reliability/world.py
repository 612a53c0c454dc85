"""One Hearth that is killed and started again, as a client sees it: requests, states, what the cloud holds."""

import contextlib
import http.client
import json
import pathlib
import sqlite3
import threading
import time
from collections.abc import Mapping
from typing import Any

from reliability import lives

#: (service path, key of the list). Everything that a stack of these tests can make, as the services list it.
COLLECTIONS = (
    ("/compute/v2.1/servers/detail", "servers"),
    ("/network/v2.0/networks", "networks"),
    ("/network/v2.0/subnets", "subnets"),
    ("/network/v2.0/routers", "routers"),
    ("/network/v2.0/ports", "ports"),
    ("/network/v2.0/floatingips", "floatingips"),
    ("/network/v2.0/security-groups", "security_groups"),
    ("/network/v2.0/security-group-rules", "security_group_rules"),
    ("/volume/v3/{project}/volumes/detail", "volumes"),
)
#: No answer came: the process was killed.
LOST = (OSError, http.client.HTTPException)
_LOOK_SECONDS = 0.03
_END_SECONDS = 40


class World:
    """One Hearth over a folder. `split`: the cloud is a process of its own that lives on."""

    def __init__(self, folder: pathlib.Path, *, split: bool = False, **cloud: Any) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._log = folder / "lives.log"
        self._port = lives.free_port()
        self._cloud_settings = {"build_seconds": 0.1, "volume_seconds": 0.1, "delete_seconds": 0.05, **cloud}
        self._cloud = lives.Life(lives.cloud, self._log, lives.free_port(), folder) if split else None
        if self._cloud is not None:
            lives.call(f"{self._cloud.url}/admin/settings", "PUT", body=self._cloud_settings)
        self.killed = 0
        self._life: lives.Life | None = None
        self.start()
        self.log_in()

    # ---- processes

    def start(self) -> None:
        """Bring the engine to life (again)."""
        if self._cloud is None:
            self._life = lives.Life(lives.up, self._log, self._port, self.folder, self._cloud_settings, {})
        else:
            self._life = lives.Life(lives.orchestration, self._log, self._port, self.folder, self._cloud.url)

    def kill(self) -> None:
        """Kill the engine's process now, and wait until it is gone."""
        assert self._life is not None
        self._life.end()

    def close(self) -> None:
        """End all processes."""
        for life in (self._life, self._cloud):
            if life is not None:
                life.end()

    # ---- requests

    @property
    def cloud_url(self) -> str:
        return self._cloud.url if self._cloud is not None else f"http://127.0.0.1:{self._port}"

    @property
    def _stacks_url(self) -> str:
        prefix = "" if self._cloud is not None else "/orchestration"
        return f"http://127.0.0.1:{self._port}{prefix}/v1/{self.project}/stacks"

    def log_in(self) -> None:
        """Get a new token."""
        domain = {"name": "Default"}
        user = {"name": "demo", "password": "secret", "domain": domain}
        body = {
            "auth": {
                "identity": {"methods": ["password"], "password": {"user": user}},
                "scope": {"project": {"name": "demo", "domain": domain}},
            }
        }
        status, answer, headers = lives.call(f"{self.cloud_url}/identity/v3/auth/tokens", "POST", body=body)
        assert status == 201, answer
        self._token: str = headers["X-Subject-Token"]
        self.project: str = answer["token"]["project"]["id"]

    def ask(self, path: str) -> Any:
        """GET from the cloud."""
        url = self.cloud_url + path.format(project=self.project)
        status, answer, _ = lives.call(url, "GET", self._token)
        assert status == 200, (path, answer)
        return answer

    def fault(self, **rule: Any) -> None:
        """Let something go wrong in the cloud."""
        status, answer, _ = lives.call(f"{self.cloud_url}/admin/faults", "POST", body=rule)
        assert status == 201, answer

    def no_faults(self) -> None:
        lives.call(f"{self.cloud_url}/admin/faults", "DELETE")

    def send(self, method: str, name: str, template: Any = None, **more: Any) -> int:
        """Ask for an action of a stack; the answer's status."""
        if method == "POST":
            body = {"stack_name": name, "template": template, "timeout_mins": 5, **more}
            return lives.call(self._stacks_url, method, self._token, body)[0]
        status, answer, _ = lives.call(f"{self._stacks_url}/{name}", "GET", self._token)
        if status != 200:
            return status
        where = f"{self._stacks_url}/{name}/{answer['stack']['id']}"
        body = {"template": template, **more} if template is not None else None
        return lives.call(where, method, self._token, body)[0]

    def show(self, name: str) -> dict[str, Any] | None:
        """The stack; None when there is none (any more)."""
        status, answer, _ = lives.call(f"{self._stacks_url}/{name}", "GET", self._token)
        assert status in (200, 404), answer
        return answer["stack"] if status == 200 else None

    def resources(self, name: str) -> dict[str, dict[str, Any]]:
        """The stack's resources by name."""
        shown = self.show(name)
        assert shown is not None
        url = f"{self._stacks_url}/{name}/{shown['id']}/resources"
        return {one["resource_name"]: one for one in lives.call(url, "GET", self._token)[1]["resources"]}

    def events(self, name: str, resource: str) -> list[dict[str, Any]]:
        """The events of one resource, oldest first."""
        shown = self.show(name)
        assert shown is not None
        url = f"{self._stacks_url}/{name}/{shown['id']}/resources/{resource}/events?sort_dir=asc"
        found: list[dict[str, Any]] = lives.call(url, "GET", self._token)[1]["events"]
        return found

    # ---- stories

    def until_ended(self, name: str) -> str:
        """The state in which the stack's action ended; DELETE_COMPLETE when there is no such stack."""
        until = time.monotonic() + _END_SECONDS
        while True:
            shown = self.show(name)
            status = "DELETE_COMPLETE" if shown is None else str(shown["stack_status"])
            if not status.endswith("IN_PROGRESS"):
                return status if shown is None or status.endswith("COMPLETE") else f"{status}: {reason(shown)}"
            assert time.monotonic() < until, f"{status} for {_END_SECONDS} s: {self._unfinished(name)}"
            time.sleep(_LOOK_SECONDS)

    def _unfinished(self, name: str) -> dict[str, str]:
        return {
            key: f"{one['resource_status']} {one['resource_status_reason']}"
            for key, one in self.resources(name).items()
            if not one["resource_status"].endswith("COMPLETE")
        }

    def act(self, moments: list[float], method: str, name: str, template: Any = None, **more: Any) -> str:
        """Bring an action to its end while the process is killed at each of some moments (seconds after a start).

        A client whose answer was lost sends the request again, as any client does.
        """
        answered = False
        for moment in [*moments, None]:
            timer = threading.Timer(moment, self._shoot) if moment is not None else None
            if timer is not None:
                timer.start()
            try:
                with contextlib.suppress(*LOST):
                    if not answered:
                        status = self.send(method, name, template, **more)
                        # 409: the lost request had made the stack. 404: it is deleted already.
                        assert status < 300 or (method, status) in (("POST", 409), ("DELETE", 404)), status
                        answered = True
                    ended = self.until_ended(name)
                    if timer is None:
                        return ended
            finally:
                if timer is not None:
                    timer.join()
            self.kill()
            self.killed += 1
            self.start()
        raise AssertionError("unreachable")

    def _shoot(self) -> None:
        assert self._life is not None
        self._life.kill()

    # ---- what is

    def contents(self) -> dict[str, dict[str, Any]]:
        """Everything in the cloud that the user sees: `{collection: {id: object}}`."""
        return {key: {one["id"]: one for one in self.ask(path)[key]} for path, key in COLLECTIONS}

    def nodes_left(self) -> int:
        """Work that the store still knows of."""
        with contextlib.closing(sqlite3.connect(f"file:{self.folder}/hearth.sqlite?mode=ro", uri=True)) as store:
            return int(store.execute("SELECT count(*) FROM node").fetchone()[0])


def reason(shown: Mapping[str, Any]) -> str:
    return str(shown["stack_status_reason"])


def dump(value: Any) -> str:
    return json.dumps(value, indent=1, sort_keys=True, default=str)
