"""How fast a project may ask."""

import pytest

from hearth.model import pacing


def taken(pace: pacing.Pace, times: int, now: float, project: str = "p", method: str = "GET") -> int:
    """How many of so many requests at one time pass."""
    passed = 0
    for _ in range(times):
        try:
            pace.keep(project, method, now)
        except pacing.TooFast:
            continue
        passed += 1
    return passed


#: What is asked one after the other: (time, requests, how many of them pass); 6 a minute are allowed.
STORIES: dict[str, list[tuple[float, int, int]]] = {
    "a minute's worth at once": [(0, 10, 6)],
    "it fills up evenly": [(0, 10, 6), (9, 5, 0), (10, 5, 1), (30, 5, 2), (300, 10, 6)],
    "a steady pace never waits": [(10.0 * n, 1, 1) for n in range(30)],
    "what is refused costs nothing": [(0, 100, 6), (10, 1, 1), (20, 1, 1)],
}


@pytest.mark.parametrize("story", STORIES)
def test_the_average_is_kept_and_bursts_are_fine(story: str) -> None:
    pace = pacing.Pace(reads=6)
    assert [taken(pace, asked, 1000 + at) for at, asked, _ in STORIES[story]] == [one[2] for one in STORIES[story]]


def test_projects_and_kinds_have_buckets_of_their_own() -> None:
    pace = pacing.Pace(reads=2, writes=1)
    assert taken(pace, 5, 0) == 2
    assert taken(pace, 5, 0, method="DELETE") == 1
    assert taken(pace, 5, 0, project="q") == 2


def test_without_limits_nothing_is_told_or_refused() -> None:
    pace = pacing.Pace()
    assert taken(pace, 1000, 0) == 1000
    assert pace.keep("p", "PUT", 0) == {}


def test_headers_tell_when_to_come_again() -> None:
    pace = pacing.Pace(writes=2)
    first = pace.keep("p", "POST", 0)
    assert first == {"RateLimit-Limit": "2", "RateLimit-Remaining": "1", "RateLimit-Reset": "30"}
    assert pace.keep("p", "POST", 0)["RateLimit-Remaining"] == "0"
    with pytest.raises(pacing.TooFast) as refused:
        pace.keep("p", "POST", 12.5)
    assert refused.value.headers["Retry-After"] == "18"
    pace.keep("p", "POST", 12.5 + 18)


def test_what_is_remembered_does_not_grow_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "_MANY", 100)
    pace = pacing.Pace(reads=60)
    for n in range(10_000):
        pace.keep(f"project {n}", "GET", float(n))
    assert len(pace._full_at) <= 101
