"""One Hearth that is killed and started again, with user demo as its client."""

import contextlib
import pathlib
import sqlite3
import threading
from collections.abc import Mapping
from typing import Any

from reliability import client, lives


class World(client.Client):
    """One Hearth over a folder. `split`: the cloud is a process of its own that lives on. `options`: of `hearth up`."""

    def __init__(
        self, folder: pathlib.Path, *, split: bool = False, options: Mapping[str, Any] | None = None, **cloud: Any
    ) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._log = folder / "lives.log"
        self._options = dict(options or {})
        self._port = lives.free_port()
        self._cloud_settings = {"build_seconds": 0.1, "volume_seconds": 0.1, "delete_seconds": 0.05, **cloud}
        self._cloud = lives.Life(lives.cloud, self._log, lives.free_port(), folder, "127.0.0.1") if split else None
        if self._cloud is not None:
            lives.call(f"{self._cloud.url}/admin/settings", "PUT", body=self._cloud_settings)
        self.killed = 0
        self._life: lives.Life | None = None
        self.start()
        own = f"http://127.0.0.1:{self._port}"
        self.cloud_url = self._cloud.url if self._cloud is not None else own
        api_url = own if self._cloud is not None else f"{own}/orchestration"
        super().__init__(f"{self.cloud_url}/identity/v3", api_url)

    # ---- processes

    def start(self) -> None:
        """Bring the engine to life (again)."""
        if self._cloud is None:
            self._life = lives.Life(lives.up, self._log, self._port, self.folder, self._cloud_settings, self._options)
        else:
            self._life = lives.Life(lives.orchestration, self._log, self._port, self.folder, self._cloud.url)

    def kill(self) -> None:
        """Kill the engine's process now, and wait until it is gone."""
        assert self._life is not None
        self._life.end()

    def close(self) -> None:
        """End all processes."""
        for life in (self._life, self._cloud):
            if life is not None:
                life.end()

    # ---- its cloud

    def fault(self, **rule: Any) -> None:
        """Let something go wrong in the cloud."""
        status, answer = self.call(f"{self.cloud_url}/admin/faults", "POST", rule)
        assert status == 201, answer

    def no_faults(self) -> None:
        self.call(f"{self.cloud_url}/admin/faults", "DELETE")

    # ---- stories

    def act(self, moments: list[float], method: str, name: str, template: Any = None, **more: Any) -> str:
        """Bring an action to its end while the process is killed at each of some moments (seconds after a start).

        A client whose answer was lost sends the request again, as any client does.
        """
        answered = False
        for moment in [*moments, None]:
            timer = threading.Timer(moment, self._shoot) if moment is not None else None
            if timer is not None:
                timer.start()
            try:
                with contextlib.suppress(*client.LOST):
                    if not answered:
                        status = self.send(method, name, template, **more)
                        # 409: the lost request had made the stack. 404: it is deleted already.
                        assert status < 300 or (method, status) in (("POST", 409), ("DELETE", 404)), status
                        answered = True
                    ended = self.until_ended(name)
                    if timer is None:
                        return ended
            finally:
                if timer is not None:
                    timer.join()
            self.kill()
            self.killed += 1
            self.start()
        raise AssertionError("unreachable")

    def _shoot(self) -> None:
        assert self._life is not None
        self._life.kill()

    # ---- what is

    def nodes_left(self) -> int:
        """Work that the store still knows of."""
        with contextlib.closing(sqlite3.connect(f"file:{self.folder}/hearth.sqlite?mode=ro", uri=True)) as store:
            return int(store.execute("SELECT count(*) FROM node").fetchone()[0])
