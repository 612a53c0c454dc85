"""Messages of queues and claims on them: what is in a queue now, who has it, and when it ends.

Messages and claims end by themselves: nobody is told, they are just not seen any more, and dropped when their queue is
next looked at. Times are virtual.
"""

import dataclasses
from typing import Any

from hearth.localcloud.core import cloud, ids, state

#: How long a message and a claim live at the least and the most, in seconds.
SHORTEST_TTL, LONGEST_TTL = 60, 1_209_600
DEFAULT_TTL = 3600
DEFAULT_CLAIM_TTL, DEFAULT_GRACE = 300, 60


@dataclasses.dataclass(frozen=True, slots=True)
class Selection:
    """Which messages of a queue are wanted, the oldest first. `client`: without those that it has put there itself."""

    limit: int
    after: str | None = None
    claimed: bool = False
    client: str | None = None


class Messages:
    """The messages of all queues."""

    def __init__(self, owner: cloud.Cloud) -> None:
        self._cloud = owner
        self.table = owner.state.table("zaqar.messages", index=("queue",))
        self.claims = owner.state.table("zaqar.claims", index=("queue",))

    def post(self, queue: str, client: str, several: list[tuple[Any, int]]) -> list[str]:
        """Put bodies, each with its time to live, into a queue; their ids."""
        now, made = self._cloud.clock.now(), []
        for body, ttl in several:
            message = {
                "id": ids.new_id(),
                "queue": queue,
                "client": client,
                "body": body,
                "ttl": ttl,
                "created": now,
                "ends": now + ttl,
                "claim_id": None,
                "claim_count": 0,
            }
            made.append(self.table.insert(message)["id"])
        return made

    def all(self, queue: str) -> list[state.Document]:
        """What is in a queue; what has ended is dropped."""
        now = self._cloud.clock.now()
        alive = []
        for message in self.table.select(queue=queue):
            if message["ends"] > now:
                alive.append(message)
            else:
                self.table.delete(message["id"])
        return alive

    def claim_of(self, message: state.Document) -> state.Document | None:
        """The claim that holds a message now."""
        claim = self.claims.get(message["claim_id"]) if message["claim_id"] else None
        return claim if claim is not None and claim["ends"] > self._cloud.clock.now() else None

    def select(self, queue: str, wanted: Selection) -> list[state.Document]:
        """Messages of a queue."""
        found = self.all(queue)
        if wanted.after is not None and wanted.after in self.table:
            last = self.table.sequence(wanted.after)
            found = [one for one in found if self.table.sequence(one["id"]) > last]
        if wanted.client is not None:
            found = [one for one in found if one["client"] != wanted.client]
        if not wanted.claimed:
            found = [one for one in found if self.claim_of(one) is None]
        return found[: wanted.limit]

    def claim(self, queue: str, limit: int, ttl: int, grace: int) -> tuple[str, list[state.Document]]:
        """Claim free messages: nobody else gets them for `ttl` seconds, and they live at least `grace` longer."""
        now = self._cloud.clock.now()
        free = self.select(queue, Selection(limit))
        if not free:
            return "", []
        claim = self.claims.insert({"id": ids.new_id(), "queue": queue, "ttl": ttl, "created": now, "ends": now + ttl})
        changed = [
            self.table.update(
                one["id"],
                claim_id=claim["id"],
                claim_count=one["claim_count"] + 1,
                ends=max(one["ends"], now + ttl + grace),
            )
            for one in free
        ]
        return claim["id"], changed

    def claimed(self, claim_id: str) -> list[state.Document]:
        """The messages that a claim holds."""
        claim = self.claims.get(claim_id)
        return [] if claim is None else [one for one in self.all(claim["queue"]) if one["claim_id"] == claim_id]

    def pop(self, queue: str, limit: int) -> list[state.Document]:
        """Take free messages out."""
        taken = self.select(queue, Selection(limit))
        for one in taken:
            self.table.delete(one["id"])
        return taken

    def purge(self, queue: str) -> None:
        """Empty a queue."""
        for table in (self.table, self.claims):
            for one in table.select(queue=queue):
                table.delete(one["id"])
