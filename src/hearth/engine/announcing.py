"""Tells all processes what this one's commits brought: a wake-up on the bus for each topic the store has news of.

One per process, wired at its entry point. What is told while a wake-up is on its way goes into one that follows it.
"""

import asyncio
import functools
import logging
from collections.abc import Callable, Iterable

from hearth.engine import complaints, context
from hearth.model import interruption

log = logging.getLogger(__name__)


class Announcer:
    """Passes news of the store on to the bus, under the same topics."""

    def __init__(self, surroundings: context.Context, topics: Iterable[str]) -> None:
        self._context = surroundings
        self._topics = tuple(topics)
        self._waiting: set[str] = set()
        self._task: asyncio.Task[None] | None = None
        self._ends: list[Callable[[], None]] = []

    def start(self) -> None:
        """Begin to listen."""
        listen = self._context.store.listen
        self._ends = [listen(topic, functools.partial(self._heard, topic)) for topic in self._topics]

    async def stop(self) -> None:
        """Listen no more; what was heard is still told."""
        for end in self._ends:
            end()
        if self._task is not None:
            await asyncio.wait([self._task])

    def _heard(self, topic: str) -> None:
        self._waiting.add(topic)
        if self._task is None:
            self._task = asyncio.create_task(self._publish(), name="announcer")

    async def _publish(self) -> None:
        try:
            while self._waiting:
                topic = self._waiting.pop()
                try:
                    await self._context.wakeups.publish(topic, {})
                except (Exception, asyncio.CancelledError) as error:
                    # The border of a topic: the others are told; who listens looks in any case.
                    interruption.heed(error)
                    complaints.tell(log, f"Nobody is told of news of {topic}", error)
        finally:
            self._task = None
