"""A running Hearth as the acceptance tests use it: its processes, the real commands against it, its APIs."""

import json
import os
import pathlib
import re
import subprocess
import sys
import time
from typing import Any

from keystoneauth1 import session as keystone
from keystoneauth1.identity import v3

BIN = pathlib.Path(sys.executable).parent
TEMPLATES = pathlib.Path(__file__).parent / "templates"
PROJECT = pathlib.Path(__file__).parents[2]

#: What a stack may leave behind: (service type, path, key of the list).
LEFTOVERS = (
    ("compute", "/servers", "servers"),
    ("network", "/v2.0/networks", "networks"),
    ("network", "/v2.0/subnets", "subnets"),
    ("network", "/v2.0/routers", "routers"),
    ("network", "/v2.0/ports", "ports"),
    ("network", "/v2.0/floatingips", "floatingips"),
)


class Hearth:
    """A running Hearth and the commands against it."""

    def __init__(self, folder: pathlib.Path, *options: str) -> None:
        self.folder = folder
        self.options = options
        kept = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
        self.environment = {**kept, "OS_CLIENT_CONFIG_FILE": str(folder / "clouds.yaml"), "OS_CLOUD": "hearth"}
        self.environment["PYTHONWARNINGS"] = "ignore"

    # ---- processes

    def up(self) -> None:
        """Start it and wait until it is ready."""
        started = self.run("hearth", "up", "--detach", "--data-dir", str(self.folder), "--port", "0", *self.options)
        assert started.returncode == 0, started.stderr
        self._session = keystone.Session(
            v3.Password(
                f"{self.url}/identity/v3",
                username="demo",
                password="secret",
                project_name="demo",
                user_domain_name="Default",
                project_domain_name="Default",
            )
        )

    def down(self) -> None:
        """Stop it."""
        stopped = self.run("hearth", "down", "--data-dir", str(self.folder))
        assert stopped.returncode == 0, stopped.stderr

    def kill(self) -> None:
        """Take its life without warning, and wait until it is gone."""
        os.kill(self.pid, 9)
        until = time.monotonic() + 10
        while pathlib.Path(f"/proc/{self.pid}").exists() and self._is_alive():
            assert time.monotonic() < until, "the killed process is still there"

    def _is_alive(self) -> bool:
        # A detached process whose parent has ended may stay a zombie where no init collects it.
        try:
            stat = pathlib.Path(f"/proc/{self.pid}/stat").read_text()
        except FileNotFoundError:
            return False
        return stat.rpartition(")")[2].split()[0] != "Z"

    @property
    def pid(self) -> int:
        return int(json.loads((self.folder / "hearth.lock").read_bytes())["pid"])

    @property
    def url(self) -> str:
        return str(json.loads((self.folder / "hearth.lock").read_bytes())["url"])

    # ---- commands

    def run(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `hearth` or `openstack` to its end."""
        return subprocess.run(
            [str(BIN / command), *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            cwd=PROJECT,
        )

    def hearth(self, *arguments: str) -> Any:
        """Run `hearth ... -f json`; the data it prints. Fails with what the command said."""
        done = self.run("hearth", *arguments, "-f", "json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def openstack(self, *arguments: str, fmt: bool = True) -> Any:
        """Run `openstack ... -f json`; the data it prints. Fails with what the command said."""
        done = self.run("openstack", *arguments, *(("-f", "json") if fmt else ()))
        assert done.returncode == 0, done.stderr
        # With --wait, lines about what happens come before the data.
        data = re.search(r"^[\[{]", done.stdout, re.MULTILINE)
        return json.loads(done.stdout[data.start() :]) if fmt and data else None

    # ---- the APIs

    def get(self, service: str, path: str) -> Any:
        """GET from a service of the catalog, as user demo."""
        answer = self._session.get(path, endpoint_filter={"service_type": service, "region_name": "RegionOne"})
        return answer.json()

    def token(self) -> tuple[str, str]:
        """A token of user demo, and the id of its project."""
        return str(self._session.get_token()), str(self._session.get_project_id())

    def until(self, name: str, wanted: str, seconds: float = 60) -> None:
        """Wait for a state of a stack."""
        until = time.monotonic() + seconds
        while (now := self.get("orchestration", f"/stacks/{name}")["stack"]["stack_status"]) != wanted:
            assert now.endswith("IN_PROGRESS") and time.monotonic() < until, now

    def contents(self) -> dict[str, set[str]]:
        """The ids of everything in the cloud that user demo sees."""
        return {key: {one["id"] for one in self.get(service, path)[key]} for service, path, key in LEFTOVERS}

    def stacks(self) -> list[str]:
        """The names of the stacks."""
        return [stack["stack_name"] for stack in self.get("orchestration", "/stacks")["stacks"]]
