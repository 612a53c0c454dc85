"""The services that clients are run against: a Heat and a Hearth of one cloud, and a Hearth with its embedded cloud.

`run.py` opens each one: a project of its own with a user is made in the cloud, and taken away at the end with every
stack in it. Clients find it by a clouds.yaml with two clouds, `user` and `admin`.
"""

import contextlib
import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import openstack
import openstack.connection
import yaml

ROLES = ("member", "heat_stack_owner")
PASSWORD = "secret"
GIVE_UP_SECONDS = 120


@dataclasses.dataclass(frozen=True)
class Site:
    """A service, ready for clients."""

    name: str
    folder: pathlib.Path
    user: Mapping[str, str]  # as in `auth` of clouds.yaml
    project_id: str
    region: str

    @property
    def environment(self) -> dict[str, str]:
        """Variables for clients that read clouds.yaml, for the user."""
        return self._environment("user")

    @property
    def admin_environment(self) -> dict[str, str]:
        """The same for the administrator."""
        return self._environment("admin")

    def _environment(self, cloud: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
        found = {
            "OS_CLIENT_CONFIG_FILE": str(self.folder / "clouds.yaml"),
            "OS_CLOUD": cloud,
            "PYTHONWARNINGS": "ignore",
        }
        return kept | found

    def connection(self, cloud: str = "user") -> Any:
        """Of openstacksdk, as the user or the administrator."""
        return _connect(self.folder / "clouds.yaml", cloud)


def _connect(file: pathlib.Path, cloud: str) -> Any:
    config = openstack.config.OpenStackConfig(config_files=[str(file)], load_envvars=False)
    return openstack.connection.Connection(config=config.get_one(cloud))


@contextlib.contextmanager
def opened(name: str, clouds: pathlib.Path, admin: str, folder: pathlib.Path, region: str) -> Iterator[Site]:
    """A site of the cloud whose administrator is the cloud `admin` of a clouds.yaml."""
    folder.mkdir(parents=True, exist_ok=True)
    root = _connect(clouds, admin)
    entry = yaml.safe_load(clouds.read_text())["clouds"][admin]
    word = f"clients-{uuid.uuid4().hex[:8]}"
    project = root.identity.create_project(name=word, domain_id="default")
    user = root.identity.create_user(name=word, password=PASSWORD, domain_id="default", default_project_id=project.id)
    for role in ROLES:
        found = root.identity.find_role(role)
        if found:
            root.identity.assign_project_role_to_user(project.id, user.id, found.id)
    who = {
        "auth_url": entry["auth"]["auth_url"],
        "username": word,
        "password": PASSWORD,
        "project_name": word,
        "user_domain_name": "Default",
        "project_domain_name": "Default",
    }
    found = {
        cloud: {"auth": auth, "region_name": region, "identity_api_version": 3}
        for cloud, auth in (("user", who), ("admin", entry["auth"]))
    }
    (folder / "clouds.yaml").write_text(yaml.safe_dump({"clouds": found}))
    site = Site(name, folder, who, project.id, region)
    try:
        yield site
    finally:
        _empty(site)
        root.identity.delete_user(user.id)
        root.identity.delete_project(project.id)
        for group in root.network.security_groups(project_id=project.id):
            root.network.delete_security_group(group.id)
        root.close()


def _empty(site: Site) -> None:
    """Delete the stacks of the project."""
    cloud = site.connection()
    until = time.monotonic() + GIVE_UP_SECONDS
    while time.monotonic() < until:
        stacks = list(cloud.orchestration.stacks())
        if not stacks:
            break
        for stack in stacks:
            if stack.status != "DELETE_IN_PROGRESS":
                cloud.orchestration.delete_stack(stack)
        time.sleep(1)
    else:
        print(f"{site.name}: stacks are left in project {site.project_id}", file=sys.stderr)
    for container in cloud.object_store.containers():
        for found in cloud.object_store.objects(container):
            cloud.object_store.delete_object(found.name, container=container.name)
        cloud.object_store.delete_container(container)
    cloud.close()


@contextlib.contextmanager
def embedded(folder: pathlib.Path, port: int) -> Iterator[pathlib.Path]:
    """A Hearth with its embedded cloud, from nothing; the clouds.yaml that leads to it."""
    hearth = pathlib.Path(sys.executable).parent / "hearth"
    options = ["--data-dir", str(folder)]
    subprocess.run([hearth, "up", "--detach", *options, "--port", str(port), "--build-seconds", "0.3"], check=True)
    try:
        yield folder / "clouds.yaml"
    finally:
        subprocess.run([hearth, "down", *options], check=True)


def as_json(text: str) -> Any:
    """The data that a command printed, after lines about what happens; None when there is none."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if line[:1] in ("{", "["):
            try:
                return json.loads("\n".join(lines[number:]))
            except ValueError:
                continue
    return None
