"""Events: written in bulk with the records they tell of, read for the event list."""

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from hearth.store import news, tables
from hearth.store.codec import Codec
from hearth.store.rows import EventRow

_t = tables.event
_s = tables.stack
#: Conditions in one query: each tree has its own.
_TREES_AT_ONCE = 50
_INSERT = _t.insert()
#: In the order of the record's fields, which end with what lists do not tell.
_LISTED = sa.select(*(_t.c[name] for name in EventRow.__dataclass_fields__ if name not in ("properties", "seq")))
_NUMBER = sa.select(_t.c.seq).where(_t.c.id == sa.bindparam("event_id"))


def insert(connection: sa.Connection, codec: Codec, events: Iterable[EventRow]) -> None:
    """Append events in the given order."""
    rows = [
        {
            "id": one.id,
            "stack_id": one.stack_id,
            "resource_name": one.resource_name,
            "resource_type": one.resource_type,
            "physical_id": one.physical_id,
            "action": one.action,
            "status": one.status,
            "reason": one.reason,
            "properties": codec.plain(one.properties),
            "at": one.at,
        }
        for one in events
    ]
    if rows:
        connection.execute(_INSERT, rows)
        news.note(connection, news.EVENTS)


def listed(
    connection: sa.Connection,
    stack_ids: Sequence[str],
    *,
    filters: Mapping[str, Sequence[str]],
    limit: int | None = None,
    marker: str | None = None,
    sort_by_type: bool = False,
    ascending: bool = False,
) -> list[EventRow]:
    """Events of some stacks, without their properties and numbers.

    `filters`: `{column: wanted values}`; `marker`: id of the last event already seen.
    """
    seq = None if marker is None else connection.execute(_NUMBER, {"event_id": marker}).scalar()
    query = _listing(tuple(filters), seq is not None, sort_by_type, ascending)
    if limit is not None:
        query = query.limit(limit)
    wanted = {"stack_ids": stack_ids, "marker": seq, **filters}
    return [EventRow(*row) for row in connection.execute(query, wanted).all()]


@functools.lru_cache(maxsize=128)
def _listing(filters: tuple[str, ...], goes_on: bool, sort_by_type: bool, ascending: bool) -> sa.Select[Any]:
    """The query of a list that is filtered by some columns. `goes_on`: after a marker."""
    query = _LISTED.where(_t.c.stack_id.in_(sa.bindparam("stack_ids", expanding=True)))
    for column in filters:
        query = query.where(_t.c[column].in_(sa.bindparam(column, expanding=True)))
    if goes_on:
        marker: sa.BindParameter[int] = sa.bindparam("marker")
        query = query.where(_t.c.seq > marker if ascending else _t.c.seq < marker)
    keys = [_t.c.resource_type, _t.c.seq] if sort_by_type else [_t.c.seq]
    return query.order_by(*(key if ascending else key.desc() for key in keys))


def one(connection: sa.Connection, codec: Codec, stack_id: str, event_id: str) -> EventRow | None:
    """One event of a stack."""
    row = connection.execute(sa.select(_t).where(_t.c.stack_id == stack_id, _t.c.id == event_id)).first()
    return _from_row(codec, row) if row else None


def since(
    connection: sa.Connection,
    codec: Codec,
    stack_ids: Sequence[str],
    seq: int,
    *,
    filters: Mapping[str, Sequence[str]],
    limit: int,
) -> list[EventRow]:
    """The next events of some stacks after a sequence number, oldest first."""
    query = sa.select(_t).where(_t.c.stack_id.in_(stack_ids), _t.c.seq > seq)
    for column, values in filters.items():
        query = query.where(_t.c[column].in_(values))
    return [_from_row(codec, row) for row in connection.execute(query.order_by(_t.c.seq).limit(limit))]


def since_in_trees(
    connection: sa.Connection, codec: Codec, places: Mapping[str, int], limit: int
) -> list[tuple[str, EventRow]]:
    """The next events of whole trees of stacks, each with the id of its root; those of a tree oldest first.

    Args:
        places: `{root id: the sequence number after which its events are wanted}`.
        limit: how many of some trees are read at the most; as many or more: there may be more.
    """
    found: list[tuple[str, EventRow]] = []
    roots = sorted(places)
    for start in range(0, len(roots), _TREES_AT_ONCE):
        some = [sa.and_(_s.c.root_id == one, _t.c.seq > places[one]) for one in roots[start : start + _TREES_AT_ONCE]]
        query = sa.select(_t, _s.c.root_id).join(_s, _s.c.id == _t.c.stack_id).where(sa.or_(*some))
        rows = connection.execute(query.order_by(_t.c.seq).limit(limit))
        found += [(row.root_id, _from_row(codec, row)) for row in rows]
    return found


def newest(connection: sa.Connection, stack_ids: Sequence[str]) -> int:
    """The sequence number of the newest event of some stacks; 0: there is none."""
    query = sa.select(sa.func.max(_t.c.seq)).where(_t.c.stack_id.in_(stack_ids))
    return int(connection.execute(query).scalar() or 0)


def number_of(connection: sa.Connection, event_id: str, stack_ids: Sequence[str]) -> int | None:
    """The sequence number of an event of some stacks, if it is still there."""
    query = sa.select(_t.c.seq).where(_t.c.id == event_id, _t.c.stack_id.in_(stack_ids))
    return connection.execute(query).scalar()


def too_many(connection: sa.Connection, stack_ids: Iterable[str], keep: int) -> list[str]:
    """Those of some stacks that have more events than are kept."""
    return [one for one in stack_ids if connection.execute(_edge(keep), {"stack_id": one}).scalar() is not None]


def trim(connection: sa.Connection, stack_id: str, keep: int, most: int) -> bool:
    """Drop the oldest events of a stack beyond `keep`, at most so many; whether there are more."""
    edge = connection.execute(_edge(keep), {"stack_id": stack_id}).scalar()
    if edge is None:
        return False
    old = sa.select(_t.c.seq).where(_t.c.stack_id == stack_id, _t.c.seq <= edge).order_by(_t.c.seq).limit(most)
    dropped = list(connection.execute(old).scalars())
    connection.execute(_t.delete().where(_t.c.stack_id == stack_id, _t.c.seq <= dropped[-1]))
    return bool(dropped[-1] < edge)


def _edge(keep: int) -> sa.Select[tuple[int]]:
    """The newest event of a stack that is not kept."""
    of_it = sa.select(_t.c.seq).where(_t.c.stack_id == sa.bindparam("stack_id"))
    return of_it.order_by(_t.c.seq.desc()).offset(keep).limit(1)


def _from_row(codec: Codec, row: sa.Row) -> EventRow:  # type: ignore[type-arg]
    return EventRow(
        stack_id=row.stack_id,
        resource_name=row.resource_name,
        resource_type=row.resource_type,
        physical_id=row.physical_id,
        action=row.action,
        status=row.status,
        reason=row.reason,
        at=row.at,
        id=row.id,
        properties=codec.read(row.properties),
        seq=row.seq,
    )
