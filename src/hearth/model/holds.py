"""What holds a stack: a pause of its running action, protection from deletion, a maintenance lock; what each forbids.

A hold belongs to a root stack and covers the whole tree. It stops requests of callers only: an engine goes on with
what was accepted before, and what a pause means for its work is decided where work is claimed (`store.traversals`).
The one table of what forbids what stands here; `engine.holding` asks it inside the transaction that stores a change.
"""

import dataclasses
import datetime
import enum
from collections.abc import Mapping

from hearth.model.errors import HearthError


class Kind(enum.StrEnum):
    """The kinds of holds; a stack has at most one of each."""

    PAUSE = "pause"
    PROTECTION = "protection"
    LOCK = "lock"


class Change(enum.Enum):
    """What a caller wants to do to a stack, as far as holds are concerned."""

    ALTER = "alter"  # update it, begin another action, mark or snapshot something in it
    CANCEL = "cancel"  # end the action that runs
    DELETE = "delete"  # delete all of it
    TAKE_AWAY = "take away"  # abandon it, or delete a nested stack by itself
    CONTROL = "control"  # set or lift a hold, let a resource go on from a hook


#: Locks are for those who are not their owner. Whoever cancels or deletes wants the paused action to end.
FORBIDDEN_BY: Mapping[Change, tuple[Kind, ...]] = {
    Change.ALTER: (Kind.LOCK, Kind.PAUSE),
    Change.CANCEL: (Kind.LOCK,),
    Change.DELETE: (Kind.LOCK, Kind.PROTECTION),
    Change.TAKE_AWAY: (Kind.LOCK, Kind.PROTECTION, Kind.PAUSE),
    Change.CONTROL: (Kind.LOCK,),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Hold:
    """One hold: whose it is and why, since when and until when (None: until somebody lifts it)."""

    kind: Kind
    user_id: str
    user_name: str
    reason: str
    since: float
    until: float | None = None

    def covers(self, moment: float) -> bool:
        """Whether it holds at a moment."""
        return self.until is None or moment < self.until


#: The holds of one stack, by kind.
Holds = Mapping[Kind, Hold]


class StackLocked(HearthError):
    """Somebody else keeps the stack to himself for a while."""

    kind = "StackLocked"
    status = 409

    def __init__(self, stack_name: str, hold: Hold) -> None:
        super().__init__(
            f"Stack {stack_name} is locked by {_who(hold)} until {moment_text(hold.until)}{_why(hold)}. "
            f"Its owner lifts the lock by `hearth stack unlock {stack_name}`, an administrator with --force."
        )


class StackProtected(HearthError):
    """The stack must not go as a whole."""

    kind = "StackProtected"
    status = 403

    def __init__(self, stack_name: str, hold: Hold) -> None:
        super().__init__(
            f"Stack {stack_name} is protected from deletion by {_who(hold)}{_why(hold)}. "
            f"`hearth stack unprotect {stack_name}` lifts the protection."
        )


class StackPaused(HearthError):
    """The stack's action stands still."""

    kind = "StackPaused"
    status = 409

    def __init__(self, stack_name: str, hold: Hold) -> None:
        super().__init__(
            f"The action of stack {stack_name} is paused by {_who(hold)} since {moment_text(hold.since)}{_why(hold)}. "
            f"Let it go on by `hearth stack unpause {stack_name}`, cancel it, or delete the stack."
        )


_REFUSALS = {Kind.LOCK: StackLocked, Kind.PROTECTION: StackProtected, Kind.PAUSE: StackPaused}


def check(stack_name: str, holds: Holds, change: Change, user_id: str) -> None:
    """Refuse a change that a hold forbids.

    Raises:
        StackLocked, StackProtected, StackPaused.
    """
    for kind in FORBIDDEN_BY[change]:
        hold = holds.get(kind)
        if hold is not None and not (kind is Kind.LOCK and hold.user_id == user_id):
            raise _REFUSALS[kind](stack_name, hold)


def moment_text(moment: float | None) -> str:
    """A moment as messages spell it."""
    if moment is None:
        return "it is lifted"
    return datetime.datetime.fromtimestamp(moment, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _who(hold: Hold) -> str:
    return hold.user_name or hold.user_id


def _why(hold: Hold) -> str:
    return f": {hold.reason}" if hold.reason else ""
