"""Removes for good what nobody asks for any more: deleted stacks past their time, outdated definitions, dead engines.

Every function is one short unit of work that removes a limited number of rows and may be repeated, also by several
processes at once: what one has removed the other no longer finds. A stack's own row goes last, so a unit that a crash
kept from following is found again.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from hearth.store import documents, locks, plans, tables

_s = tables.stack
_d = tables.definition
_layered = tables.definition.alias()
_c = tables.credential
_r = tables.resource
_e = tables.event
_t = tables.traversal
_n = tables.node
_IN_AT_ONCE = 500


def deleted(connection: sa.Connection, before: float, project_id: str | None, limit: int) -> list[str]:
    """Ids of stacks that were deleted before a moment, the oldest first; `project_id` None: of all projects."""
    query = sa.select(_s.c.id).where(_s.c.deleted_at < before)
    if project_id is not None:
        query = query.where(_s.c.project_id == project_id)
    return list(connection.execute(query.order_by(_s.c.deleted_at).limit(limit)).scalars())


def remove_stack(connection: sa.Connection, stack_id: str, most: int) -> bool:
    """Remove a deleted stack with all that was kept of it, at most so many rows at a time; True once it is gone."""
    left = most
    for table, key, of_it in (
        (_e, _e.c.seq, _e.c.stack_id == stack_id),
        (_r, _r.c.id, _r.c.stack_id == stack_id),
        (_n, _n.c.id, _n.c.traversal_id.in_(sa.select(_t.c.id).where(_t.c.stack_id == stack_id))),
        (_t, _t.c.id, _t.c.stack_id == stack_id),
        (tables.snapshot, tables.snapshot.c.id, tables.snapshot.c.stack_id == stack_id),
        (tables.plan, tables.plan.c.id, tables.plan.c.stack_id == stack_id),
        (tables.drift_treatment, tables.drift_treatment.c.id, tables.drift_treatment.c.stack_id == stack_id),
    ):
        left -= _remove(connection, table, key, of_it, left)
        if left <= 0:
            return False
    definitions = list(connection.execute(sa.select(_d.c.id).where(_d.c.stack_id == stack_id).limit(left)).scalars())
    _remove_definitions(connection, definitions)
    if len(definitions) == left:
        return False
    connection.execute(tables.hold.delete().where(tables.hold.c.stack_id == stack_id))
    locks.forget(connection, stack_id)
    credential_id = connection.execute(sa.select(_s.c.credential_id).where(_s.c.id == stack_id)).scalar()
    connection.execute(_s.delete().where(_s.c.id == stack_id))
    if credential_id is not None:
        in_use = sa.exists().where(_s.c.credential_id == credential_id)
        connection.execute(_c.delete().where(_c.c.id == credential_id, ~in_use))
    return True


def _remove(
    connection: sa.Connection, table: sa.Table, key: sa.Column[Any], condition: sa.ColumnElement[bool], most: int
) -> int:
    keys = list(connection.execute(sa.select(key).where(condition).limit(most)).scalars())
    for start in range(0, len(keys), _IN_AT_ONCE):
        connection.execute(table.delete().where(key.in_(keys[start : start + _IN_AT_ONCE])))
    return len(keys)


def remove_outdated_definitions(connection: sa.Connection, before: float, after: str, most: int) -> str | None:
    """Remove definitions that live stacks have left behind, those older than a moment.

    Looks at `most` definitions after the id `after`, in the order of ids; the last id looked at, None at the end.
    """
    query = sa.select(_d.c.id).where(_d.c.id > after).order_by(_d.c.id).limit(most)
    looked_at = list(connection.execute(query).scalars())
    if not looked_at:
        return None
    for start in range(0, len(looked_at), _IN_AT_ONCE):
        some = looked_at[start : start + _IN_AT_ONCE]
        query = sa.select(_d.c.id).where(_d.c.id.in_(some), _d.c.created_at < before, ~_used())
        _remove_definitions(connection, list(connection.execute(query).scalars()))
    return str(looked_at[-1])


def _used() -> sa.ColumnElement[bool]:
    """Whether anything there is goes by a definition."""
    of_stack = sa.select(_s.c.id).where(_s.c.id == _d.c.stack_id)
    return sa.or_(
        of_stack.where(_s.c.deleted_at.is_not(None)).exists(),
        of_stack.where(sa.or_(_s.c.definition_id == _d.c.id, _s.c.previous_definition_id == _d.c.id)).exists(),
        sa.exists().where(_t.c.stack_id == _d.c.stack_id, _t.c.definition_id == _d.c.id),
        sa.exists().where(_r.c.stack_id == _d.c.stack_id, _r.c.definition_id == _d.c.id),
        sa.exists().where(tables.plan.c.definition_id == _d.c.id),
        sa.exists().where(_layered.c.base_id == _d.c.id),
        sa.exists().where(_layered.c.id == _d.c.owner_id),
    )


def remove_plans(connection: sa.Connection, now: float, most: int) -> int:
    """Remove plans past their time, with definitions that no stack came to have; how many plans there were."""
    found = plans.outdated(connection, now, most)
    for plan_id, definition_id in found:
        remove_plan(connection, plan_id, definition_id)
    return len(found)


def remove_plan(connection: sa.Connection, plan_id: str, definition_id: str) -> None:
    """Remove a plan, and its definition unless a stack has come to have it."""
    plans.delete(connection, plan_id)
    query = sa.select(_d.c.id).where(_d.c.id == definition_id, ~_used())
    _remove_definitions(connection, list(connection.execute(query).scalars()))


def _remove_definitions(connection: sa.Connection, ids: Sequence[str]) -> None:
    """Remove definitions, and the documents that no other one holds."""
    for start in range(0, len(ids), _IN_AT_ONCE):
        some = ids[start : start + _IN_AT_ONCE]
        query = sa.select(_d.c.template, _d.c.environment, _d.c.files).where(_d.c.id.in_(some))
        names = {name for row in connection.execute(query) for name in row}
        connection.execute(_d.delete().where(_d.c.id.in_(some)))
        documents.drop_unused(connection, names)


def remove_engines(connection: sa.Connection, before: float) -> int:
    """Remove the rows of engines that were seen last before a moment and whose work nobody has had to take over."""
    engine = tables.engine
    works = sa.exists().where(_n.c.owner == engine.c.id)
    return connection.execute(engine.delete().where(engine.c.updated_at < before, ~works)).rowcount
