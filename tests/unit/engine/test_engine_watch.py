"""Many remote objects are looked at with one call; what is settled is looked at no more."""

import asyncio

from hearth.engine import watch
from hearth.engine.watch import Watcher


class Looker:
    """Records what it is asked to look at; settles what is in `settled`."""

    def __init__(self, ends_after: int) -> None:
        self.asked: list[list[str]] = []
        self.settled: set[int] = set()
        self.done = asyncio.Event()
        self._ends_after = ends_after

    async def look(self, entries: list[str]) -> set[int]:
        self.asked.append(sorted(entries))
        if len(self.asked) >= self._ends_after:
            self.done.set()
        return self.settled


async def test_a_group_is_looked_at_with_one_call():
    looker = Looker(1)
    watcher = Watcher(looker.look)
    for key in range(5):
        watcher.add("servers", key, f"s{key}")
    looker.settled = set(range(5))
    await asyncio.wait_for(looker.done.wait(), 5)
    assert looker.asked == [["s0", "s1", "s2", "s3", "s4"]]
    assert watcher.entries() == []
    watcher.close()


async def test_what_is_settled_is_looked_at_no_more():
    looker = Looker(2)
    watcher = Watcher(looker.look)
    watcher.add("servers", 1, "one")
    watcher.add("servers", 2, "two")
    looker.settled = {1}
    await asyncio.wait_for(looker.done.wait(), 5)
    assert looker.asked == [["one", "two"], ["two"]]
    watcher.close()


async def test_who_took_the_place_of_what_is_settled_is_looked_at():
    looker = Looker(2)

    async def look(entries: list[str]) -> set[int]:
        if entries == ["former"]:
            watcher.add("servers", 1, "next")
        return await looker.look(entries)

    watcher = Watcher(look)
    watcher.add("servers", 1, "former")
    looker.settled = {1}
    await asyncio.wait_for(looker.done.wait(), 5)
    assert looker.asked == [["former"], ["next"]]
    watcher.close()


async def test_groups_are_looked_at_apart():
    looker = Looker(2)
    watcher = Watcher(looker.look)
    watcher.add("servers", 1, "server")
    watcher.add("volumes", 2, "volume")
    looker.settled = {1, 2}
    await asyncio.wait_for(looker.done.wait(), 5)
    assert sorted(looker.asked) == [["server"], ["volume"]]
    watcher.close()


async def test_what_was_dropped_is_not_looked_at():
    looker = Looker(1)
    watcher = Watcher(looker.look)
    watcher.add("servers", 1, "one")
    watcher.add("servers", 2, "two")
    assert watcher.drop(1) == "one"
    assert watcher.drop(1) is None
    looker.settled = {2}
    await asyncio.wait_for(looker.done.wait(), 5)
    assert looker.asked == [["two"]]
    watcher.close()


async def test_an_entry_added_during_a_look_is_looked_at_next():
    watcher: Watcher[str]
    asked: list[list[str]] = []
    done = asyncio.Event()

    async def look(entries: list[str]) -> set[int]:
        asked.append(sorted(entries))
        if len(asked) == 1:
            watcher.add("servers", 2, "late")
            return {1}
        done.set()
        return {2}

    watcher = Watcher(look)
    watcher.add("servers", 1, "early")
    await asyncio.wait_for(done.wait(), 5)
    assert asked == [["early"], ["late"]]
    watcher.close()


async def test_nothing_is_looked_at_after_the_end():
    looker = Looker(1)
    watcher = Watcher(looker.look)
    watcher.add("servers", 1, "one")
    watcher.close()
    assert watcher.entries() == []
    assert looker.asked == []


async def test_a_group_that_something_was_told_of_is_looked_at_first():
    looker = Looker(2)
    looker.settled = {1, 2}
    watcher = Watcher(looker.look)
    watcher.add("servers", 1, "server", after=2.0)
    watcher.add("volumes", 2, "volume", after=2.0)
    watcher.hasten(lambda entry: entry == "volume")
    await asyncio.wait_for(looker.done.wait(), 10)
    assert looker.asked == [["volume"], ["server"]]
    watcher.close()


async def test_what_is_told_during_a_look_brings_another_one_soon(monkeypatch):
    monkeypatch.setattr(watch, "LONGEST", 3600.0)
    monkeypatch.setattr(watch, "GROWTH", 1e6)
    looker = Looker(2)

    async def look(entries: list[str]) -> set[int]:
        if not looker.asked:
            watcher.hasten(lambda entry: entry == "server")
        return await looker.look(entries)

    watcher = Watcher(look)
    watcher.add("servers", 1, "server")
    await asyncio.wait_for(looker.done.wait(), 10)
    assert looker.asked == [["server"], ["server"]]
    watcher.close()
