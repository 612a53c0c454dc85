"""Tables, named queries and migrations. The only place that knows SQL."""

from hearth.store.connections import Connections
from hearth.store.databases import UnknownDatabase
from hearth.store.replica import NoReplica
from hearth.store.store import Store, open_store
from hearth.store.writer import Unavailable

__all__ = ["Connections", "NoReplica", "Store", "Unavailable", "UnknownDatabase", "open_store"]
