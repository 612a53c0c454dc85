"""Kept plans: stored, listed, taken to be applied, forgotten.

What a repeat does: `take` lets one caller apply a plan, once; whoever comes later is told when that was.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from hearth.model.states import Status
from hearth.store import tables
from hearth.store.codec import Codec

_t = tables.plan
_v = tables.traversal
_s = tables.stack


@dataclasses.dataclass(frozen=True, slots=True)
class PlanRow:
    """One kept plan. `definition_id` is empty for a deletion. Times are seconds since the epoch."""

    id: str
    project_id: str
    user_id: str | None
    username: str | None
    stack_id: str
    stack_name: str
    action: str
    definition_id: str
    digest: str
    created_at: float
    expires_at: float
    applied_at: float | None = None


_COLUMNS = [_t.c[name] for name in PlanRow.__dataclass_fields__]


def insert(connection: sa.Connection, codec: Codec, row: PlanRow, document: Any, basis: Any) -> None:
    """Keep a plan: what it shows, and what it is carried out by."""
    values = {name: getattr(row, name) for name in PlanRow.__dataclass_fields__}
    values |= {"document": codec.sealed(document), "basis": codec.sealed(basis)}
    connection.execute(_t.insert().values(values))


def by_id(connection: sa.Connection, plan_id: str) -> PlanRow | None:
    """A kept plan, without what is in it."""
    row = connection.execute(sa.select(*_COLUMNS).where(_t.c.id == plan_id)).first()
    return PlanRow(*row) if row is not None else None


def document(connection: sa.Connection, codec: Codec, plan_id: str) -> Any:
    """What a plan shows, None when it is gone."""
    return codec.read(connection.execute(sa.select(_t.c.document).where(_t.c.id == plan_id)).scalar())


def basis(connection: sa.Connection, codec: Codec, plan_id: str) -> Any:
    """What a plan is carried out by, None when it is gone."""
    return codec.read(connection.execute(sa.select(_t.c.basis).where(_t.c.id == plan_id)).scalar())


def listed(connection: sa.Connection, project_id: str, now: float, stack: str | None = None) -> list[PlanRow]:
    """The plans of a project, or those of one stack, newest first; those past their time are left out."""
    query = sa.select(*_COLUMNS).where(_t.c.project_id == project_id, _t.c.expires_at > now)
    if stack is not None:
        query = query.where(sa.or_(_t.c.stack_id == stack, _t.c.stack_name == stack))
    return [PlanRow(*row) for row in connection.execute(query.order_by(_t.c.created_at.desc(), _t.c.id))]


def count(connection: sa.Connection, project_id: str, now: float) -> int:
    """How many plans of a project wait to be applied."""
    waiting = sa.and_(_t.c.project_id == project_id, _t.c.applied_at.is_(None), _t.c.expires_at > now)
    return connection.execute(sa.select(sa.func.count()).select_from(_t).where(waiting)).scalar_one()


def is_carried_out(connection: sa.Connection, plan_id: str) -> bool:
    """Whether a running action goes by a plan."""
    query = sa.select(_v.c.id).join(_s, _s.c.traversal_id == _v.c.id)
    query = query.where(_v.c.plan_id == plan_id, _s.c.status == Status.IN_PROGRESS)
    return connection.execute(query.limit(1)).first() is not None


def take(connection: sa.Connection, plan_id: str, now: float) -> bool:
    """Take a plan to apply it; False when somebody has done so, or it is gone."""
    free = sa.and_(_t.c.id == plan_id, _t.c.applied_at.is_(None))
    return connection.execute(_t.update().where(free).values(applied_at=now)).rowcount > 0


def delete(connection: sa.Connection, plan_id: str) -> None:
    """Forget a plan."""
    connection.execute(_t.delete().where(_t.c.id == plan_id))


def outdated(connection: sa.Connection, now: float, most: int) -> Sequence[tuple[str, str]]:
    """`(id, definition id)` of plans past their time that no action goes by, or would if it went on after a failure."""
    present = sa.and_(_s.c.traversal_id == _v.c.id, _s.c.status != Status.COMPLETE)
    carried = sa.exists().where(_v.c.plan_id == _t.c.id, present)
    query = sa.select(_t.c.id, _t.c.definition_id).where(_t.c.expires_at < now, ~carried).limit(most)
    return [(row.id, row.definition_id) for row in connection.execute(query)]
