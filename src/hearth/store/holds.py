"""Holds of root stacks: set, lifted, looked up; and which stacks a pause keeps from beginning anything.

What a repeat does: setting a hold again replaces it, lifting one that is gone changes nothing. A hold whose time is
over counts as gone, whether its row is there or not.
"""

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from hearth.model.holds import Hold, Holds, Kind
from hearth.model.states import Status
from hearth.store import tables

_t = tables.hold
_s = tables.stack
_v = tables.traversal
_IN_AT_ONCE = 500
_OF_ROOTS = sa.select(_t).where(_t.c.stack_id.in_(sa.bindparam("ids", expanding=True)))
_FORGET = _t.delete().where(_t.c.stack_id == sa.bindparam("root"))
_PAUSED_SINCE = sa.select(_t.c.created_at).where(_t.c.stack_id == sa.bindparam("root"), _t.c.kind == Kind.PAUSE)
_END_IDLE_PAUSE = _t.delete().where(
    _t.c.stack_id == sa.bindparam("root"),
    _t.c.kind == Kind.PAUSE,
    ~sa.exists().where(
        _s.c.root_id == sa.bindparam("root"), _s.c.status == Status.IN_PROGRESS, _s.c.live_name.is_not(None)
    ),
)


def put(connection: sa.Connection, root_id: str, hold: Hold) -> None:
    """Set a hold of a root stack."""
    lift(connection, root_id, hold.kind)
    connection.execute(
        _t.insert().values(
            stack_id=root_id,
            kind=hold.kind,
            user_id=hold.user_id,
            username=hold.user_name,
            reason=hold.reason,
            created_at=hold.since,
            expires_at=hold.until,
        )
    )


def lift(connection: sa.Connection, root_id: str, kind: Kind) -> bool:
    """Take a hold away; whether there was one."""
    result = connection.execute(_t.delete().where(_t.c.stack_id == root_id, _t.c.kind == kind))
    return result.rowcount > 0


def forget(connection: sa.Connection, root_id: str) -> None:
    """Take all holds of a stack away."""
    connection.execute(_FORGET, {"root": root_id})


def of_root(connection: sa.Connection, root_id: str, now: float) -> Holds:
    """What holds a root stack, and with it everything nested in it."""
    return of_roots(connection, [root_id], now).get(root_id, {})


def of_roots(connection: sa.Connection, root_ids: Collection[str], now: float) -> dict[str, Holds]:
    """`{root id: what holds it}`; stacks that nothing holds are absent."""
    wanted = sorted(set(root_ids))
    found: dict[str, dict[Kind, Hold]] = {}
    for start in range(0, len(wanted), _IN_AT_ONCE):
        for row in connection.execute(_OF_ROOTS, {"ids": wanted[start : start + _IN_AT_ONCE]}):
            hold = _from_row(row)
            if hold.covers(now):
                found.setdefault(row.stack_id, {})[hold.kind] = hold
    return dict(found)


def paused_stacks() -> sa.Select[Any]:
    """The ids of all stacks of trees that are paused, as a part of a query."""
    # Few trees are paused, so from there; a join leaves that to the database, and SQLite goes through all stacks.
    return sa.select(_s.c.id).where(_s.c.root_id.in_(sa.select(_t.c.stack_id).where(_t.c.kind == Kind.PAUSE)))


def unpause(connection: sa.Connection, root_id: str, now: float) -> bool:
    """End the pause of a tree, if there is one: its actions get the time back that they stood still."""
    since = connection.execute(_PAUSED_SINCE, {"root": root_id}).scalar()
    if since is None:
        return False
    lift(connection, root_id, Kind.PAUSE)
    running = sa.select(_s.c.traversal_id).where(_s.c.root_id == root_id, _s.c.status == Status.IN_PROGRESS)
    ids = [one for one in connection.execute(running).scalars() if one is not None]
    later = _v.c.deadline + max(0.0, now - since)
    for start in range(0, len(ids), _IN_AT_ONCE):
        connection.execute(_v.update().where(_v.c.id.in_(ids[start : start + _IN_AT_ONCE])).values(deadline=later))
    return True


def end_idle_pause(connection: sa.Connection, root_id: str) -> None:
    """End the pause of a tree in which nothing runs any more."""
    connection.execute(_END_IDLE_PAUSE, {"root": root_id})


def _from_row(row: Any) -> Hold:
    return Hold(Kind(row.kind), row.user_id, row.username, row.reason, row.created_at, row.expires_at)
