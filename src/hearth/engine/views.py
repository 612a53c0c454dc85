"""Stacks, resources and events in the vocabulary of the REST API. Times stay numbers; the face adds links."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hearth.model import states
from hearth.model.holds import Hold, Holds, Kind
from hearth.model.names import StackIdentity
from hearth.resources.blueprint import Blueprint
from hearth.store.rows import EventRow, ResourceSummary, StackRow

NO_DESCRIPTION = "No description"
NO_OUTPUT_DESCRIPTION = "No description given"


def identity_of(stack: StackRow, path: str = "") -> StackIdentity:
    """What names a stack, or something in it."""
    return StackIdentity(stack.project_id, stack.name, stack.id, path)


def listed_stack(stack: StackRow) -> dict[str, Any]:
    """A stack as lists show it."""
    return {
        "identity": identity_of(stack),
        "id": stack.id,
        "project": stack.project_id,
        "stack_name": stack.name,
        "description": "",
        "stack_status": states.to_wire(stack.action, stack.status),
        "stack_status_reason": stack.reason,
        "creation_time": stack.created_at,
        "updated_time": stack.updated_at,
        "deletion_time": stack.deleted_at,
        "stack_owner": stack.username,
        "parent": stack.owner_id,
        "stack_user_project_id": stack.stack_user_project_id or None,
        "tags": stack.tags or None,
    }


_HELD = {Kind.PAUSE: "paused", Kind.PROTECTION: "protected", Kind.LOCK: "locked"}


def holds(found: Holds) -> dict[str, Any]:
    """The holds of a stack, by the words of the API; what does not hold it is absent."""
    return {name: _hold(found[kind]) for kind, name in _HELD.items() if kind in found}


def _hold(hold: Hold) -> dict[str, Any]:
    shown: dict[str, Any] = {"by": hold.user_name, "user_id": hold.user_id, "reason": hold.reason, "since": hold.since}
    return shown if hold.until is None else {**shown, "until": hold.until}


def shown_stack(stack: StackRow, parameters: Mapping[str, Any], outputs: list[dict[str, Any]] | None) -> dict[str, Any]:
    """A stack as show gives it; `outputs` None leaves them out."""
    description = stack.description or NO_DESCRIPTION
    shown = listed_stack(stack) | {
        "description": description,
        "template_description": description,
        "parameters": dict(parameters),
        "disable_rollback": stack.disable_rollback,
        "timeout_mins": stack.timeout_mins,
        "tags": stack.tags,
        "notification_topics": [],
        "capabilities": [],
    }
    del shown["project"]
    if not stack.convergence:
        shown["convergence"] = False
    if outputs is not None:
        shown["outputs"] = outputs
    return shown


def outputs_of(built: Blueprint) -> list[dict[str, Any]]:
    """Outputs without values."""
    return [
        {"output_key": key, "description": output.description or NO_OUTPUT_DESCRIPTION}
        for key, output in built.bound.outputs.items()
    ]


def resource(
    row: ResourceSummary,
    identity: StackIdentity,
    *,
    parent: str | None,
    required_by: Sequence[str],
    nested: StackIdentity | None = None,
) -> dict[str, Any]:
    """A resource as lists show it. `identity`: its stack, which the resource `parent` owns; `nested`: what it owns."""
    shown: dict[str, Any] = {
        "identity": identity,
        "nested_identity": nested,
        "resource_name": row.name,
        "logical_resource_id": row.name,
        "resource_type": row.type,
        "physical_resource_id": row.physical_id or "",
        "resource_status": states.to_wire(row.action, row.status),
        "resource_status_reason": row.reason,
        "required_by": list(required_by),
        "creation_time": row.created_at,
        "updated_time": row.updated_at,
    }
    if parent is not None:
        shown["parent_resource"] = parent
    return shown


def required_by(rows: Iterable[ResourceSummary]) -> dict[str, list[str]]:
    """`{resource name: names that need it}`."""
    users: dict[str, dict[str, None]] = {}
    for row in rows:  # several of one name, while one replaces another
        for needed in row.requires:
            users.setdefault(needed, {})[row.name] = None
    return {name: list(several) for name, several in users.items()}


def event(row: EventRow, identity: StackIdentity, root: StackIdentity | None = None) -> dict[str, Any]:
    """An event of a stack; show adds its type and properties."""
    shown = {
        "identity": identity,
        "id": row.id,
        "resource_name": row.resource_name,
        "logical_resource_id": row.resource_name,
        "resource_status": states.to_wire(row.action, row.status),
        "resource_status_reason": row.reason,
        "physical_resource_id": row.physical_id,
        "event_time": row.at,
    }
    if root is not None:
        shown["root_identity"] = root
    return shown


def services(engines: Iterable[Mapping[str, Any]], now: float) -> list[dict[str, Any]]:
    """Registered engines as the service list shows them; times are seconds since the epoch."""
    return [
        {
            "id": one["id"],
            "host": one["host"],
            "hostname": one["hostname"],
            "binary": "heat-engine",
            "topic": "engine",
            "engine_id": one["id"],
            "report_interval": one["report_interval"],
            "created_at": one["created_at"],
            "updated_at": one["updated_at"],
            "deleted_at": None,
            "status": "down" if one["dead"] or now - one["updated_at"] > 2 * one["report_interval"] else "up",
        }
        for one in engines
    ]
