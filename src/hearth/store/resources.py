"""Resource rows: read by stack, written in bulk."""

import functools
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from hearth.model.states import Action, Status
from hearth.store import databases, tables
from hearth.store.codec import Codec
from hearth.store.rows import ResourceRow, ResourceSummary

_t = tables.resource
_SEALED = ("data",)
_JSON = ("properties", "frozen", "metadata", "attributes", "observed", "drift")
_IN_AT_ONCE = 500  # values in one IN list: all databases take that many
_INSERT = _t.insert()
_BY_IDS = sa.select(_t).where(_t.c.id.in_(sa.bindparam("ids", expanding=True)))
_BY_STACK = sa.select(_t).where(_t.c.stack_id == sa.bindparam("stack_id")).order_by(_t.c.created_at, _t.c.name)
_IN_PROGRESS = sa.select(_t).where(_t.c.stack_id == sa.bindparam("stack_id"), _t.c.status == Status.IN_PROGRESS)
_BY_STACKS = (
    sa.select(_t).where(_t.c.stack_id.in_(sa.bindparam("ids", expanding=True))).order_by(_t.c.created_at, _t.c.name)
)
_BY_NAMES = (
    sa.select(_t)
    .where(_t.c.stack_id == sa.bindparam("stack_id"), _t.c.name.in_(sa.bindparam("names", expanding=True)))
    .order_by(_t.c.created_at, _t.c.id)
)
#: In the order of the record's fields.
_SUMMARIES = (
    sa.select(*(_t.c[name] for name in ResourceSummary.__dataclass_fields__))
    .where(_t.c.stack_id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(_t.c.created_at, _t.c.name)
)
_IDS_OF_STACK = sa.select(_t.c.id).where(_t.c.stack_id == sa.bindparam("stack_id"))
_OF_TREE = sa.select(tables.stack.c.id).where(tables.stack.c.root_id == sa.bindparam("root_id"))
_COUNT = sa.select(sa.func.count()).select_from(_t).where(_t.c.stack_id.in_(_OF_TREE))
_DELETE = _t.delete().where(_t.c.id == sa.bindparam("row_id"))
_DELETE_REMOVED = _t.delete().where(
    _t.c.stack_id == sa.bindparam("stack_id"), _t.c.action == Action.DELETE, _t.c.status == Status.COMPLETE
)


def insert(connection: sa.Connection, codec: Codec, rows: Iterable[ResourceRow], *, secret: bool = False) -> None:
    """Store new rows."""
    values = [to_columns(codec, _as_dict(row), secret=secret) for row in rows]
    if values:
        connection.execute(_INSERT, values)


def by_stack(connection: sa.Connection, codec: Codec, stack_id: str) -> list[ResourceRow]:
    """All rows of a stack, oldest first."""
    return [from_row(codec, row) for row in connection.execute(_BY_STACK, {"stack_id": stack_id})]


def in_progress(connection: sa.Connection, codec: Codec, stack_id: str) -> list[ResourceRow]:
    """The rows of a stack whose last action has not ended."""
    return [from_row(codec, row) for row in connection.execute(_IN_PROGRESS, {"stack_id": stack_id})]


def by_stacks(connection: sa.Connection, codec: Codec, stack_ids: Sequence[str]) -> list[ResourceRow]:
    """All rows of several stacks."""
    found: list[ResourceRow] = []
    for start in range(0, len(stack_ids), _IN_AT_ONCE):
        rows = connection.execute(_BY_STACKS, {"ids": stack_ids[start : start + _IN_AT_ONCE]})
        found += (from_row(codec, row) for row in rows)
    return found


def summaries(connection: sa.Connection, stack_ids: Sequence[str]) -> list[ResourceSummary]:
    """How all resources of several stacks stand, those of a stack oldest first."""
    found: list[ResourceSummary] = []
    for start in range(0, len(stack_ids), _IN_AT_ONCE):
        rows = connection.execute(_SUMMARIES, {"ids": stack_ids[start : start + _IN_AT_ONCE]}).all()
        found += map(_to_summary, rows)
    return found


def by_ids(connection: sa.Connection, codec: Codec, ids: Collection[str]) -> dict[str, ResourceRow]:
    """Rows by id; ids without a row are absent."""
    wanted = list(ids)
    found: dict[str, ResourceRow] = {}
    for start in range(0, len(wanted), _IN_AT_ONCE):
        rows = connection.execute(_BY_IDS, {"ids": wanted[start : start + _IN_AT_ONCE]})
        found |= {row.id: from_row(codec, row) for row in rows}
    return found


def by_names(connection: sa.Connection, codec: Codec, stack_id: str, names: Collection[str]) -> list[ResourceRow]:
    """Rows of some logical names in a stack, oldest first."""
    wanted = list(names)
    found: list[ResourceRow] = []
    for start in range(0, len(wanted), _IN_AT_ONCE):
        some = {"stack_id": stack_id, "names": wanted[start : start + _IN_AT_ONCE]}
        found += (from_row(codec, row) for row in connection.execute(_BY_NAMES, some))
    return found


def metadata_of(connection: sa.Connection, codec: Codec, ids: Collection[str]) -> dict[str, Any]:
    """The metadata of rows by id, locked until the transaction ends."""
    query = databases.by_id(sa.select(_t.c.id, _t.c.metadata).where(_t.c.id.in_(list(ids))), _t)
    return {row.id: codec.read(row.metadata) for row in connection.execute(query)}


def locked(connection: sa.Connection, codec: Codec, row_id: str) -> ResourceRow | None:
    """A row, locked until the transaction ends."""
    query = sa.select(_t).where(_t.c.id == row_id)
    if connection.dialect.name != "sqlite":
        query = query.with_for_update()
    row = connection.execute(query).first()
    return from_row(codec, row) if row is not None else None


def by_physical_id(connection: sa.Connection, codec: Codec, stack_id: str, physical_id: str) -> list[ResourceRow]:
    """Rows of a stack with a physical id, oldest first."""
    query = sa.select(_t).where(_t.c.physical_id == physical_id, _t.c.stack_id == stack_id)
    query = query.order_by(_t.c.created_at, _t.c.id)
    return [from_row(codec, row) for row in connection.execute(query)]


def having(connection: sa.Connection, codec: Codec, physical_ids: Collection[str]) -> list[ResourceRow]:
    """Rows of all stacks that have one of some physical ids, oldest first."""
    query = sa.select(_t).where(_t.c.physical_id.in_(list(physical_ids))).order_by(_t.c.created_at, _t.c.id)
    return [from_row(codec, row) for row in connection.execute(query)]


def stacks_with(connection: sa.Connection, physical_id: str) -> list[str]:
    """The ids of stacks that have a row with a physical id."""
    return list(connection.execute(sa.select(_t.c.stack_id).where(_t.c.physical_id == physical_id)).scalars())


def ids_of_stack(connection: sa.Connection, stack_id: str) -> set[str]:
    """Ids of all rows of a stack."""
    return set(connection.execute(_IDS_OF_STACK, {"stack_id": stack_id}).scalars())


def count(connection: sa.Connection, root_id: str) -> int:
    """Rows in the whole tree of a root stack."""
    return connection.execute(_COUNT, {"root_id": root_id}).scalar_one()


def any_reason(connection: sa.Connection, stack_id: str, beginning: str) -> bool:
    """Whether the reason of a resource of the stack begins so."""
    query = sa.select(_t.c.id).where(_t.c.stack_id == stack_id, _t.c.reason.startswith(beginning, autoescape=True))
    return connection.execute(query.limit(1)).first() is not None


def owned(connection: sa.Connection, physical_ids: Collection[str]) -> set[str]:
    """Those of some physical ids that already belong to a row."""
    wanted = list(physical_ids)
    query = sa.select(_t.c.physical_id).where(_t.c.physical_id.in_(wanted))
    return {one for one in connection.execute(query).scalars() if one}


def update(connection: sa.Connection, codec: Codec, changes: Iterable[tuple[str, Mapping[str, Any], bool]]) -> None:
    """Change rows: `(row id, {column: value}, whether its properties are secret)` each."""
    by_columns: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row_id, columns, secret in changes:
        values = to_columns(codec, columns, secret=secret)
        values["row_id"] = row_id
        by_columns.setdefault(tuple(columns), []).append(values)
    for names, rows in by_columns.items():
        connection.execute(_update_of(names), rows)


@functools.lru_cache(maxsize=256)
def _update_of(names: tuple[str, ...]) -> sa.Update:
    """The statement that changes these columns of a row."""
    return _t.update().where(_t.c.id == sa.bindparam("row_id")).values({name: sa.bindparam(name) for name in names})


def delete(connection: sa.Connection, ids: Collection[str]) -> None:
    """Drop rows."""
    if ids:
        connection.execute(_DELETE, [{"row_id": one} for one in ids])


def delete_removed(connection: sa.Connection, stack_id: str) -> None:
    """Drop the rows of a stack whose objects have been deleted."""
    connection.execute(_DELETE_REMOVED, {"stack_id": stack_id})


def to_columns(codec: Codec, values: Mapping[str, Any], *, secret: bool = False) -> dict[str, Any]:
    """Column values of a record's fields; properties are sealed if they hold secrets, private data always."""
    columns = dict(values)
    for name in _JSON:
        if name in columns:
            columns[name] = codec.sealed(columns[name]) if secret else codec.plain(columns[name])
    for name in _SEALED:
        if name in columns:
            columns[name] = codec.sealed(columns[name])
    if "requires" in columns:
        columns["requires"] = msgspec.json.encode(columns["requires"]).decode()
    return columns


def from_row(codec: Codec, row: Any) -> ResourceRow:
    """A record of a database row."""
    return ResourceRow(
        id=row.id,
        stack_id=row.stack_id,
        name=row.name,
        type=row.type,
        action=Action(row.action),
        status=Status(row.status),
        reason=row.reason,
        physical_id=row.physical_id,
        definition_id=row.definition_id,
        requires=msgspec.json.decode(row.requires) if row.requires != "[]" else [],
        deletion_policy=row.deletion_policy,
        properties=codec.read(row.properties),
        frozen=codec.read(row.frozen),
        metadata=codec.read(row.metadata),
        data=codec.read(row.data) or {},
        attributes=codec.read(row.attributes) or {},
        observed=codec.read(row.observed),
        replaces=row.replaces,
        replaced_by=row.replaced_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
        drift=codec.read(row.drift),
        made_as=row.made_as,
    )


def _to_summary(row: Any) -> ResourceSummary:
    summary = ResourceSummary(*row)
    summary.action, summary.status = Action(summary.action), Status(summary.status)
    summary.requires = msgspec.json.decode(row.requires) if row.requires != "[]" else []
    return summary


_FIELDS = tuple(ResourceRow.__dataclass_fields__)


def _as_dict(row: ResourceRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _FIELDS}
