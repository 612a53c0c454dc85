"""Rows and moves for tests of the store, with what does not matter filled in."""

from typing import Any

import sqlalchemy as sa
from cryptography.fernet import Fernet

from hearth.model.plan import Work
from hearth.model.states import Action, Status
from hearth.store import codec, resources, stacks, tables, traversals, work_list
from hearth.store.rows import Node, ResourceRow, StackRow

CODEC = codec.Codec([Fernet.generate_key()])
STACK = "stack-1"


def stack_row(stack_id: str = STACK, **given: Any) -> StackRow:
    fields: dict[str, Any] = dict.fromkeys(StackRow.__dataclass_fields__)
    fields |= {"id": stack_id, "name": stack_id, "project_id": "p", "root_id": stack_id, "depth": 0, "tags": []}
    fields |= {"action": Action.CREATE, "status": Status.IN_PROGRESS, "reason": "", "created_at": 1.0}
    fields |= {"disable_rollback": True, "description": "", "definition_id": "d"}
    return StackRow(**(fields | given))


def resource_row(name: str, stack_id: str = STACK, **given: Any) -> ResourceRow:
    fields: dict[str, Any] = dict.fromkeys(ResourceRow.__dataclass_fields__)
    fields |= {"id": f"{stack_id}-{name}", "stack_id": stack_id, "name": name, "type": "T", "reason": ""}
    fields |= {"action": Action.INIT, "status": Status.COMPLETE, "requires": [], "deletion_policy": "Delete"}
    fields |= {"data": {}, "attributes": {}, "created_at": 1.0, "updated_at": 1.0}
    return ResourceRow(**(fields | given))


class Book:
    """One stack in a database, and its traversals."""

    def __init__(self, connection: sa.Connection, stack_id: str = STACK, **given: Any) -> None:
        self.connection = connection
        self.stack_id = stack_id
        self.present: int | None = None
        self.rows: dict[str, ResourceRow] = {}
        stacks.insert(connection, stack_row(stack_id, **given))

    def begin(self, needs: dict[str, list[str]], action: Action = Action.CREATE, work: Work = Work.CONVERGE) -> int:
        """A traversal with a node for each name; `needs`: what each waits for, earlier ones first."""
        names = list(needs)
        new = {name: resource_row(name, self.stack_id) for name in names if name not in self.rows}
        known = frozenset(row.id for row in self.rows.values())
        self.rows |= new
        nodes = [
            traversals.NewNode(self.rows[name].id, work, [names.index(one) for one in needs[name]]) for name in names
        ]
        wanted = traversals.NewTraversal(
            self.stack_id, action, "d", nodes, list(new.values()), known, self.present, None
        )
        self.present = traversals.begin(self.connection, CODEC, wanted, 1.0)
        return self.present

    def claim(self, owner: str = "me", limit: int = 100) -> dict[str, Node]:
        return self.named(work_list.claim(self.connection, owner, limit, 5.0))

    def named(self, nodes: list[Node]) -> dict[str, Node]:
        names = {row.id: name for name, row in self.rows.items()}
        return {names[node.resource_id]: node for node in nodes}

    def advance(self, *moves: traversals.Move, owner: str = "me", capacity: int = 100) -> traversals.Advanced:
        return traversals.advance(self.connection, CODEC, moves, owner, capacity)

    def row(self, name: str) -> ResourceRow:
        return resources.by_ids(self.connection, CODEC, [self.rows[name].id])[self.rows[name].id]

    def left(self) -> int:
        count: int = self.connection.execute(sa.select(sa.func.count()).select_from(tables.node)).scalar_one()
        return count
