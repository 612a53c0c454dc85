"""Software configs and deployments as the resources of a stack keep them.

Types use `OfResource` through `Call.software`. What a verb keeps and drops gathers here, and is stored by the move or
the signal that the verb belongs to, in one transaction: nothing is left behind by a process that dies in between. The
deployment of a resource is known by the id of the resource's row, so a signal finds it without asking.
"""

import dataclasses

import sqlalchemy as sa

from hearth.engine import context, keeping
from hearth.model.states import Status
from hearth.resources import contract
from hearth.store import notices, quotas, software
from hearth.store.rows import StackRow


@dataclasses.dataclass(frozen=True, slots=True)
class StackSoftware:
    """The software of one stack; `of` hands out what a verb gets."""

    surroundings: context.Context
    stack: StackRow

    def of(self, row_id: str) -> "OfResource":
        """What a resource keeps, for one verb."""
        return OfResource(self.surroundings, self.stack.project_id, row_id)


class OfResource(keeping.Keeper):
    """See `contract.Software`."""

    def __init__(self, surroundings: context.Context, project_id: str, row_id: str) -> None:
        super().__init__()
        self._context = surroundings
        self._store = surroundings.store
        self._project_id = project_id
        self._row_id = row_id
        self._kept: dict[str, contract.SoftwareConfig] = {}
        self._deployment: contract.SoftwareDeployment | None = None
        self._withdrawn = False

    async def config(self, config_id: str) -> contract.SoftwareConfig:
        """See `contract.Software`."""
        kept = self._kept.get(config_id)
        if kept is not None:
            return kept
        codec = self._store.codec
        row = await self._store.read(lambda connection: software.config(connection, codec, config_id))
        if row is None or row.project_id != self._project_id:
            raise contract.Gone(f"there is no software config {config_id}")
        return config_of(row)

    async def is_used(self, config_id: str) -> bool:
        """See `contract.Software`."""
        return await self._store.read(lambda connection: software.is_used(connection, config_id))

    async def keep(self, config: contract.SoftwareConfig) -> str:
        """See `contract.Software`."""
        most = self._context.settings.max_software_configs_per_tenant
        limit = quotas.Limit("software configs", software.count_configs, most)
        await keeping.ask(self._store, limit, self._project_id)
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
        self._writes += [
            lambda connection: limit.hold(connection, row.project_id),
            lambda connection: software.put_config(connection, codec, row),
        ]
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
            most = self._context.settings.max_software_deployments_per_tenant
            limit = quotas.Limit("software deployments", software.count_deployments, most)
            await keeping.ask(self._store, limit, self._project_id)
            self._writes.append(lambda connection: limit.hold(connection, self._project_id))
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

    def announce(self, server_id: str) -> None:
        """See `contract.Software`."""
        self._writes.append(lambda connection: notices.announce(connection, server_id))

    def _withdraw(self, connection: sa.Connection) -> None:
        software.remove_deployment(connection, self._row_id)


def config_of(row: software.ConfigRow) -> contract.SoftwareConfig:
    """A stored config as types see it."""
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


def _status(text: str | None) -> Status:
    """The status of a deployment; any other text, which only a user can have put there, is no end."""
    return Status(text) if text in (Status.COMPLETE, Status.FAILED) else Status.IN_PROGRESS
