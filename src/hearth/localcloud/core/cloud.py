"""The cloud as its services see it: state, clock, faults, settings, and the other services by name."""

import dataclasses
import pathlib
import shutil
from collections.abc import Callable, Sequence
from typing import Any

from hearth.localcloud.core import clock, errors, faults, state
from hearth.localcloud.core.service import Identity, Service

#: Folders of the data directory that hold big bodies.
BULK_FOLDERS = ("images", "objects")


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """How the cloud behaves. Seconds are of virtual time, except `latency`."""

    #: Real seconds that each request waits before it is worked on.
    latency: float = 0.0
    #: A server's time from BUILD to ACTIVE.
    build_seconds: float = 2.0
    #: A server's time from the delete request to 404.
    delete_seconds: float = 0.5
    #: A volume's time from creating to available.
    volume_seconds: float = 1.0
    #: An imported image's time from importing to active.
    image_seconds: float = 1.0
    #: The time of every other service from taking a request to being done with it.
    service_seconds: float = 1.0
    #: Virtual seconds in a real one.
    clock_rate: float = 1.0
    #: Refuse what goes beyond a project's quota.
    enforce_quotas: bool = True
    #: Compute hosts and the size of each; servers beyond it get "no valid host".
    hosts: int = 1
    host_vcpus: int = 4000
    host_memory_mb: int = 16_000_000
    host_disk_gb: int = 1_000_000
    #: Lifetime of tokens in real seconds.
    token_seconds: float = 14_400.0

    def with_changes(self, changes: dict[str, Any]) -> "Settings":
        """A copy with some values replaced. Raises ApiError 400 for unknown names and wrong values."""
        known = {field.name: field.type for field in dataclasses.fields(self)}
        values: dict[str, Any] = {}
        for name, value in changes.items():
            if name not in known:
                raise errors.ApiError(400, f"unknown setting {name!r}; there are: {', '.join(sorted(known))}")
            kind = known[name]
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if kind is bool and not isinstance(value, bool):
                raise errors.ApiError(400, f"setting {name}: {value!r} is not true or false")
            if kind is int and (not is_number or int(value) != value or value < 0):
                raise errors.ApiError(400, f"setting {name}: {value!r} is not a whole number from 0 up")
            if kind is float and (not is_number or not 0 <= value < float("inf")):
                raise errors.ApiError(400, f"setting {name}: {value!r} is not a number from 0 up")
            values[name] = kind(value) if callable(kind) else value
        return dataclasses.replace(self, **values)


class Cloud:
    """Everything one embedded cloud holds. `data_dir`: where big bodies go (images, objects); None: in memory."""

    def __init__(self, data_dir: pathlib.Path | None, settings: Settings, base_url: str) -> None:
        self.data_dir = data_dir
        self.settings = settings
        self.base_url = base_url.rstrip("/")
        self.state = state.State(None if data_dir is None else data_dir / "cloud.sqlite")
        self._kinds: tuple[type[Service], ...] = ()
        self.clock = clock.Clock(self.state, settings.clock_rate)
        self.faults = faults.Faults(self.state)
        self.services: dict[str, Service] = {}
        #: Grows when the services are built anew.
        self.generation = 0
        #: Turns the text of a token into an Identity, or raises ApiError 401. Set by the identity service.
        self.authenticate: Callable[[str], Identity] = _nobody

    def service(self, name: str) -> Service:
        """The service of this name ("neutron"). Raises KeyError."""
        return self.services[name]

    def build(self, kinds: Sequence[type[Service]]) -> None:
        """Build the services, in this order, and seed them."""
        self._kinds = tuple(kinds)
        self.services.clear()
        for kind in self._kinds:
            self.services[kind.name] = kind(self)
        self.generation += 1
        self.seed()

    def seed(self) -> None:
        """Let every service create what a fresh cloud holds."""
        with self.state.transaction():
            for each in self.services.values():
                each.seed()

    def reset(self) -> None:
        """Forget everything but the time, and be a fresh cloud again."""
        self.state.clear()
        self.clock.keep()
        for folder in BULK_FOLDERS:
            if self.data_dir is not None:
                shutil.rmtree(self.data_dir / folder, ignore_errors=True)
        self.build(self._kinds)

    def close(self) -> None:
        """Close the state's file."""
        self.state.close()


def _nobody(token: str) -> Identity:
    raise errors.ApiError(401, "The request you have made requires authentication.", kind="Unauthorized")
