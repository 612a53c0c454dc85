"""What becomes of one resource, as a table of cases."""

import dataclasses
from typing import Any

import pytest

from hearth.engine import judge
from hearth.model.drift import Condition, Difference, Reality, Sighting, Treated, Treatment
from hearth.model.plan import Effect, Verdict
from hearth.model.states import Action, Status
from hearth.model.values import UNKNOWN
from hearth.resources import contract, registry
from hearth.resources.blueprint import Member
from hearth.store.rows import ResourceRow
from hearth.template import template

TYPES = registry.TypeRegistry()
STORED = {"value": "old", "fail": False}
CREATE, KEEP, UPDATE, REPLACE = Verdict.CREATE, Verdict.KEEP, Verdict.UPDATE, Verdict.REPLACE


def kind(name: str) -> contract.Resource:
    found = TYPES.get(name)
    assert found is not None
    return found


def row(**given: Any) -> ResourceRow:
    fields = dict.fromkeys(ResourceRow.__dataclass_fields__)
    fields |= {"id": "r", "stack_id": "s", "name": "r", "type": "OS::Heat::TestResource", "reason": "", "requires": []}
    fields |= {"action": Action.CREATE, "status": Status.COMPLETE, "deletion_policy": "Delete", "physical_id": "p"}
    fields |= {"data": {}, "attributes": {}, "created_at": 1.0, "updated_at": 1.0, "properties": STORED}
    return ResourceRow(**(fields | given))


def ruling(present: ResourceRow | None, values: dict[str, Any], metadata: Any = None, **more: Any) -> judge.Ruling:
    wanted = kind("OS::Heat::TestResource")
    names = {field.name for field in dataclasses.fields(template.BoundResource)}
    defaults = {"name": "r", "type": "OS::Heat::TestResource", "deletion_policy": "Delete"}
    definition = template.BoundResource(**{name: defaults.get(name) for name in names})
    member = Member(definition, wanted, (), values)
    old = kind(present.type) if present is not None else None
    view = contract.StackView("s", "s", "p")
    call = contract.Call("r", "r", "r", "p", values, view, cloud=None, now=0.0, previous=STORED)  # type: ignore[arg-type]
    return judge.rule(member, present, old, values, metadata, call, **more)


@pytest.mark.parametrize(
    ("present", "values", "verdict", "effect"),
    [
        (None, STORED, CREATE, Effect.IDENTITY),
        (row(action=Action.INIT), STORED, CREATE, Effect.IDENTITY),
        (row(), STORED, KEEP, Effect.NONE),
        (row(), STORED | {"value": "new"}, UPDATE, Effect.ATTRIBUTES),
        (row(), STORED | {"value": UNKNOWN}, UPDATE, Effect.ATTRIBUTES),
        (row(), STORED | {"update_replace_value": "x"}, REPLACE, Effect.IDENTITY),
        (row(type="OS::Heat::Value"), STORED, REPLACE, Effect.IDENTITY),
        (row(status=Status.FAILED), STORED, REPLACE, Effect.IDENTITY),
        (row(action=Action.CHECK, status=Status.FAILED), STORED, REPLACE, Effect.IDENTITY),
        (row(action=Action.DELETE, status=Status.IN_PROGRESS), STORED, REPLACE, Effect.IDENTITY),
        (row(action=Action.UPDATE, status=Status.IN_PROGRESS), STORED, KEEP, Effect.NONE),
        (row(deletion_policy="Retain"), STORED, UPDATE, Effect.ATTRIBUTES),
    ],
)
def test_verdicts(present, values, verdict, effect):
    judgement = ruling(present, values).judgement
    assert (judgement.decision.verdict, judgement.effect) == (verdict, effect)


@pytest.mark.parametrize(
    ("values", "metadata", "allowed"),
    [
        ({"value": "new"}, None, {UPDATE}),
        ({"value": UNKNOWN}, None, {KEEP, UPDATE}),
        ({"value": UNKNOWN, "client_name": "new"}, None, {UPDATE}),
        ({"update_replace_value": UNKNOWN}, None, {KEEP, UPDATE, REPLACE}),
        ({"update_replace_value": UNKNOWN, "value": "new"}, None, {UPDATE, REPLACE}),
        ({"update_replace_value": UNKNOWN}, {"a": 1}, {UPDATE, REPLACE}),
        ({"update_replace": UNKNOWN, "value": "new"}, None, {UPDATE, REPLACE}),
        ({}, UNKNOWN, {KEEP, UPDATE}),
        ({"value": "new"}, UNKNOWN, {UPDATE}),
    ],
)
def test_what_is_not_known_yet_leaves_open_what_comes(values, metadata, allowed):
    assert ruling(row(), STORED | values, metadata).judgement.allowed == allowed


def test_the_change_names_what_differs_and_what_is_gone():
    assert ruling(row(), {"value": "new"}).change.properties == {"value": "new", "fail": None}


def test_empty_metadata_are_no_change():
    assert ruling(row(metadata=None), STORED, {}).verdict is KEEP
    assert ruling(row(metadata=None), STORED, {"a": 1}).verdict is UPDATE


def test_a_restricted_verdict_is_refused_without_effect():
    judgement = ruling(row(), STORED | {"value": "new"}, restricted=[UPDATE]).judgement
    assert (judgement.decision.verdict, judgement.effect) == (Verdict.REFUSE, Effect.NONE)
    assert "restricted" in judgement.decision.reason


def seen(condition: Condition, **differences: tuple[Any, Any]) -> Sighting:
    found = {name: Difference(*pair) for name, pair in differences.items()}
    return Sighting(1.0, condition, "there is none" if condition is Condition.GONE else "", found)


def decided(treatment: Treatment, name: str = "value", before: Any = "old", value: Any = None) -> dict[str, Treated]:
    return {name: Treated("r", name, treatment, (before,), value)}


DRIFTED = seen(Condition.DRIFTED, value=("old", "other"))
REPLACED = seen(Condition.DRIFTED, update_replace_value=("x", "y"))
GONE = seen(Condition.GONE)


@pytest.mark.parametrize(
    ("reality", "values", "verdict", "reason"),
    [
        (Reality(DRIFTED), STORED, KEEP, "nothing changes"),
        (Reality(DRIFTED, converge=True), STORED, UPDATE, "value drifted: expected 'old', is 'other'"),
        (Reality(DRIFTED, converge=True), STORED | {"value": "other"}, UPDATE, "its object is already"),
        (Reality(DRIFTED, decided(Treatment.IGNORE), converge=True), STORED, KEEP, "nothing changes"),
        (Reality(DRIFTED, decided(Treatment.REVERT), reverts=True), STORED, UPDATE, "value drifted"),
        (Reality(DRIFTED, decided(Treatment.REVERT)), STORED, KEEP, "nothing changes"),
        (
            Reality(REPLACED, converge=True),
            STORED | {"update_replace_value": "x"},
            REPLACE,
            "update_replace_value drifted",
        ),
        (Reality(GONE), STORED, KEEP, "nothing changes"),
        (Reality(GONE, converge=True), STORED, REPLACE, "drifted: there is none"),
        (Reality(GONE, decided(Treatment.REVERT, ""), reverts=True), STORED, REPLACE, "drifted: there is none"),
        (Reality(seen(Condition.UNREADY), converge=True), STORED, KEEP, "nothing changes"),
        (Reality(seen(Condition.UNKNOWN), converge=True), STORED, KEEP, "nothing changes"),
    ],
)
def test_what_was_seen_counts_where_it_is_to_be_put_right(
    reality: Reality, values: dict[str, Any], verdict: Verdict, reason: str
) -> None:
    present = row(properties=STORED | {key: one for key, one in values.items() if key not in STORED})
    found = ruling(present, values, reality=reality).judgement.decision
    assert (found.verdict, found.reason.startswith(reason)) == (verdict, True), found.reason


def test_an_acceptance_holds_while_the_template_says_what_it_said() -> None:
    reality = Reality(None, decided(Treatment.ACCEPT, value="other"))
    present = row(properties=STORED | {"value": "other"})
    for said, held in (("old", True), ("new", False), (UNKNOWN, False)):
        facing = reality.facing(STORED | {"value": said})
        effective = facing.effective(STORED | {"value": said})
        found = ruling(present, effective, reality=facing).judgement.decision
        assert (found.verdict is KEEP, "as accepted, the template says 'old'" in found.reason) == (held, held)
    lapsed = [bool(reality.lapsed(STORED | {"value": said})) for said in ("old", "new", UNKNOWN)]
    assert lapsed == [False, True, False], "what is not known yet ends nothing"
