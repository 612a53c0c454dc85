"""Handlers of what is kept of a stack: its snapshots, and the document by which it can be adopted elsewhere."""

from starlette.responses import Response

from hearth.api import inputs, problems, views
from hearth.api.call import Call


async def create(call: Call) -> Response:
    """Start to take a snapshot."""
    name = inputs.snapshot_name(call.needed_body())
    found = await call.service.create_snapshot(call.caller, call.identity, name)
    return call.json(views.snapshot(found))


async def index(call: Call) -> Response:
    """List snapshots."""
    found = await call.service.list_snapshots(call.caller, call.identity)
    return call.json({"snapshots": [views.snapshot(one) for one in found]})


async def show(call: Call) -> Response:
    """Show a snapshot."""
    found = await call.service.show_snapshot(call.caller, call.identity, call.params["snapshot_id"])
    return call.json({"snapshot": views.snapshot(found)})


async def delete(call: Call) -> Response:
    """Start to remove a snapshot."""
    await call.service.delete_snapshot(call.caller, call.identity, call.params["snapshot_id"])
    return Response(status_code=204)


async def restore(call: Call) -> Response:
    """Start to bring the stack back to a snapshot."""
    await call.service.restore_snapshot(call.caller, call.identity, call.params["snapshot_id"])
    return problems.as_text("The restoration was accepted.\n", 202)


async def export(call: Call) -> Response:
    """The stack as a document."""
    return call.json(await call.service.export_stack(call.caller, call.identity))


async def abandon(call: Call) -> Response:
    """The stack as a document; the stack is forgotten, what it made stays."""
    return call.json(await call.service.abandon_stack(call.caller, call.identity))
