"""Snapshots of stacks as clients ask for them: taken by a traversal, shown, restored by an update, removed.

A snapshot is the stack's document, and copies that resources make of their objects (images, backups). Copies are known
by names made of the resource's row and the traversal, so whatever a crash or a failure leaves is found and removed by
`snapshot_removal`, whether its id was recorded or not.

Spec: lifecycle facts, section 9.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import sqlalchemy as sa

from hearth.engine import actions, adoption, context, definitions
from hearth.model import waivers
from hearth.model.diagnostics import Findings, Place
from hearth.model.errors import ActionInProgress, LimitExceeded, NotFound, NotSupported
from hearth.model.states import Action, Status
from hearth.resources import contract
from hearth.store import snapshots
from hearth.store.rows import ResourceRow, StackRow
from hearth.template import environment as environments

#: Copies' names are shorter than what any service takes; the end of a physical name tells it from others.
_LONGEST = 200


def copy_name(physical_name: str, occasion: int | str) -> str:
    """The name of the copy of an object that is made at an occasion: a traversal, or the object's deletion."""
    return f"{physical_name[-_LONGEST:]}-{occasion}"


def is_taken(row: ResourceRow) -> bool:
    """Whether a snapshot may touch the resource. What failed otherwise stays as it is: an update has to heal it."""
    if row.action is Action.INIT or (row.action, row.status) == (Action.DELETE, Status.COMPLETE):
        return False
    return row.status is not Status.FAILED or row.action is Action.SNAPSHOT


def has_copy(kind: contract.Resource, row: ResourceRow) -> bool:
    """Whether a snapshot copies the resource's object."""
    return kind.supports_snapshot and row.physical_id is not None and is_taken(row)


class Snapshots:
    """Answers requests about snapshots of a stack that the caller may see."""

    def __init__(self, surroundings: context.Context, kept: definitions.Definitions) -> None:
        self._context = surroundings
        self._store = surroundings.store
        self._definitions = kept
        self._actions = actions.Actions(surroundings, kept)

    async def take(
        self,
        stack: StackRow,
        name: str | None,
        write: Callable[[Callable[[sa.Connection], snapshots.SnapshotRow]], Awaitable[snapshots.SnapshotRow]],
        *,
        limited: bool,
        waived: waivers.Waivers = waivers.NONE,
        instead_of: str | None = None,
    ) -> dict[str, Any]:
        """Begin to take a snapshot of a stack.

        Args:
            write: stores a change.
            limited: whether the stack may have no more than the operator allows.
            waived: what is not copied.
            instead_of: the id of a snapshot that is removed.

        Raises:
            ActionInProgress: the stack is busy.
            LimitExceeded: it has too many.
            traversals.Superseded: the stack has changed meanwhile.
        """
        if stack.status is Status.IN_PROGRESS:
            raise ActionInProgress(stack.name, stack.action)
        built = await self._definitions.blueprint(stack.definition_id, stack)
        prepared = await self._actions.prepare(stack, Action.SNAPSHOT, built, stack.definition_id, waived=waived)
        members = []
        for node in prepared.plan.nodes:
            assert node.row_id is not None
            row = prepared.run.rows[node.row_id]
            kind = prepared.run.type_of_row(row)
            if kind is not None and has_copy(kind, row) and waived.of(row.id) is not waivers.Waiver.SKIP:
                assert row.physical_id is not None
                members.append(snapshots.Copied(row.name, kind.type_name, row.id, row.physical_id))
        codec, now = self._store.codec, self._context.now()
        limit = self._context.settings.max_snapshots_per_stack

        def store(connection: sa.Connection) -> snapshots.SnapshotRow:
            count = snapshots.count(connection, stack.id)
            if limited and 0 <= limit <= count:
                raise LimitExceeded(
                    f"You have reached the maximum snapshots per stack, {limit}. Please delete some snapshots."
                )
            document = adoption.document(connection, codec, stack.id, with_resources=False)
            traversal_id = self._actions.begin(connection, prepared, updated_at=now)
            row = snapshots.SnapshotRow(
                id=self._context.new_id(),
                stack_id=stack.id,
                name=name,
                action=Action.CREATE,
                status=Status.IN_PROGRESS,
                reason=None,
                traversal_id=traversal_id,
                members=members,
                data=document,
                owner=None,
                created_at=now,
            )
            if instead_of is not None:
                snapshots.begin_removal(connection, instead_of)
            snapshots.insert(connection, codec, row)
            return row

        return shown(await write(store))

    async def take_again(
        self,
        stack: StackRow,
        write: Callable[[Callable[[sa.Connection], snapshots.SnapshotRow]], Awaitable[snapshots.SnapshotRow]],
        waived: waivers.Waivers,
    ) -> dict[str, Any]:
        """Begin to take the snapshot anew that has failed; what there is of it is removed.

        Raises:
            NotSupported: it was removed since.
        """
        codec = self._store.codec
        several = await self._store.read(lambda c: snapshots.of_stack(c, codec, stack.id))
        failed = [one for one in several if one.traversal_id == stack.traversal_id and one.action is Action.CREATE]
        if not failed:
            advice = f"Take another: `hearth stack snapshot {stack.name}`."
            raise NotSupported("Retrying a snapshot that was removed", advice)
        (former,) = failed
        return await self.take(stack, former.name, write, limited=False, waived=waived, instead_of=former.id)

    async def listed(self, stack: StackRow) -> list[dict[str, Any]]:
        """The stack's snapshots, oldest first."""
        codec = self._store.codec
        return [shown(row) for row in await self._store.read_aside(lambda c: snapshots.of_stack(c, codec, stack.id))]

    async def show(self, stack: StackRow, snapshot_id: str) -> dict[str, Any]:
        """One snapshot."""
        return shown(await self._named(stack, snapshot_id))

    async def _named(self, stack: StackRow, snapshot_id: str) -> snapshots.SnapshotRow:
        codec = self._store.codec
        row = await self._store.read(lambda c: snapshots.by_id(c, codec, stack.id, snapshot_id))
        if row is None:
            raise NotFound("Snapshot", snapshot_id, kind="NotFound")
        return row

    async def remove(self, stack: StackRow, snapshot_id: str) -> None:
        """Begin to remove a snapshot with its copies.

        Raises:
            NotSupported: it is still being taken.
        """
        row = await self._named(stack, snapshot_id)
        if (row.action, row.status) == (Action.CREATE, Status.IN_PROGRESS):
            raise NotSupported("Deleting in-progress snapshot")
        await self._store.write(lambda connection: snapshots.begin_removal(connection, snapshot_id), [stack.id])

    async def restoring(self, stack: StackRow, snapshot_id: str) -> definitions.Material:
        """The definition by which a stack becomes what it was.

        Raises:
            NotSupported: the snapshot is not complete, or the stack is being deleted.
        """
        row = await self._named(stack, snapshot_id)
        if (row.action, row.status) != (Action.CREATE, Status.COMPLETE):
            raise NotSupported("Restoring incomplete snapshot")
        if stack.action is Action.DELETE:
            raise NotSupported(f"Restoring a stack when it is in {stack.action}_{stack.status} state")
        material = adoption.material_of(row.data)
        return definitions.Material(self._restored(material, row.data), material.environment, material.files)

    def _restored(self, material: definitions.Material, document: Mapping[str, Any]) -> dict[str, Any]:
        """The template, the properties of what was copied leading to the copies."""
        environment, _ = environments.parse(material.environment)
        wanted = dict(material.template)
        section, key, kind_key = _SECTIONS["Resources" in wanted]
        sections = wanted[section] = dict(wanted.get(section) or {})
        for name, entry in document["resources"].items():
            if not entry.get("resource_data") or name not in sections:
                continue
            kind = self._definitions.builder.type_for(
                str(sections[name].get(kind_key)), name, environment, material.files, Findings(), Place
            )
            if kind is not None and kind.supports_snapshot:
                properties = kind.restored(sections[name].get(key) or {}, entry["resource_data"])
                sections[name] = {**sections[name], key: properties}
        return wanted


#: How templates call resources, properties and types: {whether it is a CloudFormation template: names}.
_SECTIONS = {False: ("resources", "properties", "type"), True: ("Resources", "Properties", "Type")}


def shown(row: snapshots.SnapshotRow) -> dict[str, Any]:
    """A snapshot in the words of the API."""
    return {
        "id": row.id,
        "name": row.name,
        "action": row.action.value,
        "status": row.status.value,
        "status_reason": row.reason,
        "data": row.data,
        "creation_time": row.created_at,
    }
