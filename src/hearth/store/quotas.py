"""How many things a project may have, and its turn: whoever counts what a project has, to add to it, counts alone.

What SQLite grants by itself - one transaction at a time - needs a lock in databases that several processes write: a
count sees nothing of what another transaction is about to add.
"""

import dataclasses
from collections.abc import Callable

import sqlalchemy as sa

from hearth.store import tables

_t = tables.quota
_TOUCH = _t.update().where(_t.c.project_id == sa.bindparam("project")).values(turns=_t.c.turns + 1)


def take_turn(connection: sa.Connection, project_id: str) -> None:
    """Wait until no other transaction counts what the project has; the turn ends with this transaction."""
    if connection.dialect.name == "sqlite":
        return
    if connection.execute(_TOUCH, {"project": project_id}).rowcount:
        return
    try:
        with connection.begin_nested():
            connection.execute(_t.insert().values(project_id=project_id, turns=1))
    except sa.exc.IntegrityError:  # another one was first, and has ended by now
        connection.execute(_TOUCH, {"project": project_id})


class NoRoom(Exception):
    """The project has as many as it may have. Raised by a write, it lets the move fail that brings it."""

    kind = "RequestLimitExceeded"


@dataclasses.dataclass(frozen=True, slots=True)
class Limit:
    """How many things of a kind a project may have. `most` below 0: any number."""

    things: str
    count: Callable[[sa.Connection, str], int]
    most: int
    advice: str = "delete some first"

    def check(self, connection: sa.Connection, project_id: str, more: int = 1) -> None:
        """Whether there is room for more, as it looks now. Raises NoRoom."""
        if self.most >= 0 and self.count(connection, project_id) + more > self.most:
            raise NoRoom(f"the project has {self.most} {self.things}, which is the most allowed; {self.advice}")

    def hold(self, connection: sa.Connection, project_id: str, more: int = 1) -> None:
        """The same before more are stored, while nobody else counts. Raises NoRoom."""
        if self.most >= 0:
            take_turn(connection, project_id)
            self.check(connection, project_id, more)
