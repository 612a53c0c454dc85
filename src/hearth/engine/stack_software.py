"""Software configs and deployments as the resources of a stack keep them.

Types use `OfResource` through `Call.software`. What a verb keeps and drops gathers here, and is stored by the move or
the signal that the verb belongs to, in one transaction: nothing is left behind by a process that dies in between. The
deployment of a resource is known by the id of the resource's row, so a signal finds it without asking.

The operator's limits are looked at twice: when a verb asks, so that it fails at once, and in the transaction that
stores what it keeps, so that resources which are made at the same moment do not go beyond them together.
"""

import dataclasses
from collections.abc import Callable, Sequence

import sqlalchemy as sa

from hearth.engine import context
from hearth.model.states import Status
from hearth.resources import contract
from hearth.store import Store, notices, quotas, software
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
        return config_of(row)

    async def is_used(self, config_id: str) -> bool:
        """See `contract.Software`."""
        return await self._store.read(lambda connection: software.is_used(connection, config_id))

    async def keep(self, config: contract.SoftwareConfig) -> str:
        """See `contract.Software`."""
        limited = _Limited(
            "software configs",
            software.count_configs,
            self._project_id,
            self._context.settings.max_software_configs_per_tenant,
        )
        await limited.ask(self._store)
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
        self._writes += [limited.hold, lambda connection: software.put_config(connection, codec, row)]
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
            limited = _Limited(
                "software deployments",
                software.count_deployments,
                self._project_id,
                self._context.settings.max_software_deployments_per_tenant,
            )
            await limited.ask(self._store)
            self._writes.append(limited.hold)
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


@dataclasses.dataclass(frozen=True, slots=True)
class _Limited:
    """How many things of a kind a project may have; below 0: any number."""

    things: str
    count: Callable[[sa.Connection, str], int]
    project_id: str
    limit: int

    async def ask(self, store: Store) -> None:
        """Whether there is room for one more, as it looks now. Raises contract.Permanent."""
        try:
            await store.read(self._check)
        except software.NoRoom as error:
            raise contract.Permanent(str(error), error.kind) from None

    def hold(self, connection: sa.Connection) -> None:
        """The same before one more is stored, while nobody else counts. Raises software.NoRoom."""
        if self.limit >= 0:
            quotas.take_turn(connection, self.project_id)
            self._check(connection)

    def _check(self, connection: sa.Connection) -> None:
        if 0 <= self.limit <= self.count(connection, self.project_id):
            raise software.NoRoom(
                f"the project has {self.limit} {self.things}, which is the most allowed; delete some first"
            )


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


def writes_of(call: contract.Call | None) -> Sequence[Write]:
    """What a verb wants stored along with its outcome."""
    return call.software.taken() if call is not None and isinstance(call.software, OfResource) else ()


def _status(text: str | None) -> Status:
    """The status of a deployment; any other text, which only a user can have put there, is no end."""
    return Status(text) if text in (Status.COMPLETE, Status.FAILED) else Status.IN_PROGRESS
