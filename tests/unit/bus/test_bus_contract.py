"""What every bus promises: wake-ups arrive, coalesce, and survive a failing subscriber."""

import asyncio
from collections.abc import Mapping
from typing import Any

from hearth.bus.contract import Bus


async def test_every_subscriber_of_the_topic_is_woken(bus: Bus) -> None:
    first, second, other = asyncio.Event(), asyncio.Event(), asyncio.Event()
    bus.subscribe("work", _set(first))
    bus.subscribe("work", _set(second))
    bus.subscribe("elsewhere", _set(other))
    await bus.publish("work", {})
    await asyncio.gather(first.wait(), second.wait())
    assert not other.is_set()


async def test_a_burst_wakes_seldom_and_last_with_the_newest(bus: Bus) -> None:
    seen: list[int] = []
    started, go_on, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def handler(message: Mapping[str, Any]) -> None:
        seen.append(message["number"])
        started.set()
        await go_on.wait()
        if message["number"] == 99:
            done.set()

    bus.subscribe("work", handler)
    await bus.publish("work", {"number": 0})
    await started.wait()
    for number in range(1, 100):
        await bus.publish("work", {"number": number})
    go_on.set()
    await done.wait()
    assert seen[0] == 0 and seen[-1] == 99
    assert len(seen) < 10


async def test_a_failing_subscriber_is_woken_again(bus: Bus) -> None:
    calls: list[Mapping[str, Any]] = []
    failed, again = asyncio.Event(), asyncio.Event()

    async def handler(message: Mapping[str, Any]) -> None:
        calls.append(message)
        if len(calls) == 1:
            failed.set()
            raise RuntimeError("no")
        again.set()

    bus.subscribe("work", handler)
    await bus.publish("work", {"number": 1})
    await failed.wait()
    await bus.publish("work", {"number": 2})
    await again.wait()
    assert [call["number"] for call in calls] == [1, 2]


async def test_cancel_waits_for_the_running_call_and_ends_wake_ups(bus: Bus) -> None:
    started, finished = asyncio.Event(), asyncio.Event()
    go_on = asyncio.Event()

    async def handler(message: Mapping[str, Any]) -> None:
        started.set()
        await go_on.wait()
        finished.set()

    subscription = bus.subscribe("work", handler)
    await bus.publish("work", {})
    await started.wait()
    ending = asyncio.create_task(subscription.cancel())
    await bus.publish("work", {})
    go_on.set()
    await ending
    assert finished.is_set()
    started.clear()
    await bus.publish("work", {})
    await asyncio.sleep(0)
    assert not started.is_set()


async def test_an_offer_wakes_one_subscriber_and_the_next_offer_another(bus: Bus) -> None:
    woken: list[str] = []
    both = asyncio.Event()

    def waiting(name: str) -> Any:
        async def handler(message: Mapping[str, Any]) -> None:
            woken.append(name)
            if len(woken) == 2:
                both.set()

        return handler

    bus.subscribe("work", waiting("first"))
    bus.subscribe("work", waiting("second"))
    await bus.offer("work", {})
    await bus.offer("work", {})
    await both.wait()
    assert sorted(woken) == ["first", "second"]


async def test_what_nobody_listens_to_disturbs_nobody(bus: Bus) -> None:
    await bus.publish("nowhere", {})
    await bus.offer("nowhere", {})


def _set(event: asyncio.Event) -> Any:
    async def handler(message: Mapping[str, Any]) -> None:
        event.set()

    return handler
