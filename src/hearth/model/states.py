"""What a stack or a resource is doing and how far it got. The spelling on the wire is `ACTION_STATUS`.

Used by the engine, the store and the APIs. The legal transitions stand in one table here; nothing else decides them.
"""

import enum


class Action(enum.StrEnum):
    """An action of a stack or a resource. `INIT` is a resource's only, `RESTORE` a stack's only."""

    INIT = "INIT"
    CREATE = "CREATE"
    UPDATE = "UPDATE"
    DELETE = "DELETE"
    ROLLBACK = "ROLLBACK"
    SUSPEND = "SUSPEND"
    RESUME = "RESUME"
    ADOPT = "ADOPT"
    SNAPSHOT = "SNAPSHOT"
    CHECK = "CHECK"
    RESTORE = "RESTORE"


class Status(enum.StrEnum):
    """How far an action got."""

    IN_PROGRESS = "IN_PROGRESS"
    COMPLETE = "COMPLETE"
    FAILED = "FAILED"


STACK_ACTIONS = frozenset(Action) - {Action.INIT}
RESOURCE_ACTIONS = frozenset(Action) - {Action.RESTORE}


def to_wire(action: Action | str, status: Status | str) -> str:
    """The state as clients see it, for instance `CREATE_COMPLETE`."""
    return f"{action}_{status}"


def from_wire(text: str) -> tuple[Action, Status]:
    """Split `CREATE_COMPLETE` into its parts.

    Raises:
        ValueError: the text is not `ACTION_STATUS` with a known action and status.
    """
    action, _, status = text.partition("_")
    return Action(action), Status(status)


#: Actions during which a stack refuses an update. Spec: lifecycle of stacks, update acceptance.
UPDATE_REFUSED_DURING = frozenset({Action.SUSPEND, Action.DELETE})

#: Resource actions that leave an object whose attributes can be read.
READABLE_ACTIONS = frozenset(
    {
        Action.CREATE,
        Action.ADOPT,
        Action.SUSPEND,
        Action.RESUME,
        Action.UPDATE,
        Action.ROLLBACK,
        Action.SNAPSHOT,
        Action.CHECK,
    }
)
