"""Where the events of stacks are to be brought, and up to which event they were: one row for a tree of stacks.

Events themselves are the work list. A row is moved on after events have arrived, so that some may be brought twice
after a crash, and none is left out.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from hearth.store import news, tables

_t = tables.event_sink
_s = tables.stack
_e = tables.event
_MINE = _t.c.stack_id == sa.bindparam("stack")
_DROP = _t.delete().where(_MINE)
_IS_KEPT = sa.select(_t.c.seq).where(_MINE)


@dataclasses.dataclass(frozen=True, slots=True)
class SinkRow:
    """A tree of stacks. `seq`: the last event that has arrived; `tries`: how often the next one did not."""

    stack_id: str
    sinks: Sequence[Mapping[str, Any]]
    seq: int
    tries: int


def keep(connection: sa.Connection, stack_id: str, sinks: Sequence[Mapping[str, Any]]) -> None:
    """From now on bring the events of a root stack and of all below it to these; none: to nobody."""
    if not sinks:
        drop(connection, stack_id)
        return
    text = msgspec.json.encode(list(sinks))
    if connection.execute(_t.update().where(_t.c.stack_id == stack_id).values(sinks=text)).rowcount == 0:
        past = sa.select(sa.func.max(_e.c.seq)).join(_s, _s.c.id == _e.c.stack_id).where(_s.c.root_id == stack_id)
        seq = connection.execute(past).scalar() or 0
        connection.execute(_t.insert().values(stack_id=stack_id, sinks=text, seq=seq, tries=0, due_at=0.0))
    news.note(connection, news.SINKS)


def due(connection: sa.Connection, now: float) -> list[SinkRow]:
    """All whose events may be brought now, those that wait longest first."""
    query = sa.select(_t).where(_t.c.due_at <= now).order_by(_t.c.due_at, _t.c.stack_id)
    return [
        SinkRow(row.stack_id, msgspec.json.decode(row.sinks), row.seq, row.tries) for row in connection.execute(query)
    ]


def is_kept(connection: sa.Connection, stack_id: str) -> bool:
    """Whether a stack's events are brought somewhere."""
    return connection.execute(_IS_KEPT, {"stack": stack_id}).first() is not None


def move(connection: sa.Connection, stack_id: str, seq: int) -> None:
    """Events up to this one have arrived."""
    connection.execute(_t.update().where(_t.c.stack_id == stack_id).values(seq=seq, tries=0, due_at=0.0))


def postpone(connection: sa.Connection, stack_id: str, due_at: float) -> None:
    """The next events did not arrive; try again at a time."""
    changed = _t.update().where(_t.c.stack_id == stack_id)
    connection.execute(changed.values(tries=_t.c.tries + 1, due_at=due_at))


def drop(connection: sa.Connection, stack_id: str) -> None:
    """Bring no more."""
    connection.execute(_DROP, {"stack": stack_id})
