"""Handlers of a stack's resources and events."""

from starlette.responses import Response

from hearth.api import inputs, views
from hearth.api.call import Call


async def index(call: Call) -> Response:
    """List resources, those of nested stacks down to a depth."""
    inputs.only_known(call.query, (*inputs.RESOURCE_FILTERS, "nested_depth", "with_detail"))
    found = await call.service.list_resources(
        call.caller,
        call.identity,
        nested_depth=_depth(call),
        with_detail=inputs.boolean("with_detail", call.query.get("with_detail")),
        filters=inputs.filters(call.query, inputs.RESOURCE_FILTERS),
    )
    return call.json({"resources": [views.resource(one, call.links) for one in found]})


def _depth(call: Call) -> int:
    asked = inputs.whole("nested_depth", call.query.get("nested_depth")) or 0
    return min(asked, call.settings.max_nested_stack_depth)


async def show(call: Call) -> Response:
    """Show a resource with its attributes."""
    found = await call.service.show_resource(
        call.caller, call.identity, call.params["resource_name"], tuple(call.query.getlist("with_attr"))
    )
    return call.json({"resource": views.resource(found, call.links)})


async def metadata(call: Call) -> Response:
    """A resource's metadata."""
    found = await call.service.resource_metadata(call.caller, call.identity, call.params["resource_name"])
    return call.json({"metadata": found})


async def signal(call: Call) -> Response:
    """Signal a resource; the answer comes before the signal is handled."""
    await call.service.signal(call.caller, call.identity, call.params["resource_name"], call.body)
    return call.json(None)


async def mark_unhealthy(call: Call) -> Response:
    """Have a resource replaced by the next update, or take that back."""
    unhealthy, reason = inputs.unhealthy(call.body)
    await call.service.mark_unhealthy(call.caller, call.identity, call.params["resource_name"], unhealthy, reason)
    return call.json(None)


async def list_events(call: Call) -> Response:
    """Events of a stack or of one of its resources."""
    depth = _depth(call)
    found = await call.service.list_events(
        call.caller,
        call.identity,
        resource_name=call.params.get("resource_name"),
        nested_depth=depth,
        limit=inputs.whole("limit", call.query.get("limit")),
        marker=call.query.get("marker"),
        sort_keys=tuple(key for key in call.query.getlist("sort_keys") if key in inputs.EVENT_SORT_KEYS),
        sort_dir=inputs.one_of("sort_dir", call.query.get("sort_dir"), ("asc", "desc")),
        filters=inputs.filters(call.query, inputs.EVENT_FILTERS),
    )
    root = call.identity if depth else None
    return call.json({"events": [views.event(one, call.links, root) for one in found]})


async def show_event(call: Call) -> Response:
    """An event with the properties of its resource at that time."""
    found = await call.service.show_event(
        call.caller, call.identity, call.params["resource_name"], call.params["event_id"]
    )
    return call.json({"event": views.event(found, call.links)})
