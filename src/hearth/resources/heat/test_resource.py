"""OS::Heat::TestResource: waits, fails or asks for replacement as it is told. For tests of templates and of speed."""

import asyncio
from typing import Any

from hearth.model.states import Action
from hearth.model.values import UNKNOWN
from hearth.resources import base
from hearth.resources.contract import Call, Change, Decision, Observed, Permanent, Verdict, Wait
from hearth.resources.heat import waiting
from hearth.resources.schema import Attribute, Property


@base.resource("OS::Heat::TestResource", since="5.0.0")
class TestResource(base.Base):
    """A resource for tests, which does as it is told.

    Has no object anywhere; its value is its `output`.
    """

    __test__ = False  # a name that pytest would collect

    value = Property(str, "What the attribute output gives.", default="test_string", updatable=True)
    fail = Property(bool, "Whether creating and updating fail.", default=False, updatable=True)
    update_replace = Property(bool, "Whether a change replaces the resource.", default=False, updatable=True)
    update_replace_value = Property(str, "A value whose change replaces the resource.", since="7.0.0")
    wait_secs = Property(float, "Seconds that each action takes.", default=0, updatable=True)
    action_wait_secs = Property(
        dict,
        "Seconds that single actions take, instead of wait_secs.",
        updatable=True,
        fields={
            "create": Property(float, "Seconds to create.", updatable=True),
            "update": Property(float, "Seconds to update.", updatable=True),
            "delete": Property(float, "Seconds to delete.", updatable=True),
        },
    )
    client_name = Property(str, "Takes no effect.", default="", updatable=True)
    entity_name = Property(str, "Takes no effect.", default="", updatable=True)
    attr_wait_secs = Property(float, "Seconds to read an attribute.", default=0, updatable=True, since="6.0.0")
    constraint_prop_secs = Property(
        float, "Takes no effect.", default=0, updatable=True, constraint="test_constr", since="6.0.0"
    )

    attributes = {"output": Attribute(object, "The value.", cached=False)}
    waits_on = frozenset({Action.CREATE, Action.UPDATE, Action.DELETE})
    supports_check = True

    def decide(self, change: Change, call: Call) -> Decision:
        """While update_replace is true every change replaces."""
        if call.properties.get("update_replace") in (True, UNKNOWN):
            return Decision(Verdict.REPLACE, "update_replace is true", tuple(change.properties))
        return super().decide(change, call)

    async def create(self, call: Call) -> str | None:
        """Begin to wait."""
        waiting.begin(call, _seconds(call, "create"))
        return call.physical_name

    async def update(self, call: Call, change: Change) -> str | None:
        """Begin to wait."""
        waiting.begin(call, _seconds(call, "update"))
        return None

    async def delete(self, call: Call) -> None:
        """Begin to wait."""
        waiting.begin(call, _seconds(call, "delete"))

    async def settle(self, call: Call, observed: Observed | None) -> Wait | None:
        """End when the time has come; fail if told to."""
        wait = waiting.remaining(call)
        if wait is None and call.properties.get("fail") and call.action is not Action.DELETE:
            raise Permanent(f"Test Resource failed {call.name}", kind="ValueError")
        return wait

    async def attribute(self, call: Call, name: str, observed: Observed | None) -> Any:
        """The value, after the time that reading is told to take."""
        if name != "output":
            return None
        if seconds := call.properties.get("attr_wait_secs"):
            await asyncio.sleep(seconds)
        return call.properties.get("value")


def _seconds(call: Call, action: str) -> float:
    given = call.properties.get("action_wait_secs") or {}
    seconds: Any = given.get(action, call.properties.get("wait_secs", 0))
    return float(seconds)
