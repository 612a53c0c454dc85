"""Engines take work in turns: nobody waits for the whole of what another one has to do."""

from collections import Counter

import pytest
from store_rows import Book

from hearth.model.states import Action, Status
from hearth.model.turns import Turns
from hearth.store import engines, locks, stacks, work_list
from hearth.store.traversals import Move, Then

MANY = 120


def many(count=MANY):
    return {str(number): [] for number in range(count)}


@pytest.fixture
def crowd(book):
    """A large stack of one project, and further ones that come later."""

    class Crowd:
        large = book

        def joined(self, stack_id, project_id, count=1):
            late = Book(book.connection, stack_id, project_id=project_id)
            late.begin(many(count))
            return late

        def claim(self, limit, turns=None):
            return work_list.claim(book.connection, "me", limit, 5.0, turns)

        def counts(self, nodes):
            return Counter(node.stack_id for node in nodes)

    book.begin(many())
    return Crowd()


def test_a_single_node_of_another_project_is_in_the_next_claim(crowd):
    crowd.claim(10)
    crowd.joined("late", "q")
    assert crowd.counts(crowd.claim(10)) == {crowd.large.stack_id: 9, "late": 1}


def test_projects_share_a_claim_and_what_one_leaves_goes_to_others(crowd):
    crowd.joined("b", "q", 4)
    crowd.joined("c", "r", 50)
    counts = crowd.counts(crowd.claim(60))
    assert (counts["b"], counts.total()) == (4, 60)
    assert min(counts["c"], counts[crowd.large.stack_id]) >= 60 // 3


def test_stacks_of_one_project_take_turns_too(crowd):
    crowd.joined("late", "p")
    assert "late" in crowd.counts(crowd.claim(2 * work_list.LEAST))


def test_who_was_served_longest_ago_comes_first(crowd):
    turns = Turns()
    crowd.joined("b", "q", MANY)
    crowd.joined("c", "r", MANY)
    served = [crowd.claim(1, turns)[0].stack_id for _ in range(6)]
    assert sorted(served[:3]) == sorted(served[3:]) == sorted([crowd.large.stack_id, "b", "c"])


def test_who_holds_nothing_finds_a_place_in_a_full_engine(crowd):
    turns = Turns(reserve=3)
    turns.hold(crowd.large.present, "p", 40)
    late = crowd.joined("late", "q", 8)
    assert crowd.counts(crowd.claim(0, turns)) == {"late": 3}
    turns.hold(late.present, "q", 3)
    assert crowd.claim(0, turns) == []
    turns.release(late.present)
    assert crowd.counts(crowd.claim(0, turns)) == {"late": 1}


def test_everything_is_claimed_once_and_in_the_end(crowd):
    crowd.joined("b", "q", 30)
    turns, seen = Turns(), list[int]()
    while nodes := crowd.claim(20, turns):
        seen += [node.id for node in nodes]
    assert len(seen) == len(set(seen)) == MANY + 30


def test_what_an_older_action_left_in_flight_has_its_turn(book):
    book.begin({"a": []})
    [node] = book.claim().values()
    book.advance(Move(node, Then.STAY))
    book.begin({"a": []}, action=Action.UPDATE)
    book.advance(Move(node, Then.RETRY, due_at=4.0))
    assert book.claim().keys() == {"a"}


def test_lists_longer_than_one_look_are_gone_through(book):
    for number in range(5):
        Book(book.connection, f"s{number}", project_id=f"p{number}").begin(many(1))
    turns, seen = Turns(), set[str]()
    while nodes := work_list.claim(book.connection, "me", 1, 5.0, turns, window=2):
        seen |= {node.stack_id for node in nodes}
    assert seen == {f"s{number}" for number in range(5)}


# ---- locks of the legacy mode ----


@pytest.fixture
def locked(book):
    """A tree of the legacy mode in which an action has begun."""
    locks.put(book.connection, book.stack_id)
    locks.put(book.connection, book.stack_id)
    book.begin({"a": [], "b": [], "c": ["a"]})
    return book


def test_one_engine_works_on_a_locked_tree(locked):
    nodes = locked.claim("one", limit=1)
    assert locked.claim("two") == {}
    assert len(locked.claim("one") | nodes) == 2
    locks.release(locked.connection, locked.stack_id)
    assert locks.of_trees(locked.connection, [locked.stack_id]) == {locked.stack_id: "one"}


def test_the_lock_of_a_dead_engine_goes_to_the_next_that_comes(locked):
    engines.register(locked.connection, "one", "h", "h", 1, 0.0)
    nodes = locked.claim("one")
    assert locked.claim("two") == {}
    assert engines.recover(locked.connection, 10.0)[0] == ["one"]
    assert locked.claim("two").keys() == nodes.keys()
    assert locked.claim("three") == {}


def test_what_becomes_ready_elsewhere_is_left_to_who_has_the_lock(locked):
    node = locked.claim("one")["a"]
    locks.forget(locked.connection, locked.stack_id)
    locks.put(locked.connection, locked.stack_id)
    assert locks.take(locked.connection, locked.stack_id, "two")
    assert locked.advance(Move(node, Then.DONE), owner="one").claimed == []
    assert locked.claim("two").keys() == {"c"}


def test_a_tree_in_which_nothing_runs_is_unlocked(locked):
    stacks.update(locked.connection, locked.stack_id, status=Status.COMPLETE)
    locks.release(locked.connection, locked.stack_id)
    assert locks.of_trees(locked.connection, [locked.stack_id]) == {}
