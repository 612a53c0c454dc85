"""Virtual time: an event loop whose clock jumps to the next timer when nothing is left to do now.

Processes share the loop but not their fate. Everything a process starts - tasks, timers, callbacks - carries it along
in its context; when it is killed, none of that runs any more, not even a `finally`.
"""

import asyncio
import contextlib
import contextvars
import heapq
from asyncio import base_events, events
from collections.abc import Callable, Coroutine
from typing import Any

_current: contextvars.ContextVar["Process | None"] = contextvars.ContextVar("process", default=None)

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


class Timeline(base_events.BaseEventLoop):
    """The event loop of one run."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._clock_resolution = 1e-9
        self._begun: list[asyncio.Task[Any]] = []
        self.set_task_factory(self._begin)

    def time(self) -> float:
        """Virtual seconds since the story began."""
        return self._now

    def epoch(self) -> float:
        """The same as the seconds of a wall clock."""
        return EPOCH + self._now

    def _run_once(self) -> None:
        """One round, as of every loop, without what only real time and real sockets need."""
        ready, scheduled = self._ready, self._scheduled
        while scheduled and scheduled[0]._cancelled:
            heapq.heappop(scheduled)._scheduled = False
        if not ready and not self._stopping:
            if not scheduled:
                raise Stuck
            self._now = max(self._now, scheduled[0]._when)
        end = self._now + self._clock_resolution
        while scheduled and scheduled[0]._when < end:
            timer = heapq.heappop(scheduled)
            timer._scheduled = False
            ready.append(timer)
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle._cancelled:
                handle._run()

    def _begin(self, loop: Any, work: Any, context: Any = None) -> asyncio.Task[Any]:
        task = asyncio.Task(work, loop=loop, context=context)
        self._begun.append(task)
        return task

    def call_soon(
        self, callback: Callable[..., Any], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        """As usual; what a dead process would do is forgotten."""
        owner = _current.get() if context is None else context.get(_current)
        if owner is not None and not owner.alive:
            handle = events.Handle(callback, args, self, context)
            handle.cancel()
            return handle
        if owner is not None and owner.is_still:
            return super().call_at(self._after(owner), callback, *args, context=context)
        return super().call_soon(callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[..., Any], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        """As usual; what a dead process would do is forgotten."""
        owner = _current.get() if context is None else context.get(_current)
        if owner is not None and when < owner.still_until and owner.is_still:
            when = self._after(owner)
        handle = super().call_at(when, callback, *args, context=context)
        if owner is not None and not owner.alive:
            handle.cancel()
        return handle

    def call_soon_threadsafe(
        self, callback: Callable[..., Any], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
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
        for handle in [*self._ready]:
            if handle._context is not None and handle._context.get(_current) is process and not handle._cancelled:
                super().call_at(self._after(process), handle._callback, *handle._args, context=handle._context)  # type: ignore[attr-defined]
                handle.cancel()
        for timer in sorted(self._scheduled):
            if timer._context.get(_current) is process and timer._when < process.still_until:
                timer._when = self._after(process)
        heapq.heapify(self._scheduled)

    def drop(self, process: Process) -> None:
        """Forget everything a process would still do."""
        for handle in [*self._ready, *self._scheduled]:
            if handle._context is not None and handle._context.get(_current) is process:
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
