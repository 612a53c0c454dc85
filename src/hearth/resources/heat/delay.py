"""OS::Heat::Delay: lets time pass between other resources."""

import random

from hearth.model.states import Action
from hearth.resources import base
from hearth.resources.contract import Call, Observed, Wait
from hearth.resources.heat import waiting
from hearth.resources.schema import Property

_ACTIONS = (Action.CREATE, Action.DELETE, Action.SUSPEND, Action.RESUME)


@base.resource("OS::Heat::Delay", since="11.0.0")
class Delay(base.Base):
    """Lets time pass.

    Waits on the listed actions, so that whatever depends on it comes later.
    """

    min_wait = Property(float, "Seconds to wait at least.", default=0, updatable=True, minimum=0)
    max_jitter = Property(
        float, "Units of the random time that is added at most.", default=0, updatable=True, minimum=0
    )
    jitter_multiplier = Property(float, "Seconds of one unit of max_jitter.", default=1.0, updatable=True, minimum=0)
    actions = Property(
        list,
        "The actions that wait.",
        default=[Action.CREATE.value],
        updatable=True,
        allowed=[action.value for action in _ACTIONS],
    )

    waits_on = frozenset(_ACTIONS)

    async def create(self, call: Call) -> str | None:
        """Begin to wait."""
        self._begin(call)
        return call.physical_name

    async def delete(self, call: Call) -> None:
        """Begin to wait."""
        self._begin(call)

    async def suspend(self, call: Call) -> None:
        """Begin to wait."""
        self._begin(call)

    async def resume(self, call: Call) -> None:
        """Begin to wait."""
        self._begin(call)

    async def settle(self, call: Call, observed: Observed | None) -> Wait | None:
        """Done when the time has come."""
        return waiting.remaining(call)

    def _begin(self, call: Call) -> None:
        given = call.properties
        seconds = 0.0
        if call.action.value in given["actions"]:
            seconds = given["min_wait"] + random.random() * given["max_jitter"] * given["jitter_multiplier"]
        waiting.begin(call, seconds)
