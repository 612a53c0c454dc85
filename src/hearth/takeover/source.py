"""Reads Heat's database: which trees of stacks there are, and one tree at a time. Nothing is ever written there.

Lists are read page by page and events in a stream, so a database of many stacks is never in memory as a whole.
"""

import dataclasses
import datetime
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, Final, TypeVar

import msgspec
import sqlalchemy as sa

from hearth.model.errors import HearthError
from hearth.store import databases
from hearth.takeover import heat_tables as tables
from hearth.takeover import records

_R = TypeVar("_R")
_PAGE: Final = 500
#: Values in one IN list: all databases take that many.
_IN_AT_ONCE: Final = 500
_s, _r, _e = tables.stack, tables.resource, tables.event
_IS_ROOT = sa.and_(
    _s.c.owner_id.is_(None), _s.c.deleted_at.is_(None), sa.or_(_s.c.backup.is_(None), _s.c.backup == sa.false())
)


class NotHeat(HearthError):
    """The database is none that Heat 2023.1 or later made."""

    kind = "BadRequest"
    status = 400


class Unintelligible(Exception):
    """Something that belongs to a stack cannot be read; `root` is the root of its tree."""

    def __init__(self, root: records.Stack, problem: str) -> None:
        super().__init__(problem)
        self.root = root
        self.problem = problem


class _Broken(Exception):
    """A column holds something else than it should."""


@dataclasses.dataclass(frozen=True, slots=True)
class Selection:
    """Which stacks are wanted: ids or names, and projects; empty: all."""

    stacks: Sequence[str] = ()
    projects: Sequence[str] = ()


class Source:
    """One Heat database. Close it at the end."""

    def __init__(self, url: str) -> None:
        """Open it.

        Raises:
            databases.UnknownDatabase: the URL cannot be used.
            NotHeat: its tables are others.
        """
        self._engine = databases.open_foreign(url)
        try:
            self._tables = self._checked()
        except BaseException:
            self._engine.dispose()
            raise

    def _checked(self) -> frozenset[str]:
        inspector = sa.inspect(self._engine)
        present = frozenset(inspector.get_table_names())
        for table in tables.metadata.tables.values():
            if table.name not in present:
                if table.name in tables.OPTIONAL:
                    continue
                raise NotHeat(f"The database has no table {table.name!r}: it is not that of a Heat 2023.1 or later.")
            known = {one["name"] for one in inspector.get_columns(table.name)}
            missing = sorted(column.name for column in table.columns if column.name not in known)
            if missing:
                raise NotHeat(
                    f"The table {table.name!r} has no column {missing[0]!r}: Heat 2023.1 or later is needed; "
                    "run `heat-manage db_sync` of such a release first."
                )
        return present

    def close(self) -> None:
        """Let go of it."""
        self._engine.dispose()

    def count(self, selection: Selection) -> int:
        """How many root stacks a selection has."""
        query = _selected(sa.select(sa.func.count()).select_from(_s), selection)
        with self._engine.connect() as connection:
            found: int = connection.execute(query).scalar_one()
            return found

    def roots(self, selection: Selection) -> Iterator[str]:
        """The ids of its live root stacks."""
        last = ""
        while True:
            query = _selected(sa.select(_s.c.id), selection).where(_s.c.id > last).order_by(_s.c.id).limit(_PAGE)
            with self._engine.connect() as connection:
                found = list(connection.execute(query).scalars())
            yield from found
            if len(found) < _PAGE:
                return
            last = found[-1]

    def tree(self, root_id: str) -> records.Tree | None:
        """A root stack with all that belongs to it, as it is at one moment; None when it is gone.

        Raises:
            Unintelligible: a part of it cannot be read.
        """
        with self._engine.connect() as connection:
            return _Reading(connection, self._tables).tree(root_id)

    def strays(self, selection: Selection) -> list[records.Stack]:
        """Nested stacks whose owner is not there: no tree has them."""
        owner = _s.alias("owner")
        of_nobody = sa.or_(owner.c.id.is_(None), owner.c.deleted_at.is_not(None))
        query = sa.select(_s).select_from(_s.outerjoin(owner, owner.c.id == _s.c.owner_id))
        query = _among(query.where(_s.c.owner_id.is_not(None), _s.c.deleted_at.is_(None), of_nobody), selection)
        with self._engine.connect() as connection:
            return [_stack(row, []) for row in connection.execute(query.order_by(_s.c.name, _s.c.id))]

    def events(self, stack_ids: Collection[str]) -> Iterator[list[records.Event]]:
        """The events of some stacks in the order they came, in batches."""
        p = tables.resource_properties_data
        joined = _e.outerjoin(p, _e.c.rsrc_prop_data_id == p.c.id)
        with self._engine.connect().execution_options(stream_results=True, yield_per=_PAGE) as connection:
            for some in _portions(stack_ids):
                query = sa.select(_e, p.c.data, p.c.encrypted).select_from(joined).where(_e.c.stack_id.in_(some))
                for rows in connection.execute(query.order_by(_e.c.id)).partitions():
                    yield [_event(row) for row in rows]

    def software(
        self, projects: Sequence[str], problems: list[str]
    ) -> Iterator[tuple[list[records.Config], list[records.Deployment]]]:
        """All software configs of some projects (none: of all), each portion with the deployments of its configs.

        What cannot be read is left out, and told in `problems`.
        """
        last, c = "", tables.software_config
        while True:
            query = sa.select(c).where(c.c.id > last).order_by(c.c.id).limit(_PAGE)
            if projects:
                query = query.where(c.c.tenant.in_(projects))
            with self._engine.connect() as connection:
                rows = list(connection.execute(query))
                configs = _readable(_config, rows, problems)
                d = tables.software_deployment
                of_them = _Reading(connection, self._tables).rows(
                    sa.select(d), d.c.config_id, [one.id for one in configs]
                )
                deployments = _readable(_deployment, of_them, problems)
            if configs:
                yield configs, deployments
            if len(rows) < _PAGE:
                return
            last = rows[-1].id


class _Reading:
    """One tree on one connection."""

    def __init__(self, connection: sa.Connection, present: frozenset[str]) -> None:
        self._connection = connection
        self._present = present

    def tree(self, root_id: str) -> records.Tree | None:
        """See `Source.tree`."""
        stacks = self._stacks(root_id)
        if not stacks:
            return None
        try:
            return self._tree(stacks)
        except _Broken as error:
            raise Unintelligible(stacks[0], str(error)) from error

    def _tree(self, stacks: list[records.Stack]) -> records.Tree:
        ids = [one.id for one in stacks]
        resources = self._resources(ids)
        everything = [one for several in resources.values() for one in several]
        templates = {one.template_id for one in stacks} | {one.template_id for one in everything}
        templates |= {one.previous_template_id for one in stacks}
        physical = [one.physical_id for one in everything if one.physical_id]
        deployments = self._deployments(physical)
        return records.Tree(
            stacks=stacks,
            resources=resources,
            templates=self._templates({one for one in templates if one is not None}),
            credentials=self._credentials({one.credentials_id for one in stacks if one.credentials_id is not None}),
            snapshots=self._snapshots(ids),
            configs=self._configs([*physical, *(one.config_id for one in deployments)]),
            deployments={one.id: one for one in deployments},
        )

    def rows(self, query: sa.Select[Any], column: sa.ColumnElement[Any], values: Iterable[Any]) -> Iterator[Any]:
        """What a query finds for any number of values of a column."""
        for some in _portions(values):
            yield from self._connection.execute(query.where(column.in_(some)))

    def _stacks(self, root_id: str) -> list[records.Stack]:
        alive = sa.select(_s).where(_s.c.deleted_at.is_(None)).order_by(_s.c.created_at, _s.c.id)
        found: list[Any] = []
        level = list(self.rows(alive, _s.c.id, [root_id]))
        while level:
            found += level
            level = list(self.rows(alive, _s.c.owner_id, [row.id for row in level]))
        t = tables.stack_tag
        tags: dict[str, list[str]] = {}
        for row in self.rows(sa.select(t).order_by(t.c.id), t.c.stack_id, [row.id for row in found]):
            tags.setdefault(row.stack_id, []).append(row.tag)
        return [_stack(row, tags.get(row.id, [])) for row in found]

    def _resources(self, stack_ids: Collection[str]) -> dict[str, list[records.Resource]]:
        p, a = tables.resource_properties_data.alias("p"), tables.resource_properties_data.alias("a")
        joined = _r.outerjoin(p, _r.c.rsrc_prop_data_id == p.c.id).outerjoin(a, _r.c.attr_data_id == a.c.id)
        query = sa.select(
            _r, p.c.data.label("p_data"), p.c.encrypted.label("p_encrypted"), a.c.data.label("a_data")
        ).select_from(joined)
        rows = list(self.rows(query.order_by(_r.c.id), _r.c.stack_id, stack_ids))
        d = tables.resource_data
        data: dict[int, dict[str, records.Secret]] = {}
        for one in self.rows(sa.select(d).order_by(d.c.id), d.c.resource_id, [row.id for row in rows]):
            secret = records.Secret(one.decrypt_method or None, one.value if one.value is not None else "")
            data.setdefault(one.resource_id, {})[one.key] = secret
        found: dict[str, list[records.Resource]] = {one: [] for one in stack_ids}
        for row in rows:
            found[row.stack_id].append(_resource(row, data.get(row.id, {})))
        return found

    def _templates(self, ids: Collection[int]) -> dict[int, records.Template]:
        t, f = tables.raw_template, tables.raw_template_files
        query = sa.select(t, f.c.files.label("kept_files")).select_from(t.outerjoin(f, t.c.files_id == f.c.id))
        return {row.id: _template(row) for row in self.rows(query, t.c.id, ids)}

    def _credentials(self, ids: Collection[int]) -> dict[int, records.Credentials]:
        c = tables.user_creds
        return {row.id: _credentials(row) for row in self.rows(sa.select(c), c.c.id, ids)}

    def _snapshots(self, stack_ids: Collection[str]) -> list[records.Snapshot]:
        t, o = tables.snapshot, tables.resource_snapshot
        rows = list(self.rows(sa.select(t).order_by(t.c.created_at), t.c.stack_id, stack_ids))
        given: dict[str, dict[str, Any]] = {}
        if o.name in self._present:
            for row in self.rows(sa.select(o), o.c.snapshot_id, [row.id for row in rows]):
                what = f"the data of {row.resource_name} in the snapshot {row.snapshot_id}"
                given.setdefault(row.snapshot_id, {})[row.resource_name] = _json(row.data, what, dict[str, Any])
        return [_snapshot(row, given.get(row.id, {})) for row in rows]

    def _configs(self, ids: Iterable[str]) -> list[records.Config]:
        c = tables.software_config
        return [_config(row) for row in self.rows(sa.select(c), c.c.id, dict.fromkeys(ids))]

    def _deployments(self, ids: Iterable[str]) -> list[records.Deployment]:
        d = tables.software_deployment
        return [_deployment(row) for row in self.rows(sa.select(d), d.c.id, ids)]


def _readable(record: Callable[[Any], _R], rows: Iterable[Any], problems: list[str]) -> list[_R]:
    found = []
    for row in rows:
        try:
            found.append(record(row))
        except _Broken as error:
            problems.append(str(error))
    return found


def _selected(query: sa.Select[Any], selection: Selection) -> sa.Select[Any]:
    return _among(query.where(_IS_ROOT), selection)


def _among(query: sa.Select[Any], selection: Selection) -> sa.Select[Any]:
    if selection.stacks:
        query = query.where(sa.or_(_s.c.id.in_(selection.stacks), _s.c.name.in_(selection.stacks)))
    return query.where(_s.c.tenant.in_(selection.projects)) if selection.projects else query


def _portions(values: Iterable[Any]) -> Iterator[list[Any]]:
    several = list(values)
    for start in range(0, len(several), _IN_AT_ONCE):
        yield several[start : start + _IN_AT_ONCE]


# ---- rows as records ----


def _json(text: str | None, what: str, kind: type[_R]) -> _R | None:
    """The value of a JSON column; `what` it is, for who has to look for it."""
    try:
        return msgspec.json.decode(text, type=kind) if text else None
    except (msgspec.DecodeError, UnicodeError) as error:
        raise _Broken(f"{what} cannot be read: {error}") from error


def _map(text: str | None, what: str) -> dict[str, Any]:
    return _json(text, what, dict[str, Any]) or {}


def _seconds(at: datetime.datetime | None) -> float | None:
    return at.replace(tzinfo=datetime.UTC).timestamp() if at is not None else None


def _stack(row: Any, tags: list[str]) -> records.Stack:
    return records.Stack(
        id=row.id,
        name=row.name or "",
        project_id=row.tenant or "",
        username=row.username,
        template_id=row.raw_template_id,
        previous_template_id=row.prev_raw_template_id,
        credentials_id=row.user_creds_id,
        owner_id=row.owner_id,
        owner_resource_name=row.parent_resource_name,
        action=row.action or "",
        status=row.status or "",
        reason=row.status_reason or "",
        timeout=row.timeout,
        disable_rollback=bool(row.disable_rollback),
        user_project_id=row.stack_user_project_id or None,
        is_backup=bool(row.backup),
        convergence=bool(row.convergence),
        created_at=_seconds(row.created_at) or 0.0,
        updated_at=_seconds(row.updated_at),
        tags=tags,
    )


def _resource(row: Any, data: dict[str, records.Secret]) -> records.Resource:
    text, encrypted = row.p_data, bool(row.p_encrypted)
    if not text:  # where it stood before it had a table of its own
        text, encrypted = row.properties_data, bool(row.properties_data_encrypted)
    created = _seconds(row.created_at) or 0.0
    return records.Resource(
        id=row.id,
        uuid=row.uuid,
        stack_id=row.stack_id,
        name=row.name,
        physical_id=row.nova_instance or None,
        action=row.action or "",
        status=row.status or "",
        reason=row.status_reason or "",
        metadata=_json(row.rsrc_metadata, f"the metadata of {row.name}", dict[str, Any]),
        properties=_json(text, f"the properties of {row.name}", dict[str, Any]),
        encrypted=encrypted,
        attributes=_map(row.a_data, f"what attributes of {row.name} were"),
        data=data,
        requires=_json(row.requires, f"the list of what is needed by {row.name}", list[int]) or [],
        replaces=row.replaces,
        replaced_by=row.replaced_by,
        template_id=row.current_template_id,
        created_at=created,
        updated_at=_seconds(row.updated_at) or created,
    )


def _template(row: Any) -> records.Template:
    what = f"of the raw_template {row.id}"
    return records.Template(
        row.id,
        _map(row.template, f"the template {what}"),
        _map(row.environment, f"the environment {what}"),
        _map(row.kept_files, f"the files {what}") or _map(row.files, f"the files {what}"),
        _seconds(row.created_at) or 0.0,
    )


def _credentials(row: Any) -> records.Credentials:
    trust = records.Secret(row.decrypt_method or None, row.trust_id) if row.trust_id else None
    return records.Credentials(row.id, trust, row.trustor_user_id, row.auth_url, _seconds(row.created_at) or 0.0)


def _event(row: Any) -> records.Event:
    try:
        properties = _json(row.data, "properties", dict[str, Any])
    except _Broken:
        properties = None  # an event is told without them
    return records.Event(
        uuid=row.uuid,
        stack_id=row.stack_id,
        resource_name=row.resource_name or "",
        resource_type=row.resource_type or "",
        physical_id=row.physical_resource_id,
        action=row.resource_action or "",
        status=row.resource_status or "",
        reason=row.resource_status_reason or "",
        properties=properties,
        encrypted=bool(row.encrypted),
        at=_seconds(row.created_at) or 0.0,
    )


def _snapshot(row: Any, given: dict[str, Any]) -> records.Snapshot:
    data = _json(row.data, f"the data of the snapshot {row.name or row.id}", dict[str, Any])
    if data is not None and given:
        data["resources"] = {**(data.get("resources") or {}), **given}
    return records.Snapshot(
        id=row.id,
        stack_id=row.stack_id,
        name=row.name,
        action=row.action or "CREATE",
        status=row.status or "",
        reason=row.status_reason,
        data=data,
        created_at=_seconds(row.created_at) or 0.0,
    )


def _config(row: Any) -> records.Config:
    at = _seconds(row.created_at) or 0.0
    body = _map(row.config, f"the software config {row.id}")
    return records.Config(row.id, row.tenant, row.name, row.group, body, at)


def _deployment(row: Any) -> records.Deployment:
    return records.Deployment(
        id=row.id,
        project_id=row.tenant,
        user_project_id=row.stack_user_project_id,
        config_id=row.config_id,
        server_id=row.server_id,
        action=row.action,
        status=row.status,
        reason=row.status_reason,
        inputs=_map(row.input_values, f"the inputs of the software deployment {row.id}"),
        outputs=_json(row.output_values, f"the outputs of the software deployment {row.id}", dict[str, Any]),
        created_at=_seconds(row.created_at) or 0.0,
        updated_at=_seconds(row.updated_at),
    )
