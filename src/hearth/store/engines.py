"""Engines and their leases."""

from typing import Any

import sqlalchemy as sa

from hearth.store import tables
from hearth.store.rows import NodeState

_t = tables.engine
_n = tables.node
_RENEW = (
    _t.update()
    .where(_t.c.id == sa.bindparam("engine_id"))
    .values(updated_at=sa.bindparam("at"), expires_at=sa.bindparam("until"))
)
_UNOWNED = sa.and_(_n.c.state == NodeState.CLAIMED, _n.c.owner.not_in(sa.select(_t.c.id)))
_ONE_UNOWNED = sa.select(_n.c.id).where(_UNOWNED).limit(1)
_EXPIRED = sa.select(_t.c.id).where(_t.c.expires_at < sa.bindparam("at"))


def register(connection: sa.Connection, engine_id: str, host: str, hostname: str, interval: int, at: float) -> None:
    """Enter an engine; its lease is two intervals from now."""
    connection.execute(
        _t.insert().values(
            id=engine_id,
            host=host,
            hostname=hostname,
            report_interval=interval,
            created_at=at,
            updated_at=at,
            expires_at=at + 2 * interval,
        )
    )


def renew(connection: sa.Connection, engine_id: str, lease: float, at: float) -> bool:
    """Extend an engine's lease; False when others have already declared it dead."""
    result = connection.execute(_RENEW, {"engine_id": engine_id, "at": at, "until": at + lease})
    return result.rowcount == 1


def retire(connection: sa.Connection, engine_id: str) -> int:
    """Take an engine out and give back what it had claimed; how many nodes that were."""
    connection.execute(_t.delete().where(_t.c.id == engine_id))
    given_back = connection.execute(
        _n.update()
        .where(_n.c.owner == engine_id, _n.c.state == NodeState.CLAIMED)
        .values(state=NodeState.READY, owner=None, token=_n.c.token + 1, due_at=0.0)
    )
    return given_back.rowcount


def retire_expired(connection: sa.Connection, at: float) -> list[str]:
    """Retire every engine whose lease has run out; their ids."""
    dead = list(connection.execute(_EXPIRED, {"at": at}).scalars())
    for engine_id in dead:
        retire(connection, engine_id)
    return dead


def retire_others(connection: sa.Connection, engine_id: str) -> list[str]:
    """Retire every engine but one, whatever their leases say; their ids."""
    others = list(connection.execute(sa.select(_t.c.id).where(_t.c.id != engine_id)).scalars())
    for other in others:
        retire(connection, other)
    return others


def release_unowned(connection: sa.Connection) -> int:
    """Give back claimed nodes whose engine is not registered (any more)."""
    if connection.execute(_ONE_UNOWNED).first() is None:
        return 0  # as nearly always: looking locks nothing
    given_back = connection.execute(
        _n.update().where(_UNOWNED).values(state=NodeState.READY, owner=None, token=_n.c.token + 1, due_at=0.0)
    )
    return given_back.rowcount


def listed(connection: sa.Connection) -> list[dict[str, Any]]:
    """All registered engines as plain maps of their columns."""
    return [dict(row._mapping) for row in connection.execute(sa.select(_t).order_by(_t.c.created_at))]
