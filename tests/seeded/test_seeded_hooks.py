"""Hooks, signals, and stacks that are given away and taken in. Spec: lifecycle facts, sections 2, 10 and 12."""

import json

from simulation.stories import scenario
from simulation.wording import hot, the, thing

from hearth.engine import hooks


def hooked(*several):
    return {"resource_registry": {"resources": {"a": {"hooks": list(several)}}}}


async def clears(world, stack, hook):
    """Clear a hook as soon as the stack has stopped at it; an answer that was lost is not missed."""
    text = f"paused until Hook {hook} is cleared"
    await world.until(lambda: any(one.endswith(text) for one in stack.told("a")), f"it should stop at {hook}")
    try:
        await stack.signals("a", {"unset_hook": hook})
    except hooks.InvalidHook:
        assert f"Hook {hook} is cleared" in stack.told("a")


@scenario
async def test_a_creation_stops_at_its_hooks(world):
    template = hot({"a": thing("1"), "b": thing(uses=[the("a")])})
    stack = await world.creates(template, environment=hooked("pre-create", "post-create"))
    await clears(world, stack, "pre-create")
    await clears(world, stack, "post-create")
    await stack.ends("CREATE_COMPLETE")
    assert world.cloud.contents == {"a": "1", "b": "v1"}


@scenario
async def test_a_newer_update_need_not_pass_the_hook_of_the_older_one(world):
    stack = await world.creates(hot({"a": thing("1")}), environment=hooked("pre-create"))
    await world.some_moment()
    await stack.updates(hot({"a": thing("2")}))
    await stack.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"a": "2"}


def waiting(count):
    handle = {"type": "OS::Heat::WaitConditionHandle", "properties": {"signal_transport": "NO_SIGNAL"}}
    properties = {"handle": the("handle"), "count": count, "timeout": 200}
    condition = {"type": "OS::Heat::WaitCondition", "properties": properties}
    return hot({"handle": handle, "wait": condition, "next": thing(after="wait")})


@scenario
async def test_signals_let_what_waits_for_them_go_on(world):
    stack = await world.creates(waiting(2))
    await stack.until_resource("handle", "CREATE_COMPLETE")
    await stack.signals("handle", {"id": "one", "data": "x"})
    await stack.signals("handle", {"id": "two"})
    await stack.ends("CREATE_COMPLETE")
    assert world.cloud.contents == {"next": "v1"}


@scenario
async def test_what_waits_for_a_signal_can_be_deleted(world):
    stack = await world.creates(waiting(1))
    await world.some_moment(16)
    await stack.deletes()
    await stack.ends("DELETE_COMPLETE")
    assert world.cloud.contents == {}


@scenario
async def test_what_is_given_away_can_be_taken_in_again(world):
    stack = await world.creates(hot({"a": thing("1"), "b": thing("1", uses=[the("a")])}))
    await stack.ends("CREATE_COMPLETE")
    document = await stack.abandons()
    await stack.ends("DELETE_COMPLETE")
    assert world.cloud.contents == {"a": "1", "b": "1"}
    taken = await world.creates(None, "taken", adopt_stack_data=json.dumps(document))
    await taken.ends("ADOPT_COMPLETE")
    await taken.updates(hot({"a": thing("2"), "b": thing("1", uses=[the("a")])}))
    await taken.ends("UPDATE_COMPLETE")
    assert world.cloud.contents == {"a": "2", "b": "1"}
    await taken.deletes()
    await taken.ends("DELETE_COMPLETE")
    assert world.cloud.contents == {}
