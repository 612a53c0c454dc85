"""A project on some cloud, and the real clients to live in it: the `openstack` command, openstacksdk, bare requests.

Each call is one step of the recording. The stage makes its own project and user, so that nothing of others on the
same cloud is in the way, and takes them away at the end; what is in the project is swept away by conformance_sweep.
"""

import contextlib
import io
import json
import os
import pathlib
import re
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, cast

import openstack
import os_service_types
import requests
from conformance_recording import Recorder, shape
from keystoneauth1 import exceptions
from openstackclient import shell
from osc_lib import clientmanager

NAME = "conformance"
PASSWORD = "conformance-secret"
#: Exit status of a command whose arguments are wrong.
_MISUSE = 2
_PROJECT_IN_URL = re.compile(r"/(AUTH_)?[0-9a-f]{32}$")


class Stage:
    """The clients, as user of the project (default) or as administrator."""

    def __init__(self, cloud: str, folder: pathlib.Path, recorder: Recorder, pause: float) -> None:
        self.folder = folder
        self.recorder = recorder
        self.pause = pause
        self.admin: Any = cast("Any", openstack.connect(cloud=cloud))
        identity = self.admin.identity
        self.project = identity.find_project(NAME) or identity.create_project(name=NAME)
        self.user = identity.find_user(NAME) or identity.create_user(
            name=NAME, password=PASSWORD, default_project_id=self.project.id
        )
        for name in ("member", "creator"):  # Barbican may want a role of its own
            if role := identity.find_role(name):
                identity.assign_project_role_to_user(self.project, self.user, role)
        self._write_clouds()
        self.member: Any = cast("Any", openstack.connect(cloud="member"))
        #: Root of each service, without the project: {"volume": "http://.../v3"}.
        self.roots = dict(self._public_roots())
        recorder.know(self.roots)

    def _write_clouds(self) -> None:
        """A clouds.yaml of the two users, for the commands."""
        known = self.admin.config.config
        auth = {key: value for key, value in known["auth"].items() if value}
        mine = {
            "auth_url": auth["auth_url"],
            "username": NAME,
            "password": PASSWORD,
            "project_name": NAME,
            "user_domain_id": "default",
            "project_domain_id": "default",
        }
        rest = {"region_name": known["region_name"], "identity_api_version": "3"}
        clouds = {"clouds": {"member": {"auth": mine, **rest}, "admin": {"auth": auth, **rest}}}
        path = self.folder / "clouds.yaml"
        path.write_text(json.dumps(clouds))
        os.environ["OS_CLIENT_CONFIG_FILE"] = str(path)

    def _public_roots(self) -> Iterator[tuple[str, str]]:
        official = os_service_types.ServiceTypes()
        access = self.admin.session.auth.get_access(self.admin.session)
        for entry in access.service_catalog.catalog:
            for endpoint in entry["endpoints"]:
                if endpoint["interface"] == "public":
                    kind = official.get_service_type(entry["type"]) or entry["type"]
                    yield kind, _PROJECT_IN_URL.sub("", endpoint["url"].rstrip("/"))

    # ---- steps

    def cli(self, command: str, *, admin: bool = False, tokens: bool = False) -> Any:
        """Run `openstack COMMAND`; the data it prints. A failure is a step like any other: None comes back."""
        self.recorder.begin(tokens=tokens)
        whole = ["--os-cloud", "admin" if admin else "member", *shlex.split(command)]
        status, printed, complaint = _openstack([*whole, "-f", "json"])
        if status == _MISUSE and "unrecognized arguments: -f" in complaint:
            status, printed, complaint = _openstack(whole)  # it prints no data
        data = _data(printed)
        self.recorder.end(
            command.replace(str(self.folder), "FOLDER"), exit=status, fields=shape(data) if data else None
        )
        if status:
            self._tell(command, complaint)
        return data

    def sdk(self, label: str, call: Callable[[], Any]) -> Any:
        """Run something of openstacksdk; what it returns. Errors are recorded by their class; None comes back."""
        self.recorder.begin()
        try:
            value = call()
        except (openstack.exceptions.SDKException, exceptions.ClientException) as error:
            self.recorder.end(f"sdk: {label}", error=type(error).__name__)
            self._tell(label, str(error))
            return None
        self.recorder.end(f"sdk: {label}", error=None)
        return value

    def api(
        self,
        label: str,
        request: str,
        body: Any = None,
        *,
        admin: bool = False,
        token: str | None = None,
        headers: dict[str, str] | None = None,
        data: bytes | None = None,
    ) -> requests.Response:
        """Send one request, "POST compute /servers" (path below the service's root)."""
        method, kind, path = request.split(" ", 2)
        connection = self.admin if admin else self.member
        sent = {"X-Auth-Token": connection.auth_token if token is None else token, "Accept": "application/json"}
        self.recorder.begin(tokens=True)
        answer = requests.request(
            method, self.roots[kind] + path, json=body, data=data, headers={**sent, **(headers or {})}, timeout=120
        )
        self.recorder.end(f"api: {label}", status=answer.status_code)
        if answer.status_code >= 400:
            self._tell(label, answer.text)
        return answer

    def until(self, what: Callable[[], Any], wanted: str, *, seconds: float = 120) -> None:
        """Wait, outside of the recording, until a thing has the status ("gone": until there is none)."""
        self.recorder.begin()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = what()
            status = "gone" if found is None else str(found.status).lower()
            if status == wanted.lower():
                return
            # What is in error when it is deleted says so until it is gone.
            if status.startswith("error_" if wanted == "gone" else "error"):
                break
            time.sleep(self.pause)
        raise TimeoutError(f"{what}: not {wanted} but {status}")

    def file(self, name: str, content: bytes) -> pathlib.Path:
        """A file to hand to a command."""
        path = self.folder / name
        path.write_bytes(content)
        return path

    def image(self, name: str) -> None:
        """An image of a few bytes, made outside of the recording."""
        self.recorder.begin()
        self.member.image.create_image(
            name, filename=str(self.file(name, b"disk" * 256)), disk_format="raw", container_format="bare"
        )

    def close(self) -> None:
        """Take user and project away."""
        self.recorder.begin()
        self.admin.identity.delete_user(self.user)
        self.admin.identity.delete_project(self.project)

    def _tell(self, step: str, why: str) -> None:
        print(f"refused: {step}: {' '.join(why.split())[:300]}", file=sys.stderr)


def shorten_pauses(longest: float) -> None:
    """Let no pause of the clients' waiting loops be longer: they are made for clouds that take minutes."""
    sleep = time.sleep
    time.sleep = lambda seconds: sleep(min(float(seconds), longest))


def _data(printed: str) -> Any:
    """The JSON of an output; with --wait, lines about what happens come before it."""
    for start in re.finditer(r"^[\[{]$", printed, re.MULTILINE):
        return json.loads(printed[start.start() :])
    return None


def _openstack(arguments: list[str]) -> tuple[int, str, str]:
    """Run the command within this process: its exit status, what it prints, what it complains."""
    # The command expects to run once in a process: its services' clients, with their user, are kept in the class.
    for client in vars(clientmanager.ClientManager).values():
        if isinstance(client, clientmanager.ClientCache):
            client._handle = None
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status: Any = shell.main(arguments)
        except SystemExit as gone:  # the parser of arguments leaves so
            status = gone.code
    return int(status or 0), out.getvalue(), err.getvalue()
