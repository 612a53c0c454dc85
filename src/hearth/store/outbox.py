"""Notifications that are still to be sent: written with what they tell of, dropped once a broker has confirmed them."""

from collections.abc import Iterable, Sequence

import msgspec
import sqlalchemy as sa

from hearth.store import news, tables
from hearth.store.rows import NotificationRow

_t = tables.notification


def add(connection: sa.Connection, rows: Iterable[NotificationRow]) -> None:
    """Append notifications in the given order."""
    found = [
        {
            "id": one.id,
            "event_type": one.event_type,
            "level": one.level,
            "payload": msgspec.json.encode(one.payload),
            "at": one.at,
        }
        for one in rows
    ]
    if found:
        connection.execute(_t.insert(), found)
        news.note(connection, news.NOTIFICATIONS)


def oldest(connection: sa.Connection, limit: int) -> list[NotificationRow]:
    """The next ones to be sent."""
    query = sa.select(_t).order_by(_t.c.seq).limit(limit)
    return [
        NotificationRow(row.id, row.event_type, row.level, msgspec.json.decode(row.payload), row.at, row.seq)
        for row in connection.execute(query)
    ]


def drop(connection: sa.Connection, numbers: Sequence[int]) -> None:
    """These have been sent; a repeat does nothing."""
    connection.execute(_t.delete().where(_t.c.seq.in_(numbers)))


def trim(connection: sa.Connection, keep: int) -> int:
    """Give up the oldest beyond so many; how many that were."""
    edge = connection.execute(sa.select(_t.c.seq).order_by(_t.c.seq.desc()).offset(keep).limit(1)).scalar()
    return 0 if edge is None else connection.execute(_t.delete().where(_t.c.seq <= edge)).rowcount
