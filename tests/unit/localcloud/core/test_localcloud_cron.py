"""When a cron expression comes round."""

import datetime

import pytest

from hearth.localcloud.core import cron

#: A Wednesday.
NOW = datetime.datetime(2026, 7, 15, 10, 30, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("* * * * *", "2026-07-15 10:30"),
        ("0 8 * * *", "2026-07-15 08:00"),
        ("45 10 * * *", "2026-07-14 10:45"),
        ("*/20 * * * *", "2026-07-15 10:20"),
        ("5-15/5,50 9 * * *", "2026-07-15 09:50"),
        ("0 0 1 * *", "2026-07-01 00:00"),
        ("0 0 * jan *", None),
        ("0 12 * * mon", "2026-07-13 12:00"),
        ("0 12 * * 7", "2026-07-12 12:00"),
        ("0 0 10 * fri", "2026-07-10 00:00"),
        ("0 0 1 * tue", "2026-07-14 00:00"),
        ("0 8 * * * 30", "2026-07-15 08:00"),
    ],
)
def test_the_last_time_is_found(expression: str, expected: str | None) -> None:
    found = cron.parse(expression).last(NOW, NOW - datetime.timedelta(days=30))
    assert (found and found.strftime("%Y-%m-%d %H:%M")) == expected


def test_what_is_too_long_ago_does_not_count() -> None:
    daily = cron.parse("0 8 * * *")
    assert daily.last(NOW, NOW - datetime.timedelta(hours=2, minutes=30)) is None
    assert daily.last(NOW, NOW - datetime.timedelta(hours=2, minutes=31)) is not None


@pytest.mark.parametrize("expression", ["", "* * * *", "60 * * * *", "a * * * *", "5-1 * * * *", "* * 0 * *"])
def test_nonsense_is_refused(expression: str) -> None:
    with pytest.raises(ValueError):
        cron.parse(expression)
