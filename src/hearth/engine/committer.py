"""Turns the moves of many concurrent steps into few transactions.

Steps hand in moves and wait; while one transaction runs, the moves that arrive meanwhile gather and go into the next
one together. What a transaction made ready comes back claimed, and is passed on without asking anybody.
"""

import asyncio
import dataclasses
import functools
import logging
from collections.abc import Callable, Sequence

import sqlalchemy as sa

from hearth.store import Store, Unavailable, traversals

log = logging.getLogger(__name__)

#: Seconds between tries while the database refuses to store anything.
PAUSE = 1.0


class LeaseLost(Exception):
    """The node is not this engine's any more: somebody else goes on with it, or a newer action took over."""


@dataclasses.dataclass(slots=True)
class _Waiting:
    moves: Sequence[traversals.Move]
    future: asyncio.Future[set[int]]


class Committer:
    """Group commit of moves for one engine."""

    def __init__(
        self,
        store: Store,
        owner: str,
        capacity: Callable[[], int],
        advanced: Callable[[traversals.Advanced], None],
    ) -> None:
        self._store = store
        self._owner = owner
        self._capacity = capacity
        self._advanced = advanced
        self._waiting: list[_Waiting] = []
        self._flusher: asyncio.Task[None] | None = None

    async def commit(self, move: traversals.Move) -> None:
        """Make one move durable.

        Raises:
            LeaseLost: it was not stored, because the node is not ours any more.
        """
        if await self.commit_all([move]):
            raise LeaseLost

    async def commit_all(self, moves: Sequence[traversals.Move]) -> set[int]:
        """Make moves durable; the ids of nodes that were lost, whose moves were not stored."""
        waiting = _Waiting(moves, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._flusher is None:
            self._flusher = asyncio.create_task(self._flush())
        return await waiting.future

    async def _flush(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                moves = [move for waiting in batch for move in waiting.moves]
                try:
                    advanced = await self._store.write(
                        functools.partial(_advance, self._store, moves, self._owner, self._capacity())
                    )
                except Unavailable as error:
                    # What was done in the cloud must not be forgotten: the moves wait until they can be stored.
                    log.error("%s It is tried again in %.0f s.", error, PAUSE)
                    self._waiting = batch + self._waiting
                    await asyncio.sleep(PAUSE)
                    continue
                except Exception as error:  # the border of a batch: each waiting step gets the failure
                    for waiting in batch:
                        if not waiting.future.done():
                            waiting.future.set_exception(error)
                    continue
                for waiting in batch:
                    if not waiting.future.done():
                        waiting.future.set_result(
                            {move.node.id for move in waiting.moves if move.node.id in advanced.lost}
                        )
                self._advanced(advanced)
        finally:
            self._flusher = None


def _advance(
    store: Store, moves: Sequence[traversals.Move], owner: str, capacity: int, connection: sa.Connection
) -> traversals.Advanced:
    return traversals.advance(connection, store.codec, moves, owner, capacity)
