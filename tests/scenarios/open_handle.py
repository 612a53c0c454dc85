"""A wait condition handle that needs no user in Keystone, and yet conditions wait for its signals."""

from hearth.resources import base
from hearth.resources.contract import Call
from hearth.resources.heat import wait_condition_handle

HANDLE = {"type": "Test::Handle"}


@base.resource("Test::Handle")
class Handle(wait_condition_handle.WaitConditionHandle):
    """Signalled by the API alone."""

    async def create(self, call: Call) -> str | None:
        """Nothing is needed."""
        return call.physical_name

    def is_silent(self, call: Call) -> bool:
        """Tests send signals."""
        return False
