"""What all that speak to a message broker share: staying connected to it.

Whoever comes back after a loss begins anew: channels, queues and subscriptions belong to one connection.
"""

import asyncio
import itertools
import logging
import ssl
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NoReturn

import aio_pika
from aio_pika import abc

from hearth.model import interruption

_log = logging.getLogger(__name__)

#: Seconds: until a node counts as away, between tries, and between signs of life.
PATIENCE: Final = 10
_PAUSES: Final = (0.5, 1.0, 2.0, 5.0)
HEARTBEAT: Final = 15


async def stay_connected(
    nodes: Sequence[str],
    serve: Callable[[abc.AbstractConnection, bool], Awaitable[None]],
    complaint: str,
    tls: ssl.SSLContext | None = None,
) -> NoReturn:
    """Serve over a connection to whichever node answers, again and again, until it is cancelled.

    Args:
        serve: returns when the connection is lost; is told whether it was connected, or tried to be, before.
        complaint: what is logged when no node can be used, with a place for the reason.
        tls: how to speak TLS; None: as the addresses say.
    """
    turns = itertools.cycle(nodes)
    tries = 0
    while True:
        interruption.end_if_told()  # which the library may have swallowed
        try:
            connection = await aio_pika.connect(next(turns), ssl_context=tls, timeout=PATIENCE, heartbeat=HEARTBEAT)
            async with connection:
                await serve(connection, tries > 0)
                tries = 0
        except (Exception, asyncio.CancelledError) as error:  # the border of a library that raises anything
            interruption.heed(error)
            pause = _PAUSES[min(tries, len(_PAUSES) - 1)]
            if tries == 0:
                _log.error(complaint, told(error))
            tries += 1
            await asyncio.sleep(pause)
        else:
            tries = 1  # lost: begin anew at once


async def end(staying: "asyncio.Task[NoReturn]") -> None:
    """Let a task that stays connected end, however often the library keeps that to itself."""
    while not staying.done():
        staying.cancel()
        await asyncio.wait([staying], timeout=1)


def told(error: BaseException) -> str:
    """What an error says, without the address, which holds a password."""
    return f"{type(error).__name__}: {str(error).rpartition('@')[2]}" if str(error) else type(error).__name__
