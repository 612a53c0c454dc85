"""Processes of Hearth that are born fast and may be killed at any moment.

Starting a Python that knows all of Hearth takes over a second. A fork server loads everything once; each life is a
fork of it, runs what `hearth up` or `hearth serve` run, and is ended by SIGKILL.
"""

import contextlib
import dataclasses
import importlib.util
import json
import multiprocessing
import os
import pathlib
import random
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from reliability import networks

from hearth.process import foreground, home, logs, serving, wiring
from hearth.process import orchestration as orchestrations

_FORKS = multiprocessing.get_context("forkserver")
#: Of databases and brokers, where they are installed.
_DRIVERS = [one for one in ("psycopg", "pymysql", "hearth.bus.rabbit") if importlib.util.find_spec(one.split(".")[0])]
_FORKS.set_forkserver_preload(
    ["hearth.process.foreground", "alembic.command", "uvloop", "httptools", "sqlite3", *_DRIVERS]
)
_READY_SECONDS = 30


def free_port() -> int:
    """A port that nobody uses now; every life of one process gets the same.

    It is none that the system gives to whoever asks for any, or it might be taken between two lives.
    """
    while True:
        port = random.randrange(15_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Life:
    """One process; `kill` it, or leave it to `end`. `address`: where it is told to serve."""

    def __init__(
        self,
        work: Callable[..., None],
        log: pathlib.Path,
        port: int,
        *arguments: Any,
        address: str = "127.0.0.1",
    ) -> None:
        self.url = f"http://{address}:{port}"
        self._process = _FORKS.Process(target=_live, args=(work, log, port, *arguments), daemon=True)
        self._process.start()
        until = time.monotonic() + _READY_SECONDS
        while not is_ready(self.url):
            assert self._process.is_alive(), f"it ended while starting:\n{log.read_text()[-3000:]}"
            assert time.monotonic() < until, f"it is not ready:\n{log.read_text()[-3000:]}"
            time.sleep(0.01)

    @property
    def is_alive(self) -> bool:
        return self._process.is_alive()

    def signal(self, number: int) -> None:
        """Send it a signal, if it lives."""
        if self._process.pid is not None and self._process.exitcode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, number)

    def kill(self) -> None:
        """Take its life without warning. Safe to repeat, and from another thread."""
        self.signal(signal.SIGKILL)

    def bury(self) -> None:
        """Wait until it is gone."""
        self._process.join(10)
        assert not self._process.is_alive()

    def end(self) -> None:
        """Stop it for good."""
        self.kill()
        self.bury()


def up(port: int, folder: pathlib.Path, cloud: Mapping[str, Any], overrides: Mapping[str, Any]) -> None:
    """What `hearth up` runs."""
    own = home.Home(folder)
    own.prepare()
    foreground.serve(own, "127.0.0.1", port, cloud_settings=cloud, config_files=(), overrides=overrides)


def cloud(port: int, folder: pathlib.Path, address: str) -> None:
    """What `hearth serve cloud` runs. It is administered from this machine, and tells others of its `address`."""
    own = home.Home(folder)
    own.prepare()
    listener = serving.bind("127.0.0.1" if address == "127.0.0.1" else "0.0.0.0", port)
    serving.run(wiring.services(None, own.cloud_data, f"http://{address}:{port}", cloud=True), listener, _nothing)


def orchestration(port: int, folder: pathlib.Path, cloud_url: str) -> None:
    """API and engine as in `hearth up`, for a cloud at another address."""
    listener = serving.bind("127.0.0.1", port)
    logs.to_stderr()
    conf = wiring.configuration([], wiring.home_options(home.Home(folder), cloud_url, {"lost_call_wait": 2}))
    parts = orchestrations.Orchestration(conf, alone=True)

    @contextlib.asynccontextmanager
    async def running() -> AsyncIterator[None]:
        await parts.start()
        yield

    assert parts.api is not None
    serving.run(serving.combine({"": parts.api}, running), listener, _nothing)


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a part runs.

    `host`: the name it goes by; `skew`: seconds by which the machine's clock goes wrong for it, a shared value that may
    change at any time; `namespace`: the network namespace that is its machine, None: where we are ourselves.
    """

    host: str
    address: str
    skew: Any
    namespace: str | None = None


def part(port: int, config_file: pathlib.Path, urls: Mapping[str, str], which: Sequence[str], place: Place) -> None:
    """What `hearth serve api` or `hearth serve engine` runs.

    `urls`: where its database and its broker are; `which`: "api", "engine".
    """
    if place.namespace is not None:
        networks.enter(place.namespace)
    true = time.time
    time.time = lambda: true() + place.skew.value  # the clock of this machine, for this process
    listener = serving.bind(place.address, port)
    bus = {"transport_url": urls["broker"]} if "broker" in urls else {}
    options = {"DEFAULT": {"host": place.host, **bus}, "database": {"connection": urls["database"]}}
    conf = wiring.configuration([config_file], options)
    wiring.log(conf)
    serving.run(
        wiring.services(conf, None, serving.address(listener), **dict.fromkeys(which, True)), listener, _nothing
    )


def shared_number() -> Any:
    """A number that lives read while the driver changes it."""
    return _FORKS.Value("d", 0.0, lock=False)


def call(url: str, method: str, token: str | None = None, body: Any = None) -> tuple[int, Any, Mapping[str, str]]:
    """One request: status, decoded body, headers. Raises OSError when there was no answer."""
    headers = {"Content-Type": "application/json", **({"X-Auth-Token": token} if token else {})}
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=30) as answer:
            return answer.status, _decoded(answer.read()), answer.headers
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, _decoded(refusal.read()), refusal.headers


def _decoded(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return raw.decode(errors="replace")


def is_ready(url: str) -> bool:
    """Whether a process says of itself that it can serve."""
    try:
        return call(f"{url}/healthcheck", "GET")[0] == 200
    except OSError:
        return False


def _live(work: Callable[..., None], log: pathlib.Path, port: int, *arguments: Any) -> None:
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    work(port, *arguments)


def _nothing() -> None:
    return
