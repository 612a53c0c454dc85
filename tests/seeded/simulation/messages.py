"""The bus's twin: messages between processes that come late, twice, in any order, or never."""

import asyncio
from typing import Any

from hearth.bus import contract
from simulation import timeline
from simulation.chance import Chance


class Post:
    """Carries messages between all processes of a run."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._loop = asyncio.get_running_loop()
        self._places: dict[str, list[Place]] = {}

    async def publish(self, topic: str, message: contract.Message) -> None:
        """See `contract.Bus`."""
        for place in self._places.get(topic, ()):
            for delay in self._chance.deliveries():
                place.process.call_later(delay, place.deliver, message)

    async def offer(self, topic: str, message: contract.Message) -> None:
        """See `contract.Bus`."""
        places = self._places.get(topic)
        if not places:
            return
        place = places[self._chance.number(0, len(places) - 1)]
        for delay in self._chance.deliveries():
            place.process.call_later(delay, place.deliver, message)

    async def check(self) -> None:
        """See `contract.Bus`."""

    def subscribe(self, topic: str, handler: contract.Handler) -> "Place":
        """See `contract.Bus`."""
        process = timeline.current()
        assert process is not None
        listed = self._places.setdefault(topic, [])
        place = Place(process, handler, listed)
        listed.append(place)
        return place

    async def close(self) -> None:
        """See `contract.Bus`."""


class Place:
    """A process's place at a topic."""

    def __init__(self, process: timeline.Process, handler: contract.Handler, listed: list["Place"]) -> None:
        self.process = process
        self._handler = handler
        self._listed = listed
        self._cancelled = False

    def deliver(self, message: Any) -> None:
        """Hand a message to the handler, as the process."""
        if not self._cancelled:
            self.process.spawn(self._handler(message))

    async def cancel(self) -> None:
        """See `contract.Subscription`."""
        self._cancelled = True
        self._listed.remove(self)
