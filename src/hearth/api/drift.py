"""Handlers of drift: what differs between a stack and its live objects, and what is decided about it.

An extension of the orchestration API. `GET` tells what was seen last; `POST` looks anew (`refresh`, unless it is
false) and takes decisions (`accept`, `ignore`, `revert`, `undo`, `accept_all`, `revert_all`), which need a rule of
their own because the next update goes by them.
"""

from starlette.responses import Response

from hearth.api import inputs, views
from hearth.api.call import Call


async def show(call: Call) -> Response:
    """What was seen last."""
    return await _answer(call, look=False)


async def look(call: Call) -> Response:
    """Look at the live objects, then take decisions by what was seen."""
    body = dict(call.body or {})
    refresh = inputs.boolean("refresh", body.pop("refresh", None), default=True)
    request = inputs.drift_request(body)
    if not request:
        return await _answer(call, look=refresh)
    call.policy.require(call.caller, "stacks:update_drift")
    if refresh:
        await call.service.look_at(call.caller, call.identity)
    await call.service.decide_drift(call.caller, call.identity, request)
    return await _answer(call, look=False)


async def _answer(call: Call, *, look: bool) -> Response:
    everything = inputs.boolean("detail", call.query.get("detail"))
    if look:
        await call.service.look_at(call.caller, call.identity)
    found = await call.service.drift(call.caller, call.identity, everything=everything)
    return call.json({"drift": views.drift(found)})
