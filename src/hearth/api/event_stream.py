"""A stack's events as they happen: server-sent events, fed by the engine's live feed.

Each message is an event as the list shows it, with its resource's type; its id is the event's, so that a client goes on
with `Last-Event-ID` where a connection broke. The last message of a stream is of the type `end` and says why; unless
the stack is gone, the client may come again. Comments in between keep proxies from closing a silent connection.

A client that takes nothing off its connection for a minute is cut off, as is one whose token has ended.
Spec: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Send

from hearth.api import inputs, views
from hearth.api.call import Call
from hearth.cloud import errors as cloud_errors
from hearth.engine import feed
from hearth.engine import views as engine_views
from hearth.model import errors

#: Seconds between signs of life; the caller's token and rights are looked at anew with each.
HEARTBEAT = 15.0
#: Seconds after which a client that takes nothing is cut off.
STALLED = 60.0
#: What a client is told to wait before it comes again, in milliseconds.
_RETRY = b"retry: 2000\n: connected\n\n"
_TOKEN_ENDED = "token"
_RULE = "events:index"

_HEADERS = {
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",  # nginx passes it on at once
}


async def follow(call: Call) -> Response:
    """Stay, and tell events as they happen."""
    after = call.headers.get("last-event-id") or call.query.get("marker")
    depth = min(inputs.whole("nested_depth", call.query.get("nested_depth")) or 0, call.settings.max_nested_stack_depth)
    follower = await call.service.follow_events(
        call.caller,
        call.identity,
        nested_depth=depth,
        filters=inputs.filters(call.query, inputs.EVENT_FILTERS),
        after=after,
        replay=inputs.boolean("replay", call.query.get("replay"), default=True),
    )
    try:
        first = await follower.read()
    except BaseException:
        follower.close()
        raise
    if follower.end is feed.End.GONE and not first and after:
        follower.close()
        return Response(status_code=204)  # by which browsers know that they need not come again
    return _Stream(call, follower, first, nested=depth > 0)


class _Stream(StreamingResponse):
    def __init__(self, call: Call, follower: feed.Follower, first: Sequence[feed.Told], *, nested: bool) -> None:
        self._call = call
        self._follower = follower
        self._nested = nested
        super().__init__(self._messages(first), 200, dict(_HEADERS), "text/event-stream")

    async def stream_response(self, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(STALLED):
                await send(message)

        try:
            await super().stream_response(send_in_time)
        except TimeoutError:
            return  # the server closes what has not come to its end
        finally:
            self._follower.close()

    async def _messages(self, first: Sequence[feed.Told]) -> AsyncIterator[bytes]:
        yield _RETRY
        yield self._told(first)
        follower = self._follower
        while follower.end is None:
            found = await follower.next(HEARTBEAT)
            if found:
                yield self._told(found)
            elif follower.end is None:
                yield b": \n\n"
            if not await self._may_stay():
                yield _end(_TOKEN_ENDED)
                return
        yield _end(follower.end.value)

    async def _may_stay(self) -> bool:
        """Whether the token is still good for this; the validator remembers, so it costs little."""
        try:
            caller = await self._call.caller_now()
            self._call.policy.require(caller, _RULE)
        except cloud_errors.Unavailable:
            return True  # Keystone does not answer: it is asked again
        except (errors.HearthError, cloud_errors.CloudError):
            return False
        return True

    def _told(self, found: Sequence[feed.Told]) -> bytes:
        return b"".join(self._message(one) for one in found)

    def _message(self, told: feed.Told) -> bytes:
        row, stack = told
        root = self._call.identity if self._nested else None
        shown: dict[str, Any] = views.event(
            engine_views.event(row, engine_views.identity_of(stack)), self._call.links, root
        )
        body = msgspec.json.encode({**shown, "resource_type": row.resource_type})
        return b"id: %s\ndata: %s\n\n" % (row.id.encode(), body)


def _end(reason: str) -> bytes:
    return b"event: end\ndata: %s\n\n" % msgspec.json.encode({"reason": reason})
