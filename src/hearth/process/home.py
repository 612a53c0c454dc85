"""The folder of one Hearth on this machine: what is in it, and whether its process runs.

`hearth.lock` is held (flock) by the running process and says its pid and address. The kernel lets go of it however the
process ends, so a stale file never blocks a start. Used by up, down, status and demo.
"""

import dataclasses
import errno
import fcntl
import os
import pathlib
import secrets
import shlex
from types import TracebackType
from typing import Self

import msgspec
import yaml

from hearth.cli import problems

#: The password of every user that a fresh embedded cloud holds.
PASSWORD = "secret"


def default() -> pathlib.Path:
    """The user's data folder: `$XDG_DATA_HOME/hearth`, by default `~/.local/share/hearth`."""
    base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return pathlib.Path(base).expanduser() / "hearth"


@dataclasses.dataclass(frozen=True, slots=True)
class Running:
    """A process that holds a folder. `url` is empty while it has no address yet."""

    pid: int
    url: str


@dataclasses.dataclass(frozen=True, slots=True)
class Home:
    """The paths in one folder."""

    folder: pathlib.Path

    @property
    def lock(self) -> pathlib.Path:
        return self.folder / "hearth.lock"

    @property
    def log(self) -> pathlib.Path:
        return self.folder / "hearth.log"

    @property
    def clouds(self) -> pathlib.Path:
        return self.folder / "clouds.yaml"

    @property
    def database(self) -> pathlib.Path:
        return self.folder / "hearth.sqlite"

    @property
    def cloud_data(self) -> pathlib.Path:
        return self.folder / "cloud"

    def prepare(self) -> None:
        """Make the folder, readable by its owner only.

        Raises:
            problems.CliError: it cannot be made or written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.cloud_data.mkdir(exist_ok=True)
        except OSError as error:
            raise problems.CliError(
                f"Cannot use the data folder {self.folder}: {error.strerror}.", "Name another one with --data-dir."
            ) from error

    def key(self) -> bytes:
        """The key that secrets in the database are encrypted with; made at the first start."""
        path = self.folder / "secret.key"
        try:
            return path.read_bytes()
        except FileNotFoundError:
            made = secrets.token_hex(16).encode()
            path.touch(mode=0o600, exist_ok=False)
            path.write_bytes(made)
            return made

    def running(self) -> Running | None:
        """The process that holds the folder, or None."""
        try:
            with self.lock.open("r+b") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
            return _read(self.lock)
        return None

    def greeting(self, url: str) -> str:
        """What a user needs to know after a start: addresses, and how to go on."""
        return f"""\
Hearth is ready at {url}
  identity       {url}/identity/v3
  orchestration  {url}/orchestration/v1
  dashboard      {url}/dashboard/ (user demo, password {PASSWORD})
  data           {self.folder}
Go on with:
  export OS_CLIENT_CONFIG_FILE={shlex.quote(str(self.clouds))} OS_CLOUD=hearth
  hearth stack list
  openstack server list
"""

    def write_clouds(self, url: str) -> None:
        """Write clouds.yaml for the embedded cloud at `url`: `hearth` (user demo) and `hearth-admin`."""
        clouds = {
            name: {
                "auth_type": "password",
                "auth": {
                    "auth_url": f"{url}/identity/v3",
                    "username": user,
                    "password": PASSWORD,
                    "project_name": user,
                    "user_domain_name": "Default",
                    "project_domain_name": "Default",
                },
                "region_name": "RegionOne",
                "identity_api_version": "3",
            }
            for name, user in (("hearth", "demo"), ("hearth-admin", "admin"))
        }
        self.clouds.write_text(yaml.safe_dump({"clouds": clouds}, sort_keys=False))


def _read(path: pathlib.Path) -> Running:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Running)
    except msgspec.DecodeError:  # the holder has just begun
        return Running(0, "")


class Lock:
    """Holds a folder for this process, and tells others who and where it is."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._file = home.lock.open("a+b")

    def __enter__(self) -> Self:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            other = _read(self._home.lock)
            raise problems.CliError(
                f"A Hearth runs in {self._home.folder} already (process {other.pid}, {other.url or 'starting'}).",
                "Use it, stop it with `hearth down`, or name another folder with --data-dir.",
            ) from error
        self.announce("")
        return self

    def announce(self, url: str) -> None:
        """Write down our pid and address."""
        self._file.seek(0)
        self._file.truncate()
        self._file.write(msgspec.json.encode(Running(os.getpid(), url)))
        self._file.flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.truncate(0)
        self._file.close()
