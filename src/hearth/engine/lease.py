"""The lease by which others know that an engine lives. Prolonging it is the moment to take over from the dead."""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable

import sqlalchemy as sa

from hearth.engine import committer, context
from hearth.model.errors import HearthError
from hearth.store import Unavailable, engines, notices
from hearth.telemetry import metrics

log = logging.getLogger(__name__)


class Lease:
    """That of one engine. `doubt` is awaited when others may have taken over what the engine holds."""

    def __init__(self, surroundings: context.Context, engine_id: str, doubt: Callable[[], Awaitable[None]]) -> None:
        self._context = surroundings
        self._engine_id = engine_id
        self._doubt = doubt
        self._renewed = 0.0  # when it was prolonged last
        self._renewing = asyncio.Lock()
        #: Engines that share the work, as of the last renewal.
        self.engines = 1

    async def begin(self, *, alone: bool) -> None:
        """Register. `alone`: nobody else can be at work, so no lease has to run out first."""
        began = self._context.now()
        _, self.engines = await self._context.store.write(lambda connection: self._enter(connection, alone=alone))
        self._renewed = began

    def _enter(self, connection: sa.Connection, *, alone: bool) -> tuple[list[str], int]:
        """The dead, and how many are left."""
        now, chosen = self._context.now(), self._context.settings
        engines.register(connection, self._engine_id, chosen.host, socket.gethostname(), chosen.report_interval, now)
        if alone:
            engines.retire_others(connection, self._engine_id)
            notices.give_back(connection)
        engines.renew(connection, self._engine_id, chosen.engine_lease, now)
        return engines.recover(connection, now)

    def _prolong(self, connection: sa.Connection) -> tuple[bool, list[str], int]:
        """Whether others still thought this engine alive, which ones are dead, and how many there are."""
        now, settings = self._context.now(), self._context.settings
        alive = engines.renew(connection, self._engine_id, settings.engine_lease, now)
        if not alive:
            _, registered = self._enter(connection, alone=False)
            return False, [], registered
        return True, *engines.recover(connection, now)

    async def renew(self) -> None:
        """Prolong it, and take over what engines have left behind that fell silent."""
        async with self._renewing:
            began, lease = self._context.now(), self._context.settings.engine_lease
            alive, dead, self.engines = await self._context.store.write(self._prolong)
            if dead:
                metrics.TAKEN_OVER.inc(len(dead))
                log.warning("Took over the work of engines that fell silent: %s", ", ".join(dead))
            if not alive:
                log.error(
                    "This engine was silent for more than %.0f s and was declared dead; it has registered anew", lease
                )
            if not alive or began - self._renewed >= lease:
                await self._doubt()
            self._renewed = began

    async def is_sure(self) -> None:
        """Before a call that changes something: who was silent for longer than the lease may own its work no more.

        A process can stand still at any moment (a paused machine, a stopped process), and others then take over.
        """
        while self._context.now() - self._renewed >= self._context.settings.engine_lease:
            try:
                await self.renew()
            except Unavailable:
                await asyncio.sleep(committer.PAUSE)
            await asyncio.sleep(0)  # here ends what was cut off meanwhile

    def check(self) -> None:
        """Raises HearthError when others may think the engine dead."""
        silent = self._context.now() - self._renewed
        if silent > self._context.settings.engine_lease:
            raise HearthError(f"the lease of this engine was not prolonged for {silent:.0f} s")
