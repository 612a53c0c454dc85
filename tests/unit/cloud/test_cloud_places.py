"""Parties take turns at places, and nobody who left keeps one."""

import asyncio

from hearth.cloud.places import Places


class Scene:
    """Tasks that want a place, in the order in which they got it."""

    def __init__(self, count):
        self.places = Places(count)
        self.order = []

    async def want(self, *parties):
        tasks = [asyncio.create_task(self._take(party)) for party in parties]
        await asyncio.sleep(0)
        return tasks

    async def _take(self, party):
        await self.places.acquire(party)
        self.order.append(party)

    async def give_back(self, times):
        for _ in range(times):
            self.places.release()
            await asyncio.sleep(0)
            await asyncio.sleep(0)


async def test_who_comes_last_waits_for_one_turn_of_each_other():
    scene = Scene(1)
    await scene.want("a", "a", "a", "a", "a", "b", "b", "c")
    await scene.give_back(7)
    assert "".join(scene.order) == "aabcabaa"


async def test_places_are_not_more_than_there_are():
    scene = Scene(2)
    await scene.want("a", "b", "c")
    assert (scene.order, scene.places.waiting) == (["a", "b"], 1)


async def test_who_stops_waiting_takes_no_place():
    scene = Scene(1)
    _, leaving, _ = await scene.want("a", "b", "c")
    leaving.cancel()
    await asyncio.sleep(0)
    await scene.give_back(1)
    assert scene.order == ["a", "c"]


async def test_a_place_given_to_one_who_is_cancelled_goes_to_the_next():
    scene = Scene(1)
    _, leaving, _ = await scene.want("a", "b", "c")
    scene.places.release()
    leaving.cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert scene.order == ["a", "c"]
