"""What becomes of one resource, as a table of cases."""

import dataclasses
from typing import Any

import pytest

from hearth.engine import judge
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
