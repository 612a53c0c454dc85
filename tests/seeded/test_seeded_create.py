"""Creating: order, failures, objects in error, rollback. Spec: lifecycle facts, section 4."""

import asyncio

from simulation.stories import scenario
from simulation.wording import content_of, hot, the, thing

from hearth.model.errors import Invalid

CHAIN = hot(
    {"net": thing("10.0.0.0/8"), "port": thing(content_of("net"), on=the("net")), "server": thing(uses=[the("port")])},
    {"holds": content_of("port")},
)


@scenario
async def test_a_stack_is_made_in_the_order_of_its_needs(world):
    stack = await world.creates(CHAIN)
    await stack.ends("CREATE_COMPLETE")
    assert world.cloud.contents == {"net": "10.0.0.0/8", "port": "10.0.0.0/8", "server": "v1"}
    assert await stack.output("holds") == "10.0.0.0/8"
    assert stack.events("net") == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]


@scenario
async def test_an_empty_stack_comes_and_goes(world):
    stack = await world.creates(hot())
    await stack.ends("CREATE_COMPLETE")
    await stack.deletes()
    await stack.ends("DELETE_COMPLETE")


@scenario
async def test_what_is_made_is_removed_from_users_to_used(world):
    stack = await world.creates(CHAIN)
    await stack.ends("CREATE_COMPLETE")
    await stack.deletes()
    await stack.ends("DELETE_COMPLETE")
    assert world.cloud.contents == {}


@scenario
async def test_needs_that_nothing_states_are_kept_too(world):
    resources = {
        "plot": thing(kind="Plot", shape="round"),
        "ground": thing(kind="Ground", shape="round", takes=3),
        "other": thing(kind="Ground", shape="square"),
    }
    stack = await world.creates(hot(resources))
    await stack.ends("CREATE_COMPLETE")
    order = [one.resource for one in world.cloud.all("things")]
    assert order.index("ground") < order.index("plot")
    await stack.deletes()
    await stack.ends("DELETE_COMPLETE")


@scenario
async def test_independent_resources_come_side_by_side(world):
    stack = await world.creates(hot({f"r{n}": thing(str(n), takes=2) for n in range(6)}))
    await stack.ends("CREATE_COMPLETE")
    assert world.cloud.contents == {f"r{n}": str(n) for n in range(6)}


@scenario
async def test_many_users_of_one_thing_wait_for_it_and_let_it_go_last(world):
    users = {f"u{n}": thing(uses=[the("base")]) for n in range(4)}
    stack = await world.creates(hot({"base": thing(takes=2), **users, "top": thing(after=[*users])}))
    await stack.ends("CREATE_COMPLETE")
    await stack.deletes()
    await stack.ends("DELETE_COMPLETE")


@scenario
async def test_a_failure_starts_nothing_more_and_names_its_cause(world):
    world.cloud.refuses("bad", "POST")
    resources = {"bad": thing(), "next": thing(after="bad"), "slow": thing(takes=3)}
    stack = await world.creates(hot(resources))
    await stack.ends("CREATE_FAILED")
    assert stack.reason.startswith("Resource CREATE failed: Forbidden: resources.bad: ")
    assert stack.resources["bad"] == "CREATE_FAILED"
    assert stack.resources["next"] == "INIT_COMPLETE"
    assert stack.resources["slow"] in ("CREATE_COMPLETE", "INIT_COMPLETE")
    await stack.deletes()
    await stack.ends("DELETE_COMPLETE")


@scenario
async def test_a_failed_creation_that_is_rolled_back_leaves_nothing(world):
    world.cloud.refuses("bad", "POST")
    resources = {"good": thing(), "bad": thing(after="good"), "slow": thing(takes=5)}
    stack = await world.creates(hot(resources), disable_rollback=False)
    await stack.ends("ROLLBACK_COMPLETE")
    assert world.cloud.contents == {}
    assert stack.resources == {}


@scenario
async def test_an_object_in_error_is_made_again_until_it_is_well(world):
    world.cloud.breaks("fragile", times=2)
    stack = await world.creates(hot({"fragile": thing(takes=1), "user": thing(uses=[the("fragile")])}))
    await stack.ends("CREATE_COMPLETE")
    assert len(world.cloud.of("fragile")) == 1


@scenario(action_retry_limit=2)
async def test_an_object_that_is_always_in_error_fails_in_the_end(world):
    world.cloud.breaks("fragile")
    stack = await world.creates(hot({"fragile": thing()}))
    await stack.ends("CREATE_FAILED")
    assert "Went to status ERROR" in stack.reason
    await stack.deletes()
    await stack.ends("DELETE_COMPLETE")
    assert world.cloud.contents == {}


@scenario
async def test_two_stacks_do_not_get_into_each_others_way(world):
    one, other = await asyncio.gather(world.creates(CHAIN, "one"), world.creates(CHAIN, "other"))
    await one.ends("CREATE_COMPLETE")
    await one.deletes()
    await other.ends("CREATE_COMPLETE")
    await one.ends("DELETE_COMPLETE")
    assert len(world.cloud.all("things")) == 3


@scenario
async def test_a_wrong_template_leaves_no_trace(world):
    try:
        await world.creates(hot({"a": thing(uses=[the("nobody")])}))
    except Invalid:
        pass
    else:
        raise AssertionError("it was accepted")
    assert world.database.look("SELECT * FROM stack") == []
