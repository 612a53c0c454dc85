"""The end of a forced deletion that ran out of time: whatever is left in the tree is let go, and the records go too.

One transaction, called by `ending`. Objects become orphans, copies of snapshots as well; nothing is called.
"""

import sqlalchemy as sa

from hearth.engine import actions, context, definitions, notifying, parting, snapshots
from hearth.model import names
from hearth.model.states import Action, Status
from hearth.model.waivers import Waiver
from hearth.resources import contract
from hearth.store import endings, events, orphans, resources, stacks
from hearth.store import snapshots as snapshot_rows
from hearth.store.rows import EventRow, OrphanRow, ResourceRow, StackRow, TraversalRow

#: The limit of names of types that are not known any more.
_LONGEST_NAME = 255


def is_forced(traversal: TraversalRow | None) -> bool:
    """Whether an action is a deletion that ends in any case."""
    return traversal is not None and traversal.action is Action.DELETE and traversal.waivers.of_all is Waiver.FORCE


def let_all_go(
    connection: sa.Connection,
    surroundings: context.Context,
    kept: definitions.Definitions,
    stack: StackRow,
    traversal: TraversalRow,
    why: str,
) -> None:
    """Let go of everything that is left of a stack and of those nested in it: its deletion has nothing more to do."""
    for child in stacks.children(connection, stack.id):
        _let_nested_go(connection, surroundings, kept, child, why)
    _let_go(connection, surroundings, kept, stack, why)
    codec = surroundings.store.codec
    for row in snapshot_rows.of_stack(connection, codec, stack.id):
        orphans.insert(connection, codec, copies(connection, surroundings, kept, stack, row, why))
    snapshot_rows.forget(connection, stack.id)
    endings.absolve(connection, traversal.id)


def _let_nested_go(
    connection: sa.Connection, surroundings: context.Context, kept: definitions.Definitions, stack: StackRow, why: str
) -> None:
    """The same for a nested stack with all below it."""
    for child in stacks.children(connection, stack.id):
        _let_nested_go(connection, surroundings, kept, child, why)
    _let_go(connection, surroundings, kept, stack, why)
    _bury(connection, surroundings, stack)


def _let_go(
    connection: sa.Connection, surroundings: context.Context, kept: definitions.Definitions, stack: StackRow, why: str
) -> None:
    codec, now = surroundings.store.codec, surroundings.now()
    if stack.traversal_id is not None:
        endings.abort(connection, stack.id, stack.traversal_id, why)
    left = [row for row in resources.by_stack(connection, codec, stack.id) if _is_left(row)]
    region = surroundings.settings.region_name_for_services
    found: list[OrphanRow] = []
    told: list[EventRow] = []
    for row in left:
        kind = kept.type_named(row.type, None)
        if kind is None or not kind.nests:
            one = parting.orphan(stack, row, kind, parting.CAUSES[Waiver.FORCE], why, region, now, surroundings.new_id)
            found += [one] if one is not None else []
        text = f"let go by force: {why}"
        told.append(
            EventRow(
                stack.id, row.name, row.type, row.physical_id, Action.DELETE, Status.COMPLETE, text, now, names.new_id()
            )
        )
    orphans.insert(connection, codec, found)
    events.insert(connection, codec, told)
    gone = {"action": Action.DELETE, "status": Status.COMPLETE, "reason": f"let go by force: {why}"}
    resources.update(connection, codec, [(row.id, gone, False) for row in left])


def _is_left(row: ResourceRow) -> bool:
    return row.action is not Action.INIT and (row.action, row.status) != (Action.DELETE, Status.COMPLETE)


def _bury(connection: sa.Connection, surroundings: context.Context, stack: StackRow) -> None:
    action, status, reason, now = Action.DELETE, Status.COMPLETE, "let go by force", surroundings.now()
    stacks.update(connection, stack.id, action=action, status=status, reason=reason)
    told = actions.stack_event(stack, action, status, reason, now)
    events.insert(connection, surroundings.store.codec, [told])
    notifying.of_state(connection, surroundings, stack, action, status, reason)
    stacks.mark_deleted(connection, stack.id, now)
    resources.delete(connection, resources.ids_of_stack(connection, stack.id))


def copies(
    connection: sa.Connection,
    surroundings: context.Context,
    kept: definitions.Definitions,
    stack: StackRow,
    row: snapshot_rows.SnapshotRow,
    why: str,
    waiver: Waiver = Waiver.FORCE,
) -> list[OrphanRow]:
    """The copies of a snapshot as orphans, each with what its deletion needs.

    Their type is none of the types, as it is not that of their originals.
    """
    rows = resources.by_ids(connection, surroundings.store.codec, [copied.row_id for copied in row.members])
    found = []
    for copied in row.members:
        kind, present = kept.type_named(copied.type, None), rows.get(copied.row_id)
        limit = kind.name_limit if kind is not None else _LONGEST_NAME
        physical_name = names.physical_name(stack.name, copied.name, copied.row_id, limit)
        secret = {"row_id": copied.row_id, "data": _leading_to_copy(row, copied, kind), "properties": {}}
        secret |= {"copied": copied.physical_id, "known": present.data if present is not None else {}}
        found.append(
            OrphanRow(
                id=surroundings.new_id(),
                project_id=stack.project_id,
                stack_id=stack.id,
                stack_name=stack.name,
                path=copied.name,
                type=f"{parting.COPY_OF}{copied.type}",
                physical_id=None,
                physical_name=snapshots.copy_name(physical_name, row.traversal_id),
                cause=parting.CAUSES[waiver],
                reason=f"of snapshot {row.name or row.id}: {why}",
                region=surroundings.settings.region_name_for_services,
                at=surroundings.now(),
                secret=secret,
            )
        )
    return found


def _leading_to_copy(
    row: snapshot_rows.SnapshotRow, copied: snapshot_rows.Copied, kind: contract.Resource | None
) -> dict[str, str]:
    """Private values that lead to a copy: those noted with it, and its id, which is in the snapshot's document."""
    entry = ((row.data or {}).get("resources") or {}).get(copied.name) or {}
    its_id = (entry.get("resource_data") or {}).get(kind.copy_id) if kind is not None else None
    known = {kind.copy_id: its_id} if kind is not None and its_id else {}
    return {**known, **copied.data}
