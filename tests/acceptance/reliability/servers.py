"""Database servers and brokers of one's own, to be stopped and started at will: on free ports, in a scratch folder.

They run as the user that their packages have made for them when the tests run as root, which none of them allows.
"""

import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from reliability import lives

from hearth.store import databases

_START_SECONDS = 90
#: Where Debian and others keep what is not in the search path.
_PLACES = ("/usr/lib/rabbitmq/bin", "/usr/sbin", *map(str, sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))))


class Missing(Exception):
    """A program that is needed is not installed."""


class Server:
    """One server. `url` stays the same over all its lives. `address`: where it listens."""

    #: The account it runs under, where root starts it.
    account: str
    #: Signals that end it: in order, and as a crash does.
    endings: Sequence[signal.Signals] = (signal.SIGTERM, signal.SIGKILL)

    def __init__(self, folder: pathlib.Path, address: str = "127.0.0.1") -> None:
        self.folder, self.address = folder, address
        self.port = lives.free_port()
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True)
        self._log = folder / "server.log"
        self.data = folder / "data"
        self.data.mkdir()
        self._own(folder)
        self.prepare()
        self.start()

    @property
    def url(self) -> str:
        """Where it is reached."""
        raise NotImplementedError

    @property
    def pid(self) -> int:
        """Of the process that leads its session."""
        assert self._process is not None
        return self._process.pid

    def prepare(self) -> None:
        """Make what it keeps."""

    def command(self) -> list[str]:
        """What runs it, in the foreground."""
        raise NotImplementedError

    def environment(self) -> Mapping[str, str]:
        """What it is told so."""
        return {}

    def start(self) -> None:
        """Run it (again), and wait until it answers."""
        self._process = self._popen(self.command())
        until = time.monotonic() + _START_SECONDS
        while not self._answers():
            assert self._process.poll() is None and time.monotonic() < until, self._log.read_text()[-3000:]
            time.sleep(0.1)

    def stop(self, how: signal.Signals | None = None) -> None:
        """End it, in order or as told, and wait until it has gone."""
        if self._process is None:
            return
        os.killpg(self._process.pid, how or self.endings[0])
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(30)
        self._process = None

    def _answers(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex((self.address, self.port)) == 0

    def _own(self, path: pathlib.Path) -> None:
        if os.getuid() != 0:
            return
        for above in path.parents:  # scratch folders of tests are closed to others
            if above.owner() == "root" and above.is_relative_to("/tmp") and above != pathlib.Path("/tmp"):
                above.chmod(above.stat().st_mode | 0o011)
        for one in (path, *path.rglob("*")):
            shutil.chown(one, self.account, self.account)

    def _popen(self, command: Sequence[str]) -> "subprocess.Popen[bytes]":
        alien = os.getuid() == 0
        environment = {**os.environ, "HOME": str(self.folder), **self.environment()}
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [program(command[0]), *command[1:]],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
                env=environment,
                start_new_session=True,
                user=self.account if alien else None,
                group=pwd.getpwnam(self.account).pw_gid if alien else None,
                extra_groups=[] if alien else None,
            )

    def _run(self, command: Sequence[str]) -> None:
        assert self._popen(command).wait(_START_SECONDS) == 0, self._log.read_text()[-3000:]


class Database(Server):
    """A database server: it answers once it takes statements."""

    def _answers(self) -> bool:
        engine = databases.open_engine(self.url, writes=True, pool_size=1)
        try:
            with engine.connect():
                return True
        except sa.exc.OperationalError:
            return False
        finally:
            engine.dispose()


class PostgreSQL(Database):
    """A PostgreSQL with one superuser, `hearth`, whom it believes."""

    account = "postgres"
    endings = (signal.SIGINT, signal.SIGQUIT)

    @property
    def url(self) -> str:
        return f"postgresql://hearth@{self.address}:{self.port}/postgres"

    def prepare(self) -> None:
        self._run(["initdb", "-D", str(self.data), "-U", "hearth", "-A", "trust", "-E", "UTF8", "--no-sync"])
        with (self.data / "pg_hba.conf").open("a") as file:
            print(f"host all all {self.address}/24 trust", file=file)

    def command(self) -> list[str]:
        options = [f"unix_socket_directories={self.folder}", f"listen_addresses={self.address}", "max_connections=50"]
        return ["postgres", "-D", str(self.data), "-p", str(self.port), *(f"-c{option}" for option in options)]

    def stop(self, how: signal.Signals | None = None) -> None:
        """Only the postmaster is told: it ends its children."""
        if self._process is not None:
            self._process.send_signal(how or self.endings[0])
            self._process.wait(30)
            self._process = None


class Standby(PostgreSQL):
    """A hot standby, which follows another server by streaming replication."""

    def __init__(self, folder: pathlib.Path, primary: PostgreSQL) -> None:
        self._primary = primary
        super().__init__(folder)

    def prepare(self) -> None:
        self.data.rmdir()
        source = f"postgresql://hearth@127.0.0.1:{self._primary.port}"
        self._run(
            ["pg_basebackup", "-D", str(self.data), "-d", source, "-R", "-X", "stream", "-c", "fast", "--no-sync"]
        )


class MariaDB(Database):
    """A MariaDB whose root has no password."""

    account = "mysql"

    @property
    def url(self) -> str:
        return f"mariadb://root@{self.address}:{self.port}/"

    def prepare(self) -> None:
        self._run(
            [
                "mariadb-install-db",
                "--no-defaults",
                f"--datadir={self.data}",
                "--skip-test-db",
                "--auth-root-authentication-method=normal",
            ]
        )
        (self.folder / "start.sql").write_text(
            "CREATE USER IF NOT EXISTS root@'%';\nGRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;\n"
        )

    def command(self) -> list[str]:
        return [
            "mariadbd",
            "--no-defaults",
            f"--datadir={self.data}",
            f"--port={self.port}",
            f"--socket={self.folder}/mariadb.sock",
            f"--pid-file={self.folder}/mariadb.pid",
            f"--bind-address={self.address}",
            f"--init-file={self.folder}/start.sql",
        ]


class RabbitMQ(Server):
    """A RabbitMQ node with the user that every new one has."""

    account = "rabbitmq"

    @property
    def url(self) -> str:
        return f"rabbit://guest:guest@{self.address}:{self.port}/"

    def prepare(self) -> None:
        self._apart = lives.free_port()
        (self.folder / "own.conf").write_text(
            f"listeners.tcp.local = {self.address}:{self.port}\nloopback_users = none\n"
        )

    def command(self) -> list[str]:
        return ["rabbitmq-server"]

    def environment(self) -> Mapping[str, str]:
        return {
            "RABBITMQ_NODENAME": f"hearth{self.port}@localhost",
            "RABBITMQ_CONFIG_FILE": str(self.folder / "own.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self.folder / "none.config"),
            "RABBITMQ_DIST_PORT": str(self._apart),
            "RABBITMQ_MNESIA_BASE": str(self.data),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_PID_FILE": str(self.folder / "rabbitmq.pid"),
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "none.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }


KINDS: Mapping[str, type[Server]] = {"postgresql": PostgreSQL, "mariadb": MariaDB, "rabbitmq": RabbitMQ}


def program(name: str) -> str:
    """Where a program is.

    Raises:
        Missing: nowhere.
    """
    found = shutil.which(name, path=os.pathsep.join((*_PLACES, os.environ.get("PATH", ""))))
    if found is None:
        raise Missing(f"{name} is not installed")
    return found


def new_database(server_url: str, name: str) -> str:
    """Make an empty database, in the place of one of the same name; its URL."""
    engine = databases.open_engine(server_url, writes=True, pool_size=1)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name}")
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return sa.make_url(server_url).set(database=name).render_as_string(hide_password=False)
