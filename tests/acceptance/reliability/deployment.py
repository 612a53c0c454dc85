"""A deployment of several processes over a cloud that lives on: an API and engines on one database and broker."""

import contextlib
import pathlib
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from reliability import clouds, lives, networks, wires

from hearth.store import databases

#: What each process runs, by its name. On SQLite there is one only.
PARTS: Mapping[str, Sequence[str]] = {"api": ["api"], "engine1": ["engine"], "engine2": ["engine"]}
ALONE: Mapping[str, Sequence[str]] = {"api": ["api", "engine"]}
_AWAY_SECONDS = 120


class Part:
    """An API or an engine, or both, over all their lives."""

    def __init__(self, deployment: "Deployment", name: str, runs: Sequence[str]) -> None:
        self.name = name
        self._runs = runs
        self.port = lives.free_port()
        network = deployment.network
        self._machine = network.machine() if network is not None else None
        self._address = self._machine.address if self._machine is not None else "127.0.0.1"
        self.url = f"http://{self._address}:{self.port}"
        self.skew = lives.shared_number()
        self._wires = {name: wires.Wire(url) for name, url in deployment.urls.items()} if deployment.wired else {}
        self.lives = 0
        self._deployment = deployment
        self._life: lives.Life | None = None
        self._lock = threading.Lock()  # killed by one thread, born by another

    @property
    def host(self) -> str:
        """What it is called in its present life."""
        return f"{self.name}-{self.lives}"

    def start(self) -> None:
        """Bring it to life. It is tried again when it cannot, as a service manager does."""
        until = time.monotonic() + 120
        while True:
            with self._lock:
                self.lives += 1
                urls = self._deployment.urls | {name: wire.url for name, wire in self._wires.items()}
                namespace = self._machine.namespace if self._machine is not None else None
                place = lives.Place(self.host, self._address, self.skew, namespace)
                given = (self._deployment.configuration, urls, self._runs, place)
                try:
                    self._life = lives.Life(lives.part, self.log, self.port, *given, address=self._address)
                    return
                except AssertionError:
                    if time.monotonic() > until:
                        raise
            time.sleep(1)

    @property
    def ways(self) -> Mapping[str, wires.Wire | networks.Link]:
        """What leads to its servers, by their names, where that can be cut."""
        return self._machine.links if self._machine is not None else self._wires

    def is_ready(self) -> bool:
        """Whether everything answers that it needs."""
        return lives.is_ready(self.url)

    @property
    def log(self) -> pathlib.Path:
        return self._deployment.folder / f"{self.name}.log"

    def kill(self) -> None:
        """Take its life without warning."""
        assert self._life is not None
        self._life.end()

    def signal(self, number: int) -> None:
        """Send a signal to it."""
        assert self._life is not None
        self._life.signal(number)

    def close(self) -> None:
        """End it for good."""
        if self._life is not None:
            self._life.end()
        for wire in self._wires.values():
            wire.close()


class Deployment:
    """API and two engines over a folder and a cloud. `options`: further ones, by sections."""

    def __init__(
        self,
        folder: pathlib.Path,
        urls: dict[str, str],
        options: Mapping[str, Mapping[str, Any]],
        cloud: clouds.Cloud,
        *,
        wired: bool = False,
        network: networks.Network | None = None,
    ) -> None:
        """`urls`: of an empty `database` and of a `broker` (none with SQLite).

        `wired`: ways to them can be cut, for each part apart.
        `network`: parts get machines of their own in it, so that their links can fail.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.urls, self.cloud = folder, urls, cloud
        self.wired, self.network = wired, network
        self.configuration = folder / "hearth.conf"
        key = {"auth_encryption_key": "0123456789abcdef0123456789abcdef"}
        sections: dict[str, Mapping[str, Any]] = {
            "keystone_authtoken": {"auth_type": "password", **cloud.service_account},
            **options,
            "DEFAULT": {**key, **cloud.options, **options.get("DEFAULT", {})},
        }
        with self.configuration.open("w") as file:
            for section, values in sections.items():
                print(f"[{section}]", *(f"{name} = {value}" for name, value in values.items()), sep="\n", file=file)
        is_alone = urls["database"].startswith("sqlite")
        self.parts = {name: Part(self, name, runs) for name, runs in (ALONE if is_alone else PARTS).items()}
        self._store = databases.open_engine(urls["database"], writes=False, pool_size=2)
        for part in self.parts.values():
            part.start()

    @property
    def api(self) -> Part:
        return self.parts["api"]

    @property
    def engines(self) -> list[Part]:
        return [part for part in self.parts.values() if part is not self.api]

    def query(self, text: str, **values: Any) -> list[Any]:
        """Rows of the database. It may be away for a while."""
        until = time.monotonic() + _AWAY_SECONDS
        while True:
            try:
                with self._store.begin() as connection:
                    return list(connection.execute(sa.text(text), values))
            except sa.exc.OperationalError:
                if time.monotonic() > until:
                    raise
            time.sleep(0.2)

    def change(self, statement: str) -> None:
        """Change the database as a newer program would."""
        with self._store.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(statement)

    def nodes_of(self, host: str) -> list[int]:
        """The work that the engine of a name holds."""
        held = "SELECT n.id FROM node n JOIN engine e ON n.owner = e.id WHERE e.host = :host AND n.state = 2"
        return [int(row[0]) for row in self.query(held, host=host)]

    def left_behind(self, host: str, nodes: list[int]) -> int:
        """How many of some nodes nobody goes on with, of those that were held by an engine of a name."""
        if not nodes:
            return 0
        some = ", ".join(map(str, nodes))
        idle = (
            f"SELECT count(*) FROM node n LEFT JOIN engine e ON n.owner = e.id WHERE n.id IN ({some}) AND "
            "((n.state = 2 AND (e.id IS NULL OR e.host = :host)) OR (n.state = 1 AND n.due_at = 0))"
        )
        return int(self.query(idle, host=host)[0][0])

    def close(self) -> None:
        """End everything."""
        self._store.dispose()
        for part in self.parts.values():
            part.close()


@contextlib.contextmanager
def deployed(folder: pathlib.Path, *given: Any, **more: Any) -> Iterator[Deployment]:
    """A deployment for a while."""
    made = Deployment(folder, *given, **more)
    try:
        yield made
    finally:
        made.close()
