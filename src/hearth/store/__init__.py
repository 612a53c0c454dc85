"""Tables, named queries and migrations. The only place that knows SQL."""

from hearth.store.replica import NoReplica
from hearth.store.store import Store, open_store
from hearth.store.writer import Unavailable

__all__ = ["NoReplica", "Store", "Unavailable", "open_store"]
