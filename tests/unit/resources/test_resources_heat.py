"""The small types of the orchestration service: what they give, how they wait and fail."""

import string
from collections.abc import Callable
from typing import Any

import pytest

from hearth.model.states import Action
from hearth.resources import checking, registry
from hearth.resources.contract import Call, Change, Permanent, Values, Verdict, Wait

CallMaker = Callable[..., Call]
TYPES = registry.TypeRegistry()


def checked(type_name: str, given: dict[str, Any]) -> Values:
    kind = TYPES.get(type_name)
    values, issues = checking.check(kind, given)
    assert [*issues, *kind.validate(values)] == []
    return values


@pytest.mark.parametrize(
    ("given", "alphabet"),
    [
        ({}, string.ascii_letters + string.digits),
        ({"length": 64}, string.ascii_letters + string.digits),
        ({"character_classes": [{"class": "hexdigits"}]}, "0123456789ABCDEF"),
        ({"sequence": "octdigits"}, "01234567"),
        (
            {"character_classes": [{"class": "digits", "min": 31}], "character_sequences": [{"sequence": "%"}]},
            "0123456789%",
        ),
    ],
)
async def test_random_string_has_length_and_alphabet(
    make_call: CallMaker, given: dict[str, Any], alphabet: str
) -> None:
    kind = TYPES.get("OS::Heat::RandomString")
    call = make_call(properties=checked("OS::Heat::RandomString", given))
    call.physical_id = await kind.create(call)
    text = await kind.attribute(call, "value", None)
    assert len(text) == given.get("length", 32)
    assert set(text) <= set(alphabet)
    assert kind.reference(call) == text


async def test_random_string_holds_the_least_numbers(make_call: CallMaker) -> None:
    given = {
        "length": 6,
        "character_classes": [{"class": "uppercase", "min": 2}, {"class": "digits", "min": 3}],
        "character_sequences": [{"sequence": "!?", "min": 1}],
    }
    kind = TYPES.get("OS::Heat::RandomString")
    call = make_call(properties=checked("OS::Heat::RandomString", given))
    await kind.create(call)
    text = await kind.attribute(call, "value", None)
    assert [sum(one in group for one in text) for group in (string.ascii_uppercase, string.digits, "!?")] == [2, 3, 1]


def test_random_string_least_numbers_must_fit() -> None:
    kind = TYPES.get("OS::Heat::RandomString")
    values, _ = checking.check(kind, {"length": 2, "character_classes": [{"class": "digits", "min": 3}]})
    assert [issue.path for issue in kind.validate(values)] == [("length",)]


@pytest.mark.parametrize(
    ("form", "value", "expected"),
    [
        (None, {"a": 1}, {"a": 1}),
        ("string", 5, "5"),
        ("number", "1.5", 1.5),
        ("comma_delimited_list", "a,b", ["a", "b"]),
        ("json", '{"a": 1}', {"a": 1}),
        ("boolean", "true", True),
    ],
)
async def test_value_is_given_in_its_type(make_call: CallMaker, form: str | None, value: Any, expected: Any) -> None:
    given = {"value": value} | ({"type": form} if form else {})
    call = make_call(properties=checked("OS::Heat::Value", given))
    assert await TYPES.get("OS::Heat::Value").attribute(call, "value", None) == expected


@pytest.mark.parametrize(("form", "value"), [("number", "x"), ("boolean", "maybe"), ("json", "["), ("json", [1])])
def test_value_of_another_type_is_refused(form: str, value: Any) -> None:
    kind = TYPES.get("OS::Heat::Value")
    values, issues = checking.check(kind, {"type": form, "value": value})
    assert not issues
    assert [issue.path for issue in kind.validate(values)] == [("value",)]


async def test_none_takes_anything_and_gives_null(make_call: CallMaker) -> None:
    kind = TYPES.get("OS::Heat::None")
    call = make_call(properties=checked("OS::Heat::None", {"whatever": [1]}))
    assert await kind.create(call) == call.physical_name
    assert kind.has_attribute("anything")
    assert await kind.attribute(call, "anything", None) is None


@pytest.mark.parametrize(
    ("given", "action", "seconds"),
    [
        ({}, Action.CREATE, None),
        ({"wait_secs": 5}, Action.CREATE, 5),
        ({"wait_secs": 5, "action_wait_secs": {"create": 2}}, Action.CREATE, 2),
        ({"wait_secs": 5, "action_wait_secs": {"create": 2}}, Action.DELETE, 5),
    ],
)
async def test_test_resource_waits(
    make_call: CallMaker, given: dict[str, Any], action: Action, seconds: float | None
) -> None:
    kind = TYPES.get("OS::Heat::TestResource")
    call = make_call(properties=checked("OS::Heat::TestResource", given), action=action)
    await (kind.create(call) if action is Action.CREATE else kind.delete(call))
    waited = await kind.settle(call, None)
    assert waited == (None if seconds is None else Wait(seconds))
    call.now += seconds or 0
    assert await kind.settle(call, None) is None


async def test_test_resource_fails_when_told_but_not_in_delete(make_call: CallMaker) -> None:
    kind = TYPES.get("OS::Heat::TestResource")
    call = make_call(properties=checked("OS::Heat::TestResource", {"fail": True}))
    await kind.create(call)
    with pytest.raises(Permanent, match="thing"):
        await kind.settle(call, None)
    call.action = Action.DELETE
    assert await kind.settle(call, None) is None


@pytest.mark.parametrize(
    ("given", "change", "verdict"),
    [
        ({}, {"value": "b"}, Verdict.UPDATE),
        ({}, {"update_replace_value": "b"}, Verdict.REPLACE),
        ({"update_replace": True}, {"value": "b"}, Verdict.REPLACE),
        ({"update_replace": False}, {"update_replace": False}, Verdict.UPDATE),
    ],
)
def test_test_resource_decides(
    make_call: CallMaker, given: dict[str, Any], change: dict[str, Any], verdict: Verdict
) -> None:
    kind = TYPES.get("OS::Heat::TestResource")
    call = make_call(properties=checked("OS::Heat::TestResource", given | change), previous={"value": "a"})
    assert kind.decide(Change(change), call).verdict is verdict


async def test_delay_waits_on_its_actions_only(make_call: CallMaker) -> None:
    kind = TYPES.get("OS::Heat::Delay")
    call = make_call(properties=checked("OS::Heat::Delay", {"min_wait": 7, "actions": ["DELETE"]}))
    await kind.create(call)
    assert await kind.settle(call, None) is None
    call.action = Action.DELETE
    await kind.delete(call)
    assert await kind.settle(call, None) == Wait(7)


async def test_delay_adds_jitter_up_to_its_limit(make_call: CallMaker) -> None:
    kind = TYPES.get("OS::Heat::Delay")
    call = make_call(properties=checked("OS::Heat::Delay", {"max_jitter": 2, "jitter_multiplier": 10}))
    await kind.create(call)
    wait = await kind.settle(call, None)
    assert wait is None or (wait.after is not None and 0 < wait.after <= 20)


def test_a_decision_names_property_old_and_new(make_call: CallMaker) -> None:
    kind = TYPES.get("OS::Heat::TestResource")
    call = make_call(properties={}, previous={"value": "a"})
    decision = kind.decide(Change({"value": "b"}), call)
    assert decision.keys == ("value",)
    assert "value" in decision.reason and "'a'" in decision.reason and "'b'" in decision.reason
