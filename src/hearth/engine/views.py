"""Stacks, resources and events in the vocabulary of the REST API. Times stay numbers; the face adds links."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hearth.model import plan, states
from hearth.model.holds import Hold, Holds, Kind
from hearth.model.names import StackIdentity
from hearth.model.values import UNKNOWN
from hearth.resources.blueprint import Blueprint, Member
from hearth.store.rows import EventRow, ResourceRow, StackRow

NO_DESCRIPTION = "No description"
NO_OUTPUT_DESCRIPTION = "No description given"
MASK = "******"
KNOWN_LATER = "(known after apply)"


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
        "stack_user_project_id": stack.stack_user_project_id,
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
    if outputs is not None:
        shown["outputs"] = outputs
    return shown


def resource(
    row: ResourceRow,
    stack: StackRow,
    *,
    required_by: Sequence[str],
    nested: StackRow | None = None,
) -> dict[str, Any]:
    """A resource as lists show it. `nested` is the stack it owns."""
    shown: dict[str, Any] = {
        "identity": identity_of(stack),
        "nested_identity": identity_of(nested) if nested else None,
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
    if stack.owner_resource_name is not None:
        shown["parent_resource"] = stack.owner_resource_name
    return shown


def required_by(rows: Iterable[ResourceRow]) -> dict[str, list[str]]:
    """`{resource name: names that need it}`."""
    users: dict[str, dict[str, None]] = {}
    for row in rows:  # several of one name, while one replaces another
        for needed in row.requires:
            users.setdefault(needed, {})[row.name] = None
    return {name: list(several) for name, several in users.items()}


def event(row: EventRow, stack: StackRow, root: StackRow | None = None) -> dict[str, Any]:
    """An event; show adds its type and properties."""
    shown = {
        "identity": identity_of(stack),
        "id": row.id,
        "resource_name": row.resource_name,
        "logical_resource_id": row.resource_name,
        "resource_status": states.to_wire(row.action, row.status),
        "resource_status_reason": row.reason,
        "physical_resource_id": row.physical_id,
        "event_time": row.at,
    }
    if root is not None:
        shown["root_identity"] = identity_of(root)
    return shown


_CHANGE_LISTS = {
    plan.Verdict.CREATE: "added",
    plan.Verdict.UPDATE: "updated",
    plan.Verdict.REPLACE: "replaced",
    plan.Verdict.REFUSE: "updated",
    plan.Verdict.DELETE: "deleted",
    plan.Verdict.KEEP: "unchanged",
}


def changes(
    made: plan.Plan,
    stack: StackRow,
    rows: Mapping[str, ResourceRow],
    before: Blueprint,
    blueprint: Blueprint,
) -> dict[str, list[dict[str, Any]]]:
    """A plan in the form of an update preview; each entry also tells the reason and the property changes."""
    hidden = before.secret_texts() | blueprint.secret_texts()
    lists: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("unchanged", "updated", "replaced", "added", "deleted")
    }
    users: dict[str, list[str]] = {}
    for name, member in blueprint.members.items():
        for needed in member.requires:
            users.setdefault(needed, []).append(name)
    for step in made.steps:
        row = rows.get(step.row_id) if step.row_id else None
        entry = _change(step, stack, row, blueprint, users.get(step.name, []), hidden)
        lists[_CHANGE_LISTS[step.verdict]].append(entry)
    return lists


def removed(row: ResourceRow, stack: StackRow) -> dict[str, Any]:
    """A resource that goes with its stack, in the form of an update preview."""
    decision = plan.Decision(plan.Verdict.DELETE, "its stack is deleted")
    step = plan.Step(row.name, row.id, plan.Judgement(decision, plan.Effect.IDENTITY))
    return _change(step, stack, row, None, [], frozenset())


def _change(
    step: plan.Step,
    stack: StackRow,
    row: ResourceRow | None,
    blueprint: Blueprint | None,
    users: list[str],
    hidden: frozenset[str],
) -> dict[str, Any]:
    member = blueprint.members.get(step.name) if blueprint else None
    type_name = member.definition.type if member else row.type if row else ""
    path = f"/resources/{step.name}"
    reason = step.judgement.decision.reason
    for one in hidden:
        reason = reason.replace(one, MASK)
    return {
        "resource_name": step.name,
        "resource_type": type_name,
        "physical_resource_id": row.physical_id or "" if row else "",
        "resource_action": row.action.value if row else "INIT",
        "resource_status": row.status.value if row else "COMPLETE",
        "resource_status_reason": row.reason if row else "",
        "creation_time": row.created_at if row else None,
        "updated_time": row.updated_at if row else None,
        "required_by": users,
        "resource_identity": identity_of(stack, path).to_wire(),
        "stack_identity": identity_of(stack).to_wire(),
        "stack_name": stack.name,
        "description": member.definition.description if member else "",
        "metadata": (row.metadata if row else None) or {},
        "attributes": {},
        **({"parent_resource": stack.owner_resource_name} if stack.owner_resource_name else {}),
        "change": {
            "verdict": step.verdict.value,
            "reason": reason,
            "certain": step.judgement.certain,
            "keys": list(step.judgement.decision.keys),
            "properties": _property_changes(step, member, hidden),
        },
    }


def _property_changes(step: plan.Step, member: Member | None, hidden: frozenset[str]) -> dict[str, dict[str, Any]]:
    """`{property: {before, after}}` of what an update or replacement changes; secrets masked, unknown values told."""
    before, after = step.judgement.before, step.judgement.after
    if member is None or before is None or after is None:
        return {}
    declared = member.type.properties
    changed: dict[str, dict[str, Any]] = {}
    for key in dict.fromkeys([*before, *after]):
        old, new = before.get(key), after.get(key)
        if new is not UNKNOWN and old == new:
            continue
        secret = key in declared and declared[key].secret
        changed[key] = {"before": _told(old, secret, hidden), "after": _told(new, secret, hidden)}
    return changed


def _told(value: Any, secret: bool, hidden: frozenset[str]) -> Any:
    if value is UNKNOWN:
        return KNOWN_LATER
    if secret and value is not None:
        return MASK
    if isinstance(value, Mapping):
        return {key: _told(one, False, hidden) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_told(one, False, hidden) for one in value]
    if hidden and isinstance(value, str) and any(one in value for one in hidden):
        return MASK
    return value


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
            "status": "up" if now - one["updated_at"] <= 2 * one["report_interval"] else "down",
        }
        for one in engines
    ]
