"""Processes of Hearth that are born fast and may be killed at any moment.

Starting a Python that knows all of Hearth takes over a second. A fork server loads everything once; each life is a
fork of it, runs what `hearth up` or `hearth serve` run, and is ended by SIGKILL.
"""

import contextlib
import json
import multiprocessing
import os
import pathlib
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from hearth.process import foreground, home, serving, wiring
from hearth.process import orchestration as orchestrations

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["hearth.process.foreground", "alembic.command", "uvloop", "httptools", "sqlite3"])
_READY_SECONDS = 30


def free_port() -> int:
    """A port that nobody uses now; every life of one Hearth gets the same."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Life:
    """One process; `kill` it, or leave it to `end`."""

    def __init__(self, work: Callable[..., None], log: pathlib.Path, port: int, *arguments: Any) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._process = _FORKS.Process(target=_live, args=(work, log, port, *arguments), daemon=True)
        self._process.start()
        until = time.monotonic() + _READY_SECONDS
        while not _answers(f"{self.url}/healthcheck"):
            assert self._process.is_alive(), f"it ended while starting:\n{log.read_text()[-3000:]}"
            assert time.monotonic() < until, f"it is not ready:\n{log.read_text()[-3000:]}"
            time.sleep(0.01)

    @property
    def is_alive(self) -> bool:
        return self._process.is_alive()

    def kill(self) -> None:
        """Take its life without warning. Safe to repeat, and from another thread."""
        if self._process.pid is not None and self._process.exitcode is None:
            try:
                os.kill(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                return

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


def cloud(port: int, folder: pathlib.Path) -> None:
    """What `hearth serve cloud` runs."""
    own = home.Home(folder)
    own.prepare()
    listener = serving.bind("127.0.0.1", port)
    serving.run(wiring.services(None, own.cloud_data, serving.address(listener), cloud=True), listener, _nothing)


def orchestration(port: int, folder: pathlib.Path, cloud_url: str) -> None:
    """API and engine as in `hearth up`, for a cloud at another address."""
    listener = serving.bind("127.0.0.1", port)
    wiring.log_to_stderr()
    conf = wiring.configuration([], wiring.home_options(home.Home(folder), cloud_url, {}))
    parts = orchestrations.Orchestration(conf, alone=True)

    @contextlib.asynccontextmanager
    async def running() -> AsyncIterator[None]:
        await parts.start()
        yield

    assert parts.api is not None
    serving.run(serving.combine({"": parts.api}, running), listener, _nothing)


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


def _answers(url: str) -> bool:
    try:
        return call(url, "GET")[0] == 200
    except OSError:
        return False


def _live(work: Callable[..., None], log: pathlib.Path, port: int, *arguments: Any) -> None:
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    work(port, *arguments)


def _nothing() -> None:
    return
