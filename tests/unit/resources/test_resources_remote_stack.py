"""OS::Heat::Stack: where it may be, when it is done, what it shows."""

from collections.abc import Callable
from typing import Any

import pytest

from hearth.model.states import Action
from hearth.resources import checking, registry
from hearth.resources.contract import Call, Change, Permanent, Values, Verdict, Wait

CallMaker = Callable[..., Call]
KIND = registry.TypeRegistry().get("OS::Heat::Stack")


def values(**given: Any) -> Values:
    found, issues = checking.check(KIND, {"template": "t", **given})
    assert issues == []
    return found


@pytest.mark.parametrize(
    ("action", "status", "expected"),
    [
        (Action.CREATE, "CREATE_IN_PROGRESS", Wait()),
        (Action.CREATE, "CREATE_COMPLETE", None),
        (Action.UPDATE, "CREATE_COMPLETE", Wait()),
        (Action.UPDATE, "UPDATE_COMPLETE", None),
        (Action.UPDATE, "CREATE_FAILED", Wait()),
        (Action.SUSPEND, "SUSPEND_IN_PROGRESS", Wait()),
        (Action.SUSPEND, "SUSPEND_COMPLETE", None),
        (Action.CHECK, "CHECK_COMPLETE", None),
        (Action.DELETE, "DELETE_COMPLETE", None),
    ],
)
async def test_it_is_done_when_the_same_action_is(
    make_call: CallMaker, action: Action, status: str, expected: Wait | None
) -> None:
    call = make_call(action=action, physical_id="id")
    assert await KIND.settle(call, {"stack_status": status}) == expected


async def test_a_failure_over_there_is_told_here(make_call: CallMaker) -> None:
    failed = {"stack_status": "UPDATE_FAILED", "stack_status_reason": "no room"}
    with pytest.raises(Permanent, match="no room"):
        await KIND.settle(make_call(action=Action.UPDATE, physical_id="id"), failed)


def test_only_another_region_replaces(make_call: CallMaker) -> None:
    before = values(context={"region_name": "one"})
    for context, verdict in (
        ({"region_name": "two"}, Verdict.REPLACE),
        ({"region_name": "one", "insecure": True}, Verdict.UPDATE),
    ):
        after = values(context=context)
        call = make_call(properties=after, previous=before)
        assert KIND.decide(Change({"context": after["context"]}), call).verdict is verdict


@pytest.mark.parametrize(("text", "wrong"), [("no certificate", True), ("", False)])
def test_certificates_are_read_before_anything_is_made(text: str, wrong: bool) -> None:
    issues = list(KIND.validate(values(context={"ca_cert": text})))
    assert [issue.path for issue in issues] == ([("context", "ca_cert")] if wrong else [])


async def test_outputs_are_an_attribute(make_call: CallMaker) -> None:
    observed = {"stack_name": "s", "outputs": [{"output_key": "a", "output_value": [1]}, {"output_key": "b"}]}
    call = make_call(physical_id="id")
    assert await KIND.attribute(call, "outputs", observed) == {"a": [1], "b": None}
    assert await KIND.attribute(call, "stack_name", observed) == "s"
