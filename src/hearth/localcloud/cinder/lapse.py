"""What has happened to a document by now? Things that take their time, computed when somebody looks.

Nova and cinder write what will be into the document itself: `due`, a moment of virtual time, and `then`, the fields
that change at that moment (None: the document goes away). `settle` brings one document up to date. Nothing runs by
timer, so a restart in between changes nothing.
"""

from collections.abc import Iterable
from typing import Any

from hearth.localcloud.core import state


def later(due: float, then: dict[str, Any] | None) -> dict[str, Any]:
    """Fields that make `then` come true at `due`; `None` lets the document vanish."""
    return {"due": due, "then": then}


def settle(table: state.Table, document: state.Document, now: float) -> state.Document | None:
    """The document as it is by now; None when it is gone."""
    while (due := document.get("due")) is not None and due <= now:
        then = document["then"]
        if then is None:
            table.delete(document["id"])
            return None
        document = table.update(document["id"], **{"due": None, "then": None, "updated_at": due, **then})
    return document


def settle_all(table: state.Table, documents: Iterable[state.Document], now: float) -> list[state.Document]:
    """Those of the documents that still exist, as they are by now."""
    found = (settle(table, document, now) for document in documents)
    return [document for document in found if document is not None]
