"""The working memories of the traversals that an engine works on, by id: loaded once, kept while they are in use."""

import asyncio
from collections.abc import Collection

import sqlalchemy as sa

from hearth.engine import actions, context, definitions, plan_keeping, run
from hearth.store import drift as drift_rows
from hearth.store import endings, stacks, traversals
from hearth.store.rows import StackRow, TraversalRow


class Runs:
    """Those of one engine."""

    def __init__(self, surroundings: context.Context, kept: definitions.Definitions) -> None:
        self._context = surroundings
        self._definitions = kept
        self._known: dict[int, run.Run] = {}
        self._locks: dict[int, asyncio.Lock] = {}

    def known(self, traversal_id: int) -> run.Run | None:
        """That of a traversal, if it is in memory."""
        return self._known.get(traversal_id)

    async def of(self, traversal_id: int) -> run.Run | None:
        """That of a traversal; None when there is none of this id any more."""
        known = self._known.get(traversal_id)
        if known is not None:
            return known
        async with self._locks.setdefault(traversal_id, asyncio.Lock()):
            known = self._known.get(traversal_id)
            if known is None:
                known = await self._load(traversal_id)
                if known is not None:
                    self._known[traversal_id] = known
        return known

    async def _load(self, traversal_id: int) -> run.Run | None:
        def query(connection: sa.Connection) -> tuple[TraversalRow, StackRow | None] | None:
            traversal = traversals.by_id(connection, traversal_id)
            return (traversal, stacks.by_id(connection, traversal.stack_id)) if traversal else None

        found = await self._context.store.read(query)
        if found is None or found[1] is None:
            return None
        return await self._made(found[1], found[0])

    async def _made(self, stack: StackRow, traversal: TraversalRow) -> run.Run:
        blueprint = None
        if traversal.definition_id != actions.NOTHING:
            blueprint = await self._definitions.blueprint(traversal.definition_id, stack)
        working = run.Run(stack, traversal, blueprint, self._definitions.type_named, self._context)
        working.bounds = await plan_keeping.bounds_of(self._context.store, traversal)
        codec = self._context.store.codec
        found = await self._context.store.read(lambda c: drift_rows.treatments(c, codec, [stack.id]))
        working.treatments = found.get(stack.id, {})
        return working

    def adopt(self, working: run.Run) -> None:
        """Keep that of a traversal that this engine has just begun."""
        self._known[working.traversal.id] = working

    def forget(self, traversal_id: int) -> None:
        """Let go of that of a traversal that has ended."""
        self._known.pop(traversal_id, None)
        self._locks.pop(traversal_id, None)

    async def forget_idle(self, in_use: Collection[int]) -> None:
        """Let go of those of traversals that run no more, but for some."""
        idle = self._known.keys() - set(in_use)
        if not idle:
            return
        running = await self._context.store.read(endings.deadlines)
        for traversal_id in idle - running.keys():
            self.forget(traversal_id)
