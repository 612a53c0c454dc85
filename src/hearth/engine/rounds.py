"""Work that one engine of all does, in rounds: when it is woken by a topic, and from time to time.

The first engine of those alive does it; when it dies the next goes on.
"""

import asyncio
import contextlib
import enum
import logging
from collections.abc import Awaitable, Callable, Sequence

from hearth.bus import contract as bus
from hearth.engine import complaints, context
from hearth.model import interruption
from hearth.store import engines

log = logging.getLogger(__name__)

#: Seconds between rounds when nothing wakes it, and after one that could not do its work.
SWEEP = 5.0


class Next(enum.Enum):
    """When to do the next round: at once, when there is news, or after a pause whatever news there is."""

    NOW = enum.auto()
    WOKEN = enum.auto()
    LATER = enum.auto()


class Rounds:
    """The rounds of one engine. `work` does one of them."""

    def __init__(
        self,
        surroundings: context.Context,
        engine_id: str,
        name: str,
        topics: Sequence[str],
        work: Callable[[], Awaitable[Next]],
    ) -> None:
        self._context = surroundings
        self._engine_id = engine_id
        self._name = name
        self._topics = topics
        self._work = work
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._subscriptions: list[bus.Subscription] = []

    def start(self) -> None:
        """Begin."""
        self._subscriptions = [self._context.wakeups.subscribe(topic, self._woken) for topic in self._topics]
        self._task = asyncio.create_task(self._run(), name=self._name)

    async def stop(self) -> None:
        """Go on no more; what is to be done is done by another engine, or after the next start."""
        for subscription in self._subscriptions:
            await subscription.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _woken(self, _message: bus.Message) -> None:
        self._wake.set()

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            upcoming = Next.WOKEN
            try:
                while (upcoming := await self._round()) is Next.NOW:
                    pass
            except (Exception, asyncio.CancelledError) as error:  # the border of the rounds: they go on
                interruption.heed(error)
                complaints.tell(log, f"A round of {self._name} failed; it is tried again", error)
            if upcoming is Next.LATER:
                await asyncio.sleep(SWEEP)
            else:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(SWEEP):
                        await self._wake.wait()

    async def _round(self) -> Next:
        now = self._context.now()
        if await self._context.store.read(lambda c: engines.first(c, now)) != self._engine_id:
            return Next.WOKEN
        return await self._work()
