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

from hearth.engine import complaints
from hearth.store import Store, Unavailable, traversals
from hearth.telemetry import metrics, trail

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
            self._flusher = asyncio.create_task(self._flush(), context=trail.apart())
        return await waiting.future

    async def _flush(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                await self._store_together(batch)
        finally:
            self._flusher = None

    async def _store_together(self, batch: Sequence[_Waiting]) -> None:
        moves = [move for waiting in batch for move in waiting.moves]
        metrics.COMMIT_MOVES.observe(len(moves))
        while True:
            unit = functools.partial(_advance, self._store, moves, self._owner, self._capacity())
            try:
                advanced = await self._store.write(unit, {move.node.stack_id for move in moves})
                break
            except Unavailable as error:
                # What was done in the cloud must not be forgotten: the moves wait until they can be stored.
                log.error("%s It is tried again in %.0f s.", error, PAUSE)
                await asyncio.sleep(PAUSE)
            except Exception as error:  # the border of a batch: the failure is told to whom it belongs
                if len(batch) == 1:
                    _answer(batch[0].future, error)
                    return
                for waiting in batch:  # what cannot be stored of one is no affair of the others
                    await self._store_together([waiting])
                return
        for waiting in batch:
            _answer(waiting.future, {move.node.id for move in waiting.moves if move.node.id in advanced.lost})
        try:
            self._advanced(advanced)
        except Exception as error:  # the border of who goes on: further moves must be stored even so
            complaints.tell(log, "What a commit has made ready is not taken up at once", error)


def _answer(future: asyncio.Future[set[int]], answer: set[int] | Exception) -> None:
    if future.done():
        return  # nobody waits for it any more
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)


def _advance(
    store: Store, moves: Sequence[traversals.Move], owner: str, capacity: int, connection: sa.Connection
) -> traversals.Advanced:
    return traversals.advance(connection, store.codec, moves, owner, capacity)
