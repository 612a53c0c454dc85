"""Hooks: where the environment stops a resource until somebody clears the hook. What stops, and what clearing does.

A stop is a mark in the resource's private data and a parked node, stored together with the event that tells of it; the
mark names the traversal, so one that an action left behind means nothing to the next. Clearing changes the mark and
makes the node ready, in one transaction. Hooks of creation and deletion hold for stacks that are created and deleted,
hooks of updates for everything that an updated stack already has.

Spec: https://docs.openstack.org/heat/latest/template_guide/environment.html, "Pause stack creation, update or deletion"
"""

import dataclasses
from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from hearth.engine import current
from hearth.model import plan
from hearth.model.errors import HearthError
from hearth.model.names import new_id
from hearth.model.states import Action, Status
from hearth.store import events, resources, traversals
from hearth.store.codec import Codec
from hearth.store.rows import EventRow, ResourceRow, StackRow
from hearth.template import registry

#: The key of the mark in a resource's private data.
_MARK = "hook"
_PENDING = "pending"
_CLEARED = "cleared"
#: Hooks that make an update look at a resource that does not change.
ON_UPDATE = frozenset({"pre-update", "post-update"})
_HOOKED = (Action.CREATE, Action.UPDATE, Action.DELETE)


class InvalidHook(HearthError):
    """The hook is none, or stops nothing now."""

    kind = "InvalidBreakPointHook"
    status = 400


@dataclasses.dataclass(frozen=True, slots=True)
class Stop:
    """Where a resource stopped in the present traversal."""

    hook: str
    cleared: bool

    @property
    def is_before(self) -> bool:
        """Whether the work is still to be done."""
        return self.hook.startswith("pre-")


def stop_of(row: ResourceRow, traversal_id: int | None) -> Stop | None:
    """Where a resource stopped in a traversal; None when it did not."""
    hook, _, rest = row.data.get(_MARK, "").partition(" ")
    state, _, number = rest.partition(" ")
    return Stop(hook, state == _CLEARED) if hook and number == str(traversal_id) else None


def marked(row: ResourceRow, hook: str, traversal_id: int, *, cleared: bool = False) -> dict[str, str]:
    """The row's private data with a stop."""
    return {**row.data, _MARK: f"{hook} {_CLEARED if cleared else _PENDING} {traversal_id}"}


def unmarked(data: Mapping[str, str]) -> dict[str, str]:
    """Private data without a stop."""
    return {key: value for key, value in data.items() if key != _MARK}


def before(action: Action, work: plan.Work, row: ResourceRow) -> str | None:
    """The hook that a stack's action meets before its work on a resource."""
    is_made = row.action is not Action.INIT
    if work is plan.Work.CONVERGE:
        if action is Action.CREATE and not is_made:
            return "pre-create"
        # A replacement that was planned has its row already: it stands for the one that is there.
        return "pre-update" if action is Action.UPDATE and (is_made or row.replaces is not None) else None
    is_gone = row.action is Action.DELETE and row.status is Status.COMPLETE
    removing = work is plan.Work.REMOVE and action is Action.DELETE
    return "pre-delete" if removing and is_made and not is_gone else None


def after(action: Action, done: Action | None) -> str | None:
    """The hook that a stack's action meets when it has `done` this with a resource."""
    return f"post-{action.lower()}" if action is done and action in _HOOKED else None


def paused(row: ResourceRow, action: Action, hook: str, at: float) -> EventRow:
    """The event that tells of a stop at the row that stands for the resource; the words are what clients look for."""
    return _event(row, f"{action} paused until Hook {hook} is cleared", at)


def clear(
    connection: sa.Connection, codec: Codec, stack: StackRow, rows: Iterable[ResourceRow], hook: str, at: float
) -> None:
    """Let a resource go on that stopped at a hook; `rows` are those of its name.

    Raises:
        InvalidHook: there is no such hook, or no stop at it.
    """
    if hook not in registry.HOOKS:
        raise InvalidHook(f"There is no hook {hook!r}; the hooks are {', '.join(registry.HOOKS)}.")
    name, of_name = "", list(rows)
    for one in of_name:
        name = one.name
        row = resources.locked(connection, codec, one.id)
        stop = stop_of(row, stack.traversal_id) if row is not None else None
        if row is None or stop is None or stop.cleared or stop.hook != hook or stack.traversal_id is None:
            continue
        if not traversals.at_hook(connection, stack.traversal_id, row.id):
            continue  # its action has ended otherwise
        data = marked(row, hook, stack.traversal_id, cleared=True)
        resources.update(connection, codec, [(row.id, {"data": data}, False)])
        told_of = current.standing_for(row, {other.id: other for other in of_name})
        events.insert(connection, codec, [_event(told_of, f"Hook {hook} is cleared", at)])
        traversals.resume(connection, row.id)
        return
    raise InvalidHook(f"Resource {name} of stack {stack.name} is not stopped at the hook {hook}.")


def abandoned(rows: Iterable[ResourceRow], traversal_id: int, at: float) -> list[EventRow]:
    """The events of resources that were stopped when their stack's action was ended."""
    stopped = []
    for row in rows:
        stop = stop_of(row, traversal_id)
        if stop is not None and not stop.cleared:
            stopped.append(_event(row, "Failure occurred while waiting.", at))
    return stopped


def _event(row: ResourceRow, reason: str, at: float) -> EventRow:
    return EventRow(row.stack_id, row.name, row.type, row.physical_id, row.action, row.status, reason, at, new_id())
