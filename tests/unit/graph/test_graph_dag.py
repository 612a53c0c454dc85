"""Orders, circles and longest paths of small graphs."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.graph import dag


def test_order_puts_every_node_after_what_it_needs():
    needs = {"server": ["port", "image"], "port": ["net"], "net": [], "image": []}
    order = dag.order(needs)
    assert order.index("net") < order.index("port") < order.index("server")
    assert order.index("image") < order.index("server")


@pytest.mark.parametrize(
    ("needs", "circle"),
    [
        ({"a": ["a"]}, {"a"}),
        ({"a": ["b"], "b": ["a"]}, {"a", "b"}),
        ({"a": ["b"], "b": ["c"], "c": ["a"], "free": [], "below": ["a"]}, {"a", "b", "c"}),
    ],
)
def test_a_circle_is_named_from_a_node_back_to_itself(needs, circle):
    with pytest.raises(dag.CycleError) as caught:
        dag.order(needs)
    nodes = caught.value.nodes
    assert nodes[0] == nodes[-1]
    assert set(nodes) == circle
    assert all(after in needs[before] for before, after in itertools.pairwise(nodes))


def test_reachable_follows_edges_any_distance():
    assert dag.reachable({1}, {1: [2], 2: [3], 4: [1]}) == {1, 2, 3}


def test_longest_path_is_the_chain_that_bounds_the_time():
    needs = {"a": [], "b": ["a"], "c": ["b"], "x": [], "y": ["x", "a"]}
    assert dag.longest_path(needs) == ["a", "b", "c"]
    assert dag.longest_path({}) == []


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=80))
def test_order_holds_for_any_graph_without_circles(pairs):
    needs = {node: set() for node in range(31)}
    for low, high in pairs:
        if low != high:
            needs[max(low, high)].add(min(low, high))
    order = {node: place for place, node in enumerate(dag.order(needs))}
    assert len(order) == 31
    assert all(order[one] < order[node] for node, several in needs.items() for one in several)
