"""Traversals and their nodes: begin one, claim ready nodes, record what steps did.

Each function is one unit of work for the writer. What a repeat does: `begin` of an older traversal than the present
one raises `Superseded`; `claim` gives a node to one engine only and raises its fencing token; `advance` ignores every
move whose token is not the node's any more (the lease was lost, or a newer traversal took over) and says which.

In a paused tree no node begins: one that has not is not claimed, and if it was claimed before the pause its first move
is not stored. What has begun goes on to its end.
"""

import dataclasses
import enum
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from hearth.model.plan import Work
from hearth.model.states import Action, Status
from hearth.model.waivers import NONE, Waivers
from hearth.store import databases, endings, events, holds, locks, orphans, quotas, resources, software, tables
from hearth.store.codec import Codec
from hearth.store.rows import (
    NODE_BITS,
    EventRow,
    Node,
    NodeState,
    OrphanRow,
    Phase,
    ResourceRow,
    TraversalRow,
)
from hearth.telemetry.trail import Trail

_n = tables.node
_t = tables.traversal
_s = tables.stack
_r = tables.resource
_IN_AT_ONCE = 500
#: A node that a pause keeps from beginning.
HELD = sa.and_(_n.c.phase == Phase.NONE, _n.c.stack_id.in_(holds.paused_stacks()))
#: A node that becomes ready and is not claimed by the engine (`owner`) that made it so.
_NOT_NOW = sa.or_(HELD, _n.c.stack_id.in_(locks.held_by_others()))


# Statements that every step needs are built once: building costs several times what running them does.
#: Nodes that wait for an engine to take them.
WAITING = sa.select(_n.c.id).where(_n.c.state == NodeState.READY, _n.c.due_at <= sa.bindparam("now"), ~HELD)
_TAKE = (
    _n.update()
    .where(_n.c.id == sa.bindparam("node_id"))
    .values(state=NodeState.CLAIMED.value, owner=sa.bindparam("new_owner"), token=_n.c.token + 1)
)
_OWNED = sa.select(_n.c.id, _n.c.token).where(_n.c.owner == sa.bindparam("owner"), _n.c.state == NodeState.CLAIMED)
_CLAIMS = databases.by_id(
    sa.select(_n.c.id, _n.c.token, _n.c.owner, _n.c.dependents, HELD.label("held")).where(
        _n.c.id.in_(sa.bindparam("ids", expanding=True))
    ),
    _n,
)
_STAY = (
    _n.update()
    .where(_n.c.id == sa.bindparam("node_id"))
    .values(
        {
            name: sa.bindparam("new_" + name)
            for name in ("phase", "state", "resource_id", "attempt", "tries", "due_at", "waits_for")
        }
    )
)
_MEET = _n.update().where(_n.c.id == sa.bindparam("node_id")).values(unmet=_n.c.unmet - sa.bindparam("count"))
_MET = sa.select(_n, _NOT_NOW.label("held")).where(
    _n.c.id.in_(sa.bindparam("ids", expanding=True)), _n.c.unmet <= 0, _n.c.state == NodeState.WAITING
)
_NOTE = (
    _r.update()
    .where(
        _r.c.id == sa.bindparam("row_id"),
        _r.c.status == Status.IN_PROGRESS,
        sa.exists().where(_n.c.id == sa.bindparam("node_id"), _n.c.token == sa.bindparam("node_token")),
    )
    .values(reason=sa.bindparam("told"))
)
_BY_ID = sa.select(_t).where(_t.c.id == sa.bindparam("traversal_id"))
_PRESENT_OF = sa.select(_s.c.traversal_id).where(_s.c.id == sa.bindparam("stack"))
_INSERT = _t.insert()
_INSERT_NODES = _n.insert()
_SET_PRESENT = _s.update().where(_s.c.id == sa.bindparam("stack")).values(traversal_id=sa.bindparam("present"))
_SET_DEPENDENTS = _n.update().where(_n.c.id == sa.bindparam("node_id")).values(dependents=sa.bindparam("behind"))
_OF_TREE = _n.c.traversal_id.in_(
    sa.select(_t.c.id).join(_s, _s.c.id == _t.c.stack_id).where(_s.c.root_id == sa.bindparam("root"))
)
_BUSY_IN_TREE = sa.select(_n.c.resource_id).where(_OF_TREE)
_JUST_CLAIMED = sa.and_(_n.c.state == NodeState.CLAIMED, _n.c.phase == Phase.NONE)
_GIVE_BACK = (
    _n.update()
    .where(_n.c.id == sa.bindparam("node_id"))
    .values(state=NodeState.READY.value, owner=None, token=_n.c.token + 1)
)
_HOLD_BACK = endings.Each(_GIVE_BACK, _OF_TREE, _JUST_CLAIMED)
_MAKE_READY = _n.update().where(_n.c.id == sa.bindparam("node_id")).values(state=NodeState.READY.value)
_OF_RESOURCE = _n.c.resource_id == sa.bindparam("resource")
_NESTING = sa.select(_n, _NOT_NOW.label("held")).where(_OF_RESOURCE, endings.NESTS)
#: Nodes of newer traversals that have not begun, but for those that have stopped at a hook.
_NEWER = sa.select(_n.c.id).where(
    _OF_RESOURCE,
    _n.c.traversal_id > sa.bindparam("older"),
    _n.c.phase == Phase.NONE,
    _n.c.state != NodeState.PARKED,
)
_WAIT_FOR_ONE_MORE = (
    _n.update()
    .where(_n.c.id == sa.bindparam("node_id"))
    .values(state=NodeState.WAITING.value, owner=None, token=_n.c.token + 1, unmet=_n.c.unmet + 1)
)
_STOPPED_AT_HOOK = sa.and_(_n.c.state == NodeState.PARKED, _n.c.phase == Phase.NONE)
_RESUME = endings.Each(_MAKE_READY, _OF_RESOURCE, _STOPPED_AT_HOOK)
_READY_OF = (
    sa.select(_n)
    .where(_n.c.traversal_id == sa.bindparam("traversal"), _n.c.state == NodeState.READY, ~_NOT_NOW)
    .limit(sa.bindparam("most"))
)


class Superseded(Exception):
    """What this was planned on has changed: plan again."""


@dataclasses.dataclass(slots=True)
class NewNode:
    """A node to be stored. `needs` and the node's place in the list are numbers within the traversal.

    `rivals`: further rows whose work in flight has to end before it begins.
    """

    resource_id: str
    work: Work
    needs: Sequence[int]
    rivals: Sequence[str] = ()


@dataclasses.dataclass(slots=True)
class NewTraversal:
    """An action about to begin. `known` are the ids of all rows it was planned on, `previous` the traversal then."""

    stack_id: str
    action: Action
    definition_id: str
    nodes: list[NewNode]
    new_rows: list[ResourceRow]
    known: frozenset[str]
    previous: int | None
    deadline: float | None
    secret: bool = False
    #: {row id: id of the row that replaces it; None: it is replaced no more}
    replaced: Mapping[str, str | None] = dataclasses.field(default_factory=dict)
    waivers: Waivers = NONE
    failure: str | None = None
    plan_id: str | None = None
    plan_path: str = ""
    converge: bool = False
    trail: Trail | None = None


class Then(enum.Enum):
    """What becomes of a node after a move."""

    STAY = "stay"  # still claimed: the step goes on
    DONE = "done"
    PARK = "park"  # until something else makes it ready
    RETRY = "retry"  # until its time has come, after a failure that may pass; a newer traversal takes `instead`
    PAUSE = "pause"  # until its time has come; nobody holds it meanwhile, and a newer traversal need not wait for it
    FAIL = "fail"  # done, and the traversal starts nothing more
    SKIP = "skip"  # done with a failure that stops only what depends on it


#: The state of a node after a move that does not end it.
_STATES = {
    Then.STAY: NodeState.CLAIMED,
    Then.PARK: NodeState.PARKED,
    Then.PAUSE: NodeState.READY,
    Then.RETRY: NodeState.READY,
}


@dataclasses.dataclass(slots=True)
class Move:
    """One durable move of a step: what it changes in its resource, which events it writes, what the node does then."""

    node: Node
    then: Then
    phase: Phase = Phase.NONE
    changes: dict[str, Any] | None = None
    secret: bool = False
    events: Sequence[EventRow] = ()
    new_row: ResourceRow | None = None  # a replacement: the node goes on with it
    failure: str | None = None
    due_at: float = 0.0  # of a pause, or of another attempt
    instead: "Move | None" = None  # what is stored of an attempt that a newer traversal does not wait for
    waits_for: str | None = None  # a resource whose signals end the pause early
    heard: Any = None  # the metadata of that resource by which the pause was decided
    orphans: Sequence[OrphanRow] = ()  # objects that are let go
    also: Mapping[str, Mapping[str, Any]] = dataclasses.field(default_factory=dict)  # changes of other rows, by id
    writes: Sequence[Callable[[sa.Connection], None]] = ()  # what else is stored with it
    refused: "Callable[[quotas.NoRoom], Move] | None" = None  # what is stored when the project has no room for that


@dataclasses.dataclass(slots=True)
class Advanced:
    """What came of some moves."""

    lost: set[int] = dataclasses.field(default_factory=set)  # nodes not ours any more: their moves were not stored
    claimed: list[Node] = dataclasses.field(default_factory=list)  # became ready and are ours now
    surplus: int = 0  # became ready and wait for anybody
    ended: list[TraversalRow] = dataclasses.field(default_factory=list)  # nothing left to do or in flight
    unawaited: list[str] = dataclasses.field(default_factory=list)  # resources for whose event no node waited
    wrote: bool = False  # whether there was more to store than about resources


def begin(connection: sa.Connection, codec: Codec, new: NewTraversal, now: float) -> int:
    """Store a traversal and make it the stack's present one; its id.

    Steps of the former traversal that have not begun are dropped. Those in flight stay, and the new nodes of the same
    resource wait for them, so that nothing is made twice; a delete does not wait for what the cloud already accepted,
    and nested stacks are taken over by the new node at once.

    Raises:
        Superseded: the stack has another traversal, or other rows, than this was planned on.
    """
    present = connection.execute(_PRESENT_OF, {"stack": new.stack_id}).scalar()
    if present != new.previous or resources.ids_of_stack(connection, new.stack_id) != new.known:
        raise Superseded
    in_flight = endings.stop(connection, new.stack_id, new.action)

    result = connection.execute(
        _INSERT,
        {
            "stack_id": new.stack_id,
            "action": new.action,
            "definition_id": new.definition_id,
            "failure": new.failure,
            "deadline": new.deadline,
            "created_at": now,
            "waivers": codec.plain(new.waivers.to_wire()),
            "plan_id": new.plan_id,
            "plan_path": new.plan_path,
            "converge": new.converge,
            "trail": new.trail.to_text() if new.trail is not None else None,
        },
    )
    traversal_id = int(result.inserted_primary_key[0])  # type: ignore[index]
    base = traversal_id << NODE_BITS
    dependents: list[list[int]] = [[] for _ in new.nodes]
    unmet = [len(one.needs) for one in new.nodes]
    by_resource: dict[str, list[int]] = {}
    for number, one in enumerate(new.nodes):
        for row_id in (one.resource_id, *one.rivals):
            by_resource.setdefault(row_id, []).append(number)
        for needed in one.needs:
            dependents[needed].append(base + number)
    for node_id, resource_id in in_flight:
        waiting = by_resource.get(resource_id, [])
        for number in waiting:
            unmet[number] += 1
        behind = _to_json([base + number for number in waiting])
        connection.execute(_SET_DEPENDENTS, {"node_id": node_id, "behind": behind})
    if new.new_rows:
        resources.insert(connection, codec, new.new_rows, secret=new.secret)
    if new.replaced:
        resources.update(connection, codec, [(old, {"replaced_by": by}, False) for old, by in new.replaced.items()])
    if new.nodes:
        connection.execute(
            _INSERT_NODES,
            [
                {
                    "id": base + number,
                    "traversal_id": traversal_id,
                    "stack_id": new.stack_id,
                    "resource_id": one.resource_id,
                    "work": one.work.value,
                    "state": NodeState.WAITING.value if unmet[number] else NodeState.READY.value,
                    "phase": Phase.NONE.value,
                    "unmet": unmet[number],
                    "dependents": _to_json(dependents[number]),
                    "due_at": 0.0,
                    "attempt": 0,
                    "tries": 0,
                    "owner": None,
                    "token": 0,
                }
                for number, one in enumerate(new.nodes)
            ],
        )
    connection.execute(_SET_PRESENT, {"stack": new.stack_id, "present": traversal_id})
    return traversal_id


def note(connection: sa.Connection, notes: Sequence[tuple[Node, str]]) -> None:
    """Tell in the reasons of resources what keeps their nodes waiting, as far as these are held by the same claims."""
    connection.execute(
        _NOTE,
        [
            {"row_id": node.resource_id, "node_id": node.id, "node_token": node.token, "told": text}
            for node, text in notes
        ],
    )


def busy(connection: sa.Connection, stack_id: str) -> set[str]:
    """Resource rows that running nodes of a stack may still change."""
    return {row.resource_id for row in connection.execute(endings.LEFT, {"stack": stack_id})}


def busy_in_tree(connection: sa.Connection, root_id: str) -> set[str]:
    """The same for all stacks of a tree."""
    return set(connection.execute(_BUSY_IN_TREE, {"root": root_id}).scalars())


def owned(connection: sa.Connection, owner: str) -> dict[int, int]:
    """`{node id: token}` of what an engine has claimed."""
    return {row.id: row.token for row in connection.execute(_OWNED, {"owner": owner})}


def take(connection: sa.Connection, rows: Sequence[Any], owner: str) -> list[Node]:
    """Claim nodes, given as rows that are locked."""
    if rows:
        connection.execute(_TAKE, [{"node_id": row.id, "new_owner": owner} for row in rows])
    return [_node(row, token=row.token + 1) for row in rows]


def advance(connection: sa.Connection, codec: Codec, moves: Sequence[Move], owner: str, capacity: int) -> Advanced:
    """Record what steps did, in one go; whatever becomes ready is claimed for `owner`, up to `capacity` nodes."""
    done = Advanced()
    present = _claims(connection, [move.node.id for move in moves])
    kept: list[Move] = []
    held: list[int] = []
    for move in moves:
        row = present.get(move.node.id)
        if row is None or row.token != move.node.token or row.owner != owner:
            done.lost.add(move.node.id)
            continue
        if row.held:
            held.append(move.node.id)
            continue
        # A newer traversal may have put its own nodes behind this one since the claim.
        move.node.dependents = endings.from_json(row.dependents)
        if move.then in (Then.PARK, Then.PAUSE) and _is_awaited(move.node):
            move.then = Then.DONE  # the newer one goes on from here, and need not wait for what this would wait for
        if move.then is Then.PARK and move.phase is Phase.NONE and is_superseded(connection, move.node):
            move.then = Then.DONE  # hooks are those of the newer one
        if move.then is Then.RETRY and move.instead is not None and _is_awaited(move.node):
            last = move.instead
            _become(move, last)
        if move.new_row is not None and is_superseded(connection, move.node):
            # The newer traversal knows nothing of this row: whether there is to be another is its business.
            move.then, move.new_row, move.changes, move.events = Then.DONE, None, None, ()
            move.orphans, move.also, move.writes = (), {}, ()
            done.lost.add(move.node.id)
        if move.writes:
            _write(connection, move)
            done.wrote = True
        kept.append(move)
    if held:
        done.lost.update(held)
        _give_back(connection, held)
    if not kept:
        return done

    new_rows = [move.new_row for move in kept if move.new_row is not None]
    if new_rows:
        resources.insert(connection, codec, new_rows)
        links = [(row.replaces, {"replaced_by": row.id}, False) for row in new_rows if row.replaces]
        resources.update(connection, codec, links)
    changes: list[tuple[str, Mapping[str, Any], bool]] = [
        (move.node.resource_id, move.changes, move.secret) for move in kept if move.changes
    ]
    changes += [(row_id, columns, False) for move in kept for row_id, columns in move.also.items()]
    resources.update(connection, codec, changes)
    events.insert(connection, codec, [event for move in kept for event in move.events])
    orphans.insert(connection, codec, [orphan for move in kept for orphan in move.orphans])

    staying = [move for move in kept if move.then in _STATES]
    for move in _told_meanwhile(connection, codec, staying):
        move.due_at = 0.0
        done.surplus += 1
    if staying:
        connection.execute(
            _STAY,
            [
                {
                    "node_id": move.node.id,
                    "new_phase": move.phase.value,
                    "new_state": _STATES[move.then].value,
                    "new_resource_id": move.new_row.id if move.new_row else move.node.resource_id,
                    "new_attempt": move.node.attempt,
                    "new_tries": 0 if move.then in (Then.PARK, Then.PAUSE) else move.node.tries,
                    "new_due_at": move.due_at,
                    "new_waits_for": move.waits_for,
                }
                for move in staying
            ],
        )
    finished = [move for move in kept if move.then in (Then.DONE, Then.FAIL, Then.SKIP)]
    if finished:
        _finish(connection, finished, owner, capacity, done)
    return done


def _become(move: Move, other: Move) -> None:
    """Let another move be stored in the place of one."""
    move.then, move.changes, move.events, move.failure = other.then, other.changes, other.events, other.failure
    move.orphans, move.writes = other.orphans, other.writes


def _write(connection: sa.Connection, move: Move) -> None:
    """Store what a move brings besides its resource, all of it or nothing."""
    try:
        with connection.begin_nested():
            for write in move.writes:
                write(connection)
    except quotas.NoRoom as error:
        if move.refused is None:
            raise
        _become(move, move.refused(error))


def _told_meanwhile(connection: sa.Connection, codec: Codec, moves: Sequence[Move]) -> list[Move]:
    """Those of some moves that would wait for a signal which has come since they were decided.

    The rows are locked: a signal comes before this, and is seen here, or after it, and then finds the node waiting.
    """
    waiting = [move for move in moves if move.waits_for is not None]
    if not waiting:
        return []
    wanted = {move.waits_for for move in waiting if move.waits_for}
    present = resources.metadata_of(connection, codec, wanted)
    # Deployments have the ids of their resources.
    ended = software.ended(connection, wanted)
    return [move for move in waiting if present.get(move.waits_for or "") != move.heard or move.waits_for in ended]


def _give_back(connection: sa.Connection, node_ids: Sequence[int]) -> None:
    """Make claimed nodes anybody's again; whoever holds one finds it lost."""
    connection.execute(_GIVE_BACK, [{"node_id": one} for one in node_ids])


def give_back(connection: sa.Connection, owner: str, claims: Collection[tuple[int, int]]) -> None:
    """Let anybody take nodes that an engine holds by these claims (node id, token); their work is begun anew."""
    connection.execute(
        _n.update()
        .where(
            _n.c.id == sa.bindparam("node_id"),
            _n.c.token == sa.bindparam("node_token"),
            _n.c.owner == owner,
            _n.c.state == NodeState.CLAIMED,
        )
        .values(state=NodeState.READY.value, owner=None, token=_n.c.token + 1, due_at=0.0),
        [{"node_id": node_id, "node_token": token} for node_id, token in sorted(claims)],
    )


def hold_back(connection: sa.Connection, root_id: str) -> None:
    """Take the nodes that have not begun back from the engines that hold them: their tree was paused."""
    _HOLD_BACK.run(connection, {"root": root_id})


def is_superseded(connection: sa.Connection, node: Node) -> bool:
    """Whether a newer traversal of the stack of a node has begun."""
    present = connection.execute(_PRESENT_OF, {"stack": node.stack_id}).scalar()
    return present != node.traversal_id


def _is_awaited(node: Node) -> bool:
    """Whether a newer traversal waits for the end of this node."""
    return any(one >> NODE_BITS != node.traversal_id for one in node.dependents)


def _claims(connection: sa.Connection, node_ids: Sequence[int]) -> dict[int, Any]:
    found: dict[int, Any] = {}
    for start in range(0, len(node_ids), _IN_AT_ONCE):
        rows = connection.execute(_CLAIMS, {"ids": node_ids[start : start + _IN_AT_ONCE]})
        found |= {row.id: row for row in rows}
    return found


def _finish(connection: sa.Connection, finished: Sequence[Move], owner: str, capacity: int, done: Advanced) -> None:
    connection.execute(endings.DROP, [{"node_id": move.node.id} for move in finished])
    touched: set[str] = set()
    met: Counter[int] = Counter()  # {dependent: needs met}
    failures: dict[int, str] = {}
    for move in finished:
        touched.add(move.node.stack_id)
        # A newer traversal's node waits for the end of this one, however it ended.
        own = [one for one in move.node.dependents if one >> NODE_BITS == move.node.traversal_id]
        met.update(one for one in move.node.dependents if one >> NODE_BITS != move.node.traversal_id)
        if move.then is Then.SKIP:
            endings.note_failure(connection, move.node.traversal_id, move.failure or "failed")
            endings.leave_out(connection, own)
        elif move.then is Then.FAIL:
            failures.setdefault(move.node.traversal_id, move.failure or "failed")
        else:
            met.update(own)
    for traversal_id, failure in failures.items():
        met.update(endings.fail(connection, traversal_id, failure))
    going_on = _make_ready(connection, met, owner, capacity, done)
    if touched - going_on:
        done.ended = endings.ended(connection, touched - going_on)


def _make_ready(
    connection: sa.Connection, met: Mapping[int, int], owner: str, capacity: int, done: Advanced
) -> set[str]:
    """Count down the needs of nodes; those without any left are claimed or made ready. Returns their stacks."""
    if not met:
        return set()
    ids = sorted(met)
    connection.execute(_MEET, [{"node_id": one, "count": met[one]} for one in ids])
    ready: list[Any] = []
    for start in range(0, len(ids), _IN_AT_ONCE):
        ready += connection.execute(_MET, {"ids": ids[start : start + _IN_AT_ONCE], "owner": owner})
    _hand_out(connection, ready, owner, capacity, done)
    return {row.stack_id for row in ready}


def _hand_out(connection: sa.Connection, rows: Sequence[Any], owner: str, capacity: int, done: Advanced) -> None:
    """Claim what has become ready, as far as the engine can hold it; the rest, and what a pause holds, is for later."""
    free = [row for row in rows if not row.held]
    done.claimed += take(connection, free[:capacity], owner)
    surplus = free[capacity:]
    done.surplus += len(surplus)
    later = [*surplus, *(row for row in rows if row.held)]
    if later:
        connection.execute(_MAKE_READY, [{"node_id": row.id} for row in later])


def by_id(connection: sa.Connection, traversal_id: int) -> TraversalRow | None:
    """A traversal."""
    row = connection.execute(_BY_ID, {"traversal_id": traversal_id}).first()
    return endings.traversal(row) if row else None


def unpark(connection: sa.Connection, resource_id: str, owner: str, capacity: int, done: Advanced) -> None:
    """Wake the node that waits for the nested stack of a resource, which has ended.

    Nodes of a newer traversal that have not begun wait for it: they go on from what it tells of the resource.
    """
    rows = list(connection.execute(_NESTING, {"resource": resource_id, "owner": owner}))
    if not rows:
        done.unawaited.append(resource_id)
    for row in rows:
        _let_wait(connection, row)
    _hand_out(connection, rows, owner, max(0, capacity - len(done.claimed)), done)


def _let_wait(connection: sa.Connection, row: Any) -> None:
    """Let the nodes of newer traversals for the same resource that have not begun wait for the end of a node."""
    given = {"resource": row.resource_id, "older": row.traversal_id}
    if ids := list(connection.execute(_NEWER, given).scalars()):
        connection.execute(_WAIT_FOR_ONE_MORE, [{"node_id": one} for one in ids])
        behind = _to_json([*endings.from_json(row.dependents), *ids])
        connection.execute(_SET_DEPENDENTS, {"node_id": row.id, "behind": behind})


def resume(connection: sa.Connection, resource_id: str) -> None:
    """Let the node of a resource go on that stopped at a hook."""
    _RESUME.run(connection, {"resource": resource_id})


def signalled(connection: sa.Connection, resource_id: str) -> int:
    """End the pauses of nodes that wait for the signals of a resource; how many there were."""
    waiting = sa.and_(_n.c.waits_for == resource_id, _n.c.state == NodeState.READY)
    return connection.execute(_n.update().where(waiting).values(due_at=0.0)).rowcount


def at_hook(connection: sa.Connection, traversal_id: int, resource_id: str) -> bool:
    """Whether a node of a resource is parked before its work, or after it: it stopped at a hook."""
    query = sa.select(_n.c.id).where(
        _n.c.traversal_id == traversal_id,
        _n.c.resource_id == resource_id,
        _n.c.state == NodeState.PARKED,
        _n.c.phase == Phase.NONE,
    )
    return connection.execute(query).first() is not None


def _node(row: Any, token: int) -> Node:
    return Node(
        id=row.id,
        traversal_id=row.traversal_id,
        stack_id=row.stack_id,
        resource_id=row.resource_id,
        work=Work(row.work),
        phase=Phase(row.phase),
        dependents=endings.from_json(row.dependents),
        attempt=row.attempt,
        tries=row.tries,
        token=token,
    )


def _to_json(ids: Sequence[int]) -> str:
    return msgspec.json.encode(ids).decode()


def claim_of(connection: sa.Connection, traversal_id: int, owner: str, capacity: int, done: Advanced) -> None:
    """Take ready nodes of a traversal just begun, up to what the engine can hold; the rest is surplus."""
    room = max(0, capacity - len(done.claimed))
    rows = list(connection.execute(_READY_OF, {"traversal": traversal_id, "owner": owner, "most": room + 1}))
    done.claimed += take(connection, rows[:room], owner)
    done.surplus += len(rows) - room if len(rows) > room else 0
