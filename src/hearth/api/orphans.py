"""Handlers of orphans: objects that Hearth made and let go. Hearth's own; Heat has nothing like them."""

from starlette.responses import Response

from hearth.api import inputs, problems, views
from hearth.api.call import Call


async def index(call: Call) -> Response:
    """List the project's orphans, or those of all projects."""
    inputs.only_known(call.query, ("global_tenant",))
    everywhere = inputs.boolean("global_tenant", call.query.get("global_tenant"))
    if everywhere:
        call.policy.require(call.caller, "orphans:global_index")
    found = await call.service.orphans.listed(call.caller, all_projects=everywhere)
    return call.json({"orphans": [views.raw(one) for one in found]})


async def forget(call: Call) -> Response:
    """Drop the record and leave the object."""
    await call.service.orphans.forget(call.caller, call.params["orphan_id"])
    return Response(status_code=204)


async def delete(call: Call) -> Response:
    """Delete the object; 202 while that goes on, to be asked again."""
    gone = await call.service.orphans.delete(call.caller, call.params["orphan_id"])
    return Response(status_code=204) if gone else problems.as_text("The deletion is under way; ask again.\n", 202)
