"""The trail of a request: its ids, who follows it, what is kept of it."""

import asyncio

import pytest

from hearth.telemetry import trail

GIVEN = "req-0f6f0ea4-8d2b-4b8c-9d8f-2a0e5a6f7b8c"


def test_the_id_of_a_client_goes_along_beside_our_own() -> None:
    opened = trail.opened(GIVEN)
    assert opened.global_id == GIVEN
    assert opened.request_id != GIVEN


@pytest.mark.parametrize("given", ["", "req-1", GIVEN + "\n", GIVEN[4:], f"{GIVEN} {GIVEN}", "req-" + "g" * 36])
def test_what_is_no_id_is_not_taken_over(given: str) -> None:
    opened = trail.opened(given)
    assert opened.global_id == opened.request_id
    assert len(opened.request_id) == 40


def test_what_is_stored_of_it_comes_back() -> None:
    opened = trail.Trail("req-1", GIVEN, "user", "project")
    assert trail.from_text(opened.to_text()) == opened
    assert trail.from_text(None) is None


async def test_work_apart_is_nobodys_request() -> None:
    async def seen() -> trail.Trail | None:
        return trail.current()

    with trail.following(opened := trail.opened()):
        assert await asyncio.create_task(seen()) == opened
        assert await asyncio.create_task(seen(), context=trail.apart()) is None
    assert trail.current() is None
