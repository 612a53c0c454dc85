"""The live feed of events: one watcher a process reads what commits brought and hands it to everybody who follows.

The watcher is woken by the bus, on which each process announces its commits of events; a sweep finds those of processes
that the bus does not reach. It works only while somebody follows, with one query for all of them.

A follower begins, and goes on after it fell behind, by reading pages from the store; else it takes from a queue that
the watcher fills. The queue is bounded: when a slow follower's is full it is emptied, and what was in it is read from
the store once the follower is ready. So nobody's slowness costs memory, and nobody misses an event that is kept.

Events of one tree of stacks become visible in the order of their numbers, on every database, since whoever writes them
has the tree for itself until the commit (`hearth.store.writer`). Those of different trees do not; so the watcher keeps
a place for each tree.

    BEHIND ──a page that is not full──► LIVE ──queue full──► BEHIND
"""

import asyncio
import collections
import contextlib
import enum
import logging
from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa

from hearth.bus import contract as bus
from hearth.engine import complaints, context, following
from hearth.model import interruption
from hearth.model.errors import HearthError, LimitExceeded
from hearth.store import events, news, stacks
from hearth.store.rows import EventRow, StackRow

log = logging.getLogger(__name__)

Told = tuple[EventRow, StackRow]

#: Seconds between looks when nothing wakes the watcher.
SWEEP = 1.0
#: Seconds between two looks at least, so that a busy engine's commits are read several at a time.
_REST = 0.05
#: Events that one query reads, and that a follower is handed at once.
PAGE = 200
#: Events that wait for one follower at the most.
QUEUE = 1000


class End(enum.Enum):
    """Why a follower gets no more."""

    GONE = "deleted"
    CLOSING = "closing"


class Follower:
    """One place in the feed. Take with `next` until `end` is set, then `close`."""

    def __init__(self, feed: "Feed", selection: following.Selection, after: int) -> None:
        self.selection = selection
        self.end: End | None = None
        self._feed = feed
        self._cursor = after
        self._behind = True
        #: While behind: whether what the watcher brings waits in the queue already, since reading has begun.
        self._gathers = False
        self._falls = 0
        self._queue: collections.deque[EventRow] = collections.deque()
        self._awake = asyncio.Event()
        self._known: dict[str, StackRow] = {selection.stack.id: selection.stack}

    async def next(self, within: float) -> list[Told]:
        """The next events with their stacks, oldest first; none when there were none in that many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                while self.end is None:
                    if found := await self.read() if self._behind else self._taken():
                        return found
                    if self._behind or self._queue or self.end:
                        continue
                    if self._feed.closing:
                        self.end = End.CLOSING
                        break
                    self._awake.clear()
                    await self._awake.wait()
        return []

    def close(self) -> None:
        """Leave the feed."""
        self._feed.leave(self)

    def give(self, event: EventRow) -> None:
        """Called by the watcher for each new event of the tree."""
        if len(self._queue) >= QUEUE:
            self._fall_behind()
        elif not self._behind or self._gathers:
            self._queue.append(event)
        self._awake.set()

    def learn(self, tree: Mapping[str, StackRow]) -> None:
        """Called by the watcher when there are new stacks."""
        self._known = self.selection.stacks(tree)

    def wake(self) -> None:
        """Called when the feed closes."""
        self._awake.set()

    def _fall_behind(self) -> None:
        self._queue.clear()
        self._gathers = False
        self._behind = True
        self._falls += 1

    async def read(self) -> list[Told]:
        """One page from the store: what is next for who begins or fell behind."""
        self._gathers = True
        falls = self._falls
        page, tree = await self._feed.page(self.selection, self._cursor)
        self.learn(tree)
        if page:
            self._cursor = page[-1].seq
        if falls == self._falls:
            self._behind = len(page) == PAGE
        if not self._behind:
            stack = tree.get(self.selection.stack.id)
            if stack is None or stack.deleted_at is not None:
                self.end = End.GONE
        return [(event, self._known[event.stack_id]) for event in page]

    def _taken(self) -> list[Told]:
        found: list[Told] = []
        while self._queue and len(found) < PAGE and self.end is None:
            event = self._queue.popleft()
            if event.seq <= self._cursor:
                continue  # it was read from the store
            self._cursor = event.seq
            if self.selection.ends_with(event):
                self.end = End.GONE
            stack = self._known.get(event.stack_id)
            if stack is not None and self.selection.wants(event):
                found.append((event, stack))
        return found


class Feed:
    """The watcher of one process and those who follow."""

    def __init__(self, surroundings: context.Context) -> None:
        self.closing = False
        self._context = surroundings
        self._store = surroundings.store
        self._positions: dict[str, int] = {}  # the number of the last event that was read, by the tree's root
        self._followers: set[Follower] = set()
        self._trees: dict[str, dict[str, StackRow]] = {}
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    # ---- followers ----

    async def follow(self, selection: following.Selection, after: str | None, *, replay: bool) -> Follower:
        """A new place in the feed: after an event, if it is still kept; else with all that are, or (`replay` False)
        only with what happens from now on.

        Raises:
            LimitExceeded: the project has as many places as it may have.
            HearthError: the process has.
        """
        self._check_room(selection.stack.project_id)

        def query(connection: sa.Connection) -> tuple[int, int | None, list[StackRow]]:
            tree = stacks.tree(connection, selection.stack.root_id, live=False)
            found = None
            if after is not None:
                found = events.number_of(connection, after, [one.id for one in tree])
            return events.newest(connection, [one.id for one in tree]), found, tree

        newest, found, tree = await self._store.read(query)
        self._check_room(selection.stack.project_id)
        cursor = found if found is not None else 0 if replay or after is not None else newest
        follower = Follower(self, selection, cursor)
        follower.learn({one.id: one for one in tree})
        self._followers.add(follower)
        self._positions.setdefault(selection.stack.root_id, newest)
        if self._task is None:
            self._task = asyncio.create_task(self._watch(), name="event feed")
        return follower

    def _check_room(self, project_id: str) -> None:
        chosen = self._context.settings
        if self.closing:
            raise HearthError("This process is stopping.", kind="HTTPServiceUnavailable", status=503)
        if 0 <= chosen.max_event_streams <= len(self._followers):
            raise HearthError(
                f"{len(self._followers)} event streams are open here, as many as may be (max_event_streams). "
                "List the events, or try again later.",
                kind="HTTPServiceUnavailable",
                status=503,
            )
        of_project = sum(one.selection.stack.project_id == project_id for one in self._followers)
        if 0 <= chosen.max_event_streams_per_tenant <= of_project:
            raise LimitExceeded(
                f"The project has {of_project} event streams open here, as many as it may have "
                "(max_event_streams_per_tenant). Close one, or list the events."
            )

    def leave(self, follower: Follower) -> None:
        """A follower goes."""
        self._followers.discard(follower)
        self._wake.set()

    def close(self) -> None:
        """Let all followers come to their end; nobody may follow from now on."""
        self.closing = True
        for follower in self._followers:
            follower.wake()
        self._wake.set()

    async def stop(self) -> None:
        """Close, and wait until the watcher has let go of the store."""
        self.close()
        if self._task is not None:
            await asyncio.wait([self._task])

    async def page(self, selection: following.Selection, after: int) -> tuple[list[EventRow], dict[str, StackRow]]:
        """The next events of a selection as the store has them, and the tree of stacks now."""
        codec = self._store.codec

        def query(connection: sa.Connection) -> tuple[list[EventRow], dict[str, StackRow]]:
            tree = {one.id: one for one in stacks.tree(connection, selection.stack.root_id, live=False)}
            wanted = list(selection.stacks(tree))
            return events.since(connection, codec, wanted, after, filters=selection.columns, limit=PAGE), tree

        return await self._store.read(query)

    # ---- the watcher ----

    async def _watch(self) -> None:
        subscription = self._context.wakeups.subscribe(news.EVENTS, self._woken)
        try:
            while self._followers and not self.closing:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(SWEEP):
                        await self._wake.wait()
                self._wake.clear()
                try:
                    while await self._look():
                        pass
                except (Exception, asyncio.CancelledError) as error:  # the border of the watcher: it looks again
                    interruption.heed(error)
                    complaints.tell(log, "New events cannot be read; it is tried again", error)
                await asyncio.sleep(_REST)
        finally:
            self._task = None
            self._trees.clear()
            await subscription.cancel()

    async def _woken(self, _message: bus.Message) -> None:
        self._wake.set()

    async def _look(self) -> bool:
        """Read and hand out what is new; whether there may be more."""
        followed = {one.selection.stack.root_id for one in self._followers}
        self._positions = {root: seq for root, seq in self._positions.items() if root in followed}
        roots, places, codec = sorted(followed), dict(self._positions), self._store.codec
        known = self._known_stacks(roots)

        def query(connection: sa.Connection) -> tuple[list[tuple[str, EventRow]], dict[str, dict[str, StackRow]]]:
            rows = events.since_in_trees(connection, codec, places, PAGE)
            if all(row.stack_id in known for _, row in rows):
                return rows, {}
            return rows, {root: {one.id: one for one in stacks.tree(connection, root, live=False)} for root in roots}

        rows, trees = await self._store.read(query)
        self._learn(trees)
        self._hand_out(rows)
        for root, row in rows:
            self._positions[root] = row.seq
        return len(rows) >= PAGE

    def _known_stacks(self, roots: Sequence[str]) -> set[str]:
        for root in set(self._trees) - set(roots):
            del self._trees[root]
        return {stack_id for tree in self._trees.values() for stack_id in tree}

    def _learn(self, trees: dict[str, dict[str, StackRow]]) -> None:
        self._trees |= trees
        for follower in self._followers:
            tree = trees.get(follower.selection.stack.root_id)
            if tree is not None:
                follower.learn(tree)

    def _hand_out(self, rows: Iterable[tuple[str, EventRow]]) -> None:
        by_root: dict[str, list[Follower]] = {}
        for follower in self._followers:
            by_root.setdefault(follower.selection.stack.root_id, []).append(follower)
        for root, row in rows:
            for follower in by_root.get(root, ()):
                follower.give(row)
