"""The two services of a comparison, as HTTP clients, and the credentials for both."""

import json
import subprocess
from collections.abc import Mapping
from typing import Any

import requests


class Service:
    """One endpoint of the orchestration API."""

    def __init__(self, url: str, project: str, token: str) -> None:
        self._base = f"{url.rstrip('/')}/v1/{project}"
        self._session = requests.Session()
        self._session.headers["X-Auth-Token"] = token

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        """One request; `path` begins after the project."""
        return self._session.request(method, self._base + path, timeout=180, **more)


def credentials() -> tuple[str, str]:
    """A token and its project, from `openstack token issue`."""
    command = ["openstack", "token", "issue", "-f", "json"]
    issued: Mapping[str, str] = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    return issued["id"], issued["project_id"]
