"""Nodes are worked on once, in order, by whoever holds them; a newer traversal does nothing twice."""

import pytest
from store_rows import STACK

from hearth.model.plan import Work
from hearth.model.states import Action, Status
from hearth.store import endings, engines, stacks, traversals, work_list
from hearth.store.rows import Phase
from hearth.store.traversals import Move, Then

DIAMOND = {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]}


def done(*nodes, then=Then.DONE, **more):
    return [Move(node, then, **more) for node in nodes]


def intend(book, node, **more):
    book.advance(Move(node, Then.STAY, Phase.INTENDED, **more))


# ---- order ----


def test_only_nodes_without_needs_are_ready(book):
    book.begin(DIAMOND)
    assert book.claim().keys() == {"a"}


def test_what_becomes_ready_is_claimed_by_the_same_commit(book):
    book.begin(DIAMOND)
    advanced = book.advance(*done(*book.claim().values()))
    second = book.named(advanced.claimed)
    assert second.keys() == {"b", "c"}
    assert book.advance(*done(second["b"])).claimed == []
    assert book.named(book.advance(*done(second["c"])).claimed).keys() == {"d"}


def test_two_needs_met_in_one_commit_count_twice(book):
    book.begin(DIAMOND)
    second = book.advance(*done(*book.claim().values())).claimed
    assert book.named(book.advance(*done(*second)).claimed).keys() == {"d"}


def test_what_goes_beyond_the_capacity_is_left_for_anybody(book):
    book.begin(DIAMOND)
    advanced = book.advance(*done(*book.claim().values()), capacity=1)
    assert (len(advanced.claimed), advanced.surplus) == (1, 1)
    assert len(book.claim("other")) == 1


def test_the_last_move_ends_the_traversal(book):
    present = book.begin({"a": [], "b": []})
    first, second = book.claim().values()
    assert book.advance(*done(first)).ended == []
    assert [one.id for one in book.advance(*done(second)).ended] == [present]
    assert [one.id for one in endings.unfinished(book.connection)] == [present]


def test_a_traversal_without_nodes_is_found_unfinished(book):
    present = book.begin({})
    assert [one.id for one in endings.unfinished(book.connection)] == [present]


# ---- claims and fences ----


def test_a_node_is_claimed_once(book):
    book.begin({"a": [], "b": []})
    assert len(book.claim("one")) == 2
    assert book.claim("two") == {}


def test_claims_respect_the_limit_and_the_time(book):
    book.begin({"a": [], "b": []})
    [(name, node)] = book.claim(limit=1).items()
    book.advance(Move(node, Then.PAUSE, Phase.STARTED, due_at=6.0))
    assert name not in book.claim()
    assert [one.id for one in work_list.claim(book.connection, "me", 9, 7.0)] == [node.id]


def test_a_move_with_a_stale_token_is_not_stored(book):
    book.begin({"a": [], "b": ["a"]})
    [stale] = book.claim("dead").values()
    engines.register(book.connection, "dead", "h", "h", 1, 0.0)
    assert engines.recover(book.connection, 10.0) == (["dead"], 0)
    [fresh] = book.claim("alive").values()
    lost = book.advance(*done(stale, changes={"reason": "stale"}), owner="dead")
    assert (lost.lost, lost.claimed, lost.ended) == ({stale.id}, [], [])
    assert book.row("a").reason == ""
    book.advance(*done(fresh, changes={"reason": "fresh"}), owner="alive")
    assert book.row("a").reason == "fresh"


def test_a_lost_move_takes_no_other_along(book):
    book.begin({"a": [], "b": []})
    nodes = book.claim()
    nodes["a"].token += 1
    advanced = book.advance(*done(*nodes.values(), changes={"reason": "stored"}))
    assert advanced.lost == {nodes["a"].id}
    assert (book.row("a").reason, book.row("b").reason) == ("", "stored")


@pytest.mark.parametrize("given_back", ["retire", "retire_others", "recover"])
def test_what_a_dead_engine_held_goes_on_where_it_was(book, given_back):
    book.begin({"a": []})
    [node] = book.claim("dead").values()
    if given_back != "recover":
        engines.register(book.connection, "dead", "h", "h", 1, 0.0)
    book.advance(Move(node, Then.STAY, Phase.INTENDED), owner="dead")
    arguments = {"retire": ["dead"], "retire_others": ["alive"], "recover": [0.0]}[given_back]
    getattr(engines, given_back)(book.connection, *arguments)
    [again] = book.claim("alive").values()
    assert (again.id, again.phase, again.token > node.token) == (node.id, Phase.INTENDED, True)


def test_an_engine_declared_dead_cannot_renew(book):
    engines.register(book.connection, "e", "h", "h", 1, 0.0)
    assert engines.renew(book.connection, "e", 10.0, 1.0)
    assert engines.recover(book.connection, 10.5) == ([], 1)
    assert engines.recover(book.connection, 11.5) == (["e"], 0)
    assert not engines.renew(book.connection, "e", 10.0, 12.0)


def test_a_dead_engine_is_told_of_for_a_while_and_comes_back_by_registering(book):
    engines.register(book.connection, "e", "h", "h", 5, 0.0)
    engines.register(book.connection, "other", "h", "h", 5, 11.0)
    assert engines.recover(book.connection, 11.0) == (["e"], 1)
    assert engines.recover(book.connection, 12.0) == ([], 1)
    assert {one["id"]: one["dead"] for one in engines.listed(book.connection)} == {"e": True, "other": False}
    engines.register(book.connection, "e", "h", "h", 5, 12.0)
    assert {one["id"]: one["dead"] for one in engines.listed(book.connection)} == {"e": False, "other": False}
    engines.recover(book.connection, 22.5)
    engines.register(book.connection, "late", "h", "h", 5, 26.5)
    assert {one["id"] for one in engines.listed(book.connection)} == {"e", "late"}


def test_an_engine_whose_last_sign_of_life_is_in_the_future_does_not_keep_its_work(book):
    """The clock was set back since; its lease would run for a day."""
    day = 86400.0
    engines.register(book.connection, "e", "h", "h", 1, day)
    engines.register(book.connection, "me", "h", "h", 100, 1.0)
    assert engines.recover(book.connection, 2.0) == (["e"], 1)


def test_attempts_and_phase_outlive_their_engine(book):
    book.begin({"a": []})
    [node] = book.claim("dead").values()
    node.attempt = 3
    book.advance(Move(node, Then.STAY, Phase.DISCARDING), owner="dead")
    engines.recover(book.connection, 0.0)
    [again] = book.claim().values()
    assert (again.attempt, again.phase) == (3, Phase.DISCARDING)


# ---- failing, parking, aborting ----


def test_after_a_failure_nothing_begins_and_what_runs_ends(book):
    present = book.begin({"a": [], "b": [], "c": ["b"]})
    nodes = book.claim()
    advanced = book.advance(Move(nodes["a"], Then.FAIL, failure="broken"))
    assert advanced.ended == []
    ended = book.advance(*done(nodes["b"]))
    assert ended.claimed == []
    assert [(one.id, one.failure) for one in ended.ended] == [(present, "broken")]


def test_the_first_failure_is_kept(book):
    present = book.begin({"a": [], "b": []})
    nodes = book.claim()
    book.advance(Move(nodes["a"], Then.FAIL, failure="first"))
    book.advance(Move(nodes["b"], Then.FAIL, failure="second"))
    assert traversals.by_id(book.connection, present).failure == "first"


@pytest.mark.parametrize("phase", [Phase.INTENDED, Phase.STARTED, Phase.DISCARDING])
def test_a_failure_does_not_drop_what_a_crash_interrupted(book, phase):
    engines.register(book.connection, "me", "h", "h", 1, 0.0)
    book.begin({"a": [], "b": []})
    [interrupted] = book.claim("dead", limit=1).values()
    book.advance(Move(interrupted, Then.STAY, phase), owner="dead")
    [other] = book.claim("me").values()
    engines.recover(book.connection, 0.0)
    assert book.advance(Move(other, Then.FAIL, failure="broken")).ended == []
    assert [node.id for node in book.claim().values()] == [interrupted.id]


def test_a_skipped_node_leaves_out_only_what_depends_on_it(book):
    present = book.begin({"a": [], "b": ["a"], "c": ["b"], "other": []}, Action.CHECK, Work.VISIT)
    nodes = book.claim()
    assert book.advance(Move(nodes["a"], Then.SKIP, failure="a: gone")).ended == []
    [ended] = book.advance(*done(nodes["other"])).ended
    assert (ended.id, ended.failure) == (present, "a: gone")


def test_a_parked_node_waits_to_be_woken(book):
    book.begin({"a": []})
    [node] = book.claim().values()
    book.advance(Move(node, Then.PARK, Phase.STARTED))
    engines.recover(book.connection, 0.0)
    assert book.claim() == {}
    advanced = traversals.Advanced()
    traversals.unpark(book.connection, book.rows["a"].id, "me", 10, advanced)
    assert [(one.id, one.phase) for one in advanced.claimed] == [(node.id, Phase.STARTED)]


def test_abort_takes_everything_and_tells_what_was_in_flight(book):
    present = book.begin({"a": [], "b": ["a"]})
    [node] = book.claim().values()
    assert endings.abort(book.connection, STACK, present, "Timed out") == {book.rows["a"].id}
    assert traversals.by_id(book.connection, present).failure == "Timed out"
    assert book.advance(*done(node)).lost == {node.id}
    assert book.left() == 0


# ---- superseding ----


def test_a_plan_on_old_facts_is_refused(book):
    book.begin({"a": []})
    book.present = None
    with pytest.raises(traversals.Superseded):
        book.begin({"a": []}, Action.UPDATE)


def test_a_newer_traversal_drops_what_has_not_begun(book):
    book.begin({"a": [], "b": ["a"]})
    present = book.begin({"a": [], "b": ["a"]}, Action.UPDATE)
    assert {node.traversal_id for node in book.claim().values()} == {present}


def test_a_newer_node_waits_for_the_call_under_way(book):
    book.begin({"a": []})
    old = book.claim()["a"]
    intend(book, old)
    book.begin({"a": []}, Action.UPDATE)
    assert book.claim() == {}
    assert book.named(book.advance(*done(old)).claimed).keys() == {"a"}


def test_a_newer_node_goes_on_when_the_call_under_way_fails(book):
    book.begin({"a": []})
    old = book.claim()["a"]
    intend(book, old)
    present = book.begin({"a": []}, Action.UPDATE)
    advanced = book.advance(Move(old, Then.FAIL, failure="broken"))
    assert book.named(advanced.claimed).keys() == {"a"}
    assert traversals.by_id(book.connection, present).failure is None


def test_a_newer_node_waits_for_what_a_crash_interrupted(book):
    book.begin({"a": []})
    old = book.claim("dead")["a"]
    book.advance(Move(old, Then.STAY, Phase.INTENDED), owner="dead")
    engines.recover(book.connection, 0.0)
    book.begin({"a": []}, Action.UPDATE)
    assert [node.id for node in book.claim().values()] == [old.id]


def test_a_newer_node_goes_on_when_what_a_crash_interrupted_is_dropped(book):
    book.begin({"a": [], "b": []})
    old = book.claim("dead")
    book.begin({"a": [], "b": []}, Action.UPDATE)
    book.advance(Move(old["a"], Then.STAY, Phase.INTENDED), owner="dead")
    engines.recover(book.connection, 0.0)
    again = book.named(work_list.claim(book.connection, "me", 1, 5.0))
    assert again.keys() == {"a"}
    advanced = book.advance(Move(again["a"], Then.FAIL, failure="broken"))
    assert book.named([*advanced.claimed, *book.claim().values()]).keys() == {"a", "b"}


def test_the_next_but_one_waits_for_the_call_under_way_too(book):
    book.begin({"a": []})
    old = book.claim()["a"]
    intend(book, old)
    book.begin({"a": []}, Action.UPDATE)
    assert book.rows["a"].id in traversals.busy(book.connection, STACK)
    last = book.begin({"a": []}, Action.DELETE, Work.REMOVE)
    assert book.claim() == {}
    [node] = book.advance(*done(old)).claimed
    assert node.traversal_id == last


def test_a_delete_does_not_wait_for_what_the_cloud_accepted(book):
    book.begin({"a": []})
    old = book.claim()["a"]
    book.advance(Move(old, Then.STAY, Phase.STARTED))
    present = book.begin({"a": []}, Action.DELETE, Work.REMOVE)
    assert book.claim()["a"].traversal_id == present
    assert book.advance(*done(old)).lost == {old.id}


def test_a_traversal_that_failed_ends_with_the_last_call_of_those_it_superseded(book):
    book.begin({"a": [], "b": []})
    old = book.claim()
    intend(book, old["a"])
    book.advance(*done(old["b"]))
    present = book.begin({"a": [], "b": []}, Action.ROLLBACK)
    new = book.claim()
    assert new.keys() == {"b"}
    assert book.advance(Move(new["b"], Then.FAIL, failure="b: broken")).ended == []
    assert endings.unfinished(book.connection) == []
    [ended] = book.advance(*done(old["a"])).ended
    assert (ended.id, ended.failure) == (present, "b: broken")
    assert [one.id for one in endings.unfinished(book.connection)] == [present]


def nesting(book, *others):
    """Begin a traversal in which `a` waits for the end of its nested stack; what is done of the others."""
    book.begin({"a": [], **{name: [] for name in others}})
    nodes = book.claim()
    book.advance(Move(nodes["a"], Then.PARK, Phase.STARTED), *done(*(nodes[name] for name in others)))
    return nodes["a"]


def wake(book, name):
    advanced = traversals.Advanced()
    traversals.unpark(book.connection, book.rows[name].id, "me", 10, advanced)
    return advanced


@pytest.mark.parametrize("action", [Action.ROLLBACK, Action.DELETE])
def test_a_traversal_that_failed_ends_after_the_nested_stacks_of_those_it_superseded(book, action):
    old = nesting(book, "b")
    present = book.begin({"b": [], "a": ["b"]}, action)
    assert book.advance(Move(book.claim()["b"], Then.FAIL, failure="b: broken")).ended == []
    [woken] = wake(book, "a").claimed
    assert woken.id == old.id
    assert [one.id for one in book.advance(*done(woken)).ended] == [present]


def test_a_newer_node_takes_a_nested_stack_over_without_waiting(book):
    nesting(book)
    present = book.begin({"a": []}, Action.UPDATE)
    node = book.claim()["a"]
    book.advance(Move(node, Then.PARK, Phase.STARTED))
    endings.take_over(book.connection, node.resource_id, present)
    [woken] = wake(book, "a").claimed
    assert woken.id == node.id
    assert [one.id for one in book.advance(*done(woken)).ended] == [present]


@pytest.mark.parametrize("is_claimed", [False, True])
def test_a_newer_node_that_has_not_begun_hears_first_how_a_nested_stack_has_ended(book, is_claimed):
    old = nesting(book)
    book.begin({"a": []}, Action.UPDATE)
    newer = book.claim() if is_claimed else {}
    [woken] = wake(book, "a").claimed
    assert woken.id == old.id
    assert book.claim() == {}
    assert book.advance(*done(*newer.values())).lost == {node.id for node in newer.values()}
    [last] = book.advance(*done(woken)).claimed
    assert len(book.advance(*done(last)).ended) == 1


def test_what_a_newer_traversal_has_superseded_stops_at_no_hook(book):
    book.begin({"a": []})
    old = book.claim()["a"]
    intend(book, old)
    present = book.begin({}, Action.UPDATE)
    assert [one.id for one in book.advance(Move(old, Then.PARK, Phase.NONE)).ended] == [present]


def test_an_old_traversal_is_forgotten_when_its_calls_have_ended(book):
    first = book.begin({"a": []})
    old = book.claim()["a"]
    intend(book, old)
    second = book.begin({"a": []}, Action.UPDATE)
    endings.forget(book.connection, STACK, but=second)
    assert traversals.by_id(book.connection, first) is not None
    book.advance(*done(old))
    endings.forget(book.connection, STACK, but=second)
    assert traversals.by_id(book.connection, first) is None


def test_stacks_that_are_complete_have_nothing_unfinished(book):
    book.begin({})
    stacks.update(book.connection, STACK, status=Status.COMPLETE)
    assert endings.unfinished(book.connection) == []
    assert endings.deadlines(book.connection) == {}
