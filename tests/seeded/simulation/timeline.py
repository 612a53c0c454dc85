"""Virtual time: an event loop whose clock jumps to the next timer when nothing is left to do now.

Processes share the loop but not their fate. Everything a process starts - tasks, timers, callbacks - carries it along
in its context; when it is killed, none of that runs any more, not even a `finally`.
"""

import asyncio
import collections
import contextlib
import contextvars
import heapq
from asyncio import base_events
from collections.abc import Callable, Coroutine
from typing import Any

_current: contextvars.ContextVar["Process | None"] = contextvars.ContextVar("process", default=None)

#: Seconds within which timers go off together.
_AT_ONCE = 1e-9
#: Seconds since the epoch at which every story begins.
EPOCH = 1_700_000_000.0


class Stuck(Exception):
    """Nothing is left to do, now or ever, and the story has not ended."""


class Process:
    """Something that can die at any moment."""

    def __init__(self, name: str, loop: "Timeline", dies_at: Callable[["Process", str], bool]) -> None:
        """`dies_at` says of each boundary, by its name, whether the process dies there."""
        self.name = name
        self.alive = True
        self.still_until = 0.0  # it stands still before that time
        self._dies_at = dies_at
        self.died: asyncio.Future[None] = loop.create_future()
        self._loop = loop
        self._context = contextvars.copy_context()
        self._context.run(_current.set, self)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Begin a piece of its work."""
        return self._loop.create_task(work, context=self._context)

    def run(self, work: Callable[..., Any], *args: Any) -> Any:
        """Do something as it, at once."""
        return self._context.run(work, *args)

    def call_later(self, delay: float, work: Callable[..., Any], *args: Any) -> None:
        """Do something as it, after a while."""
        self._loop.call_later(delay, work, *args, context=self._context)

    def boundary(self, what: str) -> bool:
        """Whether it dies here: then the caller must do nothing more."""
        if self.alive and self._dies_at(self, f"{self.name} {what}"):
            self.kill()
        return not self.alive

    def stand_still(self, seconds: float) -> None:
        """Let it do nothing for a while, and then go on as if no time had passed."""
        self.still_until = self._loop.time() + seconds
        self._loop.put_off(self)

    @property
    def is_still(self) -> bool:
        """Whether it stands still."""
        return self.still_until > self._loop.time()

    def kill(self) -> None:
        """Let it do nothing more."""
        if self.alive:
            self.alive = False
            self._loop.drop(self)
            self.died.set_result(None)


def current() -> Process | None:
    """The process that is at work; None for the cloud, the database and the user."""
    return _current.get()


async def never() -> None:
    """What a process does once it is dead."""
    await asyncio.get_running_loop().create_future()


class _Handle:
    """Something to be done, now or `at` a time: what loops give for it, without what only debugging needs."""

    __slots__ = ("args", "at", "callback", "context", "is_cancelled", "owner")

    def __init__(
        self,
        callback: Callable[..., Any],
        args: tuple[Any, ...],
        context: contextvars.Context,
        owner: Process | None,
        at: float = 0.0,
    ) -> None:
        self.callback = callback
        self.args = args
        self.context = context
        self.owner = owner
        self.at = at
        self.is_cancelled = False

    def __lt__(self, other: "_Handle") -> bool:
        return self.at < other.at

    def cancel(self) -> None:
        """Do not do it."""
        self.is_cancelled = True

    def when(self) -> float:
        """The time at which it is done."""
        return self.at

    def cancelled(self) -> bool:
        """Whether it is not to be done."""
        return self.is_cancelled


class Timeline(base_events.BaseEventLoop):
    """The event loop of one run."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._ready: collections.deque[_Handle] = collections.deque()
        self._scheduled: list[_Handle] = []
        self._begun: list[asyncio.Task[Any]] = []

    def time(self) -> float:
        """Virtual seconds since the story began."""
        return self._now

    def epoch(self) -> float:
        """The same as the seconds of a wall clock."""
        return EPOCH + self._now

    def _run_once(self) -> None:
        """Rounds, as of every loop, until it is to stop, without what only real time and real sockets need."""
        ready, scheduled = self._ready, self._scheduled
        while not self._stopping:
            while scheduled and scheduled[0].is_cancelled:
                heapq.heappop(scheduled)
            if not ready:
                if not scheduled:
                    raise Stuck
                self._now = max(self._now, scheduled[0].at)
            end = self._now + _AT_ONCE
            while scheduled and scheduled[0].at < end:
                ready.append(heapq.heappop(scheduled))
            for _ in range(len(ready)):
                handle = ready.popleft()
                if not handle.is_cancelled:
                    try:
                        handle.context.run(handle.callback, *handle.args)
                    except (SystemExit, KeyboardInterrupt):
                        raise
                    except BaseException as error:
                        self.call_exception_handler({"message": f"{handle.callback} failed", "exception": error})

    def create_task(self, coro: Any, *, name: Any = None, context: Any = None) -> asyncio.Task[Any]:
        """As usual."""
        task = asyncio.Task(coro, loop=self, name=name, context=context)
        self._begun.append(task)
        return task

    def call_soon(self, callback: Any, *args: Any, context: contextvars.Context | None = None) -> Any:
        """As usual; what a dead process would do is forgotten."""
        if context is None:
            context = contextvars.copy_context()
        owner = context.get(_current)
        handle = _Handle(callback, args, context, owner)
        if owner is None or (owner.alive and owner.still_until <= self._now):
            self._ready.append(handle)
        elif owner.alive:
            handle.at = self._after(owner)
            heapq.heappush(self._scheduled, handle)
        else:
            handle.is_cancelled = True
        return handle

    def call_at(self, when: float, callback: Any, *args: Any, context: contextvars.Context | None = None) -> Any:
        """As usual; what a dead process would do is forgotten."""
        if context is None:
            context = contextvars.copy_context()
        owner = context.get(_current)
        if owner is not None and when < owner.still_until and owner.is_still:
            when = self._after(owner)
        handle = _Handle(callback, args, context, owner, when)
        heapq.heappush(self._scheduled, handle)
        if owner is not None and not owner.alive:
            handle.is_cancelled = True
        return handle

    def call_later(self, delay: float, callback: Any, *args: Any, context: contextvars.Context | None = None) -> Any:
        """As usual; what a dead process would do is forgotten."""
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_soon_threadsafe(self, callback: Any, *args: Any, context: contextvars.Context | None = None) -> Any:
        """There is one thread only."""
        return self.call_soon(callback, *args, context=context)

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:
        """Work that would go to a thread is done at once."""
        future = self.create_future()
        future.set_result(func(*args))
        return future

    def _after(self, process: Process) -> float:
        """When a process that stands still comes to what is put off now: in the order in which it was put off."""
        process.still_until += 1e-7
        return process.still_until

    def put_off(self, process: Process) -> None:
        """Put everything off that a process would do before it stirs again."""
        for handle in self._ready:
            if handle.owner is process and not handle.is_cancelled:
                later = _Handle(handle.callback, handle.args, handle.context, process, self._after(process))
                heapq.heappush(self._scheduled, later)
                handle.cancel()
        for timer in sorted(self._scheduled):
            if timer.owner is process and timer.at < process.still_until:
                timer.at = self._after(process)
        heapq.heapify(self._scheduled)

    def drop(self, process: Process) -> None:
        """Forget everything a process would still do."""
        for handle in [*self._ready, *self._scheduled]:
            if handle.owner is process:
                handle.cancel()

    def _write_to_self(self) -> None:
        pass

    def finish(self) -> None:
        """End the run: whatever has not ended by itself is taken apart without being run."""
        for handle in [*self._ready, *self._scheduled]:
            handle.cancel()
        self._ready.clear()
        self._scheduled.clear()
        for task in self._begun:
            if not task.done():
                task._log_destroy_pending = False  # type: ignore[attr-defined]
                with contextlib.suppress(Exception):
                    task.get_coro().close()  # type: ignore[union-attr]
            elif not task.cancelled():
                task.exception()
        self._begun.clear()
        self.close()
