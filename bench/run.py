"""Measure Hearth through its public API: a fresh `hearth up` in a temporary folder, one case after the other.

    bench/run.py [CASE[:SIZE,...]]... [--json FILE]

Cases: flat (independent resources: create, no-op update, update of all, delete), chain (each reads the one before),
fanin (many into one), plan (of independent resources: nothing to do, all to change, kept and applied), few (ten changes
among many, at once and planned, kept and applied), group (nested stacks of three resources), concurrent (stacks of ten
resources from ten threads),
servers (real servers on the embedded cloud), fairness (a resource of one project while a large stack of another one is
made), reality and reality_nets (check, drift and converge, without a cloud and
with networks). Prints a markdown table for docs/benchmarks.md.
"""

import argparse
import concurrent.futures
import copy
import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

import requests

DEFAULT_CASES = (
    "flat:100,1000,10000",
    "chain:200",
    "fanin:200",
    "plan:1000",
    "actions:1000",
    "superseding:1000",
    "few:10000",
    "group:100",
    "concurrent:50",
    "servers:100",
    "fairness:10000",
)
POLL_SECONDS = 0.02
#: The largest case, 100,000 resources, is to end in it on two cores.
GIVE_UP_SECONDS = 1800
HEARTH = (sys.executable, "-m", "hearth.process")

Template = dict[str, Any]


# ---- templates


def template(resources: dict[str, Any], **outputs: Any) -> Template:
    """A HOT document."""
    made: Template = {"heat_template_version": "2018-08-31", "resources": resources}
    if outputs:
        made["outputs"] = {name: {"value": value} for name, value in outputs.items()}
    return made


def probe(value: Any) -> dict[str, Any]:
    """A resource that needs no cloud."""
    return {"type": "OS::Heat::TestResource", "properties": {"value": value}}


def flat(size: int, value: str = "one") -> Template:
    """Resources that need nothing of each other."""
    return template({f"r{number}": probe(value) for number in range(size)})


def chain(size: int, value: str = "one") -> Template:
    """Resources in a row; a change of the first one walks to the last."""
    links = {
        f"r{number}": probe({"get_attr": [f"r{number - 1}", "output"]} if number else value) for number in range(size)
    }
    return template(links, last={"get_attr": [f"r{size - 1}", "output"]})


def fanin(size: int) -> Template:
    """Many resources that one reads."""
    many = {f"r{number}": {"type": "OS::Heat::RandomString", "properties": {"length": 8}} for number in range(size)}
    joined = {"list_join": ["", [{"get_attr": [name, "value"]} for name in many]]}
    join = {"type": "OS::Heat::Value", "properties": {"type": "string", "value": joined}}
    return template({**many, "join": join}, joined={"get_attr": ["join", "value"]})


def group(size: int, member: dict[str, Any]) -> Template:
    """A resource group."""
    properties = {"count": size, "resource_def": member}
    return template({"group": {"type": "OS::Heat::ResourceGroup", "properties": properties}})


def servers(size: int) -> Template:
    """A network of its own with a group of servers in it."""
    network = {"get_resource": "network"}
    server = {
        "type": "OS::Nova::Server",
        "properties": {"image": "cirros", "flavor": "m1.tiny", "networks": [{"network": network}]},
    }
    made = group(size, server)
    made["resources"]["group"]["depends_on"] = "subnet"
    made["resources"] |= {
        "network": {"type": "OS::Neutron::Net"},
        "subnet": {"type": "OS::Neutron::Subnet", "properties": {"network": network, "cidr": "10.77.0.0/20"}},
    }
    return made


# ---- the service under test


class Failed(Exception):
    """A stack did not get where it should."""


class Hearth:
    """A `hearth up` with an empty folder, and its API as user demo."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        options = ["--data-dir", str(folder), "--port", "0", "--build-seconds", "0", "--max-resources-per-stack", "-1"]
        subprocess.run([*HEARTH, "up", "--detach", *options], check=True, stderr=subprocess.DEVNULL)
        state = json.loads((folder / "hearth.lock").read_bytes())
        self.pid, self.url = int(state["pid"]), str(state["url"])
        self._log_in("demo")
        self._admin("PUT", "/settings", enforce_quotas=False)

    def of(self, project: str) -> "Hearth":
        """The same, as the user of another project."""
        other = copy.copy(self)
        other._log_in(project)
        return other

    def _log_in(self, name: str) -> None:
        self._http = requests.Session()
        self._http.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=20))
        domain = {"name": "Default"}
        user = {"name": name, "password": "secret", "domain": domain}
        scope = {"project": {"name": name, "domain": domain}}
        body: Any = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}
        answer = self._http.post(f"{self.url}/identity/v3/auth/tokens", json=body, timeout=60)
        answer.raise_for_status()
        self._http.headers["X-Auth-Token"] = answer.headers["X-Subject-Token"]
        self._api = f"{self.url}/orchestration/v1/{answer.json()['token']['project']['id']}"

    def _admin(self, method: str, path: str, **body: Any) -> None:
        self._http.request(method, f"{self.url}/admin{path}", json=body, timeout=60).raise_for_status()

    def stop(self) -> None:
        """End it."""
        subprocess.run([*HEARTH, "down", "--data-dir", str(self.folder)], check=False, stderr=subprocess.DEVNULL)

    def call(self, method: str, path: str, body: Any = None, **params: str) -> Any:
        """One request; the decoded body, None for 404."""
        answer = self._http.request(method, self._api + path, json=body, params=params, timeout=GIVE_UP_SECONDS)
        if answer.status_code == 404:
            return None
        if answer.status_code >= 400:
            raise Failed(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        return (
            answer.json()
            if answer.headers.get("Content-Type", "").startswith("application/json") and answer.content
            else None
        )

    def create(self, name: str, made: Template, files: dict[str, str] | None = None) -> str:
        """Ask for a stack; its path."""
        answer = self.call("POST", "/stacks", {"stack_name": name, "template": made, "files": files or {}})
        return f"/stacks/{name}/{answer['stack']['id']}"

    def update(self, stack: str, made: Template) -> None:
        """Ask for an update."""
        self.call("PUT", stack, {"template": made})

    def wait(self, stack: str, wanted: str, unlike: Any = ...) -> None:
        """Poll until the stack is in the wanted state (and was updated at another time than `unlike`)."""
        until = time.monotonic() + GIVE_UP_SECONDS
        while time.monotonic() < until:
            answer = self.call("GET", stack, resolve_outputs="false")
            status = answer["stack"]["stack_status"] if answer else "DELETE_COMPLETE"
            if status == wanted and (not answer or answer["stack"]["updated_time"] != unlike):
                return
            if status.endswith("_FAILED"):
                raise Failed(f"{stack}: {status}: {answer['stack']['stack_status_reason'][:300]}")
            time.sleep(POLL_SECONDS)
        raise Failed(f"{stack}: not {wanted} within {GIVE_UP_SECONDS} s")

    def updated_time(self, stack: str) -> Any:
        """When the stack was updated last."""
        return self.call("GET", stack, resolve_outputs="false")["stack"]["updated_time"]

    def cpu(self) -> float:
        """CPU seconds of the process so far."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss(self) -> int:
        """Resident memory now, MiB."""
        pages = int(pathlib.Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") // 2**20


# ---- measuring


@dataclasses.dataclass(frozen=True, slots=True)
class Figure:
    """One measured step. Seconds, MiB; `count` things were worked on."""

    case: str
    size: int
    step: str
    count: int
    wall: float
    cpu: float
    rss: int

    def row(self) -> str:
        """The figure as a row of the table."""
        each = 1000 * self.cpu / max(self.count, 1)
        return (
            f"| {self.case} | {self.size} | {self.step} | {self.wall:.2f} | {self.cpu:.2f} | {each:.2f} | {self.rss} |"
        )


HEADING = "| case | size | step | wall s | CPU s | CPU ms each | RSS MiB |\n|---|---:|---|---:|---:|---:|---:|"


class Bench:
    """Runs cases and keeps the figures."""

    def __init__(self, hearth: Hearth) -> None:
        self.hearth = hearth
        self.figures: list[Figure] = []
        self._names = (f"bench-{number}" for number in range(1_000_000))

    def step(self, case: str, size: int, step: str, work: Callable[[], Any], count: int | None = None) -> Any:
        """Measure one step."""
        cpu, start = self.hearth.cpu(), time.monotonic()
        result = work()
        wall = time.monotonic() - start
        figure = Figure(case, size, step, count or size, wall, self.hearth.cpu() - cpu, self.hearth.rss())
        self.figures.append(figure)
        print(figure.row(), flush=True)
        return result

    def _create(self, case: str, size: int, made: Template, files: dict[str, str] | None = None, count: int = 0) -> str:
        def work() -> str:
            stack = self.hearth.create(next(self._names), made, files)
            self.hearth.wait(stack, "CREATE_COMPLETE")
            return stack

        created: str = self.step(case, size, "create", work, count)
        return created

    def _update(self, case: str, size: int, step: str, stack: str, made: Template, count: int = 0) -> None:
        before = self.hearth.updated_time(stack)
        # The time of update counts whole seconds: the new one has to differ.
        time.sleep(1.05)

        def work() -> None:
            self.hearth.update(stack, made)
            self.hearth.wait(stack, "UPDATE_COMPLETE", before)

        self.step(case, size, step, work, count)

    def _delete(self, case: str, size: int, stack: str, count: int = 0) -> None:
        def work() -> None:
            self.hearth.call("DELETE", stack)
            self.hearth.wait(stack, "DELETE_COMPLETE")

        self.step(case, size, "delete", work, count)

    def flat(self, size: int) -> None:
        """Independent resources."""
        stack = self._create("flat", size, flat(size))
        self._update("flat", size, "no-op update", stack, flat(size))
        self._update("flat", size, "update all", stack, flat(size, "two"))
        self._delete("flat", size, stack)

    def reality(self, size: int) -> None:
        """Resources without a cloud, looked at in each way there is."""
        self._reality("reality", size, flat(size))

    def reality_nets(self, size: int) -> None:
        """The same with networks of the embedded cloud."""
        nets = template({f"n{number}": {"type": "OS::Neutron::Net"} for number in range(size)})
        self._reality("reality_nets", size, nets)

    def _reality(self, case: str, size: int, made: Template) -> None:
        stack = self._create(case, size, made)

        def check() -> None:
            self.hearth.call("POST", f"{stack}/actions", {"check": None})
            self.hearth.wait(stack, "CHECK_COMPLETE")

        def converge() -> None:
            self.hearth.call("PATCH", stack, {"converge": True})
            self.hearth.wait(stack, "UPDATE_COMPLETE")

        self.step(case, size, "check", check)
        self.step(case, size, "look for drift", lambda: self.hearth.call("POST", f"{stack}/drift", {}))
        self.step(case, size, "show drift", lambda: self.hearth.call("GET", f"{stack}/drift"))
        self.step(case, size, "no-op converge", converge)
        self._delete(case, size, stack)

    def actions(self, size: int) -> None:
        """Everything that is done to a stack as it is."""
        stack = self._create("actions", size, flat(size))

        def act(action: str) -> None:
            self.hearth.call("POST", f"{stack}/actions", {action: None})
            self.hearth.wait(stack, f"{action.upper()}_COMPLETE")

        def snapshot() -> str:
            taken = self.hearth.call("POST", f"{stack}/snapshots", {})
            self.hearth.wait(stack, "SNAPSHOT_COMPLETE")
            return str(taken["id"])

        def restore() -> None:
            self.hearth.call("POST", f"{stack}/snapshots/{kept}/restore")
            self.hearth.wait(stack, "RESTORE_COMPLETE")

        for action in ("suspend", "resume", "check"):
            self.step("actions", size, action, lambda action=action: act(action))
        kept = self.step("actions", size, "snapshot", snapshot)
        self._update("actions", size, "update all", stack, flat(size, "two"))
        self.step("actions", size, "restore", restore)
        self._delete("actions", size, stack)

    def superseding(self, size: int) -> None:
        """An update that takes the place of one under way, none of whose work takes any time."""
        stack = self._create("superseding", size, flat(size))

        def work() -> None:
            self.hearth.update(stack, flat(size, "two"))
            self.hearth.update(stack, flat(size, "three"))
            self.hearth.wait(stack, "UPDATE_COMPLETE")

        self.step("superseding", size, "two updates", work)
        self._delete("superseding", size, stack)

    def chain(self, size: int) -> None:
        """A row of resources."""
        stack = self._create("chain", size, chain(size))
        self._update("chain", size, "update first", stack, chain(size, "two"))
        last = self.hearth.call("GET", f"{stack}/outputs/last")["output"]["output_value"]
        if last != "two":
            raise Failed(f"chain: the output is {last!r}, not 'two'")
        self._delete("chain", size, stack)

    def fanin(self, size: int) -> None:
        """Many into one."""
        stack = self._create("fanin", size, fanin(size))
        self._delete("fanin", size, stack)

    def _apply(self, case: str, size: int, step: str, stack: str, made: Template, count: int = 0) -> None:
        """Plan an update, keep the plan, apply it, wait."""
        before = self.hearth.updated_time(stack)
        time.sleep(1.05)
        body = {"template": made}
        plan = self.step(case, size, f"{step}: plan", lambda: self.hearth.call("POST", f"{stack}/plans", body), count)

        def work() -> None:
            self.hearth.call("POST", f"/plans/{plan['plan']['id']}/apply", {"digest": plan["plan"]["digest"]})
            self.hearth.wait(stack, "UPDATE_COMPLETE", before)

        self.step(case, size, f"{step}: apply", work, count)

    def plan(self, size: int) -> None:
        """Plans of independent resources."""
        stack = self._create("plan", size, flat(size))
        self._apply("plan", size, "no-op", stack, flat(size))
        self._apply("plan", size, "all", stack, flat(size, "two"))

    def few(self, size: int) -> None:
        """Ten changes among many resources."""
        stack, made = self._create("few", size, flat(size)), flat(size)
        for value, update in (("two", self._update_few), ("three", self._apply)):
            for number in range(0, size, size // 10):
                made["resources"][f"r{number}"] = probe(value)
            update("few", size, "10 of them", stack, made, 10)

    def _update_few(self, case: str, size: int, step: str, stack: str, made: Template, count: int) -> None:
        self._update(case, size, f"{step}: update", stack, made, count)

    def group(self, size: int) -> None:
        """A group of nested stacks."""
        made = group(size, {"type": "nested.yaml"})
        stack = self._create("group", size, made, {"nested.yaml": json.dumps(flat(3))}, 3 * size)
        self._delete("group", size, stack, 3 * size)

    def concurrent(self, size: int) -> None:
        """Many stacks at once."""

        def one(name: str) -> str:
            stack = self.hearth.create(name, flat(10))
            self.hearth.wait(stack, "CREATE_COMPLETE")
            return stack

        names = [next(self._names) for _ in range(size)]
        with concurrent.futures.ThreadPoolExecutor(10) as pool:
            stacks = self.step("concurrent", size, "create", lambda: list(pool.map(one, names)), 10 * size)

        def remove() -> None:
            for stack in stacks:
                self.hearth.call("DELETE", stack)
            for stack in stacks:
                self.hearth.wait(stack, "DELETE_COMPLETE")

        self.step("concurrent", size, "delete all", remove, 10 * size)

    def fairness(self, size: int) -> None:
        """A single server of one project: alone, and while a large stack of another one is made."""
        neighbour = self.hearth.of("admin")
        networks = [{"allocate_network": "none"}]
        properties = {"image": "cirros", "flavor": "m1.tiny", "networks": networks}
        server = {"server": {"type": "OS::Nova::Server", "properties": properties}}

        def one() -> None:
            stack = neighbour.create(next(self._names), template(server))
            neighbour.wait(stack, "CREATE_COMPLETE")

        one()
        self.step("fairness", size, "one alone", one, 1)
        large = self.hearth.create(next(self._names), flat(size))
        for number in range(1, 6):
            self.step("fairness", size, f"one beside, {number}", one, 1)
        still = self.hearth.call("GET", large, resolve_outputs="false")["stack"]["stack_status"]
        self.step("fairness", size, f"the rest (was {still})", lambda: self.hearth.wait(large, "CREATE_COMPLETE"))

    def servers(self, size: int) -> None:
        """Servers on the embedded cloud."""
        stack = self._create("servers", size, servers(size))
        self._delete("servers", size, stack)


def cases(chosen: list[str]) -> Iterator[tuple[str, int]]:
    """`flat:100,1000` as pairs."""
    for text in chosen or DEFAULT_CASES:
        name, _, sizes = text.partition(":")
        for size in sizes.split(",") if sizes else ["100"]:
            yield name, int(size)


def main() -> None:
    """Run the chosen cases, each on a fresh process, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE[:SIZE,...]")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write the figures as JSON, too")
    chosen = parser.parse_args()
    figures: list[Figure] = []
    print(HEADING)
    failed = False
    for name, size in cases(chosen.cases):
        with tempfile.TemporaryDirectory(prefix="hearth-bench-") as folder:
            hearth = Hearth(pathlib.Path(folder))
            bench = Bench(hearth)
            try:
                getattr(bench, name)(size)
            except Failed as failure:
                failed = True
                print(f"| {name} | {size} | FAILED: {failure} |", flush=True)
            finally:
                hearth.stop()
            figures += bench.figures
    if chosen.json:
        chosen.json.write_text(json.dumps([dataclasses.asdict(one) for one in figures], indent=2) + "\n")
    sys.exit(failed)


if __name__ == "__main__":
    main()
