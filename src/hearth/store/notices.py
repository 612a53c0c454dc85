"""Servers whose agents are to be told that what they read has changed: a work list of its own.

A notice is stored together with the change, at most one for a server: another change before it was worked on raises
its version. Whoever works on one holds it for a time, so that no two put texts of different age at the same place.
Repeating any of these does no harm; a notice worked on twice tells the same twice.
"""

import dataclasses
from collections.abc import Collection

import sqlalchemy as sa

from hearth.store import tables

_t = tables.agent_notice
_LATER = sa.case((_t.c.due_at > _t.c.held_until, _t.c.due_at), else_=_t.c.held_until)
_NEXT = sa.select(sa.func.min(_LATER))


@dataclasses.dataclass(frozen=True, slots=True)
class Notice:
    """One server to be told. `tries`: how often that failed so far."""

    server_id: str
    version: int
    tries: int


def announce(connection: sa.Connection, server_id: str) -> None:
    """What a server's agent reads has changed."""
    if _raise(connection, server_id):
        return
    try:
        with connection.begin_nested():
            connection.execute(_t.insert().values(server_id=server_id, version=1, tries=0, due_at=0.0, held_until=0.0))
    except sa.exc.IntegrityError:  # another engine had one to store at the same moment
        _raise(connection, server_id)


def _raise(connection: sa.Connection, server_id: str) -> bool:
    """Raise the version of a server's notice; False when there is none."""
    statement = _t.update().where(_t.c.server_id == server_id)
    return connection.execute(statement.values(version=_t.c.version + 1, tries=0, due_at=0.0)).rowcount == 1


def take(connection: sa.Connection, now: float, hold: float, most: int) -> list[Notice]:
    """Take notices that are due and that nobody holds, for `hold` seconds."""
    free = sa.and_(_t.c.due_at <= now, _t.c.held_until <= now)
    query = sa.select(_t.c.server_id, _t.c.version, _t.c.tries).where(free).order_by(_t.c.due_at).limit(most)
    taken = []
    for row in connection.execute(query).all():
        mine = sa.and_(_t.c.server_id == row.server_id, _t.c.held_until <= now)
        if connection.execute(_t.update().where(mine).values(held_until=now + hold)).rowcount == 1:
            taken.append(Notice(row.server_id, row.version, row.tries))
    return taken


def done(connection: sa.Connection, notice: Notice) -> None:
    """The server has been told; if there was another change meanwhile, it is due at once."""
    mine = _t.c.server_id == notice.server_id
    if connection.execute(_t.delete().where(mine, _t.c.version == notice.version)).rowcount == 0:
        connection.execute(_t.update().where(mine).values(held_until=0.0))


def postpone(connection: sa.Connection, notice: Notice, due_at: float) -> None:
    """The server could not be told; try again at a time."""
    mine = _t.c.server_id == notice.server_id
    connection.execute(_t.update().where(mine).values(held_until=0.0, tries=_t.c.tries + 1, due_at=due_at))


def next_due(connection: sa.Connection) -> float | None:
    """When there will be a notice to work on, as it looks now."""
    return connection.execute(_NEXT).scalar()


def give_back(connection: sa.Connection, server_ids: Collection[str] | None = None) -> None:
    """Let go of notices that were taken (None: of all), for somebody else to take."""
    statement = _t.update().values(held_until=0.0)
    connection.execute(statement if server_ids is None else statement.where(_t.c.server_id.in_(list(server_ids))))
