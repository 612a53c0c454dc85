"""Says who keeps an object from being deleted, whose that is, and what to do: a part of the resource's reason.

The type asks its service; whom the answers belong to stands in the store. Of stacks in other projects only that there
is one is told.
"""

import asyncio
import dataclasses
import logging
from collections.abc import Sequence

import sqlalchemy as sa

from hearth.cloud import errors as cloud_errors
from hearth.engine import complaints, context
from hearth.engine.step import Step
from hearth.model.states import Action
from hearth.model.waivers import Waiver
from hearth.resources import contract
from hearth.store import resources, stacks
from hearth.store.codec import Codec
from hearth.store.rows import ResourceRow, StackRow

log = logging.getLogger(__name__)

#: Seconds that asking may take; a service that is silent must not hold up the failure.
_PATIENCE = 15.0
#: Users that a reason names.
_NAMED = 3
#: Answers by which services say that an object is in use.
_IN_USE = (400, 403, 409)


@dataclasses.dataclass(frozen=True, slots=True)
class _Owner:
    """Whose a blocker is: a resource in a stack."""

    row: ResourceRow
    root: StackRow
    path: str


class Blocking:
    """Explains refused deletions for one engine."""

    def __init__(self, surroundings: context.Context) -> None:
        self._store = surroundings.store

    async def explained(self, step: Step, failure: Exception) -> Exception:
        """The failure with who stands behind it and the next step; as it is where nobody is found.

        What is in use may be free later, so such a refusal counts as one that may pass.
        """
        if step.action is not Action.DELETE or step.call is None or step.kind is None or not _says_in_use(failure):
            return failure
        if isinstance(failure, contract.Busy):
            return failure  # nobody stands in the way for good
        try:
            async with asyncio.timeout(_PATIENCE):
                found = await step.kind.blockers(step.call)
                text = await self._text(step, found) if found else ""
        except (contract.ResourceFailure, cloud_errors.CloudError, TimeoutError):
            return failure
        except Exception as error:  # the border of an explanation: the failure itself must be told even so
            complaints.tell(log, f"Nobody can be named who keeps resource {step.row.name} from being deleted", error)
            return failure
        if not text:
            return failure
        explained = contract.Conflict(f"{failure}; {text}", kind=getattr(failure, "kind", "Conflict"))
        if isinstance(failure, contract.Temporary):
            explained.after = failure.after
        explained.__cause__ = failure.__cause__
        return explained

    async def _text(self, step: Step, found: Sequence[contract.Blocker]) -> str:
        ids = {one for blocker in found for one in (blocker.id, blocker.device_id) if one}
        stack = step.run.stack

        def query(connection: sa.Connection) -> tuple[dict[str, _Owner], str, str]:
            root, names = stacks.origin(connection, stack.id)
            name = root.name if root is not None else stack.name
            return _owners(connection, self._store.codec, ids), name, "/".join([*names, step.row.name])

        owners, root_name, path = await self._store.read(query)
        told = []
        for blocker in found[:_NAMED]:
            owner = owners.get(blocker.id) or owners.get(blocker.device_id)
            told.append(f"{blocker.words()}, {self._whose(step, owner)}")
        more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        named = f"in use by {'; '.join(told)}{more}"
        if step.run.waiver(step.row) is Waiver.FORCE:
            return named  # it is let go, and nobody has to do anything for it
        first = found[0]
        step_next = self._next(step, first, owners.get(first.id) or owners.get(first.device_id), root_name, path)
        return f"{named}. {step_next}"

    @staticmethod
    def _whose(step: Step, owner: _Owner | None) -> str:
        if owner is None:
            return "which is in no stack"
        if owner.root.id == step.run.stack.root_id:
            return f"which is {owner.path} of this stack"
        if owner.root.project_id != step.run.stack.project_id:
            return "which is in a stack of another project"
        return f"which is {owner.path} of stack {owner.root.name}"

    @staticmethod
    def _next(step: Step, first: contract.Blocker, owner: _Owner | None, root_name: str, path: str) -> str:
        keep = f"leave this one with `hearth stack continue {root_name} --retain {path}`"
        if owner is not None and owner.root.id == step.run.stack.root_id:
            return f"Remove that first, or {keep}."
        if owner is not None:
            return f"Change or delete that stack, then `hearth stack retry {root_name}`; or {keep}."
        free = f"Free it (`{first.remove}`)" if first.remove else "Free it"
        return f"{free}, then `hearth stack retry {root_name}`; or {keep}."


def _owners(connection: sa.Connection, codec: Codec, ids: set[str]) -> dict[str, _Owner]:
    """`{physical id: the resource that has it}`."""
    found: dict[str, _Owner] = {}
    for row in resources.having(connection, codec, ids):
        root, names = stacks.origin(connection, row.stack_id)
        if root is not None and row.physical_id is not None and root.deleted_at is None:
            found[row.physical_id] = _Owner(row, root, "/".join([*names, row.name]))
    return found


def _says_in_use(failure: Exception) -> bool:
    if isinstance(failure, contract.Conflict):
        return True
    cause = failure.__cause__
    return isinstance(failure, contract.Permanent) and getattr(cause, "status", 0) in _IN_USE
