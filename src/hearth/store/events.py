"""Events: written in bulk with the records they tell of, read for the event list."""

from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa

from hearth.store import tables
from hearth.store.codec import Codec
from hearth.store.rows import EventRow

_t = tables.event
_INSERT = _t.insert()


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


def listed(
    connection: sa.Connection,
    codec: Codec,
    stack_ids: Sequence[str],
    *,
    filters: Mapping[str, Sequence[str]],
    limit: int | None = None,
    marker: str | None = None,
    sort_by_type: bool = False,
    ascending: bool = False,
) -> list[EventRow]:
    """Events of some stacks. `filters`: `{column: wanted values}`; `marker`: id of the last event already seen."""
    query = sa.select(_t).where(_t.c.stack_id.in_(stack_ids))
    for column, values in filters.items():
        query = query.where(_t.c[column].in_(values))
    if marker is not None:
        seq = connection.execute(sa.select(_t.c.seq).where(_t.c.id == marker)).scalar()
        if seq is not None:
            query = query.where(_t.c.seq > seq if ascending else _t.c.seq < seq)
    keys = [_t.c.resource_type, _t.c.seq] if sort_by_type else [_t.c.seq]
    query = query.order_by(*(key if ascending else key.desc() for key in keys))
    if limit is not None:
        query = query.limit(limit)
    return [_from_row(codec, row) for row in connection.execute(query)]


def one(connection: sa.Connection, codec: Codec, stack_id: str, event_id: str) -> EventRow | None:
    """One event of a stack."""
    row = connection.execute(sa.select(_t).where(_t.c.stack_id == stack_id, _t.c.id == event_id)).first()
    return _from_row(codec, row) if row else None


def since(connection: sa.Connection, codec: Codec, stack_ids: Sequence[str], seq: int) -> list[EventRow]:
    """Events of some stacks after a sequence number, oldest first."""
    query = sa.select(_t).where(_t.c.stack_id.in_(stack_ids), _t.c.seq > seq).order_by(_t.c.seq)
    return [_from_row(codec, row) for row in connection.execute(query)]


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
