"""Brings the events of stacks to the queues that their environments name in `event_sinks`.

One engine of all does this, as the stack's owner. Events arrive at least once, in order. A queue that cannot be written
to is tried again for a while; then the events that were due are given up, which the log tells.
Spec: https://docs.openstack.org/heat/latest/template_guide/environment.html
"""

import asyncio
import datetime
import functools
import itertools
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from hearth.cloud import errors as cloud_errors
from hearth.cloud import session as cloud_session
from hearth.engine import authority, complaints, context, rounds
from hearth.engine.rounds import Next
from hearth.model import interruption
from hearth.model.errors import HearthError
from hearth.resources.zaqar import client
from hearth.store import events, news, sinks, stacks
from hearth.store.rows import EventRow, StackRow
from hearth.store.sinks import SinkRow

log = logging.getLogger(__name__)

#: Events of some trees that are read at a time.
_AT_ONCE = 200
#: Messages in one request: the most that the service takes.
_PAGE = 20
#: Trees whose events are brought at the same time, and seconds that one of them may take: a queue that is slow must not
#: keep those of others waiting.
_TREES_AT_ONCE, PATIENCE = 50, 5.0
#: How long a message lies there in seconds, where the sink does not say.
_TTL = 3600
_VERSION = "0.1"
#: Seconds before the first repetition, which grow with each, and their most; after so many events are given up.
FIRST_PAUSE, LONGEST_PAUSE, TRIES = 1.0, 60.0, 12


class Sinking:
    """The work of one engine."""

    def __init__(self, surroundings: context.Context, owners: authority.Authority, engine_id: str) -> None:
        self._context = surroundings
        self._store = surroundings.store
        self._authority = owners
        topics = [news.SINKS, news.EVENTS]
        self._rounds = rounds.Rounds(surroundings, engine_id, "event sinks", topics, self._bring_some)

    def start(self) -> None:
        """Begin."""
        self._rounds.start()

    async def stop(self) -> None:
        """Bring no more; another engine goes on."""
        await self._rounds.stop()

    async def _bring_some(self) -> Next:
        now, codec = self._context.now(), self._store.codec
        rows = {one.stack_id: one for one in await self._store.read(lambda c: sinks.due(c, now))}
        if not rows:
            return Next.WOKEN
        places = {one.stack_id: one.seq for one in rows.values()}
        found = await self._store.read(lambda c: events.since_in_trees(c, codec, places, _AT_ONCE))
        found.sort(key=lambda pair: pair[0])
        brought = {root: [event for _, event in some] for root, some in itertools.groupby(found, lambda pair: pair[0])}
        are_all = len(found) < _AT_ONCE  # otherwise events of some trees may not have been read
        room = asyncio.Semaphore(_TREES_AT_ONCE)

        async def go_on(root_id: str, row: SinkRow) -> None:
            async with room:
                stack = await self._store.read(functools.partial(stacks.by_id, stack_id=root_id))
                if root_id in brought and stack is not None:
                    await self._bring(stack, row, brought[root_id])
                elif are_all and (stack is None or stack.deleted_at is not None):
                    await self._end(root_id, stack)

        await asyncio.gather(*(go_on(root_id, row) for root_id, row in rows.items()))
        return Next.NOW if found else Next.WOKEN

    async def _bring(self, stack: StackRow, row: SinkRow, found: Sequence[EventRow]) -> None:
        """Bring what is due of a tree, as far as it goes within the time that a tree may take."""
        arrived, failure = row.seq, None
        try:
            async with asyncio.timeout(PATIENCE):
                access = await self._authority.session_of(stack)
                for start in range(0, len(found), _PAGE):
                    page = found[start : start + _PAGE]
                    for sink in row.sinks:
                        await _post(access, sink, page)
                    arrived = page[-1].seq
        except TimeoutError:
            failure = f"no answer within {PATIENCE:.0f} s"
        except (cloud_errors.CloudError, HearthError) as error:
            failure = str(error)
        except (Exception, asyncio.CancelledError) as error:
            # The border of a tree: its defect is no affair of the others.
            interruption.heed(error)
            complaints.tell(log, f"Events of stack {stack.id} cannot be brought to its sinks", error)
            failure = f"{type(error).__name__}: {error}"
        tries = row.tries if arrived == row.seq else 0
        if failure is not None and tries + 1 >= TRIES:
            log.error("%d events of stack %s are not brought to its sinks: %s", len(found), stack.id, failure)
            arrived, failure = found[-1].seq, None
        if arrived != row.seq:
            await self._store.write(functools.partial(sinks.move, stack_id=stack.id, seq=arrived))
        if failure is not None:
            log.warning("Events of stack %s cannot be brought to its sinks yet: %s", stack.id, failure)
            due_at = self._context.now() + min(FIRST_PAUSE * 2**tries, LONGEST_PAUSE)
            await self._store.write(functools.partial(sinks.postpone, stack_id=stack.id, due_at=due_at))

    async def _end(self, root_id: str, stack: StackRow | None) -> None:
        """All has been brought of a stack that is gone; its owner's delegation was kept for that."""
        if stack is not None:
            try:
                await self._authority.revoke(stack)
            except cloud_errors.CloudError as error:
                log.info("The delegation of the deleted stack %s is taken back later: %s", root_id, error)
        await self._store.write(functools.partial(sinks.drop, stack_id=root_id))


async def _post(access: cloud_session.Session, sink: Mapping[str, Any], page: Sequence[EventRow]) -> None:
    path, ttl = f"{client.queue_path(sink['target'])}/messages", sink.get("ttl", _TTL)
    body = {"messages": [{"ttl": ttl, "body": told(one)} for one in page]}
    await access.request(client.SERVICE, "POST", path, json=body, headers=client.HEADERS)


def told(event: EventRow) -> dict[str, Any]:
    """An event as sinks get it."""
    at = datetime.datetime.fromtimestamp(event.at, datetime.UTC).replace(tzinfo=None)
    return {
        "timestamp": at.isoformat(),
        "version": _VERSION,
        "type": "os.heat.event",
        "id": event.id,
        "payload": {
            "resource_name": event.resource_name,
            "physical_resource_id": event.physical_id,
            "stack_id": event.stack_id,
            "resource_action": event.action,
            "resource_status": event.status,
            "resource_status_reason": event.reason,
            "resource_type": event.resource_type,
            "resource_properties": event.properties,
            "version": _VERSION,
        },
    }
