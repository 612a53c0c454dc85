"""What is done to a deployment while its users live on: one class for each kind of trouble.

`strike` does it once, at a random moment of the driver's choosing, and undoes it; it returns what it did, in words.
"""

import pathlib
import random
import signal
import time
from collections.abc import Mapping
from typing import Any, ClassVar

import sqlalchemy as sa
from reliability import disks, messages, servers
from reliability.deployment import Deployment, Part

#: Seconds within which somebody else must go on with what a dead engine held.
GOES_ON_WITHIN = 15.0


class Trouble:
    """A kind of trouble.

    `needs`: what it has to have a server of its own of; `wired`: it cuts connections; `networked`: it cuts links;
    `alone`: it strikes one process on SQLite.
    """

    needs: ClassVar[tuple[str, ...]] = ()
    wired: ClassVar[bool] = False
    networked: ClassVar[bool] = False
    alone: ClassVar[bool] = False
    #: What Hearth is told, by sections.
    options: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    #: Seconds between two strikes: from, to.
    pause: ClassVar[tuple[float, float]] = (0.5, 4.0)

    def __init__(
        self,
        deployment: Deployment,
        own: Mapping[str, servers.Server],
        lease: float,
        seed: Any,
        goes_on_within: float = GOES_ON_WITHIN,
    ) -> None:
        self.deployment, self.own, self.lease = deployment, own, lease
        self._goes_on_within = goes_on_within
        self.rng = random.Random(seed)
        #: Seconds until others went on with what dead engines had held.
        self.recoveries: list[float] = []

    def strike(self) -> str:
        """Do it once."""
        raise NotImplementedError

    def end(self) -> None:
        """Let all be well."""

    def wait(self, least: float, most: float) -> None:
        time.sleep(self.rng.uniform(least, most))

    def others_go_on(self, host: str, nodes: list[int], since: float) -> None:
        """See to it that somebody goes on with what an engine held that was killed at a moment."""
        if not nodes:
            return
        while self.deployment.left_behind(host, nodes):
            late = time.monotonic() - since > self._goes_on_within
            assert not late, f"nobody goes on with what {host} held: {nodes}"
            time.sleep(0.1)
        self.recoveries.append(time.monotonic() - since)

    def any_part(self) -> Part:
        return self.rng.choice(list(self.deployment.parts.values()))


class Kill(Trouble):
    """SIGKILL of an engine, of the API, or of an engine and the API; at times of both engines."""

    pause = (0.2, 2.5)

    def strike(self) -> str:
        deployment, (one, other) = self.deployment, self.rng.sample(self.deployment.engines, 2)
        choices = [[one], [one], [deployment.api], [one, deployment.api], [one, other]]
        chosen = self.rng.choice(choices)
        held: list[tuple[str, list[int]]] = []
        for part in chosen:
            held.append((part.host, deployment.nodes_of(part.host)))
            part.kill()
        begun = time.monotonic()
        self.wait(0, 1.5)
        for part in chosen:
            part.start()
        for host, nodes in held:
            self.others_go_on(host, nodes, begun)
        return " and ".join(part.name.rstrip("12") for part in chosen)


class Freeze(Trouble):
    """A process that stands still, shorter or longer than its lease, and goes on."""

    def strike(self) -> str:
        part = self.any_part()
        part.signal(signal.SIGSTOP)
        try:
            self.wait(0.2, 2 * self.lease)
        finally:
            part.signal(signal.SIGCONT)
        return part.name.rstrip("12")


class StopServer(Trouble):
    """A server that is stopped, in order or as in a crash, and started again."""

    which: ClassVar[str]
    pause = (2.0, 6.0)

    def strike(self) -> str:
        server = self.own[self.which]
        how = self.rng.choice(list(server.endings))
        server.stop(how)
        self.wait(0, 5)
        server.start()
        return {signal.SIGTERM: "in order", signal.SIGINT: "in order"}.get(how, "at once")


class StopDatabase(StopServer):
    """The database server is stopped and started."""

    needs = ("database",)
    which = "database"


class StopBroker(StopServer):
    """The broker is stopped and started."""

    needs = ("broker",)
    which = "broker"


class DeleteQueues(Trouble):
    """Queues and exchanges of the broker are deleted."""

    needs = ("broker",)

    def strike(self) -> str:
        return messages.delete_something(self.deployment.urls["broker"], self.rng)


class Disorder(Trouble):
    """All messages come twice and late, in another order; some never."""

    needs = ("broker",)

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._mixer = messages.Mixer(self.deployment.urls["broker"], self.rng)

    def strike(self) -> str:
        wanted = self._mixer.sent + self.rng.randint(2, 6)  # few are sent: most work goes on where it is
        until = time.monotonic() + 60
        while self._mixer.sent < wanted and time.monotonic() < until:
            self.wait(0.1, 0.5)
        return "messages" if self._mixer.sent >= wanted else "too few messages to mix up"

    def end(self) -> None:
        self._mixer.close()


class Cut(Trouble):
    """The network between a process and the database, or the broker, or both, is cut for a while."""

    wired = True

    def strike(self) -> str:
        part = self.any_part()
        to = self.rng.choice([["database"], ["broker"], ["database", "broker"]])
        how = self.rng.choice(["closed", "silent"])
        for name in to:
            part.ways[name].cut(how)
        try:
            self.wait(0.2, 2 * self.lease)
        finally:
            for name in to:
                part.ways[name].mend()
        return f"{part.name.rstrip('12')} from {' and '.join(to)}, {how}"


class Unplug(Trouble):
    """The link between a machine and the database, or the broker, or both, fails, and comes back without a word.

    No connection is closed: whoever has one open has to find out by himself.
    """

    networked = True
    hows = ("unplugged", "silent", "deaf", "dumb", "flapping")
    #: Seconds after which every time limit has passed that a process gives a silent server; one in so many does.
    for_long, seldom = 75.0, 8

    def strike(self) -> str:
        part = self.any_part()
        to = self.rng.choice([["database"], ["broker"], ["database", "broker"]])
        how = self.rng.choice(self.hows)
        for name in to:
            part.ways[name].cut(how)
        try:
            if self.rng.randrange(self.seldom) == 0:
                self.wait(self.for_long, self.for_long)
            else:
                self.wait(0.2, 4 * self.lease)
        finally:
            for name in to:
                part.ways[name].mend()
        self._comes_back(part)
        return f"{part.name.rstrip('12')} from {' and '.join(to)}, {how}"

    def _comes_back(self, part: Part) -> None:
        """See to it that it works again."""
        begun = time.monotonic()
        while not part.is_ready():
            assert time.monotonic() - begun < self.back_within, f"{part.name} does not find back"
            time.sleep(0.1)
        self.recoveries.append(time.monotonic() - begun)

    #: Seconds: what a process may take to notice, the pause between two tries included.
    back_within = 90.0


class FillDisk(Trouble):
    """The disk of the database, which is a file, is full for a while, or nearly so. At times that ends with a crash."""

    alone = True

    def strike(self) -> str:
        part = self.deployment.api
        left = self.rng.choice([0, 0, 8, 64])
        with disks.filled(pathlib.Path(sa.make_url(self.deployment.urls["database"]).database or "").parent, left):
            self.wait(0.2, 6)
            crash = self.rng.random() < 0.25
            if crash:
                part.kill()
        if crash:
            part.start()
        return f"{left} KiB left{', then killed' if crash else ''}"


class BadCloud(Trouble):
    """A service of the cloud goes wrong for some seconds, for all that changes something, or for every look at it."""

    options = {"DEFAULT": {"lost_call_wait": 15}, "clients": {"request_timeout": 10}}
    #: What it does, and to which part of requests; a token that it refuses is refused once.
    ways: Mapping[str, Mapping[str, Any]] = {
        "500": {"status": 500},
        "503": {"status": 503},
        "503 with Retry-After": {"status": 503, "retry_after": 2},
        "429 with Retry-After": {"status": 429, "retry_after": 2},
        "500 after the work": {"status": 500, "after_work": True},
        "504 after the work": {"status": 504, "after_work": True},
        "no connection": {"drop": True},
        "no connection after the work": {"drop": True, "after_work": True},
        "no answer": {"silent": True, "probability": 0.3},
        "no answer after the work": {"silent": True, "after_work": True, "probability": 0.3},
        "token refused": {"status": 401, "count": 1},
    }
    #: Requests of users who look at the cloud are spared: they ask for whole lists.
    _touched = ("POST", "PUT", "DELETE"), ("GET",)
    _one_object = "/[0-9a-f-]{36}$"

    def strike(self) -> str:
        cloud = self.deployment.cloud
        service, way = self.rng.choice(["nova", "neutron", "cinder"]), self.rng.choice(list(self.ways))
        methods = self.rng.choice(self._touched)
        where = {"path": self._one_object} if methods == ("GET",) else {}
        rules = [cloud.fault(service=service, method=method, **where, **self.ways[way]) for method in methods]
        try:
            self.wait(1, 6)
        finally:
            for rule in filter(None, rules):
                cloud.mend(rule)
        return way


class Clock(Trouble):
    """The clock of a machine jumps, by up to a day, and stays there until the next jump."""

    def strike(self) -> str:
        part = self.any_part()
        # An API judges tokens by its own clock: they live four hours.
        size = self.rng.choice([30.0, 3600.0] if part is self.deployment.api else [30.0, 3600.0, 86400.0])
        part.skew.value = self.rng.choice([-size, 0.0, size])
        self.wait(1, 2 * self.lease)
        if part is not self.deployment.api and self.rng.random() < 0.5:
            # Whatever it has written about the time must keep nobody from taking over.
            host, nodes = part.host, self.deployment.nodes_of(part.host)
            part.kill()
            begun = time.monotonic()
            part.start()
            self.others_go_on(host, nodes, begun)
            return f"{part.name.rstrip('12')}, then killed"
        return part.name.rstrip("12")

    def end(self) -> None:
        for part in self.deployment.parts.values():
            part.skew.value = 0.0


class Upgrade(Trouble):
    """The schema is expanded by a newer program, while older ones are at work, die and start anew on it."""

    tables = ("stack", "resource", "node", "event", "traversal", "definition")

    def strike(self) -> str:
        table, part = self.rng.choice(self.tables), self.any_part()
        self.deployment.change(f"ALTER TABLE {table} ADD COLUMN of_tomorrow VARCHAR(20)")
        self.deployment.change("UPDATE alembic_version SET version_num = '9999'")
        self.wait(0, 1)
        part.kill()
        part.start()
        self.wait(0, 1)
        self.deployment.change(f"ALTER TABLE {table} DROP COLUMN of_tomorrow")
        return table


KINDS: Mapping[str, type[Trouble]] = {
    "kill": Kill,
    "freeze": Freeze,
    "stop-database": StopDatabase,
    "stop-broker": StopBroker,
    "delete-queues": DeleteQueues,
    "disorder": Disorder,
    "cut": Cut,
    "unplug": Unplug,
    "fill-disk": FillDisk,
    "bad-cloud": BadCloud,
    "clock": Clock,
    "upgrade": Upgrade,
}
