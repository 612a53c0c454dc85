"""Several processes of one service on one address: started, started again when one dies, and stopped together.

The keeper does no work of its own. It binds the addresses and hands the sockets to its workers, each of which is a
`hearth serve` that was told by hidden options what it was handed. A worker says by one line on its standard output that
it serves, and stops when its standard input comes to an end: its keeper is gone. One that cannot start at the first
time ends all; later it is tried again, ever more rarely.
"""

import asyncio
import contextlib
import logging
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence

log = logging.getLogger(__name__)

#: Seconds between a worker's end and the next one in its place, when it did not serve; twice as much each time.
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
#: Where the metrics of all workers meet; see `hearth.process.exposing`.
_METRICS = "PROMETHEUS_MULTIPROC_DIR"


class Keeper:
    """Keeps so many workers running. `arguments`: of `hearth`; `handed`: sockets' file descriptors they inherit."""

    def __init__(self, count: int, arguments: Sequence[str], handed: Sequence[int]) -> None:
        self._count = count
        self._command = [sys.executable, "-m", "hearth.process", *arguments]
        self._handed = tuple(handed)
        self._running: dict[int, asyncio.subprocess.Process] = {}
        self._stopping = asyncio.Event()
        self._failed = False

    async def run(self) -> bool:
        """Keep the workers until SIGTERM or SIGINT has come and all have ended; False when one could not start."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        with _metrics_folder():
            await asyncio.gather(*(self._keep(number) for number in range(1, self._count + 1)))
        return not self._failed

    def _stop(self) -> None:
        """A signal has come, or another one, which cuts off what is under way."""
        self._stopping.set()
        for worker in self._running.values():
            with contextlib.suppress(ProcessLookupError):
                worker.terminate()

    async def _keep(self, number: int) -> None:
        has_served, pause = False, FIRST_PAUSE
        while not self._stopping.is_set():
            worker = await self._started(number)
            serves = bool(await worker.stdout.readline()) if worker.stdout is not None else False
            if serves:
                has_served, pause = True, FIRST_PAUSE
            status = await worker.wait()
            del self._running[number]
            if self._stopping.is_set():
                # One that was still starting knows no order to its end; nothing of it is lost.
                self._failed = self._failed or (status != 0 and (serves or status != -signal.SIGTERM))
                return
            if not has_served:
                self._failed = True
                self._stop()
                return
            log.error("Worker %d (process %d) ended %s; another one is started", number, worker.pid, _how(status))
            if not serves:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._stopping.wait()
                pause = min(pause * 2, LONGEST_PAUSE)

    async def _started(self, number: int) -> asyncio.subprocess.Process:
        worker = self._running[number] = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=self._handed,
            # Ctrl-C is for the keeper, which passes it on once.
            start_new_session=True,
        )
        log.info("Worker %d is process %d", number, worker.pid)
        if self._stopping.is_set():
            worker.terminate()
        return worker


@contextlib.contextmanager
def _metrics_folder() -> Iterator[None]:
    """One place for the metrics of all workers, which share an address, unless the operator has chosen one."""
    if _METRICS in os.environ:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="hearth-metrics-") as folder:
        os.environ[_METRICS] = folder
        try:
            yield
        finally:
            del os.environ[_METRICS]


def _how(status: int) -> str:
    return f"by {signal.Signals(-status).name}" if status < 0 else f"with exit status {status}"


def serves() -> None:
    """A worker tells its keeper that it serves, and from now on stops when that is gone."""
    os.write(1, b"serves\n")

    def watch() -> None:
        while os.read(0, 64):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()
