"""Software configs, and their deployments to servers.

Configs never change. `remove_config` removes none that a deployment uses, and `put_deployment` and `change_deployment`
take none that is gone: both lock the config, so one of two that come together sees what the other did. Repeating a
`put_config` or `put_deployment` of the same id changes nothing more. With every change of what is deployed to a server
goes a notice to it (`hearth.store.notices`).
"""

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from hearth.model.states import Status
from hearth.store import notices, tables
from hearth.store.codec import Codec

_c = tables.software_config
_d = tables.software_deployment
_IN_AT_ONCE = 500  # values in one IN list: all databases take that many


@dataclasses.dataclass(frozen=True, slots=True)
class ConfigRow:
    """A software config. `config`: a text or a map; `inputs`, `outputs`: maps with a name each."""

    id: str
    project_id: str
    name: str | None
    group: str | None
    config: Any
    inputs: Sequence[Mapping[str, Any]]
    outputs: Sequence[Mapping[str, Any]]
    options: Mapping[str, Any]
    created_at: float


@dataclasses.dataclass(frozen=True, slots=True)
class DeploymentRow:
    """A deployment. `user_project_id`: a second project whose users see it; `outputs` None: nothing came yet."""

    id: str
    project_id: str
    user_project_id: str | None
    config_id: str
    server_id: str
    action: str | None
    status: str | None
    reason: str | None
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any] | None
    created_at: float
    updated_at: float | None = None


class ConfigInUse(Exception):
    """A deployment uses the config."""


class ConfigGone(Exception):
    """There is no such config (any more)."""


# ---- configs ----


def put_config(connection: sa.Connection, codec: Codec, row: ConfigRow) -> None:
    """Store a config; one of that id stays as it is."""
    if connection.execute(sa.select(_c.c.id).where(_c.c.id == row.id)).first() is not None:
        return
    body = {"config": row.config, "inputs": row.inputs, "outputs": row.outputs, "options": row.options}
    connection.execute(
        _c.insert().values(
            id=row.id,
            project_id=row.project_id,
            name=row.name,
            tool=row.group,
            body=codec.sealed(body),
            created_at=row.created_at,
        )
    )


def config(connection: sa.Connection, codec: Codec, config_id: str) -> ConfigRow | None:
    """A config by id."""
    row = connection.execute(sa.select(_c).where(_c.c.id == config_id)).first()
    return _config(codec, row) if row is not None else None


def configs(
    connection: sa.Connection, codec: Codec, project_id: str | None, limit: int | None, marker: str | None
) -> list[ConfigRow]:
    """Configs of a project (None: of all), the newest first. `marker`: the last one already seen."""
    query = sa.select(_c).order_by(_c.c.created_at.desc(), _c.c.id.desc())
    if project_id is not None:
        query = query.where(_c.c.project_id == project_id)
    if marker is not None:
        seen = connection.execute(sa.select(_c.c.created_at).where(_c.c.id == marker)).scalar()
        if seen is not None:
            later = sa.and_(_c.c.created_at == seen, _c.c.id < marker)
            query = query.where(sa.or_(_c.c.created_at < seen, later))
    if limit is not None:
        query = query.limit(limit)
    return [_config(codec, row) for row in connection.execute(query)]


def count_configs(connection: sa.Connection, project_id: str) -> int:
    """How many configs a project has."""
    query = sa.select(sa.func.count()).select_from(_c).where(_c.c.project_id == project_id)
    return connection.execute(query).scalar_one()


def remove_config(connection: sa.Connection, config_id: str) -> bool:
    """Drop a config; False when it was not there.

    Raises:
        ConfigInUse: a deployment uses it.
    """
    if not _lock_config(connection, config_id):
        return False
    if is_used(connection, config_id):
        raise ConfigInUse
    connection.execute(_c.delete().where(_c.c.id == config_id))
    return True


def drop_config(connection: sa.Connection, config_id: str) -> None:
    """Drop a config unless a deployment uses it. Repeatable."""
    used = sa.exists().where(_d.c.config_id == config_id)
    connection.execute(_c.delete().where(_c.c.id == config_id, ~used))


def is_used(connection: sa.Connection, config_id: str) -> bool:
    """Whether a deployment uses a config."""
    return connection.execute(sa.select(_d.c.id).where(_d.c.config_id == config_id).limit(1)).first() is not None


def _lock_config(connection: sa.Connection, config_id: str) -> bool:
    query = sa.select(_c.c.id).where(_c.c.id == config_id)
    if connection.dialect.name != "sqlite":
        query = query.with_for_update()
    return connection.execute(query).first() is not None


def _config(codec: Codec, row: Any) -> ConfigRow:
    body = codec.read(row.body)
    return ConfigRow(
        id=row.id,
        project_id=row.project_id,
        name=row.name,
        group=row.tool,
        config=body["config"],
        inputs=body["inputs"],
        outputs=body["outputs"],
        options=body["options"],
        created_at=row.created_at,
    )


# ---- deployments ----


def put_deployment(connection: sa.Connection, codec: Codec, row: DeploymentRow) -> None:
    """Store a deployment; one of that id stays as it is.

    Raises:
        ConfigGone: its config is not there.
    """
    if connection.execute(sa.select(_d.c.id).where(_d.c.id == row.id)).first() is not None:
        return
    if not _lock_config(connection, row.config_id):
        raise ConfigGone
    connection.execute(_d.insert().values(_columns(codec, {name: getattr(row, name) for name in _FIELDS})))
    notices.announce(connection, row.server_id)


def take_deployment(connection: sa.Connection, codec: Codec, row: DeploymentRow) -> None:
    """Store a deployment that its server knows already, so nobody is told; one of that id stays as it is."""
    if connection.execute(sa.select(_d.c.id).where(_d.c.id == row.id)).first() is None:
        connection.execute(_d.insert().values(_columns(codec, {name: getattr(row, name) for name in _FIELDS})))


def replace_deployment(connection: sa.Connection, codec: Codec, row: DeploymentRow) -> None:
    """Store a deployment in the place of the one of that id, if there is one. Its config is stored with it."""
    columns = _columns(codec, {name: getattr(row, name) for name in _FIELDS})
    former = connection.execute(sa.select(_d.c.server_id, _d.c.config_id).where(_d.c.id == row.id)).first()
    if former is None or tuple(former) != (row.server_id, row.config_id):  # else it is only its outcome that changes
        for server_id in {row.server_id, former.server_id if former is not None else row.server_id}:
            notices.announce(connection, server_id)
    if connection.execute(_d.update().where(_d.c.id == row.id).values(columns)).rowcount == 0:
        connection.execute(_d.insert().values(columns))


def deployment(connection: sa.Connection, codec: Codec, deployment_id: str) -> DeploymentRow | None:
    """A deployment by id."""
    row = connection.execute(sa.select(_d).where(_d.c.id == deployment_id)).first()
    return _deployment(codec, row) if row is not None else None


def deployments(
    connection: sa.Connection, codec: Codec, project_id: str | None, server_id: str | None = None
) -> list[DeploymentRow]:
    """Deployments that users of a project (None: of all) see, of a server or of all; the oldest first."""
    query = _seen(sa.select(_d), project_id, server_id).order_by(_d.c.created_at, _d.c.id)
    return [_deployment(codec, row) for row in connection.execute(query)]


def deployed(connection: sa.Connection, codec: Codec, project_id: str | None, server_id: str) -> list[ConfigRow]:
    """The configs of a server's deployments, by their names; one that is deployed twice is there twice."""
    joined = sa.select(_c).select_from(_d.join(_c, _d.c.config_id == _c.c.id))
    query = _seen(joined, project_id, server_id).order_by(_c.c.name, _d.c.created_at, _d.c.id)
    return [_config(codec, row) for row in connection.execute(query)]


def _seen(query: sa.Select[Any], project_id: str | None, server_id: str | None) -> sa.Select[Any]:
    if project_id is not None:
        query = query.where(sa.or_(_d.c.project_id == project_id, _d.c.user_project_id == project_id))
    return query if server_id is None else query.where(_d.c.server_id == server_id)


def count_deployments(connection: sa.Connection, project_id: str) -> int:
    """How many deployments a project has."""
    query = sa.select(sa.func.count()).select_from(_d).where(_d.c.project_id == project_id)
    return connection.execute(query).scalar_one()


def change_deployment(connection: sa.Connection, codec: Codec, deployment_id: str, changes: Mapping[str, Any]) -> bool:
    """Change fields of a deployment; False when it is not there.

    Raises:
        ConfigGone: its new config is not there.
    """
    if "config_id" in changes and not _lock_config(connection, changes["config_id"]):
        raise ConfigGone
    statement = _d.update().where(_d.c.id == deployment_id).values(_columns(codec, changes))
    there = connection.execute(statement).rowcount == 1
    if there and "config_id" in changes:
        _announce(connection, deployment_id)
    return there


def ended(connection: sa.Connection, ids: Collection[str]) -> set[str]:
    """Those of some ids that are ids of deployments which nobody works on any more."""
    query = sa.select(_d.c.id).where(_d.c.id.in_(list(ids)), _d.c.status.in_([Status.COMPLETE, Status.FAILED]))
    if connection.dialect.name != "sqlite":
        query = query.with_for_update()
    return set(connection.execute(query).scalars())


def give_up(connection: sa.Connection, ids: Collection[str], reason: str, now: float) -> None:
    """End the deployments among some ids that are still worked on: nobody waits for them any more."""
    given_up = {"status": Status.FAILED, "reason": reason, "updated_at": now}
    several = list(ids)
    for start in range(0, len(several), _IN_AT_ONCE):
        mine = sa.and_(_d.c.id.in_(several[start : start + _IN_AT_ONCE]), _d.c.status == Status.IN_PROGRESS)
        connection.execute(_d.update().where(mine).values(given_up))


def remove_deployment(connection: sa.Connection, deployment_id: str) -> bool:
    """Drop a deployment; False when it was not there."""
    _announce(connection, deployment_id)
    return connection.execute(_d.delete().where(_d.c.id == deployment_id)).rowcount == 1


def _announce(connection: sa.Connection, deployment_id: str) -> None:
    server_id = connection.execute(sa.select(_d.c.server_id).where(_d.c.id == deployment_id)).scalar()
    if server_id is not None:
        notices.announce(connection, server_id)


_FIELDS = tuple(DeploymentRow.__dataclass_fields__)
_SEALED = ("inputs", "outputs")


def _columns(codec: Codec, fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: codec.sealed(value) if name in _SEALED else value for name, value in fields.items()}


def _deployment(codec: Codec, row: Any) -> DeploymentRow:
    fields = {name: getattr(row, name) for name in _FIELDS}
    fields |= {"inputs": codec.read(row.inputs) or {}, "outputs": codec.read(row.outputs)}
    return DeploymentRow(**fields)
