"""A whole tree of stacks as it is at one moment, read in one transaction: what a plan is made on.

Plans of nested stacks are then made without asking the store again, and what a plan was made on is known exactly.
"""

import dataclasses
from collections.abc import Mapping

import sqlalchemy as sa

from hearth.engine import treating
from hearth.engine.actions import Ground
from hearth.store import drift, resources, stacks, traversals
from hearth.store.codec import Codec
from hearth.store.rows import ResourceRow, StackRow


@dataclasses.dataclass(frozen=True, slots=True)
class Survey:
    """The live stacks of a tree by id, the root first, and what is in each."""

    stacks: dict[str, StackRow]
    grounds: dict[str, Ground]
    #: The nested stacks by the ids of the resource rows that own them.
    owned: dict[str, StackRow]

    def facing(self, decided: Mapping[str, treating.Decided], *, converge: bool) -> "Survey":
        """The same with what an update decides about drift, by stack. `converge`: it puts right all that was seen."""
        grounds = {
            stack_id: ground.facing(decided.get(stack_id), converge=converge)
            for stack_id, ground in self.grounds.items()
        }
        return dataclasses.replace(self, grounds=grounds)


#: What there is of a stack that is yet to be made.
EMPTY = Survey({}, {}, {})


def take(connection: sa.Connection, codec: Codec, root_id: str) -> Survey:
    """Read the tree of a root stack."""
    tree = stacks.tree(connection, root_id)
    ids = [one.id for one in tree]
    rows: dict[str, list[ResourceRow]] = {one: [] for one in ids}
    for row in resources.by_stacks(connection, codec, ids):
        rows[row.stack_id].append(row)
    busy = traversals.busy_in_tree(connection, root_id)
    decided = drift.treatments(connection, codec, ids)
    grounds = {one.id: Ground(rows[one.id], busy, one.traversal_id, decided.get(one.id, {})) for one in tree}
    owned = {one.owner_resource_id: one for one in tree if one.owner_resource_id is not None}
    return Survey({one.id: one for one in tree}, grounds, owned)
