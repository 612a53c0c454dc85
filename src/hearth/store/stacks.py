"""Stack rows, their definitions and credentials."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import exc

from hearth.model.errors import StackExists
from hearth.model.states import Action, Status
from hearth.store import tables
from hearth.store.codec import Codec
from hearth.store.rows import DefinitionRow, StackRow

_t = tables.stack
_d = tables.definition
_c = tables.credential
_BY_ID = sa.select(_t).where(_t.c.id == sa.bindparam("stack_id"))

#: What a list may be filtered by: `{name in a query: column}`.
FILTERS = {
    "id": _t.c.id,
    "name": _t.c.name,
    "stack_name": _t.c.name,
    "action": _t.c.action,
    "stack_action": _t.c.action,
    "stack_status_reason": _t.c.reason,
    "tenant": _t.c.project_id,
    "username": _t.c.username,
    "stack_owner": _t.c.username,
    "owner_id": _t.c.owner_id,
    "parent": _t.c.owner_id,
    "disable_rollback": _t.c.disable_rollback,
    "timeout_mins": _t.c.timeout_mins,
    "stack_user_project_id": _t.c.stack_user_project_id,
}
SORT_KEYS = {
    "stack_name": _t.c.name,
    "stack_status": _t.c.status,
    "creation_time": _t.c.created_at,
    "updated_time": _t.c.updated_at,
}


def insert(connection: sa.Connection, row: StackRow) -> None:
    """Store a new stack.

    Raises:
        StackExists: the project has a live stack of that name.
    """
    values = {name: getattr(row, name) for name in StackRow.__dataclass_fields__}
    values["tags"] = msgspec.json.encode(row.tags).decode() if row.tags else None
    values["live_name"] = row.name
    try:
        connection.execute(_t.insert().values(values))
    except exc.IntegrityError:
        raise StackExists(row.name) from None


def by_id(connection: sa.Connection, stack_id: str) -> StackRow | None:
    """A stack, deleted ones included."""
    row = connection.execute(_BY_ID, {"stack_id": stack_id}).first()
    return from_row(row) if row else None


def by_name(connection: sa.Connection, project_id: str | None, name: str) -> StackRow | None:
    """The live stack of that name; `project_id` None looks in all projects."""
    query = sa.select(_t).where(_t.c.live_name == name)
    if project_id is not None:
        query = query.where(_t.c.project_id == project_id)
    row = connection.execute(query).first()
    return from_row(row) if row else None


def tree(connection: sa.Connection, root_id: str, *, live: bool = True) -> list[StackRow]:
    """All stacks of a tree, the root first."""
    query = sa.select(_t).where(_t.c.root_id == root_id)
    if live:
        query = query.where(_t.c.live_name.is_not(None))
    return [from_row(row) for row in connection.execute(query.order_by(_t.c.depth, _t.c.created_at))]


def child_of(connection: sa.Connection, owner_resource_id: str) -> StackRow | None:
    """The live nested stack that a resource row owns."""
    query = sa.select(_t).where(_t.c.owner_resource_id == owner_resource_id, _t.c.live_name.is_not(None))
    row = connection.execute(query).first()
    return from_row(row) if row else None


def locked(connection: sa.Connection, stack_id: str) -> StackRow | None:
    """A stack, locked until the transaction ends."""
    query = sa.select(_t).where(_t.c.id == stack_id)
    if connection.dialect.name != "sqlite":
        query = query.with_for_update()
    row = connection.execute(query).first()
    return from_row(row) if row else None


def running_in_tree(connection: sa.Connection, root_id: str) -> list[StackRow]:
    """The live stacks of a tree whose action has not ended."""
    return [one for one in tree(connection, root_id) if one.status is Status.IN_PROGRESS]


def origin(connection: sa.Connection, stack_id: str) -> tuple[StackRow | None, list[str]]:
    """The root of a stack, and the names of the resources that lead down to it."""
    names: list[str] = []
    stack = by_id(connection, stack_id)
    while stack is not None and stack.owner_id is not None:
        names.insert(0, stack.owner_resource_name or "")
        stack = by_id(connection, stack.owner_id)
    return stack, names


def children(connection: sa.Connection, stack_id: str) -> list[StackRow]:
    """The live stacks nested directly in a stack."""
    query = sa.select(_t).where(_t.c.owner_id == stack_id, _t.c.live_name.is_not(None))
    return [from_row(row) for row in connection.execute(query)]


@dataclasses.dataclass(frozen=True, slots=True)
class Selection:
    """Which stacks a list shows. `project_id` None: all projects. Tags are sets of names."""

    project_id: str | None
    show_deleted: bool = False
    show_nested: bool = False
    filters: Mapping[str, Sequence[Any]] = dataclasses.field(default_factory=dict)
    states: Sequence[tuple[str, str]] = ()
    tags: frozenset[str] = frozenset()
    tags_any: frozenset[str] = frozenset()
    not_tags: frozenset[str] = frozenset()
    not_tags_any: frozenset[str] = frozenset()
    hidden_tags: frozenset[str] = frozenset()


def listed(
    connection: sa.Connection,
    selection: Selection,
    *,
    sort_keys: Sequence[str] = (),
    descending: bool = True,
    limit: int | None = None,
    marker: str | None = None,
) -> list[StackRow]:
    """Stacks of a selection in order; `marker` is the id of the last stack already seen."""
    query = _selected(sa.select(_t), selection)
    columns = [SORT_KEYS[key] for key in sort_keys if key in SORT_KEYS] or [_t.c.created_at]
    query = query.order_by(*(column.desc() if descending else column for column in [*columns, _t.c.id]))
    tagged = _tag_filter(selection)
    if tagged is None and marker is None and limit is not None:
        query = query.limit(limit)
    rows = [from_row(row) for row in connection.execute(query)]
    if tagged is not None:
        rows = [row for row in rows if tagged(frozenset(row.tags))]
    if marker is not None:
        ids = [row.id for row in rows]
        rows = rows[ids.index(marker) + 1 :] if marker in ids else []
    return rows if limit is None else rows[:limit]


def count(connection: sa.Connection, selection: Selection) -> int:
    """How many stacks a selection has."""
    if _tag_filter(selection) is not None:
        return len(listed(connection, selection))
    found: int = connection.execute(_selected(sa.select(sa.func.count()).select_from(_t), selection)).scalar_one()
    return found


def _selected(query: Any, selection: Selection) -> Any:
    if selection.project_id is not None:
        query = query.where(_t.c.project_id == selection.project_id)
    if not selection.show_deleted:
        query = query.where(_t.c.live_name.is_not(None))
    if not selection.show_nested:
        query = query.where(_t.c.owner_id.is_(None))
    for name, values in selection.filters.items():
        query = query.where(FILTERS[name].in_(list(values)))
    if selection.states:
        states = [sa.and_(_t.c.action == action, _t.c.status == status) for action, status in selection.states]
        query = query.where(sa.or_(*states))
    return query


def _tag_filter(selection: Selection) -> Any:
    """A test of a stack's tags, or None when tags do not matter."""
    s = selection
    if not (s.tags or s.tags_any or s.not_tags or s.not_tags_any or s.hidden_tags):
        return None

    def wanted(tags: frozenset[str]) -> bool:
        return (
            s.tags <= tags
            and (not s.tags_any or bool(s.tags_any & tags))
            and not (s.not_tags and s.not_tags <= tags)
            and not (s.not_tags_any & tags)
            and not (s.hidden_tags & tags)
        )

    return wanted


def update(connection: sa.Connection, stack_id: str, **columns: Any) -> None:
    """Change columns of a stack."""
    if "tags" in columns:
        columns["tags"] = msgspec.json.encode(columns["tags"]).decode() if columns["tags"] else None
    connection.execute(_t.update().where(_t.c.id == stack_id).values(columns))


def mark_deleted(connection: sa.Connection, stack_id: str, at: float) -> None:
    """Set the deletion time and free the name."""
    connection.execute(_t.update().where(_t.c.id == stack_id).values(deleted_at=at, live_name=None))


def in_progress(connection: sa.Connection) -> list[StackRow]:
    """Every live stack whose action has not ended."""
    query = sa.select(_t).where(_t.c.status == Status.IN_PROGRESS, _t.c.live_name.is_not(None))
    return [from_row(row) for row in connection.execute(query)]


def insert_definition(connection: sa.Connection, row: DefinitionRow, at: float) -> None:
    """Store what a stack is wanted to be."""
    connection.execute(
        _d.insert().values(
            id=row.id,
            stack_id=row.stack_id,
            template=row.template_id,
            environment=row.environment_id,
            files=row.files_id,
            created_at=at,
            base_id=row.base_id,
            left_out=msgspec.json.encode(row.left_out) if row.left_out else None,
        )
    )


def definition(connection: sa.Connection, definition_id: str) -> DefinitionRow:
    """A stored definition. Raises KeyError when there is none."""
    row = connection.execute(sa.select(_d).where(_d.c.id == definition_id)).first()
    if row is None:
        raise KeyError(definition_id)
    left_out = tuple(msgspec.json.decode(row.left_out)) if row.left_out else ()
    return DefinitionRow(row.id, row.stack_id, row.template, row.environment, row.files, row.base_id, left_out)


def insert_credential(connection: sa.Connection, codec: Codec, credential_id: str, secret: Any, at: float) -> None:
    """Store how to act for an owner, encrypted."""
    connection.execute(_c.insert().values(id=credential_id, secret=codec.sealed(secret), created_at=at))


def credential(connection: sa.Connection, codec: Codec, credential_id: str) -> Any:
    """A stored credential, None when it is gone."""
    return codec.read(connection.execute(sa.select(_c.c.secret).where(_c.c.id == credential_id)).scalar())


def delete_credential(connection: sa.Connection, credential_id: str) -> None:
    """Forget a credential."""
    connection.execute(_c.delete().where(_c.c.id == credential_id))


def from_row(row: Any) -> StackRow:
    """A record of a database row."""
    values = {name: getattr(row, name) for name in StackRow.__dataclass_fields__}
    values["tags"] = msgspec.json.decode(row.tags) if row.tags else []
    values["action"] = Action(row.action)
    values["status"] = Status(row.status)
    return StackRow(**values)
