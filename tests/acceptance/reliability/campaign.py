"""A campaign: users live on a deployment while one kind of trouble strikes it over and over; what came of it."""

import contextlib
import dataclasses
import pathlib
import random
import statistics
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from reliability import clouds, networks, servers, troubles
from reliability.deployment import Deployment, deployed
from reliability.tenant import Tenant

#: Of all requests that change something this part goes wrong, in each of these ways.
_WRONG = 0.02
_FAULTS: tuple[Mapping[str, Any], ...] = (
    {"status": 503},
    {"status": 500, "after_work": True},
    {"drop": True, "after_work": True},
    {"latency": 0.5},
)


@dataclasses.dataclass
class Report:
    """What came of a campaign. `wrong` is empty when all promises were kept."""

    strikes: Counter[str] = dataclasses.field(default_factory=Counter)
    actions: Counter[str] = dataclasses.field(default_factory=Counter)
    recoveries: list[float] = dataclasses.field(default_factory=list)
    longest: dict[str, float] = dataclasses.field(default_factory=dict)
    wrong: list[str] = dataclasses.field(default_factory=list)
    seconds: float = 0.0

    def lines(self) -> list[str]:
        """The report in words."""
        told = [
            f"strikes: {self.strikes.total()} ({_counts(self.strikes)}) in {self.seconds:.0f} s",
            f"actions that ended as asked: {self.actions.total()} ({_counts(self.actions)})",
            "longest: " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in sorted(self.longest.items())),
        ]
        if self.recoveries:
            told.append(
                f"work went on, or a process came back, after: median {statistics.median(self.recoveries):.1f} s, "
                f"at most {max(self.recoveries):.1f} s, of {len(self.recoveries)}"
            )
        return [*told, f"wrong: {len(self.wrong)}", *self.wrong]


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counter.items()))


def run(
    folder: pathlib.Path,
    kind: str,
    urls: dict[str, str],
    *,
    times: int,
    seed: int = 1,
    users: int = 3,
    lease: float = 3.0,
    goes_on_within: float = troubles.GOES_ON_WITHIN,
    own: Mapping[str, servers.Server] | None = None,
    real_cloud: bool = False,
    network: networks.Network | None = None,
    tell: Callable[[str], None] = lambda _line: None,
) -> Report:
    """Let `users` live on a deployment over `urls` while trouble of a kind strikes `times` times.

    `lease`: seconds of engines' leases. `goes_on_within`: seconds after a kill in which others must go on. `own`:
    servers that may be stopped, by the names of `urls`. `real_cloud`: that of the environment, not one made for it.
    `network`: that kinds need whose links fail; the servers of `urls` listen at its addresses.
    """
    trouble_type = troubles.KINDS[kind]
    with contextlib.ExitStack() as stack:
        folder.mkdir(parents=True, exist_ok=True)
        cloud = _cloud(folder, network, real=real_cloud)
        stack.callback(cloud.close)
        given = trouble_type.options
        options = {**given, "DEFAULT": {"engine_lease": lease, **given.get("DEFAULT", {})}}
        deployment = stack.enter_context(
            deployed(folder, urls, options, cloud, wired=trouble_type.wired, network=network)
        )
        trouble = trouble_type(deployment, own or {}, lease, seed, goes_on_within)
        return _Campaign(deployment, trouble, users, seed).run(times, tell)


def _cloud(folder: pathlib.Path, network: networks.Network | None, *, real: bool) -> clouds.Cloud:
    if real:
        return clouds.Real()
    return clouds.Embedded(folder, network.address("cloud")) if network is not None else clouds.Embedded(folder)


class _Campaign:
    def __init__(self, deployment: Deployment, trouble: troubles.Trouble, users: int, seed: int) -> None:
        self._deployment = deployment
        self._report = Report()
        self._stop = threading.Event()
        self._tenants = [Tenant(deployment, f"user{one}", random.Random(f"{seed}/{one}")) for one in range(users)]
        for fault in _FAULTS:
            for service in ("nova", "neutron", "cinder"):
                for method in ("POST", "PUT", "DELETE"):
                    deployment.cloud.fault(service=service, method=method, probability=_WRONG, **fault)
        self._trouble = trouble

    def run(self, times: int, tell: Callable[[str], None]) -> Report:
        """Let it happen."""
        begun = time.monotonic()
        threads = [threading.Thread(target=self._live, args=(one,)) for one in self._tenants]
        for thread in threads:
            thread.start()
        try:
            for number in range(times):
                self._trouble.wait(*self._trouble.pause)
                if not any(thread.is_alive() for thread in threads):
                    break
                self._report.strikes[self._trouble.strike()] += 1
                if (number + 1) % 25 == 0:
                    tell(
                        f"{number + 1} strikes after {time.monotonic() - begun:.0f} s, {len(self._report.wrong)} wrong"
                    )
        except KeyboardInterrupt:
            tell("it is broken off: what is under way is brought to its end")
        except Exception:
            self._report.wrong.append(f"the trouble itself: {traceback.format_exc()}")
        finally:
            self._trouble.end()
            self._stop.set()
            for thread in threads:
                thread.join()
        self._look_around()
        report = self._report
        report.seconds = time.monotonic() - begun
        report.recoveries = self._trouble.recoveries
        for tenant in self._tenants:
            report.actions += tenant.lived
            for name, seconds in tenant.seconds.items():
                report.longest[name] = max(report.longest.get(name, 0.0), *seconds)
        return report

    def _live(self, tenant: Tenant) -> None:
        try:
            tenant.live(lambda: not self._stop.is_set())
        except Exception as error:  # whatever it is, it is what a user has seen
            detail = "" if isinstance(error, AssertionError) else traceback.format_exc()
            at = time.strftime("%H:%M:%S")
            self._report.wrong.append(f"{at} {tenant.project} {tenant.doing}: {error} {detail}")

    def _look_around(self) -> None:
        """What must be true of the whole, after all stacks are gone."""
        if self._report.wrong:
            return
        for table in ("node", "orphan"):
            left = self._deployment.query(f"SELECT count(*) FROM {table}")[0][0]
            if left:
                self._report.wrong.append(f"{left} rows are left in {table}")
        for part in self._deployment.parts.values():
            log = part.log.read_text(errors="replace")
            if "Traceback" in log:
                first = log[log.index("Traceback") - 500 :][:3000]
                self._report.wrong.append(f"{part.log} has {log.count('Traceback')} tracebacks: {first}")
