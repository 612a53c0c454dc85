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

        def query(connection: sa.Connection) -> tuple[dict[str, _Owner], str, str, list[str]]:
            root, names = stacks.origin(connection, stack.id)
            name = root.name if root is not None else stack.name
            beneath = _beneath(connection, self._store.codec, step)
            return _owners(connection, self._store.codec, ids), name, "/".join([*names, step.row.name]), beneath

        owners, root_name, path, beneath = await self._store.read(query)
        users = [(blocker, owners.get(blocker.id) or owners.get(blocker.device_id)) for blocker in found]
        told = [f"{blocker.words()}, {self._whose(step, owner)}" for blocker, owner in users[:_NAMED]]
        more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        named = f"in use by {'; '.join(told)}{more}"
        if step.run.waiver(step.row) is Waiver.FORCE:
            return named  # it is let go, and nobody has to do anything for it
        standing = ", and what it stands on," if beneath else ""
        retained = " ".join(f"--retain {one}" for one in (path, *beneath))
        keep = f"leave this one{standing} with `hearth stack continue {root_name} {retained}`"
        return f"{named}. {_next(step, users, root_name, keep)}"

    @staticmethod
    def _whose(step: Step, owner: _Owner | None) -> str:
        if owner is None:
            return "which is in no stack"
        if owner.root.id == step.run.stack.root_id:
            return f"which is {owner.path} of this stack"
        if owner.root.project_id != step.run.stack.project_id:
            return "which is in a stack of another project"
        return f"which is {owner.path} of stack {owner.root.name}"


def _next(step: Step, users: Sequence[tuple[contract.Blocker, _Owner | None]], root_name: str, keep: str) -> str:
    """What frees the object of all its users, or else lets it stay."""
    strangers = [blocker for blocker, owner in users if owner is None]
    own = [owner.path for _, owner in users if owner is not None and owner.root.id == step.run.stack.root_id]
    others = [owner.root for _, owner in users if owner is not None and owner.root.id != step.run.stack.root_id]
    kinds = sum(map(bool, (strangers, own, others)))
    if own and kinds == 1:
        return f"Remove {'that' if len(set(own)) == 1 else 'those'} first, or {keep}."
    steps = []
    if strangers:
        what = "what is in no stack" if kinds > 1 else "it" if len(strangers) == 1 else "them"
        steps.append(f"free {what}{_commands(strangers)}")
    if others:
        steps.append(f"change or delete {_stacks(step, others, alone=kinds == 1)}")
    if own:
        steps.append(f"remove {', '.join(dict.fromkeys(own))}")
    *first, last = steps
    text = f"{', '.join(first)} and {last}" if first else last
    return f"{text[0].upper()}{text[1:]}, then `hearth stack retry {root_name}`; or {keep}."


def _commands(strangers: Sequence[contract.Blocker]) -> str:
    """The one line for a shell that frees of all whose command is known, in brackets."""
    lines: dict[str, list[str]] = {}
    for command in dict.fromkeys(one.remove for one in strangers if one.remove):
        words, _, last = command.rpartition(" ")
        if words.endswith(" delete"):  # which takes any number
            lines.setdefault(words, []).append(last)
        else:
            lines[command] = []
    if not lines:
        return ""
    line = " && ".join(" ".join([words, *ids]) for words, ids in lines.items())
    return f" (`{line}`)" if all(one.remove for one in strangers) else f" (`{line}`, the others by hand)"


def _stacks(step: Step, roots: Sequence[StackRow], *, alone: bool) -> str:
    """Stacks as somebody of this one's project may know them."""
    if alone and len({root.id for root in roots}) == 1:
        return "that stack"
    known = [root.name for root in roots if root.project_id == step.run.stack.project_id]
    named = [f"stack {name}" for name in dict.fromkeys(known)]
    return ", ".join([*named, *(["the stacks of other projects"] if len(known) < len(roots) else [])])


def _beneath(connection: sa.Connection, codec: Codec, step: Step) -> list[str]:
    """What the object stands on, as a subnet on its network, by paths from the root: in use for as long as it stays.

    Of the resources that it needs, in its own stack and those around it, these are the ones that users can keep.
    """
    found: list[str] = []
    line = stacks.line(connection, step.run.stack.id)
    needed = set(step.row.requires)
    for depth in reversed(range(len(line))):
        above = [one.owner_resource_name or "" for one in line[1 : depth + 1]]
        for row in _needed(connection, codec, line[depth].id, needed):
            kind = step.run.type_of_row(row)
            if kind is not None and kind.can_be_in_use and row.physical_id is not None:
                found.append("/".join([*above, row.name]))
        if depth:
            owners = resources.by_names(connection, codec, line[depth - 1].id, above[-1:])
            needed = {name for row in owners for name in row.requires}
    return list(dict.fromkeys(found))


def _needed(connection: sa.Connection, codec: Codec, stack_id: str, names: set[str]) -> list[ResourceRow]:
    """The rows of these resources, then of those that they need themselves, and so on."""
    found: list[ResourceRow] = []
    seen: set[str] = set()
    while wanted := names - seen:
        seen |= wanted
        rows = sorted(resources.by_names(connection, codec, stack_id, wanted), key=lambda one: one.name)
        names = {name for row in rows for name in row.requires}
        found += rows
    return found


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
