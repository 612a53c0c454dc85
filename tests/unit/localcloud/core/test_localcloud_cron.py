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


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("* * * * *", "2026-07-15 10:31"),
        ("30 10 * * *", "2026-07-16 10:30"),
        ("0 8 ? * ?", "2026-07-16 08:00"),
        ("0 0 l * *", "2026-07-31 00:00"),
        ("0 0 10,l * fri", "2026-07-17 00:00"),
        ("0 0 * jan,mar *", "2027-01-01 00:00"),
        ("0 0 31 * *", "2026-07-31 00:00"),
        ("0 0 29 2 *", "2028-02-29 00:00"),
        ("0 0 29 2 */7", "2032-02-29 00:00"),
        ("0 0 30 2 *", None),
        ("30 10 15 7 * 30", "2027-07-15 10:30"),
    ],
)
def test_the_next_time_is_found(expression: str, expected: str | None) -> None:
    found = cron.parse(expression).following(NOW)
    assert (found and found.strftime("%Y-%m-%d %H:%M")) == expected


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("", "0 fields"),
        ("* * * *", "4 fields"),
        ("60 * * * *", "'60' is not from 0 to 59"),
        ("* * * * * 60", "'60' is not from 0 to 59"),
        ("a * * * *", "'a' is not a number"),
        ("jan * * * *", "'jan' is not a number"),
        ("* * * * january", "'january' is not a number or one of sun, mon"),
        ("5-1 * * * *", "'5-1' is not from 0 to 59"),
        ("* * 0 * *", "'0' is not from 1 to 31"),
        ("*/0 * * * *", "the step of '\\*/0'"),
        ("1,,2 * * * *", "'' is not a number"),
        ("0," * 1000 + "0 * * * *", "the limit is 255"),
    ],
)
def test_nonsense_is_refused(expression: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        cron.parse(expression)
