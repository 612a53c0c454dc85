"""Replacements that need what the present object has: it gives way first, and has it back when the stack goes back."""

from simulation.openings import created
from simulation.stories import scenario
from simulation.wording import hot, the, thing


def seated(shape, *, place="window", content="v1", **more):
    """A seat that two others use, so that they have to move with it."""
    seat = thing(content, kind="Seat", shape=shape, place=place)
    return {"seat": seat, "user": thing(uses=[the("seat")]), **more}


def place_of(world, stack):
    """Where the present seat is."""
    return world.cloud.by_id(stack.objects()["seat"]).fields["place"]


@scenario
async def test_what_is_replaced_gives_up_its_place_first(world):
    stack = await created(world, seated("round"))
    before = stack.objects()
    await stack.updates(hot(seated("square")))
    await stack.ends("UPDATE_COMPLETE")
    now = stack.objects()
    assert now["seat"] != before["seat"]
    assert now["user"] == before["user"]
    assert place_of(world, stack) == "window"
    assert len(world.cloud.all("seats")) == 1


@scenario
async def test_without_the_same_place_nothing_is_given_up(world):
    stack = await created(world, seated("round"))
    await stack.updates(hot(seated("square", place="aisle")))
    await stack.ends("UPDATE_COMPLETE")
    assert place_of(world, stack) == "aisle"


@scenario
async def test_a_rollback_gives_the_place_back(world):
    stack = await created(world, seated("round"))
    before = stack.objects()
    bad = seated("square", bad=thing(after="user"))
    match world.chance.choice("the next one", "a user", "the new one", "the new one in error"):
        case "the next one":
            world.cloud.refuses("bad", "POST")
        case "a user":
            world.cloud.refuses("user", "PUT")
        case "the new one":
            world.cloud.refuses("seat", "POST")
        case "the new one in error":
            world.cloud.breaks("seat")
    await stack.updates(hot(bad), disable_rollback=False)
    await stack.ends("ROLLBACK_COMPLETE")
    assert stack.objects()["seat"] == before["seat"]
    assert place_of(world, stack) == "window"
    assert len(world.cloud.all("seats")) == 1


@scenario
async def test_a_rollback_by_request_at_any_moment_gives_the_place_back(world):
    stack = await created(world, seated("round"))
    before = stack.objects()
    await stack.updates(hot(seated("square", late=thing(after="user", takes=20))))
    await world.some_moment(15)  # after `late` the old one is removed, and there is no way back to it
    await stack.cancels(roll_back=True)
    await stack.ends("ROLLBACK_COMPLETE")
    assert stack.objects()["seat"] == before["seat"]
    assert place_of(world, stack) == "window"
    assert len(world.cloud.all("seats")) == 1


@scenario
async def test_a_newer_update_at_any_moment_ends_with_one_in_the_place(world):
    shape = world.chance.choice("round", "square", "oval")
    stack = await created(world, seated("round"))
    await stack.updates(hot(seated("square")))
    await world.some_moment(25)
    await stack.updates(hot(seated(shape)))
    await stack.ends("UPDATE_COMPLETE")
    assert place_of(world, stack) == "window"
    assert [one.fields["shape"] for one in world.cloud.all("seats")] == [shape]


@scenario
async def test_after_a_failure_the_next_update_ends_with_one_in_the_place(world):
    shape = world.chance.choice("round", "square", "oval")
    trouble = world.chance.choice("POST", "in error", "next")
    stack = await created(world, seated("round"))
    if trouble == "in error":
        world.cloud.breaks("seat")
    else:
        world.cloud.refuses("bad" if trouble == "next" else "seat", "POST")
    await stack.updates(hot(seated("square", bad=thing(after="user"))))
    await stack.ends("UPDATE_FAILED")
    world.cloud.relents("seat")
    await stack.updates(hot(seated(shape)))
    await stack.ends("UPDATE_COMPLETE")
    assert place_of(world, stack) == "window"
    assert [one.fields["shape"] for one in world.cloud.all("seats")] == [shape]


@scenario
async def test_an_update_back_uses_what_is_still_there(world):
    stack = await created(world, seated("round"))
    before = stack.objects()
    world.cloud.refuses("bad", "POST")
    await stack.updates(hot(seated("square", bad=thing(after="user"))))
    await stack.ends("UPDATE_FAILED")
    await stack.updates(hot(seated("round")))
    await stack.ends("UPDATE_COMPLETE")
    assert stack.objects() == before
    assert place_of(world, stack) == "window"
    assert world.cloud.of("user")[0].fields["uses"] == [before["seat"]]


@scenario
async def test_what_cannot_give_way_fails_the_update_and_stays(world):
    stack = await created(world, seated("round"))
    before = stack.objects()
    world.cloud.refuses("seat", "PUT")
    await stack.updates(hot(seated("square")), disable_rollback=False)
    await stack.ends("ROLLBACK_COMPLETE")
    assert stack.objects() == before
    assert place_of(world, stack) == "window"


@scenario
async def test_a_stack_can_be_deleted_when_something_has_given_way(world):
    stack = await created(world, seated("round"))
    world.cloud.refuses("seat", "POST")
    await stack.updates(hot(seated("square")))
    await stack.ends("UPDATE_FAILED")
    await stack.deletes()
    await stack.ends("DELETE_COMPLETE")
    assert world.cloud.all("seats") == []


@scenario
async def test_a_new_one_in_error_is_made_again_in_the_place(world):
    stack = await created(world, seated("round"))
    world.cloud.breaks("seat", times=1)
    await stack.updates(hot(seated("square")))
    await stack.ends("UPDATE_COMPLETE")
    assert place_of(world, stack) == "window"


def key(public_key):
    return {"key": {"type": "OS::Nova::KeyPair", "properties": {"name": "k", "public_key": public_key}}}


@scenario
async def test_a_key_pair_with_the_same_name_is_replaced(world):
    stack = await created(world, key("one"))
    await stack.updates(hot(key("two")))
    await stack.ends("UPDATE_COMPLETE")
    assert [one.fields["public_key"] for one in world.cloud.all("os-keypairs")] == ["two"]


@scenario
async def test_a_rollback_registers_the_former_key_again(world):
    stack = await created(world, key("one"))
    world.cloud.refuses("bad", "POST")
    await stack.updates(hot({**key("two"), "bad": thing(after="key")}), disable_rollback=False)
    await stack.ends("ROLLBACK_COMPLETE")
    assert [one.fields["public_key"] for one in world.cloud.all("os-keypairs")] == ["one"]


@scenario
async def test_a_key_pair_goes_to_and_fro_and_stays_there_once(world):
    stack = await created(world, key("one"))
    world.cloud.refuses("bad", "POST")
    for wanted in ("two", "three"):
        await stack.updates(hot({**key(wanted), "bad": thing(after="key")}))
        await stack.ends("UPDATE_FAILED")
    await stack.updates(hot(key("one")))
    await stack.ends("UPDATE_COMPLETE")
    assert [one.fields["public_key"] for one in world.cloud.all("os-keypairs")] == ["one"]
    await stack.deletes()
    await stack.ends("DELETE_COMPLETE")
    assert world.cloud.all("os-keypairs") == []
