"""The end of a process, once it was asked for: what is under way has so many seconds, and none after a second signal.

The server asks, the parts look. Requests and steps use the same seconds, at the same time.
"""

import asyncio
import time


class Stop:
    """Whether the end was asked for, and how long it may take. `seconds`: from the first signal on."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._until: float | None = None
        self._asked = asyncio.Event()
        self._cut = asyncio.Event()

    @property
    def asked(self) -> bool:
        """Whether the end has begun."""
        return self._until is not None

    @property
    def is_cut(self) -> bool:
        """Whether nothing is waited for any more."""
        return self._cut.is_set()

    def ask(self) -> None:
        """A signal has come."""
        if self._until is None:
            self._until = time.monotonic() + self.seconds
            self._asked.set()
        else:
            self._cut.set()

    async def wait(self) -> None:
        """Wait until the end begins."""
        await self._asked.wait()

    async def wait_for(self, work: asyncio.Task[None]) -> bool:
        """Let something come to its end as long as there is time; whether it did. Without a signal there is none."""
        left = 0.0 if self._until is None else max(0.0, self._until - time.monotonic())
        cut = asyncio.create_task(self._cut.wait())
        await asyncio.wait({work, cut}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        cut.cancel()
        if work.done():
            return True
        work.cancel()
        await asyncio.wait({work})
        return False
