"""A stack's events as the server tells them, for `hearth.cli.follow`: server-sent events, read in a thread.

A stream that breaks is opened again once, after the last event that came. It counts as closed when there is none (the
server is a Heat), when nothing of it comes through in time (a proxy keeps it back), or when it cannot be opened again;
whoever follows then asks for the events instead.
"""

import contextlib
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager

import msgspec

from hearth.cli import client, problems

#: How long the first sign of an open stream may take, in seconds: it comes at once from a server that has streams.
OPENING = 3.0
#: Between the end of a stream and its opening again, in seconds.
_REST = 1.0

#: Opens the stream after an event (None: from the first one on) and gives its lines, or None: there is no stream.
Open = Callable[[str | None], AbstractContextManager[Iterable[bytes] | None]]


def messages(lines: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    """Type and data of each message; a comment, which is only a sign of life, has neither."""
    kind, data = "", b""
    for line in lines:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if not line:
            if data:
                yield kind or "message", data
            kind, data = "", b""
        elif not name:
            yield "", b""
        elif name == b"event":
            kind = value.decode()
        elif name == b"data":
            data += value


class Stream:
    """Events as they come. `take` them until it says that there is no stream."""

    def __init__(self, opening: Open, after: str | None) -> None:
        self._opening = opening
        self._last = after
        self._found: queue.SimpleQueue[client.Record | None] = queue.SimpleQueue()
        self._is_open = threading.Event()
        self._left = threading.Event()
        self._closed = False
        # What waits in a read cannot be interrupted, but must keep nobody from leaving.
        threading.Thread(target=self._run, name="event stream", daemon=True).start()

    def take(self, within: float) -> list[client.Record] | None:
        """What has come; if there is nothing, what comes first in so many seconds. None: there is no stream (more)."""
        if not self._closed and not self._is_open.wait(OPENING):
            self.leave()
        found: list[client.Record] = []
        with contextlib.suppress(queue.Empty):
            while not self._closed:
                one = self._found.get_nowait() if found else self._found.get(timeout=within)
                if one is None:
                    self._closed = True
                else:
                    found.append(one)
        return None if self._closed and not found else found

    def leave(self) -> None:
        """No more is wanted."""
        self._closed = True
        self._left.set()

    def _run(self) -> None:
        with contextlib.suppress(problems.CliError, OSError, ValueError):
            while self._read() and not self._left.wait(_REST):
                pass
        self._found.put(None)
        self._is_open.set()

    def _read(self) -> bool:
        """Read one connection to its end; whether another one may bring more."""
        with self._opening(self._last) as lines:
            if lines is None:
                return False
            for kind, data in messages(lines):
                self._is_open.set()
                if self._left.is_set():
                    return False
                if kind == "message":
                    event = msgspec.json.decode(data)
                    self._last = event["id"]
                    self._found.put(event)
                elif kind == "end" and msgspec.json.decode(data).get("reason") == "deleted":
                    return False
        return self._is_open.is_set()
