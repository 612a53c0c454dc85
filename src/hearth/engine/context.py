"""What every part of the engine works with, wired once at the process's entry point."""

import dataclasses
import time
from collections.abc import Callable

from hearth.bus import contract as bus
from hearth.cloud import credentials
from hearth.engine import settings
from hearth.resources import registry
from hearth.store import Store


@dataclasses.dataclass(slots=True)
class Context:
    """The engine's surroundings."""

    store: Store
    wakeups: bus.Bus
    connector: credentials.Connector
    types: registry.TypeRegistry
    settings: settings.EngineSettings
    now: Callable[[], float] = time.time
