"""Orphans: objects that Hearth made and then let go. Kept until somebody forgets or deletes them.

They belong to a project, not to a stack, and outlive the stack's records.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from hearth.model.states import Action, Status
from hearth.store import stacks, tables
from hearth.store.codec import Codec
from hearth.store.rows import OrphanRow

_t = tables.orphan
_r = tables.resource
_FIELDS = tuple(OrphanRow.__dataclass_fields__)
#: An object that a resource has again, because it was adopted, is an orphan no more.
_ADOPTED = sa.exists().where(
    _r.c.physical_id == _t.c.physical_id, sa.not_(sa.and_(_r.c.action == Action.DELETE, _r.c.status == Status.COMPLETE))
)


def insert(connection: sa.Connection, codec: Codec, rows: Sequence[OrphanRow]) -> None:
    """Note objects that are let go; where they come from is looked up: root stack, and the path of names below it."""
    if not rows:
        return
    origins = {stack_id: stacks.origin(connection, stack_id) for stack_id in {row.stack_id for row in rows}}
    values = []
    for row in rows:
        root, names = origins[row.stack_id]
        columns: dict[str, Any] = {name: getattr(row, name) for name in _FIELDS}
        columns["secret"] = codec.sealed(row.secret)
        columns["path"] = "/".join([*names, row.path])
        if root is not None:
            columns |= {"stack_id": root.id, "stack_name": root.name, "project_id": root.project_id}
        values.append(columns)
    connection.execute(_t.insert(), values)


def listed(connection: sa.Connection, codec: Codec, project_id: str | None) -> list[OrphanRow]:
    """The orphans of a project, the newest first; `project_id` None: of all projects."""
    query = sa.select(_t).where(~_ADOPTED)
    if project_id is not None:
        query = query.where(_t.c.project_id == project_id)
    return [_from_row(codec, row) for row in connection.execute(query.order_by(_t.c.at.desc(), _t.c.id))]


def by_id(connection: sa.Connection, codec: Codec, orphan_id: str) -> OrphanRow | None:
    """An orphan."""
    row = connection.execute(sa.select(_t).where(_t.c.id == orphan_id, ~_ADOPTED)).first()
    return _from_row(codec, row) if row else None


def forget(connection: sa.Connection, orphan_id: str) -> None:
    """Drop the record of an orphan; a repeat changes nothing."""
    connection.execute(_t.delete().where(_t.c.id == orphan_id))


def taken_up(connection: sa.Connection, project_id: str, physical_id: str, type_name: str) -> None:
    """Drop what is recorded of an object that a stack has adopted."""
    same = _t.c.project_id == project_id, _t.c.physical_id == physical_id, _t.c.type == type_name
    connection.execute(_t.delete().where(*same))


def _from_row(codec: Codec, row: Any) -> OrphanRow:
    values = {name: getattr(row, name) for name in _FIELDS}
    values["secret"] = codec.read(row.secret) or {}
    return OrphanRow(**values)
