"""What every part of the engine works with, wired once at the process's entry point. Time and chance are among it."""

import dataclasses
import random
import time
from collections.abc import Callable

from hearth.bus import contract as bus
from hearth.cloud import credentials
from hearth.engine import settings
from hearth.model import names
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
    new_id: Callable[[], str] = names.new_id
    """Ids of stacks, definitions, resource rows, snapshots, credentials, engines."""
    jitter: Callable[[], float] = random.random
    """Between 0 and 1, so that retries of many do not come together."""
