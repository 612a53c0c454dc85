"""Tables, named queries and migrations. The only place that knows SQL."""

from hearth.store.store import Store, open_store

__all__ = ["Store", "open_store"]
