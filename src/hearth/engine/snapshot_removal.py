"""Removes snapshots: the copies in the services first, then the record. Work that any engine may take up.

Independent of what the stack is doing, except that the deletion of a stack ends only after its last snapshot. A repeat
finds what is left by the copies' names.
"""

import asyncio
import functools
import logging
from collections.abc import Coroutine, Mapping
from typing import Any, Protocol

import sqlalchemy as sa

from hearth.cloud import errors as cloud_errors
from hearth.cloud import session as cloud_session
from hearth.engine import (
    authority,
    context,
    definitions,
    doubting,
    ending,
    forcing,
    modes,
    retrying,
    snapshots,
)
from hearth.model import interruption, names
from hearth.model.errors import HearthError
from hearth.model.states import Action, Status
from hearth.resources import contract
from hearth.store import Unavailable, endings, orphans, resources, stacks, traversals
from hearth.store import snapshots as store
from hearth.store.rows import StackRow

log = logging.getLogger(__name__)

#: Copies that are removed at the same time.
_AT_ONCE = 20
#: Seconds between two looks at a copy that takes its time to go, and before a refused call is tried again.
_PAUSE = 1.0


class Host(ending.Host, Protocol):
    """The engine that removes snapshots."""

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run something in the background until it ends or the engine stops."""


class SnapshotRemoval:
    """Removes snapshots for one engine."""

    def __init__(
        self, surroundings: context.Context, kept: definitions.Definitions, owners: authority.Authority, host: Host
    ) -> None:
        self._context = surroundings
        self._definitions = kept
        self._authority = owners
        self._host = host

    async def take_up(self) -> None:
        """Begin the removals that nobody works on."""
        codec, owner = self._context.store.codec, self._host.id
        for row in await self._context.store.write(lambda connection: store.claim(connection, codec, owner)):
            self._host.spawn(self._remove(row))

    async def _remove(self, row: store.SnapshotRow) -> None:
        while True:
            try:
                failure = await self._tried(row)
                advanced = await self._context.store.write(
                    functools.partial(self._close, row=row, failure=failure), [row.stack_id]
                )
            except Unavailable as error:
                log.error("The snapshot %s cannot be removed now, it is tried again: %s", row.id, error)
                await asyncio.sleep(_PAUSE)
                continue
            self._host.hand_over(advanced)
            return

    async def _tried(self, row: store.SnapshotRow) -> str | None:
        """Why the copies could not be removed; None when they are gone."""
        try:
            stack = await self._context.store.read(lambda connection: stacks.by_id(connection, row.stack_id))
            assert stack is not None
            async with asyncio.timeout(self._context.settings.stack_action_timeout):
                await self._remove_copies(stack, row)
        except TimeoutError:
            return modes.TIMED_OUT
        except Unavailable:
            raise
        except (contract.ResourceFailure, cloud_errors.CloudError, HearthError) as error:
            failure = f"{getattr(error, 'kind', type(error).__name__)}: {error}"
            log.warning("The snapshot %s of stack %s cannot be removed: %s", row.id, row.stack_id, failure)
            return failure
        except (Exception, asyncio.CancelledError) as error:  # the border of a removal: it must come to an end
            interruption.heed(error)
            log.error("The snapshot %s of stack %s cannot be removed", row.id, row.stack_id, exc_info=error)
            return f"{type(error).__name__}: {error}"
        return None

    def _close(self, connection: sa.Connection, row: store.SnapshotRow, failure: str | None) -> traversals.Advanced:
        """Store how the removal ended; the deletion of the stack may have waited for it."""
        advanced = traversals.Advanced()
        stack = stacks.by_id(connection, row.stack_id)
        if failure is not None and stack is not None and self._is_forced(connection, stack):
            left = forcing.copies(connection, self._context, self._definitions, stack, row, failure)
            orphans.insert(connection, self._context.store.codec, left)
            failure = None
        if failure is None:
            store.removed(connection, row.id, self._host.id)
        elif not store.failed(connection, row.id, self._host.id, failure):
            return advanced
        if stack is None or stack.traversal_id is None:
            return advanced
        if (stack.action, stack.status) == (Action.DELETE, Status.IN_PROGRESS):
            if failure is not None:
                reason = f"Snapshot {row.name or row.id} DELETE failed: {failure}"
                endings.fail(connection, stack.traversal_id, reason)
            advanced.ended = endings.ended(connection, [stack.id])
        return advanced

    @staticmethod
    def _is_forced(connection: sa.Connection, stack: StackRow) -> bool:
        present = stack.traversal_id
        return present is not None and forcing.is_forced(traversals.by_id(connection, present))

    async def _remove_copies(self, stack: StackRow, row: store.SnapshotRow) -> None:
        if not row.members:
            return
        # A step of the snapshot that a newer action has overtaken may be about to make its copy.
        in_flight = functools.partial(store.is_in_flight, traversal_id=row.traversal_id)
        while await self._context.store.read(in_flight):  # noqa: ASYNC110 - the state is in the store
            await asyncio.sleep(_PAUSE)
        codec, ids = self._context.store.codec, [copied.row_id for copied in row.members]
        rows = await self._context.store.read(lambda connection: resources.by_ids(connection, codec, ids))
        session = await self._authority.session_of(stack)
        slots = asyncio.Semaphore(_AT_ONCE)

        async def remove(copied: store.Copied) -> None:
            async with slots:
                present = rows.get(copied.row_id)
                await self._remove_copy(stack, row, copied, session, present.data if present is not None else {})

        await asyncio.gather(*(remove(copied) for copied in row.members))

    async def _remove_copy(
        self,
        stack: StackRow,
        row: store.SnapshotRow,
        copied: store.Copied,
        session: cloud_session.Session,
        known: Mapping[str, str],
    ) -> None:
        """Remove a copy, once it cannot come any more. `known`: the private data of the resource that it is of."""
        kind = self._definitions.type_named(copied.type, None)
        if kind is None:
            raise contract.Permanent(f"the type {copied.type} of {copied.name} is not known any more", "EntityNotFound")
        physical_name = names.physical_name(stack.name, copied.name, copied.row_id, kind.name_limit)
        call = contract.Call(
            name=copied.name,
            resource_id=copied.row_id,
            physical_name=physical_name,
            physical_id=copied.physical_id,
            properties={},
            stack=contract.StackView(stack.id, stack.name, stack.project_id),
            cloud=session,
            now=self._context.now(),
            data=dict(copied.data),
            action=Action.DELETE,
            snapshot_name=snapshots.copy_name(physical_name, row.traversal_id),
        )
        attempts = 0
        while True:
            try:
                wait = await kind.delete_snapshot(call)
                if wait is None:
                    name, now = call.snapshot_name, self._context.now()
                    if (doubt := doubting.copy_doubt(known, name, now, self._context.settings)) is None:
                        return
                    wait = contract.Wait(doubt.after)
                else:
                    known = doubting.settled(known, call.snapshot_name)  # it has come
                pause = wait.after
            except contract.Temporary as failure:
                retry = retrying.decide(failure, attempts, self._context.settings, self._context.jitter())
                if retry is None:
                    raise
                attempts, pause = retry.number, retry.pause
            await asyncio.sleep(pause or _PAUSE)
