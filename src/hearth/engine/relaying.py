"""Sends stored notifications, one after the other in their order, and drops each once it has arrived.

One engine of all does this. When it dies what was sent but not yet dropped is sent again, under the same id. While the
broker is away notifications wait in the store, up to a number.
"""

import logging
from typing import Protocol

from hearth.engine import context, rounds
from hearth.engine.rounds import Next
from hearth.store import news, outbox
from hearth.store.rows import NotificationRow

log = logging.getLogger(__name__)

_AT_ONCE = 100
#: Notifications that wait at the most.
MOST_WAITING = 100_000


class Sender(Protocol):
    """Brings notifications to whoever listens."""

    async def send(self, row: NotificationRow) -> None:
        """Done when it has arrived. Raises ConnectionError when it cannot be brought now."""

    async def close(self) -> None:
        """Let go of the connection."""


class Relay:
    """The relay of one engine."""

    def __init__(self, surroundings: context.Context, sender: Sender, engine_id: str) -> None:
        self._store = surroundings.store
        self._sender = sender
        self._is_away = False
        topics = [news.NOTIFICATIONS]
        self._rounds = rounds.Rounds(surroundings, engine_id, "notifications", topics, self._send_some)

    def start(self) -> None:
        """Begin to send."""
        self._rounds.start()

    async def stop(self) -> None:
        """Send no more; what waits is sent by another engine, or after the next start."""
        await self._rounds.stop()
        await self._sender.close()

    async def _send_some(self) -> Next:
        """Send the oldest ones."""
        rows = await self._store.read(lambda connection: outbox.oldest(connection, _AT_ONCE))
        if not rows:
            return Next.WOKEN
        sent: list[int] = []
        try:
            for row in rows:
                await self._sender.send(row)
                sent.append(row.seq)
        except ConnectionError as error:
            if not self._is_away:
                log.error("Notifications wait until they can be sent: %s", error)
            self._is_away = True
        else:
            self._is_away = False
        if sent:
            await self._store.write(lambda connection: outbox.drop(connection, sent))
        elif dropped := await self._store.write(lambda connection: outbox.trim(connection, MOST_WAITING)):
            log.error("%d notifications were given up: %d wait already", dropped, MOST_WAITING)
        return Next.LATER if self._is_away else Next.NOW
