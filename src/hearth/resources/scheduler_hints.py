"""What the schedulers of servers and volumes are told: the template's wishes, and of which stack the object is.

The latter only where the operator wants it (`stack_scheduler_hints`), for schedulers with filters of their own.
"""

from typing import Any

from hearth.resources.contract import Call


def of(call: Call) -> dict[str, Any]:
    """The hints for the request that makes the object of a resource with a property `scheduler_hints`."""
    hints = dict(call.properties.get("scheduler_hints") or {})
    stack = call.stack
    if stack.lineage is None:
        return hints
    return hints | {
        "heat_root_stack_id": stack.lineage.root_id,
        "heat_stack_id": stack.id,
        "heat_stack_name": stack.name,
        "heat_path_in_stack": list(stack.lineage.path),
        "heat_resource_name": call.name,
        "heat_resource_uuid": call.resource_id,
    }
