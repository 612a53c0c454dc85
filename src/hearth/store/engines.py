"""Engines and their leases.

The row of an engine that stopped in order goes with it. That of a dead one stays for a while, without a lease, so that
operators see which one is gone.
"""

from typing import Any

import sqlalchemy as sa

from hearth.store import locks, tables
from hearth.store.rows import NodeState

_t = tables.engine
_n = tables.node
_INSERT = _t.insert()
#: The lease of an engine whose work was given back.
_DEAD = 0.0
#: Report intervals after which nothing is told of a dead engine any more.
_TOLD_FOR = 3
_LIVING = sa.select(_t.c.id).where(_t.c.expires_at > _DEAD)
_RENEW = (
    _t.update()
    .where(_t.c.id == sa.bindparam("engine_id"), _t.c.expires_at > _DEAD)
    .values(updated_at=sa.bindparam("at"), expires_at=sa.bindparam("until"))
)
_REMOVE = _t.delete().where(_t.c.id == sa.bindparam("engine_id"))
_FREED = _n.update().values(state=NodeState.READY, owner=None, token=_n.c.token + 1, due_at=0.0)
_GIVE_BACK = _FREED.where(_n.c.owner == sa.bindparam("engine_id"), _n.c.state == NodeState.CLAIMED)
_UNOWNED = sa.and_(_n.c.state == NodeState.CLAIMED, _n.c.owner.not_in(_LIVING))
_RELEASE_UNOWNED = _FREED.where(_UNOWNED)
#: A sign of life from the future was given before the clock was set back: its lease may end in hours.
_FUTURE = 60.0
_EXPIRED = _LIVING.where(sa.or_(_t.c.expires_at < sa.bindparam("now"), _t.c.updated_at > sa.bindparam("now") + _FUTURE))
#: Somebody's work is to be given back.
LOST = sa.or_(_EXPIRED.exists(), sa.select(_n.c.id).where(_UNOWNED).exists())
_BURY = _t.update().where(_t.c.id == sa.bindparam("engine_id")).values(expires_at=_DEAD)
_FORGET = _t.delete().where(
    _t.c.expires_at == _DEAD, _t.c.updated_at < sa.bindparam("at") - _TOLD_FOR * _t.c.report_interval
)
_COUNT = sa.select(sa.func.count()).select_from(_t).where(_t.c.expires_at > _DEAD).scalar_subquery()
_STATE = sa.select(_COUNT, LOST)


def register(connection: sa.Connection, engine_id: str, host: str, hostname: str, interval: int, at: float) -> None:
    """Enter an engine, which may have been declared dead; its lease is two intervals from now."""
    connection.execute(_REMOVE, {"engine_id": engine_id})
    connection.execute(_FORGET, {"at": at})
    connection.execute(
        _INSERT,
        {
            "id": engine_id,
            "host": host,
            "hostname": hostname,
            "report_interval": interval,
            "created_at": at,
            "updated_at": at,
            "expires_at": at + 2 * interval,
        },
    )


def renew(connection: sa.Connection, engine_id: str, lease: float, at: float) -> bool:
    """Extend an engine's lease; False when others have already declared it dead."""
    result = connection.execute(_RENEW, {"engine_id": engine_id, "at": at, "until": at + lease})
    return result.rowcount == 1


def retire(connection: sa.Connection, engine_id: str) -> int:
    """Take an engine out and give back what it had claimed; how many nodes that were."""
    connection.execute(_REMOVE, {"engine_id": engine_id})
    return _give_back(connection, engine_id)


def _give_back(connection: sa.Connection, engine_id: str) -> int:
    locks.give_back(connection, engine_id)
    return connection.execute(_GIVE_BACK, {"engine_id": engine_id}).rowcount


def recover(connection: sa.Connection, at: float) -> tuple[list[str], int]:
    """Declare every engine dead whose lease has run out, and give back what nobody living holds.

    Returns the ids of the dead, and how many engines are left.
    """
    registered, is_lost = connection.execute(_STATE, {"now": at}).one()
    if not is_lost:
        return [], registered  # as nearly always: looking locks nothing
    dead = list(connection.execute(_EXPIRED, {"now": at}).scalars())
    for engine_id in dead:
        connection.execute(_BURY, {"engine_id": engine_id})
        _give_back(connection, engine_id)
    connection.execute(_FORGET, {"at": at})
    # What was claimed by one that had been declared dead already, and then died before it knew.
    connection.execute(_RELEASE_UNOWNED)
    return dead, registered - len(dead)


def retire_others(connection: sa.Connection, engine_id: str) -> list[str]:
    """Retire every engine but one, whatever their leases say; their ids."""
    others = list(connection.execute(sa.select(_t.c.id).where(_t.c.id != engine_id)).scalars())
    for other in others:
        retire(connection, other)
    return others


def first(connection: sa.Connection, at: float) -> str | None:
    """The one of all living engines that does what only one should do."""
    query = sa.select(_t.c.id).where(_t.c.expires_at > at).order_by(_t.c.created_at, _t.c.id).limit(1)
    return connection.execute(query).scalar()


def listed(connection: sa.Connection) -> list[dict[str, Any]]:
    """All registered engines as plain maps of their columns, and whether each is `dead`."""
    rows = connection.execute(
        sa.select(_t, (_t.c.expires_at == _DEAD).label("dead")).order_by(_t.c.created_at, _t.c.id)
    )
    return [dict(row._mapping) for row in rows]


def living() -> sa.Select[Any]:
    """The ids of engines that nobody has declared dead, as a part of a query."""
    return _LIVING
