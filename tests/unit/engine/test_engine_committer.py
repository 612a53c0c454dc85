"""Moves of many steps go into few transactions; each step learns whether its own move was stored."""

import asyncio

import pytest

from hearth.engine.committer import Committer, LeaseLost
from hearth.model.plan import Work
from hearth.model.states import Action, Status
from hearth.store import open_store, resources, stacks, traversals, work_list
from hearth.store.rows import Phase, ResourceRow, StackRow
from hearth.store.traversals import Move, Then

KEY = b"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


class Counted:
    """A store that counts its units of work."""

    def __init__(self, store) -> None:
        self._store = store
        self.codec = store.codec
        self.writes = 0

    async def write(self, work, stacks=()):
        self.writes += 1
        return await self._store.write(work, stacks)


def row(number: int) -> ResourceRow:
    fields = dict.fromkeys(ResourceRow.__dataclass_fields__)
    fields |= {"id": f"r{number}", "stack_id": "s", "name": f"r{number}", "type": "T", "reason": "", "requires": []}
    fields |= {"action": Action.INIT, "status": Status.COMPLETE, "deletion_policy": "Delete"}
    return ResourceRow(**(fields | {"data": {}, "attributes": {}, "created_at": 1.0, "updated_at": 1.0}))


def begin(codec, count: int):
    """A stack with independent nodes, all claimed by "me"."""

    def work(connection):
        fields = dict.fromkeys(StackRow.__dataclass_fields__)
        fields |= {"id": "s", "name": "s", "project_id": "p", "root_id": "s", "depth": 0, "tags": [], "reason": ""}
        fields |= {"action": Action.CREATE, "status": Status.IN_PROGRESS, "created_at": 1.0, "definition_id": "d"}
        stacks.insert(connection, StackRow(**(fields | {"disable_rollback": True, "description": ""})))
        rows = [row(number) for number in range(count)]
        nodes = [traversals.NewNode(one.id, Work.CONVERGE, []) for one in rows]
        new = traversals.NewTraversal("s", Action.CREATE, "d", nodes, rows, frozenset(), None, None)
        traversals.begin(connection, codec, new, 1.0)
        return work_list.claim(connection, "me", count, 2.0)

    return work


@pytest.fixture
def store(every_database_url):
    opened = open_store(every_database_url, [KEY])
    yield opened
    opened.close()


async def test_moves_that_come_together_are_committed_together(store):
    nodes = await store.write(begin(store.codec, 50))
    counted, advanced = Counted(store), []
    commits = Committer(counted, "me", lambda: 100, advanced.append)
    await asyncio.gather(*(commits.commit(Move(node, Then.DONE, changes={"reason": "done"})) for node in nodes))
    assert counted.writes < 5
    assert [one.id for several in advanced for one in several.ended] == [nodes[0].traversal_id]
    rows = await store.read(lambda connection: resources.by_stack(connection, store.codec, "s"))
    assert {one.reason for one in rows} == {"done"}


async def test_only_the_step_whose_node_is_lost_is_told_so(store):
    mine, lost = await store.write(begin(store.codec, 2))
    lost.token += 1
    commits = Committer(store, "me", lambda: 100, lambda advanced: None)
    first, second = await asyncio.gather(
        commits.commit(Move(mine, Then.STAY, Phase.INTENDED)),
        commits.commit(Move(lost, Then.STAY, Phase.INTENDED)),
        return_exceptions=True,
    )
    assert first is None
    assert isinstance(second, LeaseLost)


async def test_a_transaction_that_fails_is_told_to_every_step_and_the_next_goes_on(store):
    one, other = await store.write(begin(store.codec, 2))
    commits = Committer(store, "me", lambda: 100, lambda advanced: None)
    with pytest.raises(Exception, match="no_such_column"):
        await commits.commit(Move(one, Then.DONE, changes={"no_such_column": 1}))
    await commits.commit(Move(other, Then.DONE))
