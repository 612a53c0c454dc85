"""What a bus promises, whichever carries it.

Messages may come twice, late, in another order, or never, so they only wake: whoever is woken looks into the store. Of
the messages of a topic that nobody has picked up yet only the newest is kept, so a burst wakes once.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

Message = Mapping[str, Any]
Handler = Callable[[Message], Awaitable[None]]


class Subscription(Protocol):
    """A handler's place at a topic."""

    async def cancel(self) -> None:
        """Stop calling the handler; a call that runs is waited for."""


class Bus(Protocol):
    """Carries wake-ups between engines and APIs. What it cannot carry now is lost; it never raises for that."""

    async def publish(self, topic: str, message: Message) -> None:
        """Wake all subscribers of a topic. Does not wait for them."""

    async def offer(self, topic: str, message: Message) -> None:
        """Wake one subscriber of a topic, of whichever process; the next offer another one."""

    def subscribe(self, topic: str, handler: Handler) -> Subscription:
        """Call `handler` with the newest message after each wake-up, one call at a time."""

    async def check(self) -> None:
        """Raises ConnectionError while it cannot carry messages."""

    async def close(self) -> None:
        """Cancel all subscriptions."""
