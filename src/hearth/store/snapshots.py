"""Snapshots of stacks: taken by a traversal, removed by whichever engine claims them.

What a repeat does: `finish` and `supersede` change only what is still under way; `claim` takes what nobody alive holds,
and whoever is declared dead finds at `removed` or `failed` that another has it.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from hearth.model.states import Action, Status
from hearth.store import engines, tables
from hearth.store.codec import Codec, encode

_t = tables.snapshot
_BEING_REMOVED = sa.and_(_t.c.action == Action.DELETE, _t.c.status == Status.IN_PROGRESS)
_BEING_TAKEN = sa.and_(_t.c.action == Action.CREATE, _t.c.status == Status.IN_PROGRESS)
_OF_STACK = _t.c.stack_id == sa.bindparam("stack")
_ALL_OF_STACK = sa.select(_t).where(_OF_STACK).order_by(_t.c.created_at, _t.c.id)
_LEFT = sa.select(_t.c.id).where(_OF_STACK, _BEING_REMOVED).limit(1)
_BREAK_OFF = _t.update().where(_OF_STACK, _BEING_TAKEN).values(status=Status.FAILED, reason=sa.bindparam("why"))
_REMOVAL = {"action": Action.DELETE, "status": Status.IN_PROGRESS, "reason": None, "owner": None}
_REMOVE_ALL = _t.update().where(_OF_STACK, ~_BEING_REMOVED).values(_REMOVAL)


@dataclasses.dataclass(frozen=True, slots=True)
class Copied:
    """A resource of which a snapshot holds a copy in its service. `type`: the implementing type.

    `data`: private values that lead to the copy, where its name does not.
    """

    name: str
    type: str
    row_id: str
    physical_id: str
    data: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class SnapshotRow:
    """One snapshot as stored. `data`: the stack's document, None while there is none."""

    id: str
    stack_id: str
    name: str | None
    action: Action
    status: Status
    reason: str | None
    traversal_id: int
    members: Sequence[Copied]
    data: Any
    owner: str | None
    created_at: float


def insert(connection: sa.Connection, codec: Codec, row: SnapshotRow) -> None:
    """Store a new snapshot."""
    values = {name: getattr(row, name) for name in SnapshotRow.__dataclass_fields__}
    # A version of the program that knows no `data` yet may read it, so it stands there only if there is some.
    values["members"] = encode(
        [{key: one for key, one in dataclasses.asdict(copied).items() if one != {}} for copied in row.members]
    )
    values["data"] = codec.sealed(row.data)
    connection.execute(_t.insert().values(values))


def of_stack(connection: sa.Connection, codec: Codec, stack_id: str) -> list[SnapshotRow]:
    """The snapshots of a stack, oldest first."""
    return [_from_row(codec, row) for row in connection.execute(_ALL_OF_STACK, {"stack": stack_id})]


def by_id(connection: sa.Connection, codec: Codec, stack_id: str, snapshot_id: str) -> SnapshotRow | None:
    """A snapshot of a stack."""
    query = sa.select(_t).where(_t.c.stack_id == stack_id, _t.c.id == snapshot_id)
    row = connection.execute(query).first()
    return _from_row(codec, row) if row else None


def count(connection: sa.Connection, stack_id: str) -> int:
    """How many snapshots a stack has."""
    query = sa.select(sa.func.count()).select_from(_t).where(_t.c.stack_id == stack_id)
    return connection.execute(query).scalar_one()


def finish(
    connection: sa.Connection, codec: Codec, traversal_id: int, status: Status, reason: str, document: Any
) -> None:
    """The traversal that takes a snapshot has ended."""
    connection.execute(
        _t.update()
        .where(_t.c.traversal_id == traversal_id, _BEING_TAKEN)
        .values(status=status, reason=reason, data=codec.sealed(document))
    )


def supersede(connection: sa.Connection, stack_id: str, action: Action) -> None:
    """A new action begins: a snapshot still being taken fails, and a deletion removes all there are."""
    if action is Action.DELETE:
        connection.execute(_REMOVE_ALL, {"stack": stack_id})
    else:
        connection.execute(_BREAK_OFF, {"stack": stack_id, "why": f"Superseded by {action}"})


def begin_removal(connection: sa.Connection, snapshot_id: str) -> None:
    """Make the removal of a snapshot work for the engines."""
    connection.execute(_t.update().where(_t.c.id == snapshot_id, ~_BEING_REMOVED).values(_REMOVAL))


def is_left(connection: sa.Connection, stack_id: str) -> bool:
    """Whether snapshots of a stack are still being removed."""
    return connection.execute(_LEFT, {"stack": stack_id}).first() is not None


def is_in_flight(connection: sa.Connection, traversal_id: int) -> bool:
    """Whether steps of the run that took a snapshot are still at work, though a newer action may have begun."""
    query = sa.select(tables.node.c.id).where(tables.node.c.traversal_id == traversal_id)
    return connection.execute(query.limit(1)).first() is not None


_UNCLAIMED = sa.and_(_BEING_REMOVED, sa.or_(_t.c.owner.is_(None), _t.c.owner.not_in(engines.living())))
#: Removals that nobody alive works on.
WAITING = sa.select(_t.c.id).where(_UNCLAIMED)


def claim(connection: sa.Connection, codec: Codec, owner: str) -> list[SnapshotRow]:
    """Take the removals that nobody alive works on."""
    query = sa.select(_t).where(_UNCLAIMED)
    if connection.dialect.name != "sqlite":
        query = query.with_for_update(skip_locked=True)
    rows = [_from_row(codec, row) for row in connection.execute(query)]
    if rows:
        connection.execute(_t.update().where(_t.c.id.in_([row.id for row in rows])).values(owner=owner))
    return rows


def removed(connection: sa.Connection, snapshot_id: str, owner: str) -> None:
    """Drop a snapshot whose copies are gone."""
    connection.execute(_t.delete().where(_t.c.id == snapshot_id, _t.c.owner == owner))


def failed(connection: sa.Connection, snapshot_id: str, owner: str, reason: str) -> bool:
    """Note why a snapshot could not be removed; False when another engine has it."""
    mine = sa.and_(_t.c.id == snapshot_id, _t.c.owner == owner, _BEING_REMOVED)
    result = connection.execute(_t.update().where(mine).values(status=Status.FAILED, reason=reason, owner=None))
    return result.rowcount == 1


def forget(connection: sa.Connection, stack_id: str) -> None:
    """Drop the snapshots of a stack and leave their copies where they are: they are to be orphans."""
    connection.execute(_t.delete().where(_t.c.stack_id == stack_id))


def _from_row(codec: Codec, row: Any) -> SnapshotRow:
    return SnapshotRow(
        id=row.id,
        stack_id=row.stack_id,
        name=row.name,
        action=Action(row.action),
        status=Status(row.status),
        reason=row.reason,
        traversal_id=row.traversal_id,
        members=[Copied(**one) for one in codec.read(row.members)],
        data=codec.read(row.data),
        owner=row.owner,
        created_at=row.created_at,
    )
