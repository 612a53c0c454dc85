"""How traversals end: which have ended or run out of time, and what stops them.

Each function is one unit of work for the writer, or a part of one of `traversals`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from hearth.model.states import Action, Status
from hearth.model.waivers import NONE, Waivers
from hearth.store import holds, tables
from hearth.store.rows import NODE_BITS, NodeState, Phase, TraversalRow
from hearth.telemetry import trail

_n = tables.node
_t = tables.traversal
_s = tables.stack
_IN_AT_ONCE = 500
_IS_RETRIED = sa.and_(_n.c.state == NodeState.READY, _n.c.phase != Phase.NONE, _n.c.tries > 0)
#: Given back by an engine that died in the middle of a step, or to be tried again: the cloud may be at work on it, so
#: it has to end.
_INTERRUPTED = sa.or_(_IS_RETRIED, sa.and_(_n.c.state == NodeState.READY, _n.c.phase != Phase.NONE, _n.c.due_at == 0))
DROP = _n.delete().where(_n.c.id == sa.bindparam("node_id"))
_any = _t.alias()
#: Neither has a traversal a node left, nor is anything in flight still of one that it superseded. Nodes are looked for
#: by traversal, for which there is an index; most often the first question answers it.
_NOTHING_LEFT = sa.and_(
    ~sa.exists().where(_n.c.traversal_id == _t.c.id),
    ~sa.exists().where(_any.c.stack_id == _t.c.stack_id, _n.c.traversal_id == _any.c.id),
)
#: The stack's id is there for databases to find it by.
_IS_PRESENT = sa.and_(_s.c.id == _t.c.stack_id, _s.c.traversal_id == _t.c.id)
_OF_STACKS = sa.select(_t).join(_s, _IS_PRESENT).where(_s.c.status == Status.IN_PROGRESS)
_DEADLINES = _OF_STACKS.with_only_columns(_t.c.id, _t.c.deadline)
#: Running traversals whose time is over.
OVERDUE = _OF_STACKS.where(_t.c.deadline < sa.bindparam("now"), _s.c.id.not_in(holds.paused_stacks()))
_ENDED = _OF_STACKS.where(_s.c.id.in_(sa.bindparam("stacks", expanding=True)), _NOTHING_LEFT)
#: Present traversals whose stack has not been told that nothing is left to do.
UNFINISHED = _OF_STACKS.where(_NOTHING_LEFT, _s.c.live_name.is_not(None))
#: The nodes of all traversals of a stack: a call of one before the last may be under way still.
OF_STACK = _n.c.traversal_id.in_(sa.select(_t.c.id).where(_t.c.stack_id == sa.bindparam("stack")))
#: The step of a resource whose nested stack is at work. A newer action takes the nested stack over when it comes to it,
#: without waiting; until then the step stays, to tell how the nested stack ends should the newer action fail before.
NESTS = sa.and_(_n.c.state == NodeState.PARKED, _n.c.phase == Phase.STARTED)
# What waits for a signal is work under way as well: its outcome is used.
_IDLE = sa.and_(_n.c.state != NodeState.CLAIMED, ~_INTERRUPTED, ~NESTS, _n.c.waits_for.is_(None))
# Before a deletion, only a call that is under way is waited for; what another one may have made, the removal finds.
_HAS_CALLED = sa.or_(_n.c.phase == Phase.STARTED, _n.c.phase == Phase.DISCARDING)
_ACCEPTED = sa.and_(~NESTS, sa.or_(_n.c.state != NodeState.CLAIMED, _HAS_CALLED))
_NOT_BEGUN = sa.and_(_n.c.state != NodeState.CLAIMED, _n.c.phase == Phase.NONE)
_RETRY_NOW = _n.update().where(_n.c.id == sa.bindparam("node_id")).values(due_at=0.0)
LEFT = sa.select(_n.c.id, _n.c.resource_id).where(OF_STACK)
_AWAITED = LEFT.where(~NESTS)
_BUSY = LEFT.where(_n.c.state.in_([NodeState.CLAIMED, NodeState.PARKED, NodeState.READY]))
_NOTE_FIRST_FAILURE = (
    _t.update()
    .where(_t.c.id == sa.bindparam("traversal"), _t.c.failure.is_(None))
    .values(failure=sa.bindparam("first"))
)
_NOT_BEGUN_OF = sa.select(_n.c.id, _n.c.dependents).where(_n.c.traversal_id == sa.bindparam("traversal"), _NOT_BEGUN)
_DROP_NOT_BEGUN = DROP.where(_NOT_BEGUN)
_FORGET = _t.delete().where(_t.c.stack_id == sa.bindparam("stack"), ~sa.exists().where(_n.c.traversal_id == _t.c.id))
_FORGET_OTHERS = _FORGET.where(_t.c.id != sa.bindparam("kept"))


class Each:
    """Changes or drops those of some nodes that are in a state, each by its id.

    MySQL and MariaDB lock every row that a statement looks at: by anything but an id they may go through the whole
    table, or to the first node behind those that were meant, and wait for whoever works on that.
    """

    def __init__(
        self, change: sa.Update | sa.Delete, which: sa.ColumnElement[bool], state: sa.ColumnElement[bool]
    ) -> None:
        """`change` is that of one node, `node_id`."""
        self._find = sa.select(_n.c.id).where(which, state)
        self._change = change.where(state)  # which may have changed since

    def run(self, connection: sa.Connection, given: Mapping[str, Any]) -> None:
        """Do it. `given`: the values that say which nodes."""
        if ids := [{"node_id": one} for one in connection.execute(self._find, given).scalars()]:
            connection.execute(self._change, ids)


_DROP_ACCEPTED = Each(DROP, OF_STACK, _ACCEPTED)
_DROP_IDLE = Each(DROP, OF_STACK, _IDLE)
_DROP_ALL = Each(DROP, OF_STACK, sa.true())
_OLDER = sa.and_(_n.c.resource_id == sa.bindparam("resource"), _n.c.traversal_id < sa.bindparam("newer"))
_DROP_OLDER = Each(DROP, _OLDER, sa.true())
_HURRY_RETRIED = Each(_RETRY_NOW, OF_STACK, _IS_RETRIED)


def ended(connection: sa.Connection, stack_ids: Iterable[str]) -> list[TraversalRow]:
    """The present traversals of those of some stacks of which nothing is left to do or in flight."""
    return [traversal(row) for row in connection.execute(_ENDED, {"stacks": list(stack_ids)})]


def unfinished(connection: sa.Connection) -> list[TraversalRow]:
    """Present traversals of stacks without a node left that have not been told: a process died in between."""
    return [traversal(row) for row in connection.execute(UNFINISHED)]


def deadlines(connection: sa.Connection) -> dict[int, float | None]:
    """`{id: deadline}` of all traversals that are running: the present ones of stacks in progress."""
    return {row.id: row.deadline for row in connection.execute(_DEADLINES)}


def overdue(connection: sa.Connection, now: float) -> list[TraversalRow]:
    """Those of the running traversals whose time is over. It stands still while a tree is paused."""
    return [traversal(row) for row in connection.execute(OVERDUE, {"now": now})]


def hurry(connection: sa.Connection, traversal_id: int, deadline: float) -> None:
    """Let a traversal end by a moment, if it would not sooner."""
    later = sa.or_(_t.c.deadline.is_(None), _t.c.deadline > deadline)
    connection.execute(_t.update().where(_t.c.id == traversal_id, later).values(deadline=deadline))


def absolve(connection: sa.Connection, traversal_id: int) -> None:
    """Forget that a traversal failed: what failed has been let go."""
    connection.execute(_t.update().where(_t.c.id == traversal_id).values(failure=None))


def fail(connection: sa.Connection, traversal_id: int, failure: str) -> list[int]:
    """Let a traversal start nothing more: nodes that have not begun are dropped, the first failure is kept.

    Returns the nodes of newer traversals that had waited for the end of a dropped one, each for every such need.
    """
    connection.execute(_NOTE_FIRST_FAILURE, {"traversal": traversal_id, "first": failure})
    newer = {
        row.id: [one for one in from_json(row.dependents) if one >> NODE_BITS != traversal_id]
        for row in connection.execute(_NOT_BEGUN_OF, {"traversal": traversal_id})
    }
    # Each by its id: see `Each`. One that was claimed meanwhile stays.
    if alone := [{"node_id": one} for one, waiting in newer.items() if not waiting]:
        connection.execute(_DROP_NOT_BEGUN, alone)
    awaited: list[int] = []
    for one, waiting in newer.items():
        if waiting and connection.execute(_DROP_NOT_BEGUN, {"node_id": one}).rowcount:
            awaited += waiting
    return awaited


def note_failure(connection: sa.Connection, traversal_id: int, failure: str) -> None:
    """Add a failure that does not stop the traversal."""
    before = sa.func.coalesce(_t.c.failure + "; ", "")
    connection.execute(_t.update().where(_t.c.id == traversal_id).values(failure=before + failure))


def leave_out(connection: sa.Connection, node_ids: Sequence[int]) -> None:
    """Drop nodes and, all the way down, what depends on them."""
    front = list(node_ids)
    while front:
        some = front[:_IN_AT_ONCE]
        del front[:_IN_AT_ONCE]
        rows = list(connection.execute(sa.select(_n.c.id, _n.c.dependents).where(_n.c.id.in_(some))))
        if rows:
            connection.execute(DROP, [{"node_id": row.id} for row in rows])
        for row in rows:
            front += from_json(row.dependents)


def stop(connection: sa.Connection, stack_id: str, by: Action) -> list[tuple[int, str]]:
    """Drop a stack's nodes that need not end; `(node id, resource id)` of those whose end has to be waited for."""
    of_it = {"stack": stack_id}
    (_DROP_ACCEPTED if by is Action.DELETE else _DROP_IDLE).run(connection, of_it)
    _HURRY_RETRIED.run(connection, of_it)  # somebody waits for them now
    return [(row.id, row.resource_id) for row in connection.execute(_AWAITED, of_it)]


def take_over(connection: sa.Connection, resource_id: str, traversal_id: int) -> None:
    """Drop what waits for a resource's nested stack, of which a newer traversal begins another action."""
    _DROP_OLDER.run(connection, {"resource": resource_id, "newer": traversal_id})


def abort(connection: sa.Connection, stack_id: str, traversal_id: int, failure: str) -> set[str]:
    """Stop a stack's present traversal at once, and what older ones have left in flight.

    All nodes go, claimed ones included; ids of the resources that were in flight.

    Whoever holds such a node finds its lease lost at the next commit.
    """
    connection.execute(_NOTE_FIRST_FAILURE, {"traversal": traversal_id, "first": failure})
    in_flight = {row.resource_id for row in connection.execute(_BUSY, {"stack": stack_id})}
    _DROP_ALL.run(connection, {"stack": stack_id})
    return in_flight


def forget(connection: sa.Connection, stack_id: str, but: int | None) -> None:
    """Drop a stack's traversals, all but one; nodes still in flight for it keep theirs."""
    connection.execute(_FORGET if but is None else _FORGET_OTHERS, {"stack": stack_id, "kept": but})


def traversal(row: Any) -> TraversalRow:
    """A traversal, from what a query of all its columns found."""
    return TraversalRow(
        id=row.id,
        stack_id=row.stack_id,
        action=Action(row.action),
        definition_id=row.definition_id,
        failure=row.failure,
        deadline=row.deadline,
        created_at=row.created_at,
        waivers=NONE if row.waivers is None else Waivers.from_wire(msgspec.json.decode(row.waivers)),
        plan_id=row.plan_id,
        plan_path=row.plan_path or "",
        converge=bool(row.converge),
        trail=trail.from_text(row.trail),
    )


def from_json(text: str) -> list[int]:
    return msgspec.json.decode(text) if text != "[]" else []
