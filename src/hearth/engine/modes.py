"""What differs between the two modes of stacks, where it is not who works on them.

A stack is in the mode in which it was made: *convergence*, or *legacy* where the operator has set `convergence_engine`
to false. Both are planned, stored and carried out by the same code. A legacy stack admits no action beside the one that
runs (`refuse_beside`), one engine at a time works on its tree (`hearth.store.locks`), and it tells of itself as the
legacy engine does. Since the two share everything stored, a stack at rest changes its mode by a mark (`migrate`).

Spec: https://docs.openstack.org/heat/latest/developing_guides/architecture.html
"""

import datetime

import sqlalchemy as sa

from hearth.model.errors import ActionInProgress
from hearth.model.states import Action, Status
from hearth.store import locks, stacks
from hearth.store.rows import StackRow

TIMED_OUT = "Timed out"


def refuse_beside(stack: StackRow) -> None:
    """Refuse another action on a legacy stack that is busy.

    Raises:
        ActionInProgress: it is.
    """
    if not stack.convergence and stack.status is Status.IN_PROGRESS:
        raise ActionInProgress(stack.name, stack.action)


def started(stack: StackRow, action: Action, *, removes: bool, now: float) -> str:
    """The reason of an action that begins. `removes`: whether nothing is to be left."""
    text = f"Stack {action} started"
    if stack.convergence or not removes:
        return text
    return f"{text} at {datetime.datetime.fromtimestamp(now, datetime.UTC):%Y-%m-%dT%H:%M:%S}"


def cancelled(stack: StackRow, action: Action) -> str:
    """Why a stack has failed that its user stopped."""
    return f"Stack {action} cancelled" if stack.convergence else "Operation cancelled"


def timed_out(stack: StackRow, action: Action) -> str:
    """Why a stack has failed whose action took too long."""
    return TIMED_OUT if stack.convergence or action is Action.UPDATE else f"{action.capitalize()} timed out"


def failed(stack: StackRow, action: Action, failure: str) -> str:
    """The reason of a stack whose resource failed."""
    if stack.convergence or stack.owner_id is not None or action not in (Action.UPDATE, Action.ROLLBACK):
        return failure
    _, _, cause = failure.partition(" failed: ")
    return cause or failure


def seconds(stack: StackRow, action: Action, chosen: float) -> float | None:
    """How long an action may take; None: as long as it takes."""
    return None if action is Action.CHECK and not stack.convergence else chosen


def is_gone(stack: StackRow, action: Action, *, emptied: bool) -> bool:
    """Whether nothing is left of a stack once its action is accomplished. `emptied`: it has no resources by then."""
    return action is Action.DELETE or (
        action is Action.ROLLBACK and emptied and not stack.convergence and stack.owner_id is None
    )


def migrate(connection: sa.Connection, root: StackRow) -> bool:
    """Take a tree of stacks out of the legacy mode; whether it was in it.

    Raises:
        ActionInProgress: something runs in it, of which one engine has the lock.
    """
    present = stacks.locked(connection, root.id)
    if present is None or present.convergence or present.deleted_at is not None:
        return False
    for running in stacks.running_in_tree(connection, root.id):
        raise ActionInProgress(running.name, running.action)
    stacks.converge_tree(connection, root.id)
    locks.forget(connection, root.id)
    return True
