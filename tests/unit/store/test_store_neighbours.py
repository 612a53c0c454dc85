"""Work on one stack waits for nobody who works on another one, however few stacks there are."""

import pytest
import sqlalchemy as sa
from store_rows import Book

import database_kinds
from hearth.model.states import Action
from hearth.store import databases, endings, traversals
from hearth.store.rows import NodeState
from hearth.store.traversals import Move, Then

#: Lets a statement fail that waits for somebody's lock.
NO_WAITING = {"postgresql": "SET lock_timeout = '1s'", "mariadb": "SET SESSION innodb_lock_wait_timeout = 1"}
MANY = {f"r{number}": [] for number in range(100)}


@pytest.fixture(params=NO_WAITING)
def neighbours(request, tmp_path):
    """Two stacks with many nodes, each in a transaction of its own; the one is in the middle of a commit."""
    url = database_kinds.empty(request.param, tmp_path)
    engine = databases.open_engine(url, writes=True, pool_size=2)
    with engine.connect() as connection, engine.connect() as other:
        connection.exec_driver_sql(NO_WAITING[request.param])
        mine, others = filled(connection, "mine"), filled(other, "others")
        working = claimed(others)
        others.connection.commit()
        others.advance(*[Move(node, Then.STAY, traversals.Phase.INTENDED) for node in working])
        yield mine
        connection.rollback()
        other.rollback()
    engine.dispose()


def filled(connection, name):
    """A stack with work to do, committed."""
    book = Book(connection, name)
    book.begin(MANY)
    connection.commit()
    return book


def claimed(book):
    """All nodes of a stack, claimed."""
    node = traversals.tables.node
    ready = sa.select(node).where(node.c.traversal_id == book.present, node.c.state == NodeState.READY)
    return traversals.take(book.connection, list(book.connection.execute(ready)), "me")


def test_claimed_nodes_go_on(neighbours):
    nodes = claimed(neighbours)
    assert neighbours.advance(*[Move(node, Then.DONE) for node in nodes]).lost == set()


@pytest.mark.parametrize("action", [Action.UPDATE, Action.DELETE])
def test_another_action_begins(neighbours, action):
    neighbours.begin(MANY, action)
    assert neighbours.left() == 200


def test_a_failure_stops_the_rest(neighbours):
    endings.fail(neighbours.connection, neighbours.present, "broken")
    assert neighbours.left() == 100


def test_a_stack_is_stopped_at_once(neighbours):
    endings.abort(neighbours.connection, neighbours.stack_id, neighbours.present, "broken")
    assert neighbours.left() == 100


def test_a_pause_takes_back_what_has_not_begun(neighbours):
    nodes = claimed(neighbours)
    traversals.hold_back(neighbours.connection, neighbours.stack_id)
    assert len(neighbours.advance(*[Move(node, Then.DONE) for node in nodes]).lost) == 100
