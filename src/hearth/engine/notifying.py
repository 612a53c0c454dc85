"""What other services are told of stacks, in the form of Heat's notifications: stored with the change itself.

`hearth.engine.relaying` sends it later. Nothing is stored unless the operator asked for notifications.
Spec: https://docs.openstack.org/oslo.messaging/latest/reference/notifier.html
"""

import datetime
from collections.abc import Mapping
from typing import Any

import msgspec
import sqlalchemy as sa

from hearth.engine import context, views
from hearth.model import states
from hearth.model.names import new_id
from hearth.model.states import Action, Status
from hearth.store import outbox, resources, stacks
from hearth.store.rows import NotificationRow, StackRow

_SUFFIXES = {Status.IN_PROGRESS: "start", Status.COMPLETE: "end", Status.FAILED: "error"}
_ERROR = "ERROR"
#: What a group keeps while its size changes.
_SCALING = "scaling_told"


def of_state(
    connection: sa.Connection,
    surroundings: context.Context,
    stack: StackRow,
    action: Action,
    status: Status,
    reason: str,
) -> None:
    """A stack has come to a state."""
    _add(connection, surroundings, f"stack.{action.value.lower()}", status, _payload(stack, action, status, reason))


def begin_scaling(
    connection: sa.Connection, surroundings: context.Context, stack: StackRow, told: Mapping[str, Any], capacity: int
) -> dict[str, str]:
    """A group of a stack begins to change its size to `capacity`.

    `told`: adjustment, adjustment_type, groupname, and the capacity it has. Returns what is to be kept among the
    group's private values until `end_of_scaling`.
    """
    if not surroundings.settings.notifies:
        return {}
    _of_scaling(connection, surroundings, stack, Status.IN_PROGRESS, told, f"The group goes to {capacity} members.")
    return {_SCALING: msgspec.json.encode({**told, "wanted": capacity}).decode()}


def end_of_scaling(
    connection: sa.Connection, surroundings: context.Context, nested: StackRow, status: Status, reason: str
) -> None:
    """The action of a nested stack has ended: if it was a change of its group's size, that is told."""
    if not surroundings.settings.notifies or nested.owner_resource_id is None or nested.owner_id is None:
        return
    codec = surroundings.store.codec
    row = resources.by_ids(connection, codec, [nested.owner_resource_id]).get(nested.owner_resource_id)
    owner = stacks.by_id(connection, nested.owner_id)
    if row is None or owner is None or _SCALING not in row.data:
        return
    told = msgspec.json.decode(row.data[_SCALING])
    wanted = told.pop("wanted")
    if status is Status.COMPLETE:
        told["capacity"], reason = wanted, f"The group has {wanted} members."
    _of_scaling(connection, surroundings, owner, status, told, reason)
    left = {key: value for key, value in row.data.items() if key != _SCALING}
    resources.update(connection, codec, [(row.id, {"data": left}, False)])


def _of_scaling(
    connection: sa.Connection,
    surroundings: context.Context,
    stack: StackRow,
    status: Status,
    told: Mapping[str, Any],
    message: str,
) -> None:
    payload = {**_payload(stack, stack.action, stack.status, stack.reason), **told, "message": message}
    _add(connection, surroundings, "autoscaling", status, payload)


def _add(
    connection: sa.Connection, surroundings: context.Context, subject: str, status: Status, payload: dict[str, Any]
) -> None:
    chosen = surroundings.settings
    if not chosen.notifies:
        return
    suffix = _SUFFIXES[status]
    level = _ERROR if status is Status.FAILED else chosen.default_notification_level.upper()
    row = NotificationRow(new_id(), f"orchestration.{subject}.{suffix}", level, payload, surroundings.now())
    outbox.add(connection, [row])


def _payload(stack: StackRow, action: Action, status: Status, reason: str) -> dict[str, Any]:
    return {
        "tenant_id": stack.project_id,
        "user_id": stack.username,  # the name, as it has always been; the id is user_identity
        "user_identity": stack.user_id,
        "username": stack.username,
        "stack_identity": stack.id,
        "stack_name": stack.name,
        "state": states.to_wire(action, status),
        "state_reason": reason,
        "create_at": _time(stack.created_at),
        "updated_at": _time(stack.updated_at),
        "description": stack.description or views.NO_DESCRIPTION,
        "tags": stack.tags,
    }


def _time(value: float | None) -> str | None:
    if value is None:
        return None
    return datetime.datetime.fromtimestamp(value, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
