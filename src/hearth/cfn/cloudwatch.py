"""The CloudWatch API: datapoints for lite alarms, and a look at these. See `face` for how requests are taken."""

import functools
from collections.abc import Awaitable, Callable, Mapping

from hearth.cfn import alarm_actions, face
from hearth.cloud import tokens


class CloudWatchApi(face.Face):
    """The ASGI application."""

    __slots__ = ()
    subject = "cloudwatch"

    def known(self) -> Mapping[str, face.Act]:
        """See `face.Face`."""
        return {name: functools.partial(self._do, one) for name, one in alarm_actions.ACTIONS.items()}

    async def _do(
        self,
        act: Callable[[alarm_actions.Action], Awaitable[alarm_actions.Result]],
        caller: tokens.Caller,
        params: Mapping[str, str],
    ) -> alarm_actions.Result:
        return await act(alarm_actions.Action(self.service.lite_alarms, caller, params))
