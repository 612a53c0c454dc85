"""Reading, side by side: how long lists take at several orchestration services of one cloud, and under many clients.

    bench/reads.py --at Heat=http://HOST:8004/v1/%(project_id)s --at Hearth=http://HOST:9004/v1/%(project_id)s \
        [--fill 200 --size 100] [--clients 200]

Who asks comes from OS_AUTH_URL, OS_USERNAME, OS_PASSWORD, OS_PROJECT_NAME (domains: Default). `--fill N` first makes
stacks where there are fewer, of `--size` resources that need no cloud; they stay. Every service is asked for the same
calls in turn, each `--times` times, at stacks drawn by chance. Then `--clients` clients at once go through all calls,
each with a connection of its own. Prints a Markdown table; exits with 1 when a call failed.
"""

import argparse
import concurrent.futures
import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import requests

TOKEN_SECONDS = 30
ROUNDS = 3


class Service:
    """One orchestration service, seen by one project."""

    def __init__(self, label: str, url: str, token: str) -> None:
        self.label = label
        self.url = url
        self.token = token
        self.session = self.connect()
        self.paths: list[str] = []

    def connect(self) -> requests.Session:
        """A connection of its own."""
        session = requests.Session()
        session.headers["X-Auth-Token"] = self.token
        return session

    def call(self, method: str, path: str, body: Any = None, session: requests.Session | None = None) -> Any:
        """The body of an answer. Raises RuntimeError for a refusal."""
        answer = (session or self.session).request(method, self.url + path, json=body, timeout=120)
        if answer.status_code >= 400:
            raise RuntimeError(f"{self.label}: {method} {path}: {answer.status_code} {answer.text[:200]}")
        return answer.json() if answer.content else None

    def look(self) -> None:
        """Find the stacks there are."""
        found = self.call("GET", "/stacks")["stacks"]
        self.paths = [f"/stacks/{one['stack_name']}/{one['id']}" for one in found]

    def fill(self, wanted: int, size: int) -> None:
        """Make stacks until there are so many, and wait for them."""
        template = {
            "heat_template_version": "2018-08-31",
            "resources": {f"r{n}": {"type": "OS::Heat::RandomString"} for n in range(size)},
        }
        for number in range(len(self.paths), wanted):
            self.call("POST", "/stacks", {"stack_name": f"reads-{number}", "template": template})
        while any(one["stack_status"].endswith("IN_PROGRESS") for one in self.call("GET", "/stacks")["stacks"]):
            time.sleep(1)
        self.look()


def login() -> tuple[str, str]:
    """A token and the project's id."""
    user = {"name": os.environ["OS_USERNAME"], "domain": {"name": "Default"}, "password": os.environ["OS_PASSWORD"]}
    scope = {"project": {"name": os.environ["OS_PROJECT_NAME"], "domain": {"name": "Default"}}}
    auth = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}
    answer = requests.post(f"{os.environ['OS_AUTH_URL']}/auth/tokens", json=auth, timeout=TOKEN_SECONDS)
    answer.raise_for_status()
    return answer.headers["X-Subject-Token"], answer.json()["token"]["project"]["id"]


#: What is asked: `{what: path of a stack -> path}`.
CALLS: dict[str, Callable[[str], str]] = {
    "stack list": lambda _: "/stacks",
    "stack show": lambda path: path,
    "resource list": lambda path: f"{path}/resources",
    "event list": lambda path: f"{path}/events",
}


def timed(service: Service, path: str, session: requests.Session | None = None) -> float:
    """Milliseconds of one call."""
    start = time.perf_counter()
    service.call("GET", path, session=session)
    return 1000 * (time.perf_counter() - start)


def percentiles(times: Sequence[float]) -> tuple[float, float]:
    """p50 and p95."""
    cut = statistics.quantiles(times, n=20)
    return statistics.median(times), cut[18]


def one_after_the_other(
    services: Sequence[Service], times: int
) -> Iterator[tuple[str, dict[str, tuple[float, float]]]]:
    """Each call at all services in turn."""
    for what, path in CALLS.items():
        taken: dict[str, list[float]] = {one.label: [] for one in services}
        for _ in range(times):
            for service in services:
                taken[service.label].append(timed(service, path(random.choice(service.paths))))
        yield what, {label: percentiles(each) for label, each in taken.items()}


def all_at_once(service: Service, clients: int) -> tuple[list[float], list[str], float]:
    """Times and failures of many clients, and the seconds until the last was done."""
    failures: list[str] = []

    def client(_: int) -> list[float]:
        session, times = service.connect(), []
        for _ in range(ROUNDS):
            for path in CALLS.values():
                try:
                    times.append(timed(service, path(random.choice(service.paths)), session))
                except (RuntimeError, requests.RequestException) as error:
                    failures.append(str(error)[:200])
        return times

    start = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        times = [one for several in pool.map(client, range(clients)) for one in several]
    return times, failures, time.perf_counter() - start


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--at", action="append", required=True, metavar="LABEL=URL", help="a service; may repeat")
    parser.add_argument("--fill", type=int, default=0, metavar="N", help="stacks there have to be")
    parser.add_argument("--size", type=int, default=100, help="resources of each stack that is made")
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--clients", type=int, default=0)
    arguments = parser.parse_args()
    token, project_id = login()
    services = []
    for one in arguments.at:
        label, _, url = one.partition("=")
        services.append(Service(label, url.replace("%(project_id)s", project_id), token))
    for service in services:
        service.look()
        service.fill(arguments.fill, arguments.size)
        print(f"{service.label}: {len(service.paths)} stacks", file=sys.stderr)
    labels = [one.label for one in services]
    print("| call | " + " | ".join(f"{label} p50 ms | p95 ms" for label in labels) + " |")
    print("|---|" + "---:|" * (2 * len(labels)))
    for what, taken in one_after_the_other(services, arguments.times):
        print(f"| {what} | " + " | ".join(f"{taken[one][0]:.1f} | {taken[one][1]:.1f}" for one in labels) + " |")
    failed = False
    for service in services if arguments.clients else ():
        times, failures, seconds = all_at_once(service, arguments.clients)
        middle, high = percentiles(times) if len(times) > 1 else (0.0, 0.0)
        print(
            f"{service.label}: {arguments.clients} clients at once, {len(times)} calls in {seconds:.1f} s, "
            f"p50 {middle:.0f} ms, p95 {high:.0f} ms, {len(failures)} failed{': ' + failures[0] if failures else ''}"
        )
        failed = failed or bool(failures)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
