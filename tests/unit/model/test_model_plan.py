"""What a plan does to which resources, and in which order."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.graph import dag
from hearth.model import plan
from hearth.model.plan import Decision, Effect, Judgement, Verdict, Work
from hearth.model.states import Action, Status


@dataclasses.dataclass
class Row:
    id: str
    name: str
    action: Action = Action.CREATE
    status: Status = Status.COMPLETE
    requires: list[str] = dataclasses.field(default_factory=list)
    definition_id: str | None = "old"
    replaced_by: str | None = None
    created_at: float = 0.0


_EFFECTS = {
    Verdict.CREATE: Effect.IDENTITY,
    Verdict.REPLACE: Effect.IDENTITY,
    Verdict.UPDATE: Effect.ATTRIBUTES,
    Verdict.KEEP: Effect.NONE,
}


def judged_as(verdicts):
    def judge(name, row, effects):
        verdict = Verdict.CREATE if row is None else verdicts.get(name, Verdict.KEEP)
        return Judgement(Decision(verdict), _EFFECTS[verdict])

    return judge


def made(requires, rows=(), verdicts=None, **more):
    return plan.make(Action.UPDATE, requires, list(rows), judged_as(verdicts or {}), **more)


def work_of(a_plan):
    return {(node.name, node.work, node.row_id) for node in a_plan.nodes}


def needs_of(a_plan, name, work):
    nodes = a_plan.nodes
    (node,) = [one for one in nodes if one.name == name and one.work is work]
    return {(nodes[number].name, nodes[number].work) for number in node.needs}


def test_creation_makes_one_node_a_resource_in_the_order_of_needs():
    a_plan = made({"server": ["port"], "port": ["net"], "net": []})
    assert [step.verdict for step in a_plan.steps] == [Verdict.CREATE] * 3
    assert needs_of(a_plan, "server", Work.CONVERGE) == {("port", Work.CONVERGE)}
    assert needs_of(a_plan, "net", Work.CONVERGE) == set()


def test_nothing_to_change_makes_no_nodes():
    rows = [Row("1", "net"), Row("2", "port", requires=["net"])]
    a_plan = made({"net": [], "port": ["net"]}, rows)
    assert a_plan.nodes == ()
    assert {step.verdict for step in a_plan.steps} == {Verdict.KEEP}


def test_what_depends_on_a_change_is_looked_at_again_and_nothing_else():
    rows = [Row("1", "net"), Row("2", "port", requires=["net"]), Row("3", "other")]
    a_plan = made({"net": [], "port": ["net"], "other": []}, rows, {"net": Verdict.UPDATE})
    assert {(name, work) for name, work, _ in work_of(a_plan)} == {
        ("net", Work.CONVERGE),
        ("port", Work.CONVERGE),
        ("net", Work.TIDY),
        ("port", Work.TIDY),
    }


def test_a_replaced_object_goes_after_its_users_have_moved_to_the_new_one():
    rows = [Row("1", "net"), Row("2", "port", requires=["net"])]
    a_plan = made({"net": [], "port": ["net"]}, rows, {"net": Verdict.REPLACE})
    assert needs_of(a_plan, "net", Work.TIDY) == {
        ("net", Work.CONVERGE),
        ("port", Work.CONVERGE),
        ("port", Work.TIDY),
    }


def test_removal_goes_from_users_to_used():
    rows = [Row("1", "net"), Row("2", "port", requires=["net"]), Row("3", "server", requires=["port"])]
    a_plan = plan.make(Action.DELETE, {}, rows, judged_as({}))
    assert needs_of(a_plan, "net", Work.REMOVE) == {("port", Work.REMOVE)}
    assert needs_of(a_plan, "port", Work.REMOVE) == {("server", Work.REMOVE)}
    assert {step.judgement.decision.reason for step in a_plan.steps} == {"the stack is deleted"}


def test_what_is_no_longer_wanted_waits_for_users_to_let_go():
    rows = [Row("1", "old_net"), Row("2", "port", requires=["old_net"])]
    a_plan = made({"port": []}, rows, {"port": Verdict.UPDATE})
    assert ("port", Work.CONVERGE) in needs_of(a_plan, "old_net", Work.REMOVE)


@pytest.mark.parametrize(
    ("rows", "chosen"),
    [
        ([Row("old", "a"), Row("failed", "a", status=Status.FAILED, created_at=9.0)], "old"),
        ([Row("old", "a", replaced_by="new"), Row("new", "a", created_at=1.0)], "new"),
        ([Row("wanted", "a", definition_id="goal", replaced_by="x"), Row("x", "a", created_at=2.0)], "wanted"),
        ([Row("gone", "a", action=Action.DELETE, created_at=5.0), Row("here", "a")], "here"),
    ],
)
def test_the_best_of_several_rows_is_used_and_the_others_are_removed(rows, chosen):
    a_plan = made({"a": []}, rows, definition_id="goal")
    assert a_plan.steps[0].row_id == chosen
    removed = {node.row_id for node in a_plan.nodes if node.work is Work.REMOVE}
    assert removed == {row.id for row in rows} - {chosen}


@pytest.mark.parametrize(
    ("of_former", "of_present", "status", "chosen"),
    [
        (Verdict.KEEP, Verdict.REPLACE, Status.COMPLETE, "former"),
        (Verdict.UPDATE, Verdict.REPLACE, Status.COMPLETE, "former"),
        (Verdict.REPLACE, Verdict.REPLACE, Status.COMPLETE, "present"),
        (Verdict.KEEP, Verdict.UPDATE, Status.COMPLETE, "present"),
        (Verdict.KEEP, Verdict.REPLACE, Status.FAILED, "present"),
    ],
)
def test_what_was_replaced_and_is_still_there_need_not_be_made_again(of_former, of_present, status, chosen):
    rows = [
        Row("former", "a", status=status, replaced_by="present"),
        Row("present", "a", created_at=1.0),
        Row("user", "b", requires=["a"]),
    ]

    def judge(name, row, effects):
        verdict = {"former": of_former, "present": of_present}.get(row.id, Verdict.KEEP)
        return Judgement(Decision(verdict), _EFFECTS[verdict])

    a_plan = plan.make(Action.UPDATE, {"a": [], "b": ["a"]}, rows, judge)
    assert a_plan.steps[0].row_id == chosen
    if chosen == "former":  # and whoever uses the other one moves back before that goes
        assert needs_of(a_plan, "b", Work.CONVERGE) == {("a", Work.CONVERGE)}
        removal = next(node for node in a_plan.nodes if node.row_id == "present")
        assert ("b", Work.CONVERGE) in {(a_plan.nodes[one].name, a_plan.nodes[one].work) for one in removal.needs}


def test_rows_a_running_traversal_may_change_are_looked_at_again():
    a_plan = made({"a": []}, [Row("1", "a")], busy={"1"})
    assert ("a", Work.CONVERGE, "1") in work_of(a_plan)


def test_what_is_under_way_may_come_out_in_any_way_and_nobody_knows_its_values():
    seen = {}

    def judge(name, row, effects):
        seen.update(effects)
        return Judgement(Decision(Verdict.KEEP), Effect.NONE)

    rows = [Row("1", "a"), Row("2", "b", requires=["a"])]
    a_plan = plan.make(Action.UPDATE, {"a": [], "b": ["a"]}, rows, judge, busy={"1"})
    assert seen == {"a": Effect.IDENTITY}
    assert a_plan.steps[0].judgement.allowed == {Verdict.KEEP, Verdict.UPDATE, Verdict.REPLACE, Verdict.CREATE}


def test_what_is_gone_already_is_no_step():
    rows = [Row("1", "a", action=Action.DELETE), Row("2", "b")]
    assert [step.name for step in plan.make(Action.DELETE, {}, rows, judged_as({})).steps] == ["b"]


def test_dependencies_turned_round_do_not_make_a_circle_of_removals():
    rows = [Row("1", "a", requires=["b"]), Row("2", "b", requires=["a"])]
    a_plan = plan.make(Action.DELETE, {}, rows, judged_as({}))
    assert len(a_plan.nodes) == 2
    dag.order({number: node.needs for number, node in enumerate(a_plan.nodes)})


names = st.sampled_from([f"r{number}" for number in range(8)])
verdicts = st.sampled_from([Verdict.KEEP, Verdict.UPDATE, Verdict.REPLACE])


@given(
    wanted=st.dictionaries(names, st.sets(names, max_size=4)),
    present=st.dictionaries(names, st.sets(names, max_size=4)),
    judged=st.dictionaries(names, verdicts),
)
def test_any_plan_can_be_carried_out(wanted, present, judged):
    requires = {name: sorted(one for one in needs if one < name and one in wanted) for name, needs in wanted.items()}
    rows = [
        Row(f"row-{name}", name, requires=sorted(one for one in needs if one in present and one != name))
        for name, needs in present.items()
    ]
    a_plan = made(requires, rows, judged)
    dag.order({number: node.needs for number, node in enumerate(a_plan.nodes)})
    removed = {node.row_id for node in a_plan.nodes if node.work is Work.REMOVE}
    assert removed == {row.id for row in rows if row.name not in requires}
    assert {step.name for step in a_plan.steps if step.verdict is not Verdict.DELETE} == set(requires)
