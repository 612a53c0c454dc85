"""The locks of the legacy mode: one engine at a time works on a tree of stacks, from an action's begin to its end.

A lock is there as long as something runs in its tree. Whoever begins an action puts it there for the first engine that
comes; that one takes it with its first claim. What a dead engine held is anybody's again (`hearth.store.engines`). What
a repeat does: taking one's own lock again succeeds, releasing what has gone changes nothing.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from hearth.model.states import Status
from hearth.store import tables

_t = tables.stack_lock
_s = tables.stack
#: The owner of a lock that no engine has taken yet.
NOBODY = ""
_IS_THERE = sa.select(_t.c.root_id).where(_t.c.root_id == sa.bindparam("root"))
_INSERT = _t.insert().values(root_id=sa.bindparam("root"), engine_id=NOBODY)
_TAKE = (
    _t.update()
    .where(_t.c.root_id == sa.bindparam("root"), _t.c.engine_id.in_([NOBODY, sa.bindparam("engine")]))
    .values(engine_id=sa.bindparam("engine"))
)
_RUNS = sa.exists().where(
    _s.c.root_id == sa.bindparam("root"), _s.c.status == Status.IN_PROGRESS, _s.c.live_name.is_not(None)
)
_RELEASE = _t.delete().where(_t.c.root_id == sa.bindparam("root"), ~_RUNS)
_GIVE_BACK = _t.update().where(_t.c.engine_id == sa.bindparam("engine")).values(engine_id=NOBODY)


def put(connection: sa.Connection, root_id: str) -> None:
    """Lock a tree, for the first engine that comes, unless it is locked. The tree's root row is held meanwhile."""
    if connection.execute(_IS_THERE, {"root": root_id}).first() is None:
        connection.execute(_INSERT, {"root": root_id})


def take(connection: sa.Connection, root_id: str, engine_id: str) -> bool:
    """Take the lock of a tree for an engine; False when another one has it."""
    return connection.execute(_TAKE, {"root": root_id, "engine": engine_id}).rowcount == 1


def release(connection: sa.Connection, root_id: str) -> None:
    """Unlock a tree in which nothing runs any more."""
    connection.execute(_RELEASE, {"root": root_id})


def give_back(connection: sa.Connection, engine_id: str) -> None:
    """Leave everything that an engine had locked to the next one that comes."""
    connection.execute(_GIVE_BACK, {"engine": engine_id})


def forget(connection: sa.Connection, root_id: str) -> None:
    """Unlock a tree whatever runs in it: its mode has changed."""
    connection.execute(_t.delete().where(_t.c.root_id == root_id))


def of_trees(connection: sa.Connection, root_ids: Sequence[str]) -> dict[str, str]:
    """`{root id: engine id}` of those that are locked."""
    query = sa.select(_t.c.root_id, _t.c.engine_id).where(_t.c.root_id.in_(root_ids))
    return {row.root_id: row.engine_id for row in connection.execute(query)}


def held_by_others() -> sa.Select[Any]:
    """The ids of stacks that an engine (parameter `owner`) may not work on, as a part of a query."""
    return sa.select(_s.c.id).join(_t, _t.c.root_id == _s.c.root_id).where(_t.c.engine_id != sa.bindparam("owner"))
