"""Software configs and deployments, as clients of the API keep them: create, list, show, change, delete.

Faces call it with the form of everything checked; it answers in plain data. Whatever belongs to another project is not
there; administrators see everything. Deployments that stacks make are the work of their types.
"""

import dataclasses
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

import sqlalchemy as sa

from hearth.cloud import errors as cloud_errors
from hearth.cloud import tokens
from hearth.engine import authority, context, runner
from hearth.model.errors import BadRequest, Forbidden, HearthError, LimitExceeded, NotFound
from hearth.model.states import Status
from hearth.resources import software as forms
from hearth.resources.contract import Issue
from hearth.resources.heat import deployment_answers as answers
from hearth.resources.heat import transports
from hearth.store import quotas, resources, software, stacks, traversals

log = logging.getLogger(__name__)

R = TypeVar("R")

_CONFIG = "Software config"
_DEPLOYMENT = "Deployment"


class ConfigInUse(HearthError):
    """A config that deployments use stays."""

    kind = "InvalidRestrictedAction"
    status = 409


@dataclasses.dataclass(frozen=True, slots=True)
class NewConfig:
    """What a new config is to be."""

    name: str | None = None
    group: str | None = None
    config: Any = None
    inputs: Sequence[Mapping[str, Any]] = ()
    outputs: Sequence[Mapping[str, Any]] = ()
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class NewDeployment:
    """What a new deployment is to be."""

    config_id: str
    server_id: str
    action: str | None = None
    status: str | None = None
    status_reason: str | None = None
    input_values: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    stack_user_project_id: str | None = None


class Software:
    """The software configs and deployments of all projects."""

    def __init__(self, surroundings: context.Context, owners: authority.Authority) -> None:
        self._context = surroundings
        self._authority = owners
        self._store = surroundings.store

    # ---- configs ----

    async def create_config(self, caller: tokens.Caller, new: NewConfig) -> dict[str, Any]:
        """Keep a new config.

        Raises:
            BadRequest: its inputs or outputs are wrong.
            LimitExceeded: the project has too many.
        """
        inputs, wrong = forms.inputs(new.inputs)
        outputs, also_wrong = forms.outputs(new.outputs)
        _refuse([*wrong, *also_wrong])
        row = software.ConfigRow(
            id=self._context.new_id(),
            project_id=_project(caller),
            name=new.name,
            group=new.group,
            config=new.config,
            inputs=inputs,
            outputs=outputs,
            options=new.options,
            created_at=self._context.now(),
        )
        codec = self._store.codec
        limit = self._context.settings.max_software_configs_per_tenant

        def store(connection: sa.Connection) -> None:
            quotas.take_turn(connection, row.project_id)
            _check_limit(caller, "software configs", software.count_configs(connection, row.project_id), limit)
            software.put_config(connection, codec, row)

        await self._store.write(store)
        return config_view(row)

    async def list_configs(
        self, caller: tokens.Caller, *, limit: int | None, marker: str | None, everywhere: bool
    ) -> list[dict[str, Any]]:
        """Configs, the newest first, without what is in them; `everywhere`: those of all projects."""
        codec, project = self._store.codec, None if everywhere else _visible(caller)
        rows = await self._store.read(lambda c: software.configs(c, codec, project, limit, marker))
        return [
            {
                "id": row.id,
                "name": row.name,
                "group": row.group,
                "creation_time": row.created_at,
                "project": row.project_id,
            }
            for row in rows
        ]

    async def show_config(self, caller: tokens.Caller, config_id: str) -> dict[str, Any]:
        """One config."""
        return config_view(await self._config(caller, config_id))

    async def _config(self, caller: tokens.Caller, config_id: str) -> software.ConfigRow:
        codec = self._store.codec
        row = await self._store.read(lambda connection: software.config(connection, codec, config_id))
        if row is None or _visible(caller) not in (None, row.project_id):
            raise _not_found(_CONFIG, config_id)
        return row

    async def delete_config(self, caller: tokens.Caller, config_id: str) -> None:
        """Drop a config.

        Raises:
            ConfigInUse: a deployment uses it.
        """
        await self._config(caller, config_id)
        try:
            there = await self._store.write(lambda connection: software.remove_config(connection, config_id))
        except software.ConfigInUse:
            raise ConfigInUse(
                f"Software config {config_id} is used by a deployment; delete its deployments first."
            ) from None
        if not there:
            raise _not_found(_CONFIG, config_id)

    # ---- deployments ----

    async def create_deployment(self, caller: tokens.Caller, new: NewDeployment) -> dict[str, Any]:
        """Keep a new deployment of a config of the caller's.

        Raises:
            LimitExceeded: the project has too many.
            NotFound: the second project is not one of a stack's users, or the stack is another project's.
        """
        project_id, users = _project(caller), new.stack_user_project_id
        # Whoever sees a deployment may be a server that carries it out, so nobody is shown one by another project.
        if users not in (None, project_id) and not await self._store.read(
            lambda connection: stacks.has_users_in(connection, project_id, users)
        ):
            raise _not_found("Project of stack users", str(users))
        if (await self._config(caller, new.config_id)).project_id != project_id:
            raise _not_found(_CONFIG, new.config_id)
        row = software.DeploymentRow(
            id=self._context.new_id(),
            project_id=project_id,
            user_project_id=new.stack_user_project_id,
            config_id=new.config_id,
            server_id=new.server_id,
            action=new.action,
            status=new.status,
            reason=new.status_reason,
            inputs=new.input_values,
            outputs=None,
            created_at=self._context.now(),
        )
        codec = self._store.codec
        limit = self._context.settings.max_software_deployments_per_tenant

        def store(connection: sa.Connection) -> None:
            quotas.take_turn(connection, project_id)
            _check_limit(caller, "software deployments", software.count_deployments(connection, project_id), limit)
            software.put_deployment(connection, codec, row)

        await self._with_config(row.config_id, store)
        await self._context.wakeups.publish(runner.WAKE_TOPIC, {})
        return deployment_view(row)

    async def list_deployments(self, caller: tokens.Caller, server_id: str | None) -> list[dict[str, Any]]:
        """Deployments, the oldest first; of one server, if it is named."""
        codec, project = self._store.codec, _visible(caller)
        rows = await self._store.read(lambda c: software.deployments(c, codec, project, server_id))
        return [deployment_view(row) for row in rows]

    async def server_metadata(self, caller: tokens.Caller, server_id: str) -> list[dict[str, Any]]:
        """The configs deployed to a server, by their names."""
        codec, project = self._store.codec, _visible(caller)
        rows = await self._store.read(lambda c: software.deployed(c, codec, project, server_id))
        return [config_view(row) for row in rows]

    async def show_deployment(self, caller: tokens.Caller, deployment_id: str) -> dict[str, Any]:
        """One deployment; looks first whether its server has answered at a place that nobody else watches."""
        row = await self._deployment(caller, deployment_id)
        if row.status == Status.IN_PROGRESS:
            row = await self._collected(caller, row)
        return deployment_view(row)

    async def _collected(self, caller: tokens.Caller, row: software.DeploymentRow) -> software.DeploymentRow:
        """A deployment with what its server has put into the caller's object store, if that is where it answers."""
        codec = self._store.codec

        def query(connection: sa.Connection) -> tuple[software.ConfigRow | None, bool]:
            # The engine itself collects what comes to the resources of stacks.
            of_stack = bool(resources.by_ids(connection, codec, [row.id]))
            return software.config(connection, codec, row.config_id), of_stack

        config, of_stack = await self._store.read(query)
        if config is None or of_stack:
            return row
        means = {one["name"]: one.get("value") for one in config.inputs}
        if means.get("deploy_signal_transport") != transports.TEMP_URL:
            return row
        path = urlsplit(str(means.get("deploy_signal_id"))).path.split("/")[-2:]
        try:
            session = await self._authority.caller_session(caller)
            answer = await session.get("object-store", "/" + "/".join(path))
        except cloud_errors.CloudError as error:
            log.debug("No answer of deployment %s can be read: %s", row.id, error)
            return row
        if not answer.body:
            return row  # the object was made empty together with its URL
        told = answers.of_signal(config.outputs, answer.body)
        columns: dict[str, Any] = {
            "status": told.status,
            "reason": told.reason,
            "outputs": told.outputs,
            "updated_at": self._context.now(),
        }
        await self._store.write(lambda connection: software.change_deployment(connection, codec, row.id, columns))
        return dataclasses.replace(row, **columns)

    async def _deployment(self, caller: tokens.Caller, deployment_id: str) -> software.DeploymentRow:
        codec = self._store.codec
        row = await self._store.read(lambda connection: software.deployment(connection, codec, deployment_id))
        if row is None or _visible(caller) not in (None, row.project_id, row.user_project_id):
            raise _not_found(_DEPLOYMENT, deployment_id)
        return row

    async def update_deployment(
        self, caller: tokens.Caller, deployment_id: str, changes: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Change what is given of config_id, action, status, status_reason, input_values, output_values."""
        row = await self._deployment(caller, deployment_id)
        config_id = changes.get("config_id")
        if config_id is not None and (await self._config(caller, config_id)).project_id != row.project_id:
            raise _not_found(_CONFIG, config_id)
        columns = {_COLUMNS.get(name, name): value for name, value in changes.items()}
        columns["updated_at"] = self._context.now()
        codec = self._store.codec

        def store(connection: sa.Connection) -> bool:
            # A stack's resource that has this deployment waits for its end.
            traversals.signalled(connection, deployment_id)
            return software.change_deployment(connection, codec, deployment_id, columns)

        if not await self._with_config(config_id, store):
            raise _not_found(_DEPLOYMENT, deployment_id)
        await self._context.wakeups.offer(runner.WAKE_TOPIC, {})
        return deployment_view(dataclasses.replace(row, **columns))

    async def delete_deployment(self, caller: tokens.Caller, deployment_id: str) -> None:
        """Drop a deployment."""
        await self._deployment(caller, deployment_id)

        def store(connection: sa.Connection) -> bool:
            traversals.signalled(connection, deployment_id)
            return software.remove_deployment(connection, deployment_id)

        if not await self._store.write(store):
            raise _not_found(_DEPLOYMENT, deployment_id)
        await self._context.wakeups.offer(runner.WAKE_TOPIC, {})

    async def _with_config(self, config_id: str | None, work: Callable[[sa.Connection], R]) -> R:
        """Do work that needs a config, which somebody may delete meanwhile."""
        try:
            return await self._store.write(work)
        except software.ConfigGone:
            raise _not_found(_CONFIG, str(config_id)) from None


#: {field of the API: column}, where they differ
_COLUMNS = {"status_reason": "reason", "input_values": "inputs", "output_values": "outputs"}


def config_view(row: software.ConfigRow) -> dict[str, Any]:
    """A config in the words of the API."""
    return {
        "id": row.id,
        "name": row.name,
        "group": row.group,
        "creation_time": row.created_at,
        "config": row.config,
        "inputs": row.inputs,
        "outputs": row.outputs,
        "options": row.options,
    }


def deployment_view(row: software.DeploymentRow) -> dict[str, Any]:
    """A deployment in the words of the API."""
    shown = {
        "id": row.id,
        "server_id": row.server_id,
        "config_id": row.config_id,
        "input_values": row.inputs,
        "output_values": row.outputs,
        "action": row.action,
        "status": row.status,
        "status_reason": row.reason,
        "creation_time": row.created_at,
    }
    return shown if row.updated_at is None else {**shown, "updated_time": row.updated_at}


def _project(caller: tokens.Caller) -> str:
    if caller.project_id is None:
        raise Forbidden("The token has no project: software configs and deployments belong to projects.")
    return caller.project_id


def _visible(caller: tokens.Caller) -> str | None:
    """The project whose things the caller may see; None: all."""
    return None if caller.is_admin else _project(caller)


def _not_found(entity: str, wanted: str) -> NotFound:
    return NotFound(entity, wanted, kind="NotFound")


def _check_limit(caller: tokens.Caller, things: str, count: int, limit: int) -> None:
    if 0 <= limit <= count and not caller.is_admin:
        raise LimitExceeded(f"The project has {count} {things}, which is the most allowed; delete some first.")


def _refuse(issues: Sequence[Issue]) -> None:
    if issues:
        told = (f"{_at(issue)}: {issue.message} {issue.advice}".rstrip() for issue in issues)
        raise BadRequest(" ".join(told), kind="ValueError")


def _at(issue: Issue) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in issue.path).removeprefix(".")
