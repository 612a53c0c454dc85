"""The bus inside one process: for `hearth up` and for tests. Keeps the promises of `hearth.bus.contract`."""

import asyncio
import contextlib
import logging

from hearth.bus import contract
from hearth.model import interruption

_log = logging.getLogger(__name__)


class MemoryBus:
    """Topics and their subscribers in memory. Used inside one event loop."""

    def __init__(self) -> None:
        self._topics: dict[str, list[MemorySubscription]] = {}

    async def publish(self, topic: str, message: contract.Message) -> None:
        """Wake all subscribers of a topic."""
        for subscription in self._topics.get(topic, ()):
            subscription.wake(message)

    async def offer(self, topic: str, message: contract.Message) -> None:
        """Wake one subscriber of a topic, each in turn."""
        listed = self._topics.get(topic)
        if listed:
            listed.append(listed.pop(0))
            listed[-1].wake(message)

    def subscribe(self, topic: str, handler: contract.Handler) -> "MemorySubscription":
        """Call `handler` after each wake-up of the topic."""
        listed = self._topics.setdefault(topic, [])
        subscription = MemorySubscription(topic, handler, listed)
        listed.append(subscription)
        return subscription

    async def check(self) -> None:
        """Memory always carries."""

    async def close(self) -> None:
        """Cancel all subscriptions."""
        for subscription in [one for listed in self._topics.values() for one in listed]:
            await subscription.cancel()


class MemorySubscription:
    """One subscriber: the newest message not yet handled, and the task that hands it on."""

    def __init__(self, topic: str, handler: contract.Handler, listed: "list[MemorySubscription]") -> None:
        self._topic = topic
        self._handler = handler
        self._listed = listed
        self._waiting: contract.Message | None = None
        self._task: asyncio.Task[None] | None = None

    def wake(self, message: contract.Message) -> None:
        """Note the message; start the handler unless it runs already."""
        self._waiting = message
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"bus:{self._topic}")

    async def _run(self) -> None:
        try:
            while self._waiting is not None:
                message, self._waiting = self._waiting, None
                try:
                    await self._handler(message)
                except (Exception, asyncio.CancelledError) as error:
                    # The border of a task: the next wake-up must find the subscriber alive.
                    interruption.heed(error)
                    _log.exception("a subscriber of %s failed", self._topic)
        finally:
            self._task = None

    async def cancel(self) -> None:
        """Stop calling the handler; a call that runs is waited for, unless it is the caller."""
        with contextlib.suppress(ValueError):
            self._listed.remove(self)
        self._waiting = None
        if self._task is not None and self._task is not asyncio.current_task():
            await asyncio.wait([self._task])
