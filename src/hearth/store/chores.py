"""What there is to do for an engine besides the nodes it holds: one look at everything, one statement.

Engines look every second, whether there is work or not, so that a look must cost next to nothing.
"""

import dataclasses

import sqlalchemy as sa

from hearth.store import endings, engines, snapshots, traversals


@dataclasses.dataclass(slots=True, frozen=True)
class Chores:
    """What waits for somebody. The names are those of the queries that tell more."""

    waiting: bool  # a node for an engine to take it
    unfinished: bool  # the end of an action
    removals: bool  # the copies of a snapshot that are to go
    overdue: bool  # an action whose time is over
    lost: bool  # what an engine held that fell silent


_LOOK = sa.select(
    traversals.WAITING.exists(),
    endings.UNFINISHED.exists(),
    snapshots.WAITING.exists(),
    endings.OVERDUE.exists(),
    engines.LOST,
)


def look(connection: sa.Connection, now: float) -> Chores:
    """What there is to do now."""
    return Chores(*map(bool, connection.execute(_LOOK, {"now": now}).one()))
