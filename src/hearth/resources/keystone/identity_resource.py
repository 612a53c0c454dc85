"""What the types of the identity service share: a mark that cannot be lost, and what the service never changes.

Objects of this service keep whatever further fields they are given, so each has a field for the row that made it. By
that it is known again, however it is called and described.
"""

from typing import Any, ClassVar

from hearth.model.plan import Decision, Verdict
from hearth.resources.contract import Call, Change
from hearth.resources.remote import METADATA_KEY, RemoteResource


class IdentityResource(RemoteResource):
    """An object of a collection of the identity service."""

    #: Properties that the published schema lets change in place, and the service does not.
    fixed: ClassVar[tuple[str, ...]] = ("domain",)

    def decide(self, change: Change, call: Call) -> Decision:
        """An object never moves to another domain; there will be another object."""
        decision = super().decide(change, call)
        keys = tuple(key for key in change.properties if key in self.fixed)
        if decision.verdict is not Verdict.UPDATE or not keys:
            return decision
        return Decision(Verdict.REPLACE, "; ".join(self._difference(key, change, call) for key in keys), keys)

    def mark(self, body: dict[str, Any], call: Call) -> dict[str, Any]:
        """The row's id in a field of its own."""
        return body | {METADATA_KEY: call.resource_id}

    async def locate(self, call: Call) -> str | None:
        """The object with the mark. Its name narrows the list down, where it has one."""
        name = self.body(call).get("name")
        candidates = await self.listed(call, {"name": name} if name else {})
        return next((str(one["id"]) for one in candidates if one.get(METADATA_KEY) == call.resource_id), None)
