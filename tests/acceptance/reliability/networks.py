"""A network whose links can fail: each process on a machine of its own, with a link of its own to each server.

A machine is a network namespace (`man 7 network_namespaces`), a link a pair of virtual network cards. Servers stay
where they are, each with an address of its own, to which each machine has a route over one of its links:

    machine 10.x.y.2  ---- 10.x.y.1   10.x.y.250  the cloud, and whoever asks the machine
            10.x.y.6  ---- 10.x.y.5   10.x.y.251  the database
            10.x.y.10 ---- 10.x.y.9   10.x.y.252  the broker

It takes root and a kernel that lets it.
"""

import ctypes
import os
import pathlib
import random
import shutil
import subprocess
import threading
from collections.abc import Callable

#: The servers that machines have links to, in the order of their addresses.
SERVERS = ("cloud", "database", "broker")
_FIRST_ADDRESS = 250
_CLONE_NEWNET = 0x40000000
#: Nobody has this card: what is sent to it is gone.
_NOBODY = "02:00:00:00:00:01"


class Refused(Exception):
    """The kernel or the lack of a program does not let us."""


def enter(namespace: str) -> None:
    """Go on in a network namespace. Only what is done in this thread, and by threads that it starts, is there."""
    library = ctypes.CDLL(None, use_errno=True)
    with pathlib.Path("/run/netns", namespace).open("rb") as file:
        if library.setns(file.fileno(), _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")


class Network:
    """Addresses of servers, and the machines that were joined to them."""

    def __init__(self) -> None:
        """Raises Refused when the kernel does not let us."""
        self._prefix = f"10.{random.randrange(200, 250)}.{random.randrange(256)}"
        self._machines: list[Machine] = []
        for name in SERVERS:
            _ip(f"address add {self.address(name)}/32 dev lo")

    def address(self, server: str) -> str:
        """Where a server of a name is to listen."""
        return f"{self._prefix}.{_FIRST_ADDRESS + SERVERS.index(server)}"

    def machine(self) -> "Machine":
        """One more machine."""
        made = Machine(self._prefix, len(self._machines), {name: self.address(name) for name in SERVERS})
        self._machines.append(made)
        return made

    def close(self) -> None:
        """Take all away."""
        for machine in self._machines:
            _ip(f"netns delete {machine.namespace}")
        for name in SERVERS:
            _ip(f"address delete {self.address(name)}/32 dev lo")


class Machine:
    """A network namespace. `address`: where it is reached."""

    def __init__(self, prefix: str, number: int, addresses: dict[str, str]) -> None:
        self.namespace = f"hearth-{os.getpid()}-{number}"
        _ip(f"netns add {self.namespace}")
        _ip(f"-n {self.namespace} link set lo up")
        self.links = {
            name: Link(self.namespace, f"h{os.getpid()}n{number}l{which}", prefix, number * 12 + which * 4, address)
            for which, (name, address) in enumerate(addresses.items())
        }
        self.address = self.links["cloud"].near


class Link:
    """The way from a machine to one server. `near` is its address at the machine's end."""

    def __init__(self, namespace: str, card: str, prefix: str, first: int, server: str) -> None:
        self._namespace, self._card, self._server = namespace, card, server
        self._far, self.near = f"{prefix}.{first + 1}", f"{prefix}.{first + 2}"
        _ip(f"link add {card} type veth peer name {card} netns {namespace}")
        _ip(f"address add {self._far}/30 dev {card}")
        _ip(f"link set {card} up")
        _ip(f"-n {namespace} address add {self.near}/30 dev {card}")
        self._up()
        self._flapping: tuple[threading.Event, threading.Thread] | None = None
        self._mending: list[Callable[[], None]] = []

    def cut(self, how: str) -> None:
        """Let it fail.

        `unplugged`: the machine's card is down, and it has no route; `silent`: every packet is lost; `deaf`: the
        machine is heard and hears nothing; `dumb`: it hears and is not heard; `flapping`: silent again and again.
        """
        if how == "unplugged":
            _ip(f"-n {self._namespace} link set {self._card} down")
            self._mending.append(self._up)
        if how in ("silent", "dumb"):
            self._lose(self._far, f"-n {self._namespace} ")
        if how in ("silent", "deaf"):
            self._lose(self.near, "")
        if how == "flapping":
            stop = threading.Event()
            thread = threading.Thread(target=self._flap, args=(stop,), daemon=True)
            self._flapping = (stop, thread)
            thread.start()

    def mend(self) -> None:
        """Let it carry everything again."""
        if self._flapping is not None:
            (stop, thread), self._flapping = self._flapping, None
            stop.set()
            thread.join()
        while self._mending:
            self._mending.pop()()

    def _up(self) -> None:
        _ip(f"-n {self._namespace} link set {self._card} up")
        _ip(f"-n {self._namespace} route add {self._server} via {self._far}")

    def _lose(self, receiver: str, where: str) -> None:
        """Send what is for one end to nobody."""
        _ip(f"{where}neighbour replace {receiver} lladdr {_NOBODY} dev {self._card} nud permanent")
        self._mending.append(lambda: _ip(f"{where}neighbour delete {receiver} dev {self._card}"))

    def _flap(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self.cut("silent")
            stop.wait(random.uniform(0.1, 1))
            while self._mending:
                self._mending.pop()()
            stop.wait(random.uniform(0.05, 0.5))


def _ip(arguments: str) -> None:
    program = shutil.which("ip", path=f"/usr/sbin:/sbin:{os.environ.get('PATH', '')}")
    if program is None:
        raise Refused("ip (of iproute2) is not installed")
    done = subprocess.run([program, *arguments.split()], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Refused(f"ip {arguments}: {done.stderr.strip()}")
