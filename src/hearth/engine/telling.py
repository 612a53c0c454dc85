"""Tells agents in servers what is deployed there, where they do not ask an API for it.

Each change of what an agent reads leaves a notice in the store, in the same transaction (`hearth.store.notices`). An
engine that takes one puts the metadata as it is then together, and its server's type puts it where the agent looks.
What cannot be told is tried again: a deployment waits for its answer anyway, and its action's deadline ends that.

`told` is what the APIs show of a resource's metadata; `Telling` is one engine's work on notices.
"""

import asyncio
import functools
import logging
from typing import Any

from hearth.cloud import errors as cloud_errors
from hearth.engine import authority, complaints, context, definitions, run, stack_software, stack_users
from hearth.model import interruption
from hearth.model.errors import HearthError
from hearth.model.states import Action
from hearth.resources import contract
from hearth.resources import software as forms
from hearth.store import notices, resources, software, stacks
from hearth.store.rows import ResourceRow

log = logging.getLogger(__name__)

#: How many seconds longer a notice is held than telling one server may take, since two must not do it at a time.
SPARE = 5.0
#: Notices that are worked on at a time.
AT_ONCE = 20
#: Seconds before the first repetition, which grow with each, and their most.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
#: After so many failures nobody is told any more: about an hour.
TRIES = 60


async def told(surroundings: context.Context, working: run.Run, row: ResourceRow) -> dict[str, Any]:
    """The metadata of a resource; that of a server with an agent tells it what is deployed there, by name."""
    metadata = dict(row.metadata or {})
    kind = working.type_of_row(row)
    if kind is None or row.physical_id is None or not kind.learns_of_deployments(row.properties or {}):
        return metadata
    store, project_id, server_id = surroundings.store, working.stack.project_id, row.physical_id
    rows = await store.read(lambda c: software.deployed(c, store.codec, project_id, server_id))
    metadata["deployments"] = [forms.shown(stack_software.config_of(one)) for one in rows]
    return metadata | kind.agent_settings(working.call(row, kind))


class Telling:
    """One engine's work on notices."""

    def __init__(
        self,
        surroundings: context.Context,
        kept: definitions.Definitions,
        owners: authority.Authority,
        users: stack_users.StackUsers,
    ) -> None:
        self._context = surroundings
        self._store = surroundings.store
        self._definitions = kept
        self._authority = owners
        self._users = users
        self._held: set[str] = set()

    async def give_back(self) -> None:
        """Let go of what is not done, since this engine stops."""
        held = set(self._held)
        await self._store.write(functools.partial(notices.give_back, server_ids=held))

    async def take_up(self) -> float | None:
        """Tell everybody who is to be told now; in how many seconds there is more to do, None: not before a change."""
        hold = self._context.settings.metadata_put_timeout + SPARE
        while (due_at := await self._store.read(notices.next_due)) is not None:
            if (pause := due_at - self._context.now()) > 0:
                return pause
            take = functools.partial(notices.take, now=self._context.now(), hold=hold, most=AT_ONCE)
            taken = await self._store.write(take)
            self._held.update(one.server_id for one in taken)
            await asyncio.gather(*(self._work_on(one) for one in taken))
            self._held.clear()
        return None

    async def _work_on(self, notice: notices.Notice) -> None:
        try:
            async with asyncio.timeout(self._context.settings.metadata_put_timeout):
                await self._tell(notice.server_id)
        except (Exception, asyncio.CancelledError) as error:
            # The border of a notice: those of other servers are told all the same.
            interruption.heed(error)
            if not isinstance(error, TimeoutError | contract.ResourceFailure | cloud_errors.CloudError | HearthError):
                complaints.tell(log, f"The agent in server {notice.server_id} cannot be told", error)
            if notice.tries + 1 < TRIES:
                log.warning("The agent in server %s cannot be told yet: %s", notice.server_id, error)
                pause = min(FIRST_PAUSE * 2**notice.tries, LONGEST_PAUSE)
                later = functools.partial(notices.postpone, notice=notice, due_at=self._context.now() + pause)
                await self._store.write(later)
                return
            log.error("The agent in server %s is not told of its deployments: %s", notice.server_id, error)
        await self._store.write(functools.partial(notices.done, notice=notice))

    async def _tell(self, server_id: str) -> None:
        codec = self._store.codec
        for row in await self._store.read(lambda c: resources.having(c, codec, [server_id])):
            if row.action is Action.DELETE or row.replaced_by is not None:
                continue  # it goes, and what it is told by may be its successor's by now
            stack = await self._store.read(functools.partial(stacks.by_id, stack_id=row.stack_id))
            if stack is None or stack.deleted_at is not None or stack.credential_id is None:
                continue
            working = await self._definitions.reading_run(stack, [row], self._context)
            kind = working.type_of_row(row)
            if kind is None or not kind.learns_of_deployments(row.properties or {}):
                continue
            working.access = await self._authority.session_of(stack)
            working.users = self._users.of(stack)
            await kind.tell(working.call(row, kind), await told(self._context, working, row))
