import pathlib

import pytest

from hearth.localcloud.core import clock, state


def test_advancing_and_rate_survive_a_restart_and_time_never_runs_backwards(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "cloud.sqlite"
    store = state.State(path)
    first = clock.Clock(store, rate=10)
    start = first.now()
    first.advance(1000)
    assert first.now() >= start + 1000
    last = first.now()
    store.close()
    again = state.State(path)
    second = clock.Clock(again, rate=1)
    assert second.now() >= last
    assert second.rate == 1
    again.close()


@pytest.mark.parametrize("rate", [0, -1, 1e9])
def test_impossible_rates_are_refused(rate: float) -> None:
    made = clock.Clock(state.State(None))
    with pytest.raises(ValueError, match="rate"):
        made.rate = rate


@pytest.mark.parametrize(("seconds", "problem"), [(-1, "backwards"), (1e300, "9000")])
def test_the_clock_does_not_go_back_nor_out_of_the_calendar(seconds: float, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        clock.Clock(state.State(None)).advance(seconds)


def test_times_are_written_as_the_services_write_them() -> None:
    made = clock.Clock(state.State(None))
    assert made.iso(1767323045.5) == "2026-01-02T03:04:05Z"
    assert made.iso_precise(1767323045.5) == "2026-01-02T03:04:05.500000"
