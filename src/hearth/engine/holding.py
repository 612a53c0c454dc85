"""Sets and lifts what holds stacks, and keeps callers from changing what is held.

Every request that changes a stack goes through `Holding.change`, which asks the table of `model.holds` inside the
transaction that stores the change. Holds are those of the root stack; what is nested in it shares them.
"""

from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa

from hearth.cloud import tokens
from hearth.engine import actions, context, modes
from hearth.model import holds, plan
from hearth.model.errors import BadRequest, NotFound, NotSupported
from hearth.model.states import Action, Status, to_wire
from hearth.store import events, stacks, traversals
from hearth.store import holds as hold_rows
from hearth.store.rows import StackRow

R = TypeVar("R")

#: What a caller may begin although it ends the action that a pause stopped.
_ENDS_PAUSE = frozenset({holds.Change.CANCEL, holds.Change.DELETE})
#: How long a lock holds unless its owner says, and at the most, in seconds.
LOCKED_FOR = 3600
LONGEST_LOCK = 30 * 86400


class Holding:
    """The holds of all stacks."""

    def __init__(self, surroundings: context.Context) -> None:
        self._context = surroundings
        self._store = surroundings.store

    # ---- changes of stacks

    async def require(self, caller: tokens.Caller, stack: StackRow, change: holds.Change) -> None:
        """Refuse at once what a hold forbids, before anything is done for it.

        Raises:
            holds.StackLocked, holds.StackProtected, holds.StackPaused.
            ActionInProgress: it is busy, and in the legacy mode.
        """
        found = await self._store.read(lambda connection: self._of(connection, stack))
        holds.check(stack.name, found, change, caller.user_id)
        if change is holds.Change.ALTER:
            modes.refuse_beside(stack)

    async def change(
        self, caller: tokens.Caller, stack: StackRow, change: holds.Change, work: Callable[[sa.Connection], R]
    ) -> R:
        """Store a change of a stack that a caller asks for, unless a hold forbids it.

        Raises:
            holds.StackLocked, holds.StackProtected, holds.StackPaused.
            ActionInProgress: it is busy, and in the legacy mode.
        """

        def store(connection: sa.Connection) -> R:
            stacks.locked(connection, stack.root_id)  # a hold is set before this, or waits for it
            self.check(connection, caller, stack, change)
            present = stacks.by_id(connection, stack.id) if change is holds.Change.ALTER else None
            if present is not None:
                modes.refuse_beside(present)
            if change in _ENDS_PAUSE and stack.owner_id is None:
                hold_rows.unpause(connection, stack.id, self._context.now())
            return work(connection)

        return await self._store.write(store, [stack.id])

    def check(self, connection: sa.Connection, caller: tokens.Caller, stack: StackRow, change: holds.Change) -> None:
        """Refuse inside a transaction what a hold forbids."""
        holds.check(stack.name, self._of(connection, stack), change, caller.user_id)

    def set_protection(
        self, connection: sa.Connection, caller: tokens.Caller, stack: StackRow, wanted: bool | None
    ) -> None:
        """Set or lift the protection of a stack that is updated; None leaves it as it is."""
        if wanted:
            protect(connection, stack.id, caller, "", self._context.now())
        elif wanted is not None:
            hold_rows.lift(connection, stack.id, holds.Kind.PROTECTION)

    def _of(self, connection: sa.Connection, stack: StackRow) -> holds.Holds:
        return hold_rows.of_root(connection, stack.root_id, self._context.now())

    # ---- pause

    async def pause(self, caller: tokens.Caller, stack: StackRow, reason: str) -> None:
        """Let nothing more begin in a tree of stacks; what has begun goes on to its end. A repeat changes nothing.

        Raises:
            NotSupported: nothing runs in it.
        """

        def set_it(connection: sa.Connection, root: StackRow, now: float) -> None:
            if hold_rows.of_root(connection, root.id, now).get(holds.Kind.PAUSE) is not None:
                return
            if not stacks.running_in_tree(connection, root.id):
                raise NotSupported(f"Pausing when stack is {to_wire(root.action, root.status)}")
            hold = holds.Hold(holds.Kind.PAUSE, caller.user_id, caller.user_name, reason, now)
            hold_rows.put(connection, root.id, hold)
            traversals.hold_back(connection, root.id)
            told = f"Stack {root.action} paused by {caller.user_name}" + (f": {reason}" if reason else "")
            if root.status is Status.IN_PROGRESS:
                stacks.update(connection, root.id, reason=told)
            self._tell(connection, root, told, now)

        await self._control(caller, stack, set_it)

    async def unpause(self, caller: tokens.Caller, stack: StackRow) -> None:
        """Let a paused tree go on.

        Raises:
            NotSupported: it is not paused.
        """

        def lift(connection: sa.Connection, root: StackRow, now: float) -> None:
            if not hold_rows.unpause(connection, root.id, now):
                raise NotSupported(f"Unpausing when stack is {to_wire(root.action, root.status)} and not paused")
            if root.status is Status.IN_PROGRESS:
                stacks.update(connection, root.id, reason=f"Stack {root.action} started")
            self._tell(connection, root, f"Stack {root.action} unpaused by {caller.user_name}", now)

        await self._control(caller, stack, lift)

    # ---- protection

    async def protect(self, caller: tokens.Caller, stack: StackRow, reason: str) -> None:
        """Keep a stack from being deleted as a whole. A repeat changes nothing but the reason.

        Raises:
            NotSupported: it is being deleted.
        """

        def set_it(connection: sa.Connection, root: StackRow, now: float) -> None:
            if root.action is Action.DELETE:
                raise NotSupported(f"Protecting when stack is {to_wire(root.action, root.status)}")
            protect(connection, root.id, caller, reason, now)
            self._tell(connection, root, f"Protected from deletion by {caller.user_name}", now)

        await self._control(caller, stack, set_it)

    async def unprotect(self, caller: tokens.Caller, stack: StackRow) -> None:
        """Let a stack be deleted again. A repeat changes nothing."""

        def lift(connection: sa.Connection, root: StackRow, now: float) -> None:
            if hold_rows.lift(connection, root.id, holds.Kind.PROTECTION):
                self._tell(connection, root, f"Protection from deletion lifted by {caller.user_name}", now)

        await self._control(caller, stack, lift)

    # ---- lock

    async def lock(
        self, caller: tokens.Caller, stack: StackRow, reason: str, seconds: int | None, *, force: bool = False
    ) -> None:
        """Keep everybody else from changing a stack for a while. The owner may set it anew.

        Args:
            seconds: how long; None: `LOCKED_FOR`.
            force: take over the lock of somebody else.

        Raises:
            BadRequest: it would be too long.
        """
        given = LOCKED_FOR if seconds is None else seconds
        if not 1 <= given <= LONGEST_LOCK:
            raise BadRequest(f"seconds: {given} was given; a lock holds from 1 to {LONGEST_LOCK} seconds (30 days).")

        def set_it(connection: sa.Connection, root: StackRow, now: float) -> None:
            hold = holds.Hold(holds.Kind.LOCK, caller.user_id, caller.user_name, reason, now, now + given)
            hold_rows.put(connection, root.id, hold)
            told = f"Locked by {caller.user_name} until {holds.moment_text(hold.until)}"
            self._tell(connection, root, f"{told}: {reason}" if reason else told, now)

        await self._control(caller, stack, set_it, force=force)

    async def unlock(self, caller: tokens.Caller, stack: StackRow, *, force: bool = False) -> None:
        """Lift the lock of a stack. `force`: that of somebody else. A repeat changes nothing."""

        def lift(connection: sa.Connection, root: StackRow, now: float) -> None:
            if hold_rows.lift(connection, root.id, holds.Kind.LOCK):
                self._tell(connection, root, f"Unlocked by {caller.user_name}", now)

        await self._control(caller, stack, lift, force=force)

    # ---- what they share

    async def _control(
        self,
        caller: tokens.Caller,
        stack: StackRow,
        work: Callable[[sa.Connection, StackRow, float], None],
        *,
        force: bool = False,
    ) -> None:
        if stack.owner_id is not None:
            root = await self._store.read(lambda connection: stacks.by_id(connection, stack.root_id))
            name = root.name if root is not None else stack.root_id
            raise BadRequest(f"Stack {stack.name} is nested in {name}, which is held as a whole: name that one.")

        def store(connection: sa.Connection) -> None:
            root, now = stacks.locked(connection, stack.id), self._context.now()
            if root is None or root.deleted_at is not None:
                raise NotFound("Stack", stack.name)
            if not force:
                self.check(connection, caller, root, holds.Change.CONTROL)
            work(connection, root, now)

        await self._store.write(store, [stack.id])

    def _tell(self, connection: sa.Connection, root: StackRow, text: str, now: float) -> None:
        told = actions.stack_event(root, root.action, root.status, text, now)
        events.insert(connection, self._store.codec, [told])


def protect(connection: sa.Connection, root_id: str, caller: tokens.Caller, reason: str, now: float) -> None:
    """Store the protection of a stack."""
    hold = holds.Hold(holds.Kind.PROTECTION, caller.user_id, caller.user_name, reason, now)
    hold_rows.put(connection, root_id, hold)


def leaves_nothing(made: plan.Plan) -> bool:
    """Whether an update removes every resource and wants none: the stack would be gone but for its name."""
    return bool(made.steps) and all(step.verdict is plan.Verdict.DELETE for step in made.steps)
