"""Which of several rows of one name stands for the resource, in lists, for requests and in what is told of it. Pure.

A replacement has its row as soon as it is planned. Until it begins, the resource is still the one that is there.
"""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from hearth.model.states import Action
from hearth.store.rows import ResourceSummary

R = TypeVar("R", bound=ResourceSummary)


def rows(several: Iterable[R]) -> list[R]:
    """One row a name: the newest that has not been replaced, or what it is to replace while it has not begun."""
    newest: dict[str, R] = {}
    by_id: dict[str, R] = {}
    for row in several:
        by_id[row.id] = row
        held = newest.get(row.name)
        if held is None or (held.replaced_by is not None, -held.created_at) > (
            row.replaced_by is not None,
            -row.created_at,
        ):
            newest[row.name] = row
    return [standing_for(row, by_id) for row in newest.values()]


def standing_for(row: R, by_id: Mapping[str, R]) -> R:
    """The row itself, or the one that it is to replace and has not yet."""
    while row.action is Action.INIT and (replaced := by_id.get(row.replaces or "")) is not None:
        row = replaced
    return row
