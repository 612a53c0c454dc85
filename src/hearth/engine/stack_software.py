"""Software configs and deployments as the resources of a stack keep them.

Types use `OfResource` through `Call.software`. What a verb keeps and drops gathers here, and is stored by the move or
the signal that the verb belongs to, in one transaction: nothing is left behind by a process that dies in between. The
deployment of a resource is known by the id of the resource's row, so a signal finds it without asking.

The operator's limits count what is stored, so resources that are made at the same moment may go beyond them together.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from hearth.engine import context
from hearth.model.states import Status
from hearth.resources import contract
from hearth.resources import software as forms
from hearth.store import software
from hearth.store.rows import StackRow

Write = Callable[[sa.Connection], None]


@dataclasses.dataclass(frozen=True, slots=True)
class StackSoftware:
    """The software of one stack; `of` hands out what a verb gets."""

    surroundings: context.Context
    stack: StackRow

    def of(self, row_id: str) -> "OfResource":
        """What a resource keeps, for one verb."""
        return OfResource(self.surroundings, self.stack.project_id, row_id)


class OfResource:
    """See `contract.Software`."""

    def __init__(self, surroundings: context.Context, project_id: str, row_id: str) -> None:
        self._context = surroundings
        self._store = surroundings.store
        self._project_id = project_id
        self._row_id = row_id
        self._kept: dict[str, contract.SoftwareConfig] = {}
        self._deployment: contract.SoftwareDeployment | None = None
        self._withdrawn = False
        self._writes: list[Write] = []

    def taken(self) -> Sequence[Write]:
        """What is to be stored, once: the next call gives nothing more."""
        writes, self._writes = self._writes, []
        return writes

    async def config(self, config_id: str) -> contract.SoftwareConfig:
        """See `contract.Software`."""
        kept = self._kept.get(config_id)
        if kept is not None:
            return kept
        codec = self._store.codec
        row = await self._store.read(lambda connection: software.config(connection, codec, config_id))
        if row is None or row.project_id != self._project_id:
            raise contract.Gone(f"there is no software config {config_id}")
        return _config(row)

    async def is_used(self, config_id: str) -> bool:
        """See `contract.Software`."""
        return await self._store.read(lambda connection: software.is_used(connection, config_id))

    async def keep(self, config: contract.SoftwareConfig) -> str:
        """See `contract.Software`."""
        limit = self._context.settings.max_software_configs_per_tenant
        if limit >= 0:
            count = await self._store.read(lambda connection: software.count_configs(connection, self._project_id))
            _check_limit("software configs", count, limit)
        made = dataclasses.replace(config, id=self._context.new_id(), created_at=self._context.now())
        row = software.ConfigRow(
            id=made.id,
            project_id=self._project_id,
            name=made.name,
            group=made.group,
            config=made.config,
            inputs=made.inputs,
            outputs=made.outputs,
            options=made.options,
            created_at=made.created_at,
        )
        codec = self._store.codec
        self._writes.append(lambda connection: software.put_config(connection, codec, row))
        self._kept[made.id] = made
        return made.id

    def drop(self, config_id: str) -> None:
        """See `contract.Software`."""
        self._kept.pop(config_id, None)
        self._writes.append(lambda connection: software.drop_config(connection, config_id))

    async def deployment(self) -> contract.SoftwareDeployment:
        """See `contract.Software`."""
        if self._deployment is not None:
            return self._deployment
        row = None if self._withdrawn else await self._stored()
        if row is None:
            raise contract.Gone("its software deployment is not there")
        return contract.SoftwareDeployment(
            config_id=row.config_id,
            server_id=row.server_id,
            action=row.action or "",
            status=_status(row.status),
            reason=row.reason or "",
            inputs=row.inputs,
            outputs=row.outputs,
            user_project_id=row.user_project_id,
            id=row.id,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )

    async def _stored(self) -> software.DeploymentRow | None:
        codec, row_id = self._store.codec, self._row_id
        return await self._store.read(lambda connection: software.deployment(connection, codec, row_id))

    async def deploy(self, deployment: contract.SoftwareDeployment) -> str:
        """See `contract.Software`."""
        now, stored = self._context.now(), await self._stored()
        if stored is None:
            limit = self._context.settings.max_software_deployments_per_tenant
            if limit >= 0:
                project_id = self._project_id
                count = await self._store.read(lambda connection: software.count_deployments(connection, project_id))
                _check_limit("software deployments", count, limit)
        made = dataclasses.replace(
            deployment,
            id=self._row_id,
            created_at=stored.created_at if stored is not None else now,
            updated_at=now if stored is not None else None,
        )
        row = software.DeploymentRow(
            id=made.id,
            project_id=self._project_id,
            user_project_id=made.user_project_id,
            config_id=made.config_id,
            server_id=made.server_id,
            action=made.action,
            status=made.status,
            reason=made.reason,
            inputs=made.inputs,
            outputs=made.outputs,
            created_at=made.created_at,
            updated_at=made.updated_at,
        )
        codec = self._store.codec
        self._writes.append(lambda connection: software.replace_deployment(connection, codec, row))
        self._deployment, self._withdrawn = made, False
        return made.id

    def withdraw(self) -> None:
        """See `contract.Software`."""
        self._deployment, self._withdrawn = None, True
        self._writes.append(self._withdraw)

    def _withdraw(self, connection: sa.Connection) -> None:
        software.remove_deployment(connection, self._row_id)


async def deployed(surroundings: context.Context, stack: StackRow, server_id: str) -> list[dict[str, Any]]:
    """What a server of a stack is told to do: the configs of its deployments, by their names."""
    store = surroundings.store
    rows = await store.read(lambda c: software.deployed(c, store.codec, stack.project_id, server_id))
    return [forms.shown(_config(row)) for row in rows]


def _config(row: software.ConfigRow) -> contract.SoftwareConfig:
    return contract.SoftwareConfig(
        id=row.id,
        name=row.name,
        group=row.group,
        config=row.config,
        inputs=row.inputs,
        outputs=row.outputs,
        options=row.options,
        created_at=row.created_at,
    )


def writes_of(call: contract.Call | None) -> Sequence[Write]:
    """What a verb wants stored along with its outcome."""
    return call.software.taken() if call is not None and isinstance(call.software, OfResource) else ()


def _status(text: str | None) -> Status:
    """The status of a deployment; any other text, which only a user can have put there, is no end."""
    return Status(text) if text in (Status.COMPLETE, Status.FAILED) else Status.IN_PROGRESS


def _check_limit(things: str, count: int, limit: int) -> None:
    if count >= limit:
        raise contract.Permanent(
            f"the project has {count} {things}, which is the most allowed; delete some first", "RequestLimitExceeded"
        )
