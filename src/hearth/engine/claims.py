"""What an engine has claimed of the work list, and how much more it takes.

Every claim is known here from the commit that made it until somebody says that it is held no more. One in the store of
which nothing is known here was lost by a defect; it is given back.
"""

import dataclasses
import logging
from collections.abc import Callable, Mapping, Sequence

import sqlalchemy as sa

from hearth.engine import context, lease, runs
from hearth.model import turns
from hearth.store import traversals, work_list
from hearth.store.rows import Node
from hearth.telemetry import metrics

log = logging.getLogger(__name__)

AT_ONCE = 400
#: Where several engines work, each takes a share of that, but not less than pays for the taking.
AT_LEAST = 25
#: Nodes that each project may hold in an engine that is full with those of others; fewer in one that holds few.
RESERVE = 25


@dataclasses.dataclass(frozen=True, slots=True)
class Taken:
    """What one claim brought. `has_room`: whether it was not for reserves alone."""

    nodes: Sequence[Node]
    are_more: bool
    has_room: bool


class Claims:
    """Those of one engine. `woken` is called when there is room again."""

    def __init__(
        self,
        surroundings: context.Context,
        engine_id: str,
        leased: lease.Lease,
        working: runs.Runs,
        woken: Callable[[], None],
    ) -> None:
        self._context = surroundings
        self._owner = engine_id
        self._lease = leased
        self._runs = working
        self._woken = woken
        self._known: set[tuple[int, int]] = set()  # node id, token of the claim
        self._unheld: set[tuple[int, int]] = set()  # those in the store that were not known at the last look
        self._turns = turns.Turns(min(RESERVE, max(1, surroundings.settings.max_claimed // 4)))
        self._closed = False

    def __len__(self) -> int:
        return len(self._known)

    def close(self) -> None:
        """Take nothing more."""
        self._closed = True

    def capacity(self) -> int:
        """How many more nodes the engine takes at a time, so that others get their share."""
        if self._closed:
            return 0
        room = max(0, self._context.settings.max_claimed - len(self._known))
        return room if self._lease.engines <= 1 else min(room, self._share())

    def _share(self) -> int:
        return max(AT_LEAST, AT_ONCE // max(1, self._lease.engines))

    async def take(self) -> Taken:
        """Claim some of the work list."""
        limit, now = min(self.capacity(), self._share()), self._context.now()

        def unit(connection: sa.Connection) -> list[Node]:
            return work_list.claim(connection, self._owner, limit, now, self._turns)

        nodes = await self._context.store.write(unit)
        self.hold(nodes, "list")
        return Taken(nodes, len(nodes) >= limit or self._turns.seen > 0, limit > 0)

    def hold(self, nodes: Sequence[Node], by: str) -> None:
        """These have been claimed."""
        for node in nodes:
            self._known.add((node.id, node.token))
            working = self._runs.known(node.traversal_id)
            whose = node.project_id if working is None else working.stack.project_id
            self._turns.hold(node.traversal_id, whose)
        metrics.CLAIMS.labels(by).inc(len(nodes))
        metrics.HELD.inc(len(nodes))

    def release(self, *nodes: Node) -> None:
        """These are no longer held."""
        full = self.capacity() == 0
        for node in nodes:
            if (node.id, node.token) in self._known:
                self._known.remove((node.id, node.token))
                self._turns.release(node.traversal_id)
                metrics.HELD.dec()
        if full:
            self._woken()

    async def owned(self) -> Mapping[int, int]:
        """What the engine has claimed by the store: `{node id: token}`."""
        return await self._context.store.read(lambda connection: traversals.owned(connection, self._owner))

    async def give_back_unheld(self, owned: Mapping[int, int]) -> None:
        """Give back what nobody works on here, since a defect ended whoever did.

        Only what was found so twice: what was claimed a moment ago may not have been taken up yet.
        """
        unheld = set() if self._closed else set(owned.items()) - self._known
        lost, self._unheld = unheld & self._unheld, unheld - self._unheld
        if lost:
            log.error("Nobody works on %d nodes that this engine has claimed; they are given back", len(lost))
            await self._context.store.write(lambda connection: traversals.give_back(connection, self._owner, lost))
