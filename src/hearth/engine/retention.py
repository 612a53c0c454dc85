"""How long things are kept: events up to a number per stack, deleted stacks up to an age, plans, outdated definitions.

Engines do it beside their work, several of them without harm, and `hearth db purge` on demand. All of it is many short
units of work, so that nobody who waits for the database waits long.
"""

import asyncio
import dataclasses
import functools
import logging

import sqlalchemy as sa

from hearth.engine import complaints, context
from hearth.model import interruption
from hearth.store import Store, events, marks, purging

log = logging.getLogger(__name__)

DAY = 86400.0
LOOK_EVERY = 1.0
#: Rows that one unit of work removes at the most.
MOST_ROWS = 500
#: Definitions younger than this may be those of an update that is being stored.
SETTLED = 3600.0


@dataclasses.dataclass(slots=True)
class Purged:
    """What was removed."""

    stacks: int = 0
    engines: int = 0


class Retention:
    """Keeps the store of one process from growing for ever."""

    def __init__(self, surroundings: context.Context) -> None:
        self._context = surroundings
        self._store = surroundings.store
        self._ended: set[str] = set()  # stacks with new events
        self._due: float | None = None  # when deleted stacks are looked for

    def note(self, stack_id: str) -> None:
        """An action of the stack has ended: its events are to be counted."""
        if self._context.settings.max_events_per_stack > 0:
            self._ended.add(stack_id)

    async def keep(self) -> None:
        """Do what is due, for ever."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            try:
                await self.look()
            except (Exception, asyncio.CancelledError) as error:  # the border of a task that must go on
                interruption.heed(error)
                complaints.tell(log, "Old events and deleted stacks cannot be removed; it is tried again", error)

    async def look(self) -> None:
        """Do what is due now."""
        if self._ended:
            ended, self._ended = self._ended, set()
            await self._cap(ended)
        settings, now = self._context.settings, self._context.now()
        if self._due is None:  # engines that start together do not come together
            self._due = now + settings.purge_interval * self._context.jitter()
        if now >= self._due:
            self._due = now + settings.purge_interval
            await _purge_plans(self._store, now)
            if settings.purge_deleted_after <= 0:
                return
            done = await purge(self._store, now - settings.purge_deleted_after * DAY, now)
            if done.stacks:
                log.info("Removed %d stacks that were deleted %d days ago", done.stacks, settings.purge_deleted_after)

    async def _cap(self, stack_ids: set[str]) -> None:
        settings = self._context.settings
        keep, most = settings.max_events_per_stack, settings.event_purge_batch_size
        for stack_id in await self._store.read(functools.partial(events.too_many, stack_ids=stack_ids, keep=keep)):
            trim = functools.partial(events.trim, stack_id=stack_id, keep=keep, most=most)
            while await self._store.write(trim):
                pass


async def purge(store: Store, before: float, now: float, *, project_id: str | None = None, batch: int = 20) -> Purged:
    """Remove what was deleted before a moment, and what is outdated `now`.

    Args:
        project_id: only stacks of this project; None: of all, and dead engines too.
        batch: how many stacks are looked for at a time.
    """
    done = Purged()
    while found := await store.read(lambda c: purging.deleted(c, before, project_id, batch)):
        for stack_id in found:
            await _remove(store, stack_id)
            done.stacks += 1
    await _purge_plans(store, now)
    after: str | None = ""
    while after is not None:
        look = functools.partial(purging.remove_outdated_definitions, before=now - SETTLED, after=after, most=MOST_ROWS)
        after = await store.write(look)
    if project_id is None:
        done.engines = await store.write(lambda c: purging.remove_engines(c, before))
        await store.write(lambda c: marks.forget(c, before))
    return done


async def _purge_plans(store: Store, now: float) -> None:
    while await store.write(lambda c: purging.remove_plans(c, now, MOST_ROWS)):
        pass


async def _remove(store: Store, stack_id: str) -> None:
    def unit(connection: sa.Connection) -> bool:
        return purging.remove_stack(connection, stack_id, MOST_ROWS)

    while not await store.write(unit):  # others who wait for the database come in between
        pass
