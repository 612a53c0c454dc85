"""OS::Heat::None: nothing at all, under any properties. Maps a type away in an environment."""

from typing import Any

from hearth.resources import base, schema
from hearth.resources.contract import Call, Change, Decision, Observed, Verdict


@base.resource("OS::Heat::None", since="5.0.0")
class NoneResource(base.Base):
    """Takes every property, gives null for every attribute, and does nothing."""

    properties = schema.ANYTHING
    indifferent = True
    dynamic_attributes = True

    def decide(self, change: Change, call: Call) -> Decision:
        """Nothing is there that a change could matter to."""
        return Decision(Verdict.UPDATE, "takes any property", tuple(change.properties))

    async def attribute(self, call: Call, name: str, observed: Observed | None) -> Any:
        """Null for every name."""
        return None
