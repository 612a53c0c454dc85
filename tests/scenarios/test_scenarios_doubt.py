"""What becomes of a resource whose last action failed, when its object is well all the same."""

import pytest
from templates import hot

from hearth.model.drift import Condition
from hearth.model.states import Action
from hearth.resources import base
from hearth.resources.contract import Call, Change, Gone, Permanent, Unwell
from hearth.resources.schema import Property


class Estate:
    """Plots of land, no two at the same place. What happens to them can be made to fail."""

    is_usable = True

    def __init__(self, world):
        self.plots: dict[str, dict[str, str]] = {}
        self.refused: set[str] = set()
        self.ill: set[str] = set()
        estate = self

        @base.resource("Test::Plot")
        class Plot(base.Base):
            place = Property(str, "Where it is.", required=True)
            colour = Property(str, "How it looks.", updatable=True)
            external = True
            survives_failure = True
            waits_on = frozenset({Action.CREATE})

            async def create(self, call: Call) -> str | None:
                place = call.properties["place"]
                if any(one["place"] == place for one in estate.plots.values()):
                    raise Permanent(f"{place} is taken")
                estate.plots[call.physical_name] = {"place": place, "colour": call.properties.get("colour", "")}
                return call.physical_name

            async def observe(self, call: Call):
                if call.physical_id not in estate.plots:
                    raise Gone("there is no such plot")
                return estate.plots[call.physical_id]

            def ailment(self, call: Call, observed):
                return Unwell("it is ill", Condition.FAILED) if call.physical_id in estate.ill else None

            async def update(self, call: Call, change: Change) -> str | None:
                if "update" in estate.refused:
                    raise Permanent("not today")
                estate.plots[str(call.physical_id)]["colour"] = change.properties["colour"]
                return None

            async def delete(self, call: Call) -> None:
                if "delete" in estate.refused:
                    raise Permanent("somebody stands on it")
                estate.plots.pop(str(call.physical_id), None)

        async def session_of(stack):
            return estate

        world.types.add([Plot])
        world.owners.session_of = session_of


@pytest.fixture
def estate(world):
    return Estate(world)


def plot(place, colour="white"):
    return hot({"plot": {"type": "Test::Plot", "properties": {"place": place, "colour": colour}}})


async def created(world, template):
    stack = await world.create(template)
    await world.until(stack, "CREATE_COMPLETE")
    return stack


async def object_of(world, stack):
    return (await world.resources(stack))["plot"]["physical_resource_id"]


async def test_an_object_that_is_well_survives_a_failed_update(world, estate):
    stack = await created(world, plot("a"))
    before = await object_of(world, stack)
    estate.refused.add("update")
    await world.update(stack, plot("a", "red"))
    await world.until(stack, "UPDATE_FAILED", "UPDATE_COMPLETE")
    estate.refused.clear()
    changes = await world.changes(stack, plot("a", "red"))
    assert "it stays if its object is well" in str(changes)
    await world.update(stack, plot("a", "red"))
    await world.until(stack, "UPDATE_COMPLETE")
    assert await object_of(world, stack) == before
    assert list(estate.plots.values()) == [{"place": "a", "colour": "red"}]


async def test_an_object_that_is_well_is_kept_when_the_change_is_taken_back(world, estate):
    stack = await created(world, plot("a"))
    before = await object_of(world, stack)
    estate.refused.add("update")
    await world.update(stack, plot("a", "red"))
    await world.until(stack, "UPDATE_FAILED", "UPDATE_COMPLETE")
    estate.refused.clear()
    await world.update(stack, plot("a"))
    await world.until(stack, "UPDATE_COMPLETE")
    assert await object_of(world, stack) == before
    assert not (await world.statuses(stack))["plot"].endswith("FAILED")
    assert list(estate.plots.values()) == [{"place": "a", "colour": "white"}]


async def test_an_object_that_is_ill_is_replaced(world, estate):
    stack = await created(world, plot("a"))
    before = await object_of(world, stack)
    estate.refused.add("update")
    await world.update(stack, plot("a", "red"))
    await world.until(stack, "UPDATE_FAILED", "UPDATE_COMPLETE")
    estate.refused.clear()
    estate.ill.add(before)
    estate.plots[before]["place"] = "elsewhere"
    await world.update(stack, plot("a", "red"))
    await world.until(stack, "UPDATE_COMPLETE")
    assert await object_of(world, stack) != before
    assert list(estate.plots.values()) == [{"place": "a", "colour": "red"}]


@pytest.mark.parametrize("way", ["update", "rollback"])
async def test_what_could_not_be_removed_is_taken_up_again(world, estate, way):
    stack = await created(world, plot("a"))
    before = await object_of(world, stack)
    estate.refused.add("delete")
    await world.update(stack, plot("b"), disable_rollback=way == "update")
    if way == "update":
        await world.until(stack, "UPDATE_FAILED", "UPDATE_COMPLETE")
        assert len(estate.plots) == 2
        estate.refused.clear()
        await world.update(stack, plot("a"))
        await world.until(stack, "UPDATE_COMPLETE")
    else:
        await world.until(stack, "ROLLBACK_FAILED", "ROLLBACK_COMPLETE")
        estate.refused.clear()
        await world.update(stack, plot("a"))
        await world.until(stack, "UPDATE_COMPLETE")
    assert await object_of(world, stack) == before
    assert list(estate.plots.values()) == [{"place": "a", "colour": "white"}]
    await world.delete(stack)
    await world.until(stack, "DELETE_COMPLETE")
    assert estate.plots == {}
