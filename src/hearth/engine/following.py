"""What a follower of a stack's events wants, and which events of a tree of stacks that are. Pure; used by the feed."""

import dataclasses
from collections.abc import Mapping, Sequence

from hearth.model.states import Action, Status
from hearth.store.rows import EventRow, StackRow


@dataclasses.dataclass(frozen=True, slots=True)
class Selection:
    """Events of `stack` and, down to `depth`, of those nested in it. `columns`: `{column: wanted values}`."""

    stack: StackRow
    depth: int
    columns: Mapping[str, Sequence[str]]

    def stacks(self, tree: Mapping[str, StackRow]) -> dict[str, StackRow]:
        """Those of a tree whose events are wanted, by id. An owner comes before what is nested in it."""
        found = {self.stack.id: self.stack}
        for one in sorted(tree.values(), key=lambda one: one.depth):
            if one.owner_id in found and one.depth <= self.stack.depth + self.depth:
                found[one.id] = one
        return found

    def wants(self, event: EventRow) -> bool:
        """Whether an event of one of its stacks passes the filters."""
        return all(getattr(event, column) in values for column, values in self.columns.items())

    def ends_with(self, event: EventRow) -> bool:
        """Whether the stack is gone with an event."""
        own = event.stack_id == self.stack.id and event.physical_id == self.stack.id
        return own and (event.action, event.status) == (Action.DELETE, Status.COMPLETE)
