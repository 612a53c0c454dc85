"""Parts of a deployment as processes of their own (`hearth serve`), over one embedded cloud."""

import contextlib
import pathlib
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import requests
from acceptance_hearth import BIN, PROJECT
from keystoneauth1 import session as keystone
from keystoneauth1.identity import v3

_SECONDS = 60


class Service:
    """One `hearth serve`."""

    def __init__(self, log: pathlib.Path, *arguments: str) -> None:
        self._log = log
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                [str(BIN / "hearth"), "serve", *arguments], stdout=file, stderr=file, cwd=PROJECT
            )
        found = self.until(r"Serving .* at (\S+)")
        self.url = found[1]

    def until(self, pattern: str) -> re.Match[str]:
        """Wait for a line of its log."""
        end = time.monotonic() + _SECONDS
        while (found := re.search(pattern, self.log)) is None:
            assert self.process.poll() is None and time.monotonic() < end, f"no {pattern!r} in:\n{self.log}"
            time.sleep(0.05)
        return found

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def signal(self) -> None:
        """Ask it to stop."""
        self.process.send_signal(signal.SIGTERM)

    def ended(self) -> int:
        """Its exit status, once it has ended."""
        return self.process.wait(_SECONDS)


class Deployment:
    """An embedded cloud with whatever is started over it."""

    def __init__(self, folder: pathlib.Path, options: str = "") -> None:
        self.folder = folder
        self._services: list[Service] = []
        self.cloud = self._start("cloud", "--data-dir", str(folder / "cloud"))
        self.configuration = folder / "hearth.conf"
        self.configuration.write_text(CONFIGURATION.format(url=self.cloud.url, folder=folder, options=options))
        self.users = {name: self._log_in(name) for name in ("demo", "admin")}

    def _log_in(self, name: str) -> keystone.Session:
        password = v3.Password(
            f"{self.cloud.url}/identity/v3",
            username=name,
            password="secret",
            project_name=name,
            user_domain_name="Default",
            project_domain_name="Default",
        )
        return keystone.Session(password)

    def start(self, part: str, *arguments: str) -> Service:
        """Start a part of the orchestration service."""
        return self._start(part, "--config-file", str(self.configuration), *arguments)

    def _start(self, *arguments: str) -> Service:
        log = self.folder / f"{len(self._services)}-{arguments[0]}.log"
        self._services.append(Service(log, *arguments, "--port", "0"))
        return self._services[-1]

    def close(self) -> None:
        """End whatever still runs."""
        for service in reversed(self._services):
            with contextlib.suppress(ProcessLookupError):
                service.process.kill()
            service.process.wait()

    def in_cloud(self, service: str, path: str, method: str = "GET", body: Any = None, user: str = "demo") -> Any:
        """A request to a service of the cloud."""
        answer = self.users[user].request(
            path, method, json=body, endpoint_filter={"service_type": service, "region_name": "RegionOne"}
        )
        return answer.json() if answer.content else None

    def fault(self, **what: Any) -> None:
        """Let the cloud misbehave."""
        answer = requests.post(f"{self.cloud.url}/admin/faults", json=what, timeout=30)
        assert answer.status_code < 300, answer.text

    def forget_faults(self) -> None:
        """Let the cloud behave again."""
        answer = requests.delete(f"{self.cloud.url}/admin/faults", timeout=30)
        assert answer.status_code < 300, answer.text

    def url(self, api: Service, path: str) -> str:
        """An address below the project's."""
        return f"{api.url}/v1/{self.users['demo'].get_project_id()}{path}"

    def call(self, api: Service, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        """A request to the orchestration API as user demo."""
        sent = {"X-Auth-Token": str(self.users["demo"].get_token()), **headers}
        return requests.request(method, self.url(api, path), json=body, headers=sent, timeout=60, allow_redirects=True)

    def until(self, api: Service, name: str, wanted: str) -> None:
        """Wait for a state of a stack."""
        end = time.monotonic() + _SECONDS
        while (now := self.call(api, "GET", f"/stacks/{name}").json()["stack"]["stack_status"]) != wanted:
            assert now.endswith("IN_PROGRESS") and time.monotonic() < end, now
            time.sleep(0.05)

    def resources(self, api: Service, name: str) -> dict[str, dict[str, Any]]:
        """`{name: resource}`."""
        answer = self.call(api, "GET", f"/stacks/{name}/resources").json()
        return {one["resource_name"]: one for one in answer["resources"]}


@contextlib.contextmanager
def deployed(folder: pathlib.Path, options: str = "") -> Iterator[Deployment]:
    """A deployment for the time of a test. `options`: further text of the configuration file."""
    made = Deployment(folder, options)
    try:
        yield made
    finally:
        made.close()


#: The configuration of a part over the cloud at `url`.
CONFIGURATION = """
[DEFAULT]
auth_encryption_key = 0123456789abcdef0123456789abcdef
stack_user_domain_name = heat
stack_domain_admin = heat_domain_admin
stack_domain_admin_password = secret
[database]
connection = sqlite:///{folder}/hearth.sqlite
[keystone_authtoken]
auth_type = password
auth_url = {url}/identity/v3
username = heat
password = secret
project_name = service
user_domain_name = Default
project_domain_name = Default
{options}
"""
