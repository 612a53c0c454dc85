"""Measure a deployment: API and engines as processes of their own, on PostgreSQL or MariaDB, with RabbitMQ.

    bench/shared.py [--database postgresql|mariadb] [--engines N [--engine-cpu C]] [flat:1000 flat:10000 ...]

Resources that need no cloud are created and deleted through the public API. Database and broker are started for it, in
a scratch folder. Prints a markdown table for docs/benchmarks.md: wall seconds that a client waits, milliseconds of CPU
a resource of each part, and the resident memory of the largest engine at the end of the step. The cases:

    flat:N       one stack of N resources, which are also updated
    burst:NxM    N stacks of M resources, asked for at once by 50 clients
    stacks:NxM   the same by 10 clients, who wait for each stack before they ask for the next one
    tree:NxM     one tree of N nested stacks of M resources

`--engine-cpu 0.25` lets each engine have a quarter of a core (a control group; needs root). What several engines do to
each other then shows on a machine whose cores one engine, the API and the database would fill.
"""

import argparse
import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

import run

sys.path.append(str(pathlib.Path(__file__).parents[1] / "tests" / "acceptance"))

from acceptance_services import CONFIGURATION
from reliability import servers

PARTS = ("engine", "api", "database", "broker")
HEADING = (
    "| case | step | wall s | " + " | ".join(f"{part} ms" for part in PARTS) + " | engine MiB |\n"
    "|---|---|---:" + "|---:" * 5 + "|"
)
BURST_CLIENTS = 50
CLIENTS = 10
_TICK = os.sysconf("SC_CLK_TCK")


class Shares:
    """Control groups, each with so many cores, for one process with its children."""

    #: Microseconds in which a group uses up what it may.
    _PERIOD = 20_000

    def __init__(self, cores: float) -> None:
        self._cores = cores
        self._second = pathlib.Path("/sys/fs/cgroup/cgroup.controllers").exists()
        self._made: list[pathlib.Path] = []

    def give(self, pid: int) -> None:
        """Put a process into a group of its own."""
        root = pathlib.Path("/sys/fs/cgroup", "" if self._second else "cpu")
        group = root / f"hearth-bench-{pid}"
        group.mkdir()
        self._made.append(group)
        quota = int(self._cores * self._PERIOD)
        if self._second:
            (group / "cpu.max").write_text(f"{quota} {self._PERIOD}")
        else:
            (group / "cpu.cfs_period_us").write_text(str(self._PERIOD))
            (group / "cpu.cfs_quota_us").write_text(str(quota))
        (group / "cgroup.procs").write_text(str(pid))

    def close(self) -> None:
        """Remove the groups, whose processes have ended."""
        for group in self._made:
            group.rmdir()


class Deployment(run.Hearth):
    """Cloud, API and engines over database and broker, and the API as user demo."""

    def __init__(self, folder: pathlib.Path, shares: Shares | None = None) -> None:
        self.folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []
        self._shares = shares

    def start(self, database: servers.Server, broker: servers.Server, engines: int) -> None:
        """Begin it. What has been started when this fails, `stop` ends."""
        folder = self.folder
        _, self.url = self._serve("cloud", "--data-dir", str(folder / "cloud"))
        options = f"[DEFAULT]\ntransport_url = {broker.url}\nmax_resources_per_stack = -1\n"
        options += "max_stacks_per_tenant = -1\n"
        text = CONFIGURATION.format(url=self.url, folder=folder, options=options)
        url = servers.new_database(database.url, "hearth")
        configuration = folder / "hearth.conf"
        configuration.write_text(re.sub(r"^connection = .*$", f"connection = {url}", text, flags=re.M))
        given = ("--config-file", str(configuration))
        self.pids = {"engine": [self._serve("engine", *given)[0] for _ in range(engines)]}
        for pid in self.pids["engine"] if self._shares is not None else ():
            self._shares.give(pid)
        api, own = self._serve("api", *given)
        self.pids |= {"api": [api], "database": [database.pid], "broker": [broker.pid]}
        self._log_in("demo")
        self._api = own + self._api.removeprefix(f"{self.url}/orchestration")

    def _serve(self, *arguments: str) -> tuple[int, str]:
        log = self.folder / f"{len(self._processes)}.log"
        with log.open("wb") as file:
            command = [*run.HEARTH, "serve", *arguments, "--port", "0"]
            self._processes.append(subprocess.Popen(command, stdout=file, stderr=file, start_new_session=True))
        until = time.monotonic() + 60
        while (found := re.search(r"Serving .* at (\S+)", log.read_text())) is None:
            if self._processes[-1].poll() is not None or time.monotonic() > until:
                raise run.Failed(log.read_text())
            time.sleep(0.05)
        return self._processes[-1].pid, found[1]

    def stop(self) -> None:
        """End it."""
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            process.wait(30)
        if self._shares is not None:
            self._shares.close()

    def cpu_of_parts(self) -> dict[str, float]:
        """CPU seconds so far of each part, with all processes of its session and those that have ended."""
        sessions = dict.fromkeys((pid for pids in self.pids.values() for pid in pids), 0.0)
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                session = int(fields[3])
                # Processes of PostgreSQL make sessions of their own.
                leader = session if session in sessions else int(fields[1])
                if leader in sessions:
                    times = fields[11:15] if int(folder.name) == leader else fields[11:13]
                    sessions[leader] += sum(map(int, times)) / _TICK
        return {part: sum(sessions[pid] for pid in pids) for part, pids in self.pids.items()}

    def engine_memory(self) -> int:
        """MiB that the largest engine has."""
        pages = [int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self.pids["engine"]]
        return max(pages) * os.sysconf("SC_PAGE_SIZE") // 2**20


class Bench:
    """Measures steps and prints each as a row."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    def step(self, case: str, size: int, step: str, work: Callable[[], Any]) -> Any:
        """Measure one step on so many resources."""
        before, start = self._deployment.cpu_of_parts(), time.monotonic()
        result = work()
        wall = time.monotonic() - start
        after = self._deployment.cpu_of_parts()
        each = [f"{1000 * (after[part] - before[part]) / size:.2f}" for part in PARTS]
        memory = self._deployment.engine_memory()
        print(f"| {case} | {step} | {wall:.2f} | {' | '.join(each)} | {memory} |", flush=True)
        return result

    def flat(self, size: int) -> None:
        """Resources that need nothing of each other, through their life."""
        hearth = self._deployment

        def create() -> str:
            made = hearth.create(f"flat-{size}", run.flat(size))
            hearth.wait(made, "CREATE_COMPLETE")
            return made

        def update() -> None:
            hearth.update(stack, run.flat(size, "two"))
            hearth.wait(stack, "UPDATE_COMPLETE")

        def delete() -> None:
            hearth.call("DELETE", stack)
            hearth.wait(stack, "DELETE_COMPLETE")

        case = f"flat:{size}"
        stack = self.step(case, size, "create", create)
        self.step(case, size, "update all", update)
        self.step(case, size, "delete", delete)

    def burst(self, count: int, size: int) -> None:
        """Many stacks asked for at the same moment."""
        self._many("burst", BURST_CLIENTS, count, size)

    def stacks(self, count: int, size: int) -> None:
        """Many stacks, some at a time."""
        self._many("stacks", CLIENTS, count, size)

    def _many(self, kind: str, clients: int, count: int, size: int) -> None:
        hearth, case = self._deployment, f"{kind}:{count}x{size}"
        made, asked = run.flat(size), list[float]()

        def create(number: int) -> str:
            start = time.monotonic()
            stack = hearth.create(f"{kind}-{number}", made)
            asked.append(time.monotonic() - start)
            if kind == "stacks":
                hearth.wait(stack, "CREATE_COMPLETE")
            return stack

        def delete(stack: str) -> None:
            hearth.call("DELETE", stack)
            hearth.wait(stack, "DELETE_COMPLETE")

        def create_all() -> list[str]:
            found = list(pool.map(create, range(count)))
            for stack in found:
                hearth.wait(stack, "CREATE_COMPLETE")
            return found

        with concurrent.futures.ThreadPoolExecutor(clients) as pool:
            stacks = self.step(case, count * size, "create", create_all)
            self.step(case, count * size, "delete", lambda: list(pool.map(delete, stacks)))
        asked.sort()
        half, most = (asked[int(share * (len(asked) - 1))] for share in (0.5, 0.95))
        print(f"create requests of {case}: median {half:.3f} s, p95 {most:.3f} s, worst {asked[-1]:.3f} s", flush=True)

    def tree(self, count: int, size: int) -> None:
        """Nested stacks of one tree."""
        hearth, case = self._deployment, f"tree:{count}x{size}"
        made = run.group(count, {"type": "nested.yaml"})

        def create() -> str:
            stack = hearth.create(case.replace(":", "-"), made, {"nested.yaml": json.dumps(run.flat(size))})
            hearth.wait(stack, "CREATE_COMPLETE")
            return stack

        def delete() -> None:
            hearth.call("DELETE", stack)
            hearth.wait(stack, "DELETE_COMPLETE")

        stack = self.step(case, count * size, "create", create)
        self.step(case, count * size, "delete", delete)


@contextlib.contextmanager
def started(folder: pathlib.Path, kind: str) -> Iterator[servers.Server]:
    """A server for a while."""
    server = servers.KINDS[kind](folder / kind)
    try:
        yield server
    finally:
        server.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--database", choices=["postgresql", "mariadb"], default="postgresql")
    parser.add_argument("--engines", type=int, default=1)
    parser.add_argument("--engine-cpu", type=float, metavar="CORES", help="that each engine may use")
    parser.add_argument("cases", nargs="*", default=["flat:1000", "flat:10000"], help="as flat:1000 or tree:100x100")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hearth-bench-") as name:
        folder = pathlib.Path(name)
        with started(folder, given.database) as database, started(folder, "rabbitmq") as broker:
            deployment = Deployment(folder, Shares(given.engine_cpu) if given.engine_cpu else None)
            try:
                deployment.start(database, broker, given.engines)
                each = f", of {given.engine_cpu:g} cores each" if given.engine_cpu else ""
                print(f"{given.database}, engines: {given.engines}{each}\n\n{HEADING}")
                bench = Bench(deployment)
                bench.flat(100)
                for case in given.cases:
                    kind, _, sizes = case.partition(":")
                    getattr(bench, kind)(*map(int, sizes.split("x")))
            finally:
                deployment.stop()


if __name__ == "__main__":
    main()
