"""The cloud under a deployment: an embedded one of its own, or a real one that the environment names.

Both give users projects of their own, so that what the cloud holds for a project can be compared with its stack.
A real cloud is that of an administrator's OS_* variables (or OS_CLOUD). It needs what DevStack makes: an image
`cirros`, flavors `m1.tiny` and `m1.small`, an external network `public`, volumes, a role `member`.
"""

import pathlib
import secrets
from collections.abc import Mapping
from typing import Any

import openstack.config
from keystoneauth1 import identity
from keystoneauth1 import session as keystone
from openstack import connection
from reliability import lives

#: The embedded cloud takes its time, for each request and for what it makes.
_PACE = {"latency": 0.01, "build_seconds": 0.2, "volume_seconds": 0.2, "delete_seconds": 0.1}
_CLEANUP_SECONDS = 300


class Cloud:
    """A cloud and its administrator: `account` is in the words of a section [keystone_authtoken]."""

    #: What Hearth is told of it, in [DEFAULT].
    options: Mapping[str, Any] = {}
    #: Seconds that an action of a stack may take, at the most; minutes after which Hearth itself ends one.
    end_seconds, timeout_minutes = 240.0, 5

    def __init__(self, account: Mapping[str, str], prefix: str = "") -> None:
        self.account = account
        self._prefix = prefix
        self._session = keystone.Session(identity.Password(**account))

    @property
    def auth_url(self) -> str:
        """Of its Keystone."""
        return self.account["auth_url"]

    @property
    def service_account(self) -> Mapping[str, str]:
        """By which Hearth asks about tokens, and which users trust."""
        return self.account

    def enrol(self, name: str) -> str:
        """Make a project, and a user whose password is the same; the name of all three."""
        full = f"{self._prefix}{name}"
        project = self._keystone("POST", "/projects", {"project": {"name": full}})["project"]["id"]
        given = {"name": full, "password": full, "default_project_id": project}
        user = self._keystone("POST", "/users", {"user": given})["user"]["id"]
        [role] = self._keystone("GET", "/roles?name=member")["roles"]
        self._keystone("PUT", f"/projects/{project}/users/{user}/roles/{role['id']}")
        self._enrolled(full, project, user)
        return full

    def _enrolled(self, name: str, project: str, user: str) -> None:
        """Somebody was made."""

    def _keystone(self, method: str, path: str, body: Any = None) -> Any:
        url = self.auth_url + path
        answer = self._session.request(url, method, json=body)
        return answer.json() if answer.content else None

    def fault(self, **rule: Any) -> str | None:
        """Let requests go wrong, where that can be had; the id of the rule."""
        return None

    def mend(self, rule: str) -> None:
        """Let them be right again."""

    def close(self) -> None:
        """Leave it as it was found."""


class Embedded(Cloud):
    """A process that lives on, whatever happens to Hearth. `address`: at which others than we reach it."""

    options: Mapping[str, Any] = {
        "lost_call_wait": 3,
        "stack_user_domain_name": "heat",
        "stack_domain_admin": "heat_domain_admin",
        "stack_domain_admin_password": "secret",
    }

    def __init__(self, folder: pathlib.Path, address: str = "127.0.0.1") -> None:
        port = lives.free_port()
        self._life = lives.Life(lives.cloud, folder / "cloud.log", port, folder, address)
        self._administer("PUT", "settings", _PACE)
        super().__init__(_account(f"http://{address}:{port}/identity/v3", "admin", "secret", "admin"))

    def fault(self, **rule: Any) -> str | None:
        return str(self._administer("POST", "faults", rule)["fault"]["id"])

    def mend(self, rule: str) -> None:
        self._administer("DELETE", f"faults/{rule}")

    def _administer(self, method: str, path: str, body: Any = None) -> Any:
        status, answer, _ = lives.call(f"{self._life.url}/admin/{path}", method, body=body)
        assert status < 300, answer
        return answer

    @property
    def service_account(self) -> Mapping[str, str]:
        return _account(self.auth_url, "heat", "secret", "service")

    def close(self) -> None:
        self._life.end()


class Real(Cloud):
    """The cloud of the environment. What users leave there is removed with their projects."""

    #: A call that was cut off may be carried out late where services are busy.
    options: Mapping[str, Any] = {"lost_call_wait": 60}
    end_seconds, timeout_minutes = 1800.0, 30

    def __init__(self) -> None:
        given = openstack.config.OpenStackConfig().get_one()
        super().__init__(
            {key: str(value) for key, value in given.config["auth"].items() if key in _ACCOUNT},
            f"hearth-{secrets.token_hex(3)}-",
        )
        self._users: list[tuple[str, str, str]] = []

    def _enrolled(self, name: str, project: str, user: str) -> None:
        self._users.append((name, project, user))

    def close(self) -> None:
        for name, project, user in self._users:
            self._empty(name, project)
            self._keystone("DELETE", f"/users/{user}")
            self._keystone("DELETE", f"/projects/{project}")

    def _empty(self, name: str, project: str) -> None:
        own = connection.Connection(session=keystone.Session(identity.Password(**self._as(name))))
        own.project_cleanup(dry_run=False, wait_timeout=_CLEANUP_SECONDS)
        everything = connection.Connection(session=self._session).network
        for group in everything.security_groups(project_id=project):  # its first, which the user may not delete
            everything.delete_security_group(group)

    def _as(self, name: str) -> dict[str, str]:
        domains = {key: value for key, value in self.account.items() if "domain" in key}
        return {"auth_url": self.auth_url, "username": name, "password": name, "project_name": name, **domains}


_ACCOUNT = (
    *("auth_url", "username", "password", "project_name"),
    *(f"{of}_domain_{by}" for of in ("user", "project") for by in ("id", "name")),
)


def _account(auth_url: str, username: str, password: str, project: str) -> dict[str, str]:
    domains = {"user_domain_name": "Default", "project_domain_name": "Default"}
    return {"auth_url": auth_url, "username": username, "password": password, "project_name": project, **domains}
