"""Whatever a request causes tells the request's ids, whichever engine does it and however much later."""

import pytest
from templates import hot

from hearth.resources import base
from hearth.resources.contract import Call, Permanent
from hearth.telemetry import trail

GIVEN = "req-0f6f0ea4-8d2b-4b8c-9d8f-2a0e5a6f7b8c"
#: `[(what is done, the trail that is followed then)]`
SEEN: list[tuple[str, trail.Trail | None]] = []


@base.resource("Test::Footprint")
class Footprint(base.Base):
    """Notes the trail on which it is made and removed."""

    external = True

    async def create(self, call: Call) -> str | None:
        """Note it; fails when so named."""
        SEEN.append((f"create {call.name}", trail.current()))
        if call.name == "fails":
            raise Permanent("as told", "Test")
        return call.physical_name

    async def delete(self, call: Call) -> None:
        """Note it."""
        SEEN.append((f"delete {call.name}", trail.current()))


STEP = {"type": "Test::Footprint"}
INNER = """
heat_template_version: 2018-08-31
resources: {inside: {type: Test::Footprint}}
"""


@pytest.fixture
def watched(new_world):
    """A world of which nothing runs yet."""
    SEEN.clear()
    made = new_world()
    made.plans_first = False
    made.types.add([Footprint])
    return made


async def test_an_engine_that_starts_later_follows_the_trail_into_nested_stacks(watched):
    template = hot({"outer": STEP, "nest": {"type": "inner.yaml"}})
    with trail.following(asked := trail.opened(GIVEN)):
        stack = await watched.create(template, files={"inner.yaml": INNER})
    await watched.start_engine()
    await watched.until(stack, "CREATE_COMPLETE")
    assert dict(SEEN) == {"create outer": asked, "create inside": asked}
    with trail.following(removal := trail.opened()):
        await watched.delete(stack)
    await watched.until(stack, "DELETE_COMPLETE")
    assert dict(SEEN)["delete inside"] == dict(SEEN)["delete outer"] == removal
    await watched.close()


async def test_a_rollback_is_still_the_same_request(watched):
    template = hot({"first": STEP, "fails": {**STEP, "depends_on": "first"}})
    await watched.start_engine()
    with trail.following(asked := trail.opened(GIVEN)):
        stack = await watched.create(template, disable_rollback=False)
    await watched.until(stack, "ROLLBACK_COMPLETE")
    assert dict(SEEN)["delete first"] == asked
    await watched.close()


async def test_lines_of_two_actions_at_once_are_told_apart(watched):
    await watched.start_engine()
    asked, stacks = {}, []
    for name in ("one", "two", "three"):
        with trail.following(trail.opened()):
            asked[name] = trail.current()
            stacks.append(await watched.create(hot({f"{name}-{n}": STEP for n in range(30)}), name=name))
    for stack in stacks:
        await watched.until(stack, "CREATE_COMPLETE")
    assert len(SEEN) == 90
    for what, seen in SEEN:
        assert seen == asked[what.partition(" ")[2].partition("-")[0]]
    await watched.close()
