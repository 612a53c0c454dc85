"""Following a stack's events as they happen: nothing is missed, nothing comes twice, and everything has an end."""

import asyncio
import contextlib

import pytest

from hearth.engine import feed
from hearth.model.errors import HearthError

ONE = {
    "heat_template_version": "2021-04-16",
    "resources": {"a": {"type": "OS::Heat::RandomString"}},
}
TWO = {**ONE, "resources": {**ONE["resources"], "b": {"type": "OS::Heat::RandomString"}}}
MANY = {
    "heat_template_version": "2021-04-16",
    "resources": {
        "g": {
            "type": "OS::Heat::ResourceGroup",
            "properties": {"count": 300, "resource_def": {"type": "OS::Heat::RandomString"}},
        }
    },
}
NESTED = {
    "heat_template_version": "2021-04-16",
    "resources": {
        "outer": {
            "type": "OS::Heat::ResourceGroup",
            "properties": {
                "count": 1,
                "resource_def": {
                    "type": "OS::Heat::ResourceGroup",
                    "properties": {"count": 1, "resource_def": {"type": "OS::Heat::RandomString"}},
                },
            },
        }
    },
}


async def told(follower, until, seconds=60):
    """(name, state) of what a follower is told, up to the event that `until` names or the follower's end."""
    found = []
    async with asyncio.timeout(seconds):
        while follower.end is None and until not in found:
            found += [(row.resource_name, f"{row.action}_{row.status}") for row, _ in await follower.next(5)]
    return found


async def listed(world, identity, **more):
    found = await world.service.list_events(world.caller, identity, sort_dir="asc", **more)
    return [(one["resource_name"], one["resource_status"]) for one in found]


@pytest.mark.every_database
async def test_a_follower_is_told_what_was_and_what_comes_in_order(world):
    identity = await world.create(ONE)
    await world.until(identity)
    follower = await world.service.follow_events(world.caller, identity)
    await world.update(identity, TWO)
    found = await told(follower, ("stack", "UPDATE_COMPLETE"))
    assert found == await listed(world, identity)
    assert found[0] == ("stack", "CREATE_IN_PROGRESS")


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ({"resource_name": ["b"]}, [("b", "CREATE_IN_PROGRESS"), ("b", "CREATE_COMPLETE")]),
        (
            {"resource_status": ["COMPLETE"], "resource_type": ["OS::Heat::RandomString"]},
            [("a", "CREATE_COMPLETE"), ("b", "CREATE_COMPLETE")],
        ),
        (
            {"resource_action": ["DELETE"], "resource_name": ["stack"]},
            [("stack", "DELETE_IN_PROGRESS"), ("stack", "DELETE_COMPLETE")],
        ),
    ],
)
async def test_filters_are_those_of_the_list(world, filters, wanted):
    identity = await world.create(ONE)
    follower = await world.service.follow_events(world.caller, identity, filters=filters)
    await world.until(identity)
    await world.update(identity, TWO)
    await world.until(identity, "UPDATE_COMPLETE")
    await world.delete(identity)
    found = await told(follower, None)
    assert follower.end is feed.End.GONE
    assert [one for one in found if not one[1].startswith("DELETE") or one[0] == "stack"] == wanted


@pytest.mark.parametrize("depth", [0, 1, 2])
async def test_nested_stacks_are_followed_down_to_a_depth_from_their_birth(world, depth):
    identity = await world.create(ONE)
    await world.until(identity)
    follower = await world.service.follow_events(world.caller, identity, nested_depth=depth)
    await world.update(identity, NESTED)
    found = await told(follower, ("stack", "UPDATE_COMPLETE"))
    assert found == await listed(world, identity, nested_depth=depth)
    assert (("0", "CREATE_COMPLETE") in found) == (depth > 0)
    assert sum(one == ("0", "CREATE_COMPLETE") for one in found) == depth


async def test_who_comes_again_goes_on_after_the_last_event_it_was_told(world):
    identity = await world.create(TWO)
    await world.until(identity)
    everything = await world.service.list_events(world.caller, identity, sort_dir="asc")
    for at in (0, 2, len(everything) - 1):
        follower = await world.service.follow_events(world.caller, identity, after=everything[at]["id"])
        found = [row.id for row, _ in await follower.next(0.2)]
        assert found == [one["id"] for one in everything[at + 1 :]]
        follower.close()


async def test_an_event_that_is_no_longer_kept_begins_anew(world):
    identity = await world.create(ONE)
    await world.until(identity)
    follower = await world.service.follow_events(world.caller, identity, after="gone")
    assert len(await follower.next(1)) == len(await listed(world, identity))


async def test_only_what_happens_from_now_on(world):
    identity = await world.create(ONE)
    await world.until(identity)
    follower = await world.service.follow_events(world.caller, identity, replay=False)
    await world.update(identity, TWO)
    found = await told(follower, ("stack", "UPDATE_COMPLETE"))
    assert found[0] == ("stack", "UPDATE_IN_PROGRESS")


@pytest.mark.every_database
async def test_a_slow_follower_misses_nothing_and_holds_no_more_than_its_queue(world, monkeypatch):
    monkeypatch.setattr(feed, "QUEUE", 10)
    monkeypatch.setattr(feed, "PAGE", 7)
    identity = await world.create(ONE)
    await world.until(identity)
    slow = await world.service.follow_events(world.caller, identity, nested_depth=1)
    beside = await world.service.follow_events(world.caller, identity, nested_depth=1)
    first = [(row.resource_name, f"{row.action}_{row.status}") for row, _ in await slow.next(5)]
    await world.update(identity, MANY)
    quick = await told(beside, ("stack", "UPDATE_COMPLETE"))
    assert first + await told(slow, ("stack", "UPDATE_COMPLETE")) == quick
    assert quick == await listed(world, identity, nested_depth=1)


@pytest.mark.every_database
async def test_what_another_process_commits_is_found_without_the_bus(world, new_world):
    identity = await world.create(ONE)
    await world.until(identity)
    other = new_world()
    other.store.close()
    other.key = world.key
    other._open()
    try:
        follower = await other.service.follow_events(world.caller, identity)
        await world.update(identity, TWO)
        assert await told(follower, ("stack", "UPDATE_COMPLETE")) == await listed(world, identity)
    finally:
        await other.service.stop()
        await other.close()


@pytest.mark.every_database
async def test_a_stack_that_is_gone_ends_the_stream(world):
    identity = await world.create(ONE)
    await world.until(identity)
    follower = await world.service.follow_events(world.caller, identity)
    await world.delete(identity)
    found = await told(follower, None)
    assert found[-1] == ("stack", "DELETE_COMPLETE")
    assert follower.end is feed.End.GONE
    late = await world.service.follow_events(world.caller, identity)
    assert await told(late, None) == found


async def test_closing_lets_all_come_to_their_end_and_nobody_in(world):
    identity = await world.create(ONE)
    await world.until(identity)
    followers = [await world.service.follow_events(world.caller, identity) for _ in range(3)]
    waiting = [asyncio.create_task(told(one, None)) for one in followers]
    world.service.close_streams()
    assert all(len(found) == 4 for found in await asyncio.gather(*waiting))
    assert {one.end for one in followers} == {feed.End.CLOSING}
    with pytest.raises(HearthError, match="stopping"):
        await world.service.follow_events(world.caller, identity)


@pytest.mark.parametrize("option", ["max_event_streams", "max_event_streams_per_tenant"])
async def test_there_are_no_more_streams_than_allowed(new_world, option):
    world = new_world(**{option: 2})
    await world.start_engine()
    async with contextlib.AsyncExitStack() as ending:
        ending.push_async_callback(world.close)
        ending.push_async_callback(world.service.stop)
        identity = await world.create(ONE)
        await world.until(identity)
        first, _second = [await world.service.follow_events(world.caller, identity) for _ in range(2)]
        with pytest.raises(HearthError, match=rf"2 event streams open|2 event streams are open.*{option}"):
            await world.service.follow_events(world.caller, identity)
        first.close()
        await world.service.follow_events(world.caller, identity)
