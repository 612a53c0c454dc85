"""The CloudFormation API: actions on stacks, and signals by signed URLs. See `face` for how requests are taken."""

import functools
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from hearth.cfn import actions, face, signals
from hearth.cfn import request as requests
from hearth.cloud import tokens
from hearth.engine import service as services
from hearth.telemetry import requests as telemetry

Handler = Callable[[services.StackService, tokens.Caller, requests.CfnRequest, str], Awaitable[Response]]

#: {step of the path: (method, handler)}
_SIGNALS: dict[str, tuple[str, Handler]] = {
    "waitcondition": ("PUT", signals.wait_condition),
    "signal": ("POST", signals.signal),
}


class CfnApi(face.Face):
    """The ASGI application."""

    __slots__ = ()
    subject = "cloudformation"

    def known(self) -> Mapping[str, face.Act]:
        """See `face.Face`."""
        return {name: functools.partial(self._do, one) for name, one in actions.ACTIONS.items()}

    async def _do(
        self,
        act: Callable[[actions.Action], Awaitable[actions.Result | str]],
        caller: tokens.Caller,
        params: Mapping[str, str],
    ) -> actions.Result | str:
        chosen = self.settings
        return await act(actions.Action(self.service, caller, params, chosen.fetch_rules, chosen.max_template_size))

    async def elsewhere(self, request: Request, path: str) -> Response:
        """A signal."""
        version, _, rest = path.removeprefix("/").partition("/")
        step, _, arn = rest.partition("/")
        if version != "v1" or step not in _SIGNALS:
            return await face.Face.elsewhere(self, request, path)
        telemetry.routed(request.scope, f"/v1/{step}/{{arn}}")
        method, handler = _SIGNALS[step]
        if request.method != method:
            return PlainTextResponse(f"This address takes {method}.\n", 405, {"Allow": method})
        read = await requests.read(request, self.settings.max_body_size, form=False)
        caller = await self.caller(read)
        self.require(caller, "resource:signal")
        return await handler(self.service, caller, read, unquote(arn))
