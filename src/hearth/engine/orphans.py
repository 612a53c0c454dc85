"""What clients can ask of orphans: which there are, to forget them, to delete the objects after all.

A deletion is a request's own work, with the caller's rights and in the caller's time: nothing goes on in the
background, and it is asked for again until the object is gone.
"""

from typing import Any

from hearth.cloud import errors as cloud_errors
from hearth.cloud import tokens
from hearth.engine import authority, context, definitions, doubting, failing, parting
from hearth.model.errors import HearthError, NotFound
from hearth.model.states import Action
from hearth.resources import contract
from hearth.store import orphans
from hearth.store.rows import OrphanRow


class OrphanNotDeletable(HearthError):
    """An orphan's object cannot be deleted, now or ever; the record stays."""

    kind = "OrphanNotDeletable"
    status = 409


class Orphans:
    """The orphans of all projects, for callers."""

    def __init__(
        self, surroundings: context.Context, kept: definitions.Definitions, owners: authority.Authority
    ) -> None:
        self._context = surroundings
        self._store = surroundings.store
        self._definitions = kept
        self._authority = owners

    async def listed(self, caller: tokens.Caller, *, all_projects: bool = False) -> list[dict[str, Any]]:
        """The orphans of the caller's project, or of all, the newest first."""
        codec, project = self._store.codec, None if all_projects else caller.project_id or ""
        return [self._shown(row) for row in await self._store.read(lambda c: orphans.listed(c, codec, project))]

    async def forget(self, caller: tokens.Caller, orphan_id: str) -> None:
        """Drop the record; the object stays where it is."""
        row = await self._row(caller, orphan_id)
        await self._store.write(lambda connection: orphans.forget(connection, row.id))

    async def delete(self, caller: tokens.Caller, orphan_id: str) -> bool:
        """Delete the object, and the record once it is gone. False: the deletion is under way, ask again.

        Raises:
            OrphanNotDeletable: the service refuses, or nobody knows which object it is.
        """
        row = await self._row(caller, orphan_id)
        is_copy = row.type.startswith(parting.COPY_OF) and not _is_old_copy(row)
        kind = self._definitions.type_named(row.type.removeprefix(parting.COPY_OF) if is_copy else row.type, None)
        if kind is None or kind.nests:
            raise OrphanNotDeletable(
                f"Orphan {row.id} ({row.type}) is a stack of its own: `hearth stack delete {row.physical_id}`."
                if kind is not None
                else f"Orphan {row.id} ({row.type}) cannot be deleted from here; delete it with its service, "
                f"where it is called {row.physical_name}."
            )
        try:
            call = await self._call(caller, row)
            gone = await (self._delete_copy(call, row, kind) if is_copy else self._delete(call, kind))
        except (contract.ResourceFailure, cloud_errors.CloudError) as error:
            failure = failing.as_failure(error)
            raise OrphanNotDeletable(f"{row.type} {row.physical_id or row.physical_name}: {failure}") from error
        if gone:
            await self._store.write(lambda connection: orphans.forget(connection, row.id))
        return gone

    async def _call(self, caller: tokens.Caller, row: OrphanRow) -> contract.Call:
        session = await self._authority.caller_session(caller)
        if row.region is not None and row.region != session.region:
            session = session.in_region(row.region)
        return contract.Call(
            name=row.path.rpartition("/")[2],
            resource_id=row.secret["row_id"],
            physical_name=row.physical_name,
            physical_id=row.physical_id,
            properties=row.secret["properties"],
            stack=contract.StackView(row.stack_id, row.stack_name, row.project_id),
            cloud=session,
            now=self._context.now(),
            data=dict(row.secret["data"]),
            action=Action.DELETE,
        )

    async def _delete_copy(self, call: contract.Call, row: OrphanRow, kind: contract.Resource) -> bool:
        """Delete what a snapshot kept of an object; the object itself, if it is there, stays."""
        call.snapshot_name, call.physical_id = row.physical_name, row.secret["copied"]
        if await kind.delete_snapshot(call) is not None:
            return False
        doubt = doubting.copy_doubt(row.secret["known"], row.physical_name, self._context.now(), self._context.settings)
        if doubt is not None:
            raise doubt
        return True

    async def _delete(self, call: contract.Call, kind: contract.Resource) -> bool:
        if call.physical_id is None:
            if not kind.findable:
                raise contract.Permanent(
                    "nobody knows whether it was made; look for it by that name, and forget it here"
                )
            call.physical_id = await kind.find(call)
            if call.physical_id is None:
                doubt = doubting.doubt(call.data, self._context.now(), self._context.settings)
                if doubt is not None:
                    raise doubt
                return True
        try:
            await kind.delete(call)
            if Action.DELETE not in kind.waits_on:
                return True
            observed = (await kind.observe_many([call]))[call.resource_id]
        except contract.Gone:
            return True
        return observed is None or await kind.settle(call, observed) is None

    async def _row(self, caller: tokens.Caller, orphan_id: str) -> OrphanRow:
        codec = self._store.codec
        row = await self._store.read(lambda connection: orphans.by_id(connection, codec, orphan_id))
        if row is None or not (caller.is_admin or row.project_id == caller.project_id):
            raise NotFound("Orphan", orphan_id)
        return row

    def _shown(self, row: OrphanRow) -> dict[str, Any]:
        is_copy = row.type.startswith(parting.COPY_OF)
        kind = self._definitions.type_named(row.type.removeprefix(parting.COPY_OF), None)
        physical_id = row.physical_id
        if is_copy and kind is not None and kind.copy_id:
            physical_id = row.secret["data"].get(kind.copy_id)
        service = None if kind is None else kind.copies_in if is_copy else next(iter(kind.services), None)
        return {
            "id": row.id,
            "project": row.project_id,
            "stack_id": row.stack_id,
            "stack_name": row.stack_name,
            "resource_path": row.path,
            "resource_type": row.type,
            "service": service or None,
            "physical_resource_id": physical_id,
            "physical_name": row.physical_name,
            "unknown": _unknown(row, service) if physical_id is None else None,
            "cause": row.cause,
            "reason": row.reason,
            "region": row.region,
            "orphaned_time": row.at,
        }


def _is_old_copy(row: OrphanRow) -> bool:
    """Whether it is a copy that a version let go which noted nothing of it but a name."""
    return row.type.startswith(parting.COPY_OF) and "copied" not in row.secret


def _unknown(row: OrphanRow, service: str | None) -> str:
    """What nobody knows of an object without an id, and how to look for it."""
    where = f"in the {service} service" if service else "in its service"
    if _is_old_copy(row):
        return f"its id, which an older version did not note; look {where} for a name like {row.physical_name}"
    return f"its id, and whether it was made; look {where} for the name {row.physical_name}"
