"""The work list: nodes that wait for an engine, and how engines take them in turns.

`claim` is one unit of work for the writer. A node is given to one engine only and its fencing token raised; what a
repeat finds has gone. A list as long as the largest stack would be walked again and again, so only traversals are
looked through, each by the first entry of an index, and of each as many nodes are read as are taken.

A tree of the legacy mode is worked on by the engine that has its lock; see `hearth.store.locks`.
"""

from typing import Any

import sqlalchemy as sa

from hearth.model.turns import Line, Turns
from hearth.store import locks, tables, traversals
from hearth.store.rows import Node, NodeState

_n = tables.node
_t = tables.traversal
_s = tables.stack
_l = tables.stack_lock
#: Traversals that one look goes through; the next one goes on behind them. Databases limit how far a recursion goes.
WINDOW = 500
#: Nodes of a traversal that are taken at least, if there are as many: they share what is read of their stack.
LEAST = 8

_IS_READY = sa.and_(_n.c.state == NodeState.READY, _n.c.due_at <= sa.bindparam("now"), ~traversals.HELD)


def _windowed() -> sa.Select[Any]:
    """The next traversals that have nodes at all, and whether one of these is ready."""
    start = (
        sa.select(sa.func.min(_n.c.traversal_id).label("id"), sa.literal(1).label("place"))
        .where(_n.c.traversal_id > sa.bindparam("after"))
        .cte("present", recursive=True)
    )
    further = sa.select(
        sa.select(sa.func.min(_n.c.traversal_id)).where(_n.c.traversal_id > start.c.id).scalar_subquery(),
        start.c.place + 1,
    ).where(start.c.id.is_not(None), start.c.place < sa.bindparam("window"))
    present = start.union_all(further)
    ready = sa.exists().where(_n.c.traversal_id == present.c.id, _IS_READY)
    free = sa.or_(_l.c.engine_id.is_(None), _l.c.engine_id.in_([locks.NOBODY, sa.bindparam("owner")]))
    return (
        sa.select(
            present.c.id,
            _s.c.project_id,
            sa.and_(free, ready).label("ready"),
            sa.case((_l.c.engine_id == locks.NOBODY, _s.c.root_id)).label("to_lock"),
        )
        .join(_t, _t.c.id == present.c.id)
        .join(_s, _s.c.id == _t.c.stack_id)
        .outerjoin(_l, _l.c.root_id == _s.c.root_id)
    )


_LINES = _windowed()
_NEXT = (
    sa.select(_n)
    .where(_n.c.traversal_id == sa.bindparam("traversal"), _IS_READY)
    .order_by(_n.c.id)
    .limit(sa.bindparam("most"))
    .with_for_update(skip_locked=True)
)


def claim(
    connection: sa.Connection,
    owner: str,
    limit: int,
    now: float,
    turns: Turns | None = None,
    window: int = WINDOW,
) -> list[Node]:
    """Take up to `limit` ready nodes for an engine, in turns, and what `turns` reserves to projects beyond it.

    `window`: how many traversals are looked through at a time.
    """
    turns = turns or Turns()
    by_project = turns.arranged(_lines(connection, owner, now, turns, window))
    left, found = limit, list[Node]()
    more: list[Line] = []  # those that may have further nodes
    for place, lines in enumerate(by_project):
        fair = max(1, left // (len(by_project) - place)) if left > 0 else 0
        share = max(fair, turns.reserve_of(lines[0].project_id))
        for number, line in enumerate(lines):
            most = min(share, max(LEAST, share // (len(lines) - number)))
            nodes = _next(connection, owner, line, now, most, turns) if most > 0 else []
            found += nodes
            share -= len(nodes)
            left -= len(nodes)
            if len(nodes) == most:
                more.append(line)
    for line in more:
        if left <= 0:
            break
        nodes = _next(connection, owner, line, now, left, turns)
        found += nodes
        left -= len(nodes)
    return found


def _lines(connection: sa.Connection, owner: str, now: float, turns: Turns, window: int) -> list[Line]:
    """Traversals with nodes to claim, from where the last look ended; from the first one on after the last one."""
    rounds = 1 if turns.seen == 0 else 2
    while rounds:
        rows = list(connection.execute(_LINES, {"after": turns.seen, "owner": owner, "now": now, "window": window}))
        if len(rows) < window:
            turns.seen, rounds = 0, rounds - 1
        else:
            turns.seen = max(row.id for row in rows)
        lines = [Line(row.id, row.project_id, row.to_lock) for row in rows if row.ready]
        if lines:
            return lines
    return []


def _next(connection: sa.Connection, owner: str, line: Line, now: float, most: int, turns: Turns) -> list[Node]:
    turns.served(line)
    if line.to_lock is not None and not locks.take(connection, line.to_lock, owner):
        return []
    rows = list(connection.execute(_NEXT, {"traversal": line.traversal_id, "now": now, "most": most}))
    nodes = traversals.take(connection, rows, owner)
    for node in nodes:
        node.project_id = line.project_id
    return nodes
