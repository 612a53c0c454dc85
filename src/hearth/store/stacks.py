"""Stack rows, their definitions and credentials."""

import dataclasses
import functools
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import exc

from hearth.model.errors import StackExists
from hearth.model.states import Action, Status
from hearth.store import lent_tokens, tables
from hearth.store.codec import Codec
from hearth.store.rows import DefinitionRow, StackRow

_t = tables.stack
_d = tables.definition
_c = tables.credential
#: All of a stack, in the order of the record's fields.
_ALL = sa.select(*(_t.c[name] for name in StackRow.__dataclass_fields__))
_INSERT = _t.insert()
_INSERT_DEFINITION = _d.insert()
_INSERT_CREDENTIAL = _c.insert()
_BY_ID = _ALL.where(_t.c.id == sa.bindparam("stack_id"))
_TREE = _ALL.where(_t.c.root_id == sa.bindparam("root_id"), _t.c.depth <= sa.bindparam("depth")).order_by(
    _t.c.depth, _t.c.created_at, _t.c.id
)
_LIVE_TREE = _TREE.where(_t.c.live_name.is_not(None))
_ANY_DEPTH = 1 << 30
_BY_NAME = _ALL.where(_t.c.live_name == sa.bindparam("stack_name"))
_BY_NAME_IN_PROJECT = _BY_NAME.where(_t.c.project_id == sa.bindparam("project"))
_CHILD_OF = _ALL.where(_t.c.owner_resource_id == sa.bindparam("owner_resource"), _t.c.live_name.is_not(None))
_CHILDREN = _ALL.where(_t.c.owner_id == sa.bindparam("owner"), _t.c.live_name.is_not(None)).order_by(
    _t.c.created_at, _t.c.id
)
_COUNT_ROOTS = (
    sa.select(sa.func.count())
    .select_from(_t)
    .where(_t.c.project_id == sa.bindparam("project"), _t.c.live_name.is_not(None), _t.c.owner_id.is_(None))
)
_LOCKED = _BY_ID.with_for_update()
_MARK_DELETED = (
    _t.update().where(_t.c.id == sa.bindparam("stack_id")).values(deleted_at=sa.bindparam("at"), live_name=None)
)
_DEFINITION = sa.select(_d).where(_d.c.id == sa.bindparam("definition_id"))
_CREDENTIAL = sa.select(_c.c.secret).where(_c.c.id == sa.bindparam("credential_id"))
_CHANGE_CREDENTIAL = _c.update().where(_c.c.id == sa.bindparam("credential_id")).values(secret=sa.bindparam("sealed"))
_DELETE_CREDENTIAL = _c.delete().where(_c.c.id == sa.bindparam("credential"))
_HAND_OVER = (
    _t.update().where(_t.c.credential_id == sa.bindparam("former")).values(credential_id=sa.bindparam("credential"))
)
_USED = sa.exists().where(_t.c.credential_id == _c.c.id, _t.c.live_name.is_not(None))
_UNUSED = sa.select(_c.c.id).where(_c.c.created_at < sa.bindparam("before"), ~_USED)
_IN_AT_ONCE = 500  # values in one IN list: all databases take that many
_member = _t.alias("member")
_ROOTS = sa.select(_member.c.root_id).where(_member.c.id.in_(sa.bindparam("ids", expanding=True)))
_LOCK_TREES = sa.select(_t.c.id).where(_t.c.id.in_(_ROOTS)).order_by(_t.c.id).with_for_update()

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
        connection.execute(_INSERT, values)
    except exc.IntegrityError:
        raise StackExists(row.name) from None


def by_id(connection: sa.Connection, stack_id: str) -> StackRow | None:
    """A stack, deleted ones included."""
    row = connection.execute(_BY_ID, {"stack_id": stack_id}).first()
    return from_row(row) if row else None


def by_name(connection: sa.Connection, project_id: str | None, name: str) -> StackRow | None:
    """The live stack of that name; `project_id` None looks in all projects."""
    if project_id is None:
        row = connection.execute(_BY_NAME, {"stack_name": name}).first()
    else:
        row = connection.execute(_BY_NAME_IN_PROJECT, {"stack_name": name, "project": project_id}).first()
    return from_row(row) if row else None


def by_name_for_users(connection: sa.Connection, user_project_id: str, name: str) -> StackRow | None:
    """The live stack of that name whose users have that project."""
    query = _ALL.where(_t.c.live_name == name, _t.c.stack_user_project_id == user_project_id)
    row = connection.execute(query).first()
    return from_row(row) if row else None


def has_users_in(connection: sa.Connection, project_id: str, user_project_id: str) -> bool:
    """Whether the users of one of a project's live stacks have that project of their own."""
    query = sa.select(_t.c.id).where(
        _t.c.project_id == project_id, _t.c.stack_user_project_id == user_project_id, _t.c.live_name.is_not(None)
    )
    return connection.execute(query.limit(1)).first() is not None


def tree(connection: sa.Connection, root_id: str, *, live: bool = True, depth: int | None = None) -> list[StackRow]:
    """All stacks of a tree, the root first. `depth`: only those that are no deeper in it."""
    wanted = {"root_id": root_id, "depth": _ANY_DEPTH if depth is None else depth}
    return [from_row(row) for row in connection.execute(_LIVE_TREE if live else _TREE, wanted).all()]


def child_of(connection: sa.Connection, owner_resource_id: str) -> StackRow | None:
    """The live nested stack that a resource row owns."""
    row = connection.execute(_CHILD_OF, {"owner_resource": owner_resource_id}).first()
    return from_row(row) if row else None


def locked(connection: sa.Connection, stack_id: str) -> StackRow | None:
    """A stack, locked until the transaction ends."""
    row = connection.execute(_LOCKED, {"stack_id": stack_id}).first()
    return from_row(row) if row else None


def lock_trees(connection: sa.Connection, stack_ids: Collection[str]) -> None:
    """Lock the root stacks of some stacks, always in the same order so that nobody waits in a circle."""
    wanted = sorted(stack_ids)
    for start in range(0, len(wanted), _IN_AT_ONCE):
        connection.execute(_LOCK_TREES, {"ids": wanted[start : start + _IN_AT_ONCE]})


def running_in_tree(connection: sa.Connection, root_id: str) -> list[StackRow]:
    """The live stacks of a tree whose action has not ended."""
    return [one for one in tree(connection, root_id) if one.status is Status.IN_PROGRESS]


def origin(connection: sa.Connection, stack_id: str) -> tuple[StackRow | None, list[str]]:
    """The root of a stack, and the names of the resources that lead down to it."""
    above = line(connection, stack_id)
    root = above[0] if above and above[0].owner_id is None else None
    return root, [one.owner_resource_name or "" for one in above if one.owner_id is not None]


def line(connection: sa.Connection, stack_id: str) -> list[StackRow]:
    """A stack and those it is nested in, as far up as they are still there; the uppermost first."""
    found: list[StackRow] = []
    wanted: str | None = stack_id
    while wanted is not None and (stack := by_id(connection, wanted)) is not None:
        found.insert(0, stack)
        wanted = stack.owner_id
    return found


def children(connection: sa.Connection, stack_id: str) -> list[StackRow]:
    """The live stacks nested directly in a stack, oldest first."""
    return [from_row(row) for row in connection.execute(_CHILDREN, {"owner": stack_id})]


@dataclasses.dataclass(frozen=True, slots=True)
class Selection:
    """Which stacks a list shows. `project_id` None: all projects. Tags are sets of names.

    `states` are pairs of action and status; None: any action.
    """

    project_id: str | None
    show_deleted: bool = False
    show_nested: bool = False
    filters: Mapping[str, Sequence[Any]] = dataclasses.field(default_factory=dict)
    states: Sequence[tuple[str | None, str]] = ()
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
    query = _selected(_ALL, selection)
    columns = [SORT_KEYS[key] for key in sort_keys if key in SORT_KEYS] or [_t.c.created_at]
    query = query.order_by(*(column.desc() if descending else column for column in [*columns, _t.c.id]))
    tagged = _tag_filter(selection)
    if tagged is None and marker is None and limit is not None:
        query = query.limit(limit)
    rows = [from_row(row) for row in connection.execute(query).all()]
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


def count_roots(connection: sa.Connection, project_id: str) -> int:
    """How many live root stacks a project has."""
    return connection.execute(_COUNT_ROOTS, {"project": project_id}).scalar_one()


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
        query = query.where(sa.or_(*(_in_state(action, status) for action, status in selection.states)))
    return query


def _in_state(action: str | None, status: str) -> sa.ColumnElement[bool]:
    found = _t.c.status == status
    return found if action is None else sa.and_(found, _t.c.action == action)


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
    connection.execute(_update_of(tuple(columns)), {**columns, "row_id": stack_id})


@functools.lru_cache(maxsize=64)
def _update_of(names: tuple[str, ...]) -> sa.Update:
    """The statement that changes these columns of a stack."""
    return _t.update().where(_t.c.id == sa.bindparam("row_id")).values({name: sa.bindparam(name) for name in names})


def converge_tree(connection: sa.Connection, root_id: str) -> None:
    """Take a tree of stacks out of the legacy mode."""
    connection.execute(_t.update().where(_t.c.root_id == root_id).values(convergence=True))


def legacy_roots(connection: sa.Connection) -> list[StackRow]:
    """The live root stacks of the legacy mode, oldest first."""
    query = _ALL.where(_t.c.convergence.is_(False), _t.c.owner_id.is_(None), _t.c.live_name.is_not(None))
    return [from_row(row) for row in connection.execute(query.order_by(_t.c.created_at))]


def mark_deleted(connection: sa.Connection, stack_id: str, at: float) -> None:
    """Set the deletion time and free the name."""
    connection.execute(_MARK_DELETED, {"stack_id": stack_id, "at": at})


def in_progress(connection: sa.Connection) -> list[StackRow]:
    """Every live stack whose action has not ended."""
    query = _ALL.where(_t.c.status == Status.IN_PROGRESS, _t.c.live_name.is_not(None))
    return [from_row(row) for row in connection.execute(query)]


def insert_definition(connection: sa.Connection, row: DefinitionRow, at: float) -> None:
    """Store what a stack is wanted to be."""
    connection.execute(
        _INSERT_DEFINITION,
        {
            "id": row.id,
            "stack_id": row.stack_id,
            "template": row.template_id,
            "environment": row.environment_id,
            "files": row.files_id,
            "created_at": at,
            "base_id": row.base_id,
            "left_out": msgspec.json.encode(row.left_out) if row.left_out else None,
            "part": msgspec.json.encode(row.part) if row.part else None,
            "owner_id": row.owner_id,
        },
    )


def definition(connection: sa.Connection, definition_id: str) -> DefinitionRow:
    """A stored definition. Raises KeyError when there is none."""
    row = connection.execute(_DEFINITION, {"definition_id": definition_id}).first()
    if row is None:
        raise KeyError(definition_id)
    left_out = tuple(msgspec.json.decode(row.left_out)) if row.left_out else ()
    part = msgspec.json.decode(row.part) if row.part else None
    parts = (row.base_id, left_out, part, row.owner_id)
    return DefinitionRow(row.id, row.stack_id, row.template, row.environment, row.files, *parts)


def definition_for(connection: sa.Connection, stack_id: str, owner_definition_id: str) -> str | None:
    """The newest definition of a nested stack that was made for a definition of its owner's stack.

    Definitions for a part are looked for under those they are layered upon, too.
    """
    wanted: str | None = owner_definition_id
    while wanted is not None:
        query = sa.select(_d.c.id).where(_d.c.stack_id == stack_id, _d.c.owner_id == wanted)
        found = connection.execute(query.order_by(_d.c.created_at.desc()).limit(1)).scalar()
        if found is not None:
            return str(found)
        wanted = connection.execute(sa.select(_d.c.base_id).where(_d.c.id == wanted)).scalar()
    return None


def insert_credential(connection: sa.Connection, codec: Codec, credential_id: str, secret: Any, at: float) -> None:
    """Store how to act for an owner, encrypted."""
    values = {"id": credential_id, "secret": codec.sealed(secret), "created_at": at}
    connection.execute(_INSERT_CREDENTIAL, values)


def credential(connection: sa.Connection, codec: Codec, credential_id: str) -> Any:
    """A stored credential, None when it is gone."""
    return codec.read(connection.execute(_CREDENTIAL, {"credential_id": credential_id}).scalar())


def hand_over(connection: sa.Connection, former: str, credential_id: str) -> None:
    """Let all stacks that have a credential have another one."""
    connection.execute(_HAND_OVER, {"former": former, "credential": credential_id})


def change_credential(connection: sa.Connection, codec: Codec, credential_id: str, secret: Any) -> None:
    """Store what has become of an intended credential."""
    connection.execute(_CHANGE_CREDENTIAL, {"credential_id": credential_id, "sealed": codec.sealed(secret)})


def unused(connection: sa.Connection, before: float) -> list[str]:
    """The ids of credentials by which no live stack acts, those stored before a moment."""
    return list(connection.execute(_UNUSED, {"before": before}).scalars())


def delete_credential(connection: sa.Connection, credential_id: str) -> None:
    """Forget a credential, with the token beside it."""
    lent_tokens.forget(connection, credential_id)
    connection.execute(_DELETE_CREDENTIAL, {"credential": credential_id})


def from_row(row: Any) -> StackRow:
    """A record of a database row."""
    stack = StackRow(*row)
    stack.tags = msgspec.json.decode(row.tags) if row.tags else []
    stack.action, stack.status = Action(stack.action), Status(stack.status)
    stack.convergence = row.convergence is None or bool(row.convergence)
    return stack
