"""What looks at resources saw, and what users decided about it.

What a repeat does: `note` stores nothing over a row that has changed since it was read; `decide` leaves one decision
for each property, the last one.
"""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from hearth.model.drift import Sighting, Treated, Treatment
from hearth.store import codec as codecs
from hearth.store import tables
from hearth.store.codec import Codec
from hearth.store.rows import ResourceRow

_r = tables.resource
_t = tables.drift_treatment
_IN_AT_ONCE = 500
_OF_STACKS = sa.select(_t).where(_t.c.stack_id.in_(sa.bindparam("ids", expanding=True)))
_DECIDED = sa.select(_t.c.id, _t.c.name, _t.c.treatment).where(_t.c.stack_id == sa.bindparam("stack"))
_FORGET = _t.delete().where(_t.c.stack_id == sa.bindparam("stack"))
_TO_REVERT = (
    sa.select(_t.c.stack_id, _t.c.name)
    .join(tables.stack, tables.stack.c.id == _t.c.stack_id)
    .where(_t.c.treatment == Treatment.REVERT, tables.stack.c.root_id == sa.bindparam("root_id"))
)


def note(
    connection: sa.Connection, codec: Codec, seen: Iterable[tuple[ResourceRow, Sighting]], *, secret: bool
) -> None:
    """Store sightings with the rows that they are of; one whose row has changed meanwhile is old, and left out."""
    seal = codec.sealed if secret else codec.plain
    values = [
        {"row_id": row.id, "seen_at": row.updated_at, "sighting": seal(sighting.to_row())} for row, sighting in seen
    ]
    if values:
        unchanged = sa.and_(_r.c.id == sa.bindparam("row_id"), _r.c.updated_at == sa.bindparam("seen_at"))
        connection.execute(_r.update().where(unchanged).values(drift=sa.bindparam("sighting")), values)


def treatments(
    connection: sa.Connection, codec: Codec, stack_ids: Sequence[str]
) -> dict[str, dict[str, dict[str, Treated]]]:
    """The decisions about resources of stacks: `{stack id: {resource name: {property: decision}}}`."""
    found: dict[str, dict[str, dict[str, Treated]]] = {}
    for start in range(0, len(stack_ids), _IN_AT_ONCE):
        for row in connection.execute(_OF_STACKS, {"ids": list(stack_ids[start : start + _IN_AT_ONCE])}):
            before, value = codec.read(row.body) or ((), None)
            treated = Treated(row.name, row.property, Treatment(row.treatment), tuple(before), value)
            found.setdefault(row.stack_id, {}).setdefault(row.name, {})[row.property] = treated
    return found


def to_revert(connection: sa.Connection, root_id: str) -> dict[str, set[str]]:
    """What the next update of a tree of stacks has to put right: `{stack id: resource names}`."""
    found: dict[str, set[str]] = {}
    for row in connection.execute(_TO_REVERT, {"root_id": root_id}):
        found.setdefault(row.stack_id, set()).add(row.name)
    return found


def decide(connection: sa.Connection, codec: Codec, stack_id: str, decided: Iterable[Treated], now: float) -> None:
    """Store decisions in the place of those there were about the same properties."""
    for one in decided:
        undo(connection, stack_id, one.name, one.property)
        body = [list(one.before), one.value] if one.treatment is Treatment.ACCEPT else None
        connection.execute(
            _t.insert().values(
                id=_id(stack_id, one.name, one.property),
                stack_id=stack_id,
                name=one.name,
                property=one.property,
                treatment=one.treatment,
                body=codec.sealed(body),
                created_at=now,
            )
        )


def undo(connection: sa.Connection, stack_id: str, name: str, property_name: str) -> None:
    """Take the decision about a property back."""
    connection.execute(_t.delete().where(_t.c.id == _id(stack_id, name, property_name)))


def _id(stack_id: str, name: str, property_name: str) -> str:
    """One decision for each property: names are compared as they are spelled, which not every database would do."""
    return codecs.digest("/".join((stack_id, name, property_name)).encode())


def forget_done(connection: sa.Connection, stack_id: str) -> None:
    """Drop what an update has carried out, and what is about resources that are not there any more."""
    decided = list(connection.execute(_DECIDED, {"stack": stack_id}))
    if not decided:
        return
    names = set(connection.execute(sa.select(_r.c.name).where(_r.c.stack_id == stack_id)).scalars())
    done = [row.id for row in decided if row.treatment == Treatment.REVERT or row.name not in names]
    if done:
        connection.execute(_t.delete().where(_t.c.id.in_(done)))


def forget(connection: sa.Connection, stack_id: str) -> None:
    """Drop all decisions about a stack's resources."""
    connection.execute(_FORGET, {"stack": stack_id})
