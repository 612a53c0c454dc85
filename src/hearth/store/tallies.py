"""How many stacks and nodes are in which state: for metrics, over all projects. Reading only."""

import sqlalchemy as sa

from hearth.store import tables
from hearth.store.rows import NodeState


def stacks_by_state(connection: sa.Connection) -> dict[tuple[str, str], int]:
    """`{(action, status): number}` of live root stacks."""
    stack = tables.stack
    query = (
        sa.select(stack.c.action, stack.c.status, sa.func.count())
        .where(stack.c.live_name.is_not(None), stack.c.owner_id.is_(None))
        .group_by(stack.c.action, stack.c.status)
    )
    return {(row[0], row[1]): row[2] for row in connection.execute(query)}


def nodes_by_state(connection: sa.Connection) -> dict[str, int]:
    """`{state: number}` of the work list, states without a node too."""
    node = tables.node
    query = sa.select(node.c.state, sa.func.count()).group_by(node.c.state)
    found = {NodeState(row[0]): row[1] for row in connection.execute(query)}
    return {state.name.lower(): found.get(state, 0) for state in NodeState}
