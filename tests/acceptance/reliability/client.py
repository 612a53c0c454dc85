"""A user of a Hearth and of its cloud, over HTTP: requests, states, what the cloud holds for the user's project."""

import http.client
import json
import time
from collections.abc import Mapping
from typing import Any

from reliability import lives

#: (types of the service, path, key of the list). What a stack of these tests can make, as the services list it.
COLLECTIONS = (
    (("compute",), "/servers/detail", "servers"),
    *(
        (("network",), f"/v2.0/{key.replace('_', '-')}", key)
        for key in ("networks", "subnets", "routers", "ports", "floatingips", "security_groups", "security_group_rules")
    ),
    (("volumev3", "block-storage"), "/volumes/detail", "volumes"),
)
#: No answer came: the process was killed.
LOST = (OSError, http.client.HTTPException)
_LOOK_SECONDS = 0.03


class Client:
    """User `name` of the project of the same name. `auth_url`: of the cloud's Keystone.

    `end_seconds`: how long an action may take; `timeout_minutes`: after which Hearth is to end it.
    """

    end_seconds = 40.0
    timeout_minutes = 5

    def __init__(self, auth_url: str, api_url: str, name: str = "demo", password: str = "secret") -> None:
        self.auth_url = auth_url
        self._api_url = api_url
        self._name, self._password = name, password
        self.log_in()

    def log_in(self) -> None:
        """Get a new token."""
        domain = {"name": "Default"}
        user = {"name": self._name, "password": self._password, "domain": domain}
        body = {
            "auth": {
                "identity": {"methods": ["password"], "password": {"user": user}},
                "scope": {"project": {"name": self._name, "domain": domain}},
            }
        }
        status, answer, headers = lives.call(f"{self.auth_url}/auth/tokens", "POST", body=body)
        assert status == 201, answer
        self._token: str = headers["X-Subject-Token"]
        self.project: str = answer["token"]["project"]["id"]
        #: Where the services are, by type.
        self._services: dict[str, str] = {
            service["type"]: endpoint["url"].rstrip("/")
            for service in answer["token"]["catalog"]
            for endpoint in service["endpoints"]
            if endpoint["interface"] == "public"
        }

    # ---- requests

    @property
    def _stacks_url(self) -> str:
        return f"{self._api_url}/v1/{self.project}/stacks"

    def call(self, url: str, method: str, body: Any = None) -> tuple[int, Any]:
        """One request: status and body. Raises LOST when there was no answer."""
        return lives.call(url, method, self._token, body)[:2]

    def send(self, method: str, name: str, template: Any = None, **more: Any) -> int:
        """Ask for an action of a stack; the answer's status."""
        if method == "POST":
            body = {"stack_name": name, "template": template, "timeout_mins": self.timeout_minutes, **more}
            return self.call(self._stacks_url, method, body)[0]
        status, answer = self.call(f"{self._stacks_url}/{name}", "GET")
        if status != 200:
            return status
        where = f"{self._stacks_url}/{name}/{answer['stack']['id']}"
        return self.call(where, method, {"template": template, **more} if template is not None else None)[0]

    def show(self, name: str) -> dict[str, Any] | None:
        """The stack; None when there is none (any more)."""
        status, answer = self.call(f"{self._stacks_url}/{name}", "GET")
        assert status in (200, 404), answer
        return answer["stack"] if status == 200 else None

    def resources(self, name: str) -> dict[str, dict[str, Any]]:
        """The stack's resources by name."""
        shown = self.show(name)
        assert shown is not None
        _, answer = self.call(f"{self._stacks_url}/{name}/{shown['id']}/resources", "GET")
        return {one["resource_name"]: one for one in answer["resources"]}

    def events(self, name: str, resource: str) -> list[dict[str, Any]]:
        """The events of one resource, oldest first."""
        shown = self.show(name)
        assert shown is not None
        url = f"{self._stacks_url}/{name}/{shown['id']}/resources/{resource}/events?sort_dir=asc"
        found: list[dict[str, Any]] = self.call(url, "GET")[1]["events"]
        return found

    def until_ended(self, name: str) -> str:
        """The state in which the stack's action ended; DELETE_COMPLETE when there is no such stack."""
        until = time.monotonic() + self.end_seconds
        while True:
            shown = self.show(name)
            status = "DELETE_COMPLETE" if shown is None else str(shown["stack_status"])
            if not status.endswith("IN_PROGRESS"):
                return status if shown is None or status.endswith("COMPLETE") else f"{status}: {reason(shown)}"
            assert time.monotonic() < until, f"{status} for {self.end_seconds} s: {self._unfinished(name)}"
            time.sleep(_LOOK_SECONDS)

    def _unfinished(self, name: str) -> dict[str, str]:
        return {
            key: f"{one['resource_status']} {one['resource_status_reason']}"
            for key, one in self.resources(name).items()
            if not one["resource_status"].endswith("COMPLETE")
        }

    # ---- what is

    def contents(self) -> dict[str, dict[str, Any]]:
        """Everything in the cloud that is the project's: `{collection: {id: object}}`."""
        found = {}
        for services, path, key in COLLECTIONS:
            url = next(self._services[service] for service in services if service in self._services)
            status, answer = self.call(url.removesuffix("/v2.0") + path, "GET")
            assert status == 200, (path, answer)
            own = (one for one in answer[key] if one.get("tenant_id", self.project) == self.project)
            found[key] = {one["id"]: one for one in own}
        return found

    def nodes_left(self) -> int:
        """Work that the store still knows of."""
        raise NotImplementedError


def reason(shown: Mapping[str, Any]) -> str:
    return str(shown["stack_status_reason"])


def dump(value: Any) -> str:
    return json.dumps(value, indent=1, sort_keys=True, default=str)
